/**
 * qq, as the file dist/fine-uploader.js gives it to pages: Fine Uploader's S3
 * uploader without an interface, on Bucketline's engine.
 */
import { agents } from "./agent.js";
import { UploadButton } from "./button.js";
import { DragAndDrop } from "./dnd.js";
import { wrap, type Wrapped } from "./elements.js";
import { QqError } from "./error.js";
import { supportedFeatures } from "./features.js";
import { helpers } from "./functions.js";
import { QqPromise } from "./promise.js";
import { s3util } from "./s3util.js";
import { status } from "./status.js";
import { FineUploaderBasic } from "./uploader.js";
import { version } from "./version.js";

/** A class that cannot be made here, and says why. */
function missing(why: string): new () => never {
  const stand = class {
    constructor() {
      throw new QqError(why);
    }
  };
  return stand as new () => never;
}

const traditional = "Uploads to a server of one's own are not in this file, only those to S3: use qq.s3.FineUploaderBasic.";

/** The wrapper of an element; and, as its properties, all there is. */
function qqOf(element: HTMLElement): Wrapped {
  return wrap(element);
}

export const qq = Object.assign(qqOf, helpers, agents, {
  version,
  status,
  supportedFeatures: supportedFeatures(),
  Error: QqError,
  Promise: QqPromise,
  UploadButton,
  DragAndDrop,
  FineUploaderBasic: missing(traditional),
  FineUploader: missing(traditional),
  s3: {
    util: s3util,
    FineUploaderBasic,
    FineUploader: missing(
      "The uploader with an interface of its own comes in a later version of Bucketline. Use qq.s3.FineUploaderBasic, and draw the list of files yourself, or <bucketline-uploader>.",
    ),
  },
});
