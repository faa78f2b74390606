import assert from "node:assert/strict";
import { test } from "node:test";
import { nameParts, typeLetters } from "./name.js";

test("the end of a long name stays", () => {
  assert.deepEqual(nameParts("wedding-ceremony-camera-two-uncut-final.mov"), {
    head: "wedding-ceremony-camera-two-uncut", tail: "-final.mov",
  });
});

test("a short name stays whole", () => {
  assert.deepEqual(nameParts("notes.txt"), { head: "notes.txt", tail: "" });
  assert.deepEqual(nameParts(""), { head: "", tail: "" });
});

test("no letter is torn from its accents and no emoji apart", () => {
  const family = "👨‍👩‍👧‍👦";
  const { head, tail } = nameParts(`photo-${family}e\u0301123456.jpg`);
  assert.equal(head, `photo-${family}e\u0301`);
  assert.equal(tail, "123456.jpg");
  const emoji = nameParts(family.repeat(12));
  assert.equal(emoji.head, family.repeat(2));
});

test("head and tail together are the name", () => {
  for (const name of ["a".repeat(1000), "שלום עולם מסמך ארוך.pdf", "a/b/c/very long folder/x"]) {
    const { head, tail } = nameParts(name);
    assert.equal(head + tail, name);
  }
});

test("the letters are the extension's, or the fallback", () => {
  const want: [string, string][] = [
    ["a.mov", "MOV"], ["b/c.d/e.tar.gz", "GZ"], ["x.jpeg", "JPEG"], ["y.torrent", "FILE"], ["z.webmanifest", "FILE"],
    ["README", "FILE"], [".gitignore", "FILE"], ["odd.", "FILE"], ["odd.a b", "FILE"], ["folder.app/tool", "FILE"],
    ["écran.été", "ÉTÉ"],
  ];
  for (const [name, letters] of want) assert.equal(typeLetters(name, "FILE"), letters, name);
});
