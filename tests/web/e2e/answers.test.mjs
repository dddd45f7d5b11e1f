// Asking and what happens meanwhile: T1, T4, T5, T8, T14, T16, T23.

import assert from "node:assert/strict";
import { address, scenario } from "./support.mjs";

const refused = /console: Failed to load resource: the server responded with a status of/;
const broken = /console: Failed to load resource: net::|failed: .*v1\/chat\/completions net::/;
const stopped = /failed: .*v1\/chat\/completions net::ERR_ABORTED/;

scenario("T1 W1 W33 W66 first visit: an example fills the composer, the answer streams, its usage is shown", {}, async ({ page, chat, requests }) => {
  await chat.state("empty");
  assert.equal(await page.locator(".intro h2").textContent(), "Ask about a picture");
  await page.click("[data-example=shapes]");
  await chat.state("composing");
  await page.waitForSelector(".composer .thumbnail");
  assert.equal(await chat.composer().inputValue(), "Describe the picture.");
  assert.equal(requests.length, 0);
  assert.equal(await page.evaluate(() => document.activeElement.id), "composer");
  await page.keyboard.press("Enter");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.ok((await chat.answers())[0].length > 5);
  const usage = await page.locator("[data-usage]").textContent();
  assert.match(usage, /prompt tokens \(.*of pictures/);
  assert.match(usage, /first after .*in all/);
  assert.match(await page.locator(".meter-text").textContent(), /^[\d,]+ of [\d,]+ tokens$/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "composer");
  assert.equal(requests[0].messages[0].content[0].type, "image_url");
  assert.equal(requests[0].messages[0].content[1].text, "Describe the picture.");
});

scenario("W31 the list follows the answer until the reader scrolls up", { allow: [stopped] }, async ({ page, chat }) => {
  await chat.send("#tokens 900 #slow 4");
  await chat.state("decode");
  const atEnd = () => page.evaluate(() => { const list = document.querySelector(".messages"); return list.scrollHeight - list.scrollTop - list.clientHeight < 4; });
  await page.waitForFunction(() => { const list = document.querySelector(".messages"); return list.scrollHeight > list.clientHeight + 100 && list.scrollHeight - list.scrollTop - list.clientHeight < 60; });
  await page.mouse.move(600, 300);
  await page.mouse.wheel(0, -200);
  await page.waitForSelector(".messages[data-following=false]");
  const text = () => page.evaluate(() => document.querySelector(".prose").textContent.length);
  const before = await text();
  const top = await page.evaluate(() => document.querySelector(".messages").scrollTop);
  await page.waitForFunction(length => document.querySelector(".prose").textContent.length > length + 60, before);
  assert.equal(await page.evaluate(() => document.querySelector(".messages").scrollTop), top);
  await page.click(".jump button");
  await page.waitForSelector(".messages[data-following=true]");
  assert.ok(await atEnd());
  await chat.stop();
  await chat.state("stopped");
});

scenario("T8 W43 reload while streaming: the partial answer is interrupted and kept, the server is free", { allow: [stopped] }, async ({ page, chat }) => {
  await chat.send("Tell me #tokens 400 #slow 20");
  await chat.state("decode");
  await page.waitForFunction(() => document.querySelector(".prose")?.textContent.length > 40);
  await page.reload();
  await page.waitForSelector("article[data-role=assistant][data-state=interrupted]");
  assert.equal(await page.locator(".ending").textContent(), "Interrupted");
  await serverIdle();
  await chat.act(chat.last(), "again");
  await chat.state("decode");
  await chat.stop();
});

/** Waits until the server says that nothing runs. */
export async function serverIdle() {
  const end = Date.now() + 10_000;
  for (;;) {
    const { queue } = await (await fetch(new URL("health", address))).json();
    if (!queue || queue.running + queue.waiting === 0) {
      return;
    }

    assert.ok(Date.now() < end, "the server is still busy");
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

scenario("W40 another conversation can be read and used while one is answered", {}, async ({ page, chat }) => {
  await chat.send("Long one #tokens 300 #slow 10");
  await chat.state("decode");
  await page.click("[data-action=new]");
  await chat.state("empty");
  await chat.ask("Short one #tokens 2");
  await page.click(".item .conversation:has-text('Long one')");
  await chat.state("decode");
  await page.waitForSelector("article[data-role=assistant][data-state=decode]");
  await chat.state("done");
  assert.match((await chat.answers())[0], /^word0 .* word299$/);
});

scenario("W73 an engine that fails in the middle: the text stays, the error is told", { allow: [broken] }, async ({ page, chat }) => {
  await chat.ask("#tokens 50 #fail 5", "error");
  await page.waitForSelector("[data-code=generation_failed] [role=alert]");
  assert.match((await chat.answers())[0], /^word0/);
  assert.match(await page.locator(".request-id").textContent(), /Request \S+/);
});

/** The codes of W44 as the server writes them; what each must say and offer. */
const codes = [
  ["queue_full", 429, { message: "full" }, { "retry-after": "30" }, /busy. Try again in \d+\sis?/.source, ["retry"]],
  ["model_not_found", 404, { message: "no" }, {}, "not installed", ["Choose another model", "retry"]],
  ["out_of_memory", 503, { message: "5 GB are missing" }, {}, "5 GB are missing", ["Choose another model", "retry"]],
  ["context_length_exceeded", 400, { message: "The prompt has 5210 tokens", n_prompt_tokens: 5210, n_ctx: 4096 }, {}, "5,210 tokens, the limit is 4,096", ["Edit the message", "Start a new chat"]],
  ["too_many_images", 400, { message: "17 images, the limit is 16", param: "messages" }, {}, "17 images, the limit is 16", ["Edit the message"]],
  ["image_input_not_supported", 400, { message: "no" }, {}, "reads text only", ["Use "]],
  ["request_too_large", 413, { message: "70 MB, the limit is 64 MB" }, {}, "70 MB, the limit is 64 MB", ["Edit the message"]],
  ["permission_error", 403, { message: "chat is not allowed" }, {}, "not allowed for this key", ["retry"]],
  ["internal_error", 500, { message: "odd" }, {}, "odd", ["retry"]],
  ["never_heard_of", 500, { message: "strange" }, {}, "strange", ["retry"]],
];

for (const [code, status, error, headers, text, offers] of codes) {
  scenario(`T14 W44 ${code}: text, control, nothing lost`, { allow: [refused] }, async ({ page, chat }) => {
    await answerWith(page, status, { type: "x", param: null, code, ...error }, headers);
    await chat.ask("My question", "error");
    const failure = page.locator(`[data-code=${code}]`);
    assert.match(await failure.locator("[role=alert]").textContent(), new RegExp(text.replace("\\sis?", "\\ss")));
    assert.match(await failure.textContent(), /Request req_test/);
    for (const offer of offers) {
      assert.ok(await (offer === "retry" ? failure.locator("[data-action=retry]") : failure.getByRole("button", { name: offer })).first().isVisible(), offer);
    }

    assert.equal(await page.locator(".said").textContent(), "My question");
    await page.unroute("**/v1/chat/completions");
    if (offers.includes("retry")) {
      await page.click("[data-action=retry]");
    } else {
      await chat.act(chat.last(), "again");
    }

    await page.waitForSelector("article[data-role=assistant][data-state=done]");
    assert.equal(await page.locator("article").count(), 2);
  });
}

const answerWith = (page, status, error, headers = {}) => page.route("**/v1/chat/completions", route => route.fulfill({
  status, headers: { "content-type": "application/json", "x-request-id": "req_test", ...headers }, body: JSON.stringify({ error }),
}));

scenario("T14 W44 model_loading asks again by itself", { allow: [refused] }, async ({ page, chat }) => {
  let count = 0;
  await page.route("**/v1/chat/completions", route => ++count > 1 ? route.continue() : route.fulfill({
    status: 503, headers: { "content-type": "application/json", "retry-after": "1" }, body: JSON.stringify({ error: { message: "loading", type: "x", param: null, code: "model_loading" } }),
  }));
  await chat.send("Hello #tokens 2");
  await page.waitForSelector("[data-code=model_loading]");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.equal(count, 2);
});

scenario("T16 W25 a key is asked for, kept for the page only, and the pending message is sent with it", { open: false, allow: [refused] }, async ({ page, chat, requests }) => {
  const key = "sk-test-4711";
  await page.route(/\/(api\/|v1\/|props)/, route => route.request().headers().authorization === `Bearer ${key}` ? route.continue() : route.fulfill({
    status: 401, contentType: "application/json", body: JSON.stringify({ error: { message: "wrong", type: "authentication_error", param: null, code: "invalid_api_key" } }),
  }));
  await chat.open();
  const dialog = page.locator("dialog[data-dialog=key]");
  await dialog.waitFor();
  await chat.state("key-needed");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await chat.send("Hello #tokens 2");
  await dialog.waitFor();
  await page.fill("dialog [name=key]", "wrong");
  await page.click("dialog [data-action=confirm]");
  await page.waitForSelector("dialog[data-dialog=key] [role=alert]");
  await page.fill("dialog [name=key]", key);
  await page.click("dialog [data-action=confirm]");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.deepEqual(await chat.answers(), ["word0 word1"]);
  assert.ok(!page.url().includes(key));
  const stored = await page.evaluate(async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.ok(!stored.includes(key));
  assert.ok(!JSON.stringify(requests).includes(key));
});

scenario("W25 a remembered key is used after a reload, and can be forgotten", { open: false, allow: [refused] }, async ({ page, chat }) => {
  await page.route(/\/(api\/|v1\/|props)/, route => route.request().headers().authorization === "Bearer abc" ? route.continue() : route.fulfill({
    status: 401, contentType: "application/json", body: JSON.stringify({ error: { message: "wrong", type: "authentication_error", param: null, code: "invalid_api_key" } }),
  }));
  await chat.open();
  await page.fill("dialog [name=key]", "abc");
  await page.check("dialog [type=checkbox]");
  await page.click("dialog [data-action=confirm]");
  await page.waitForSelector(".facts span");
  await page.reload();
  await page.waitForSelector(".facts span");
  await page.click("[data-action=settings]");
  await page.getByRole("button", { name: "Forget the key" }).click();
  await page.reload();
  await page.waitForSelector("dialog[data-dialog=key]");
});

scenario("T23 W102 what a screen reader hears of one answer", {}, async ({ page, chat }) => {
  await page.evaluate(() => {
    window.heard = [];
    const region = document.querySelector("[data-speech]");
    new MutationObserver(() => region.textContent && window.heard.push([performance.now(), region.textContent])).observe(region, { childList: true, characterData: true, subtree: true });
  });
  await chat.send("Speak #tokens 60 #slow 60");
  await chat.state("decode");
  assert.equal(await chat.last().getAttribute("aria-busy"), "true");
  await chat.state("done");
  await page.waitForFunction(() => window.heard.at(-1)?.[1] === "Answer finished, 60 words");
  const heard = await page.evaluate(() => window.heard);
  assert.ok(heard.length >= 2 && heard.length <= 5, JSON.stringify(heard));
  assert.ok(heard.slice(1).every(([at], index) => at - heard[index][0] >= 2900), JSON.stringify(heard));
  assert.ok(heard.every(([, text]) => !text.includes("word5")), "no tokens");
  assert.equal(await chat.last().getAttribute("aria-busy"), null);
});
