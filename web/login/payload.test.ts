import assert from "node:assert/strict";
import { test } from "node:test";
import { payloadOf } from "./provider.js";

/** Tokens that nobody has checked: what they may look like, to begin with. */
const corpus = [
  "", ".", "..", "a", "a.b", "a.b.c", "a.b.c.d.e",
  token('{"sub":"alice","iat":1}'), token('{"iat":1e999}'), token('{"iat":"1"}'), token('{"iat":-1}'), token('{"__proto__":{"iat":1}}'),
  token("[]"), token("null"), token("1"), token('"text"'), token("{"), token(""), token('{"a":"\\ud800"}'), token("\u{1F4A3}"), token('{"iat":1,"iat":2}'),
  `x.${"A".repeat(20_000)}.y`, "x.-_-_.y", "x.+/+/.y", "x.eyJ.y", "x.e30=.y", "x.e30 .y", "x.\u0000.y", `x.${btoa("\xff\xfe")}.y`,
  token(`{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`),
];

function token(payload: string): string {
  const bytes = new TextEncoder().encode(payload);
  const base64 = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `eyJhbGciOiJSUzI1NiJ9.${base64}.c2ln`;
}

/** Numbers that look random, and are the same for the same seed (Numerical Recipes, "quick and dirty generator"). */
function random(seed: number): (below: number) => number {
  let word = seed;
  return (below) => {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    return Math.floor((word / 2 ** 32) * below);
  };
}

/** A token with something taken out, put in, doubled or exchanged. */
function mutated(text: string, next: (below: number) => number): string {
  const alphabet = "abcABC019-_+/=. {}[]\":,\\\u0000\u00ff\ud800";
  let all = text;
  for (let n = 1 + next(4); n > 0; n--) {
    const at = next(all.length + 1);
    const to = Math.min(all.length, at + next(8));
    const piece = next(3) === 0 ? all.slice(at, to).repeat(2) : next(2) === 0 ? "" : (alphabet[next(alphabet.length)] ?? "");
    all = all.slice(0, at) + piece + all.slice(to);
  }
  return all;
}

const check = (text: string, where: string): void => {
  const claims = payloadOf(text);
  assert.ok(typeof claims === "object" && claims !== null, where);
  assert.equal(({} as Record<string, unknown>)["iat"], undefined, `${where}: the prototype of all objects was changed`);
};

test("claims that nobody has checked: a token's payload is read, or there are none", () => {
  for (const text of corpus) check(text, text.slice(0, 80));
  assert.deepEqual(payloadOf(token('{"sub":"alice","iat":1}')), { sub: "alice", iat: 1 });
  assert.deepEqual(payloadOf("a.b.c"), {});
});

test("claims that nobody has checked: no token makes reading them fail", () => {
  const runs = Number(process.env["FUZZ_RUNS"] ?? 20_000);
  for (let seed = 1; seed <= runs; seed++) {
    const next = random(seed);
    check(mutated(corpus[next(corpus.length)] ?? "", next), `seed ${seed}`);
  }
});
