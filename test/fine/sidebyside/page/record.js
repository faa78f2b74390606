"use strict";
// A scenario is what somebody does with an uploader, whichever it is. All that
// the uploader then says is written down, a line for each call.

const scenarios = new Map();

/**
 * @param {string} name
 * @param {object | ((s: Stage) => object)} options of the uploader, over the ones that reach the store
 * @param {((u: object, s: Stage) => Promise<void>) | Function[]} play what is done; a list: with a reload after each
 * @param {object} [more] unseen: sections that are not compared;
 *   ordered: the lines of several files come in one order, for nothing of it depends on the network
 */
function scenario(name, options, play, { ordered = false, unseen = [] } = {}) {
  if (scenarios.has(name)) throw new Error(`two scenarios are called ${name}`);
  scenarios.set(name, { options, plays: [play].flat(), ordered, unseen, differs: differences[name] ?? [] });
}

const trouble = (...list) => post("/control/troubles", list.map((one) => ({ From: 1, ...one })));
const replies = (byPath) => post("/control/reply", Object.fromEntries(Object.entries(byPath).map(([path, [status, body]]) => [path, { status, body: JSON.stringify(body) }])));

const file = (name, size = 5, type = "text/plain") => new File([bytes(size)], name, { type });
const blob = (size = 5, type = "") => new Blob([bytes(size)], { type });

// Parts of 1,000 bytes: the store is told to accept them.
const parts = (more = {}) => ({ chunking: qq.extend({ enabled: true, partSize: 1000 }, more, true) });
const again = (more = {}) => ({ retry: { enableAuto: true, autoAttemptDelay: 0.01, ...more } });

// The words of messages are free: these are in place of either's own.
const words = {
  text: { defaultResponseError: "the default response error" },
  messages: {
    typeError: "type {file} {extensions}", sizeError: "size {file} {sizeLimit}", minSizeError: "min {file} {minSizeLimit}",
    emptyError: "empty {file}", tooManyItemsError: "many {netItems} {itemLimit}", maxHeightImageError: "too high", maxWidthImageError: "too wide",
    minHeightImageError: "too low", minWidthImageError: "too narrow", noFilesError: "no files", retryFailTooManyItems: "retry of too many",
  },
  scaling: { failureText: "cannot be scaled" },
};

const callbackNames = [
  "onValidateBatch", "onValidate", "onSubmit", "onSubmitted", "onUpload", "onUploadChunk", "onUploadChunkSuccess", "onProgress",
  "onTotalProgress", "onResume", "onComplete", "onAllComplete", "onError", "onCancel", "onAutoRetry", "onManualRetry",
  "onStatusChange", "onSubmitDelete", "onDelete", "onDeleteComplete", "onPasteReceived", "onSessionRequestComplete", "onCredentialsExpired",
];

// A value as text, the same for the same.
function show(value) {
  if (value === undefined) return "undefined";
  if (value === null || typeof value === "number" || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (value instanceof XMLHttpRequest) return `xhr ${value.status}`;
  if (value instanceof File) return `File(${value.name}, ${value.size})`;
  if (value instanceof Blob) return `Blob(${value.size}, ${value.type || "no type"})`;
  if (value instanceof Element) return `<${value.localName} ${value.id}>`;
  if (value instanceof Error) return `${value instanceof qq.Error ? "qq.Error" : value.constructor.name}`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value.then === "function") return "a promise";
  return `{${Object.keys(value).sort().map((name) => `${name}: ${show(value[name])}`).join(", ")}}`;
}

class Stage {
  constructor(facts) {
    Object.assign(this, facts);
    this.lines = []; // {id of the file, text, several, total}
    this.heard = []; // [callback, ...arguments]
    this.uploader = undefined;
  }

  credentials(more = {}) {
    const { accessKey, secretKey } = this;
    return { accessKey, secretKey, expiration: new Date(Date.now() + 600000), ...more };
  }

  // Options for a page whose server signs.
  signed(version, endpoint = "/sign") {
    return {
      request: { endpoint: this.virtual, accessKey: this.serverKey }, validation: { sizeLimit: 9000 }, signature: { version, endpoint },
      credentials: { accessKey: null, secretKey: null, expiration: null },
    };
  }

  expired() {
    return this.credentials({ expiration: new Date(Date.now() - 1000) });
  }

  // several: of parts that go at the same time, in the network's order.
  write(id, text, several = false) {
    this.lines.push({ id: Number.isInteger(id) ? id : undefined, text, several });
  }

  // What a method gave back, or anything else that should be the same.
  note(what, value) {
    this.write(null, `note ${what}: ${show(value)}`);
  }

  // How often progress is told is the network's affair, and so is how far it came
  // of what then fails. So of onProgress the last one before a success is written
  // down; of onTotalProgress what is told while nothing is sent, with autoUpload off,
  // and the last before onAllComplete, both beside the order of all else. Which of several files is first is the network's, too.
  hear(name, args, self) {
    this.heard.push([name, ...args]);
    const last = (what, id) => show(this.heard.findLast(([heard, of]) => heard === what && (id === undefined || of === id)));
    if (name === "onProgress" || name === "onTotalProgress" && (this.real._options.autoUpload || this.count("onUpload") > 0)) return;
    if (name === "onComplete" && args[2].success) this.write(args[0], `the last progress was ${last("onProgress", args[0])}`);
    if (name === "onAllComplete") {
      this.lines.push({ text: `at the end ${last("onTotalProgress")}`, total: true });
      if (this.real._options.maxConnections > 1) args = args.map((ids) => [...ids].sort());
    }
    const own = self === this.real ? "" : ", this is not the uploader";
    if (name === "onTotalProgress") {
      this.lines.push({ text: show(args), total: true });
      return;
    }
    const several = name.startsWith("onUploadChunk") && this.real._options.chunking.concurrent.enabled;
    this.write(args[0], `${name}(${args.map(show).join(", ")})${own}`, several);
  }

  make(options) {
    const { virtual, region, bucket } = this;
    const base = {
      request: { endpoint: virtual }, objectProperties: { region, bucket }, credentials: this.credentials(), signature: { version: 4 }, ...words,
    };
    const stage = this;
    const { callbacks: own = {}, ...others } = options;
    const all = qq.extend(base, others, true);
    all.callbacks = Object.fromEntries(callbackNames.map((name) => [name, function (...args) {
      stage.real ??= this; // the constructor may call back already
      stage.hear(name, args, this);
      return own[name]?.apply(this, args);
    }]));
    this.real = new qq.s3.FineUploaderBasic(all);
    this.uploader = this.watched(this.real);
    return this.uploader;
  }

  // Every method writes down that it was called, and what it gave back.
  watched(real) {
    return new Proxy(real, {
      get: (_, name) => (...args) => {
        this.write(args[0], `${name}(${args.map(show).join(", ")})`);
        let result;
        try {
          result = real[name](...args);
        } catch (error) {
          this.write(args[0], `${name} throws ${show(error)}`);
          return undefined;
        }
        this.write(args[0], `${name} gives ${show(result)}`);
        return result;
      },
    });
  }

  count(name) {
    return this.heard.filter(([heard]) => heard === name).length;
  }

  times(name, count = 1) {
    return until(`${name}, ${count} times`, () => this.count(name) >= count);
  }

  done(count = 1) {
    return this.times("onAllComplete", count);
  }

  // onAllComplete has named that file.
  named(id) {
    return until(`the end of file ${id}`, () => this.heard.some(([name, ...lists]) => name === "onAllComplete" && lists.flat().includes(id)));
  }

  // Nothing is left in the store of an upload that was dropped; by: who does that.
  async cleaned(by = ["original", "ours"]) {
    const side = location.pathname.slice(1).replace(".html", "");
    if (by.includes(side)) await until("nothing unfinished", async () => (await get("/control/uploads")) === 0);
  }

  status(id, status) {
    return until(`file ${id} is ${status}`, () => this.real.getUploads({ id })?.status === status);
  }

  // All files are past validation.
  taken(count) {
    return until(`${count} files`, () => this.real.getUploads().filter(({ status }) => status !== "submitting").length >= count);
  }

  // Files whose requests are held until all are past validation, so that it is
  // not the network that says which one waits for a connection.
  // What is no file is trouble that goes on.
  async together(...list) {
    const files = list.filter((one) => one instanceof Blob);
    const troubles = list.filter((one) => !(one instanceof Blob));
    await trouble(...troubles, { op: "PostObject", hold: true }, { op: "CreateMultipartUpload", hold: true });
    this.uploader.addFiles(files);
    await this.taken(files.length);
    await trouble(...troubles);
  }

  // The store has heard that the page has broken off all that was held.
  gone() {
    return until("all that was held is gone", async () => (await get("/control/held")) === 0);
  }

  // Requests of that method, and with that in their path, have arrived at the store.
  arrived(method, part, count = 1) {
    return until(`${count} ${method} ${part}`, async () => (await get("/control/wire")).store.filter((one) => one.method === method && one.path.includes(part)).length >= count);
  }
}

const dated = /^(x-amz-date|x-amz-signature|signature|x-amz-credential)$/;

function formLine({ method, path, fields }) {
  const values = fields.map(([name, value]) => {
    if (name === "policy") return `policy=${atob(value)}`;
    return `${name}=${dated.test(name) ? "…" : value}`;
  });
  return `${method} ${path} ${values.join(" ")}`;
}

const kept = /^(x-amz-(acl|meta-.*|storage-class|server-side.*|security-token)|cache-control|content-(type|disposition|encoding|md5))$/;

// Of requests for parts what the store keeps of them: which headers are signed,
// and how the list of parts is written, may be one's own.
// Whether the end of an upload is looked at is the drop-in's affair.
const compared = ({ method, path }) => method !== "DELETE" && !path.includes("max-parts=1");

function storeLine(request) {
  if (request.fields) return formLine(request);
  const { method, path, headers, size } = request;
  const start = path.endsWith("?uploads");
  const values = Object.entries(headers).filter(([name]) => kept.test(name) && (start || name !== "content-type")).sort().map((pair) => pair.join("="));
  return [method, path, ...values, ...(method === "PUT" ? [`${size} bytes`] : [])].join(" ");
}

const own = /^(accept|content-type|x-requested-with|x-mine)$/;

// What is to be signed of a request for parts, as far as it must be the same: see storeLine.
const unsigned = (body) => body.replace(/\\ncontent-type:[^\\]*/, "").replace(/content-type;/, "").replace("application/xml; charset=UTF-8", "application/xml")
  .replace(/(POST.*uploadId=.*)[0-9a-f]{64}/, "$1…").replace(/(uploadId=.*x-amz-content-sha256:)[0-9a-f]{64}/, "$1…");

const serverLine = ({ method, path, headers, body }) =>
  [method, path, ...Object.entries(headers).filter(([name]) => own.test(name)).sort().map((pair) => pair.join("=")), unsigned(body)].join(" ");

const recordLines = (u) => u.getUploads().map(({ file: _, ...record }) => {
  const { id } = record;
  return `${show(record)} key=${u.getKey(id)} bucket=${u.getBucket(id)} parent=${u.getParentId(id)} held=${u.doesExist(id)}`;
});

// Of a record in storage what Fine Uploader has in it.
const storageLines = () => Object.keys(localStorage).sort().map((name) => {
  const { name: file, size, uuid, key, chunking, loaded, customResumeData } = JSON.parse(localStorage.getItem(name));
  return `${name}: ${show({ file, size, uuid, key, chunking, loaded, customResumeData })}`;
});

async function outcome(u) {
  const { store, server } = await get("/control/wire");
  return {
    files: recordLines(u),
    "what the records have": u.getUploads().map((record) => `file ${record.id}: ${"file" in record ? record.file?.name ?? show(record.file) : "no such property"}`),
    counts: [`in progress ${u.getInProgress()}, net uploads ${u.getNetUploads()}, remaining ${u.getRemainingAllowedItems()}, resumable ${show(u.getResumableFilesData())}`],
    storage: storageLines(),
    objects: (await get("/control/objects")).map(({ key, ...about }) => `${key}: ${show(about)}`),
    "unfinished uploads": [String(await get("/control/uploads"))],
    "requests to the store": store.filter(compared).map(storeLine),
    "requests to the server": server.map(serverLine),
  };
}

// Plays one stage, and returns what was written down; after the last with the outcome.
async function play(name, at) {
  const { options, plays, ordered, unseen } = scenarios.get(name);
  if (at === 0) {
    await post("/control/reset");
    localStorage.clear();
  }
  const stage = new Stage(await get("/control/world"));
  let wrong = "";
  try {
    await plays[at](stage.make(typeof options === "function" ? options(stage) : options), stage);
  } catch (error) {
    wrong = `${error.stack}\n${stage.lines.map(({ text }) => text).join("\n")}`;
  }
  const last = at === plays.length - 1;
  return { wrong, ordered, unseen, concurrent: !!stage.real?._options.chunking.concurrent.enabled, lines: stage.lines, last, outcome: last && !wrong ? await outcome(stage.real) : {} };
}

// What the test asks for: in Firefox its scripts see nothing but window.
Object.assign(window, {
  play,
  plans: () => [...scenarios].map(([Name, { differs: Differs }]) => ({ Name, Differs })),
  idle: () => Object.keys(differences).filter((name) => !scenarios.has(name)),
});
