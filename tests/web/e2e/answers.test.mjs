// Asking and what happens meanwhile: T1, T4, T5, T8, T14, T16, T23.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { control } from "../harness/control.mjs";
import { address, file, picture, scenario } from "./support.mjs";

const refused = /console: Failed to load resource: the server responded with a status of/;
const broken = /console: Failed to load resource: net::|failed: .*v1\/chat\/completions net::/;
const away = /failed: \S*\.js net::ERR_/;
const stopped = /failed: .*v1\/chat\/completions net::ERR_ABORTED/;

scenario("T1 W1 W33 W66 first visit: an example fills the composer, the answer streams, its usage is shown", {}, async ({ page, chat, requests }) => {
  await chat.state("empty");
  assert.equal(await page.locator(".intro h2").textContent(), "Ask about a picture");
  await page.click("[data-example=shapes]");
  await chat.state("composing");
  await page.waitForSelector(".composer .thumbnail");
  assert.equal(await chat.composer().inputValue(), "Describe the picture.");
  assert.equal(requests.length, 0);
  await page.waitForFunction(() => document.activeElement.id === "composer");
  await page.keyboard.press("Enter");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.ok((await chat.answers())[0].length > 5);
  const usage = await page.locator("[data-usage]").textContent();
  assert.match(usage, /prompt tokens \(.*of pictures/);
  assert.match(usage, /first after .*in all/);
  assert.match(await page.locator(".meter-text").textContent(), /^[\d,]+ of [\d,]+ tokens$/);
  await page.waitForFunction(() => document.activeElement.id === "composer");
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
  await chat.send("Long one #tokens 300 #slow 100");
  await chat.state("decode");
  await page.click("[data-action=new]");
  await chat.state("empty");
  await chat.ask("Short one #tokens 2");
  await page.click(".item .conversation:has-text('Long one')");
  await chat.state("decode");
  await page.waitForSelector("article[data-role=assistant][data-state=decode]");
  await control.set({ hurry: true });
  await chat.state("done");
  assert.match((await chat.answers())[0], /^word0 .* word299$/);
});

scenario("W73 an engine that fails in the middle: the text stays, the error is told", { allow: [broken] }, async ({ page, chat }) => {
  await chat.ask("#tokens 50 #fail 5", "error");
  await page.waitForSelector("[data-code=generation_failed] [role=alert]");
  assert.match((await chat.answers())[0], /^word0/);
  assert.match(await page.locator(".request-id").textContent(), /Request \S+/);
});

const pair = () => [file("red.png", picture(200, 0, 0)), file("green.png", picture(0, 160, 0, 40, 4))];
const long = "word ".repeat(4000);

/**
 * The codes of W44 as the real server comes to them, after the page was opened with what held before: {settings: of the server, meet: what else leads
 * there, files, ask: the question, says, offers}.
 */
const codes = {
  queue_full: { settings: { "Llava:Queue:MaxQueue": "0" }, meet: () => control.occupy(2), says: /busy\. Try again in \d+\ss/, offers: ["Try again"] },
  model_not_found: { meet: ({ page }) => choose(page, "gone", ["completion", "vision"]), says: /gone is not installed.*llava pull gone/s, offers: ["Choose another model", "Try again"] },
  out_of_memory: { settings: {}, meet: () => control.set({ fault: "memory" }), says: /not enough memory/, offers: ["Choose another model", "Try again"] },
  generation_failed: { settings: {}, meet: () => control.set({ fault: "engine" }), says: /The server reports: /, offers: ["Try again"] },
  context_length_exceeded: { files: pair, ask: `Too long ${long}`, says: /[\d,]{5,} tokens, the limit is 16,384.*8 of the tokens are pictures/s, offers: ["Edit the message", "Start a new chat"] },
  image_too_large: { settings: { "Llava:Limits:ImageSide": "32" }, files: pair, says: /Picture 2 \(green\.png\) was refused/, offers: ["Edit the message"], marked: "green.png" },
  too_many_images: { settings: { "Llava:Limits:Images": "1" }, files: pair, says: /refused/, offers: ["Edit the message"] },
  image_input_not_supported: { meet: ({ page }) => choose(page, "blind", ["completion", "vision"]), files: pair, says: /blind reads text only/, offers: ["Use eye", "Edit the message"] },
  request_too_large: { settings: { "Llava:Limits:MaxRequestBodyBytes": "1024" }, ask: `Much ${long.slice(0, 3000)}`, says: /1,?024|1 kB/, offers: ["Edit the message"] },
  shutting_down: { meet: () => control.close(), says: /The server is restarting/, offers: ["Try again"] },
};

/** Chooses a model of which the page was told more than is true. */
async function choose(page, name, capabilities) {
  await page.route("**/api/tags", async route => {
    const { models } = await (await route.fetch()).json();
    await route.fulfill({ json: { models: [...models.filter(model => !model.name.startsWith(name)), { ...models[0], name: `${name}:latest`, model: `${name}:latest`, capabilities }] } });
  });
  await page.reload();
  await page.waitForSelector(".facts span", { state: "attached" });
  await page.click("[data-action=models]");
  await page.locator(".model", { hasText: name }).click();
}

for (const [code, { settings, meet, files, ask = "My question", says, offers, marked }] of Object.entries(codes)) {
  scenario(`T14 W44 ${code}: text, control, nothing lost`, { allow: [refused, broken, away] }, async ({ page, chat }) => {
    if (settings) {
      await control.restart(settings);
    }

    await meet?.({ page });
    if (files) {
      await chat.attach(...files());
    }

    await chat.ask(ask, "error");
    const failure = page.locator(`[data-code=${code}]`);
    await failure.waitFor();
    assert.match(await failure.locator("[role=alert]").textContent(), says);
    assert.match(await failure.textContent(), /Request req_\w+/);
    for (const offer of offers) {
      assert.ok(await failure.getByRole("button", { name: offer }).first().isVisible(), offer);
    }

    assert.equal(await page.locator(".said").textContent(), ask.trim());
    assert.equal(await page.locator(".sent-images img").count(), files ? 2 : 0);
    assert.deepEqual(await page.locator("[data-refused=true] img").evaluateAll(images => images.map(image => image.alt)), marked ? [marked] : []);

    // The hindrance is gone, or mended by hand; then the same question is answered.
    if (code === "shutting_down") {
      await page.waitForSelector("[data-banner]");
    }

    await control.reset();
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.evaluate(() => document.querySelector("[data-action=retry-server]")?.click());
    await page.waitForSelector("[data-banner]", { state: "detached" });
    if (code === "image_input_not_supported") {
      await failure.getByRole("button", { name: "Use eye" }).click();
    } else if (code === "model_not_found") {
      await failure.getByRole("button", { name: "Choose another model" }).click();
      await page.locator(".model", { hasText: "eye" }).click();
      await page.click("[data-action=retry]");
    } else if (code === "context_length_exceeded") {
      await failure.getByRole("button", { name: "Edit the message" }).click();
      await page.fill(".edit textarea", "Shorter");
      await page.click("[data-action=save-edit]");
    } else if (offers.includes("Try again")) {
      await page.click("[data-action=retry]:not([disabled])");
    } else {
      await chat.act(chat.last(), "again");
    }

    await page.waitForSelector("article[data-role=assistant][data-state=done]");
    assert.equal(await page.locator("article").count(), 2);
  });
}

/** What the scripted server cannot come to: answers of something between it and the page, and codes of later servers. */
const foreign = [
  ["permission_error", 403, "chat is not allowed", /not allowed for this key/],
  ["internal_error", 500, "odd", /odd/],
  ["never_heard_of", 500, "strange", /strange/],
];

for (const [code, status, message, says] of foreign) {
  scenario(`T14 W44 ${code}: text, control, nothing lost`, { allow: [refused] }, async ({ page, chat }) => {
    await page.route("**/v1/chat/completions", route => route.fulfill({
      status, headers: { "content-type": "application/json", "x-request-id": "req_test" }, body: JSON.stringify({ error: { message, type: "x", param: null, code } }),
    }));
    await chat.ask("My question", "error");
    assert.match(await page.locator(`[data-code=${code}] [role=alert]`).textContent(), says);
    assert.match(await page.locator(`[data-code=${code}]`).textContent(), /Request req_test/);
    assert.equal(await page.locator(".said").textContent(), "My question");
    await page.unroute("**/v1/chat/completions");
    await page.click("[data-action=retry]");
    await page.waitForSelector("article[data-role=assistant][data-state=done]");
    assert.equal(await page.locator("article").count(), 2);
  });
}

scenario("T14 W44 model_loading, which this server says to callers without a stream alone, asks again by itself", { allow: [refused] }, async ({ page, chat }) => {
  let count = 0;
  await page.route("**/v1/chat/completions", route => ++count > 1 ? route.continue() : route.fulfill({
    status: 503, headers: { "content-type": "application/json", "retry-after": "1" }, body: JSON.stringify({ error: { message: "loading", type: "x", param: null, code: "model_loading" } }),
  }));
  await chat.send("Hello #tokens 2");
  await page.waitForSelector("[data-code=model_loading]");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.equal(count, 2);
});

const key = "0123456789abcdef0123456789abcdef";
const locked = { "Llava:Security:ApiKeys": `web:${key}` };

scenario("T16 W25 a key is asked for, kept for the page only, and the pending message is sent with it", { open: false, allow: [refused] }, async ({ page, chat, requests }) => {
  await control.restart(locked);
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
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("[data-action=export-all]")]);
  assert.ok(!(await readFile(await download.path(), "utf8")).includes(key));
});

scenario("W25 a remembered key is used after a reload, and can be forgotten", { open: false, allow: [refused] }, async ({ page, chat }) => {
  await control.restart(locked);
  await chat.open();
  await page.fill("dialog [name=key]", key);
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
  await chat.send("Speak #tokens 60 #slow 25");
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
