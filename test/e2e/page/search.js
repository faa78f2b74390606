// Adds searchPage to a page: it returns every text that a script can reach there,
// as pairs of where it stands and what it says. test/security judges them.
window.searchPage = async () => {
const out = [];
const say = (place, text) => { if (text.length >= 8) out.push([place, text.slice(0, 200000)]); };
const latin1 = bytes => { let s = ""; for (let i = 0; i < bytes.length; i += 8192) s += String.fromCharCode(...bytes.subarray(i, i + 8192)); return s; };
const promised = request => new Promise((done, fail) => { request.onsuccess = () => done(request.result); request.onerror = () => fail(request.error); });

// What native code made has its getters on prototypes that are not ours.
const native = new Map();
const isNative = prototype => {
	if (!native.has(prototype)) {
		const made = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
		native.set(prototype, typeof made === "function" && /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(made)));
	}
	return native.get(prototype);
};

// walk looks at everything that hangs on a value. Elements are looked at for what
// scripts have put on them; the document is another function's.
const seen = new Set();
const later = [];
async function walk(place, root) {
	const todo = [[place, root]];
	const add = (at, value) => {
		if (typeof value === "string") say(at, value);
		else if (value !== null && (typeof value === "object" || typeof value === "function") && !seen.has(value)) {
			seen.add(value);
			todo.push([at, value]);
		}
	};
	add(place, root);
	todo.shift();
	if (typeof root === "object" || typeof root === "function") { seen.add(root); todo.push([place, root]); }
	for (let n = 0; todo.length > 0 && n < 200000; n++) {
		const [at, value] = todo.shift();
		if (value === window || value === document || value === out) continue;
		if (ArrayBuffer.isView(value)) { say(at, latin1(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))); continue; }
		if (value instanceof ArrayBuffer) { say(at, latin1(new Uint8Array(value))); continue; }
		if (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer) continue;
		if (value instanceof WebAssembly.Memory) { say(at + " (memory)", latin1(new Uint8Array(value.buffer))); continue; }
		if (value instanceof Blob) { if (value.size < 1e6) say(at + " (blob)", await value.text()); continue; }
		if (value instanceof CryptoKey) {
			if (value.extractable) {
				try { say(at + " (key)", latin1(new Uint8Array(await crypto.subtle.exportKey("raw", value)))); } catch {}
				try { say(at + " (key)", JSON.stringify(await crypto.subtle.exportKey("jwk", value))); } catch {}
			}
			continue;
		}
		if (value instanceof URL || value instanceof URLSearchParams) say(at, String(value));
		if (value instanceof Request || value instanceof Response) { say(at, value.url); add(at + ".headers", value.headers); }
		if (value instanceof Headers) for (const [name, text] of value) say(at + "." + name, text);
		if (value instanceof Map) for (const [k, v] of value) { add(at + " (map key)", k); add(at + " (map value)", v); }
		if (value instanceof Set) for (const v of value) add(at + " (set)", v);
		if (value instanceof Error || (typeof DOMException === "function" && value instanceof DOMException)) {
			for (const name of ["message", "stack", "name", "cause", "hint"]) { try { add(at + "." + name, value[name]); } catch {} }
			try { say(at + " as text", String(value)); } catch {}
		}
		if (typeof value === "function") {
			if (!isNative(Object.getPrototypeOf(value) ?? Function.prototype)) say(at, Function.prototype.toString.call(value));
		} else {
			try { say(at + " as JSON", JSON.stringify(value) ?? ""); } catch {}
		}
		for (let owner = value; owner && owner !== Object.prototype && owner !== Function.prototype && owner !== Array.prototype; owner = Object.getPrototypeOf(owner)) {
			if (owner !== value && isNative(owner)) break;
			for (const name of Reflect.ownKeys(owner)) {
				if (typeof name === "string" && name.length >= 8) say(at + " (name)", name);
				const property = Object.getOwnPropertyDescriptor(owner, name);
				const inside = at + "." + String(name);
				if (property && "value" in property) add(inside, property.value);
				else if (property?.get) { try { add(inside, property.get.call(value)); } catch (error) { add(inside + " (thrown)", error); } }
			}
		}
	}
}

for (const name of ["localStorage", "sessionStorage"]) {
	const store = window[name];
	for (let i = 0; i < store.length; i++) {
		const key = store.key(i);
		say(name, key);
		say(name + "." + key, store.getItem(key));
	}
}

for (const { name, version } of await indexedDB.databases()) {
	const database = await new Promise((done, fail) => {
		const asked = indexedDB.open(name, version);
		asked.onsuccess = () => done(asked.result);
		asked.onerror = () => fail(asked.error);
		asked.onblocked = () => fail(new Error("blocked"));
	});
	for (const store of database.objectStoreNames) {
		const reading = database.transaction(store).objectStore(store);
		const [keys, values] = await Promise.all([promised(reading.getAllKeys()), promised(reading.getAll())]);
		for (const [i, key] of keys.entries()) {
			await walk(`IndexedDB ${name}/${store} key`, [key]);
			await walk(`IndexedDB ${name}/${store}`, [values[i]]);
		}
	}
	database.close();
}

for (const name of await caches.keys()) {
	const cache = await caches.open(name);
	for (const request of await cache.keys()) {
		say("cache " + name, request.url);
		const answer = await cache.match(request);
		if (answer) say("cache " + name + " body", await answer.text());
	}
}

if (navigator.storage?.getDirectory) {
	try {
		const files = async (at, folder) => {
			for await (const [name, handle] of folder.entries()) {
				say("file system " + at, name);
				if (handle.kind === "directory") await files(at + "/" + name, handle);
				else say("file system " + at + "/" + name, await (await handle.getFile()).text());
			}
		};
		await files("", await navigator.storage.getDirectory());
	} catch {}
}

say("cookie", decodeURIComponent(document.cookie));
say("address", decodeURIComponent(location.href));
say("referrer", document.referrer);
say("window.name", window.name);
await walk("history.state", [history.state]);
for (const entry of performance.getEntries()) say("performance " + entry.entryType, entry.name);

const elements = [];
const look = (at, node) => {
	if (node.nodeType === Node.TEXT_NODE || node.nodeType === Node.COMMENT_NODE) say(at, node.data);
	if (node.nodeType === Node.ELEMENT_NODE) {
		const here = at + " " + node.localName + (node.id ? "#" + node.id : "");
		elements.push([here, node]);
		for (const { name, value } of node.attributes) say(here + "@" + name, value);
		if (typeof node.value === "string") say(here + " value", node.value);
		if (node.shadowRoot) look(here + " shadow", node.shadowRoot);
		if (node.content instanceof DocumentFragment) look(here + " content", node.content);
		for (const child of node.childNodes) look(here, child);
		return;
	}
	for (const child of node.childNodes ?? []) look(at, child);
};
look("document", document);

await walk("window.live", [window.live]);
for (const [at, element] of elements) await walk(at, element);
const plain = new Set(["window", "self", "document", "frames", "parent", "top", "globalThis", "opener", "live"]);
for (const name of Object.getOwnPropertyNames(window)) {
	if (plain.has(name)) continue;
	let value;
	try { value = window[name]; } catch { continue; }
	if (typeof value === "string") say("window." + name, value);
	else if (typeof value === "object" && value !== null) {
		const prototype = Object.getPrototypeOf(value);
		if (prototype === Object.prototype || prototype === null || prototype === Array.prototype || !isNative(prototype)) await walk("window." + name, value);
	}
}
return out;
};
