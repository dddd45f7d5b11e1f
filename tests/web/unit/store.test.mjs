import assert from "node:assert/strict";
import { test } from "node:test";
import { nextRun } from "../../../src/LlavaServer/wwwroot/chat/store.js";
import { createStore, initialState, openRun, reduce, shownPath, stateOf } from "../../../src/LlavaServer/wwwroot/chat/store.js";

const ready = reduce(initialState, { type: "ready" });
const conversation = { id: "c", title: "T", leaf: "u", updatedAt: 1, model: "m" };
const user = { id: "u", conversation: "c", parent: null, role: "user", text: "Hi", images: [], state: "done", createdAt: 1 };
const reply = { id: "a", conversation: "c", parent: "u", role: "assistant", text: "", images: [], state: "streaming", createdAt: 2 };
const open = [{ type: "open", conversation, messages: { u: user } }].reduce(reduce, ready);
const starting = nextRun(null, { type: "start", message: reply, images: 0, at: 1 });
const running = [{ type: "message", message: reply }, { type: "conversation", conversation: { ...conversation, leaf: "a" } }, { type: "run", conversation: "c", run: starting }].reduce(reduce, open);
const endAs = type => reduce(running, { type: "run", conversation: "c", run: nextRun(starting, { type, error: { code: "x" }, at: 2 }) });

test("empty to composing by text or by a picture, and back", () => {
  assert.equal(stateOf(initialState), "opening");
  assert.equal(stateOf(ready), "empty");
  const typed = reduce(ready, { type: "draft", value: { text: "a" } });
  assert.equal(stateOf(typed), "composing");
  assert.equal(stateOf(reduce(typed, { type: "draft", value: { text: " " } })), "empty");
  assert.equal(stateOf(reduce(ready, { type: "draft/add", image: { digest: "d" } })), "composing");
});

test("a run is the page's state until it ends, and its end is the message's", () => {
  assert.equal(stateOf(running), "preparing");
  for (const [type, state] of [["stop", "stopped"], ["fail", "error"]]) {
    const ended = endAs(type);
    assert.equal(stateOf(ended), state);
    assert.equal(ended.open.messages.a.state, state);
    assert.deepEqual(ended.runs, {});
  }

  const text = ["upload", "headers", "text", "end"].reduce((run, type) => nextRun(run, { type, text: "Yes", at: 3 }), starting);
  const done = reduce(running, { type: "run", conversation: "c", run: text });
  assert.equal(stateOf(done), "done");
  assert.equal(done.open.messages.a.text, "Yes");
  assert.equal(stateOf(reduce(done, { type: "draft", value: { text: "More" } })), "composing");
});

test("W44 a failed answer keeps the user's message", () => assert.deepEqual(endAs("fail").open.messages.u, user));

test("W40 a run of another conversation leaves the open one alone", () => {
  const elsewhere = reduce(running, { type: "open", conversation: null, messages: {} });
  assert.equal(stateOf(elsewhere), "empty");
  assert.equal(openRun(elsewhere), null);
  assert.equal(elsewhere.runs.c.state, "preparing");
  const ended = reduce(elsewhere, { type: "run", conversation: "c", run: nextRun(starting, { type: "stop", at: 2 }) });
  assert.deepEqual(ended.open.messages, {});
  assert.deepEqual(ended.runs, {});
});

test("a message found streaming without a run is interrupted", () => {
  const found = reduce(ready, { type: "open", conversation: { ...conversation, leaf: "a" }, messages: { u: user, a: { ...reply, text: "Par" } } });
  assert.equal(stateOf(found), "interrupted");
});

test("the server's states show while nothing runs, and go", () => {
  for (const state of ["offline", "starting", "draining", "failed"]) {
    const away = reduce(open, { type: "server", value: { state } });
    assert.equal(stateOf(away), state);
    assert.equal(stateOf(reduce(away, { type: "server", value: { state: "ok" } })), "composing");
  }
});

test("the key dialog is a state of its own", () => {
  const asked = reduce(endAs("fail"), { type: "dialog", value: { kind: "key" } });
  assert.equal(stateOf(asked), "key-needed");
  assert.equal(stateOf(reduce(asked, { type: "dialog", value: null })), "error");
});

test("W57 the same picture is attached once, whatever its name", () => {
  const twice = [{ digest: "d", name: "a" }, { digest: "d", name: "b" }, { digest: "e", name: "c" }].map(image => ({ type: "draft/add", image })).reduce(reduce, ready);
  assert.deepEqual(twice.draft.images.map(image => image.name), ["a", "c"]);
});

test("deleting a message shows what stands before it", () => {
  const state = reduce(endAs("stop"), { type: "message/deleted", id: "a" });
  assert.deepEqual(shownPath(state).map(message => message.id), ["u"]);
  assert.equal(state.open.conversation.leaf, "u");
});

test("conversations are sorted by their last change", () => {
  const state = [{ id: "x", updatedAt: 1 }, { id: "y", updatedAt: 3 }, { id: "x", updatedAt: 5 }].map(record => ({ type: "conversation", conversation: record })).reduce(reduce, ready);
  assert.deepEqual(state.conversations.map(record => record.id), ["x", "y"]);
});

test("a late refresh of a conversation that is no longer open changes nothing", () => {
  assert.equal(reduce(open, { type: "open/refresh", conversation: { id: "other" }, messages: {} }), open);
});

test("listeners hear of changes only", () => {
  const store = createStore();
  let heard = 0;
  const leave = store.subscribe(() => heard++);
  store.dispatch({ type: "nothing of the kind" });
  store.dispatch({ type: "ready" });
  leave();
  store.dispatch({ type: "edit", value: { id: "u" } });
  assert.equal(heard, 1);
});
