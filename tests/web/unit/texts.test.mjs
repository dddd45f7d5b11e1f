import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { splitBlocks } from "../../../src/LlavaServer/wwwroot/chat/blocks.js";
import { explain } from "../../../src/LlavaServer/wwwroot/chat/failures.js";
import { groupByAge } from "../../../src/LlavaServer/wwwroot/chat/views/sidebar.js";
import { bytes, duration, number, percent, setLanguage, t } from "../../../src/LlavaServer/wwwroot/chat/language.js";
import { german } from "../../../src/LlavaServer/wwwroot/chat/strings-de.js";
import { english } from "../../../src/LlavaServer/wwwroot/chat/strings.js";

const chat = fileURLToPath(new URL("../../../src/LlavaServer/wwwroot/chat/", import.meta.url));
const sources = ["../chat.js", ...readdirSync(chat, { recursive: true }).filter(name => name.endsWith(".js"))].map(name => [name, readFileSync(join(chat, name), "utf8")]);

test("plural and ordinal forms, numbers in the language", () => {
  assert.equal(t("status.queued", { position: 1 }), "Waiting: 1st in line");
  assert.equal(t("status.queued", { position: 2 }), "Waiting: 2nd in line");
  assert.equal(t("status.queued", { position: 13 }), "Waiting: 13th in line");
  assert.equal(t("image.attached", { count: 1 }), "1 picture attached");
  assert.equal(t("composer.meter", { used: 1830, context: 4096 }), "1,830 of 4,096 tokens");
});

test("values are put in once: what looks like a placeholder in them stays", () => {
  assert.equal(t("conversation.deleted", { title: "{title} $& {x}" }), "“{title} $& {x}” deleted.");
});

test("W105 the pseudo-language marks and lengthens every text", async () => {
  await setLanguage("en-XA");
  try {
    const text = t("image.attached", { count: 3 });
    assert.match(text, /^⟦3 .+⟧$/);
    assert.ok(text.length > "3 pictures attached".length * 1.3);
  } finally {
    await setLanguage("en");
  }
});

test("W105 German has the same values and forms as English, and nothing else", async () => {
  const values = entry => JSON.stringify(entry).match(/\{\w+\}/g)?.sort().join() ?? "";
  for (const [key, entry] of Object.entries(german)) {
    assert.ok(Object.hasOwn(english, key), key);
    const forms = text => typeof text === "string" ? [text] : Object.values(text.ordinal ?? text);
    assert.ok(forms(entry).every(form => values(form) === values(forms(english[key])[0])), `${key}: ${values(entry)}`);
  }

  await setLanguage("de-AT");
  try {
    assert.equal(t("composer.send"), "Senden");
    assert.equal(t("status.queued", { position: 3 }), "Warten: Platz 3 in der Schlange");
    assert.equal(t("app.name"), "LlavaServer");
    assert.equal(number(1.5, 1), "1,5");
  } finally {
    await setLanguage("en");
  }
});

test("an unknown language is English", async () => assert.equal(await setLanguage("xx-YY"), "en"));

test("W105 every key that a module names has a text", () => {
  for (const [name, source] of sources) {
    for (const [, key] of source.matchAll(/\bt\("([\w.-]+)"/g)) {
      assert.ok(Object.hasOwn(english, key), `${name}: ${key}`);
    }
  }
});

test("W105 every text is used", () => {
  const all = sources.filter(([name]) => !name.startsWith("strings")).map(([, source]) => source).join("\n");
  const computed = [/^error\./, /^announce\./, /^import\./, /^param\./, /^effort\./, /^status\.(thinking|decode)$/, /^group\./, /^example\./, /^settings\.theme\./, /^banner\.(starting|draining)/, /^image\./];
  const unused = Object.keys(english).filter(key => !all.includes(`"${key}"`) && !computed.some(pattern => pattern.test(key)));
  assert.deepEqual(unused, []);
});

test("W23 no module but markdown.js makes HTML from text", () => {
  for (const [name, source] of sources) {
    assert.ok(name === "markdown.js" || !/innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|srcdoc|DOMParser/.test(source), name);
  }
});

test("sizes, shares and times", () => {
  assert.equal(bytes(3_100_000), "3.1 MB");
  assert.equal(bytes(900), "900 bytes");
  assert.equal(percent(0.999), "99%");
  assert.equal(duration(1234), "1.2s");
  assert.equal(duration(125_000), "2m 5s");
  assert.equal(number(12.34, 1), "12.3");
});

test("W44 each code of the contract has its own text, any other the server's", () => {
  const codes = ["queue_full", "model_not_found", "model_loading", "out_of_memory", "context_length_exceeded", "image_too_large", "image_input_not_supported", "request_too_large",
    "invalid_api_key", "permission_error", "shutting_down", "network", "silent"];
  const titles = codes.map(code => explain({ code, message: "reason", detail: {} }, { model: "m" }).title);
  assert.equal(new Set(titles).size, codes.length);
  assert.match(explain({ code: "never heard of", message: "some reason", detail: {} }, { model: "m" }).title, /some reason/);
  assert.match(explain({ code: "context_length_exceeded", message: "", detail: { n_prompt_tokens: 5000, n_ctx: 4096 } }, { model: "m" }).title, /5,000.*4,096/);
  assert.deepEqual(explain({ code: "context_length_exceeded", message: "", detail: { n_prompt_tokens: 5000, n_image_tokens: 576, n_ctx: 4096 } }, { model: "m" }).lines, ["576 of the tokens are pictures."]);
  assert.match(explain({ code: "model_not_found", message: "", detail: {} }, { model: "m" }).lines[0], /llava pull m/);
});

test("W63 groups by age", () => {
  const now = new Date(2026, 10, 23, 12).getTime();
  const at = (...date) => ({ updatedAt: new Date(...date).getTime() });
  const groups = groupByAge([at(2026, 10, 23, 0, 1), at(2026, 10, 22, 23), at(2026, 10, 18), at(2026, 10, 1), at(2026, 9, 30), at(2025, 9, 30)], now);
  assert.deepEqual(groups.map(group => group.key), ["today", "yesterday", "week", "month", "month", "month"]);
});

test("pieces of Markdown joined are the text, and cut nothing that belongs together", () => {
  const cases = ["", "a", "a\n\nb\n\nc", "# T\n\n- a\n\n- b\n\n  more\n\ntext", "```\na\n\nb\n```\n\nx", "~~~~\n```\n\n~~~\n~~~~\n\ny", "1. a\n\n2. b\n\nc", "| a |\n|---|\n| b |\n\nz", "```\nopen\n\nforever", "[a]: http://x\n\n[a]\n\nb"];
  for (const text of cases) {
    assert.equal(splitBlocks(text).join(""), text);
  }

  assert.equal(splitBlocks("a\n\nb\n\nc").length, 3);
  assert.equal(splitBlocks("```\na\n\nb\n```\n\nx").length, 2);
  assert.equal(splitBlocks("1. a\n\n2. b\n\nc").length, 2);
  assert.equal(splitBlocks("~~~~\n```\n\n~~~\n~~~~\n\ny").length, 2);
  assert.equal(splitBlocks("[a]: http://x\n\n[a]\n\nb").length, 1);
});
