// Adds plantInPage: it puts a text of its own into every place that searchPage
// looks at, and returns those places that this browser does not have.
window.plantInPage = async () => {
const of = place => "planted:" + place.replaceAll(" ", "-") + ":";
localStorage.setItem(of("localStorage name"), "x");
localStorage.setItem("x", "a" + of("localStorage value"));
sessionStorage.setItem("x", of("sessionStorage value"));
const opened = await new Promise((done, fail) => {
	const asked = indexedDB.open("planted", 1);
	asked.onupgradeneeded = () => { asked.result.createObjectStore("one"); asked.result.createObjectStore("two", {keyPath: "id"}); };
	asked.onsuccess = () => done(asked.result);
	asked.onerror = () => fail(asked.error);
});
const writing = opened.transaction(["one", "two"], "readwrite");
writing.objectStore("one").put({deep: [{er: of("database value")}], bytes: new TextEncoder().encode(of("database bytes"))}, of("database key"));
writing.objectStore("two").put({id: 1, map: new Map([["x", new Set([of("database map")])]])});
await new Promise(done => writing.oncomplete = done);
const lacking = [];
const blobs = opened.transaction("one", "readwrite");
blobs.objectStore("one").put(new Blob([of("database blob")]), 2);
await new Promise(done => { blobs.oncomplete = done; blobs.onabort = () => { lacking.push("database blob"); done(); }; });
opened.close();
const cache = await caches.open("planted");
await cache.put("/x?" + of("cache address"), new Response(of("cache body")));
document.cookie = "planted=" + encodeURIComponent(of("cookie"));
const div = document.createElement("div");
div.setAttribute("data-x", of("attribute"));
div.attachShadow({mode: "open"}).append(of("shadow text"));
div.append(document.createComment(of("comment")));
const input = document.createElement("input");
input.value = of("input value");
const area = document.createElement("textarea");
area.value = of("textarea");
const template = document.createElement("template");
template.content.append(of("template"));
div.own = {deep: of("element property")};
document.body.append(div, input, area, template);
window.name = of("window name");
history.replaceState({x: of("history")}, "", "#" + of("fragment"));
console.log("planted", of("console"));
const f = () => {};
f.own = of("function property");
class Holder { #x = of("getter"); get x() { return this.#x; } }
const failure = new Error(of("error message"), {cause: {deep: new Error(of("error cause"))}});
failure.stack = of("error stack");
const hidden = {};
Object.defineProperty(hidden, "x", {value: of("hidden property"), enumerable: false});
window.live.planted = {
	x: of("property"), failure, hidden, f, holder: new Holder(),
	map: new Map([["x", of("map value")], [of("map key"), 1]]), set: new Set([of("set")]), array: [[of("array")]],
	[Symbol("x")]: of("symbol"), bytes: new TextEncoder().encode(of("typed array")),
	url: new URL("http://127.0.0.1/?" + of("url object")), headers: new Headers({x: of("headers")}), request: new Request("/x?" + of("request")),
	key: await crypto.subtle.importKey("raw", new TextEncoder().encode(of("extractable key")), {name: "HMAC", hash: "SHA-256"}, true, ["sign"]),
};
window.plantedProperty = {x: of("window property")};
await (await fetch("/config.json?" + of("accessed address"))).text();
return lacking;
};
