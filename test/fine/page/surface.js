"use strict";

test("entry points", async () => {
  equal([qq.version, typeof qq, typeof qq.s3.FineUploaderBasic, typeof qq.s3.FineUploader], ["5.16.2", "function", "function", "function"], "names");
  ok(/later version/.test(throws(() => new qq.s3.FineUploader({}), "UI").message), "says that it comes later");
  for (const name of ["FineUploaderBasic", "FineUploader"]) ok(throws(() => new qq[name]({}), name) instanceof qq.Error, name);
  equal(qq.status, {
    SUBMITTING: "submitting", SUBMITTED: "submitted", REJECTED: "rejected", QUEUED: "queued", CANCELED: "canceled", PAUSED: "paused",
    UPLOADING: "uploading", UPLOAD_FINALIZING: "upload finalizing", UPLOAD_RETRYING: "retrying upload", UPLOAD_SUCCESSFUL: "upload successful",
    UPLOAD_FAILED: "upload failed", DELETE_FAILED: "delete failed", DELETING: "deleting", DELETED: "deleted",
  }, "status");
});

test("AMD and CommonJS", async () => {
  const source = await (await fetch("fine-uploader.js")).text();
  const run = (names, values) => new Function(...names, source)(...values);
  let made;
  const define = Object.assign((needs, make) => (made = make()), { amd: {} });
  run(["define"], [define]);
  equal(made.version, "5.16.2", "AMD");
  const module = { exports: {} };
  run(["module", "define"], [module, undefined]);
  equal(typeof module.exports.s3.FineUploaderBasic, "function", "CommonJS");
});

test("options: the page's own objects stay as they are", async (w) => {
  const request = { endpoint: w.endpoint, params: { a: 1 } };
  const callbacks = { onSubmit: () => {} };
  const u = new qq.s3.FineUploaderBasic({ request, callbacks });
  u.setParams({ b: 2 });
  equal([request, Object.keys(callbacks)], [{ endpoint: w.endpoint, params: { a: 1 } }, ["onSubmit"]], "given");
  ok(u._options.callbacks.onSubmit === callbacks.onSubmit && u._options.maxConnections === 3, "merged");
});

test("qq.Promise: at once, once, the same", () => {
  const seen = [];
  const promise = new qq.Promise();
  ok(promise.then((...args) => seen.push(["ok", ...args]), () => seen.push("fail")) === promise, "then gives the same");
  promise.done(() => seen.push("done"));
  ok(promise.success(1, 2) === promise, "success gives the same");
  equal(seen, [["ok", 1, 2], "done"], "synchronous");
  promise.then((value) => seen.push(value));
  equal(seen.at(-1), 1, "after it was settled");
  const broken = new qq.Promise().failure("why");
  broken.then(undefined, (why) => seen.push(why));
  equal(seen.at(-1), "why", "failure");
});

test("qq.Error", () => {
  const error = new qq.Error("text");
  ok(error instanceof Error, "an Error");
  equal(error.message, "[Fine Uploader 5.16.2] text", "prefix");
});

test("qq(element)", () => {
  const element = document.createElement("div");
  element.innerHTML = '<p class="a b">one</p><p class="b">two</p>';
  const wrapped = qq(element);
  const [first, second] = wrapped.children();
  equal([first.textContent, second.textContent], ["one", "two"], "children");
  equal([wrapped.getByClass("b").length, wrapped.getByClass("a", true) === first], [2, true], "getByClass");
  ok(qq(first).addClass("c").hasClass("c") && !qq(first).removeClass("c").hasClass("c") && qq(first).hasClass("a"), "classes");
  qq(element).addClass("parent");
  equal([qq(first).hasClass("parent"), qq(first).hasClass("parent", true)], [false, true], "considerParent");
  ok(wrapped.contains(first) && !qq(first).contains(element), "contains");
  qq(first).setText("<b>");
  equal([first.textContent, qq(first).clearText() && first.textContent], ["<b>", ""], "text");
  qq(second).insertBefore(first);
  equal(element.firstChild === second, true, "insertBefore");
  qq(second).remove();
  equal(element.children.length, 1, "remove");
  first.setAttribute("x", "false");
  equal([qq(first).hasAttribute("x"), qq(first).hasAttribute("y"), qq(first).hasAttribute("class")], [false, false, true], "hasAttribute");
  qq(first).css({ color: "red", opacity: 0.5 }).hide();
  equal([first.style.color, first.style.opacity, first.style.display], ["red", "0.5", "none"], "css and hide");
  let clicks = 0;
  const stop = qq(first).attach("click", () => clicks++);
  first.click();
  stop();
  first.click();
  equal(clicks, 1, "attach");
});

test("qq functions", () => {
  equal(qq.extend({ a: { b: 1 } }, { a: { c: 2 } }), { a: { c: 2 } }, "extend");
  equal(qq.extend({ a: { b: 1 } }, { a: { c: 2 } }, true), { a: { b: 1, c: 2 } }, "extend nested");
  equal(qq.format("{} of {}", 1, "two"), "1 of two", "format");
  equal([qq.getExtension("a.b.c"), qq.getExtension("a")], ["c", undefined], "getExtension");
  equal([qq.indexOf([1, 2], 2), qq.trimStr(" a ")], [1, "a"], "indexOf, trimStr");
  equal([qq.isFunction(() => 1), qq.isObject({}), qq.isObject([]), qq.isString("a"), qq.isArray([])], [true, true, false, true, true], "is…");
  const file = new File([""], "a");
  equal([qq.isFile(file), qq.isBlob(new Blob([])), qq.isBlob(file), qq.isFileOrInput(file), qq.isInput(qq.toElement("<input type=file>"))], [true, true, false, true, true], "files");
  const seen = [];
  qq.each({ a: 1, b: 2 }, (key, value) => void seen.push([key, value]));
  qq.each(["x", "y"], (i, value) => (seen.push([i, value]), false));
  equal(seen, [["a", 1], ["b", 2], [0, "x"]], "each");
  equal(qq.bind(function (a, b) { return [this.c, a, b]; }, { c: 1 }, 2)(3), [1, 2, 3], "bind");
  equal(qq.obj2url({ a: "b c", d: { e: "f" } }, "/x?y=1"), "/x?y=1&a=b+c&d[e]=f".replace("[", "%5B").replace("]", "%5D"), "obj2url");
  equal(qq.parseJson('{"a":1}'), { a: 1 }, "parseJson");
  equal([...qq.obj2FormData({ a: 1, b: { c: 2 } })], [["a", "1"], ["b[c]", "2"]], "obj2FormData");
  ok(qq.toElement("<i>x</i>").tagName === "I" && qq.chrome() && !qq.ios(), "toElement, agents");
  ok(qq.getUniqueId() !== qq.getUniqueId(), "getUniqueId");
  equal(qq.getFilename(new File([""], "n.txt")), "n.txt", "getFilename");
  const event = new Event("x", { cancelable: true });
  qq.preventDefault(event);
  ok(event.defaultPrevented, "preventDefault");
  const { SESSION_TOKEN_PARAM_NAME, REDUCED_REDUNDANCY_PARAM_NAME, REDUCED_REDUNDANCY_PARAM_VALUE, SERVER_SIDE_ENCRYPTION_PARAM_NAME, SERVER_SIDE_ENCRYPTION_PARAM_VALUE, AWS_PARAM_PREFIX } = qq.s3.util;
  equal([SESSION_TOKEN_PARAM_NAME, REDUCED_REDUNDANCY_PARAM_NAME, REDUCED_REDUNDANCY_PARAM_VALUE, SERVER_SIDE_ENCRYPTION_PARAM_NAME, SERVER_SIDE_ENCRYPTION_PARAM_VALUE, AWS_PARAM_PREFIX],
    ["x-amz-security-token", "x-amz-storage-class", "REDUCED_REDUNDANCY", "x-amz-server-side-encryption", "AES256", "x-amz-meta-"], "qq.s3.util");
});

test("qq.supportedFeatures", () => {
  equal(Object.keys(qq.supportedFeatures).sort(), [
    "ajaxUploading", "blobUploading", "canDetermineSize", "chunking", "deleteFileCors", "deleteFileCorsXdr", "deleteFileCorsXhr",
    "dialogElement", "fileDrop", "folderDrop", "folderSelection", "imagePreviews", "imageValidation", "itemSizeValidation", "pause",
    "progressBar", "resume", "scaling", "tiffPreviews", "unlimitedScaledImageSize", "uploadCors", "uploadCustomHeaders",
    "uploadNonMultipart", "uploadViaPaste", "uploading",
  ], "names");
  ok(Object.values(qq.supportedFeatures).every((value) => typeof value === "boolean"), "booleans");
});

const choose = (input, ...files) => {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event("change"));
};

test("buttons: the input, its attributes, and what is chosen", async (w) => {
  const button = document.getElementById("button");
  const extra = document.getElementById("folder-button");
  const u = w.uploader({
    button, autoUpload: false, multiple: true, validation: { acceptFiles: "image/*" }, text: { fileInputTitle: "pick" },
    extraButtons: [{ element: extra, folders: true, multiple: false, fileInputTitle: "folder", validation: { allowedExtensions: ["txt"] } }],
  }, {});
  const input = button.querySelector("input");
  equal([input.type, input.name, input.title, input.multiple, input.accept, getComputedStyle(input).opacity], ["file", "qqfile", "pick", true, "image/*", "0"], "input");
  const folder = extra.querySelector("input");
  equal([folder.multiple, folder.hasAttribute("webkitdirectory"), folder.title], [false, true, "folder"], "extra");
  choose(input, new File(["a"], "a.png"), new File(["b"], "b.png"));
  await until("both", () => u.getUploads({ status: "submitted" }).length === 2);
  ok(w.of("validateBatch")[0][2] === button && w.of("validate")[0][2] === button, "the container goes along");
  ok(u.getButton(0) === button, "getButton");
  ok(button.querySelector("input") !== input && button.querySelectorAll("input").length === 1, "a new input");
  choose(extra.querySelector("input"), new File(["c"], "c.png"));
  await until("rejected", () => u.getUploads({ status: "rejected" }).length === 1);
  equal(u.getUploads({ id: 2 }).name, "c.png", "by the extra button's own rules");
  const again = button.querySelector("input");
  again.dispatchEvent(new Event("mouseover"));
  ok(button.classList.contains("qq-upload-button-hover"), "hover");
  again.dispatchEvent(new Event("mouseout"));
  again.dispatchEvent(new Event("focus"));
  ok(!button.classList.contains("qq-upload-button-hover") && button.classList.contains("qq-upload-button-focus"), "focus");
});

test("qq.UploadButton by itself", () => {
  const element = document.getElementById("button");
  element.textContent = "";
  const seen = [];
  const button = new qq.UploadButton({ element, multiple: false, acceptFiles: ".txt", name: "n", title: "t", onChange: (input) => seen.push(input.files.length) });
  choose(button.getInput(), new File([""], "a"));
  equal(seen, [1], "onChange");
  const before = button.getInput();
  button.setMultiple(true);
  button.setAcceptFiles(".png");
  equal([before.multiple, before.accept], [true, ".png"], "set");
  button.reset();
  ok(button.getInput() !== before && button.getInput().multiple, "reset");
  ok(button.getButtonId() === button.getInput().getAttribute("qq-button-id"), "id");
});

const drag = (type, target, files) => {
  const dataTransfer = new DataTransfer();
  for (const file of files) dataTransfer.items.add(file);
  const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
  return event;
};

test("qq.DragAndDrop: what is dropped, and where", async () => {
  const zone = document.getElementById("zone");
  const seen = [];
  const name = (what) => (...args) => seen.push([what, ...args]);
  const dnd = new qq.DragAndDrop({
    dropZoneElements: [zone], classes: { dropActive: "active" },
    callbacks: { dragEnter: name("enter"), dragLeave: name("leave"), processingDroppedFiles: name("processing"), processingDroppedFilesComplete: name("complete"), dropError: name("error"), dropLog: name("log") },
  });
  const files = [new File(["a"], "a.txt"), new File(["b"], "b.txt")];
  drag("dragenter", zone, files);
  ok(zone.classList.contains("active"), "active");
  drag("dragleave", zone, files);
  ok(!zone.classList.contains("active"), "no longer");
  ok(drag("dragover", zone, files).defaultPrevented, "may be dropped");
  drag("drop", zone, files);
  await until("complete", () => seen.some(([what]) => what === "complete"));
  const [, dropped, target] = seen.find(([what]) => what === "complete");
  equal([dropped.map(({ name }) => name), target === zone, dropped[0].qqDropTarget === zone], [["a.txt", "b.txt"], true, true], "files");
  equal(seen.map(([what]) => what), ["enter", "leave", "processing", "complete"], "callbacks");
  ok(drag("drop", document.body, files).defaultPrevented, "a miss does not leave the page");
  dnd.removeDropzone(zone);
  seen.length = 0;
  drag("drop", zone, files);
  equal(seen.length, 0, "removed");
  dnd.dispose();
  const one = new qq.DragAndDrop({ dropZoneElements: [zone], allowMultipleItems: false, callbacks: { dropError: name("error"), processingDroppedFilesComplete: name("complete") } });
  drag("drop", zone, files);
  equal(seen.map(([what, code]) => [what, what === "error" ? code : code.length]), [["complete", 0], ["error", "tooManyFilesError"]], "one only");
  one.dispose();
});

test("paste: an image, its name, vetoes", async (w) => {
  let answer;
  const target = document.getElementById("zone");
  const u = w.uploader({ paste: { targetElement: target }, autoUpload: false }, { onPasteReceived: () => answer });
  const paste = (...items) => {
    const clipboardData = new DataTransfer();
    for (const item of items) clipboardData.items.add(item);
    target.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  };
  paste(new File(["x"], "image.png", { type: "image/png" }));
  equal(u.getName(0), "pasted_image.png", "default name");
  ok(w.of("pasteReceived")[0][1] instanceof Blob, "a blob");
  answer = Promise.resolve("mine");
  paste(new File(["x"], "image.png", { type: "image/jpeg" }));
  await until("second", () => u.getUploads().length === 2);
  equal(u.getName(1), "mine.jpeg", "own name");
  answer = Promise.reject(new Error("no"));
  paste(new File(["x"], "image.png", { type: "image/png" }));
  paste(new File(["x"], "a.txt", { type: "text/plain" }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  equal(u.getUploads().length, 2, "vetoed, and no image");
});

test("form: its fields go along, and its submission uploads", async (w) => {
  const form = document.createElement("form");
  form.action = w.endpoint;
  form.innerHTML = `<input name="Title" value="t" required><input type="checkbox" name="yes" value="1" checked><input type="checkbox" name="no" value="1">
    <textarea name="words">w</textarea><select name="pick"><option value="a"><option value="b" selected></select>
    <input name="off" value="x" disabled><input type="submit" name="go" value="go"><input value="nameless">`;
  document.body.append(form);
  const u = w.uploader({ form: { element: form }, request: { endpoint: "https://other.example.com", params: { title: "of options", kept: "k" } } });
  equal(u.getEndpoint(), w.endpoint, "action");
  u.addFiles(new Blob(["x"]));
  await until("submitted, since form.autoUpload is off", () => u.getUploads({ id: 0 })?.status === "submitted");
  form.elements.Title.value = "";
  form.requestSubmit();
  form.elements.Title.value = "";
  form.submit();
  equal((await w.wire()).length, 0, "invalid");
  form.elements.Title.value = "later";
  form.submit();
  await w.once("allComplete");
  const fields = Object.fromEntries((await w.wire())[0].fields);
  equal(["title", "yes", "no", "words", "pick", "off", "go", "kept"].map((name) => fields[`x-amz-meta-${name}`]), ["later", "1", undefined, "w", "b", undefined, undefined, "k"], "fields");
});

test("beforeunload: a warning while something goes on", async (w) => {
  const u = w.uploader({ autoUpload: false });
  const leave = () => {
    const event = new Event("beforeunload", { cancelable: true });
    window.dispatchEvent(event);
    return event.defaultPrevented;
  };
  equal(leave(), false, "nothing goes on");
  await post("/control/troubles", [{ op: "PostObject", From: 1, late: 200 }]);
  u.addFiles(new Blob(["x"]));
  u.uploadStoredFiles();
  equal(leave(), true, "something does");
  await w.once("allComplete");
  equal(leave(), false, "over");
});

test("setters: in place of what was said for each, and getters", async (w) => {
  const u = w.uploader({ autoUpload: false });
  u.addFiles(new Blob(["x"]));
  u.setEndpoint("https://one.s3.amazonaws.com", 0);
  equal([u.getEndpoint(0), u.getEndpoint()], ["https://one.s3.amazonaws.com", w.endpoint], "for one");
  u.setEndpoint(w.endpoint);
  equal(u.getEndpoint(0), w.endpoint, "for all");
  u.setAcl("public-read", 0);
  u.setParams({ only: "this" }, 0);
  u.setUploadSuccessEndpoint("/server/done");
  u.setUploadSuccessParams({ p: 1 });
  u.setCustomHeaders({ a: "b" });
  equal([u.getKey(0), u.getBucket(0), u.getParentId(0), u.getResumableFilesData(), u.isResumable(0)], [undefined, undefined, null, [], false], "before it starts");
  u.uploadStoredFiles();
  await w.once("allComplete");
  const fields = Object.fromEntries((await w.wire())[0].fields);
  equal([fields.acl, fields["x-amz-meta-only"]], ["public-read", "this"], "used");
  ok((await w.asked())[0].body.startsWith("p=1&key="), "uploadSuccess");
});
