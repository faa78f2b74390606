/** One row of the list: what it shows of a task, and what can be done with it. */
import { html, nothing, svg, type TemplateResult } from "lit";
import { ifDefined } from "lit/directives/if-defined.js";
import type { BucketlineErrorLike, Cell, FileInfo, UploadTask } from "../core/api.js";
import { isEnded } from "../core/protocol.js";
import { icons } from "./icons.js";
import type { Messages } from "./messages.js";
import { nameParts, typeLetters } from "./name.js";
import { cellsFor, partMap } from "./partmap.js";
import type { Words } from "./words.js";

/** What can be done with a task. */
export interface RowActions {
  pause(task: UploadTask): void;
  resume(task: UploadTask): void;
  retry(task: UploadTask): void;
  resolve(task: UploadTask, choice: "skip" | "rename" | "replace"): void;
  cancel(task: UploadTask): void;
  remove(task: UploadTask): void;
  undo(task: UploadTask): void;
  copyLink(task: UploadTask): void;
  /** The link may be used soon, or is: give it its address. */
  openLink(task: UploadTask, event: Event): void;
  leaveLink(event: Event): void;
  toggleDetails(task: UploadTask): void;
  copyDetails(task: UploadTask): void;
}

export interface RowView {
  readonly task: UploadTask;
  readonly info: FileInfo;
  /** From 1. */
  readonly position: number;
  readonly count: number;
  /** Bytes a second. */
  readonly rate: number | undefined;
  /** Milliseconds until a throttled file tries again; undefined when nobody knows. */
  readonly retryIn: number | undefined;
  readonly picture: HTMLCanvasElement | undefined;
  readonly mapWidth: number;
  readonly detailed: boolean;
  readonly canUndo: boolean;
  readonly linkable: boolean;
  /** What was copied last, as a name of an action, for a moment. */
  readonly copied: string | undefined;
}

export class RowTemplate {
  readonly #messages: Messages;
  readonly #words: Words;
  readonly #actions: RowActions;
  readonly #pieces: Intl.ListFormat;

  constructor(messages: Messages, words: Words, actions: RowActions) {
    this.#messages = messages;
    this.#words = words;
    this.#actions = actions;
    this.#pieces = new Intl.ListFormat(messages.locale, { type: "unit", style: "short" });
  }

  render(view: RowView): TemplateResult {
    const { task, info } = view;
    const { head, tail } = nameParts(task.name);
    return html`<li part="row" data-id=${task.id} data-state=${info.state}
        aria-posinset=${view.position} aria-setsize=${view.count}>
      <span class="picture" part="picture" aria-hidden="true">${
        view.picture ?? typeLetters(task.name, this.#messages.noExtension)
      }</span>
      <span class="name" part="name" dir="auto" title=${task.name}><span>${head}</span><span>${tail}</span></span>
      <span class="state" part="state">${this.#state(view)}</span>
      <span class="actions" part="actions">${this.#buttons(view)}</span>
      ${this.#map(view)}
      ${view.detailed && task.error ? this.#details(task, task.error, view.copied) : nothing}
    </li>`;
  }

  #state(view: RowView): unknown {
    const { task, info } = view;
    const m = this.#messages;
    const state = info.state;
    switch (state) {
      case "failed": {
        const code = task.error?.code ?? "other";
        return html`<b class="bad">${m.states.failed}</b>
          <span>${m.errors[code] ?? m.errors.other}</span>
          ${this.#word("retry", m.actions.retry, m.actions.retryLabel, task, () => this.#actions.retry(task))}
          ${this.#word("details", m.actions.details, m.actions.detailsLabel, task, () => this.#actions.toggleDetails(task), view.detailed)}`;
      }
      case "cancelled":
        return html`<b>${m.states.cancelled}</b>${view.canUndo
          ? this.#word("undo", m.actions.undo, m.actions.undoLabel, task, () => this.#actions.undo(task))
          : nothing}`;
      case "conflict":
        return html`<b class="wait">${m.states.conflict}</b> <span>${m.about.conflict}</span> ${this.#choices(task)}`;
      case "throttled":
        return html`<b class="wait">${m.states.throttled}</b> <span>${this.#waits(view)}</span>`;
      case "uploading":
        return html`<b>${this.#words.percent(info.sent, info.size)}</b> <span>${this.#pace(view)}</span>`;
      default:
        return html`<b class=${colours[state]}>${m.states[state]}</b>
          <span>${this.#words.sizeOf(m.about[state], info.acknowledged, info.size)}</span>
          ${state === "done" && view.linkable ? this.#link(task) : nothing}`;
    }
  }

  /** 1.05 of 1.82 GB, 41 MB/s, 6 parts in flight */
  #pace({ info, rate }: RowView): string {
    const m = this.#messages;
    const pieces = [this.#words.sizeOf(m.summary.bytes, info.sent, info.size)];
    if (rate !== undefined && rate > 0) pieces.push(this.#words.speed(rate));
    if (info.parts > 0) pieces.push(this.#words.count(m.partsInFlight, info.partsInFlight));
    return this.#words.say(m.about.uploading, { pieces: this.#pieces.format(pieces) });
  }

  /** 1.05 of 1.82 GB, tries again in 5 sec */
  #waits({ info, retryIn }: RowView): string {
    const m = this.#messages;
    const sentence = retryIn === undefined || retryIn <= 0
      ? m.retryingNow
      : this.#words.say(m.about.throttled, { time: this.#words.time(Math.ceil(retryIn / 1000)), done: "{done}", all: "{all}" });
    return this.#words.sizeOf(sentence, info.acknowledged, info.size);
  }

  /** What can be done about an object that is there already. */
  #choices(task: UploadTask): TemplateResult[] {
    const m = this.#messages.actions;
    const choices = [
      ["skip", m.skip, m.skipLabel], ["rename", m.rename, m.renameLabel], ["replace", m.replace, m.replaceLabel],
    ] as const;
    return choices.map(([choice, word, label]) => this.#word(choice, word, label, task, () => this.#actions.resolve(task, choice)));
  }

  /** A button that is a word in the line of the state; expanded says whether it shows more now. */
  #word(action: string, word: string, label: string, task: UploadTask, click: () => void, expanded?: boolean): TemplateResult {
    return html`<button type="button" class="link" data-action=${action} aria-expanded=${expanded ?? nothing}
      aria-label=${this.#label(label, task)} @click=${click}>${word}</button>`;
  }

  #link(task: UploadTask): TemplateResult {
    const open = (event: Event): void => this.#actions.openLink(task, event);
    const leave = (event: Event): void => this.#actions.leaveLink(event);
    return html`<a data-action="open" target="_blank" rel="noopener noreferrer" href=${ifDefined(task.result?.location)}
      aria-label=${this.#label(this.#messages.actions.openLabel, task)}
      @pointerenter=${open} @focus=${open} @click=${open} @auxclick=${open} @contextmenu=${open}
      @pointerleave=${leave} @blur=${leave}>${this.#messages.actions.open}</a>`;
  }

  #buttons(view: RowView): unknown {
    const { task, info } = view;
    const m = this.#messages.actions;
    if (info.state === "cancelled") return nothing;
    if (!isEnded(info.state)) {
      return html`${this.#rest(view)}${
        this.#button("cancel", this.#label(m.cancel, task), icons.cancel, () => this.#actions.cancel(task))}`;
    }
    const copied = view.copied === "link";
    return html`${info.state === "done" && view.linkable
      ? this.#button("copy", copied ? m.copied : this.#label(m.copyLink, task), copied ? icons.check : icons.link,
          () => this.#actions.copyLink(task))
      : nothing}${this.#button("remove", this.#label(m.remove, task), icons.cancel, () => this.#actions.remove(task))}`;
  }

  /** Pause, or resume. The store cannot be stopped while it joins the parts. */
  #rest({ task, info }: RowView): unknown {
    const m = this.#messages.actions;
    switch (info.state) {
      case "conflict": case "completing": return nothing;
      case "paused": return this.#button("resume", this.#label(m.resume, task), icons.resume, () => this.#actions.resume(task));
      default: return this.#button("pause", this.#label(m.pause, task), icons.pause, () => this.#actions.pause(task));
    }
  }

  #button(action: string, label: string, icon: TemplateResult, click: () => void): TemplateResult {
    return html`<button type="button" class="icon-button" part="icon-button" data-action=${action}
      aria-label=${label} title=${label} @click=${click}>${icon}</button>`;
  }

  /** The part map; for a single PUT a thin bar, so that many small files do not make the list jump. */
  #map(view: RowView): unknown {
    const { info, mapWidth } = view;
    const { state } = info;
    if (isEnded(state) || state === "queued" || state === "conflict" || (state === "paused" && info.sent === 0)) return nothing;
    const inParts = info.parts > 0;
    const cells: Cell[] = inParts ? view.task.cells(cellsFor(mapWidth)) : [{
      state: state === "holding" || state === "offline" || state === "throttled" ? "held" : "inFlight",
      filled: info.size > 0 ? info.sent / info.size : 0,
    }];
    const m = this.#messages;
    const percent = this.#words.percent(info.sent, info.size);
    const text = inParts
      ? this.#words.count(m.partsStored, info.parts, { percent, stored: this.#words.number(info.partsStored) })
      : this.#words.say(m.progress, { percent });
    const shapes = partMap(cells, mapWidth);
    return html`<span class=${inParts ? "map" : "map thin"} part="map" role="progressbar"
        aria-label=${view.task.name} aria-valuemin="0" aria-valuemax="100"
        aria-valuenow=${Math.floor(info.size > 0 ? (100 * info.sent) / info.size : 0)} aria-valuetext=${text}>
      <svg viewBox="0 0 ${mapWidth} 8" preserveAspectRatio="none" aria-hidden="true">${svg`
        <path class="empty" d=${shapes.empty}></path>
        <path class="in-flight" d=${shapes.inFlight}></path>
        <path class="filled" d=${shapes.filled}></path>
        <path class="stored" d=${shapes.stored}></path>
        <path class="held" d=${shapes.held}></path>`}</svg>
    </span>`;
  }

  #details(task: UploadTask, error: BucketlineErrorLike, copied: string | undefined): TemplateResult {
    const m = this.#messages;
    const entries = detailEntries(error, m);
    const done = copied === "details";
    return html`<div class="details" part="details">
      <dl>${entries.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
      ${this.#button("copy-details", done ? m.actions.copied : m.actions.copyDetails, done ? icons.check : icons.copy,
        () => this.#actions.copyDetails(task))}
    </div>`;
  }

  #label(label: string, task: UploadTask): string {
    return this.#words.say(label, { name: task.name });
  }
}

const colours = {
  queued: "plain", hashing: "ink", holding: "wait", offline: "wait", paused: "ink", completing: "ink", done: "good", skipped: "plain",
};

/** What Details shows, and its button copies. */
export function detailEntries(error: BucketlineErrorLike, m: Messages): [term: string, value: string][] {
  const entries: [string, string | number | undefined][] = [
    [m.details.code, error.code],
    [m.details.status, error.status],
    [m.details.request, error.requestId],
    [m.details.operation, error.operation],
    [m.details.part, error.part],
    [m.details.advice, error.hint],
  ];
  return entries.flatMap(([term, value]) => (value === undefined || value === "" ? [] : [[term, String(value)]]));
}
