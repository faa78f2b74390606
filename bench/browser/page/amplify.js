/** Amplify's storage. It has no knob for speed; the variant "checksum" asks for the one that the others compute by default. */
import { Amplify } from "aws-amplify";
import { uploadData } from "aws-amplify/storage";
import { keyOf, pool } from "./pool.js";

export async function prepare(store, variant) {
  Amplify.configure({
    Storage: { S3: { bucket: store.bucket, region: store.region } },
  }, {
    Auth: {
      credentialsProvider: {
        clearCredentialsAndIdentityId: () => undefined,
        getCredentialsAndIdentityId: async () => ({
          credentials: {
            accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey, sessionToken: store.sessionToken,
            expiration: new Date(Date.now() + 3600_000),
          },
        }),
      },
    },
  });
  return (files) => pool(files, 6, (file) => uploadData({
    path: keyOf(store, file), data: file,
    options: {
      customEndpoint: store.host, // with the bucket before it
      ...(variant === "checksum" ? { checksumAlgorithm: "crc-32" } : {}),
    },
  }).result);
}
