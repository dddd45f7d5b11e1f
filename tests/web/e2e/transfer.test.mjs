// Out of the browser and back: T9, T10.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { file, picture, scenario } from "./support.mjs";

/** All records of the database, in their order, with pictures as text. */
const dump = page => page.evaluate(async () => {
  const whole = request => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await whole(indexedDB.open("llava-chat"));
  const records = {};
  for (const name of ["conversations", "messages", "images"]) {
    records[name] = await whole(database.transaction(name).objectStore(name).getAll());
    for (const record of records[name].filter(record => record.blob)) {
      record.blob = [record.blob.type, [...new Uint8Array(await record.blob.arrayBuffer())].join()];
    }
  }

  database.close();
  return records;
});

async function download(page, act) {
  const [saved] = await Promise.all([page.waitForEvent("download"), act()]);
  return { name: saved.suggestedFilename(), text: await readFile(await saved.path(), "utf8") };
}

const importing = async (page, text) => {
  await page.setInputFiles("[data-input=import]", { name: "chats.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await page.waitForSelector("dialog[data-dialog=import] :is([data-report], [role=alert])");
  return page.locator("dialog[data-dialog=import] :is([data-report], [role=alert])").textContent();
};

scenario("T9 W90 W93 export all, delete all, import: identical records; Markdown of one", {}, async ({ page, chat }) => {
  await chat.attach(file("red.png", picture(200, 0, 0)), file("blue.png", picture(0, 0, 200)));
  await chat.ask("What is it? #tokens 4");
  await chat.act(chat.last(), "again");
  await page.waitForSelector("article[data-role=assistant][data-state=done] .versions:has-text('2/2')");
  await page.click("[data-action=new]");
  await chat.state("empty");
  await chat.ask("Another one #tokens 2");
  const before = await dump(page);
  assert.deepEqual([before.conversations.length, before.messages.length, before.images.length], [2, 5, 2]);

  const all = await download(page, () => page.click("[data-action=export-all]"));
  assert.match(all.name, /^llava-chat-\d{4}-\d\d-\d\d\.json$/);
  await page.click("[data-action=delete-all]");
  await page.fill("dialog[data-dialog=delete-all] input", "delete");
  await page.click("dialog [data-action=confirm]");
  await page.waitForSelector(".conversations:has-text('will be listed here')");
  await page.waitForFunction(async () => new Promise(resolve => {
    const open = indexedDB.open("llava-chat");
    open.onsuccess = () => {
      const count = open.result.transaction("messages").objectStore("messages").count();
      count.onsuccess = () => {
        open.result.close();
        resolve(count.result === 0);
      };
    };
  }));

  assert.match(await importing(page, all.text), /2 conversations imported/);
  await page.keyboard.press("Escape");
  assert.deepEqual(await dump(page), before);
  assert.match(await importing(page, all.text), /0 conversations imported.*2 were already here/);
  await page.keyboard.press("Escape");
  assert.deepEqual(await dump(page), before);

  await page.locator(".item", { hasText: "What is it?" }).locator(".conversation").click();
  await page.waitForSelector("article[data-role=assistant] .versions:has-text('2/2')");
  assert.equal(await page.locator(".sent-images img").count(), 2);
  await page.locator(".item", { hasText: "What is it?" }).locator(".more").click();
  const markdown = await download(page, () => page.click("[data-entry='conversation.markdown']"));
  assert.match(markdown.name, /\.md$/);
  assert.match(markdown.text, /^# What is it\?[^]*## You\n\n\*Picture: red\.png \(8 × 8\)\*[^]*word0 word1 word2 word3\n$/);
});

scenario("T10 W91 W92 W23 broken, newer and foreign files; wrong digests, circles and hostile names harm nothing", {}, async ({ page, chat }) => {
  await page.evaluate(() => (window.harm = 0));
  await chat.ask("Mine #tokens 2");
  const before = await dump(page);
  for (const [text, said] of [
    ["{\"format\":", /broken/], ["[1]", /no export/], ["{\"format\":\"llava-chat\",\"version\":9}", /version 9/], ["{\"format\":\"llava-chat\",\"version\":1}", /damaged/],
  ]) {
    assert.match(await importing(page, text), said);
    await page.keyboard.press("Escape");
  }

  assert.deepEqual(await dump(page), before);
  const hostile = "<img src=x onerror=harm++><script>harm++</script>";
  const id = number => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
  const message = (number, more = {}) => ({ id: id(number), parent: null, role: "user", text: "text", images: [], state: "done", createdAt: number, ...more });
  const conversation = (number, title, messages) => ({ id: id(number), title, createdAt: 1, updatedAt: number, model: hostile, system: hostile, params: {}, leaf: messages.at(-1).id, messages });
  const digest = "0".repeat(64);
  const report = await importing(page, JSON.stringify({
    format: "llava-chat", version: 1, extra: 1,
    conversations: [
      conversation(1, hostile, [message(11, { text: hostile }), message(12, { role: "assistant", parent: id(11), model: hostile, text: `${hostile}\n\n[x](javascript:harm++)`, state: "error", error: { code: hostile, message: hostile } })]),
      conversation(2, `Wrong ${hostile}`, [message(21, { images: [{ digest, name: hostile, width: 1, height: 1 }] })]),
      conversation(3, "Circle", [message(31, { parent: id(32) }), message(32, { parent: id(31) })]),
    ],
    images: { [digest]: { type: "image/png", width: 1, height: 1, data: picture(1, 2, 3).toString("base64") } },
  }));
  assert.match(report, /1 conversation imported/);
  assert.match(report, /2 refused/);
  assert.match(report, /Wrong <img.*not the one that was exported/);
  assert.match(report, /Circle.*circle/);
  assert.match(report, /1 unknown member/);
  await page.keyboard.press("Escape");
  await page.locator(".item", { hasText: "<img src=x" }).locator(".conversation").click();
  await page.waitForSelector("article[data-role=assistant] [role=alert]");
  assert.equal(await page.locator(".said").textContent(), hostile);
  assert.equal(await page.locator("article img, article script, article a[href^=javascript]").count(), 0);
  assert.equal(await page.evaluate(() => window.harm), 0);
});
