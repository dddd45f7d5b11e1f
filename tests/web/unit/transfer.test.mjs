// Export and import without a browser (W90 to W93); T9 and T10 do the same in the page.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { test } from "node:test";
import { HistoryFullError, openHistory } from "../../../src/LlavaServer/wwwroot/chat/db.js";
import { has } from "../../../src/LlavaServer/wwwroot/chat/language.js";
import { exportHistory, exportMarkdown, importHistory, ImportError } from "../../../src/LlavaServer/wwwroot/chat/transfer.js";
import { png } from "../harness/pictures.mjs";

const imageOf = (width, height, colour) => {
  const bytes = png(width, height, colour);
  return { digest: createHash("sha256").update(bytes).digest("hex"), blob: new Blob([bytes], { type: "image/png" }), type: "image/png", bytes: bytes.length, width, height };
};
const red = imageOf(3, 2, [255, 0, 0]);
const noise = imageOf(400, 300, (x, y) => [(x * 7919 + y * 104729) % 251, (x * y) % 241, (x ^ y) & 255]);
const refOf = ({ digest, width, height }, name) => ({ digest, name, width, height });

/** A conversation of two versions of a question with pictures, and two answers to the second. */
async function fill(history, title = "Two versions", ids = {}) {
  const id = ids.conversation ?? randomUUID();
  const message = (more, at) => ({
    id: randomUUID(), conversation: id, parent: null, role: "user", text: "Question", images: [], thoughts: null, state: "done", error: null, model: null, usage: null, timings: null, finish: null, createdAt: at, ...more,
  });
  const first = message({ images: [refOf(red, "red.png"), refOf(noise, "noise \"é\".png")] }, 1);
  const second = message({ text: "Other question\n```js\n1 < 2\n```" }, 2);
  const failed = message({ role: "assistant", parent: second.id, text: "", model: "eye", state: "error", error: { code: "queue_full", message: "full", requestId: "r", status: 429, param: null, detail: { n_ctx: 5 }, retryAt: 7 } }, 3);
  const answer = message({ role: "assistant", parent: second.id, text: "Answer 🐱", thoughts: "Hm 🐱", model: "eye", finish: "length", usage: { prompt_tokens: 4, prompt_tokens_details: { cached_tokens: 1 } }, timings: { ttft_ms: 1.5 } }, 4);
  const conversation = { id, title, createdAt: 1, updatedAt: 9, model: "eye", system: "Be short.", params: { temperature: 0.5, reasoning_effort: "low", stop: ["x"] }, leaf: answer.id };
  await history.addConversation(conversation, [first, second, failed, answer], [red, noise]);
  return { conversation, messages: [first, second, failed, answer] };
}

async function dump(history) {
  const all = [];
  for (const { id } of await history.listConversations()) {
    const { conversation, messages } = await history.loadConversation(id);
    const images = await Promise.all(messages.flatMap(message => message.images.map(async ({ digest }) => {
      const { blob, ...rest } = await history.getImage(digest);
      return { ...rest, text: Buffer.from(await blob.arrayBuffer()).toString("base64") };
    })));
    all.push({ conversation, messages: messages.sort((a, b) => a.createdAt - b.createdAt), images });
  }

  return all;
}

const memory = () => openHistory({ memoryOnly: true });
const fileOf = value => new Blob([typeof value === "string" ? value : JSON.stringify(value)]);
const parsed = async blob => JSON.parse(await blob.text());

/** An export as an object, for tests that change it. */
async function exported() {
  const history = await memory();
  await fill(history);
  return parsed(await exportHistory(history, null, "1.0.0"));
}

test("W90 export all, delete all, import: the same conversations, versions, order, pictures and shown leaf", async () => {
  const history = await memory();
  await fill(history);
  await fill(history, "Second");
  await history.setMeta("settings", { theme: "dark", key: "secret-key" });
  const before = await dump(history);
  const file = await exportHistory(history, null, "1.0.0");
  const text = await file.text();
  assert.ok(!text.includes("secret-key"));
  const { format, version, server, exportedAt, images } = JSON.parse(text);
  assert.deepEqual([format, version, server, Object.keys(images).length], ["llava-chat", 1, "1.0.0", 2]);
  assert.ok(Math.abs(Date.parse(exportedAt) - Date.now()) < 60_000);
  await history.deleteAll();
  const progress = [];
  assert.deepEqual(await importHistory(history, file, { onProgress: part => progress.push(part) }), { imported: 2, present: 0, renamed: 0, refused: [], unknownMembers: 0 });
  assert.deepEqual(await dump(history), before);
  assert.ok(progress.at(-1) === 1 && progress.every((part, index) => index === 0 || part >= progress[index - 1]), String(progress));
});

test("W91 the same again is present; the same id with other content gets a new id, and overwrites nothing", async () => {
  const history = await memory();
  const { conversation } = await fill(history);
  const file = await exportHistory(history, [conversation.id], "1.0.0");
  assert.deepEqual(await importHistory(history, file), { imported: 0, present: 1, renamed: 0, refused: [], unknownMembers: 0 });
  const before = await dump(history);
  const other = await parsed(file);
  other.conversations[0].messages[3].text = "Another answer";
  assert.deepEqual(await importHistory(history, fileOf(other)), { imported: 0, present: 0, renamed: 1, refused: [], unknownMembers: 0 });
  const after = await dump(history);
  assert.equal(after.length, 2);
  assert.deepEqual(after.find(each => each.conversation.id === conversation.id), before[0]);
  const added = after.find(each => each.conversation.id !== conversation.id);
  assert.equal(added.messages[3].text, "Another answer");
  assert.equal(added.conversation.leaf, added.messages[3].id);
  assert.equal(added.messages[3].parent, added.messages[1].id);
});

test("W91 messages under ids of another conversation's do not overwrite them", async () => {
  const history = await memory();
  await fill(history);
  const before = await dump(history);
  const file = await parsed(await exportHistory(history, null, ""));
  file.conversations[0].id = randomUUID();
  file.conversations[0].messages[0].text = "Stolen";
  assert.equal((await importHistory(history, fileOf(file))).imported, 1);
  const after = await dump(history);
  assert.deepEqual(after.find(each => each.conversation.id === before[0].conversation.id), before[0]);
  assert.equal(after.length, 2);
});

for (const [name, file, code] of [
  ["broken JSON", "{\"format\":", "not-json"],
  ["another format", { format: "other", version: 1 }, "not-ours"],
  ["an array", [], "not-ours"],
  ["a newer version", { format: "llava-chat", version: 2, conversations: [], images: {} }, "newer"],
  ["no conversations", { format: "llava-chat", version: 1, images: {} }, "broken"],
  ["no version", { format: "llava-chat", conversations: [] }, "broken"],
  ["more than 512 MB", { size: 512 * 1024 * 1024 + 1, text: () => assert.fail("read") }, "too-large"],
]) {
  test(`W92 ${name}: refused before anything is written, and the page has a text for it`, async () => {
    const history = await memory();
    await assert.rejects(importHistory(history, file.size ? file : fileOf(file)), failure => failure instanceof ImportError && failure.code === code);
    assert.deepEqual(await history.listConversations(), []);
    assert.ok(has(`import.error.${code}`), code);
  });
}

const other = "0".repeat(64);
for (const [name, change, reason] of [
  ["a picture's digest is another", file => { const [digest] = Object.keys(file.images); file.images[digest].data = Buffer.from(png(1, 1, [0, 0, 0])).toString("base64"); }, "image-digest"],
  ["a picture is no base64", file => { file.images[red.digest].data = "?"; }, "image-data"],
  ["a picture is a drawing with a script", file => { file.images[red.digest] = { type: "image/svg+xml", width: 1, height: 1, data: Buffer.from("<svg onload='1'/>").toString("base64") }; }, "image-type"],
  ["a picture is missing", file => { delete file.images[red.digest]; }, "image-missing"],
  ["a picture is named by a member that all objects have", file => { file.conversations[0].messages[0].images[0].digest = "constructor"; }, "image-missing"],
  ["a picture of nowhere", file => { file.conversations[0].messages[0].images[0].digest = other; }, "image-missing"],
  ["messages lead to each other", file => { const [, a, b] = file.conversations[0].messages; a.parent = b.id; }, "cycle"],
  ["a message leads to itself", file => { const [a] = file.conversations[0].messages; a.parent = a.id; }, "cycle"],
  ["a parent is missing", file => { file.conversations[0].messages[1].parent = randomUUID(); }, "reference"],
  ["the leaf is missing", file => { file.conversations[0].leaf = randomUUID(); }, "reference"],
  ["a message is there twice", file => { file.conversations[0].messages.push(file.conversations[0].messages[0]); }, "twice"],
  ["an id is no id", file => { file.conversations[0].id = "__proto__"; }, "id"],
  ["a title is no text", file => { file.conversations[0].title = { toString: 1 }; }, "text"],
  ["a time is no time", file => { file.conversations[0].createdAt = "yesterday"; }, "time"],
  ["a role is unknown", file => { file.conversations[0].messages[0].role = "system"; }, "message"],
  ["a state is unknown", file => { file.conversations[0].messages[0].state = "streaming"; }, "message"],
  ["too many messages", file => { file.conversations[0].messages = Array(10_001).fill(file.conversations[0].messages[0]); }, "too-many-messages"],
  ["a conversation is a number", file => { file.conversations[0] = 7; }, "conversation"],
  ["thoughts are no text", file => { file.conversations[0].messages.at(-1).thoughts = ["Hm"]; }, "text"],
  ["an effort that there is not", file => { file.conversations[0].params.reasoning_effort = "huge"; }, "conversation"],
  ["a parameter is a text", file => { file.conversations[0].params.temperature = "hot"; }, "conversation"],
]) {
  test(`W91 ${name}: that conversation is refused, the others are imported, and the page has a text for it`, async () => {
    const file = await exported();
    const sound = { ...structuredClone(file.conversations[0]), id: randomUUID(), title: "Sound", leaf: null, messages: [] };
    change(file);
    file.conversations.push(sound);
    const history = await memory();
    const { imported, refused } = await importHistory(history, fileOf(file));
    assert.deepEqual([imported, refused.map(each => each.reason)], [1, [reason]]);
    assert.deepEqual((await history.listConversations()).map(({ title }) => title), ["Sound"]);
    assert.ok(has(`import.error.${reason}`), reason);
  });
}

test("W92 what is not known is left out and counted", async () => {
  const file = await exported();
  file.later = 1;
  file.conversations[0].pinned = true;
  file.conversations[0].params.colour = "red";
  file.conversations[0].messages[0].html = "<b>";
  file.conversations[0].messages[0].images[0].blob = "x";
  file.conversations[0].messages[3].usage.note = "text";
  file.images[red.digest].exif = {};
  const history = await memory();
  assert.deepEqual(await importHistory(history, fileOf(file)), { imported: 1, present: 0, renamed: 0, refused: [], unknownMembers: 7 });
  const [{ messages, conversation }] = await dump(history);
  assert.ok(!JSON.stringify([messages, conversation]).match(/pinned|colour|html|note|exif/));
});

test("W91 a long chain of messages is checked without a stack of its length, in a moment", async () => {
  const file = await exported();
  const [message] = file.conversations[0].messages;
  const ids = Array.from({ length: 10_000 }, () => randomUUID());
  file.conversations[0].messages = ids.map((id, index) => ({ ...message, id, images: [], parent: index > 0 ? ids[index - 1] : null, createdAt: index })).reverse();
  file.conversations[0].leaf = ids.at(-1);
  const history = await memory();
  assert.equal((await importHistory(history, fileOf(file))).imported, 1);
});

test("W83 the store is full in the middle: what was written stays whole, the rest is told", async () => {
  const source = await memory();
  await fill(source, "First");
  await fill(source, "Second");
  const history = await memory();
  let writes = 0;
  const small = { ...history, addConversation: (...rest) => ++writes > 1 ? Promise.reject(new HistoryFullError()) : history.addConversation(...rest) };
  const { imported, refused } = await importHistory(small, await exportHistory(source, null, ""));
  assert.deepEqual([imported, refused.map(each => each.reason)], [1, ["full"]]);
  assert.equal((await dump(history))[0].messages.length, 4);
  assert.ok(has("import.error.full"));
});

test("Markdown has the shown path, with pictures by name", async () => {
  const history = await memory();
  const { conversation } = await fill(history, "A # title\nof two lines");
  const text = await (await exportMarkdown(history, conversation.id)).text();
  assert.equal(text, "# A # title of two lines\n\n## System\n\nBe short.\n\n## You\n\nOther question\n```js\n1 < 2\n```\n\n## eye\n\nAnswer 🐱\n");
  await history.saveConversation({ ...conversation, leaf: (await dump(history))[0].messages[0].id });
  assert.match(await (await exportMarkdown(history, conversation.id)).text(), /\*Picture: red\.png \(3 × 2\)\*/);
});
