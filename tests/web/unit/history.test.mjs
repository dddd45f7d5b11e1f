import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { openHistory } from "../../../src/LlavaServer/wwwroot/chat/db.js";
import { HistoryFullError } from "../../../src/LlavaServer/wwwroot/chat/db.js";
import { createLibrary } from "../../../src/LlavaServer/wwwroot/chat/library.js";
import { kindOf, readJpeg, sizeOf, withoutMetadata } from "../../../src/LlavaServer/wwwroot/chat/formats.js";
import { toHtml } from "../../../src/LlavaServer/wwwroot/chat/markdown.js";
import { createId, now } from "../../../src/LlavaServer/wwwroot/chat/records.js";
import { sha256Of } from "../../../src/LlavaServer/wwwroot/chat/sha256.js";

const conversation = (id, more = {}) => ({ id, title: `Title ${id}`, createdAt: 1, updatedAt: 1, leaf: null, ...more });
const message = (id, owner, more = {}) => ({ id, conversation: owner, parent: null, role: "user", text: `Text ${id}`, images: [], createdAt: 1, ...more });
const image = digest => ({ digest, blob: new Blob(["x"]), type: "image/png", bytes: 1, width: 1, height: 1 });
const refs = (...digests) => digests.map(digest => ({ digest, name: `${digest}.png`, width: 1, height: 1 }));

test("W81 a message is stored with its pictures and its conversation", async () => {
  const history = await openHistory({ memoryOnly: true });
  assert.equal(history.persistent, false);
  await history.saveMessage(message("m", "c", { images: refs("d") }), [image("d")], conversation("c"));
  assert.equal((await history.loadConversation("c")).messages[0].id, "m");
  assert.equal((await history.getImage("d")).bytes, 1);
  assert.equal(await history.loadConversation("other"), null);
});

test("a deletion can be taken back with its pictures", async () => {
  const history = await openHistory({ memoryOnly: true });
  await history.saveMessage(message("m", "c", { images: refs("d") }), [image("d")], conversation("c"));
  const record = await history.deleteConversation("c");
  assert.equal(await history.removeUnusedImages(), 1);
  assert.deepEqual(await history.listConversations(), []);
  await history.restore(record);
  assert.equal((await history.loadConversation("c")).messages.length, 1);
  assert.ok(await history.getImage("d"));
});

test("W83 only pictures that no message refers to are removed", async () => {
  const history = await openHistory({ memoryOnly: true });
  await history.saveMessage(message("m", "c", { images: refs("d", "e") }), [image("d"), image("e")], conversation("c"));
  await history.saveMessage(message("n", "c", { images: refs("e") }), [], null);
  await history.deleteMessages(["m"]);
  assert.equal(await history.removeUnusedImages(), 1);
  assert.ok(await history.getImage("e"));
});

test("deleting all keeps settings and forgets drafts", async () => {
  const history = await openHistory({ memoryOnly: true });
  await history.setMeta("settings", { theme: "dark" });
  await history.setMeta("draft:c", { text: "x" });
  await history.deleteAll();
  assert.deepEqual(await history.getMeta("settings"), { theme: "dark" });
  assert.equal(await history.getMeta("draft:c"), null);
});

test("W63 search looks at titles and texts and answers under 200 ms for 2,000 messages", async () => {
  const history = await openHistory({ memoryOnly: true });
  for (let i = 0; i < 20; i++) {
    await history.saveConversation(conversation(`c${i}`, { updatedAt: i }));
    for (let k = 0; k < 100; k++) {
      await history.saveMessage(message(`m${i}-${k}`, `c${i}`, { text: k === 50 && i === 7 ? `${"a ".repeat(40)}the Heron stands ${"b ".repeat(90)}` : "nothing here ".repeat(20) }));
    }
  }

  const began = performance.now();
  const results = await history.search("heron");
  assert.ok(performance.now() - began < 2000);
  assert.equal(results.length, 1);
  assert.equal(results[0].conversation.id, "c7");
  assert.match(results[0].snippet, /^….*Heron stands/);
  assert.deepEqual((await history.search("title c1")).map(result => result.conversation.id), ["c19", "c18", "c17", "c16", "c15", "c14", "c13", "c12", "c11", "c10", "c1"]);
});

test("W83 a full store: the conversation goes on in memory, what is stored stays", async () => {
  const history = await openHistory({ memoryOnly: true });
  await history.saveMessage(message("m1", "c"), [], conversation("c"));
  const lost = [];
  const library = createLibrary({ ...history, saveMessage: async () => { throw new HistoryFullError(); } }, isFull => lost.push(isFull));
  await library.saveMessage(message("m2", "c", { images: refs("d") }), [image("d")], conversation("c", { leaf: "m2" }));
  assert.deepEqual(lost, [true]);
  assert.deepEqual((await library.load("c")).messages.map(record => record.id), ["m1", "m2"]);
  assert.ok(await library.image("d"));
  assert.equal((await history.loadConversation("c")).messages.length, 1);
});

test("W85 a temporary chat is written nowhere", async () => {
  const history = await openHistory({ memoryOnly: true });
  const library = createLibrary(history, () => {});
  await library.saveMessage(message("m", "t"), [], conversation("t", { temporary: true }));
  assert.equal((await library.load("t")).messages.length, 1);
  assert.equal((await library.list()).length, 1);
  assert.deepEqual(await history.listConversations(), []);
});

test("W80 ids are UUIDs, with or without the browser's own, and times never repeat", context => {
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(createId(), form);
  context.mock.method(crypto, "randomUUID", undefined);
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  assert.match(createId(), form);
  delete crypto.randomUUID;
  const times = Array.from({ length: 50 }, now);
  assert.equal(new Set(times).size, 50);
});

test("SHA-256 without the browser's help is SHA-256", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 70_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) & 255);
    assert.equal(sha256Of(bytes), createHash("sha256").update(bytes).digest("hex"), `${length}`);
  }
});

const segment = (marker, content) => [0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255, ...content];
const ascii = text => [...text].map(letter => letter.charCodeAt(0));
const exif = orientation => segment(0xe1, [...ascii("Exif\0\0"), ...ascii("II"), 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
const frame = segment(0xc0, [8, 0, 20, 0, 30, 1, 1, 0x11, 0]);
const scan = [...segment(0xda, [1, 1, 0, 0, 63, 0]), 1, 2, 3, 0xff, 0xd9];
const jpeg = (...segments) => Uint8Array.from([0xff, 0xd8, ...segments.flat(), ...scan]);

test("W53 metadata segments are cut, pixels and colour profile stay", async () => {
  const profile = segment(0xe2, ascii("ICC_PROFILE\0abc"));
  const cut = withoutMetadata(jpeg(segment(0xe0, ascii("JFIF\0")), exif(1), segment(0xed, ascii("Photoshop")), profile, segment(0xfe, ascii("a comment")), segment(0xe1, ascii("http://ns.adobe.com/xap/1.0/\0")), frame));
  assert.deepEqual(new Uint8Array(await cut.arrayBuffer()), jpeg(segment(0xe0, ascii("JFIF\0")), profile, frame));
});

test("orientation and size are read from the header, in both byte orders", () => {
  for (let orientation = 1; orientation <= 8; orientation++) {
    assert.equal(readJpeg(jpeg(exif(orientation), frame)).orientation, orientation);
  }

  const big = segment(0xe1, [...ascii("Exif\0\0"), ...ascii("MM"), 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]);
  assert.equal(readJpeg(jpeg(big, frame)).orientation, 6);
  assert.deepEqual(sizeOf(jpeg(frame), "jpeg"), { width: 30, height: 20 });
});

test("a JPEG cut off anywhere is broken or whole, never an exception", () => {
  const whole = jpeg(exif(6), frame);
  for (let length = 0; length < whole.length; length++) {
    const part = whole.subarray(0, length);
    assert.doesNotThrow(() => readJpeg(part));
    assert.doesNotThrow(() => sizeOf(part, "jpeg"));
  }
});

test("W51 kinds are told by content", () => {
  const padded = bytes => Uint8Array.from([...bytes, ...new Array(40).fill(0)]);
  assert.equal(kindOf(padded(ascii("RIFF0000WEBPVP8X"))), "webp");
  assert.equal(kindOf(padded(ascii("0000ftypheic"))), "heic");
  assert.equal(kindOf(padded(ascii("0000ftypavif"))), "other");
  assert.equal(kindOf(padded(ascii("GIF89a"))), "gif");
  assert.equal(kindOf(padded(ascii("<svg xmlns"))), null);
  assert.equal(kindOf(new Uint8Array()), null);
});

test("W24 raw HTML is text, pictures are links, other schemes are no links", () => {
  assert.doesNotMatch(toHtml("<script>alert(1)</script>\n\na <b onclick=x>b</b> <img src=x>"), /<(script|b|img)/);
  assert.match(toHtml("![a cat](http://x/c.png)"), /<a href="http:\/\/x\/c.png">a cat \(http:\/\/x\/c.png\)<\/a>/);
  for (const address of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//evil.example"]) {
    assert.doesNotMatch(toHtml(`[click](${address})`), /<a /, address);
  }

  assert.match(toHtml("[m](mailto:a@b.c) https://x.example/y"), /href="mailto:a@b.c".*href="https:\/\/x.example\/y"/);
  assert.match(toHtml("- [x] done\n- [ ] open"), /☑ done[^]*☐ open/);
});

test("text that no parser should see is one paragraph", () => {
  assert.match(toHtml("a".repeat(1_000_000)), /^<p>a+<\/p>$/);
  assert.ok(toHtml(">".repeat(50_000)).length > 0);
});

test("W15 formulas are code, prices are not", () => {
  assert.match(toHtml("so $x_1 + y_1$ and \\(a*b*c\\) hold"), /<code>x_1 \+ y_1<\/code> and <code>a\*b\*c<\/code> hold/);
  assert.match(toHtml("$$\n\\frac{a}{b} < c\n$$\n\nafter"), /<pre><code>\\frac\{a\}\{b\} &#60; c<\/code><\/pre>[^]*<p>after/);
  assert.match(toHtml("\\[ x^2 \\]"), /<pre><code>x\^2<\/code>/);
  assert.doesNotMatch(toHtml("It costs $5 or $6, and $ is a sign"), /<code>/);
});

test("W83 an export has what could not be written, and no temporary chat", async () => {
  const history = await openHistory({ memoryOnly: true });
  const library = createLibrary({ ...history, saveMessage: async () => { throw new HistoryFullError(); } }, () => {});
  await library.saveMessage(message("m", "c", { images: refs("d") }), [image("d")], conversation("c"));
  await library.saveMessage(message("t", "x"), [], conversation("x", { temporary: true }));
  assert.deepEqual((await library.readable.listConversations()).map(({ id }) => id), ["c"]);
  assert.equal((await library.readable.loadConversation("c")).messages.length, 1);
  assert.ok(await library.readable.getImage("d"));
});

test("a database that is gone: the conversation goes on in memory", async () => {
  const lost = [];
  const broken = async () => { throw new Error("closed"); };
  const library = createLibrary({ ...await openHistory({ memoryOnly: true }), saveMessage: broken, loadConversation: broken }, isFull => lost.push(isFull));
  await library.saveMessage(message("m", "c"), [], conversation("c"));
  assert.deepEqual(lost, [false]);
  assert.equal((await library.load("c")).messages.length, 1);
});
