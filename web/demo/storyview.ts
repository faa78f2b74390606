import type { Line, Story } from "./story.js";

/** Shows a story as a list that grows at its end and stays there unless somebody scrolled up. */
export class StoryView {
  readonly #list: HTMLElement;
  readonly #story: Story;
  readonly #items = new Map<number, HTMLElement>();
  #planned = false;

  constructor(list: HTMLElement, story: Story) {
    this.#list = list;
    this.#story = story;
  }

  /** Shows the story as it stands with the next paint. */
  update(): void {
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      this.#paint();
    });
  }

  #paint(): void {
    const list = this.#list;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const lines = this.#story.lines();
    for (const line of lines) {
      let item = this.#items.get(line.id);
      if (!item) {
        item = newItem(line);
        this.#items.set(line.id, item);
        list.append(item);
      }
      fill(item, line);
    }
    const [first] = lines;
    for (const [id, item] of this.#items) {
      if (!first || id >= first.id) break;
      item.remove();
      this.#items.delete(id);
    }
    if (atEnd) list.scrollTop = list.scrollHeight;
  }
}

function newItem(line: Line): HTMLElement {
  const item = document.createElement("li");
  const dot = document.createElement("i");
  dot.className = "dot";
  item.append(dot, document.createElement("span"), document.createElement(line.isCode ? "code" : "small"), document.createElement("time"));
  return item;
}

function fill(item: HTMLElement, line: Line): void {
  const [, title, detail, time] = item.children;
  if (item.className !== line.tone) item.className = line.tone;
  setText(title, line.title);
  setText(detail, line.detail);
  setText(time, clock(line.at));
}

function setText(element: Element | undefined, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Milliseconds as m:ss. */
export function clock(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
