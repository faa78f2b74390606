/** Ours. The variant says which module, and whether small files go as forms. */
import { createUploader } from "../../../web/core/index.js";
import { keyOf } from "./pool.js";

export async function prepare(store, variant) {
  const uploader = createUploader({
    bucket: store.bucket, region: store.region, endpoint: `https://${store.host}`, pathStyle: true,
    credentials: {
      accessKey: store.accessKeyId, secretKey: store.secretAccessKey, sessionToken: store.sessionToken,
      expiration: new Date(Date.now() + 12 * 3600_000),
    },
    wasm: variant.startsWith("TinyGo's") ? "tinygo/engine.wasm" : "go/engine.wasm",
    ...(variant.includes("forms") ? { formBelow: 1 << 20 } : {}),
  });
  await uploader.ready;
  return (files) => Promise.all(files.map((file) => uploader.upload(file, { key: keyOf(store, file) })));
}
