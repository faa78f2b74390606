/**
 * What Lit wants of a browser when it is loaded, for programs that import the
 * component on a server, where pages are rendered without it. tools/build puts
 * these in place of the globals.
 */

/** Stands in where there are no elements; nothing makes one there. */
const Nothing = class {} as unknown as typeof globalThis.HTMLElement;

export const HTMLElement = globalThis.HTMLElement ?? Nothing;

export const document = globalThis.document ?? { createTreeWalker: () => ({}) };
