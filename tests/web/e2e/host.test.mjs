// The host that the other tests stand on, without a browser: what the directives and the control do, and what the page is told of an answer (W70 to W73).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { beforeEach, test } from "node:test";
import { address, control, until } from "../harness/control.mjs";
import { png } from "../harness/pictures.mjs";

beforeEach(() => control.reset());

/** All events of an answer; ends early when look says so. */
async function ask(text, { pictures = [], look = () => false } = {}) {
  const content = [...pictures.map(url => ({ type: "image_url", image_url: { url } })), { type: "text", text }];
  const response = await fetch(new URL("v1/chat/completions", address), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "eye", stream: true, stream_options: { include_usage: true }, return_progress: true, timings_per_token: true, messages: [{ role: "user", content }] }),
  });
  assert.equal(response.status, 200);
  const events = [];
  let rest = "";
  try {
    for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + bytes).split("\n");
      rest = lines.pop();
      for (const line of lines.filter(line => line.startsWith("data: "))) {
        events.push(line === "data: [DONE]" ? "done" : JSON.parse(line.slice(6)));
      }

      if (look(events)) {
        return events;
      }
    }
  } catch (error) {
    events.push({ broken: String(error) });
  }

  return events;
}

const textOf = events => events.map(event => event.choices?.[0]?.delta.content ?? "").join("");
const progressOf = events => events.filter(event => event.progress).map(event => event.progress);
const phasesOf = events => [...new Set(progressOf(events).map(progress => progress.phase))];
const dataUrl = bytes => `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`;

test("#tokens and #echo answer what they say; usage and timings come last (W72)", async () => {
  const events = await ask("Count #tokens 30");
  assert.equal(textOf(events), [...Array(30).keys()].map(number => `word${number}`).join(" "));
  assert.equal(events.at(-1), "done");
  const { usage, timings } = events.at(-2);
  assert.equal(usage.completion_tokens, 31);
  assert.ok(usage.prompt_tokens > 0 && "cached_tokens" in usage.prompt_tokens_details && "image_tokens" in usage.prompt_tokens_details, JSON.stringify(usage));
  for (const name of ["prompt_n", "prompt_ms", "predicted_n", "predicted_ms", "predicted_per_second", "load_ms", "ttft_ms"]) {
    assert.equal(typeof timings[name], "number", `${name}: ${JSON.stringify(timings)}`);
  }

  assert.equal(textOf(await ask("#echo\n# Title\n\n- é <b>")), "# Title\n\n- é <b>");
});

test("W70 T4 position 3, 2, 1, then the prompt, then text; phases never go back", async () => {
  await control.occupy(4);
  const seen = [];
  const events = await ask("Waiting #tokens 3", {
    look: events => {
      const last = progressOf(events).at(-1);
      if (last?.phase === "queued" && seen.at(-1) !== last.position) {
        seen.push(last.position);
        control.release(1);
      }

      return false;
    },
  });
  assert.deepEqual(seen, [3, 2, 1]);
  assert.equal(events[0].choices[0].delta.role, "assistant");
  // A prompt that is read between two looks is not told.
  const phases = phasesOf(events);
  assert.deepEqual(phases, ["queued", ...phases.includes("prefill") ? ["prefill"] : [], "decode"]);
  assert.equal(textOf(events), "word0 word1 word2");
});

test("W70 a model that is not there is loaded: bytes done of all, rising; its time is in load_ms", async () => {
  await control.unload("eye");
  await control.set({ load: 1200 });
  const events = await ask("Load #tokens 2");
  const loading = progressOf(events).filter(progress => progress.phase === "loading");
  assert.ok(loading.length >= 3, JSON.stringify(loading));
  assert.ok(loading.every((one, index) => one.total > 0 && one.done <= one.total && (index === 0 || one.done > loading[index - 1].done)), JSON.stringify(loading));
  assert.ok(events.at(-2).timings.load_ms >= 1000, JSON.stringify(events.at(-2).timings));
  assert.ok(events.at(-2).timings.ttft_ms >= events.at(-2).timings.load_ms);
});

test("W70 pictures are told one by one, then the prompt", async () => {
  await control.set({ encode: 700, prefill: 300 });
  const events = await ask(`Look ${"and look ".repeat(80)}#tokens 2`, { pictures: [dataUrl(png(4, 4, [255, 0, 0])), dataUrl(png(4, 4, [0, 0, 255]))] });
  const encoding = progressOf(events).filter(progress => progress.phase === "encoding");
  assert.deepEqual([...new Set(encoding.map(({ image, images }) => `${image} of ${images}`))], ["1 of 2", "2 of 2"], JSON.stringify(events));
  assert.ok(encoding.every(({ done, total, cached }) => total === 2 && done < 2 && cached === 0), JSON.stringify(encoding));
  assert.ok(progressOf(events).filter(progress => progress.phase === "prefill").length >= 2);
  assert.deepEqual((await control.state()).pictures.map(picture => picture.quarters[0]), [[255, 0, 0], [0, 0, 255]]);
});

test("W70 pictures whose encoding is cached are named, and count as done", async () => {
  const known = dataUrl(png(4, 4, [255, 255, 0]));
  await ask("First #tokens 1", { pictures: [known] });
  await control.set({ encode: 700 });
  const events = await ask("Then both #tokens 1", { pictures: [known, dataUrl(png(4, 4, [0, 255, 255]))] });
  const encoding = progressOf(events).filter(progress => progress.phase === "encoding");
  assert.deepEqual(encoding.map(({ image, images, done, total, cached }) => [image, images, done, total, cached])[0], [2, 2, 1, 2, 1], JSON.stringify(events));
});

test("W74 orientation is applied by the server too: it gets a picture that lies on its side, and sees it upright", async () => {
  const lying = await readFile(new URL("./fixtures/orientation-6.jpg", import.meta.url));
  await ask("Look #tokens 1", { pictures: [`data:image/jpeg;base64,${lying.toString("base64")}`] });
  const [{ width, height, quarters }] = (await control.state()).pictures;
  assert.deepEqual([width, height], [16, 32]);
  const strongest = ([r, g, b]) => r > 127 && g > 127 && b > 127 ? "white" : ["red", "green", "blue"][[r, g, b].indexOf(Math.max(r, g, b))];
  assert.deepEqual(quarters.map(strongest), ["blue", "red", "white", "green"]);
});

test("#slow and #fail: text first, then an error event and a broken connection (W73)", async () => {
  const events = await ask("#tokens 30 #slow 5 #fail 5");
  assert.match(textOf(events), /^word0 word1/);
  assert.equal(events.find(event => event.error)?.error.code, "generation_failed");
  assert.ok(events.at(-1).broken, JSON.stringify(events.at(-1)));
  assert.ok(!events.includes("done"));
  assert.equal(textOf(await ask("And again #tokens 2")), "word0 word1");
});

test("T5 W41 whoever leaves frees the slot: the engine stops within a second", async () => {
  await ask("#tokens 9000 #slow 20", { look: events => textOf(events).length > 20 });
  const { steps } = await until(state => state.active === 0, "the slot is free", 1000);
  await new Promise(resolve => setTimeout(resolve, 100));
  assert.ok((await control.state()).steps - steps <= 1, "no step after the client has left");
});

test("T15 killed, started again, starting, ready, draining: what /health says", async () => {
  const status = async () => {
    try {
      return (await (await fetch(new URL("health", address))).json()).status;
    } catch {
      return "gone";
    }
  };
  assert.equal(await status(), "ok");
  await control.kill();
  assert.equal(await status(), "gone");
  await control.start({ ready: false });
  assert.equal(await status(), "starting");
  await control.ready();
  assert.equal(await status(), "ok");
  await control.drain();
  assert.equal(await status(), "draining");
  await control.reset();
  assert.equal(await status(), "ok");
  assert.equal(textOf(await ask("#tokens 1")), "word0");
});
