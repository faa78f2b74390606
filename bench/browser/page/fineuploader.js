/** Fine Uploader's core for S3, signing in the page by Version 4, in parts. At its best several are under way. */
import qq from "fine-uploader/lib/core/s3";
import { keyOf } from "./pool.js";

export async function prepare(store, variant) {
  let settled;
  const failed = [];
  const uploader = new qq.s3.FineUploaderBasic({
    autoUpload: false,
    ...(variant === "tuned" ? { maxConnections: 6 } : {}),
    request: { endpoint: `https://${store.bucket}.${store.host}` },
    credentials: {
      accessKey: store.accessKeyId, secretKey: store.secretAccessKey, sessionToken: store.sessionToken,
      expiration: new Date(Date.now() + 3600_000),
    },
    objectProperties: { bucket: store.bucket, region: store.region, key: (id) => keyOf(store, uploader.getFile(id)) },
    signature: { version: 4 },
    chunking: { enabled: true, concurrent: { enabled: variant === "tuned" } },
    callbacks: {
      onError: (id, name, reason) => failed.push(`${name}: ${reason}`),
      onAllComplete: () => settled(),
    },
  });
  return async (files) => {
    const done = new Promise((resolve) => (settled = resolve));
    uploader.addFiles(files);
    uploader.uploadStoredFiles();
    await done;
    if (failed.length > 0) throw new Error(`${failed.length} failed, such as ${failed[0]}`);
  };
}
