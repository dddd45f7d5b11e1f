import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, BrokenStreamError, NetworkError, SilentError, createApi } from "../../../src/LlavaServer/wwwroot/chat/api.js";

const encode = text => new TextEncoder().encode(text);
const base = "http://host/llava/";

function streamOf(parts, { leaveOpen = false, breaks = false } = {}) {
  return new ReadableStream({
    start(controller) {
      parts.forEach(part => controller.enqueue(encode(part)));
      if (breaks) {
        controller.error(new TypeError("network"));
      } else if (!leaveOpen) {
        controller.close();
      }
    },
  });
}

const api = (response, options = {}) => createApi({ base, fetch: async (...request) => typeof response === "function" ? response(...request) : response, ...options });
const ask = (client, events = [], signal = new AbortController().signal) => client.chat("{}", { signal, onHeaders: () => {}, onEvent: event => events.push(event) });
const ok = (parts, how) => new Response(streamOf(parts, how), { headers: { "x-request-id": "req_1" } });

test("W12 addresses are relative to the page, and the key travels in its header only", async () => {
  const seen = [];
  const client = api((url, init) => {
    seen.push([url, init]);
    return new Response("{}");
  }, { key: () => "secret" });
  await client.tags();
  await client.defaults("a b");
  assert.deepEqual(seen.map(([url]) => url), ["http://host/llava/api/tags", "http://host/llava/props?model=a%20b"]);
  assert.equal(seen[0][1].headers.Authorization, "Bearer secret");
  assert.ok(!JSON.stringify(seen.map(([url]) => url)).includes("secret"));
});

test("without a key no header is sent", async () => {
  const client = api((url, init) => {
    assert.equal(init.headers.Authorization, undefined);
    return new Response("{}");
  });
  await client.tags();
});

test("events until the last one", async () => {
  const events = [];
  await ask(api(ok(["data: {\"a\":1}\n\n", "data: {\"b\":2}\n\ndata: [DONE]\n\n"])), events);
  assert.deepEqual(events, [{ a: 1 }, { b: 2 }]);
});

test("W73 an error event is its error, with the request's number", async () => {
  const failing = ask(api(ok(["data: {\"a\":1}\n\n", "data: {\"error\":{\"message\":\"dead\",\"type\":\"server_error\",\"param\":null,\"code\":\"generation_failed\"}}\n\n"], { breaks: false })));
  await assert.rejects(failing, failure => failure instanceof ApiError && failure.code === "generation_failed" && failure.message === "dead" && failure.requestId === "req_1");
});

test("W73 a stream without its last event is broken, as is a connection that breaks", async () => {
  await assert.rejects(ask(api(ok(["data: {\"a\":1}\n\n"]))), BrokenStreamError);
  await assert.rejects(ask(api(ok(["data: {\"a\":1}\n\n"], { breaks: true }))), BrokenStreamError);
});

test("W42 silence ends a stream, keep-alive comments do not count as silence", async context => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let send;
  const body = new ReadableStream({ start: controller => (send = text => controller.enqueue(encode(text))) });
  const asked = ask(createApi({
    base,
    fetch: async (url, { signal }) => {
      const response = new Response(body);
      signal.addEventListener("abort", () => response.body.cancel?.().catch(() => {}));
      return { ok: true, headers: new Headers(), body: abortable(body, signal), status: 200 };
    },
  }));
  const outcome = asked.then(() => "ended", failure => failure);
  await settled();
  for (let i = 0; i < 3; i++) {
    context.mock.timers.tick(59_000);
    send(": keep-alive\n\n");
    await settled();
  }

  context.mock.timers.tick(60_000);
  assert.ok(await outcome instanceof SilentError);
});

/** As a browser's body: an abort breaks the read. */
function abortable(body, signal) {
  return {
    getReader() {
      const reader = body.getReader();
      const aborted = new Promise((_, reject) => signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError"))));
      return { read: () => Promise.race([reader.read(), aborted]), cancel: async () => {} };
    },
  };
}

const settled = () => new Promise(resolve => setImmediate(resolve));

test("W44 a refusal has code, further members and the time to wait", async () => {
  const body = { error: { message: "full", type: "rate_limit_error", param: "messages[0]", code: "queue_full", n_ctx: 5 } };
  const refused = ask(api(new Response(JSON.stringify(body), { status: 429, headers: { "retry-after": "7", "x-request-id": "req_2" } })));
  await assert.rejects(refused, failure => {
    assert.deepEqual([failure.status, failure.code, failure.retryAfter, failure.requestId, failure.param, failure.detail], [429, "queue_full", 7, "req_2", "messages[0]", { n_ctx: 5 }]);
    return true;
  });
});

test("an answer that is not ours is an error by its status", async () => {
  await assert.rejects(ask(api(new Response("<html>", { status: 502, statusText: "Bad Gateway" }))), failure => failure instanceof ApiError && failure.code === "http_502" && failure.message === "Bad Gateway");
});

test("a server that cannot be reached is a network error, a stop is not", async () => {
  const gone = api(() => {
    throw new TypeError("Failed to fetch");
  });
  await assert.rejects(ask(gone), NetworkError);
  const abort = new AbortController();
  abort.abort("stopped");
  await assert.rejects(ask(gone, [], abort.signal), failure => !(failure instanceof NetworkError));
});

test("health says what the server says, or that there is none", async () => {
  assert.equal((await api(new Response("{\"status\":\"ok\",\"version\":\"1\"}")).health()).state, "ok");
  assert.deepEqual(await api(new Response("{\"status\":\"draining\",\"error\":{\"message\":\"bye\"}}", { status: 503 })).health(), { state: "draining", version: "", reason: "bye" });
  assert.equal((await api(() => Promise.reject(new TypeError())).health()).state, "offline");
});
