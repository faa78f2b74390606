"use strict";
// A case is a function of what it needs. What it finds wrong it throws.

const cases = new Map();
const test = (name, run) => cases.set(name, run);

const get = async (path) => (await fetch(path)).json();
const post = async (path, body) => (await fetch(path, { method: "POST", body: JSON.stringify(body ?? null) })).json();

const sorted = (v) => (Object.getPrototypeOf(v) === Object.prototype ? Object.fromEntries(Object.entries(v).sort()) : v);

const text = (value) => JSON.stringify(value, (_, v) => (v && typeof v === "object" && !Array.isArray(v) && !(v instanceof Blob) ? sorted(v) : v === undefined ? "undefined" : v instanceof Blob ? `Blob(${v.size})` : v)) ?? "undefined";

function equal(got, want, what) {
  if (text(got) !== text(want)) throw new Error(`${what}: got ${text(got)}, want ${text(want)}`);
}

function ok(value, what) {
  if (!value) throw new Error(`${what}: got ${text(value)}`);
}

function throws(run, what) {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: nothing was thrown`);
}

async function until(what, done, millis = 45000) {
  const end = Date.now() + millis;
  for (;;) {
    const value = await done();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const bytes = (size, seed = 1) => {
  const array = new Uint8Array(size);
  for (let i = 0, x = seed; i < size; i++) array[i] = (x = (x * 1103515245 + 12345) & 0x7fffffff) >> 16;
  return array;
};

const MiB = 1 << 20;
const part = 5 * MiB;

async function sha256(blob) {
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
}

// What a case gets: an uploader's options for the store, and a record of callbacks.
class World {
  constructor(facts) {
    Object.assign(this, facts);
    this.endpoint = facts.virtual; // where Fine Uploader itself signs rightly
    this.log = [];
  }

  credentials(more = {}) {
    const { accessKey, secretKey } = this;
    return { accessKey, secretKey, expiration: new Date(Date.now() + 600000), ...more };
  }

  // Callbacks that say what happened, each with its arguments.
  recorder(own = {}) {
    const callbacks = {};
    for (const name of [
      "onSubmit", "onSubmitted", "onComplete", "onAllComplete", "onCancel", "onUpload", "onUploadChunk", "onUploadChunkSuccess",
      "onProgress", "onTotalProgress", "onResume", "onError", "onAutoRetry", "onManualRetry", "onStatusChange", "onValidate",
      "onValidateBatch", "onDelete", "onSubmitDelete", "onDeleteComplete", "onCredentialsExpired", "onSessionRequestComplete",
      "onPasteReceived",
    ]) {
      const { log } = this;
      callbacks[name] = function (...args) {
        log.push([name.slice(2, 3).toLowerCase() + name.slice(3), ...args]);
        return own[name]?.apply(this, args);
      };
    }
    return callbacks;
  }

  uploader(options = {}, own = {}) {
    const { region } = this;
    const base = {
      request: { endpoint: this.endpoint },
      objectProperties: { region, bucket: this.bucket },
      credentials: this.credentials(),
      signature: { version: 4 },
      callbacks: this.recorder(own),
    };
    this.qq = new qq.s3.FineUploaderBasic(qq.extend(base, options, true));
    return this.qq;
  }

  // Every event of that name.
  of(...names) {
    return this.log.filter(([name]) => names.includes(name));
  }

  names(...but) {
    return this.log.map(([name]) => name).filter((name) => !but.includes(name));
  }

  once(name) {
    return until(name, () => this.log.find(([has]) => has === name));
  }

  async wire() {
    return (await get("/control/wire")).store;
  }

  async asked() {
    return (await get("/control/wire")).server;
  }

  object(key) {
    return get(`/control/object?key=${encodeURIComponent(key)}`);
  }
}

async function run(name) {
  await post("/control/reset");
  localStorage.clear();
  const world = new World(await get("/control/world"));
  try {
    await cases.get(name)(world);
    return "";
  } catch (error) {
    return `${error.stack}\n${world.log.map((line) => text(line)).join("\n")}`;
  }
}
