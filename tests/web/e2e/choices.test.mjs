// What a visitor chooses: theme, model, keys, what is kept: W32, W33, W65, W85, W13.

import assert from "node:assert/strict";
import { address, scenario } from "./support.mjs";

scenario("W13 a first visit makes at most 40 requests", { open: false, own: true }, async ({ page, chat }) => {
  let count = 0;
  page.on("request", () => count++);
  await chat.open();
  await page.waitForFunction(() => [...document.images].every(image => image.complete));
  const first = await page.evaluate(() => performance.getEntriesByType("resource").filter(({ startTime }) => startTime < 1200).length + 1);
  assert.ok(Math.min(first, count) <= 40, `${first} of ${count}`);
});

/** Milliseconds of the processor's work in the page, by which a slow or loaded machine is known; about 60 on one of 2022 that does nothing else. */
const work = page => page.evaluate(() => {
  const began = performance.now();
  let sum = 0;
  for (let i = 0; i < 3_000_000; i++) {
    sum = (sum * 31 + i) % 1_000_003;
  }

  return performance.now() - began + (sum < 0 ? 1 : 0);
});
const usualWork = 60;

scenario("W13 the page can be used within a second of its opening", { open: false, own: true }, async ({ page }) => {
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (document.activeElement?.id === "composer") {
        window.usableAt = performance.now();
        observer.disconnect();
      }
    }).observe(document, { childList: true, subtree: true, attributes: true });
    document.addEventListener("focusin", event => event.target.id === "composer" && (window.usableAt ??= performance.now()));
  });
  const visits = [];
  for (let visit = 0; visit < 5; visit++) {
    await page.goto(address);
    await page.waitForFunction(() => window.usableAt > 0);
    visits.push(await page.evaluate(() => window.usableAt) / Math.max(1, await work(page) / usualWork));
  }

  assert.ok(Math.min(...visits) < 1000, visits.map(Math.round).join());
});

scenario("W32 the theme is kept, and shown before the page is drawn", {}, async ({ page }) => {
  await page.click("[data-action=settings]");
  await page.check("input[name=theme][value=dark]");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.reload();
  await page.waitForSelector("#composer");
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), dark);
  assert.match(dark, /rgb\(2[0-9], 2[0-9], 2[0-9]\)/);
});

scenario("W65 the last model is remembered, the address preselects another, the menu is searched by keyboard", {}, async ({ page, chat, requests }) => {
  const names = await modelNames(page);
  assert.ok(names.length >= 2, names.join());
  await page.click("[data-action=models]");
  await page.keyboard.type(names[1]);
  await page.keyboard.press("Enter");
  await page.waitForSelector(`.model-button:has-text("${names[1]}")`);
  await chat.ask("#tokens 2");
  assert.equal(requests[0].model, names[1]);
  await page.click("[data-action=new]");
  await page.reload();
  await page.waitForSelector(`.model-button:has-text("${names[1]}")`);
  await page.goto(new URL(`?model=${encodeURIComponent(names[0])}`, address).href);
  await page.waitForSelector(`.model-button:has-text("${names[0]}")`);
});

async function modelNames(page) {
  await page.click("[data-action=models]");
  await page.waitForSelector("[role=option]");
  const names = await page.locator("[role=option] .model-name").allTextContents();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement.dataset.action === "models");
  return names;
}

scenario("W85 a temporary chat is gone after a reload, others stay", {}, async ({ page, chat }) => {
  await chat.ask("Kept #tokens 2");
  await page.click("[data-action=temporary]");
  await chat.state("empty");
  await chat.ask("Secret #tokens 2");
  await page.waitForSelector(".badge[data-kind=temporary]");
  const dump = await page.evaluate(async () => {
    const open = await new Promise(resolve => (indexedDB.open("llava-chat").onsuccess = event => resolve(event.target.result)));
    const all = await Promise.all([...open.objectStoreNames].map(name => new Promise(resolve => (open.transaction(name).objectStore(name).getAll().onsuccess = event => resolve(event.target.result)))));
    open.close();
    return JSON.stringify(all);
  });
  assert.ok(dump.includes("Kept") && !dump.includes("Secret"));
  await page.reload();
  await page.waitForSelector(".item");
  assert.deepEqual(await page.locator(".item .conversation-title").allTextContents(), ["Kept #tokens 2"]);
});

scenario("W85 with the history switched off new chats are not kept", {}, async ({ page, chat }) => {
  await page.click("[data-action=settings]");
  await page.uncheck("[data-setting=history]");
  await chat.ask("Gone #tokens 2");
  await page.reload();
  await page.waitForSelector(".conversations:has-text('History is off')");
  assert.equal(await page.locator(".item").count(), 0);
});

scenario("W100 Ctrl+Enter sends, as a setting instead of Enter", {}, async ({ page, chat, requests }) => {
  await page.click("[data-action=settings]");
  await page.check("[data-setting=ctrlEnter]");
  await page.focus("#composer");
  await page.keyboard.type("One");
  await page.keyboard.press("Enter");
  await page.keyboard.type("#tokens 2");
  assert.equal(requests.length, 0);
  await page.keyboard.press("Control+Enter");
  await chat.state("done");
  assert.equal(requests[0].messages[0].content, "One\n#tokens 2");
});

scenario("W33 what the operator set is shown: title, notice, no examples", { open: false }, async ({ page, chat }) => {
  await page.route("**/ui.json", async route => {
    const settings = await (await route.fetch()).json();
    await route.fulfill({ json: { ...settings, title: "Pictures & Co", notice: "Ask <b>Ann</b>\nfor help", examples: false, unknown: 1, maxImages: null } });
  });
  await chat.open();
  assert.equal(await page.title(), "Pictures & Co");
  assert.equal(await page.locator(".notice-text").textContent(), "Ask <b>Ann</b>\nfor help");
  assert.equal(await page.locator(".example").count(), 0);
});

scenario("W85 a browser without a database: everything works, and it is said that nothing is kept", { open: false, own: true }, async ({ page, chat }) => {
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("not here", "SecurityError");
    };
  });
  await chat.open();
  await page.waitForSelector("[data-banner=memory]");
  await chat.ask("One #tokens 2");
  await page.click("[data-action=new]");
  await page.click(".item .conversation");
  await page.waitForSelector(".said:has-text('One')");
  await page.click("[data-banner=memory] button");
  assert.equal(await page.locator("[data-banner=memory]").count(), 0);
});
