/** Uppy with its plugin for S3, which signs in the page. At its best its parts are larger: they go one by one. */
import Uppy from "@uppy/core";
import AwsS3 from "@uppy/aws-s3";
import { keyOf } from "./pool.js";

export async function prepare(store, variant) {
  const uppy = new Uppy({ autoProceed: false });
  uppy.use(AwsS3, {
    s3Endpoint: `https://${store.host}/${store.bucket}`,
    region: store.region,
    getCredentials: async () => ({
      credentials: {
        accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey, sessionToken: store.sessionToken,
        expiration: new Date(Date.now() + 3600_000).toISOString(),
      },
      bucket: store.bucket, region: store.region,
    }),
    generateObjectKey: (file) => keyOf(store, file.data),
    ...(variant === "tuned" ? { getChunkSize: () => 64 * 1024 * 1024 } : {}),
  });
  return async (files) => {
    uppy.addFiles(files.map((file) => ({ name: file.name, type: file.type, data: file, meta: { relativePath: keyOf(store, file) } })));
    const { failed } = await uppy.upload();
    if (failed.length > 0) throw new Error(`${failed.length} failed, such as: ${failed[0].error}`);
  };
}
