// Declarations of dist/fine-uploader.js: Fine Uploader 5.16.2's interface, as
// far as uploads to S3 without a built-in interface go.
//
//   import qq from "bucketline/fine-uploader";
//   import { s3 } from "bucketline/fine-uploader/lib/core/s3";
//
// In pages with a script tag qq is global.

/** Wraps an element in a few helpers. */
declare function qq(element: HTMLElement): qq.QqElement;

declare namespace qq {
  const version: string;

  /** Where files stand. */
  const status: {
    readonly SUBMITTING: "submitting"; readonly SUBMITTED: "submitted"; readonly REJECTED: "rejected"; readonly QUEUED: "queued";
    readonly CANCELED: "canceled"; readonly PAUSED: "paused"; readonly UPLOADING: "uploading";
    readonly UPLOAD_FINALIZING: "upload finalizing"; readonly UPLOAD_RETRYING: "retrying upload";
    readonly UPLOAD_SUCCESSFUL: "upload successful"; readonly UPLOAD_FAILED: "upload failed";
    readonly DELETE_FAILED: "delete failed"; readonly DELETING: "deleting"; readonly DELETED: "deleted";
  };
  type Status = (typeof status)[keyof typeof status];

  /** What this browser can do. */
  const supportedFeatures: Readonly<Record<
    | "ajaxUploading" | "blobUploading" | "canDetermineSize" | "chunking" | "deleteFileCors" | "deleteFileCorsXdr" | "deleteFileCorsXhr"
    | "dialogElement" | "fileDrop" | "folderDrop" | "folderSelection" | "imagePreviews" | "imageValidation" | "itemSizeValidation"
    | "pause" | "progressBar" | "resume" | "scaling" | "tiffPreviews" | "unlimitedScaledImageSize" | "uploading" | "uploadCors"
    | "uploadCustomHeaders" | "uploadNonMultipart" | "uploadViaPaste", boolean>>;

  /** What the uploader throws; its message begins with the name and the version. */
  class Error extends globalThis.Error {
    constructor(message: string);
  }

  /** Anything with a then, such as qq.Promise and the browser's own. */
  interface PromiseLike<T = unknown> {
    then(ok: (value: T) => unknown, fail: (reason: unknown) => unknown): unknown;
  }

  /** Handlers run at once, and then() gives the same promise back. */
  class Promise<T = unknown> {
    then(ok?: (value: T, ...more: never[]) => unknown, fail?: (reason: unknown) => unknown): this;
    done(handler: (...args: never[]) => unknown): this;
    success(value?: T, ...more: unknown[]): this;
    failure(reason?: unknown, ...more: unknown[]): this;
  }

  interface QqElement {
    /** Listens; returns how to stop. */
    attach(type: string, listener: (event: Event) => void): () => void;
    detach(type: string, listener: (event: Event) => void): QqElement;
    addClass(name: string): QqElement;
    removeClass(name: string): QqElement;
    hasClass(name: string, considerParent?: boolean): boolean;
    children(): Element[];
    contains(descendant: Node | null): boolean;
    css(styles: Record<string, unknown>): QqElement;
    getByClass(name: string, first?: false): Element[];
    getByClass(name: string, first: true): Element | undefined;
    getFirstByClass(name: string): Element | undefined;
    /** An attribute whose value is "false" counts as absent. */
    hasAttribute(name: string): boolean;
    hide(): QqElement;
    insertBefore(next: Element): QqElement;
    remove(): QqElement;
    setText(text: string): QqElement;
    clearText(): QqElement;
  }

  interface UploadButtonOptions {
    element: HTMLElement;
    acceptFiles?: string | null;
    folders?: boolean;
    multiple?: boolean;
    name?: string;
    title?: string;
    hoverClass?: string;
    focusClass?: string;
    onChange?(input: HTMLInputElement): void;
  }

  /** A transparent file input over an element. */
  class UploadButton {
    static readonly BUTTON_ID_ATTR_NAME: string;
    constructor(options: UploadButtonOptions);
    getInput(): HTMLInputElement;
    getButtonId(): string;
    setMultiple(multiple: boolean, input?: HTMLInputElement): void;
    setAcceptFiles(acceptFiles: string | null): void;
    reset(): void;
    dispose(): void;
  }

  interface DragAndDropOptions {
    dropZoneElements?: HTMLElement[];
    allowMultipleItems?: boolean;
    classes?: { dropActive?: string | null };
    callbacks?: {
      dragEnter?(event: DragEvent): void;
      dragLeave?(event: DragEvent): void;
      processingDroppedFiles?(): void;
      processingDroppedFilesComplete?(files: File[], target: EventTarget | null): void;
      dropError?(code: string, data: unknown): void;
      dropLog?(message: string, level?: string): void;
    };
  }

  /** Files and folders that are dropped onto elements. */
  class DragAndDrop {
    constructor(options?: DragAndDropOptions);
    setupExtraDropzone(element: HTMLElement): void;
    removeDropzone(element: HTMLElement): void;
    dispose(): void;
  }

  class DisposeSupport {
    addDisposer(disposer: () => void): void;
    attach(element: HTMLElement, type: string, listener: (event: Event) => void): void;
    dispose(): void;
  }

  function bind(old: (...args: never[]) => unknown, context: unknown, ...first: unknown[]): (...args: unknown[]) => unknown;
  function canvasToBlob(canvas: HTMLCanvasElement, type?: string, quality?: number): Blob;
  function each(of: unknown, callback: (keyOrIndex: never, value: never) => unknown): void;
  function extend<T extends object, U extends object>(first: T, second: U, nested?: boolean): T & U;
  function format(template: string, ...values: unknown[]): string;
  function getExtension(name: string): string | undefined;
  function getFilename(input: { value?: string; name?: string }): string;
  function getUniqueId(): string;
  function indexOf(list: readonly unknown[], wanted: unknown, from?: number): number;
  function isArray(value: unknown): boolean;
  function isBlob(value: unknown): boolean;
  function isFile(value: unknown): boolean;
  function isFileList(value: unknown): boolean;
  function isFileOrInput(value: unknown): boolean;
  function isFolderDropSupported(transfer: DataTransfer): boolean;
  function isFunction(value: unknown): boolean;
  function isInput(value: unknown, notOfType?: boolean): boolean;
  function isItemList(value: unknown): boolean;
  function isNodeList(value: unknown): boolean;
  function isObject(value: unknown): boolean;
  function isString(value: unknown): boolean;
  function log(message: string, level?: "info" | "warn" | "error"): void;
  function obj2FormData(params: object, into?: FormData): FormData;
  function obj2Inputs(params: object): HTMLFormElement;
  function obj2url(params: object, url?: string): string;
  function parseJson(json: string): unknown;
  function preventDefault(event: Event): void;
  function toElement(html: string): Element | null;
  function trimStr(text: string): string;

  // Which browser this says it is.
  function android(): boolean;
  function androidStock(): boolean;
  function chrome(): boolean;
  function edge(): boolean;
  function firefox(): boolean;
  function ie(): boolean;
  function ie7(): boolean;
  function ie8(): boolean;
  function ie10(): boolean;
  function ie11(): boolean;
  function ios(): boolean;
  function ios6(): boolean;
  function ios7(): boolean;
  function ios8(): boolean;
  function ios800(): boolean;
  function iosChrome(): boolean;
  function iosSafari(): boolean;
  function iosSafariWebView(): boolean;
  function opera(): boolean;
  function safari(): boolean;
  function windows(): boolean;

  /** Credentials of one's own, for signing in the page. */
  interface Credentials {
    accessKey: string;
    secretKey: string;
    sessionToken?: string | null;
    /** When they end: a Date, an ISO string, or milliseconds since 1970. */
    expiration: Date | string | number;
  }

  interface ImageLimits {
    maxHeight?: number;
    maxWidth?: number;
    minHeight?: number;
    minWidth?: number;
  }

  interface ValidationOptions {
    acceptFiles?: string | null;
    /** Without their dots. */
    allowedExtensions?: string[];
    allowEmpty?: boolean;
    image?: ImageLimits;
    itemLimit?: number;
    /** In bytes; 0: none. */
    minSizeLimit?: number;
    sizeLimit?: number;
    stopOnFirstInvalidFile?: boolean;
  }

  interface FileDescriptor {
    name: string;
    size: number;
  }

  /** A part, from 0; the first byte of the file is number 1. */
  interface ChunkData {
    partIndex: number;
    startByte: number;
    endByte: number;
    totalParts: number;
  }

  /** The part that a resumed upload goes on with: offsets from 0, the end not included. */
  interface ResumeChunkData {
    part: number;
    start: number;
    end: number;
    count: number;
    size: number;
    blob: Blob;
  }

  interface FileRecord {
    id: number;
    name: string;
    originalName: string;
    uuid: string;
    /** In bytes; -1 when nobody knows. */
    size: number;
    status: Status;
    file?: Blob;
    batchId?: string;
    parentId?: number;
    proxyGroupId?: string;
  }

  interface ResumableFile {
    name: string;
    size: number;
    uuid: string;
    remaining: number[];
    key?: string;
    customResumeData?: unknown;
  }

  interface InitialFile {
    name: string;
    uuid: string;
    size?: number;
    s3Key: string;
    s3Bucket?: string;
    thumbnailUrl?: string;
    deleteFileEndpoint?: string;
    deleteFileParams?: object;
  }

  interface ScaleOptions {
    /** The longer side, in pixels. */
    maxSize: number;
    type?: string;
    /** 1 to 100. */
    quality?: number;
    orient?: boolean;
    includeExif?: boolean;
    customResizer?: Resizer;
  }

  interface ResizeInfo {
    blob: Blob;
    height: number;
    width: number;
    image: CanvasImageSource;
    sourceCanvas: HTMLCanvasElement;
    targetCanvas: HTMLCanvasElement;
  }

  type Resizer = (info: ResizeInfo) => PromiseLike;

  interface Response {
    success?: boolean;
    error?: string;
    code?: string;
    reset?: boolean;
    [property: string]: unknown;
  }

  /** What may be added: one of these, or a list of them. */
  type Addable =
    | File | Blob | FileList | HTMLInputElement | HTMLCanvasElement
    | { blob: Blob; name: string }
    | { canvas: HTMLCanvasElement; name: string; type?: string; quality?: number };

  type MaybePromise<T> = T | PromiseLike<T> | void;

  interface Callbacks {
    onAllComplete?(this: s3.FineUploaderBasic, succeeded: number[], failed: number[]): void;
    onAutoRetry?(this: s3.FineUploaderBasic, id: number, name: string, attempt: number): void;
    onCancel?(this: s3.FineUploaderBasic, id: number, name: string): MaybePromise<unknown>;
    onComplete?(this: s3.FineUploaderBasic, id: number, name: string, response: Response, xhr: XMLHttpRequest | undefined): void;
    /** Must return a promise of new credentials. */
    onCredentialsExpired?(this: s3.FineUploaderBasic): PromiseLike<Credentials>;
    onDelete?(this: s3.FineUploaderBasic, id: number): void;
    onDeleteComplete?(this: s3.FineUploaderBasic, id: number, xhr: XMLHttpRequest, isError: boolean): void;
    onError?(this: s3.FineUploaderBasic, id: number | null, name: string | null, reason: string, xhr?: XMLHttpRequest): void;
    onManualRetry?(this: s3.FineUploaderBasic, id: number, name: string): boolean | void;
    onPasteReceived?(this: s3.FineUploaderBasic, blob: Blob): MaybePromise<unknown>;
    onProgress?(this: s3.FineUploaderBasic, id: number, name: string, loaded: number, total: number): void;
    onResume?(this: s3.FineUploaderBasic, id: number, name: string, chunk: ResumeChunkData, customResumeData: unknown): boolean | void;
    onSessionRequestComplete?(this: s3.FineUploaderBasic, response: unknown, success: boolean, xhr: XMLHttpRequest): void;
    onStatusChange?(this: s3.FineUploaderBasic, id: number, before: Status | null, after: Status): void;
    onSubmit?(this: s3.FineUploaderBasic, id: number, name: string): MaybePromise<unknown>;
    onSubmitDelete?(this: s3.FineUploaderBasic, id: number): MaybePromise<unknown>;
    onSubmitted?(this: s3.FineUploaderBasic, id: number, name: string): void;
    onTotalProgress?(this: s3.FineUploaderBasic, loaded: number, total: number): void;
    onUpload?(this: s3.FineUploaderBasic, id: number, name: string): MaybePromise<unknown>;
    onUploadChunk?(this: s3.FineUploaderBasic, id: number, name: string, chunk: ChunkData): MaybePromise<unknown>;
    onUploadChunkSuccess?(this: s3.FineUploaderBasic, id: number, chunk: ChunkData, response: Response, xhr: XMLHttpRequest): void;
    onValidate?(this: s3.FineUploaderBasic, file: FileDescriptor, buttonContainer?: HTMLElement): MaybePromise<unknown>;
    onValidateBatch?(this: s3.FineUploaderBasic, files: FileDescriptor[], buttonContainer?: HTMLElement): MaybePromise<unknown>;
  }

  interface Options {
    debug?: boolean;
    button?: HTMLElement | null;
    multiple?: boolean;
    maxConnections?: number;
    autoUpload?: boolean;
    warnBeforeUnload?: boolean;
    disableCancelForFormUploads?: boolean;
    formatFileName?(name: string): string;
    request?: {
      /** The bucket's URL, or that of a CDN in front of it. */
      endpoint?: string;
      accessKey?: string | null;
      /** Milliseconds to add to this machine's clock. */
      clockDrift?: number;
      params?: object;
      filenameParam?: string;
      [legacy: string]: unknown;
    };
    objectProperties?: {
      acl?: string;
      bucket?: string | ((id: number) => string | PromiseLike<string>);
      host?: string | ((id: number) => string | PromiseLike<string>);
      key?: "uuid" | "filename" | ((this: s3.FineUploaderBasic, id: number) => string | PromiseLike<string>);
      reducedRedundancy?: boolean;
      region?: string;
      serverSideEncryption?: boolean;
    };
    credentials?: Partial<Credentials>;
    signature?: { endpoint?: string | null; customHeaders?: object | ((id: number) => object); version?: 2 | 4 };
    uploadSuccess?: { endpoint?: string | null; method?: string; params?: object; customHeaders?: object | ((id: number) => object) };
    validation?: ValidationOptions;
    retry?: { enableAuto?: boolean; maxAutoAttempts?: number; autoAttemptDelay?: number; preventRetryResponseProperty?: string };
    chunking?: {
      enabled?: boolean;
      mandatory?: boolean;
      partSize?: number | ((id: number, size: number) => number);
      concurrent?: { enabled?: boolean };
      [legacy: string]: unknown;
    };
    resume?: { enabled?: boolean; recordsExpireIn?: number; customKeys?(id: number): unknown[]; [legacy: string]: unknown };
    blobs?: { defaultName?: string };
    paste?: { targetElement?: HTMLElement | null; defaultName?: string };
    camera?: { ios?: boolean; button?: HTMLElement | null };
    extraButtons?: { element: HTMLElement; fileInputTitle?: string; folders?: boolean; multiple?: boolean; validation?: ValidationOptions }[];
    deleteFile?: { enabled?: boolean; endpoint?: string; method?: string; params?: object; customHeaders?: object };
    cors?: { expected?: boolean; sendCredentials?: boolean; allowXdr?: boolean };
    session?: { endpoint?: string | null; params?: object; customHeaders?: object; refreshOnReset?: boolean };
    form?: { element?: string | HTMLElement; autoUpload?: boolean; interceptSubmit?: boolean };
    scaling?: {
      sizes?: { name?: string; maxSize: number; type?: string }[];
      sendOriginal?: boolean;
      orient?: boolean;
      defaultType?: string | null;
      defaultQuality?: number;
      includeExif?: boolean;
      failureText?: string;
      customResizer?: Resizer | null;
    };
    text?: { defaultResponseError?: string; fileInputTitle?: string; sizeSymbols?: string[]; [of: string]: unknown };
    messages?: Record<string, string>;
    classes?: { buttonHover?: string; buttonFocus?: string; [of: string]: unknown };
    callbacks?: Callbacks;
    workarounds?: object;
    iframeSupport?: object;
  }

  namespace s3 {
    class FineUploaderBasic {
      constructor(options?: Options);
      addFiles(files: Addable | Addable[], params?: object, endpoint?: string): void;
      /** @deprecated addFiles takes blobs. */
      addBlobs(blobs: Addable | Addable[], params?: object, endpoint?: string): void;
      addInitialFiles(files: InitialFile[]): void;
      cancel(id: number): void;
      cancelAll(): void;
      clearStoredFiles(): void;
      continueUpload(id: number): boolean;
      deleteFile(id: number): boolean;
      doesExist(id: number): boolean;
      drawThumbnail(
        id: number, container: HTMLImageElement | HTMLCanvasElement, maxSize?: number, fromServer?: boolean, customResizer?: Resizer,
      ): Promise<HTMLElement>;
      getBucket(id: number): string | undefined;
      getButton(id: number): HTMLElement | null | undefined;
      getEndpoint(id?: number): string;
      getFile(id: number): File | Blob | null;
      getInProgress(): number;
      getKey(id: number): string | undefined;
      getName(id: number): string;
      getNetUploads(): number;
      getParentId(id: number): number | null;
      getRemainingAllowedItems(): number | null;
      getResumableFilesData(): ResumableFile[];
      getSize(id: number): number;
      getUploads(): FileRecord[];
      getUploads(filter: { id: number } | { uuid: string }): FileRecord | undefined;
      getUploads(filter: { id: number[] } | { uuid: string[] } | { status: Status | Status[] }): FileRecord[];
      getUuid(id: number): string;
      isResumable(id: number): boolean;
      log(message: string, level?: "info" | "warn" | "error"): void;
      pauseUpload(id: number): boolean;
      removeFileRef(id: number): void;
      reset(): void;
      retry(id: number): true | undefined;
      scaleImage(id: number, options: ScaleOptions): Promise<Blob>;
      setAcl(acl: string, id?: number): void;
      setCredentials(credentials: Credentials): true;
      setCustomHeaders(headers: object, id?: number): void;
      setCustomResumeData(id: number, data: unknown): void;
      setDeleteFileCustomHeaders(headers: object, id?: number): void;
      setDeleteFileEndpoint(endpoint: string, id?: number): void;
      setDeleteFileParams(params: object, id?: number): void;
      setEndpoint(endpoint: string, id?: number): void;
      setForm(elementOrId: HTMLElement | string): void;
      setItemLimit(limit: number): void;
      setName(id: number, name: string): void;
      setParams(params: object, id?: number): void;
      setStatus(id: number, status: "deleted" | "delete failed"): void;
      setUploadSuccessEndpoint(endpoint: string, id?: number): void;
      setUploadSuccessParams(params: object, id?: number): void;
      setUuid(id: number, uuid: string): void;
      uploadStoredFiles(): void;
    }

    /** The names that S3's requests have, and the rules for buckets. */
    const util: Readonly<Record<string, unknown>> & {
      readonly AWS_PARAM_PREFIX: string;
      readonly SESSION_TOKEN_PARAM_NAME: string;
      getBucket(endpoint: string): string | undefined;
    };
  }
}

export = qq;
export as namespace qq;
