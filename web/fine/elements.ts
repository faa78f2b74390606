/** The small wrapper that qq(element) gives, over what browsers have themselves by now. */

type Listener = (event: Event) => void;

export interface Wrapped {
  hide(): Wrapped;
  /** Listens; returns how to stop. */
  attach(type: string, listener: Listener): () => void;
  detach(type: string, listener: Listener): Wrapped;
  contains(descendant: Node | null): boolean;
  insertBefore(next: Element): Wrapped;
  remove(): Wrapped;
  css(styles: Record<string, unknown>): Wrapped;
  hasClass(name: string, considerParent?: boolean): boolean;
  addClass(name: string): Wrapped;
  removeClass(name: string): Wrapped;
  getByClass(name: string, first?: boolean): Element[] | Element | undefined;
  getFirstByClass(name: string): Element | undefined;
  children(): Element[];
  setText(text: string): Wrapped;
  clearText(): Wrapped;
  hasAttribute(name: string): boolean;
}

export function wrap(element: HTMLElement): Wrapped {
  const itself = (act: () => void) => (): Wrapped => {
    act();
    return wrapped;
  };
  const wrapped: Wrapped = {
    hide: itself(() => (element.style.display = "none")),
    attach: (type, listener) => {
      element.addEventListener(type, listener);
      return () => element.removeEventListener(type, listener);
    },
    detach: (type, listener) => itself(() => element.removeEventListener(type, listener))(),
    contains: (descendant) => !!descendant && element.contains(descendant),
    insertBefore: (next) => itself(() => next.parentNode?.insertBefore(element, next))(),
    remove: itself(() => element.remove()),
    css: (styles) => itself(() => {
      for (const [name, value] of Object.entries(styles)) {
        if (name in element.style) Object.assign(element.style, { [name]: String(value) });
        else element.style.setProperty(name, String(value));
      }
    })(),
    hasClass: (name, considerParent = false) =>
      element.classList.contains(name) || (considerParent && !!element.parentElement?.classList.contains(name)),
    addClass: (name) => itself(() => element.classList.add(...names(name)))(),
    removeClass: (name) => itself(() => element.classList.remove(...names(name)))(),
    getByClass: (name, first = false) =>
      first ? (element.getElementsByClassName(name)[0] ?? undefined) : Array.from(element.getElementsByClassName(name)),
    getFirstByClass: (name) => element.getElementsByClassName(name)[0],
    children: () => Array.from(element.children),
    setText: (text) => itself(() => (element.textContent = text))(),
    clearText: itself(() => (element.textContent = "")),
    hasAttribute: (name) => element.hasAttribute(name) && !/^false$/i.test(element.getAttribute(name) ?? ""),
  };
  return wrapped;
}

function names(list: string): string[] {
  return list.split(/\s+/).filter((name) => name !== "");
}

/** Things to undo together. */
export class DisposeSupport {
  #disposers: (() => void)[] = [];

  addDisposer(disposer: () => void): void {
    this.#disposers.push(disposer);
  }

  /** Listens until dispose. */
  attach(element: HTMLElement, type: string, listener: Listener): void {
    this.addDisposer(wrap(element).attach(type, listener));
  }

  dispose(): void {
    const disposers = this.#disposers;
    this.#disposers = [];
    for (const disposer of disposers) disposer();
  }
}
