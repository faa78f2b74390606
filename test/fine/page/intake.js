"use strict";

const statuses = (u) => u.getUploads().map(({ status }) => status);

test("addFiles: everything that a page may have", async (w) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8;
  const input = document.createElement("input");
  input.type = "file";
  const transfer = new DataTransfer();
  transfer.items.add(new File(["f"], "of-input.txt"));
  input.files = transfer.files;
  const u = w.uploader({ autoUpload: false });
  u.addFiles(new File(["a"], "file.txt"));
  u.addFiles(new Blob(["b"]));
  u.addFiles({ blob: new Blob(["c"]), name: "named" });
  u.addFiles(canvas);
  u.addFiles({ canvas, name: "drawn.jpg", type: "image/jpeg", quality: 50 });
  u.addFiles(input);
  u.addFiles(transfer.files);
  u.addFiles({ tagName: "INPUT", type: "file", files: [new File(["g"], "looks-like.txt")] });
  u.addFiles([new Blob(["h"]), { blob: new Blob(["i"]), name: "in-list" }]);
  u.addBlobs({ blob: new Blob(["j"]), name: "old-name" });
  await until("all", () => u.getUploads({ status: "submitted" }).length === 11);
  equal(u.getUploads().map(({ name }) => name), [
    "file.txt", "misc_data", "named", "misc_data.png", "drawn.jpg", "of-input.txt", "of-input.txt", "looks-like.txt", "misc_data", "in-list", "old-name",
  ], "names");
  equal(u.getFile(4).type, "image/jpeg", "canvas by type");
  u.addFiles(undefined);
  equal(w.of("error").length, 0, "nothing is nothing");
  u.addFiles([1, "two", {}]);
  equal(w.of("error").map(([, id, name]) => [id, name]), [[null, undefined]], "no files");
  u.addFiles([{}, new Blob(["k"])]);
  equal(u.getUploads().length, 12, "what is no file is left out");
});

test("addFiles: parameters and endpoint of these files", async (w) => {
  const u = w.uploader({ request: { params: { a: "general" } } });
  u.addFiles(new Blob(["x"]), { b: "own" }, `${w.virtual}/`);
  u.addFiles(new Blob(["y"]));
  await w.once("allComplete");
  const forms = (await w.wire()).map(({ fields }) => Object.fromEntries(fields));
  const [first, second] = ["x-amz-meta-b", "x-amz-meta-a"].map((name) => forms.find((form) => form[name]));
  equal([first["x-amz-meta-b"], first["x-amz-meta-a"]], ["own", undefined], "in place of the general ones");
  equal(second["x-amz-meta-a"], "general", "others");
});

const rejected = (name, options, files, reason) => test(name, async (w) => {
  const u = w.uploader({ autoUpload: false, ...options });
  u.addFiles(files());
  await until("errors", () => w.of("error").length > 0);
  equal(w.of("error").length, 1, "errors");
  const [, id, about, text] = w.of("error")[0];
  equal([id, text], [null, reason], "error");
  ok(about === null || typeof about === "string", "name");
  ok(statuses(u).includes("rejected"), "status");
});

const messages = {
  typeError: "type {file} {extensions}", sizeError: "size {file} {sizeLimit}", minSizeError: "min {file} {minSizeLimit}", emptyError: "empty {file}",
  tooManyItemsError: "many {netItems} {itemLimit}", maxHeightImageError: "maxH", maxWidthImageError: "maxW", minHeightImageError: "minH", minWidthImageError: "minW",
  noFilesError: "none", retryFailTooManyItems: "retry",
};

const file = (name, size = 1, type = "") => new File([new Uint8Array(size)], name, { type });

rejected("validation: extension", { messages, validation: { allowedExtensions: ["jpg", "TAR.GZ", 7] } }, () => file("a.png"), "type a.png jpg, tar.gz");
rejected("validation: empty", { messages }, () => file("a.png", 0), "empty a.png");
rejected("validation: too large", { messages, validation: { sizeLimit: 1500 } }, () => file("a.png", 1501), "size a.png 1.5kB");
rejected("validation: too small", { messages, validation: { minSizeLimit: 50 } }, () => file("a.png", 49), "min a.png 0.1kB");
rejected("validation: too many", { messages, validation: { itemLimit: 1 } }, () => [file("a"), file("b")], "many 2 1");
rejected("validation: formatFileName", { messages, formatFileName: (name) => `<${name}>` }, () => file("a.png", 0), "empty <a.png>");

test("validation: extensions are not for blobs, and case does not count", async (w) => {
  const u = w.uploader({ autoUpload: false, validation: { allowedExtensions: ["jpg", "tar.gz"] } });
  u.addFiles([new Blob(["a"]), file("a.JPG"), file("b.tar.gz")]);
  await until("all", () => !statuses(u).includes("submitting"));
  equal(statuses(u), ["submitted", "submitted", "submitted"], "accepted");
});

test("validation: the rest of the batch after one that is rejected", async (w) => {
  const u = w.uploader({ autoUpload: false });
  u.addFiles([file("a"), file("b", 0), file("c")]);
  await until("all", () => !statuses(u).includes("submitting"));
  equal(statuses(u), ["submitted", "rejected", "rejected"], "stopped");
  const two = new World(w);
  const v = two.uploader({ autoUpload: false, validation: { stopOnFirstInvalidFile: false, allowEmpty: false } });
  v.addFiles([file("a"), file("b", 0), file("c")]);
  await until("all", () => !statuses(v).includes("submitting"));
  equal(statuses(v), ["submitted", "rejected", "submitted"], "went on");
});

test("validation: item limit, and how many are left", async (w) => {
  const u = w.uploader({ autoUpload: false, validation: { itemLimit: 3 } });
  equal(u.getRemainingAllowedItems(), 3, "at first");
  u.addFiles([file("a"), file("b")]);
  await until("all", () => !statuses(u).includes("submitting"));
  equal(u.getRemainingAllowedItems(), 1, "then");
  u.addFiles([file("c"), file("d")]);
  equal(u.getUploads({ status: "rejected" }).length, 2, "all of the call");
  u.cancel(0);
  u.setItemLimit(4);
  equal(u.getRemainingAllowedItems(), 3, "after a cancel");
  u.setItemLimit(0);
  equal(u.getRemainingAllowedItems(), null, "no limit");
});

test("onValidateBatch, onValidate, onSubmit: arguments, vetoes, promises", async (w) => {
  let batch, one, submit;
  const u = w.uploader({ autoUpload: false }, { onValidateBatch: () => batch, onValidate: () => one, onSubmit: () => submit });
  u.addFiles([file("a", 3), file("b", 4)]);
  await until("all", () => !statuses(u).includes("submitting"));
  equal(w.of("validateBatch")[0], ["validateBatch", [{ name: "a", size: 3 }, { name: "b", size: 4 }], null], "batch");
  equal(w.of("validate").map(([, about]) => about), [{ name: "a", size: 3 }, { name: "b", size: 4 }], "each");
  equal(w.of("submit"), [["submit", 0, "a"], ["submit", 1, "b"]], "submit");
  batch = false;
  u.addFiles([file("c"), file("d")]);
  equal(statuses(u).slice(2), ["rejected", "rejected"], "batch vetoed at once");
  equal(w.of("validate").length, 2, "none is looked at");
  batch = Promise.reject(new Error("no"));
  u.addFiles(file("e"));
  await until("rejected", () => u.getUploads({ id: 4 }).status === "rejected");
  batch = undefined;
  one = new qq.Promise().failure();
  u.addFiles(file("f"));
  equal(u.getUploads({ id: 5 }).status, "rejected", "qq.Promise at once");
  one = Promise.resolve();
  submit = false;
  u.addFiles(file("g"));
  await until("rejected", () => u.getUploads({ id: 6 }).status === "rejected");
  submit = Promise.resolve();
  u.addFiles(file("h"));
  await until("accepted", () => u.getUploads({ id: 7 }).status === "submitted");
  equal(w.of("error").length, 0, "vetoes are no errors");
});

test("callbacks: this is the uploader, and what they throw is logged and no veto", async (w) => {
  let self;
  const logged = [];
  const { error } = console;
  console.error = (line) => logged.push(line);
  const u = w.uploader({}, { onSubmit() { self = this; throw new Error("of the page"); } });
  u.addFiles(new Blob(["x"]));
  console.error = error;
  ok(self === u, "this");
  equal(u.getUploads({ id: 0 }).status, "uploading", "no veto");
  ok(logged.length === 1 && /^\[Fine Uploader 5\.16\.2\] .*of the page/.test(logged[0]), `logged ${logged}`);
  await w.once("allComplete");
});

test("records and filters", async (w) => {
  const u = w.uploader({ autoUpload: false });
  equal(u.getUploads({ status: "submitted" }), [], "a filter and no files");
  u.addFiles([file("a"), file("b")]);
  await until("all", () => !statuses(u).includes("submitting"));
  const [first, second] = u.getUploads();
  equal(Object.keys(first).sort(), ["batchId", "file", "id", "name", "originalName", "size", "status", "uuid"], "record");
  first.name = "changed";
  equal(u.getName(0), "a", "copies without a filter");
  ok(u.getUploads({ id: 1 }) === u.getUploads({ uuid: second.uuid }), "live records with one");
  equal(u.getUploads({ id: [1, 0] }).map(({ id }) => id), [1, 0], "ids");
  equal(u.getUploads({ uuid: [second.uuid] }).map(({ id }) => id), [1], "uuids");
  equal(u.getUploads({ status: ["submitted", "queued"] }).length, 2, "statuses");
  equal(u.getUploads({ id: 7 }), undefined, "unknown id");
  for (const method of ["getName", "getSize", "getUuid"]) ok(throws(() => u[method](7), method) instanceof TypeError, method);
  equal([u.getFile(7), u.doesExist(7), u.doesExist(0)], [null, false, true], "unknown file");
  ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(u.getUuid(0)), u.getUuid(0));
  u.setName(0, "other");
  equal([u.getName(0), u.getUploads({ id: 0 }).originalName], ["other", "a"], "setName");
  u.setUuid(0, "mine");
  equal([u.getUuid(0), u.getUploads({ uuid: "mine" }).id], ["mine", 0], "setUuid");
  ok(first.batchId === second.batchId, "batch");
  u.removeFileRef(0);
  equal([u.getFile(0), u.doesExist(0)], [null, false], "removeFileRef");
});

test("keys: kinds, this, promises, and what fails", async (w) => {
  let key = "filename";
  let self;
  const u = w.uploader({ objectProperties: { key(id) { self = this; return typeof key === "function" ? key(id) : key; } } });
  key = (id) => Promise.resolve(`folder/${id}.txt`);
  u.addFiles(file("a.txt"));
  await until("done", () => u.getUploads({ id: 0 }).status === "upload successful");
  ok(self === u, "this");
  equal(u.getKey(0), "folder/0.txt", "native promise");
  key = () => new qq.Promise().success("by-qq");
  u.addFiles(file("b"));
  equal(u.getKey(1), "by-qq", "qq.Promise at once");
  await until("done", () => u.getUploads({ id: 1 }).status === "upload successful");
  for (const [bad, reason] of [[() => null, undefined], [() => Promise.reject("for a reason"), "for a reason"], [() => { throw new Error("thrown"); }, undefined]]) {
    key = bad;
    const before = w.of("error").length;
    u.addFiles(file("c"));
    await until("failed", () => w.of("error").length > before);
    if (reason) equal(w.of("error").at(-1)[3], reason, "reason");
  }
  const id = u.getUploads().length - 1;
  key = () => "asked-again";
  u.retry(id);
  await until("done", () => u.getUploads({ id }).status === "upload successful");
  equal(u.getKey(id), "asked-again", "a failed key is asked again");
});

test("keys: by name, by UUID without an extension, and no other word", async (w) => {
  const u = w.uploader({ objectProperties: { key: "filename" } });
  u.addFiles(file("ä b.txt"));
  await w.once("allComplete");
  ok(await w.object("ä b.txt"), "name as it is");
  const two = new World(w);
  const v = two.uploader();
  v.addFiles(file("bare"));
  await two.once("allComplete");
  equal(v.getKey(0), v.getUuid(0), "no dot");
  const three = new World(w);
  three.uploader({ objectProperties: { key: "other" } }).addFiles(file("bare"));
  await three.once("allComplete");
  equal(three.of("complete")[0][3].success, false, "other word");
});

test("bucket and host: functions without this, once a file, in order; a rejection fails the file", async (w) => {
  const asked = [];
  const of = (what, value) => function (id) {
    asked.push([what, id, this === undefined || this === window || !(this instanceof qq.s3.FineUploaderBasic)]);
    return value();
  };
  let bucket = () => Promise.resolve(w.bucket);
  const u = w.uploader({ objectProperties: {
    key: of("key", () => "k"), bucket: of("bucket", () => bucket()), host: of("host", () => w.virtual.replace("http://", "")),
  } });
  u.addFiles(file("a"));
  await w.once("allComplete");
  equal(asked, [["key", 0, false], ["bucket", 0, true], ["host", 0, true]], "asked");
  equal(u.getBucket(0), w.bucket, "getBucket");
  bucket = () => Promise.reject(new Error("no bucket today"));
  u.addFiles(file("b"));
  await until("failed", () => u.getUploads({ id: 1 }).status === "upload failed");
  equal(w.of("error").at(-1)[3], "no bucket today", "reason");
});

test("endpoints: buckets, schemes", () => {
  const { getBucket } = qq.s3.util;
  for (const [endpoint, bucket] of [
    ["https://mine.s3.amazonaws.com", "mine"], ["mine.s3-eu-west-1.amazonaws.com", "mine"], ["https://s3.amazonaws.com/mine", "mine"],
    ["https://s3-us-west-2.amazonaws.com/mine/", "mine"], ["https://mine.s3.eu-central-1.amazonaws.com", "mine"],
    ["https://mine.s3-accelerate.amazonaws.com", "mine"], ["https://a.dotted.name.s3.amazonaws.com", "a.dotted.name"],
    ["http://localhost:9000/mine", "mine"], ["https://files.example.com", "files.example.com"],
  ]) equal(getBucket(endpoint), bucket, endpoint);
  const u = new qq.s3.FineUploaderBasic({ request: { endpoint: "mine.s3.amazonaws.com" } });
  equal(u.getEndpoint(), "https://mine.s3.amazonaws.com", "scheme");
  u.setEndpoint("http://a");
  equal(u.getEndpoint(3), "http://a", "setEndpoint");
});
