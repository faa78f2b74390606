/** What a page may say of an uploader, and what holds when it says nothing. */
import { QqError } from "./error.js";
import { extend, isObject, type Dictionary } from "./objects.js";

/** A page's function, called with the uploader as this. */
export type Callback = (...args: never[]) => unknown;

export interface ImageLimits {
  maxHeight: number;
  maxWidth: number;
  minHeight: number;
  minWidth: number;
}

export interface Validation {
  acceptFiles: string | null;
  allowedExtensions: unknown[];
  allowEmpty: boolean;
  image: ImageLimits;
  itemLimit: number;
  minSizeLimit: number;
  sizeLimit: number;
  stopOnFirstInvalidFile: boolean;
}

export interface ScaledSize {
  name?: string;
  maxSize: number;
  type?: string;
}

export interface ExtraButton {
  element: HTMLElement;
  fileInputTitle?: string;
  folders?: boolean;
  multiple?: boolean;
  validation?: Partial<Validation>;
}

/** Where objects go: each may be asked for a file, and answered later. */
export type Asked = string | ((id: number) => unknown);

export type Headers = Dictionary | ((id: number) => Dictionary);

/** The headers for a file. */
export function headersFor(headers: Headers, id: number): Dictionary {
  return typeof headers === "function" ? headers(id) : headers;
}

export interface Options {
  debug: boolean;
  button: HTMLElement | null;
  multiple: boolean;
  maxConnections: number;
  disableCancelForFormUploads: boolean;
  autoUpload: boolean;
  warnBeforeUnload: boolean;
  formatFileName: (name: string) => string;
  request: Dictionary & {
    endpoint: string; params: Dictionary; filenameParam: string; inputName: string; uuidName: string;
    accessKey: string | null; clockDrift: number;
  };
  validation: Validation;
  callbacks: Record<string, Callback>;
  retry: { enableAuto: boolean; maxAutoAttempts: number; autoAttemptDelay: number; preventRetryResponseProperty: string };
  chunking: {
    enabled: boolean; mandatory: boolean; partSize: number | ((id: number, size: number) => number);
    concurrent: { enabled: boolean }; success: { endpoint: string | null; resetOnStatus: number[] };
  } & Dictionary;
  resume: { enabled: boolean; recordsExpireIn: number; customKeys: (id: number) => unknown[] } & Dictionary;
  blobs: { defaultName: string };
  paste: { targetElement: HTMLElement | null; defaultName: string };
  camera: { ios: boolean; button: HTMLElement | null };
  extraButtons: ExtraButton[];
  deleteFile: { enabled: boolean; endpoint: string; method: string; params: Dictionary; customHeaders: Dictionary };
  cors: { expected: boolean; sendCredentials: boolean; allowXdr: boolean };
  session: { endpoint: string | null; params: Dictionary; customHeaders: Dictionary; refreshOnReset: boolean };
  form: { element: string | HTMLElement | null; autoUpload: boolean; interceptSubmit: boolean };
  scaling: {
    sizes: ScaledSize[]; sendOriginal: boolean; orient: boolean; defaultType: string | null; defaultQuality: number;
    includeExif: boolean; failureText: string; customResizer: ((about: Dictionary) => unknown) | null;
  };
  text: { defaultResponseError: string; fileInputTitle: string; sizeSymbols: string[] };
  messages: Record<string, string>;
  classes: { buttonHover: string; buttonFocus: string } & Dictionary;
  objectProperties: {
    acl: string; bucket: Asked | null; host: Asked | null; key: Asked; reducedRedundancy: boolean; region: string;
    serverSideEncryption: boolean;
  };
  credentials: { accessKey: string | null; secretKey: string | null; sessionToken: string | null; expiration: unknown };
  signature: { endpoint: string | null; customHeaders: Headers; version: number };
  uploadSuccess: { endpoint: string | null; method: string; params: Dictionary; customHeaders: Headers };
  workarounds: { iosEmptyVideos: boolean; ios8SafariUploads: boolean; ios8BrowserCrash: boolean };
  iframeSupport: { localBlankPagePath: string | null };
}

const none = (): void => undefined;

const callbackNames = [
  "onError", "onSubmit", "onSubmitted", "onComplete", "onAllComplete", "onCancel", "onUpload", "onUploadChunk",
  "onUploadChunkSuccess", "onProgress", "onTotalProgress", "onResume", "onAutoRetry", "onManualRetry", "onValidateBatch",
  "onValidate", "onSubmitDelete", "onDelete", "onDeleteComplete", "onPasteReceived", "onStatusChange",
  "onSessionRequestComplete", "onCredentialsExpired",
];

/** The options with nothing said. */
export function defaults(): Options {
  return {
    debug: false, button: null, multiple: true, maxConnections: 3, disableCancelForFormUploads: false, autoUpload: true,
    warnBeforeUnload: true, formatFileName: (name) => name,
    request: {
      endpoint: "/server/upload", params: {}, filenameParam: "qqfilename", inputName: "qqfile", uuidName: "qquuid",
      totalFileSizeName: "qqtotalfilesize", forceMultipart: true, paramsInBody: true, method: "POST",
      omitDefaultParams: false, requireSuccessJson: true, customHeaders: {}, accessKey: null, clockDrift: 0,
    },
    validation: {
      acceptFiles: null, allowedExtensions: [], allowEmpty: false,
      image: { maxHeight: 0, maxWidth: 0, minHeight: 0, minWidth: 0 },
      itemLimit: 0, minSizeLimit: 0, sizeLimit: 0, stopOnFirstInvalidFile: true,
    },
    callbacks: Object.fromEntries(callbackNames.map((name) => [name, none])),
    retry: { enableAuto: false, maxAutoAttempts: 3, autoAttemptDelay: 5, preventRetryResponseProperty: "preventRetry" },
    chunking: {
      enabled: false, mandatory: false, partSize: 5_242_880, concurrent: { enabled: false },
      success: { endpoint: null, resetOnStatus: [] },
      paramNames: {
        partIndex: "qqpartindex", partByteOffset: "qqpartbyteoffset", chunkSize: "qqchunksize",
        totalFileSize: "qqtotalfilesize", totalParts: "qqtotalparts",
      },
    },
    resume: { enabled: false, recordsExpireIn: 7, customKeys: () => [], paramNames: { resuming: "qqresume" } },
    blobs: { defaultName: "misc_data" },
    paste: { targetElement: null, defaultName: "pasted_image" },
    camera: { ios: false, button: null },
    extraButtons: [],
    deleteFile: { enabled: false, endpoint: "/server/upload", method: "DELETE", params: {}, customHeaders: {} },
    cors: { expected: false, sendCredentials: false, allowXdr: true },
    session: { endpoint: null, params: {}, customHeaders: {}, refreshOnReset: true },
    form: { element: "qq-form", autoUpload: false, interceptSubmit: true },
    scaling: {
      sizes: [], sendOriginal: true, orient: true, defaultType: null, defaultQuality: 80, includeExif: false,
      failureText: "Failed to scale", customResizer: null,
    },
    text: {
      defaultResponseError: "The upload failed for an unknown reason", fileInputTitle: "file input",
      sizeSymbols: ["kB", "MB", "GB", "TB", "PB", "EB"],
    },
    messages: messages(),
    classes: { buttonHover: "qq-upload-button-hover", buttonFocus: "qq-upload-button-focus" },
    objectProperties: {
      acl: "private", bucket: null, host: null, key: "uuid", reducedRedundancy: false, region: "us-east-1",
      serverSideEncryption: false,
    },
    credentials: { accessKey: null, secretKey: null, sessionToken: null, expiration: null },
    signature: { endpoint: null, customHeaders: {}, version: 2 },
    uploadSuccess: { endpoint: null, method: "POST", params: {}, customHeaders: {} },
    workarounds: { iosEmptyVideos: true, ios8SafariUploads: true, ios8BrowserCrash: false },
    iframeSupport: { localBlankPagePath: null },
  };
}

function messages(): Record<string, string> {
  return {
    typeError: "{file} has an extension that is not allowed. Allowed: {extensions}.",
    sizeError: "{file} is too large: at most {sizeLimit} can be uploaded.",
    minSizeError: "{file} is too small: it must have at least {minSizeLimit}.",
    emptyError: "{file} is empty. Choose the files again without it.",
    noFilesError: "There are no files to upload.",
    tooManyItemsError: "That would be {netItems} files. The limit is {itemLimit}.",
    maxHeightImageError: "The image is too tall.",
    maxWidthImageError: "The image is too wide.",
    minHeightImageError: "The image is not tall enough.",
    minWidthImageError: "The image is not wide enough.",
    retryFailTooManyItems: "It cannot be tried again: there are as many files as are allowed.",
    onLeave: "Files are being uploaded. Leaving now cancels them.",
    unsupportedBrowserIos8Safari: "This browser cannot upload files.",
  };
}

/** The page's options over the defaults. The page's own objects stay as they are. */
export function optionsOf(given: unknown): Options {
  if (given !== undefined && given !== null && !isObject(given)) throw new QqError("options must be an object");
  return extend(defaults(), given ?? {}, true);
}
