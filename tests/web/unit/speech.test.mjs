import assert from "node:assert/strict";
import { test } from "node:test";
import { createAnnouncer } from "../../../src/LlavaServer/wwwroot/chat/announcer.js";
import { nextRun } from "../../../src/LlavaServer/wwwroot/chat/store.js";
import { actionOf } from "../../../src/LlavaServer/wwwroot/chat/input.js";
import { speakPhases } from "../../../src/LlavaServer/wwwroot/chat/announcer.js";
import { createStore } from "../../../src/LlavaServer/wwwroot/chat/store.js";

test("W102 at most one announcement in three seconds, and the newest wins", () => {
  const heard = [];
  const waiting = [];
  const announcer = createAnnouncer((time, then) => {
    assert.equal(time, 3000);
    waiting.push(then);
  });
  announcer.listen(text => heard.push(text));
  ["one", "two", "three"].forEach(announcer.say);
  assert.deepEqual(heard, ["one"]);
  waiting.shift()();
  assert.deepEqual(heard, ["one", "three"]);
  waiting.shift()();
  announcer.say("four");
  assert.deepEqual(heard, ["one", "three", "four"]);
});

test("W102 phases and the end are spoken, tokens are not", () => {
  const store = createStore();
  const heard = [];
  speakPhases(store, text => heard.push(text));
  store.dispatch({ type: "open", conversation: { id: "c", leaf: "a", updatedAt: 1 }, messages: { a: { id: "a", parent: null, conversation: "c" } } });
  const events = [{ type: "start", message: { id: "a", conversation: "c", text: "" }, images: 1 }, { type: "upload" }, { type: "headers" }, { type: "progress", progress: { phase: "encoding" } },
    { type: "progress", progress: { phase: "encoding", done: 1 } }, { type: "text", text: "Three words" }, { type: "text", text: " here" }, { type: "end" }];
  let run = null;
  for (const event of events) {
    run = nextRun(run, { at: 1, ...event });
    store.dispatch({ type: "run", conversation: "c", run });
  }

  assert.deepEqual(heard, ["Preparing", "Sending", "Waiting in line", "Looking at the pictures", "Writing the answer", "Answer finished, 3 words"]);
});

test("W100 shortcuts need a modifier and no input method", () => {
  const press = (key, more = {}) => actionOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false, defaultPrevented: false, ...more });
  assert.equal(press("k"), null);
  assert.equal(press("k", { ctrlKey: true }), "search");
  assert.equal(press("k", { ctrlKey: true, isComposing: true }), null);
  assert.equal(press("O", { ctrlKey: true, shiftKey: true }), "new");
  assert.equal(press("o", { ctrlKey: true }), null);
  assert.equal(press("b", { ctrlKey: true }), "sidebar");
  assert.equal(press("C", { ctrlKey: true, shiftKey: true }), "copy");
  assert.equal(press("c", { ctrlKey: true }), null);
  assert.equal(press("/", { ctrlKey: true }), "list");
  assert.equal(press("Escape"), "escape");
  assert.equal(press("Escape", { isComposing: true }), null);
});
