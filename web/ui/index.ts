/** Registers <bucketline-uploader>. */
import { BucketlineUploader } from "./element.js";

export { BucketlineUploader };
export { english } from "./messages.en.js";
export type { Messages, Plural } from "./messages.js";

// A server that renders pages has no elements.
if (globalThis.customElements && !customElements.get("bucketline-uploader")) customElements.define("bucketline-uploader", BucketlineUploader);

declare global {
  interface HTMLElementTagNameMap {
    "bucketline-uploader": BucketlineUploader;
  }
}
