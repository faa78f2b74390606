/**
 * <bucketline-uploader>: chooses files, hands them to an uploader, and shows
 * what becomes of them. It listens and never schedules.
 *
 * Attributes and properties
 *   uploader     property: what createUploader made. Without one nothing can be added.
 *   key-prefix   (keyPrefix) put before the key of every file; without it the uploader's own prefix counts
 *   destination  where files go, in people's words, such as "photos / users / alice"
 *   accept       as of <input type="file">, also for what is dropped
 *   multiple     more than one file at a time
 *   directory    folders too
 *   optionsFor   property: (file, path) => UploadOptions, for metadata, content type, key …
 *   linkFor      property: (task, seconds) => URL of a stored object for so long, or a promise of it; presigned by default
 *   messages     property: the table of sentences; English by default
 *
 * Events (all bubble and cross shadow roots)
 *   bucketline-added    detail: {task}
 *   bucketline-done     detail: {task, result}
 *   bucketline-failed   detail: {task, error}
 *   bucketline-skipped  detail: {unreadable, unwanted}, paths that were left out
 *   bucketline-signin   detail: {reason}: the person asks to sign in, so that held requests go on
 *
 * Slots: none.
 *
 * Parts: drop, banner, queue, summary, bar, list, row, picture, name, state,
 *   actions, map, details, button, main-button, icon-button
 *
 * Custom properties, each with a light, a dark and a forced-colours value
 *   --bucketline-ink, -soft, -card, -line, -well, -accent, -on-accent, -good,
 *   -wait, -wait-background, -bad, -bad-background: colours
 *   --bucketline-radius, --bucketline-font
 *   --bucketline-list-height: the list scrolls beyond it
 */
import { html, LitElement, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { repeat } from "lit/directives/repeat.js";
import type { Totals, UploadOptions, UploadTask, Uploader, UploaderEvent } from "../core/api.js";
import { chooseBanner, type Banner } from "./banner.js";
import { icons } from "./icons.js";
import { Intake, type IntakeHost } from "./intake.js";
import { activeFiles, UploadList } from "./list.js";
import type { Messages } from "./messages.js";
import { english } from "./messages.en.js";
import { detailEntries, RowTemplate, type RowActions } from "./row.js";
import { styles } from "./styles.js";
import { Thumbnails } from "./thumbnail.js";
import { Viewport } from "./viewport.js";
import { Words } from "./words.js";

/** Counters move often; they are painted at most this often, in milliseconds. */
const paintMillis = 100;

/** How often the pace is looked at while something goes on, in milliseconds. */
const clockMillis = 1000;

/** How long a button says that it has copied, in milliseconds. */
const copiedMillis = 2000;

/** Seconds that links are good for: to open at once, and to give to somebody. */
const openSeconds = 300;

/** How long a link that was made ahead is used, in milliseconds: well within that. */
const linkMillis = 120_000;
const shareSeconds = 3600;

/** What brings people to a link, by what takes them away. */
const leaves: Readonly<Record<string, string>> = { pointerleave: "pointerenter", blur: "focus" };

/** At most so many names stand in a banner. */
const maxNames = 3;

type Timer = ReturnType<typeof setTimeout> | undefined;

/** What had the focus before a paint: a row, by its task's ID and its place, or something else of the list. */
type Focused = { readonly id: number; readonly index: number } | "other";

export class BucketlineUploader extends LitElement implements IntakeHost {
  static override styles = styles;
  static override properties: PropertyDeclarations = {
    uploader: { attribute: false },
    optionsFor: { attribute: false },
    linkFor: { attribute: false },
    messages: { attribute: false },
    keyPrefix: { attribute: "key-prefix" },
    destination: {},
    accept: {},
    multiple: { type: Boolean },
    directory: { type: Boolean },
  };

  declare uploader: Uploader | undefined;
  declare optionsFor: ((file: File, path: string) => UploadOptions) | undefined;
  declare linkFor: ((task: UploadTask, seconds: number) => string | Promise<string>) | undefined;
  declare messages: Messages;
  declare keyPrefix: string | null;
  declare destination: string;
  declare accept: string;
  declare multiple: boolean;
  declare directory: boolean;

  #list: UploadList | undefined;
  readonly #intake = new Intake(this);
  readonly #thumbnails = new Thumbnails(() => this.requestUpdate());
  readonly #actions: RowActions = {
    pause: (task) => task.pause(),
    resume: (task) => task.resume(),
    retry: (task) => task.retry(),
    resolve: (task, choice) => task.resolve(choice),
    cancel: (task) => task.cancel(),
    remove: (task) => this.#remove(new Set([task])),
    undo: (task) => this.#list?.undo(task),
    copyLink: (task) => void this.#copyLink(task),
    openLink: (task, event) => this.#openLink(task, event),
    leaveLink: (event) => this.#leaveLink(event),
    toggleDetails: (task) => this.#toggleDetails(task),
    copyDetails: (task) => void this.#copyDetails(task),
  };
  #words: Words;
  #rowTemplate: RowTemplate;

  #dragging = false;
  #skipped: readonly string[] = [];
  #unwanted: readonly string[] = [];
  readonly #detailed = new Set<UploadTask>();
  readonly #links = new WeakMap<HTMLAnchorElement, { task: UploadTask; at: number }>();
  /** What points at each link, as events say: Firefox still matches :hover when it says that the pointer leaves. */
  readonly #pointing = new WeakMap<HTMLAnchorElement, Set<string>>();
  #copied: { task: UploadTask; what: "link" | "details" } | undefined;
  #said = { text: "", times: 0 };

  readonly #viewport = new Viewport(() => this.requestUpdate());
  #focused: Focused | undefined;
  #painted = 0;
  #paintTimer: Timer;
  #clock: Timer;
  #leaveTimer: Timer;
  #sayTimer: Timer;

  constructor() {
    super();
    this.messages = english;
    this.keyPrefix = null;
    this.destination = "";
    this.accept = "";
    this.multiple = false;
    this.directory = false;
    this.#words = new Words(english);
    this.#rowTemplate = new RowTemplate(english, this.#words, this.#actions);
  }

  get ready(): boolean {
    return this.#list !== undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#watch();
    this.#intake.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#intake.stop();
    this.#unwatch();
  }

  /** Paints with the browser, however many things happen before it does. */
  protected override async scheduleUpdate(): Promise<void> {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    super.scheduleUpdate();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("messages")) {
      this.#words = new Words(this.messages);
      this.#rowTemplate = new RowTemplate(this.messages, this.#words, this.#actions);
    }
    if (changed.has("uploader")) this.#watch();
    this.#focused = this.#whatIsFocused();
  }

  // Files come in.

  take(file: File, path: string): void {
    const options: UploadOptions = { ...this.optionsFor?.(file, path) };
    if (this.keyPrefix !== null) options.key ??= this.keyPrefix + path;
    this.#list?.add(file, options);
  }

  leaveOut(unreadable: readonly string[], unwanted: readonly string[]): void {
    this.#skipped = unreadable;
    this.#unwanted = unwanted;
    this.requestUpdate();
    if (unreadable.length + unwanted.length > 0) this.#dispatch("skipped", { unreadable, unwanted });
  }

  drag(over: boolean): void {
    if (over === this.#dragging) return;
    this.#dragging = over;
    this.requestUpdate();
  }

  /** Opens the browser's dialog for files. Call it from a click. */
  chooseFiles(): void {
    this.#find<HTMLInputElement>("#files")?.click();
  }

  /** Opens the browser's dialog for a folder, in browsers that have one. */
  chooseFolder(): void {
    this.#find<HTMLInputElement>("#folder")?.click();
  }

  // What happens.

  #watch(): void {
    this.#unwatch();
    if (!this.uploader) return;
    const list: UploadList = new UploadList(this.uploader, {
      now: () => performance.now(),
      happened: (event) => this.#happened(event),
      grew: (index, pixels) => this.#viewport.grew(list.rows, index, pixels),
    }, () => this.#viewport.rowHeight);
    this.#list = list;
    this.requestUpdate();
  }

  #unwatch(): void {
    this.#list?.close();
    this.#list = undefined;
    this.#thumbnails.forget();
    this.#detailed.clear();
    for (const timer of [this.#paintTimer, this.#clock, this.#leaveTimer, this.#sayTimer]) clearTimeout(timer);
    this.#paintTimer = this.#clock = this.#leaveTimer = this.#sayTimer = undefined;
  }

  #happened(event: UploaderEvent): void {
    switch (event.type) {
      case "progress": case "request": case "response": case "part":
        this.#paintSoon();
        return;
      case "added":
        this.#dispatch("added", { task: event.task });
        break;
      case "state": {
        const { task, state } = event;
        if (state === "done") this.#dispatch("done", { task, result: task.result });
        if (state === "failed") this.#dispatch("failed", { task, error: task.error });
        break;
      }
      default:
    }
    this.requestUpdate();
  }

  #paintSoon(): void {
    this.#paintTimer ??= setTimeout(() => {
      this.#paintTimer = undefined;
      this.requestUpdate();
    }, Math.max(0, this.#painted + paintMillis - performance.now()));
  }

  // What is shown.

  protected override render(): TemplateResult {
    const list = this.#list;
    const some = list !== undefined && list.rows.length > 0;
    const said = this.#said;
    return html`${this.#renderDrop(some)}${list ? this.#renderBanner(list) : nothing}${some ? this.#renderQueue(list) : nothing}
      <div id="live" class="hidden" role="status" aria-live="polite">${keyed(said.times, html`<span>${said.text}</span>`)}</div>`;
  }

  #renderDrop(small: boolean): TemplateResult {
    const m = this.messages.drop;
    const title = this.#dragging ? m.release : small ? m.more : this.directory ? m.folders : this.multiple ? m.files : m.file;
    const folders = this.directory && "webkitdirectory" in HTMLInputElement.prototype;
    const choose = this.multiple ? m.chooseFiles : m.chooseFile;
    return html`<div class="drop ${small ? "small" : ""} ${this.#dragging ? "dragging" : ""}" part="drop" role="group" aria-label=${m.label}>
      <p class="title">${title}</p>
      <p class="hint">${this.destination
        ? this.#words.pieces(m.hintTo, { destination: html`<b>${this.destination}</b>` })
        : m.hint}</p>
      <button type="button" id="choose-files" class=${small ? "" : "main"} part=${small ? "button" : "button main-button"}
        ?disabled=${!this.ready} @click=${() => this.chooseFiles()}>${choose}</button>
      ${folders ? html`<button type="button" id="choose-folder" part="button" ?disabled=${!this.ready}
        @click=${() => this.chooseFolder()}>${m.chooseFolder}</button>` : nothing}
      <input id="files" type="file" hidden aria-label=${choose} accept=${this.accept || nothing} ?multiple=${this.multiple}
        ?disabled=${!this.ready} @change=${this.#chosen}>
      ${folders ? html`<input id="folder" type="file" hidden aria-label=${m.chooseFolder} webkitdirectory multiple
        ?disabled=${!this.ready} @change=${this.#chosen}>` : nothing}
    </div>`;
  }

  #renderBanner(list: UploadList): unknown {
    const { files, held, offline } = list.totals();
    const banner = chooseBanner({
      held,
      waiting: activeFiles(files) - files.paused - files.conflict,
      offline,
      conflicts: files.conflict,
      refreshingFor: list.refreshingSince === undefined ? undefined : performance.now() - list.refreshingSince,
      failed: list.failed,
      warnings: list.warnings,
      skipped: this.#skipped,
      unwanted: this.#unwanted,
    });
    if (!banner) return nothing;
    const { first, rest, button, click } = this.#bannerWords(banner);
    const bad = banner.kind === "cors" || banner.kind === "unreachable";
    return html`<div id="banner" class="banner ${bad ? "bad" : ""}" part="banner" data-kind=${banner.kind}>
      <span><b>${first}</b> ${rest}</span>
      ${button ? html`<button type="button" part="button" @click=${click}>${button}</button>` : nothing}
    </div>`;
  }

  #bannerWords(banner: Banner): { first: string; rest: string; button?: string; click?: () => void } {
    const m = this.messages.banner;
    const words = this.#words;
    switch (banner.kind) {
      case "signIn": return {
        first: m.held[banner.reason],
        rest: words.count(m.heldFiles, banner.files),
        button: m.signIn,
        click: () => this.#dispatch("signin", { reason: banner.reason }),
      };
      case "refreshing": return { first: m.refreshing, rest: words.count(m.heldFiles, banner.files) };
      case "offline": return { first: m.offline, rest: words.count(m.offlineFiles, banner.files) };
      case "conflict": return {
        first: words.count(m.conflicts, banner.files),
        rest: m.conflictsChoice,
        button: m.show,
        click: () => this.#show("conflict"),
      };
      case "warning": return {
        first: this.messages.errors[banner.code] ?? this.messages.errors.other,
        rest: banner.hint,
        button: m.dismiss,
        click: () => this.#dismissWarning(),
      };
      case "cors": case "unreachable": return {
        first: banner.kind === "cors" ? m.cors : m.unreachable,
        rest: words.count(banner.kind === "cors" ? m.corsFiles : m.unreachableFiles, banner.files),
        button: m.show,
        click: () => this.#show("failed"),
      };
      case "skipped": case "unwanted": {
        const { names } = banner;
        const format = new Intl.ListFormat(this.messages.locale, { type: "unit", style: "short" });
        const some = names.length > maxNames ? [...names.slice(0, maxNames), "…"] : names;
        return {
          first: words.count(banner.kind === "skipped" ? m.skipped : m.unwanted, names.length),
          rest: words.say(m.skippedNames, { names: format.format(some) }),
          button: m.dismiss,
          click: () => this.leaveOut([], []),
        };
      }
      default: return banner satisfies never;
    }
  }

  #renderQueue(list: UploadList): TemplateResult {
    const direction = getComputedStyle(this).direction;
    const focused = typeof this.#focused === "object" ? list.rows.indexOf(this.#focused) : -1;
    return html`<section class="card queue ${direction}" part="queue">
      ${this.#renderSummary(list)}
      <div id="list" class="list" part="list" @scroll=${() => this.requestUpdate()}>
        <ul role="list" aria-label=${this.messages.list}>
          ${repeat(this.#viewport.shown(list.rows, focused), (index) => list.rows.at(index)?.id, (index) => this.#renderRow(list, index))}
        </ul>
      </div>
    </section>`;
  }

  #renderRow(list: UploadList, index: number): unknown {
    const task = list.rows.at(index);
    if (!task) return nothing;
    const info = task.info();
    const retryAt = info.state === "throttled" ? list.retryAt(task) : undefined;
    return this.#rowTemplate.render({
      task,
      info,
      position: index + 1,
      count: list.rows.length,
      rate: info.state === "uploading" ? list.rate(task, info.sent) : undefined,
      retryIn: retryAt === undefined ? undefined : retryAt - performance.now(),
      picture: this.#thumbnails.of(task.id, task.file),
      mapWidth: this.#viewport.mapWidth,
      detailed: this.#detailed.has(task),
      canUndo: list.canUndo(task),
      linkable: task.result !== undefined,
      copied: this.#copied?.task === task ? this.#copied.what : undefined,
    });
  }

  #renderSummary(list: UploadList): TemplateResult {
    const m = this.messages.summary;
    const words = this.#words;
    const totals = list.totals();
    const { files, size, sent } = totals;
    const now = performance.now();
    list.speed.add(now, sent);
    const rate = files.uploading > 0 && totals.held === undefined ? list.speed.rate(now) : undefined;
    const left = words.timeLeft(size - sent, rate);
    const all = files.done === totals.listed;
    const stored = words.number(files.done);
    return html`<div id="summary" class="summary" part="summary" role="group" aria-label=${m.label}>
      <div class="figures">
        <b>${words.count(all ? m.allStored : m.stored, totals.listed, { stored })}</b>
        <span>${all ? words.size(size) : words.sizeOf(m.bytes, sent, size)}</span>
        ${files.failed > 0 ? html`<button type="button" class="link" data-action="show-failed"
          @click=${() => this.#show("failed")}>${words.count(m.failed, files.failed)}</button>` : nothing}
        <span class="pace">${rate !== undefined && left ? words.say(m.pace, { speed: words.speed(rate), left }) : nothing}</span>
        <span class="all">${this.#renderForAll(list.uploader, files)}</span>
      </div>
      <div class="bar ${all ? "full" : ""}" part="bar" role="progressbar" aria-label=${m.label} aria-valuemin="0" aria-valuemax="100"
        aria-valuenow=${Math.floor(percentOf(sent, size, all))} aria-valuetext=${words.sizeOf(m.bytes, sent, size)}><i></i></div>
    </div>`;
  }

  /** What can be done to all files at once. */
  #renderForAll(uploader: Uploader, files: Totals["files"]): TemplateResult {
    const m = this.messages.summary;
    const button = (id: string, label: string, icon: TemplateResult, click: () => void): TemplateResult =>
      html`<button type="button" id=${id} class="icon-button" part="icon-button" aria-label=${label} title=${label}
        @click=${click}>${icon}</button>`;
    const active = activeFiles(files);
    const running = active - files.paused - files.conflict - files.completing;
    return html`${files.failed > 0 ? button("retry-all", m.retryAll, icons.retry, () => uploader.retryAll()) : nothing}
      ${running > 0 ? button("pause-all", m.pauseAll, icons.pause, () => uploader.pauseAll()) : nothing}
      ${running === 0 && files.paused > 0 ? button("resume-all", m.resumeAll, icons.resume, () => uploader.resumeAll()) : nothing}
      ${active > 0 ? button("cancel-all", m.cancelAll, icons.cancel, () => uploader.cancelAll()) : nothing}`;
  }

  // After each paint.

  protected override updated(): void {
    this.#painted = performance.now();
    const list = this.#list;
    this.#viewport.attach(this.#find("#list"));
    if (list && this.#viewport.layOut(list.rows)) this.requestUpdate();
    const bar = this.#find(".bar");
    const fill = bar?.firstElementChild;
    if (bar && fill instanceof HTMLElement) fill.style.inlineSize = `${bar.getAttribute("aria-valuenow") ?? "0"}%`;
    this.#keepFocus();
    if (list) this.#setTimers(list);
  }

  #setTimers(list: UploadList): void {
    const { inFlight, files } = list.totals();
    const busy = inFlight > 0 || files.throttled > 0 || list.refreshingSince !== undefined;
    if (busy) this.#clock ??= setInterval(() => this.requestUpdate(), clockMillis);
    else {
      clearInterval(this.#clock);
      this.#clock = undefined;
    }
    const next = list.nextToLeave();
    if (next !== undefined) {
      this.#leaveTimer ??= setTimeout(() => {
        this.#leaveTimer = undefined;
        this.#sweep(list);
      }, Math.max(0, next - performance.now()));
    }
    const wait = list.news.wait(performance.now());
    if (wait !== undefined) {
      this.#sayTimer ??= setTimeout(() => {
        this.#sayTimer = undefined;
        this.#say(list);
      }, wait);
    }
  }

  /** Takes off the cancelled rows whose time is over; one that has the focus may stay for another while. */
  #sweep(list: UploadList): void {
    const focused = this.#whatIsFocused();
    const index = typeof focused === "object" ? list.rows.indexOf(focused) : -1;
    this.#remove(list.due(performance.now(), list.rows.at(index)));
  }

  #say(list: UploadList): void {
    const said = list.news.take(performance.now()).map(([news, n]) => this.#words.count(this.messages.news[news], n));
    if (said.length === 0) return;
    this.#said = { text: said.join(". "), times: this.#said.times + 1 };
    this.requestUpdate();
  }

  // What people do.

  #chosen = (event: Event): void => {
    if (event.target instanceof HTMLInputElement) this.#intake.chosen(event.target);
  };

  #remove(gone: ReadonlySet<UploadTask>): void {
    for (const task of gone) this.#detailed.delete(task);
    this.#list?.remove(gone);
    this.requestUpdate();
  }

  #toggleDetails(task: UploadTask): void {
    if (!this.#detailed.delete(task)) this.#detailed.add(task);
    this.requestUpdate();
  }

  #dismissWarning(): void {
    this.#list?.warnings.shift();
    this.requestUpdate();
  }

  /** Scrolls to the first file in a state, and opens its details if it has some. */
  #show(state: "failed" | "conflict"): void {
    const rows = this.#list?.rows;
    if (!rows) return;
    for (let index = 0; index < rows.length; index++) {
      const task = rows.at(index);
      if (task?.state !== state) continue;
      if (state === "failed") this.#detailed.add(task);
      this.#viewport.scrollTo(rows, index);
      this.requestUpdate();
      return;
    }
  }

  async #link(task: UploadTask, seconds: number): Promise<string | undefined> {
    try {
      return await (this.linkFor ? this.linkFor(task, seconds) : this.uploader?.presignedURL(task.key ?? "", seconds));
    } catch (error) {
      // Without credentials there is no link: the person has to sign in for it.
      const life = this.uploader?.credentialsLife();
      if (life && life.remaining > 0) throw error;
      this.#dispatch("signin", { reason: life ? "expired" : "absent" });
      return undefined;
    }
  }

  /**
   * A link takes a moment to be signed, and a browser follows an anchor at once.
   * So it is made when the pointer or the focus comes to it, and again when it
   * is used and that was long ago; then a tab is opened that waits for it.
   */
  #openLink(task: UploadTask, event: Event): void {
    const anchor = event.currentTarget;
    if (!(anchor instanceof HTMLAnchorElement)) return;
    const coming = event.type === "pointerenter" || event.type === "focus";
    if (coming) this.#pointing.set(anchor, new Set(this.#pointing.get(anchor)).add(event.type));
    const made = this.#links.get(anchor);
    if (made?.task === task && performance.now() - made.at < linkMillis) return;
    if (coming && !this.linkFor && !this.uploader?.credentialsLife()?.remaining) return; // nobody asked for a sign-in yet
    if (!coming && event.type !== "contextmenu") {
      event.preventDefault();
      void this.#openTab(this.#link(task, openSeconds));
      return;
    }
    void this.#link(task, openSeconds).then((link) => {
      if (link === undefined || !this.#isPointedAt(anchor)) return;
      anchor.href = link;
      this.#links.set(anchor, { task, at: performance.now() });
    });
  }

  /** Under the pointer, or chosen by the keyboard, whose focus can go in a window that is not the one in use without a word. */
  #isPointedAt(anchor: HTMLAnchorElement): boolean {
    const by = this.#pointing.get(anchor);
    return by !== undefined && (by.has("pointerenter") || (by.has("focus") && anchor.matches(":focus")));
  }

  /**
   * A link with credentials in it stands in the page for as long as somebody points at it. Pointer and focus leave in
   * any order and come back, and a window that is left takes the focus along: each time is looked at.
   */
  #leaveLink({ currentTarget: anchor, type }: Event): void {
    if (!(anchor instanceof HTMLAnchorElement)) return;
    this.#pointing.get(anchor)?.delete(leaves[type] ?? "");
    const made = this.#links.get(anchor);
    if (!made || this.#isPointedAt(anchor)) return;
    this.#links.delete(anchor);
    anchor.href = made.task.result?.location ?? "";
  }

  /** A browser lets a page open a tab while the person clicks, and not later. */
  async #openTab(made: Promise<string | undefined>): Promise<void> {
    const tab = open("about:blank", "_blank");
    if (tab) tab.opener = null;
    const link = await made.catch((error: unknown) => {
      tab?.close();
      throw error;
    });
    if (link === undefined) tab?.close();
    else tab?.location.replace(link);
  }

  async #copyLink(task: UploadTask): Promise<void> {
    const link = await this.#link(task, shareSeconds);
    if (link !== undefined) await this.#copy(task, "link", link);
  }

  async #copyDetails(task: UploadTask): Promise<void> {
    if (!task.error) return;
    const text = detailEntries(task.error, this.messages).map(([term, value]) => `${term}: ${value}\n`).join("");
    await this.#copy(task, "details", `${task.name}\n${text}`);
  }

  async #copy(task: UploadTask, what: "link" | "details", text: string): Promise<void> {
    await navigator.clipboard.writeText(text);
    const copied = { task, what };
    this.#copied = copied;
    this.#list?.news.add("copied");
    this.requestUpdate();
    setTimeout(() => {
      if (this.#copied !== copied) return;
      this.#copied = undefined;
      this.requestUpdate();
    }, copiedMillis);
  }

  // The focus.

  #whatIsFocused(): Focused | undefined {
    const active = this.shadowRoot?.activeElement;
    const row = active?.closest("li");
    if (row?.dataset["id"]) return { id: Number(row.dataset["id"]), index: Number(row.getAttribute("aria-posinset")) - 1 };
    return active ? "other" : undefined;
  }

  /** Gives the focus to the neighbour when a paint took away what had it. */
  #keepFocus(): void {
    const had = this.#focused;
    if (!had || this.shadowRoot?.activeElement) return;
    const rows = this.#list?.rows;
    if (typeof had === "object" && rows && rows.length > 0) {
      const same = rows.indexOf(had);
      const index = same >= 0 ? same : Math.min(had.index, rows.length - 1);
      const next = this.#find<HTMLElement>(`li[aria-posinset="${index + 1}"] :is(button, a)`);
      if (next) {
        next.focus();
        return;
      }
    }
    this.#find("#choose-files")?.focus();
  }

  #find<T extends HTMLElement>(selector: string): T | undefined {
    return this.shadowRoot?.querySelector<T>(selector) ?? undefined;
  }

  #dispatch(name: "added" | "done" | "failed" | "skipped" | "signin", detail: unknown): void {
    this.dispatchEvent(new CustomEvent(`bucketline-${name}`, { detail, bubbles: true, composed: true }));
  }
}

function percentOf(part: number, all: number, done: boolean): number {
  if (done) return 100;
  return all > 0 ? Math.max(0, Math.min(100, (100 * part) / all)) : 0;
}
