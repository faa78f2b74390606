"use strict";
// Options that no other scenario has, and the functions of qq itself.

// What is said in the console, by level; info only with debug.
scenario("log: with debug and without", { debug: false }, async (u, s) => {
  const real = { ...console };
  const heard = [];
  for (const level of ["log", "info", "warn", "error"]) console[level] = (line) => heard.push([level, line]);
  u.log("a");
  u.log("b", "warn");
  u.log("c", "error");
  new qq.s3.FineUploaderBasic({ debug: true, request: { endpoint: s.virtual } }).log("d");
  qq.log("e");
  qq.log("f", "warn");
  Object.assign(console, real);
  s.note("said", heard.filter(([, line]) => /(^|] )[a-f]$/.test(line)));
});

for (const warnBeforeUnload of [true, false]) {
  scenario(`leaving the page: warnBeforeUnload is ${warnBeforeUnload}`, { warnBeforeUnload, messages: { onLeave: "stay" } }, async (u, s) => {
    const leave = () => {
      const event = document.createEvent("BeforeUnloadEvent");
      event.initEvent("beforeunload", false, true);
      window.dispatchEvent(event);
      s.note("leaving", event.returnValue);
    };
    leave();
    await trouble({ op: "PostObject", hold: true });
    u.addFiles(file("a.txt"));
    leave();
    await trouble();
    await s.done();
    leave();
  });
}

scenario("names: of the input and of the UUID", () => ({
  button: button(), request: { inputName: "mine", uuidName: "id" }, deleteFile: { enabled: true, endpoint: "/server/files", method: "POST" },
}), async (u, s) => {
  s.note("input", document.querySelector("#button input").name);
  u.addFiles(file("a.txt"));
  await s.done();
  u.deleteFile(0);
  await s.times("onDeleteComplete");
});

scenario("names: of blobs and of what is pasted", () => ({ autoUpload: false, blobs: { defaultName: "nameless" }, paste: { targetElement: button(), defaultName: "glued" } }), async (u, s) => {
  u.addFiles(blob());
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File(["x"], "image.png", { type: "image/png" }));
  document.getElementById("button").dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  await s.taken(2);
});

scenario("classes: of a button", () => ({ button: button(), classes: { buttonHover: "over", buttonFocus: "in" } }), async (u, s) => {
  for (const type of ["mouseover", "focus", "mouseout", "blur"]) {
    document.querySelector("#button input").dispatchEvent(new Event(type));
    s.note(type, document.getElementById("button").className.split(" ").filter((name) => ["over", "in"].includes(name)));
  }
});

scenario("sizes: in the page's own symbols", { autoUpload: false, validation: { sizeLimit: 1234567 }, text: { sizeSymbols: ["K", "M", "G"] } }, async (u, s) => {
  u.addFiles(file("a.bin", 1234568));
  await s.taken(1);
});

scenario("retry: forbidden by a property of the page's own", {
  uploadSuccess: { endpoint: "/server/done" }, ...again({ preventRetryResponseProperty: "final" }),
}, async (u, s) => {
  await replies({ "/server/done": [200, { success: false, final: true }] });
  u.addFiles(file("a.txt"));
  await s.done();
  u.retry(0);
});

scenario("retry: the connection is kept meanwhile", { maxConnections: 1, ...again({ autoAttemptDelay: 600 }) }, async (u, s) => {
  await s.together({ op: "PostObject", To: 1, code: "InternalError" }, file("a.txt"), file("b.txt"));
  await s.status(0, "retrying upload");
  u.getInProgress();
  u.getUploads({ id: 1 });
  u.cancel(0);
  await s.named(1);
});

for (const code of ["EntityTooSmall", "InvalidPart", "InvalidPartOrder", "NoSuchUpload"]) {
  scenario(`parts: the end is refused with ${code}, and all begins anew`, { ...parts(), ...again() }, async (u, s) => {
    await trouble({ op: "CompleteMultipartUpload", To: 1, code });
    u.addFiles(file("a.bin", 1500));
    await s.done();
  }, { unseen: ["unfinished uploads"] }); // the store has only said so, and keeps the first
}

scenario("parts: the end fails with a status at which all begins anew", { ...parts({ success: { resetOnStatus: [503] } }), ...again() }, async (u, s) => {
  await trouble({ op: "CompleteMultipartUpload", To: 1, code: "SlowDown", status: 503 });
  u.addFiles(file("a.bin", 1500));
  await s.done();
}, { unseen: ["unfinished uploads"] });

scenario("resume: without parts there is nothing to resume", { resume: { enabled: true } }, async (u, s) => {
  u.addFiles(file("a.bin", 1500));
  await s.done();
  u.getResumableFilesData();
});

scenario("resume: storage is full", { ...parts(), resume: { enabled: true } }, async (u, s) => {
  Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
  u.addFiles(file("a.bin", 2500));
  await s.done();
});

const day = 86400000;
scenario("resume: records end when the page says", () => {
  localStorage.setItem("qqs3resume5.0-kept", JSON.stringify({ lastUpdated: Date.now() - 1.5 * day, chunking: {} }));
  localStorage.setItem("qqs3resume5.0-old", JSON.stringify({ lastUpdated: Date.now() - 2.5 * day, chunking: {} }));
  return { ...parts(), resume: { enabled: true, recordsExpireIn: 2 } };
}, async (u, s) => {
  s.note("left", Object.keys(localStorage));
  localStorage.clear();
});

scenario("session: not asked again by reset", { session: { endpoint: "/server/session", refreshOnReset: false } }, async (u, s) => {
  await s.times("onSessionRequestComplete");
  u.reset();
  u.addFiles(file("a.txt"));
  await s.done();
});

const aForm = (s) => {
  const form = document.createElement("form");
  form.id = "of-page";
  form.innerHTML = '<input name="Title" value="t">';
  document.body.append(form);
  form.addEventListener("submit", (event) => {
    s.note("submitted, prevented", event.defaultPrevented);
    event.preventDefault();
  });
};

scenario("form: by its id, uploaded by itself, its submission left alone", (s) => (aForm(s), { form: { element: "of-page", autoUpload: true, interceptSubmit: false } }), async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  document.querySelector("form").requestSubmit();
});

scenario("form: set later", (s) => (aForm(s), {}), async (u, s) => {
  u.setForm("of-page");
  u.addFiles(file("a.txt"));
  await s.taken(1);
  document.querySelector("form").requestSubmit();
  await s.done();
});

scenario("scaling: the page's quality", { scaling: { customResizer, defaultQuality: 20, defaultType: "image/jpeg", sizes: [{ name: "s", maxSize: 10 }] } }, async (u, s) => {
  u.addFiles(await picture(60, 40));
  await s.done();
});

scenario("onSubmitted: uploads what is stored", { autoUpload: false, callbacks: { onSubmitted() { this.uploadStoredFiles(); } } }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("parameters: what goes without a prefix", { request: { params: {
  "Content-Encoding": "identity", "Content-Disposition": "inline", "cache-control": "lower", "x-amz-server-side-encryption-aws-kms-key-id": "k", "X-Custom": "ä b",
} } }, async (u, s) => {
  await trouble({ op: "PostObject", code: "AccessDenied" });
  u.addFiles(file("a.txt"));
  await s.done();
});

const tried = (run) => {
  try {
    return run();
  } catch (error) {
    return `throws ${error.constructor.name}`;
  }
};

scenario("qq: its functions", {}, async (u, s) => {
  const div = document.createElement("div");
  div.innerHTML = '<p class="a b">one</p><p class="b">two</p><input type="file">';
  const transfer = new DataTransfer();
  transfer.items.add(new File(["x"], "x.txt"));
  const canvas = document.createElement("canvas");
  const values = {
    null: null, zero: 0, text: "a", string: new String("a"), list: [1], bytes: new Uint8Array(1), object: {}, date: new Date(0), fn: () => 1, element: div,
    nodes: div.childNodes, children: div.children, file: new File(["x"], "x"), blob: new Blob(["x"]), input: div.lastChild, files: transfer.files, items: transfer.items,
  };
  for (const is of ["isArray", "isFunction", "isObject", "isString", "isFile", "isBlob", "isFileList", "isFileOrInput", "isInput", "isItemList", "isNodeList"]) {
    s.note(is, Object.entries(values).filter(([, value]) => value !== null && qq[is](value)).map(([name]) => name));
  }
  s.note("extend", [qq.extend({ a: { b: 1 } }, { a: { c: 2 } }), qq.extend({ a: { b: 1 }, l: [1] }, { a: { c: 2 }, l: [2], u: undefined }, true)]);
  s.note("format", [qq.format("{} of {}", 1, "two"), qq.format("{} {}", "one")]);
  s.note("getExtension", ["a.b.c", "a", ".a", "a."].map((name) => qq.getExtension(name)));
  s.note("indexOf", [qq.indexOf([1, 2], 2), qq.indexOf([1, 2], 1, 1), qq.indexOf([], 1)]);
  s.note("trimStr", qq.trimStr(" a b "));
  s.note("obj2url", [{ a: "b c", d: { e: "f" }, g: [1, 2], h: () => "i", j: null, k: "ä&=" }].flatMap((o) => [tried(() => qq.obj2url(o)), tried(() => qq.obj2url(o, "/x")), tried(() => qq.obj2url(o, "/x?y=1"))]));
  s.note("obj2FormData", [...qq.obj2FormData({ a: 1, b: { c: 2 }, d: () => "e" })]);
  s.note("obj2Inputs", [...qq.obj2Inputs({ a: 1, b: { c: 2 } }).elements].map(({ name, value }) => [name, value]));
  s.note("parseJson", [qq.parseJson('{"a":1}'), tried(() => qq.parseJson("{"))]);
  s.note("getFilename", [qq.getFilename(new File([""], "n.txt")), qq.getFilename({ tagName: "INPUT", type: "file", value: "C:\\fakepath\\v.txt" })]);
  s.note("canvasToBlob", qq.canvasToBlob(canvas, "image/jpeg", 0.5));
  s.note("isFolderDropSupported", !!qq.isFolderDropSupported(transfer));
  s.note("bind", qq.bind(function (a, b) { return [this.c, a, b]; }, { c: 1 }, 2)(3));
  for (const [name, of] of [["an object", { a: 1, b: 2 }], ["a list", ["x", "y"]], ["a string", "ab"], ["nodes", div.children], ["nothing", null]]) {
    const seen = [];
    qq.each(of, (key, value) => void seen.push([key, value]));
    s.note(`each of ${name}`, seen);
  }
  s.note("uuid", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(qq.getUniqueId()));
  const agents = ["ie", "ie7", "ie8", "ie10", "ie11", "edge", "safari", "chrome", "opera", "firefox", "windows", "android", "ios", "ios6", "ios7", "ios8", "ios800", "iosChrome", "iosSafari", "iosSafariWebView", "androidStock"];
  s.note("agents", agents.filter((name) => qq[name]()));
  const { ALGORITHM_PARAM_NAME, CREDENTIAL_PARAM_NAME, DATE_PARAM_NAME, V4_ALGORITHM_PARAM_VALUE, V4_SIGNATURE_PARAM_NAME, CASE_SENSITIVE_PARAM_NAMES, UNPREFIXED_PARAM_NAMES, ...util } = qq.s3.util;
  s.note("names", [ALGORITHM_PARAM_NAME, CREDENTIAL_PARAM_NAME, DATE_PARAM_NAME, V4_ALGORITHM_PARAM_VALUE, V4_SIGNATURE_PARAM_NAME, CASE_SENSITIVE_PARAM_NAMES, UNPREFIXED_PARAM_NAMES]);
  for (const escape of ["uriEscapePath", "uriEscape", "encodeQueryStringParam"]) s.note(escape, util[escape]("a b/c!'()*+ä"));
});

scenario("qq: of an element", {}, async (u, s) => {
  const div = document.createElement("div");
  div.innerHTML = '<p class="a b">one</p><p class="b">two</p>';
  const [first, second] = qq(div).children();
  s.note("children", [first, second].map(({ textContent }) => textContent));
  s.note("getByClass", [qq(div).getByClass("b").length, qq(div).getByClass("a", true) === first, qq(div).getFirstByClass("b") === first, qq(div).getByClass("none").length]);
  qq(first).addClass("c").removeClass("a");
  s.note("classes", [first.className, qq(first).hasClass("c"), qq(first).hasClass("a"), qq(div).hasClass("c"), qq(first).hasClass("none", true)]);
  s.note("contains", [qq(div).contains(first), qq(first).contains(div), qq(div).contains(div), qq(div).contains(null)]);
  qq(first).setText("<b>");
  s.note("setText", first.innerHTML);
  qq(first).clearText();
  s.note("clearText", first.innerHTML);
  qq(second).insertBefore(first);
  s.note("insertBefore", div.firstChild === second);
  for (const value of ["false", "true", "", null]) {
    if (value === null) first.removeAttribute("x");
    else first.setAttribute("x", value);
    s.note(`hasAttribute ${value}`, !!qq(first).hasAttribute("x"));
  }
  qq(first).css({ color: "red", opacity: 0.5 }).hide();
  s.note("css", [first.style.color, first.style.opacity, first.style.display]);
  let clicks = 0;
  const click = () => clicks++;
  const stop = qq(first).attach("click", click);
  first.click();
  stop();
  first.click();
  qq(first).attach("click", click);
  first.click();
  qq(first).detach("click", click);
  first.click();
  s.note("clicks", clicks);
  qq(second).remove();
  s.note("remove", div.children.length);
  const support = new qq.DisposeSupport();
  support.attach(first, "click", click);
  support.addDisposer(() => s.note("disposed", clicks));
  first.click();
  support.dispose();
  first.click();
  s.note("clicks", clicks);
});
