/** The functions of qq itself, which pages and their programs call. */
import { DisposeSupport } from "./elements.js";
import { canvasBlob } from "./intake.js";
import { write } from "./log.js";
import * as objects from "./objects.js";
import { queryOf } from "./server.js";

type Each = (keyOrIndex: never, value: never) => unknown;

/** Calls callback with the key, or the index, and the value of each; false ends it. */
function each(of: unknown, callback: Each): void {
  const call = callback as (key: unknown, value: unknown) => unknown;
  if (of === null || of === undefined) return;
  if (typeof Storage !== "undefined" && of instanceof Storage) {
    const all = Array.from({ length: of.length }, (_, i) => of.key(i)).filter((key) => key !== null);
    for (const key of all) if (call(key, of.getItem(key)) === false) return;
  } else if (Array.isArray(of) || isNodeListLike(of)) {
    const list = Array.from(of as ArrayLike<unknown>);
    for (const [i, value] of list.entries()) if (call(i, value) === false) return;
  } else if (objects.isString(of)) {
    for (let i = 0; i < of.length; i++) if (call(i, of.charAt(i)) === false) return;
  } else for (const [key, value] of Object.entries(of)) if (call(key, value) === false) return;
}

function isNodeListLike(of: unknown): boolean {
  return ["NodeList", "HTMLCollection", "FileList", "DataTransferItemList"].includes(objects.kindOf(of));
}

function isFile(value: unknown): boolean {
  return objects.kindOf(value) === "File";
}

function isInput(value: unknown, notOfType = false): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { tagName, type } = value as { tagName?: unknown; type?: unknown };
  if (objects.kindOf(value) !== "HTMLInputElement" && String(tagName).toLowerCase() !== "input") return false;
  return (String(type).toLowerCase() === "file") !== notOfType;
}

function toElement(html: string): Element | null {
  const holder = document.createElement("div");
  holder.innerHTML = html;
  return holder.firstElementChild;
}

/** Adds params to a form data, or to a new one. */
function obj2FormData(params: objects.Dictionary, into = new FormData(), parent?: string): FormData {
  for (const [name, value] of Object.entries(params)) {
    const key = parent === undefined ? name : `${parent}[${name}]`;
    if (objects.isObject(value)) obj2FormData(value, into, key);
    else if (value instanceof Blob) into.append(key, value);
    else into.append(key, objects.textOf(objects.isFunction(value) ? value() : value));
  }
  return into;
}

/** Adds params to a URL, or, without one, makes a query of them. */
function obj2url(params: objects.Dictionary, url?: string): string {
  const query = queryOf(params);
  if (!url) return query;
  return query ? `${url}${url.includes("?") ? (/[?&]$/.test(url) ? "" : "&") : "?"}${query}` : url;
}

export const helpers = {
  bind: (old: (...args: unknown[]) => unknown, context: unknown, ...first: unknown[]) =>
    (...args: unknown[]): unknown => old.apply(context, [...first, ...args]),
  canvasToBlob: (canvas: HTMLCanvasElement, type = "image/png", quality?: number): Blob =>
    canvasBlob(canvas, type, quality === undefined ? undefined : quality / 100),
  DisposeSupport,
  each,
  extend: objects.extend,
  format: objects.format,
  getExtension: objects.extensionOf,
  getFilename: (input: { value?: string; name?: string }): string =>
    "name" in input && isFile(input) ? (input.name ?? "") : objects.fileNameOf(input.value ?? ""),
  getUniqueId: objects.uniqueId,
  indexOf: (list: readonly unknown[], wanted: unknown, from = 0): number => Array.prototype.indexOf.call(list, wanted, from),
  isArray: (value: unknown): boolean => Array.isArray(value) || ArrayBuffer.isView(value),
  isBlob: (value: unknown): boolean => objects.kindOf(value) === "Blob",
  isFile,
  isFileList: (value: unknown): boolean => objects.kindOf(value) === "FileList",
  isFileOrInput: (value: unknown): boolean => isFile(value) || isInput(value),
  isFolderDropSupported: (transfer: DataTransfer): boolean => {
    const [item] = Array.from(transfer.items ?? []);
    return !!item && "webkitGetAsEntry" in item;
  },
  isFunction: objects.isFunction,
  isInput,
  isItemList: (value: unknown): boolean => objects.kindOf(value) === "DataTransferItemList",
  isNodeList: (value: unknown): boolean => ["NodeList", "HTMLCollection"].includes(objects.kindOf(value)),
  isObject: objects.isObject,
  isString: objects.isString,
  log: write,
  obj2FormData,
  obj2Inputs: (params: objects.Dictionary): HTMLFormElement => {
    const form = document.createElement("form");
    obj2FormData(params).forEach((value, name) => {
      const input = document.createElement("input");
      input.name = name;
      input.value = String(value);
      form.appendChild(input);
    });
    return form;
  },
  obj2url,
  parseJson: (json: string): unknown => JSON.parse(json) as unknown,
  preventDefault: (event: Event): void => event.preventDefault(),
  toElement,
  trimStr: (text: string): string => text.trim(),
};
