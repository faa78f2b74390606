/** AWS's own: Upload of lib-storage for each file. At its best it has six parts under way, and computes no checksum. */
import { S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { keyOf, pool } from "./pool.js";

export async function prepare(store, variant) {
  const tuned = variant === "tuned";
  const client = new S3Client({
    region: store.region, endpoint: `https://${store.host}`, forcePathStyle: true,
    credentials: { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey, sessionToken: store.sessionToken },
    ...(tuned ? { requestChecksumCalculation: "WHEN_REQUIRED" } : {}),
  });
  return (files) => pool(files, 6, (file) => new Upload({
    client,
    params: { Bucket: store.bucket, Key: keyOf(store, file), Body: file },
    ...(tuned ? { queueSize: 6 } : {}),
  }).done());
}
