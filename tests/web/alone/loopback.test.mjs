// T26: in a network that has only the loopback interface, over the bundled model. Run by LoopbackTests, which has started the server there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { chatOf, watchPage } from "../e2e/support.mjs";

test("T26 T1 W3 W5 without any network a first visit ends with an answer about the example's picture", { timeout: 120_000 }, async () => {
  await assert.rejects(fetch("http://192.0.2.1/", { signal: AbortSignal.timeout(2000) }));
  const browser = await chromium.launch({
    executablePath: process.env.LLAVA_TEST_CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    const page = await browser.newPage();
    const { complaints } = watchPage(page, []);
    const chat = chatOf(page);
    await chat.open();
    await page.click("[data-example=shapes]");
    await page.waitForSelector(".composer .thumbnail");
    await page.keyboard.press("Enter");
    await page.waitForSelector("article[data-role=assistant][data-state=done]", { timeout: 90_000 });
    assert.match((await chat.answers())[0], /\w{3}/);
    assert.match(await page.locator("[data-usage]").textContent(), /prompt tokens/);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});
