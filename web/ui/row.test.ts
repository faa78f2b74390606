import assert from "node:assert/strict";
import { test } from "node:test";
import { nothing } from "lit";
import type { FileState } from "../core/api.js";
import { isEnded, states } from "../core/protocol.js";
import { english } from "./messages.en.js";
import { RowTemplate, type RowActions, type RowView } from "./row.js";
import { FakeUploader, type FakeTask } from "./testing.js";
import { Words } from "./words.js";

/** What was done with a row, by the names of its actions. */
let did: string[] = [];

const act = (name: string) => (): void => void did.push(name);
const actions: RowActions = {
  pause: act("pause"), resume: act("resume"), retry: act("retry"), resolve: (_, choice) => void did.push(choice), cancel: act("cancel"),
  remove: act("remove"), undo: act("undo"), copyLink: act("copy"), openLink: act("open"), leaveLink: act("leave"), toggleDetails: act("details"),
  copyDetails: act("copy-details"),
};
const template = new RowTemplate(english, new Words(english), actions);

interface Button {
  action: string;
  label: string;
  click(): void;
}

/** A template as text, and its buttons, without a document. */
function read(value: unknown, buttons: Button[]): string {
  if (value === nothing || value === undefined || value === null || typeof value === "function") return "";
  if (Array.isArray(value)) return value.map((one) => read(one, buttons)).join("");
  if (typeof value !== "object") return String(value);
  if ("_$litDirective$" in value) return "";
  const { strings, values } = value as { strings: readonly string[]; values: readonly unknown[] };
  const text = strings.map((piece, i) => piece + (i < values.length ? read(values[i], buttons) : "")).join("");
  const open = /data-action=(?:$|["']?([\w-]+))/.exec(text);
  const click = values.find((one) => typeof one === "function");
  if (strings[0]?.startsWith("<button") && open && typeof click === "function") {
    const action = open[1] ?? "";
    buttons.push({ action, label: /aria-label=(.*?)\s+(?:title|@click|\n|$)/.exec(text)?.[1] ?? "", click: () => (click as () => void)() });
  }
  return text;
}

function row(state: FileState, more: Partial<RowView> = {}): { text: string; buttons: Button[] } {
  did = [];
  const uploader = new FakeUploader();
  const task: FakeTask = uploader.upload(new File(["1234"], "a.mov"));
  if (state === "failed") uploader.fail(task, { code: "SlowDown" });
  else uploader.move(task, state);
  const buttons: Button[] = [];
  const view: RowView = {
    task, info: task.info(), position: 1, count: 1, rate: undefined, retryIn: undefined, picture: undefined, mapWidth: 300,
    detailed: false, canUndo: true, linkable: true, copied: undefined, ...more,
  };
  return { text: read(template.render(view), buttons).replace(/<[^>]*>/g, " ").replace(/\s+/g, " "), buttons };
}

test("each state has its word, and what can be done in it", () => {
  const want: Record<FileState, string[]> = {
    queued: ["pause", "cancel"], hashing: ["pause", "cancel"], uploading: ["pause", "cancel"], holding: ["pause", "cancel"],
    offline: ["pause", "cancel"], throttled: ["pause", "cancel"], paused: ["resume", "cancel"],
    conflict: ["skip", "rename", "replace", "cancel"], completing: ["cancel"], done: ["copy", "remove"], skipped: ["remove"],
    failed: ["retry", "details", "remove"], cancelled: ["undo"],
  };
  for (const state of states) {
    const { text, buttons } = row(state);
    assert.deepEqual(buttons.map(({ action }) => action), want[state], state);
    if (state !== "uploading") assert.ok(text.includes(english.states[state]), `${state}: ${text}`);
    assert.equal(want[state].includes("cancel"), !isEnded(state), state);
  }
});

test("each button does what it says, and says for which file", () => {
  for (const state of states) {
    const { buttons } = row(state);
    for (const { action, label, click } of buttons) {
      click();
      assert.equal(did.pop(), action, `${state}: ${action}`);
      assert.ok(label.includes("a.mov"), `${state}: ${action} is called "${label}"`);
    }
  }
});

test("a file that waits for another try says when that is, as far as it is known", () => {
  assert.match(row("throttled", { retryIn: 4200 }).text, /Waiting 0 of 4 bytes, tries again in 5 sec/);
  assert.match(row("throttled", { retryIn: 0 }).text, /Waiting 0 of 4 bytes, tries again /);
  assert.match(row("throttled").text, /tries again /);
});
