import assert from "node:assert/strict";
import { test } from "node:test";
import { ends, fractionOf, messageOf, nextRun, phases } from "../../../src/LlavaServer/wwwroot/chat/store.js";

const message = { id: "a", conversation: "c", role: "assistant", text: "", usage: null, timings: null };
const start = { type: "start", message, images: 2, at: 1000 };

/** A run in a phase, brought there by events alone. */
function runIn(phase) {
  const steps = {
    preparing: [], uploading: [{ type: "upload", bytes: 10, at: 1001 }], queued: [{ type: "headers", requestId: "r", at: 1002 }],
    loading: [{ type: "progress", progress: { phase: "loading", done: 1, total: 2 }, at: 1003 }],
    encoding: [{ type: "progress", progress: { phase: "encoding", done: 0, total: 2 }, at: 1004 }],
    prefill: [{ type: "progress", progress: { phase: "prefill", done: 5, total: 10 }, at: 1005 }],
    thinking: [{ type: "text", text: "", thoughts: "Hm", timings: null, at: 1006 }],
    decode: [{ type: "text", text: "Hello", timings: null, at: 1006 }],
  };
  return phases.slice(0, phases.indexOf(phase) + 1).flatMap(name => steps[name]).reduce(nextRun, nextRun(null, start));
}

test("each phase is reached from the one before it", () => {
  for (const phase of phases) {
    assert.equal(runIn(phase).state, phase);
  }
});

test("W40 a second start does not replace a running answer, and one after an end does", () => {
  for (const phase of phases) {
    const run = runIn(phase);
    assert.equal(nextRun(run, { ...start, at: 9 }), run);
  }

  const ended = nextRun(runIn("decode"), { type: "end", at: 2000 });
  assert.equal(nextRun(ended, start).state, "preparing");
});

test("W70 phases never go backwards, may be skipped, and keep their beginning", () => {
  for (const [index, phase] of phases.entries()) {
    for (const [other, next] of phases.entries()) {
      if (other < 2) {
        continue;
      }

      const run = runIn(phase);
      const after = nextRun(run, { type: "progress", progress: { phase: next, done: 1, total: 4 }, at: 5000 });
      const isAllowed = index >= 2 && other >= index;
      assert.equal(after.state, isAllowed ? next : phase, `${phase} to ${next}`);
      if (isAllowed) {
        assert.equal(after.since, other === index ? run.since : 5000);
        assert.equal(after.progress.done, 1);
      } else {
        assert.equal(after, run);
      }
    }
  }
});

test("stop and failure end every phase; end and interruption only what has begun", () => {
  for (const [index, phase] of phases.entries()) {
    assert.equal(nextRun(runIn(phase), { type: "stop", at: 3000 }).state, "stopped");
    const failed = nextRun(runIn(phase), { type: "fail", error: { code: "x" }, at: 3000 });
    assert.equal(failed.state, "error");
    assert.deepEqual(failed.error, { code: "x" });
    const hasBegun = index >= phases.indexOf("queued");
    assert.equal(nextRun(runIn(phase), { type: "end", at: 3000 }).state, hasBegun ? "done" : phase);
    assert.equal(nextRun(runIn(phase), { type: "interrupt", at: 3000 }).state, hasBegun ? "interrupted" : phase);
  }
});

test("nothing changes an ended run but a start", () => {
  const events = [{ type: "upload", bytes: 1 }, { type: "headers" }, { type: "progress", progress: { phase: "decode" } }, { type: "text", text: "x" }, { type: "finish", finish: "stop" },
    { type: "usage", usage: {} }, { type: "end" }, { type: "stop" }, { type: "interrupt" }, { type: "fail", error: {} }];
  for (const last of [{ type: "end" }, { type: "stop" }, { type: "interrupt" }, { type: "fail", error: { code: "x" } }]) {
    const run = nextRun(runIn("decode"), { at: 2000, ...last });
    assert.ok(ends.includes(run.state));
    for (const event of events) {
      assert.equal(nextRun(run, { at: 2001, ...event }), run);
    }
  }
});

test("events without a run do nothing", () => {
  assert.equal(nextRun(null, { type: "text", text: "x", at: 1 }), null);
  assert.equal(nextRun(null, { type: "stop", at: 1 }), null);
});

test("text gathers, keeps what a continued message had, and is kept by a stop", () => {
  const continued = nextRun(null, { ...start, message: { ...message, text: "One" } });
  const run = [{ type: "upload", bytes: 1 }, { type: "headers", requestId: "r" }, { type: "text", text: " two", timings: { predicted_n: 1 } }, { type: "text", text: " three", timings: null }]
    .reduce((current, event) => nextRun(current, { at: 1500, ...event }), continued);
  const stopped = messageOf(nextRun(run, { type: "stop", at: 2000 }));
  assert.equal(stopped.text, "One two three");
  assert.equal(stopped.state, "stopped");
  assert.equal(stopped.timings.predicted_n, 1);
});

test("thoughts stand beside the text: the phase and its time end with the first word of the answer", () => {
  const thinking = nextRun(runIn("prefill"), { type: "text", text: "", thoughts: "Is it", timings: null, at: 2000 });
  const still = nextRun(thinking, { type: "text", text: "", thoughts: " red?", timings: null, at: 2500 });
  assert.deepEqual([still.state, still.since, still.text], ["thinking", 2000, ""]);
  assert.equal(messageOf(still).timings.thinking_ms, undefined);
  const answering = nextRun(still, { type: "text", text: "Yes", thoughts: " It is.", timings: null, at: 3200 });
  assert.deepEqual([answering.state, answering.since], ["decode", 3200]);
  const later = messageOf(nextRun(answering, { type: "end", at: 9000 }));
  assert.deepEqual([later.text, later.thoughts, later.timings.thinking_ms, later.timings.ttft_ms], ["Yes", "Is it red? It is.", 1200, 1000]);
  assert.equal(messageOf(nextRun(still, { type: "stop", at: 2700 })).timings.thinking_ms, 700);
});

test("an answer without thoughts has none, a continued one keeps its own", () => {
  const plain = nextRun(runIn("prefill"), { type: "text", text: "Hello", at: 1006 });
  assert.deepEqual([messageOf(plain).thoughts, messageOf(plain).timings.thinking_ms], [null, undefined]);
  const continued = nextRun(null, { ...start, message: { ...message, text: "One", thoughts: "Hm", timings: { thinking_ms: 5 } } });
  const run = [{ type: "upload", bytes: 1 }, { type: "headers", requestId: "r" }, { type: "text", text: " two", timings: { predicted_n: 1 } }].reduce((current, event) => nextRun(current, { at: 1500, ...event }), continued);
  assert.deepEqual([messageOf(run).thoughts, messageOf(run).text, messageOf(run).timings.thinking_ms], ["Hm", "One two", 5]);
});

test("text before the answer has begun is no text of it", () => {
  assert.equal(nextRun(runIn("uploading"), { type: "text", text: "x", at: 1 }).text, "");
});

test("W66 the record has usage, the time to the first text and the whole time", () => {
  const run = [{ type: "finish", finish: "length" }, { type: "usage", usage: { total_tokens: 9 }, timings: { predicted_n: 4 } }, { type: "end", at: 3000 }]
    .reduce((current, event) => nextRun(current, { at: 2000, ...event }), runIn("decode"));
  assert.deepEqual(messageOf(run).usage, { total_tokens: 9 });
  assert.deepEqual(messageOf(run).timings, { predicted_n: 4, thinking_ms: 0, ttft_ms: 6, total_ms: 2000 });
  assert.equal(messageOf(run).finish, "length");
  assert.equal(messageOf(run).state, "done");
});

test("W66 the server's own time to the first token wins", () => {
  const run = nextRun(runIn("decode"), { type: "usage", usage: {}, timings: { ttft_ms: 77 }, at: 2000 });
  assert.equal(messageOf(run).timings.ttft_ms, 77);
});

test("a running message is stored as streaming", () => assert.equal(messageOf(runIn("prefill")).state, "streaming"));

test("the share of a phase is known only from its own progress", () => {
  assert.equal(fractionOf(runIn("prefill")), 0.5);
  assert.equal(fractionOf(runIn("encoding")), 0);
  assert.equal(fractionOf(runIn("decode")), null);
  assert.equal(fractionOf(runIn("preparing")), null);
});
