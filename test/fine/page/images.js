"use strict";

async function picture(width, height, type = "image/png", name = "picture.png") {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  context.fillStyle = "#c00";
  context.fillRect(0, 0, width / 2, height);
  context.fillStyle = "#00c";
  context.fillRect(width / 2, 0, width / 2, height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, 0.9));
  return new File([blob], name, { type });
}

const sizeOf = async (blob) => {
  const bitmap = await createImageBitmap(blob);
  return [bitmap.width, bitmap.height];
};

test("image validation: each limit, and what cannot be read passes", async (w) => {
  const messages = { maxHeightImageError: "maxH", maxWidthImageError: "maxW", minHeightImageError: "minH", minWidthImageError: "minW" };
  for (const [image, reason] of [[{ maxHeight: 10 }, "maxH"], [{ maxWidth: 10 }, "maxW"], [{ minHeight: 100 }, "minH"], [{ minWidth: 100 }, "minW"]]) {
    const one = new World(w);
    one.uploader({ autoUpload: false, messages, validation: { image } }).addFiles(await picture(40, 30));
    await one.once("error");
    equal(one.of("error")[0][3], reason, "message");
  }
  const u = w.uploader({ autoUpload: false, validation: { image: { maxWidth: 10 } } });
  u.addFiles([new File(["no image"], "a.png", { type: "image/png" }), new File(["text"], "a.txt", { type: "text/plain" })]);
  await until("both", () => u.getUploads({ status: "submitted" }).length === 2);
});

test("scaling: copies before the original, with their names, parameters and sizes", async (w) => {
  const u = w.uploader({ scaling: { sizes: [{ name: "large", maxSize: 60 }, { name: "small", maxSize: 20 }] } });
  const file = await picture(120, 60);
  u.addFiles(file);
  await w.once("allComplete");
  equal(u.getUploads().map(({ name }) => name), ["picture (small).png", "picture (large).png", "picture.png"], "names");
  equal([u.getParentId(0), u.getParentId(1), u.getParentId(2)], [2, 2, null], "parents");
  equal(w.of("upload").map(([, id]) => id), [0, 1, 2], "order");
  equal(w.of("validate").map(([, about]) => about), Array(3).fill({ name: "picture.png", size: file.size }), "looked at as the original");
  equal(w.of("submit").map(([, , name]) => name), ["picture (small).png", "picture (large).png", "picture.png"], "submitted by their names");
  ok(u.getFile(0) === file, "getFile is the original");
  const forms = (await w.wire()).map(({ fields }) => Object.fromEntries(fields));
  const small = forms.find((form) => form.key === u.getKey(0));
  equal([small["x-amz-meta-qqparentuuid"], small["x-amz-meta-qqparentsize"], small["x-amz-meta-qquuid"]], [u.getUuid(2), String(file.size), u.getUuid(0)], "parameters of a copy");
  equal(forms.find((form) => form.key === u.getKey(2))["x-amz-meta-qquuid"], u.getUuid(2), "of the original");
  ok(u.getSize(0) > 0 && u.getSize(0) < file.size, "size");
  equal((await w.object(u.getKey(2))).size, file.size, "original");
});

test("scaling: no original, another type, and what is no image", async (w) => {
  const u = w.uploader({ scaling: { sendOriginal: false, defaultType: "image/jpeg", sizes: [{ name: "s", maxSize: 10 }] } });
  u.addFiles([await picture(40, 20), new File(["x"], "a.txt", { type: "text/plain" })]);
  await w.once("allComplete");
  equal(u.getUploads().map(({ name, status }) => [name, status]), [
    ["picture (s).jpeg", "upload successful"], ["picture.png", "rejected"], ["a.txt", "upload successful"],
  ], "names");
  equal((await w.object(u.getKey(0))).headers["content-type"], "image/jpeg", "type");
});

test("scaling: a failure fails the copy with its text", async (w) => {
  const u = w.uploader({ scaling: { failureText: "cannot", sizes: [{ name: "s", maxSize: 10 }] }, retry: { enableAuto: true } });
  u.addFiles(new File(["no image"], "a.png", { type: "image/png" }));
  await w.once("allComplete");
  equal([w.of("error")[0].slice(1, 4), w.of("autoRetry").length], [[0, "a (s).png", "cannot"], 0], "error");
  equal(w.of("allComplete")[0], ["allComplete", [1], [0]], "all");
});

test("scaleImage: a smaller copy, by size, type and resizer", async (w) => {
  const u = w.uploader({ autoUpload: false });
  u.addFiles(await picture(100, 50));
  const scaled = async (options) => new Promise((resolve, reject) => u.scaleImage(0, options).then(resolve, reject));
  equal(await sizeOf(await scaled({ maxSize: 20 })), [20, 10], "size");
  const jpeg = await scaled({ maxSize: 20, type: "image/jpeg", quality: 50 });
  equal(jpeg.type, "image/jpeg", "type");
  equal(await sizeOf(await scaled({ maxSize: 500 })), [100, 50], "not larger");
  let about;
  await scaled({ maxSize: 20, customResizer: (given) => { about = given; return Promise.resolve(); } });
  equal([Object.keys(about).sort(), about.width, about.height], [["blob", "height", "image", "sourceCanvas", "targetCanvas", "width"], 20, 10], "customResizer");
  let failed;
  u.scaleImage(7, { maxSize: 20 }).then(undefined, (why) => (failed = why));
  ok(failed, "unknown id");
  const pixel = await createImageBitmap(await scaled({ maxSize: 20 }));
  const canvas = document.createElement("canvas");
  canvas.width = 20;
  canvas.height = 10;
  const context = canvas.getContext("2d");
  context.drawImage(pixel, 0, 0);
  const left = context.getImageData(2, 5, 1, 1).data;
  const right = context.getImageData(17, 5, 1, 1).data;
  ok(left[0] > 150 && left[2] < 60 && right[2] > 150 && right[0] < 60, `colours ${left} and ${right}`);
});

// A JPEG whose EXIF says that it lies on its side: orientation 6.
async function sideways() {
  const plain = new Uint8Array(await (await picture(40, 20, "image/jpeg", "p.jpg")).arrayBuffer());
  const exif = [0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
  return new File([plain.slice(0, 2), new Uint8Array(exif), plain.slice(2)], "p.jpg", { type: "image/jpeg" });
}

test("scaleImage: upright, and with the camera's data", async (w) => {
  const u = w.uploader({ autoUpload: false });
  u.addFiles(await sideways());
  const scaled = (options) => new Promise((resolve, reject) => u.scaleImage(0, options).then(resolve, reject));
  equal(await sizeOf(await scaled({ maxSize: 20 })), [10, 20], "turned");
  equal(await sizeOf(await scaled({ maxSize: 20, orient: false })), [20, 10], "as it lies");
  const kept = new Uint8Array(await (await scaled({ maxSize: 20, includeExif: true })).arrayBuffer());
  equal(String.fromCharCode(...kept.slice(6, 10)), "Exif", "segment");
  equal(kept[31], 1, "orientation is the normal one now"); // the value of the only entry: Exif 2.32, section 4.6.2
  equal(await sizeOf(new Blob([kept], { type: "image/jpeg" })), [10, 20], "and it is not turned twice");
});

test("drawThumbnail: into an img and a canvas, and what fails", async (w) => {
  const u = w.uploader({ autoUpload: false });
  u.addFiles(await picture(100, 50));
  u.addInitialFiles([{ name: "b", uuid: "u", s3Key: "k" }]);
  const img = document.createElement("img");
  const canvas = document.createElement("canvas");
  const draw = (...args) => new Promise((resolve, reject) => u.drawThumbnail(...args).then(resolve, reject));
  ok((await draw(0, img, 20)) === img, "fulfilled with the container");
  equal([img.naturalWidth, img.naturalHeight], [20, 10], "img");
  await draw(0, canvas, 40);
  equal([canvas.width, canvas.height], [40, 20], "canvas");
  let failure;
  await draw(1, img, 20).catch((why) => (failure = why));
  ok(failure.container === img && typeof failure.error === "string", "failure");
});
