// Long conversations stay light: T30.

import assert from "node:assert/strict";
import { traceTasks } from "../harness/tasks.mjs";
import { scenario } from "./support.mjs";

/** Writes a conversation of 2,000 messages into the database of the page and opens it. */
async function fill(page) {
  await page.evaluate(async () => {
    const open = await new Promise((resolve, reject) => {
      const request = indexedDB.open("llava-chat");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const transaction = open.transaction(["conversations", "messages"], "readwrite");
    let parent = null;
    for (let i = 0; i < 2000; i++) {
      const id = `m${i}`;
      const isUser = i % 2 === 0;
      transaction.objectStore("messages").put({
        id, conversation: "long", parent, role: isUser ? "user" : "assistant", text: isUser ? `Question ${i}` : `Answer ${i} with **bold** text, a list\n\n- one\n- two\n\nand \`code\`.${i === 1501 ? " The heron." : ""}`,
        images: [], state: "done", error: null, model: isUser ? null : "m", usage: null, timings: null, finish: null, createdAt: i + 1,
      });
      parent = id;
    }

    transaction.objectStore("conversations").put({ id: "long", title: "Long", createdAt: 1, updatedAt: Date.now(), model: "", system: "", params: {}, leaf: parent });
    await new Promise(resolve => (transaction.oncomplete = resolve));
    open.close();
  });
}

scenario("T30 W58 W63 2,000 messages: an answer of 500 tokens streams without a long task, search is quick, memory is given back", { own: true }, async ({ page, chat, context }) => {
  await chat.ask("#tokens 2");
  const model = await page.locator(".model-button .model-name").textContent();
  await fill(page);
  await page.reload();
  const session = await context.newCDPSession(page);
  // Waits are locators' here: what waitForSelector finds stays in memory with the handle that it returns.
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize;
  };
  await page.locator(".item:has-text('Long')").first().waitFor();
  const open = async () => {
    await page.click(".item .conversation:has-text('Long')");
    await page.locator(".prose").first().waitFor();
  };
  const close = async () => {
    await page.click("[data-action=new]");
    await chat.state("empty");
  };
  // Once for what is made at the first time and kept: modules, compiled code.
  await chat.ask("#tokens 2");
  await open();
  await page.fill("#search", "tokens");
  await page.locator(".found").waitFor();
  await page.fill("#search", "");
  await close();
  const before = await heap();
  await open();
  assert.ok(await page.locator("article").count() < 100, "only the end is drawn");
  await page.click("[data-action=models]");
  await page.locator(".model", { hasText: model }).first().click();

  const trace = await traceTasks(session);
  // The scripted model's context is too short for all of it, and the page is what is tested.
  await page.route("**/v1/chat/completions", route => {
    const request = route.request().postDataJSON();
    return route.continue({ postData: JSON.stringify({ ...request, messages: request.messages.slice(-1) }) });
  });
  await chat.send("#tokens 500 #slow 10");
  await chat.state("decode");
  await chat.state("done");
  const tasks = await trace.end();
  assert.ok(tasks.length > 100, `${tasks.length} tasks were seen`);
  assert.ok(tasks[0] < 200, `tasks took ${tasks.slice(0, 5).map(Math.round)} ms of the processor`);

  await page.fill("#search", "heron");
  await page.locator(".found:has-text('1 result')").first().waitFor();
  await page.fill("#search", "");
  await close();
  const after = await heap();
  assert.ok(after < before * 1.2, `${before} bytes before, ${after} after`);
});
