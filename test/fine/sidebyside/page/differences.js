"use strict";
// What differs on purpose, line by line: see sidebyside_test.go. Each reason is a row
// of docs/from-fine-uploader.md, in the part "Side by side".

const why = {
  noKey: "a key that nobody gives",
  net: "`getNetUploads`",
  unknown: "`cancel` of a file that there is not",
  once: "credentials that have ended",
  oldKey: "new credentials, version 4",
  start: "the start of an upload in parts fails",
  inBody: "an error inside a `200`",
  which: "one of several parts at once fails",
  pending: "credentials that end between two parts",
  abort: "an upload in parts is dropped",
  order: "several parts at once",
  resume: "an upload goes on in another page",
  recordfile: "`file` of a record where images are scaled",
  status: "the signature server answers with an error status",
  stale: "a retry that only tells the server",
  thumbnail: "`drawThumbnail` of what the server names, into an `img`",
  gone: "the store says at its end that an upload is gone",
  nothing: "`onAllComplete` after files of the session, or initial ones",
};

const differences = {
  "key: nothing": [
    {
      in: "files",
      original: ['{batchId: "uuid-1", id: 0, name: "a.txt", originalName: "a.txt", size: 5, status: "upload failed", uuid: "uuid-2"} key=null bucket=undefined parent=null held=true'],
      ours: ['{batchId: "uuid-1", id: 0, name: "a.txt", originalName: "a.txt", size: 5, status: "upload failed", uuid: "uuid-2"} key=undefined bucket=undefined parent=null held=true'],
      why: why.noKey,
    },
    {
      in: "what happens",
      original: ['onError(0, "a.txt", "the default response error", undefined)', 'onComplete(0, "a.txt", {error: undefined, success: false}, undefined)'],
      ours: ['onError(0, "a.txt", "There is no key for this file.", undefined)', 'onComplete(0, "a.txt", {error: "There is no key for this file.", success: false}, undefined)'],
      why: why.noKey,
    },
  ],
  "retry: of a file that is stored": [
    {
      in: "counts",
      original: ['in progress 0, net uploads 2, remaining null, resumable []'],
      ours: ['in progress 0, net uploads 1, remaining null, resumable []'],
      why: why.net,
    },
  ],
  "cancel: stored": [
    {
      in: "counts",
      original: ['in progress 0, net uploads 1, remaining null, resumable []'],
      ours: ['in progress 0, net uploads 0, remaining null, resumable []'],
      why: why.net,
    },
  ],
  "cancel: what there is not": [
    {
      in: "what happens",
      original: ['onCancel(5, undefined)', 'cancel throws TypeError'],
      ours: ['cancel gives undefined'],
      why: why.unknown,
    },
  ],
  "credentials: ended for three files at once": [
    {
      in: "what happens to no file",
      original: ['onCredentialsExpired()'],
      ours: [],
      why: why.once,
    },
    {
      in: "what happens to no file",
      original: ['onCredentialsExpired()'],
      ours: [],
      why: why.once,
    },
  ],
  "credentials: other ones of another key, version 4": [
    {
      in: "counts",
      original: ['in progress 0, net uploads 0, remaining null, resumable []'],
      ours: ['in progress 0, net uploads 1, remaining null, resumable []'],
      why: why.oldKey,
    },
    {
      in: "files",
      original: ['{batchId: "uuid-1", id: 0, name: "a.txt", originalName: "a.txt", size: 5, status: "upload failed", uuid: "uuid-2"} key=uuid-2.txt bucket=photos parent=null held=true'],
      ours: ['{batchId: "uuid-1", id: 0, name: "a.txt", originalName: "a.txt", size: 5, status: "upload successful", uuid: "uuid-2"} key=uuid-2.txt bucket=photos parent=null held=true'],
      why: why.oldKey,
    },
    {
      in: "objects",
      original: [],
      ours: [`uuid-2.txt: {etag: "\\"1fa5a82f7595e1038560722349fe8461\\"", headers: {content-type: "text/plain", x-amz-meta-qqfilename: "a.txt"}, parts: 0, sha256: "efdac3f198e9e9cfcae6f4b25697317ec6fa40abcdd700f11091c0ab3e580839", size: 5}`],
      why: why.oldKey,
    },
    {
      in: "requests to the store",
      original: ['POST / key=uuid-2.txt Content-Type=text/plain success_action_status=200 acl=private x-amz-meta-qqfilename=a.txt x-amz-algorithm=AWS4-HMAC-SHA256 x-amz-credential=… x-amz-date=… policy={"expiration":"<expiration>","conditions":[{"acl":"private"},{"bucket":"photos"},{"Content-Type":"text/plain"},{"success_action_status":"200"},{"x-amz-algorithm":"AWS4-HMAC-SHA256"},{"key":"uuid-2.txt"},{"x-amz-credential":"AKIDFINEEXAMPLE/<day>/us-east-1/s3/aws4_request"},{"x-amz-date":"<date>"},{"x-amz-meta-qqfilename":"a.txt"},{"x-amz-security-token":"FwoGZXIvYXdzEXAMPLETOKEN=="}]} x-amz-signature=… x-amz-security-token=FwoGZXIvYXdzEXAMPLETOKEN== file=a.txt'],
      ours: ['POST / key=uuid-2.txt Content-Type=text/plain success_action_status=200 x-amz-security-token=FwoGZXIvYXdzEXAMPLETOKEN== acl=private x-amz-meta-qqfilename=a.txt x-amz-algorithm=AWS4-HMAC-SHA256 x-amz-credential=… x-amz-date=… policy={"expiration":"<expiration>","conditions":[{"acl":"private"},{"bucket":"photos"},{"Content-Type":"text/plain"},{"success_action_status":"200"},{"x-amz-security-token":"FwoGZXIvYXdzEXAMPLETOKEN=="},{"x-amz-algorithm":"AWS4-HMAC-SHA256"},{"key":"uuid-2.txt"},{"x-amz-credential":"AKIDFINEEXAMPLET/<day>/us-east-1/s3/aws4_request"},{"x-amz-date":"<date>"},{"x-amz-meta-qqfilename":"a.txt"}]} x-amz-signature=… file=a.txt'],
      why: why.oldKey,
    },
    {
      in: "what happens",
      original: ['onStatusChange(0, "uploading", "upload failed")', 'onError(0, "a.txt", "This store was told to say InvalidToken, or found reason to.", xhr 400)', 'onComplete(0, "a.txt", {code: "InvalidToken", error: "This store was told to say InvalidToken, or found reason to.", success: false}, xhr 400)', 'onAllComplete([], [0])'],
      ours: ['onStatusChange(0, "uploading", "upload successful")', 'the last progress was ["onProgress", 0, "a.txt", 5, 5]', 'onComplete(0, "a.txt", {success: true}, xhr 200)', 'onAllComplete([0], [])'],
      why: why.oldKey,
    },
  ],
  "parts: the start fails": [
    {
      in: "what happens",
      original: ['onError(0, "a.bin", "Problem initiating upload request.", xhr 500)'],
      ours: ['onError(0, "a.bin", "This store was told to say InternalError, or found reason to.", xhr 500)'],
      why: why.start,
    },
  ],
  "parts: the end is refused inside a 200": [
    {
      in: "what happens",
      original: ['onError(0, "a.bin", "the default response error", xhr 200)', 'onComplete(0, "a.bin", {success: false}, xhr 200)'],
      ours: ['onError(0, "a.bin", "This store was told to say InternalError, or found reason to.", xhr 200)', 'onComplete(0, "a.bin", {code: "InternalError", error: "This store was told to say InternalError, or found reason to.", success: false}, xhr 200)'],
      why: why.inBody,
    },
  ],
  "parts: one of several at once fails": [
    {
      in: "what happens",
      original: ['onError(0, "a.bin", "This store was told to say InternalError, or found reason to.", xhr 0)'],
      ours: ['onError(0, "a.bin", "This store was told to say InternalError, or found reason to.", xhr 500)'],
      why: why.which,
    },
  ],
  "parts: credentials end before the second, and new ones come": [
    {
      in: "what happens",
      original: ['onCredentialsExpired()'],
      ours: [],
      why: why.pending,
    },
    {
      in: "what happens",
      original: [],
      ours: ['onCredentialsExpired()'],
      why: why.pending,
    },
  ],
  "parts: credentials end before the second, and none come": [
    {
      in: "requests to the store",
      original: [],
      ours: ['PUT /uuid-2.bin?partNumber=2&uploadId=upload-1.c1 500 bytes'],
      why: why.pending,
    },
    {
      in: "what happens",
      original: [],
      ours: ['onUploadChunkSuccess(0, {endByte: 1500, partIndex: 1, startByte: 1001, totalParts: 2}, {success: true}, xhr 200)'],
      why: why.pending,
    },
    {
      in: "what happens",
      original: ['onError(0, "a.bin", "Problem signing the chunk!", xhr 0)', 'onComplete(0, "a.bin", {error: "Problem signing the chunk!", success: false}, xhr 0)'],
      ours: ['onError(0, "a.bin", "Problem signing the chunk!", undefined)', 'onComplete(0, "a.bin", {error: "Problem signing the chunk!", success: false}, undefined)'],
      why: why.pending,
    },
  ],
  "cancel: paused": [
    {
      in: "unfinished uploads",
      original: ['1'],
      ours: ['0'],
      why: why.abort,
    },
  ],
  "cancel: failed, with a part that is stored": [
    {
      in: "unfinished uploads",
      original: ['1'],
      ours: ['0'],
      why: why.abort,
    },
  ],
  "cancel: in the middle, without a record": [
    {
      in: "unfinished uploads",
      original: ['1'],
      ours: ['0'],
      why: why.abort,
    },
  ],
  "parts: several at once, the first three of them": [
    {
      in: "unfinished uploads",
      original: ['1'],
      ours: ['0'],
      why: why.abort,
    },
    {
      in: "what happens",
      original: ['note parts: [2, 1, 0]'],
      ours: ['note parts: [0, 1, 2]'],
      why: why.order,
    },
  ],
  "resume: after a reload": [
    {
      in: "requests to the store",
      original: [],
      ours: ['GET /uuid-2.bin?uploadId=upload-1.c1'],
      why: why.resume,
    },
    {
      in: "what happens after the reload",
      original: ['onUploadChunk(0, "a.bin", {endByte: 3000, partIndex: 2, startByte: 2001, totalParts: 5})'],
      ours: [],
      why: why.resume,
    },
    {
      in: "what happens after the reload",
      original: ['isResumable gives false'],
      ours: ['isResumable gives true', 'onUploadChunk(0, "a.bin", {endByte: 3000, partIndex: 2, startByte: 2001, totalParts: 5})'],
      why: why.resume,
    },
  ],
  "resume: custom keys and custom data": [
    {
      in: "requests to the store",
      original: [],
      ours: ['GET /uuid-2.bin?uploadId=upload-1.c1'],
      why: why.resume,
    },
    {
      in: "what happens after the reload",
      original: ['onUploadChunk(0, "a.bin", {endByte: 2000, partIndex: 1, startByte: 1001, totalParts: 3})'],
      ours: [],
      why: why.resume,
    },
    {
      in: "what happens after the reload",
      original: [],
      ours: ['onUploadChunk(0, "a.bin", {endByte: 2000, partIndex: 1, startByte: 1001, totalParts: 3})'],
      why: why.resume,
    },
  ],
  "resume: the upload is gone": [
    {
      in: "requests to the store",
      original: [],
      ours: ['GET /uuid-2.bin?uploadId=upload-1.c1'],
      why: why.resume,
    },
    {
      in: "what happens after the reload",
      original: ['onUploadChunk(0, "a.bin", {endByte: 3000, partIndex: 2, startByte: 2001, totalParts: 5})'],
      ours: [],
      why: why.resume,
    },
    {
      in: "what happens after the reload",
      original: [],
      ours: ['onUploadChunk(0, "a.bin", {endByte: 3000, partIndex: 2, startByte: 2001, totalParts: 5})'],
      why: why.resume,
    },
  ],
  "resume: cancelled after a reload": [
    {
      in: "requests to the store",
      original: [],
      ours: ['GET /uuid-2.bin?uploadId=upload-1.c1'],
      why: why.resume,
    },
    {
      in: "what happens after the reload",
      original: ['onUploadChunk(0, "a.bin", {endByte: 3000, partIndex: 2, startByte: 2001, totalParts: 5})'],
      ours: [],
      why: why.resume,
    },
    {
      in: "what happens after the reload",
      original: [],
      ours: ['onUploadChunk(0, "a.bin", {endByte: 3000, partIndex: 2, startByte: 2001, totalParts: 5})'],
      why: why.resume,
    },
  ],
  "scaling: copies and the original": [
    {
      in: "what the records have",
      original: ['file 0: undefined', 'file 1: undefined', 'file 2: undefined'],
      ours: ['file 0: p.png', 'file 1: p.png', 'file 2: p.png'],
      why: why.recordfile,
    },
  ],
  "scaling: no original, another type, and no image": [
    {
      in: "what the records have",
      original: ['file 0: undefined', 'file 1: undefined', 'file 2: undefined'],
      ours: ['file 0: p.png', 'file 1: p.png', 'file 2: a.txt'],
      why: why.recordfile,
    },
  ],
  "scaling: an image that cannot be read": [
    {
      in: "what the records have",
      original: ['file 0: undefined', 'file 1: undefined'],
      ours: ['file 0: a.png', 'file 1: a.png'],
      why: why.recordfile,
    },
  ],
  "files: asked about, and unknown ones": [
    {
      in: "counts",
      original: ['in progress 0, net uploads -1, remaining null, resumable []'],
      ours: ['in progress 0, net uploads 0, remaining null, resumable []'],
      why: why.net,
    },
  ],
  "signature server: says status 500 to a form": [
    {
      in: "what happens",
      original: ['onError(0, "a.txt", "Response does not include the base64 encoded policy!", undefined)', 'onComplete(0, "a.txt", {error: "Response does not include the base64 encoded policy!", success: false}, undefined)'],
      ours: ['onError(0, "a.txt", "XHR returned response code 500", undefined)', 'onComplete(0, "a.txt", {error: "XHR returned response code 500", success: false}, undefined)'],
      why: why.status,
    },
  ],
  "signature server: says status 500 to a part": [
    {
      in: "what happens",
      original: ['onError(0, "a.bin", "Response does not include the signature!", undefined)', 'onComplete(0, "a.bin", {error: "Response does not include the signature!", success: false}, undefined)'],
      ours: ['onError(0, "a.bin", "XHR returned response code 500", undefined)', 'onComplete(0, "a.bin", {error: "XHR returned response code 500", success: false}, undefined)'],
      why: why.status,
    },
  ],
  "uploadSuccess: refused, and a retry tells it alone": [
    {
      in: "what happens",
      original: ['onComplete(0, "a.txt", {error: "not so fast", success: true}, xhr 200)'],
      ours: ['onComplete(0, "a.txt", {success: true}, xhr 200)'],
      why: why.stale,
    },
  ],
  "initial files: deleted, and set": [
    {
      in: "total progress",
      original: ['at the end ["onTotalProgress", 0, 0]', 'at the end ["onTotalProgress", 0, 0]'],
      ours: [],
      why: why.nothing,
    },
    {
      in: "what happens to no file",
      original: ['onAllComplete([], [])', 'onAllComplete([], [])'],
      ours: [],
      why: why.nothing,
    },
  ],
  "session: files": [
    {
      in: "total progress",
      original: ['at the end ["onTotalProgress", 0, 0]'],
      ours: [],
      why: why.nothing,
    },
    {
      in: "what happens to no file",
      original: ['onAllComplete([], [])'],
      ours: [],
      why: why.nothing,
    },
  ],
  "parts: the end is refused with NoSuchUpload, and all begins anew": [
    {
      in: "requests to the store",
      original: [],
      ours: ['HEAD /uuid-2.bin'],
      why: why.gone,
    },
    {
      in: "what happens",
      original: ['onError(0, "a.bin", "This store was told to say NoSuchUpload, or found reason to.", xhr 404)', 'onAutoRetry(0, "a.bin", 1)', 'onStatusChange(0, "uploading", "retrying upload")', 'onStatusChange(0, "retrying upload", "uploading")', 'onUpload(0, "a.bin")'],
      ours: [],
      why: why.gone,
    },
  ],
  "scaling: the page's quality": [
    {
      in: "what the records have",
      original: ['file 0: undefined', 'file 1: undefined'],
      ours: ['file 0: p.png', 'file 1: p.png'],
      why: why.recordfile,
    },
  ],
  "drawThumbnail: from where the server says": [
    {
      in: "what happens to no file",
      original: ['note of the answer: ["drawn", -1, "", 10]', 'note of an initial file: ["drawn", -1, "", 10]'],
      ours: ['note of the answer: ["drawn", 0, "10px", 30]', 'note of an initial file: ["drawn", 1, "10px", 30]'],
      why: why.thumbnail,
    },
  ],
};
