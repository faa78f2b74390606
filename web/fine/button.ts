/** A transparent file input over an element of the page, which thereby chooses files. */
import { DisposeSupport } from "./elements.js";
import { uniqueId } from "./objects.js";

export interface ButtonOptions {
  element: HTMLElement;
  acceptFiles?: string | null;
  /** Choose folders. */
  folders?: boolean;
  multiple?: boolean;
  /** The input's name attribute. */
  name?: string;
  title?: string;
  hoverClass?: string;
  focusClass?: string;
  /** The input after it was used. */
  onChange?: (input: HTMLInputElement) => void;
}

/** The attribute by which an input says which button it is of. */
export const buttonIdAttribute = "qq-button-id";

export class UploadButton {
  static readonly BUTTON_ID_ATTR_NAME = buttonIdAttribute;
  readonly #options: ButtonOptions;
  readonly #id = uniqueId();
  readonly #listeners = new DisposeSupport();
  #input: HTMLInputElement;

  constructor(options: ButtonOptions) {
    this.#options = { ...options };
    const { style } = options.element;
    style.position = "relative";
    style.overflow = "hidden";
    style.direction = "ltr";
    this.#input = this.#make();
  }

  getInput(): HTMLInputElement {
    return this.#input;
  }

  getButtonId(): string {
    return this.#id;
  }

  setMultiple(multiple: boolean, input = this.#input): void {
    this.#options.multiple = multiple;
    input.toggleAttribute("multiple", multiple);
  }

  setAcceptFiles(acceptFiles: string | null): void {
    this.#options.acceptFiles = acceptFiles;
    if (acceptFiles) this.#input.setAttribute("accept", acceptFiles);
    else this.#input.removeAttribute("accept");
  }

  /** A new input in place of the present one, so that the same file can be chosen again. */
  reset(): void {
    const { element, focusClass = "" } = this.#options;
    this.#listeners.dispose();
    this.#input.remove();
    if (focusClass) element.classList.remove(focusClass);
    this.#input = this.#make();
  }

  /** Takes the input out of the page. */
  dispose(): void {
    this.#listeners.dispose();
    this.#input.remove();
  }

  #make(): HTMLInputElement {
    const { element, title, name, folders, multiple, acceptFiles, hoverClass, focusClass } = this.#options;
    const input = document.createElement("input");
    input.type = "file";
    input.setAttribute(buttonIdAttribute, this.#id);
    input.title = title ?? "file input";
    if (name) input.name = name;
    if (folders) input.setAttribute("webkitdirectory", "");
    if (acceptFiles) input.setAttribute("accept", acceptFiles);
    input.toggleAttribute("multiple", multiple ?? false);
    Object.assign(input.style, {
      position: "absolute", right: "0", top: "0", fontFamily: "Arial", fontSize: "118px", margin: "0", padding: "0",
      cursor: "pointer", opacity: "0", height: "100%",
    });
    this.#toggle(input, "mouseover", "mouseout", hoverClass);
    this.#toggle(input, "focus", "blur", focusClass);
    this.#listeners.attach(input, "change", () => this.#options.onChange?.(input));
    element.appendChild(input);
    return input;
  }

  #toggle(input: HTMLInputElement, on: string, off: string, name: string | undefined): void {
    if (!name) return;
    const { classList } = this.#options.element;
    this.#listeners.attach(input, on, () => classList.add(name));
    this.#listeners.attach(input, off, () => classList.remove(name));
  }
}
