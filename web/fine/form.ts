/** A form of the page whose fields go along as parameters, and whose submission starts the upload. */
import type { Dictionary } from "./objects.js";

export interface FormOptions {
  element: string | HTMLElement | null;
  autoUpload: boolean;
  interceptSubmit: boolean;
}

export interface FormHost {
  /** Somebody submits the form, which is valid. */
  submitted(): void;
}

export class FormSupport {
  /** undefined: there is no such form. */
  readonly form: HTMLFormElement | undefined;
  readonly autoUpload: boolean;
  readonly #submit: (() => void) | undefined;
  readonly #listener: ((event: Event) => void) | undefined;

  constructor(options: FormOptions, host: FormHost) {
    const found = typeof options.element === "string" ? document.getElementById(options.element) : options.element;
    this.autoUpload = options.autoUpload;
    if (!(found instanceof HTMLFormElement)) return;
    const form = found;
    this.form = form;
    if (!options.interceptSubmit) return;
    const upload = (): void => {
      if (form.noValidate || form.reportValidity()) host.submitted();
    };
    this.#listener = (event) => {
      event.preventDefault();
      upload();
    };
    form.addEventListener("submit", this.#listener);
    this.#submit = HTMLFormElement.prototype.submit.bind(form);
    form.submit = upload;
  }

  /** Where the form wants to be sent, if it says so. */
  get endpoint(): string | undefined {
    return this.form?.getAttribute("action") || undefined;
  }

  /** What the form holds now. */
  get params(): Dictionary {
    return this.form ? valuesOf(this.form) : {};
  }

  /** Lets the form be submitted as any. */
  detach(): void {
    const { form } = this;
    if (!form || !this.#listener || !this.#submit) return;
    form.removeEventListener("submit", this.#listener);
    form.submit = this.#submit;
  }
}

const silent = ["button", "image", "reset", "submit", "file"];

/** The named fields of form that count, as text. */
export function valuesOf(form: HTMLFormElement): Dictionary {
  const values: Dictionary = {};
  for (const field of Array.from(form.elements)) {
    if (field instanceof HTMLInputElement) {
      const { type, name, disabled, checked } = field;
      if (!name || silent.includes(type) || (disabled && type !== "hidden")) continue;
      if ((type === "checkbox" || type === "radio") && !checked) continue;
      values[name] = field.value;
    } else if (field instanceof HTMLTextAreaElement && field.name && !field.disabled) values[field.name] = field.value;
    else if (field instanceof HTMLSelectElement && field.name && !field.disabled) {
      const [option] = Array.from(field.selectedOptions);
      if (option) values[field.name] = option.value;
    }
  }
  return values;
}
