"use strict";
// What is taken, what is not, and what it is by then: nothing here depends on
// the network's pace, so that all lines come in one order.

const manual = (more = {}) => ({ autoUpload: false, ...more });
const ordered = { ordered: true };

const refused = (name, options, ...files) => scenario(`validation: ${name}`, manual(options), async (u, s) => {
  u.addFiles(files.map((make) => make()));
  await s.taken(files.length);
}, ordered);

refused("extension", { validation: { allowedExtensions: ["jpg", "TAR.GZ"] } }, () => file("a.png"));
refused("extension in capitals, with a dot, and of a blob", { validation: { allowedExtensions: ["jpg", "tar.gz"] } }, () => file("a.JPG"), () => file("b.tar.gz"), () => blob());
refused("empty", {}, () => file("a.png", 0));
refused("empty is allowed", { validation: { allowEmpty: true } }, () => file("a.png", 0));
refused("too large", { validation: { sizeLimit: 1500 } }, () => file("a.png", 1501));
refused("too small", { validation: { minSizeLimit: 50 } }, () => file("a.png", 49));
refused("just large enough, and just small enough", { validation: { sizeLimit: 9, minSizeLimit: 5 } }, () => file("a", 5), () => file("b", 9));
refused("too many", { validation: { itemLimit: 1 } }, () => file("a"), () => file("b"));
refused("the rest after one that is rejected", {}, () => file("a"), () => file("b", 0), () => file("c"));
refused("goes on after one that is rejected", { validation: { stopOnFirstInvalidFile: false } }, () => file("a"), () => file("b", 0), () => file("c"));
refused("onValidateBatch says no", { callbacks: { onValidateBatch: () => false } }, () => file("a"), () => file("b"));
refused("onValidateBatch by a promise", { callbacks: { onValidateBatch: () => Promise.resolve() } }, () => file("a"), () => file("b"));
refused("onValidateBatch by a promise that is rejected", { callbacks: { onValidateBatch: () => Promise.reject(new Error("no")) } }, () => file("a"));
refused("onValidate says no to one", { callbacks: { onValidate: ({ name }) => name !== "a" } }, () => file("a"), () => file("b"));
refused("onValidate by qq.Promise that fails", { callbacks: { onValidate: () => new qq.Promise().failure() } }, () => file("a"));
refused("onValidate by a native promise", { callbacks: { onValidate: () => Promise.resolve() } }, () => file("a"), () => file("b"));
refused("onSubmit says no", { callbacks: { onSubmit: (id) => id !== 0 } }, () => file("a"), () => file("b"));
refused("onSubmit by promises", { callbacks: { onSubmit: (id) => (id === 0 ? Promise.resolve() : Promise.reject(new Error("no"))) } }, () => file("a"), () => file("b"));
refused("a callback that throws", { callbacks: { onSubmit: () => { throw new Error("of the page"); } } }, () => file("a"));
refused("formatFileName", { formatFileName: (name) => `<${name}>` }, () => file("a", 0));

scenario("validation: the item limit moves", manual({ validation: { itemLimit: 2 } }), async (u, s) => {
  u.getRemainingAllowedItems();
  u.addFiles([file("a"), file("b")]);
  await s.taken(2);
  u.addFiles(file("c"));
  u.setItemLimit(4);
  u.addFiles(file("d"));
  await s.taken(4);
  u.cancel(0);
  u.getRemainingAllowedItems();
}, ordered);

async function picture(width, height, name = "p.png", type = "image/png") {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").fillRect(0, 0, width, height);
  const drawn = await new Promise((resolve) => canvas.toBlob(resolve, type));
  return new File([drawn], name, { type });
}

for (const [limit, name] of [[{ maxHeight: 10 }, "too high"], [{ maxWidth: 10 }, "too wide"], [{ minHeight: 50 }, "too low"], [{ minWidth: 50 }, "too narrow"]]) {
  scenario(`validation: an image that is ${name}`, manual({ validation: { image: limit } }), async (u, s) => {
    u.addFiles(await picture(40, 30));
    await s.taken(1);
  });
}

scenario("validation: what looks like an image and is none", manual({ validation: { image: { maxWidth: 10 } } }), async (u, s) => {
  u.addFiles(file("a.png", 20, "image/png"));
  await s.taken(1);
});

scenario("added: blobs, named and not", {}, async (u, s) => {
  u.addFiles(blob(3, "text/plain"));
  u.addFiles({ blob: blob(4), name: "named.txt" });
  u.addBlobs([{ blob: blob(5), name: "old" }]);
  await s.done();
});

scenario("added: canvases", manual(), async (u, s) => {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 4, height: 4 });
  u.addFiles(canvas);
  u.addFiles({ canvas, name: "drawn.jpg", type: "image/jpeg", quality: 50 });
  await s.taken(2);
  u.uploadStoredFiles();
  await s.done();
});

const chosen = (...files) => {
  const transfer = new DataTransfer();
  for (const one of files) transfer.items.add(one);
  return transfer.files;
};

scenario("added: an input and a list of files", manual(), async (u, s) => {
  const input = document.createElement("input");
  input.type = "file";
  input.files = chosen(file("of-input.txt"));
  u.addFiles(input);
  u.addFiles(chosen(file("x.txt"), file("y.txt")));
  await s.taken(3);
}, ordered);

scenario("added: nothing, and what is no file", manual(), async (u, s) => {
  u.addFiles(undefined);
  u.addFiles([]);
  u.addFiles([1, "two", {}]);
  u.addFiles([{}, file("a")]);
  await s.taken(1);
}, ordered);

scenario("added: batches", manual(), async (u, s) => {
  u.addFiles([file("a"), file("b")]);
  await s.taken(2);
  u.addFiles(file("c"));
  await s.taken(3);
  u.clearStoredFiles();
  u.addFiles(file("d"));
  await s.taken(4);
}, ordered);

const button = () => {
  const element = document.createElement("div");
  element.id = "button";
  document.body.append(element);
  return element;
};

scenario("button: files are chosen", () => manual({ button: button() }), async (u, s) => {
  const input = document.querySelector("#button input");
  input.files = chosen(file("a.txt"), file("b.txt"));
  input.dispatchEvent(new Event("change"));
  await s.taken(2);
  u.getButton(0);
}, ordered);

scenario("button: one with rules of its own", () => manual({ extraButtons: [{ element: button(), validation: { allowedExtensions: ["txt"] } }] }), async (u, s) => {
  const input = document.querySelector("#button input");
  input.files = chosen(file("a.png"));
  input.dispatchEvent(new Event("change"));
  await s.taken(1);
}, ordered);

// What is dropped here by a script has no entries of a file system: these are in their place.
const entry = (one) => one instanceof File ? { isFile: true, isDirectory: false, name: one.name, fullPath: `/${one.name}`, file: (ok) => ok(one) } : {
  isFile: false, isDirectory: true, name: one.folder, fullPath: `/${one.folder}`,
  createReader: (left = [one.files.map(entry)]) => ({ readEntries: (ok) => ok(left.shift() ?? []) }),
};

scenario("drop: files and a folder, on a zone of qq.DragAndDrop", manual(), async (u, s) => {
  const zone = button();
  const dropped = (what) => (...args) => s.note(what, args);
  const zones = new qq.DragAndDrop({ dropZoneElements: [zone], callbacks: {
    processingDroppedFiles: dropped("processing"),
    processingDroppedFilesComplete: (files, target) => (dropped("complete")(files, target), u.addFiles(files)),
    dropError: dropped("error"),
  } });
  const things = [file("a.txt"), file("b.txt"), { folder: "f", files: [file("c.txt")] }];
  const dataTransfer = new DataTransfer();
  Object.defineProperty(dataTransfer, "effectAllowed", { value: "all" }); // "none" where nobody drags
  const items = things.map((one) => dataTransfer.items.add(one instanceof File ? one : file(one.folder)));
  DataTransferItem.prototype.webkitGetAsEntry = () => entry(things.shift());
  s.note("items", items.length);
  for (const type of ["dragenter", "dragover"]) zone.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  await s.taken(3);
  zones.dispose();
}, ordered);

scenario("paste: an image", () => manual({ paste: { targetElement: button() } }), async (u, s) => {
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File(["x"], "image.png", { type: "image/png" }));
  document.getElementById("button").dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  await s.taken(1);
});

scenario("form: its fields go along, and its submission uploads", (s) => {
  const form = document.createElement("form");
  form.action = s.virtual;
  form.innerHTML = `<input name="Title" value="t"><input type="checkbox" name="yes" value="1" checked><input type="checkbox" name="no" value="1">
    <textarea name="words">w</textarea><select name="pick"><option value="a"><option value="b" selected></select><input name="off" value="x" disabled>`;
  document.body.append(form);
  return { form: { element: form }, request: { params: { kept: "k" } } };
}, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.taken(1);
  document.querySelector("form").requestSubmit();
  await s.done();
});

// Copies come out the same where the page draws them.
const customResizer = ({ targetCanvas, width, height }) => {
  targetCanvas.getContext("2d").fillRect(0, 0, width, height);
  return Promise.resolve();
};

scenario("scaling: copies and the original", { scaling: { customResizer, sizes: [{ name: "large", maxSize: 30 }, { name: "small", maxSize: 10 }] } }, async (u, s) => {
  u.addFiles(await picture(60, 40));
  await s.done();
});

scenario("scaling: no original, another type, and no image", { scaling: { customResizer, sendOriginal: false, defaultType: "image/jpeg", sizes: [{ name: "s", maxSize: 10 }] } }, async (u, s) => {
  u.addFiles([await picture(60, 40), file("a.txt")]);
  await s.done();
});

scenario("scaling: an image that cannot be read", { scaling: { sizes: [{ name: "s", maxSize: 10 }] } }, async (u, s) => {
  u.addFiles(file("a.png", 20, "image/png"));
  await s.done();
});

scenario("files: asked about, and unknown ones", manual(), async (u, s) => {
  u.addFiles([file("a"), file("b")]);
  await s.taken(2);
  for (const method of ["getName", "getSize", "getUuid", "getFile", "getEndpoint", "getKey", "getBucket", "getButton", "getParentId", "isResumable", "doesExist"]) {
    u[method](0);
    u[method](7);
  }
  u.getUploads({ id: 1 });
  u.getUploads({ id: [1, 0] });
  u.getUploads({ id: 7 });
  u.getUploads({ status: ["submitted"] });
  u.getUploads({ status: "queued" });
  u.getNetUploads();
  u.getResumableFilesData();
  u.removeFileRef(0);
  u.getFile(0);
  u.setStatus(0, "queued");
  u.setStatus(0, "deleted");
}, ordered);
