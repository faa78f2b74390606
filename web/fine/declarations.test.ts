import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { agents } from "./agent.js";
import type qq from "./fine-uploader.js";
import { helpers } from "./functions.js";
import { defaults } from "./options.js";
import { FineUploaderBasic } from "./uploader.js";

const text = readFileSync("web/fine/fine-uploader.d.ts", "utf8");

/** What a page that was written for Fine Uploader says must compile. */
export function page(fine: typeof qq, button: HTMLElement): void {
  const uploader: qq.s3.FineUploaderBasic = new fine.s3.FineUploaderBasic({
    button,
    request: { endpoint: "https://photos.s3.amazonaws.com", params: { album: "x" } },
    objectProperties: { key: (id) => new fine.Promise<string>().success(`u/${id}`), region: "eu-west-1" },
    signature: { version: 4 },
    chunking: { enabled: true, concurrent: { enabled: true }, partSize: (_id, size) => size },
    callbacks: {
      onCredentialsExpired: async () => ({ accessKey: "a", secretKey: "s", expiration: new Date() }),
      onComplete(id, _name, response) {
        if (response.success) this.setParams({ done: this.getKey(id) }, id);
      },
    },
  });
  const one: qq.FileRecord | undefined = uploader.getUploads({ id: 0 });
  const many: qq.FileRecord[] = uploader.getUploads({ status: fine.status.PAUSED });
  uploader.addFiles([new Blob([]), { blob: new Blob([]), name: one?.name ?? String(many.length) }]);
}

test("every method of the uploader is declared, and no other", () => {
  const declared = new Set([...text.slice(text.indexOf("class FineUploaderBasic")).matchAll(/^ {6}(\w+)\(/gm)].map(([, name]) => name));
  declared.delete("constructor");
  const has = Object.getOwnPropertyNames(FineUploaderBasic.prototype).filter((name) => name !== "constructor");
  assert.deepEqual([...declared].sort(), has.sort());
});

test("every option and callback is declared", () => {
  const options = text.slice(text.indexOf("interface Options"), text.indexOf("namespace s3"));
  for (const name of Object.keys(defaults())) assert.match(options, new RegExp(`^ {4}${name}\\?[:(]`, "m"), name);
  const callbacks = text.slice(text.indexOf("interface Callbacks"), text.indexOf("interface Options"));
  assert.deepEqual([...callbacks.matchAll(/^ {4}(on\w+)\?\(/gm)].map(([, name]) => name).sort(), Object.keys(defaults().callbacks).sort());
});

test("every function of qq is declared", () => {
  for (const name of Object.keys({ ...helpers, ...agents })) assert.match(text, new RegExp(`^ {2}(function|class) ${name}\\b`, "m"), name);
});
