/** Evaporate, signing in the page, with the two hashes that its documentation uses. At its best it has six larger parts under way. */
import Evaporate from "evaporate";
import { sha256 } from "js-sha256";
import SparkMD5 from "spark-md5";
import { keyOf } from "./pool.js";

export async function prepare(store, variant) {
  const evaporate = await Evaporate.create({
    aws_key: store.accessKeyId, bucket: store.bucket, awsRegion: store.region, awsSignatureVersion: "4",
    aws_url: `https://${store.host}`, logging: false, mockLocalStorage: true,
    computeContentMd5: true,
    cryptoMd5Method: (data) => btoa(SparkMD5.ArrayBuffer.hash(data, true)),
    cryptoHexEncodedHash256: sha256,
    customAuthMethod: async (_parameters, _headers, text, date) => sign(store, text, date),
    ...(variant === "tuned" ? { maxConcurrentParts: 6, partSize: 8 * 1024 * 1024 } : {}),
  });
  return (files) => Promise.all(files.map((file) => evaporate.add({ name: keyOf(store, file), file })));
}

/** The signature of a string to sign: Signature Version 4, as the wiki's example makes it. */
function sign(store, text, date) {
  const day = date.slice(0, 8);
  const steps = [day, store.region, "s3", "aws4_request"];
  const key = steps.reduce((secret, step) => sha256.hmac.array(secret, step), `AWS4${store.secretAccessKey}`);
  return sha256.hmac(key, decodeURIComponent(text));
}
