import assert from "node:assert/strict";
import { test } from "node:test";
import { maxDepth, walk, withPath, type Entry } from "./walk.js";

function file(name: string): Entry {
  return { name, isDirectory: false, file: (resolve) => resolve(new File(["x"], name)) };
}

/** A link that leads nowhere: it is listed, and cannot be opened. */
function dangling(name: string): Entry {
  return { name, isDirectory: false, file: (_resolve, reject) => reject(new DOMException("gone", "NotFoundError")) };
}

/** A folder that gives its entries in pieces, as Chromium does. */
function folder(name: string, entries: readonly Entry[], piece = 100): Entry {
  return {
    name,
    isDirectory: true,
    createReader: () => {
      let given = 0;
      return { readEntries: (resolve) => resolve(entries.slice(given, (given += piece))) };
    },
  };
}

async function paths(entries: readonly Entry[]): Promise<string[]> {
  const found: string[] = [];
  for await (const one of walk(entries)) found.push("skipped" in one ? `!${one.skipped}` : one.path);
  return found;
}

test("files come with their path below what was dropped, in order", async () => {
  const tree = [file("a.txt"), folder("b", [file("c"), folder("d", [file("e")]), file("f")])];
  assert.deepEqual(await paths(tree), ["a.txt", "b/c", "b/d/e", "b/f"]);
});

test("a folder that comes in pieces comes whole", async () => {
  const many = Array.from({ length: 250 }, (_, i) => file(`${i}`));
  assert.equal((await paths([folder("many", many)])).length, 250);
});

test("an empty folder is nothing", async () => {
  assert.deepEqual(await paths([folder("empty", []), folder("outer", [folder("inner", [])])]), []);
});

test("what cannot be read is reported and the rest goes on", async () => {
  const locked: Entry = {
    name: "locked",
    isDirectory: true,
    createReader: () => ({ readEntries: (_resolve, reject) => reject(new DOMException("no", "NotReadableError")) }),
  };
  const tree = [folder("a", [dangling("link"), file("good"), locked, file("also good")])];
  assert.deepEqual(await paths(tree), ["!a/link", "a/good", "!a/locked", "a/also good"]);
});

test("a tree without end ends", async () => {
  let opened = 0;
  const endless = (): Entry => ({
    name: "x",
    isDirectory: true,
    createReader: () => {
      let given = false;
      opened++;
      return {
        readEntries: (resolve) => {
          resolve(given ? [] : [endless()]);
          given = true;
        },
      };
    },
  });
  const found = await paths([endless()]);
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /^!x(\/x)+$/);
  assert.equal(opened, maxDepth);
});

test("a folder is read only when its files are asked for", async () => {
  let reads = 0;
  const counted: Entry = {
    name: "counted",
    isDirectory: true,
    createReader: () => ({ readEntries: (resolve) => { reads++; resolve([]); } }),
  };
  const walked = walk([file("first"), counted]);
  await walked.next();
  assert.equal(reads, 0);
  await walked.next();
  assert.equal(reads, 1);
});

/** Node's File has no webkitRelativePath: give it the browser's empty one. */
function fromBrowser(name: string, relativePath = ""): File {
  return Object.defineProperty(new File([], name), "webkitRelativePath", { value: relativePath, configurable: true });
}

test("a file gets the path that it was found under, unless it has one", () => {
  assert.equal(withPath(fromBrowser("c"), "a/b/c").webkitRelativePath, "a/b/c");
  assert.equal(withPath(fromBrowser("c", "x/c"), "a/b/c").webkitRelativePath, "x/c");
  assert.equal(withPath(fromBrowser("c"), "c").webkitRelativePath, "");
});
