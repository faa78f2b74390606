/**
 * The floors: the least that a page can do, without signatures, retries,
 * checksums or progress. store is {host, hosts, prefix, bucket, region, accessKeyId,
 * secretAccessKey, sessionToken}: hosts are the names that reach it.
 */
import { keyOf, pool } from "./pool.js";

const partSize = 8 * 1024 * 1024;

/** Names are used one, or two with six connections each; width is for each name. */
export async function prepare(store, variant) {
  const names = variant === "two names" ? store.hosts.slice(0, 2) : store.hosts.slice(0, 1);
  if (variant === "forms") return (files) => pool(files, 6, (file) => postForm(store, file));
  return (files) => pool(files, files.length > 1 ? 6 * names.length : 1, (file, i) => {
    const key = encodeURI(keyOf(store, file));
    if (file.size <= partSize) return put(`https://${names[i % names.length]}/${store.bucket}/${key}`, file);
    return inParts(names, `/${store.bucket}/${key}`, file);
  });
}

async function inParts(names, path, file) {
  const answer = await send("POST", `https://${names[0]}${path}?uploads`);
  const id = /<UploadId>(.*)<\/UploadId>/.exec(answer)[1];
  const starts = Array.from({ length: Math.ceil(file.size / partSize) }, (_, i) => i * partSize);
  await pool(starts, 6 * names.length, (start, i) =>
    put(`https://${names[i % names.length]}${path}?partNumber=${i + 1}&uploadId=${id}`, file.slice(start, start + partSize)));
  const parts = starts.map((_, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>"e"</ETag></Part>`).join("");
  await send("POST", `https://${names[0]}${path}?uploadId=${id}`, `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`);
}

const put = (url, body) => send("PUT", url, body);

function send(method, url, body) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.onload = () => (xhr.status === 200 ? resolve(xhr.responseText) : reject(new Error(`status ${xhr.status}`)));
    xhr.onerror = () => reject(new Error("no answer"));
    xhr.send(body);
  });
}

async function postForm(store, file) {
  const form = new FormData();
  form.append("key", keyOf(store, file));
  form.append("file", file);
  const answer = await fetch(`https://${store.host}/${store.bucket}`, { method: "POST", body: form });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
}
