/** The uploader without an interface of its own: Fine Uploader's methods over the files, and what stands behind them. */
import { UploadButton } from "./button.js";
import { Copies } from "./copies.js";
import { deleteFile } from "./deletion.js";
import { QqError } from "./error.js";
import { checkSettable, Files, type FileRecord, type Filter } from "./files.js";
import { FormSupport } from "./form.js";
import type { Hub, Level } from "./hub.js";
import { askSession, initialOf } from "./initial.js";
import { checked, Intake } from "./intake.js";
import { Keys } from "./keys.js";
import { say } from "./log.js";
import { copyOf, extend, fill, isObject, sizeText, type Dictionary } from "./objects.js";
import { optionsOf, type Headers, type Options, type Validation } from "./options.js";
import { pastedName, watchPaste } from "./paste.js";
import { QqPromise, when } from "./promise.js";
import * as resumable from "./resumable.js";
import { drawn, load, scale, show, showWithin, type ScaleOptions } from "./scaling.js";
import { status, type Status } from "./status.js";
import { endpointOf } from "./target.js";
import { inProgress, Transfers } from "./transfers.js";
import { PerFile } from "./values.js";

/** Where files stand that count against the item limit. */
const counted: readonly Status[] = [
  status.SUBMITTING, status.SUBMITTED, status.QUEUED, status.UPLOADING, status.UPLOAD_FINALIZING, status.UPLOAD_RETRYING,
  status.PAUSED, status.UPLOAD_SUCCESSFUL, status.DELETING, status.DELETE_FAILED,
];

/** What is known of a file that was uploaded before. */
interface Canned {
  key: string;
  bucket: string | undefined;
  thumbnailUrl: string | undefined;
}

export class FineUploaderBasic {
  /** The options, the defaults among them; no secret is in them. */
  readonly _options: Options;
  readonly #hub: Hub;
  readonly #files: Files;
  readonly #transfers: Transfers;
  readonly #intake: Intake;
  readonly #copies: Copies;
  readonly #params: PerFile<Dictionary>;
  readonly #buttons = new Map<string, { button: UploadButton; element: HTMLElement; validation: Validation }>();
  readonly #origin = new Map<number, string>();
  readonly #canned = new Map<number, Canned>();
  #form: FormSupport;
  #autoUpload: boolean;
  #stored: number[] = [];
  /** Changes that do not count yet. */
  #uncounted: (() => void)[] = [];

  constructor(given?: unknown) {
    const options = optionsOf(given);
    this._options = options;
    this.#files = new Files((id, before, after) => this.#moved(id, before, after));
    const keys = new Keys({
      ask: () => this.#hub.call("onCredentialsExpired"),
      now: () => Date.now() + (Number(options.request.clockDrift) || 0),
      log: (text) => this.#hub.log(text, "error"),
    });
    if (options.credentials.secretKey) keys.set(options.credentials);
    options.credentials = { accessKey: options.credentials.accessKey, secretKey: null, sessionToken: null, expiration: options.credentials.expiration };
    this.#params = new PerFile(options.request.params);
    this.#hub = this.#makeHub(options, keys);
    this.#copies = new Copies(this.#hub);
    this.#transfers = new Transfers(this.#hub, this);
    this.#intake = this.#makeIntake();
    this.#autoUpload = options.autoUpload;
    this.#form = this.#attach(options.form.element);
    resumable.sweep(options.resume.recordsExpireIn);
    this.#makeButtons();
    this.#watch();
    this.#later(() => this.#askSession());
  }

  #later(work: () => void): void {
    setTimeout(work, 0);
  }

  #makeHub(options: Options, keys: Keys): Hub {
    const { deleteFile: deletion, uploadSuccess } = options;
    return {
      options, keys,
      files: this.#files,
      endpoints: new PerFile(options.request.endpoint),
      acl: new PerFile(options.objectProperties.acl),
      deletion: {
        params: new PerFile<Dictionary>(deletion.params), endpoint: new PerFile(deletion.endpoint), headers: new PerFile<Headers>(deletion.customHeaders),
      },
      success: {
        params: new PerFile<Dictionary>(uploadSuccess.params), endpoint: new PerFile(uploadSuccess.endpoint),
        headers: new PerFile(uploadSuccess.customHeaders),
      },
      params: (id) => ({ ...this.#params.get(id), ...this.#form.params, ...this.#copies.params(id) }),
      call: (callback, ...args) => this.#call(callback, args),
      log: (text, level) => this.log(text, level),
      itemError: (code, name, about) => this.#itemError(code, name, about),
      accepted: () => this.#files.count(...counted),
    };
  }

  #makeIntake(): Intake {
    return new Intake({
      hub: this.#hub,
      button: (id) => {
        const known = id === undefined ? undefined : this.#buttons.get(id);
        return { validation: known?.validation ?? this._options.validation, element: known?.element ?? (this._options.button ? undefined : null) };
      },
      added: (id, { file, params, endpoint, buttonId }) => {
        if (buttonId !== undefined) this.#origin.set(id, buttonId);
        if (params) this.setParams(params, id);
        if (endpoint) this.setEndpoint(endpoint, id);
        if (!this.#copies.has(id)) this.#transfers.prepare(id, file);
      },
      accepted: (id, tell) => {
        if (!this.#autoUpload) this.#stored.push(id);
        tell();
        if (this.#autoUpload) this.#start(id);
      },
      expand: (file, name, uuid, batchId) => this.#copies.expand(file, name, uuid, batchId),
      storedBatch: () => {
        const [first] = this.#stored;
        return this.#autoUpload || first === undefined ? undefined : this.#files.find(first)?.batchId;
      },
    });
  }

  #call(callback: string, args: unknown[]): unknown {
    const handler = this._options.callbacks[callback];
    if (typeof handler !== "function") return undefined;
    try {
      return (handler as (...args: unknown[]) => unknown).apply(this, args);
    } catch (error) {
      this.log(`Caught an exception in ${callback}: ${error instanceof Error ? error.message : String(error)}`, "error");
      return undefined;
    }
  }

  #moved(id: number, before: Status | null, after: Status): void {
    const { totals } = this.#transfers;
    if (after === status.SUBMITTING) this.#count(() => totals.add(id, this.#files.find(id)?.size ?? 0));
    if (after === status.REJECTED || after === status.CANCELED) this.#count(() => totals.drop(id));
    this.#hub.call("onStatusChange", id, before, after);
  }

  /** What came and went counts for the progress of all in a task of its own. */
  #count(change: () => void): void {
    if (this.#uncounted.push(change) > 1) return;
    this.#later(() => {
      const changes = this.#uncounted;
      this.#uncounted = [];
      for (const one of changes) one();
    });
  }

  #itemError(code: string, name?: string | null, { rules, netItems }: { rules?: Validation; netItems?: number } = {}): void {
    const { messages, text, formatFileName } = this._options;
    const validation = rules ?? this._options.validation;
    const message = fill(messages[code] ?? code, {
      file: typeof name === "string" ? formatFileName(name) : "",
      extensions: validation.allowedExtensions.filter((one) => typeof one === "string").join(", ").toLowerCase(),
      sizeLimit: sizeText(validation.sizeLimit, text.sizeSymbols),
      minSizeLimit: sizeText(validation.minSizeLimit, text.sizeSymbols),
      netItems: String(netItems ?? this.#hub.accepted()),
      itemLimit: String(validation.itemLimit),
    });
    this.#hub.call("onError", null, name, message, undefined);
  }

  #attach(element: string | HTMLElement | null): FormSupport {
    const form = new FormSupport({ ...this._options.form, element }, { submitted: () => this.uploadStoredFiles() });
    if (!form.form) return form;
    this.#autoUpload = form.autoUpload;
    const { endpoint } = form;
    if (endpoint) this.setEndpoint(endpoint);
    return form;
  }

  #makeButtons(): void {
    const { button, multiple, extraButtons, validation } = this._options;
    if (button) this.#addButton({ element: button, multiple, validation, folders: false, title: undefined });
    for (const extra of extraButtons) {
      this.#addButton({
        element: extra.element, multiple: extra.multiple ?? multiple, folders: extra.folders ?? false, title: extra.fileInputTitle,
        validation: extend(copyOf(validation), extra.validation ?? {}, true),
      });
    }
  }

  #addButton(about: { element: HTMLElement; multiple: boolean; validation: Validation; folders: boolean; title: string | undefined }): void {
    const { request, text, classes } = this._options;
    const { element, multiple, validation, folders, title } = about;
    const button = new UploadButton({
      element, multiple, folders, acceptFiles: validation.acceptFiles, name: String(request.inputName),
      title: title ?? text.fileInputTitle, hoverClass: classes.buttonHover, focusClass: classes.buttonFocus,
      onChange: (input) => {
        this.#intake.add(Array.from(input.files ?? []), undefined, undefined, button.getButtonId());
        button.reset();
      },
    });
    this.#buttons.set(button.getButtonId(), { button, element, validation });
  }

  #watch(): void {
    const { warnBeforeUnload, messages, paste } = this._options;
    if (warnBeforeUnload) {
      window.addEventListener("beforeunload", (event) => {
        if (this.getInProgress() === 0) return;
        event.preventDefault();
        event.returnValue = messages["onLeave"] ?? "";
      });
    }
    if (paste.targetElement) watchPaste(paste.targetElement, (image) => this.#pasted(image));
  }

  #pasted(image: Blob): void {
    const { defaultName } = this._options.paste;
    when(this.#hub.call("onPasteReceived", image), (name) => {
      if (name === false) return;
      const base = typeof name === "string" && name ? name : defaultName;
      this.addFiles({ blob: image, name: pastedName(base, image) });
    }, (reason) => this.log(`A pasted image is left out: ${String(reason)}`, "info"));
  }

  #start(id: number): void {
    const { proxyGroupId } = this.#files.get(id);
    if (proxyGroupId === undefined || !this.#copies.grouped(id)) {
      this.#transfers.start(id);
      return;
    }
    this.#files.move(id, status.QUEUED);
    const go = (): void => {
      if (this.#files.find(id)?.status === status.QUEUED) this.#transfers.start(id);
    };
    if (!this.#copies.has(id)) {
      this.#copies.turn(proxyGroupId).then(go, go);
      return;
    }
    this.#copies.draw(id).then((blob) => {
      const record = this.#files.find(id);
      if (record?.status !== status.QUEUED) return;
      record.size = blob.size;
      this.#transfers.prepare(id, blob);
      this.#transfers.totals.add(id, blob.size);
      go();
    }, (error: unknown) => {
      this.log(`A copy could not be drawn: ${String(error)}`, "error");
      const record = this.#files.find(id);
      if (record?.status === status.QUEUED) this.#transfers.failUnsent(id, record.file as Blob, this._options.scaling.failureText);
    });
  }

  addFiles(data: unknown, params?: Dictionary, endpoint?: string): void {
    this.#intake.add(data, params, endpoint);
  }

  addBlobs(data: unknown, params?: Dictionary, endpoint?: string): void {
    this.addFiles(data, params, endpoint);
  }

  addInitialFiles(list: readonly unknown[]): void {
    for (const given of list) this.#addCanned(given);
  }

  #addCanned(given: unknown): void {
    const initial = initialOf(given);
    const { name, uuid, size, s3Key, s3Bucket, thumbnailUrl, deleteFileEndpoint, deleteFileParams } = initial;
    const id = this.#files.add({ name, uuid, size, status: status.UPLOAD_SUCCESSFUL });
    this.#canned.set(id, { key: s3Key, bucket: s3Bucket, thumbnailUrl });
    this.#transfers.count(id);
    if (deleteFileEndpoint) this.setDeleteFileEndpoint(deleteFileEndpoint, id);
    if (deleteFileParams) this.setDeleteFileParams(deleteFileParams, id);
  }

  #askSession(): void {
    const { session, cors } = this._options;
    const { endpoint, params, customHeaders } = session;
    if (!endpoint) return;
    askSession({ endpoint, params, customHeaders, cors }, (given) => this.#addCanned(given), (text) => this.log(text, "error"),
      (response, success, xhr) => this.#hub.call("onSessionRequestComplete", response, success, xhr));
  }

  cancel(id: number): void {
    const record = this.#files.find(id);
    if (!record) {
      this.log(`There is no file ${String(id)} to cancel.`, "error");
      return;
    }
    checked(this.#hub.call("onCancel", id, record.name), () => {
      if (this.#files.find(id) !== record) return; // the uploader was reset
      this.#stored = this.#stored.filter((stored) => stored !== id);
      this.#transfers.cancel(id);
    }, () => this.log(`The page lets the file ${id} go on.`));
  }

  cancelAll(): void {
    for (const id of [...this.#stored]) this.cancel(id);
    for (const id of this.#transfers.going) this.cancel(id);
    for (const { id } of this.#resting) this.cancel(id);
  }

  get #resting(): FileRecord[] {
    return this.#files.all.filter((record) => record.status === status.PAUSED || record.status === status.QUEUED);
  }

  clearStoredFiles(): void {
    this.#stored = [];
  }

  continueUpload(id: number): boolean {
    return this.#transfers.resume(id);
  }

  deleteFile(id: number): boolean {
    const { deleteFile: deletion } = this._options;
    const record = this.#files.find(id);
    if (!deletion.enabled || !record) {
      this.log("Deleting is not enabled, or there is no such file.", "warn");
      return false;
    }
    const place = (): { key: string | undefined; bucket: string | undefined } => ({ key: this.getKey(id), bucket: this.getBucket(id) });
    deleteFile(this.#hub, id, place, () => this.#transfers.forget(id));
    return true;
  }

  doesExist(id: number): boolean {
    return this.#transfers.find(id) !== undefined;
  }

  drawThumbnail(id: number, container: HTMLElement, maxSize?: number, fromServer = false, customResizer?: (about: Dictionary) => unknown): QqPromise {
    const done = new QqPromise();
    const fail = (error: unknown): void => {
      done.failure({ container, error: error instanceof Error ? error.message : String(error) });
    };
    const url = this.#transfers.thumbnailOf(id) ?? this.#canned.get(id)?.thumbnailUrl;
    const file = this.getFile(id);
    let drawing: Promise<void>;
    if (!fromServer) {
      if (!file) return done.failure({ container, error: "There is no file to draw." });
      drawing = drawn(file, maxSize && maxSize > 0 ? maxSize : Infinity, true, customResizer).then((canvas) => show(canvas, container));
    } else if (url && container instanceof HTMLImageElement) {
      if (maxSize) container.style.maxWidth = container.style.maxHeight = `${maxSize}px`;
      drawing = load(container, url, false);
    } else if (url) {
      const image = new Image();
      drawing = load(image, url, true).then(() => showWithin(image, maxSize && maxSize > 0 ? maxSize : Infinity, container));
    } else drawing = Promise.reject(new Error("There is no address of a thumbnail."));
    drawing.then(() => void done.success(container), fail);
    return done;
  }

  getBucket(id: number): string | undefined {
    return this.#canned.get(id)?.bucket ?? this.#transfers.bucketOf(id);
  }

  getButton(id: number): HTMLElement | null | undefined {
    const buttonId = this.#origin.get(id);
    return buttonId === undefined ? this._options.button : this.#buttons.get(buttonId)?.element;
  }

  getEndpoint(id?: number): string {
    return endpointOf(this.#hub.endpoints.get(id));
  }

  getFile(id: number): Blob | null {
    const file = this.#files.find(id)?.file;
    return file instanceof Blob ? file : null;
  }

  getInProgress(): number {
    return this.#files.count(...inProgress);
  }

  getKey(id: number): string | undefined {
    return this.#canned.get(id)?.key ?? this.#transfers.find(id)?.key;
  }

  getName(id: number): string {
    return this.#files.get(id).name;
  }

  getNetUploads(): number {
    return this.#files.count(status.UPLOAD_SUCCESSFUL, status.DELETING, status.DELETE_FAILED);
  }

  getParentId(id: number): number | null {
    return this.#files.find(id)?.parentId ?? null;
  }

  getRemainingAllowedItems(): number | null {
    const { itemLimit } = this._options.validation;
    return itemLimit > 0 ? itemLimit - this.#hub.accepted() : null;
  }

  getResumableFilesData(): resumable.Resumable[] {
    return this._options.resume.enabled && this._options.chunking.enabled ? resumable.resumables() : [];
  }

  getSize(id: number): number {
    return this.#files.get(id).size;
  }

  getUploads(filter?: Filter): FileRecord | FileRecord[] | undefined {
    return this.#files.select(filter);
  }

  getUuid(id: number): string {
    return this.#files.get(id).uuid;
  }

  isResumable(id: number): boolean {
    return this._options.resume.enabled && (this.#transfers.find(id)?.record.exists ?? false);
  }

  log(text: string, level: Level = "info"): void {
    say(text, level, this._options.debug);
  }

  pauseUpload(id: number): boolean {
    return this.#transfers.pause(id);
  }

  removeFileRef(id: number): void {
    const record = this.#files.find(id);
    if (!record) return;
    delete record.file;
    this.#transfers.forget(id);
  }

  reset(): void {
    this.log("Resetting.");
    for (const id of this.#transfers.going) this.cancel(id);
    this.#intake.reset();
    this.#transfers.reset();
    this.#files.reset();
    this.#copies.reset();
    this.#stored = [];
    for (const map of [this.#origin, this.#canned]) map.clear();
    this.#params.reset();
    const { endpoints, deletion, success } = this.#hub;
    for (const values of [endpoints, deletion.params, deletion.endpoint, success.params, success.endpoint]) values.reset();
    for (const { button } of this.#buttons.values()) button.reset();
    if (this._options.session.refreshOnReset) this.#later(() => this.#askSession());
  }

  retry(id: number): true | undefined {
    const record = this.#files.find(id);
    if (!record || !this.#transfers.mayRetry(id)) {
      this.log(`The file ${String(id)} cannot be tried again.`, "error");
      return undefined;
    }
    if (this.#hub.call("onManualRetry", id, record.name) === false) return undefined;
    const { itemLimit } = this._options.validation;
    if (itemLimit > 0 && this.#hub.accepted() + 1 > itemLimit) {
      this.#itemError("retryFailTooManyItems");
      return undefined;
    }
    this.#transfers.retry(id);
    return true;
  }

  scaleImage(id: number, options: ScaleOptions): QqPromise {
    const done = new QqPromise();
    const file = this.getFile(id);
    if (!file || !isObject(options)) return done.failure("There is no such image.");
    scale(file, options).then((blob) => void done.success(blob), (error: unknown) => {
      done.failure(error instanceof Error ? error.message : String(error));
    });
    return done;
  }

  setAcl(acl: string, id?: number): void {
    this.#hub.acl.set(acl, id);
  }

  setCredentials(credentials: unknown): true {
    this.#hub.keys.set(credentials);
    return true;
  }

  /** Says nothing to a store; it is here for programs that call it. */
  setCustomHeaders(headers: Dictionary, id?: number): void {
    this.log(`Headers of one's own are not sent to S3: ${Object.keys(headers).length} for ${id ?? "all files"}.`);
  }

  setCustomResumeData(id: number, data: unknown): void {
    const upload = this.#transfers.find(id);
    if (upload) upload.customResumeData = copyOf(data);
  }

  setDeleteFileCustomHeaders(headers: Dictionary, id?: number): void {
    this.#hub.deletion.headers.set(headers, id);
  }

  setDeleteFileEndpoint(endpoint: string, id?: number): void {
    this.#hub.deletion.endpoint.set(endpoint, id);
  }

  setDeleteFileParams(params: Dictionary, id?: number): void {
    this.#hub.deletion.params.set(params, id);
  }

  setEndpoint(endpoint: string, id?: number): void {
    this.#hub.endpoints.set(endpoint, id);
  }

  setForm(elementOrId: string | HTMLElement): void {
    this.#form.detach();
    this.#form = this.#attach(elementOrId);
  }

  setItemLimit(limit: number): void {
    this._options.validation.itemLimit = limit;
  }

  setName(id: number, name: string): void {
    this.#files.get(id).name = name;
  }

  setParams(params: Dictionary, id?: number): void {
    this.#params.set(params, id);
  }

  setStatus(id: number, to: string): void {
    checkSettable(to);
    const record = this.#files.find(id);
    if (!record) throw new QqError(`there is no file with id ${String(id)}`);
    if (record.status !== to) this.#files.move(id, to);
  }

  setUploadSuccessEndpoint(endpoint: string, id?: number): void {
    this.#hub.success.endpoint.set(endpoint, id);
  }

  setUploadSuccessParams(params: Dictionary, id?: number): void {
    this.#hub.success.params.set(params, id);
  }

  setUuid(id: number, uuid: string): void {
    this.#files.setUuid(id, uuid);
  }

  uploadStoredFiles(): void {
    if (this.#stored.length === 0 && !this.#intake.busy) {
      this.#itemError("noFilesError");
      return;
    }
    const stored = this.#stored;
    this.#stored = [];
    for (const id of stored) if (this.#files.find(id)?.status === status.SUBMITTED) this.#start(id);
    if (this.#intake.busy) this.#intake.whenIdle(() => this.#stored.length > 0 && this.uploadStoredFiles());
  }
}

