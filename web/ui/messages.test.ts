import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { hints } from "../core/error.js";
import { english } from "./messages.en.js";

/** The codes that Go packages give to failures, out of their sources. */
function codesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".go") && !name.endsWith("_test.go"))
    .flatMap((name) => [...readFileSync(`${folder}/${name}`, "utf8").matchAll(/^\tCode\w+\s*=\s*"(\w+)"/gm)].map((m) => m[1] ?? ""));
}

test("every code of the engine's packages has a sentence", () => {
  const codes = ["engine", "s3", "cred", "cred/sts"].flatMap(codesOf);
  assert.ok(codes.length > 20, `only ${codes.length} codes found`);
  assert.deepEqual(codes.filter((code) => !Object.hasOwn(english.errors, code)), []);
});

test("every code that web/core has a hint for has a sentence", () => {
  assert.deepEqual(Object.keys(hints).filter((code) => !Object.hasOwn(english.errors, code)), []);
});

/** All texts of the table, with the way to each. */
function* texts(value: unknown, way = ""): Generator<[string, string]> {
  if (typeof value === "string") yield [way, value];
  else for (const [name, inner] of Object.entries(value ?? {})) yield* texts(inner, `${way}.${name}`);
}

const known = new Set(["n", "destination", "names", "stored", "done", "all", "speed", "left", "pieces", "percent", "name", "time"]);

test("no sentence names a piece that nobody fills in", () => {
  for (const [way, text] of texts(english)) {
    for (const [, piece] of text.matchAll(/\{(\w*)\}/g)) assert.ok(known.has(piece ?? ""), `${way}: {${piece}}`);
  }
});

test("every plural has all categories of the language", () => {
  const { pluralCategories } = new Intl.PluralRules(english.locale).resolvedOptions();
  const walk = (value: unknown, way: string): void => {
    if (typeof value !== "object" || value === null) return;
    if ("other" in value && way !== ".errors") {
      assert.deepEqual(pluralCategories.filter((category) => !Object.hasOwn(value, category)), [], way);
      return;
    }
    for (const [name, inner] of Object.entries(value)) walk(inner, `${way}.${name}`);
  };
  walk(english, "");
});

test("sentences of errors are short, end with a full stop, and blame and shout at nobody", () => {
  for (const [code, sentence] of Object.entries(english.errors)) {
    assert.match(sentence, /^[A-Z][^!]*\.$/, code);
    assert.ok(sentence.length <= 80, `${code}: ${sentence.length} letters`);
    assert.ok(!sentence.includes(code), `${code}: the code in the sentence`);
  }
});
