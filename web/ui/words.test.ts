import assert from "node:assert/strict";
import { test } from "node:test";
import { english } from "./messages.en.js";
import { Words } from "./words.js";

const words = new Words(english);

test("sizes have one to three figures and a unit", () => {
  const want: [number, string][] = [
    [0, "0 bytes"], [1, "1 byte"], [999, "999 bytes"], [1000, "1 kB"], [311_000, "311 kB"], [999_499, "999 kB"],
    [999_500, "1.0 MB"], [6_400_000, "6.4 MB"], [212_000_000, "212 MB"], [1_820_000_000, "1.82 GB"],
    [53_687_091_200_000, "53.69 TB"], [5e16, "50,000.00 TB"],
  ];
  for (const [bytes, text] of want) assert.equal(words.size(bytes), text, String(bytes));
});

test("a share is told in the unit of the whole", () => {
  assert.equal(words.sizeOf("{done} of {all}", 1_050_000_000, 1_820_000_000), "1.05 of 1.82 GB");
  assert.equal(words.sizeOf("{done} of {all}", 74_100_000, 212_000_000), "74 of 212 MB");
  assert.equal(words.sizeOf("{done} of {all}", 0, 0), "0 of 0 bytes");
});

test("percent is rounded down and never over 100", () => {
  const want: [number, number, string][] = [[0, 0, "0%"], [999, 1000, "99%"], [1000, 1000, "100%"], [1001, 1000, "100%"]];
  for (const [part, all, text] of want) assert.equal(words.percent(part, all), text, `${part} of ${all}`);
});

test("speeds are short", () => {
  const want: [number, string][] = [[48_400_000, "48 MB/s"], [1_240_000, "1.2 MB/s"], [900, "900 byte/s"]];
  for (const [rate, text] of want) assert.equal(words.speed(rate), text, String(rate));
});

test("the time left is told in words, and in steps that do not flicker", () => {
  const want: [number, string | undefined][] = [
    [0, "a few seconds left"], [4.9, "a few seconds left"], [5, "about 5 sec left"], [19, "about 19 sec left"],
    [32, "about 30 sec left"], [89, "about 90 sec left"], [90, "about 2 min left"], [125, "about 2 min left"],
    [89 * 60, "about 89 min left"], [2.2 * 3600, "about 2 hr left"], [40 * 3600, "about 2 days left"],
  ];
  for (const [seconds, text] of want) assert.equal(words.timeLeft(seconds * 1000, 1000), text, `${seconds} s`);
});

test("nothing is said of the time left before it is known", () => {
  assert.equal(words.timeLeft(1000, undefined), undefined);
  assert.equal(words.timeLeft(1000, 0), undefined);
});

test("figures follow the table's language", () => {
  const german = new Words({ ...english, locale: "de" });
  assert.equal(german.size(1_820_000_000), "1,82\u00a0GB");
  assert.equal(german.number(100_000), "100.000");
  assert.equal(german.percent(58, 100), "58\u00a0%");
  const arabic = new Words({ ...english, locale: "ar-EG" });
  assert.equal(arabic.number(12), "١٢");
});

test("a plural takes the language's own category", () => {
  const polish = new Words({ ...english, locale: "pl" });
  const files = { one: "{n} plik", few: "{n} pliki", many: "{n} plików", other: "{n} pliku" };
  assert.deepEqual([1, 3, 5, 22].map((n) => polish.count(files, n)), ["1 plik", "3 pliki", "5 plików", "22 pliki"]);
});

test("pieces of a sentence may be more than text", () => {
  const bold = { bold: true };
  assert.deepEqual(words.pieces("to {there} now", { there: bold }), ["to ", bold, " now"]);
});
