import assert from "node:assert/strict";
import { test } from "node:test";
import { chosenName, findModel, imagesOf, messagesAsText, meterOf, parameters, isValid, requestOf, sees, thinks, titleOf } from "../../../src/LlavaServer/wwwroot/chat/requests.js";

const picture = { digest: "d1", name: "cat.png", width: 1, height: 1 };
const path = [
  { role: "user", text: "What?", images: [picture] },
  { role: "assistant", text: "A cat.", images: [] },
  { role: "user", text: "Why?", images: [] },
  { role: "assistant", text: "", images: [] },
];
const address = image => `data:${image.digest}`;

test("pictures come before their text, answers without text are left out", () => {
  const { messages } = requestOf({ model: "m", system: "", params: {} }, path, address);
  assert.deepEqual(messages, [
    { role: "user", content: [{ type: "image_url", image_url: { url: "data:d1" } }, { type: "text", text: "What?" }] },
    { role: "assistant", content: "A cat." },
    { role: "user", content: "Why?" },
  ]);
});

test("W64 only valid parameters that were set are sent", () => {
  const params = { temperature: 0, top_p: 7, top_k: 1.5, seed: 42, stop: ["", "END"], nonsense: 1 };
  const request = requestOf({ model: "m", system: " Be brief. ", params }, path, address);
  assert.deepEqual([request.temperature, request.seed, request.stop], [0, 42, ["END"]]);
  for (const name of ["top_p", "top_k", "min_p", "repeat_penalty", "max_tokens", "nonsense", "continue_final_message"]) {
    assert.ok(!(name in request), name);
  }

  assert.equal(request.messages[0].role, "system");
  assert.ok(!("stop" in requestOf({ model: "m", params: { stop: [""] } }, path, address)));
});

test("the stream asks for usage, progress and timings", () => {
  const request = requestOf({ model: "m" }, path, address);
  assert.deepEqual([request.stream, request.stream_options, request.return_progress, request.timings_per_token], [true, { include_usage: true }, true, true]);
});

test("W68 a continued answer says so", () => assert.equal(requestOf({ model: "m" }, path.slice(0, 2), address, true).continue_final_message, true));

test("thoughts go back only with the answer that is continued", () => {
  const thought = [path[0], { ...path[1], thoughts: "Whiskers." }];
  assert.deepEqual(requestOf({ model: "m" }, thought, address, true).messages.at(-1), { role: "assistant", content: "A cat.", reasoning_content: "Whiskers." });
  assert.ok(!JSON.stringify(requestOf({ model: "m" }, [...thought, path[2]], address)).includes("Whiskers"));
});

test("how much a model shall think is sent as the API names it, and nothing else", () => {
  assert.equal(requestOf({ model: "m", params: { reasoning_effort: "none" } }, path, address).reasoning_effort, "none");
  assert.ok(!("reasoning_effort" in requestOf({ model: "m", params: { reasoning_effort: "huge" } }, path, address)));
  assert.ok(thinks({ capabilities: ["completion", "thinking"] }) && !thinks({ capabilities: ["completion"] }) && !thinks(null));
});

test("W67 the text view has pictures as size and digest", () => {
  const text = messagesAsText({ system: "" }, path, { d1: { type: "image/png", bytes: 2000 } });
  assert.match(text, /\[image\/png, 2 kB, sha256 d1\]/);
  assert.ok(!text.includes("data:"));
});

test("ranges are what the API takes", () => {
  const temperature = parameters.find(parameter => parameter.name === "temperature");
  assert.ok(isValid(temperature, 2) && isValid(temperature, 0) && !isValid(temperature, 2.1) && !isValid(temperature, NaN));
});

test("W62 titles are the first 60 characters of the text, or the file's name", () => {
  assert.equal(titleOf("  One\n two ", []), "One two");
  assert.equal(titleOf("", [picture]), "cat.png");
  assert.equal([...titleOf("🐱".repeat(70), [])].length, 61);
});

test("models are found with and without the tag latest", () => {
  const list = [{ name: "a:latest", capabilities: [] }, { name: "b", capabilities: ["vision"] }];
  assert.equal(findModel(list, "a").name, "a:latest");
  assert.equal(findModel(list, "b:latest"), undefined);
  assert.equal(findModel(list, "b"), list[1]);
  assert.ok(sees(list[1]) && !sees(list[0]));
});

test("the meter is of the last answer", () => {
  const used = [{ role: "user", text: "a" }, { role: "assistant", text: "b", usage: { total_tokens: 90 } }, { role: "user", text: "c" }];
  assert.deepEqual(meterOf(used, { context: 100 }), { used: 90, context: 100, part: 0.9 });
  assert.equal(meterOf(used.slice(0, 1), { context: 100 }), null);
});

test("pictures of all turns are counted", () => assert.equal(imagesOf([...path, path[0]]).length, 2));

test("W65 an old conversation keeps its model, a new one begins with one that is there", () => {
  const models = { list: [{ name: "a" }, { name: "b" }] };
  const name = (model, remembered, list = models) => chosenName({ open: { conversation: model === null ? null : { model } }, defaults: { model: remembered }, models: list });
  assert.equal(name("gone", "b"), "gone");
  assert.equal(name(null, "b"), "b");
  assert.equal(name(null, "gone"), "a");
  assert.equal(name(null, null), "a");
  assert.equal(name("", "b"), "b");
  assert.equal(name(null, "b", { list: [] }), "b");
  assert.equal(name(null, null, { list: [] }), "");
});
