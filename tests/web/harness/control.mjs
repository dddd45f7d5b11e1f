// What a test tells the host beside the page: the engine's pace, requests of others, the life of the server.
// The other side is tests/LlavaServer.Tests/Page/PageControl.cs.

const base = process.env.LLAVA_WEB_CONTROL;

async function call(method, path, query = {}, content = undefined) {
  const url = new URL(path, base);
  Object.entries(query).forEach(([name, value]) => url.searchParams.set(name, value));
  const response = await fetch(url, content ? { method, headers: { "content-type": "application/json" }, body: JSON.stringify(content) } : { method });
  const body = await response.text();
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status} ${body}`);
  }

  return body === "" ? null : JSON.parse(body);
}

export const control = {
  /** {steps, loads, active, prompt, pictures: [{width, height, quarters: colours [r, g, b] of the four quarters, row by row}]}; active counts requests. */
  state: () => call("GET", "state"),
  /** Milliseconds: {load: a model, encode: a picture, prefill: each 128 tokens of a prompt, pace: a token}, {say: what is answered to a message without an order}, {fault: "memory" or "engine", by which each step fails, or ""}, {hurry: tokens come as fast as they can}. */
  set: times => call("POST", "set", times),
  /** Everything as at the beginning: server started, both models loaded, nobody else there, no delays. */
  reset: () => call("POST", "reset"),
  /** The server goes and comes again with other settings, named in full, until reset(). */
  restart: settings => call("POST", "restart", {}, settings),
  /** A model that thinks before it answers, "thinker:7b", is there and chosen, until reset(); it says what set({say}) says, a byte a token. */
  thinker: () => call("POST", "thinker"),
  /** So many requests of others come and stay; the server has two slots. */
  occupy: count => call("POST", "occupy", { count }),
  /** So many of them leave, first those that came first. */
  release: count => call("POST", "release", { count }),
  /** The model leaves memory; the next request loads it. */
  unload: model => call("POST", "unload", { model }),
  /** Connections break, nobody listens. */
  kill: () => call("POST", "kill"),
  /** Listens again at the same address; with ready false it is "starting" until ready(). */
  start: ({ ready = true } = {}) => call("POST", "start", { ready }),
  ready: () => call("POST", "ready"),
  /** New requests are refused, as on the way down, until reset(). */
  close: () => call("POST", "close"),
  /** Until reset() the server says "draining" and answers. */
  drain: () => call("POST", "drain"),
};

/** Waits until a condition on the state holds, and returns the state. */
export async function until(condition, what, limit = 10_000) {
  for (const end = Date.now() + limit; ;) {
    const state = await control.state();
    if (condition(state)) {
      return state;
    }

    if (Date.now() > end) {
      throw new Error(`${what}: not within ${limit} ms; ${JSON.stringify(state)}`);
    }

    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

export const address = process.env.LLAVA_WEB_ADDRESS;
