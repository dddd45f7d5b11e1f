// The page elsewhere: under a prefix (T25), in two tabs (T29), in a full browser (T28), over an old database (T32).

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { address, chatOf, file, picture, scenario } from "./support.mjs";

/** Serves the server under /llava/ alone, as a gateway does that takes the prefix off. */
async function underPrefix() {
  const { hostname, port } = new URL(address);
  const others = [];
  const server = createServer((inner, answer) => {
    if (!inner.url.startsWith("/llava/")) {
      others.push(inner.url);
      answer.writeHead(404).end();
      return;
    }

    const outer = request({ hostname, port, path: inner.url.slice("/llava".length), method: inner.method, headers: { ...inner.headers, host: `${hostname}:${port}`, ...(inner.headers.origin ? { origin: `http://${hostname}:${port}` } : {}) } }, response => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
      response.on("error", () => answer.destroy());
    });
    outer.on("error", () => answer.destroy());
    answer.on("close", () => outer.destroy());
    inner.pipe(outer);
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}/llava/`, others, close: () => server.close().closeAllConnections() };
}

let proxy;
test("the proxy of T25 listens", async () => {
  proxy = await underPrefix();
});

after(() => proxy?.close());

scenario("T25 W12 under a prefix: page, models, pictures, answer and history work, nothing is asked for outside it", { origin: () => proxy.address }, async ({ page, chat }) => {
  await page.click("[data-example=shapes]");
  await page.waitForSelector(".composer .thumbnail");
  await page.keyboard.press("Enter");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  await chat.ask("#echo\n```python\nx = 1\n```");
  await page.waitForSelector("pre code[data-highlighted] span");
  await page.reload();
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.ok(page.url().startsWith(proxy.address));
  assert.deepEqual(proxy.others.filter(url => url !== "/favicon.ico"), []);
});

scenario("T29 W84 W40 two tabs: a change is seen in the other, a second answer to the same conversation is refused", {}, async ({ page, context, chat }) => {
  await chat.ask("Shared #tokens 2");
  const other = await context.newPage();
  const chat2 = chatOf(other);
  await chat2.open();
  await other.click(".item .conversation");
  await other.waitForSelector("article[data-role=assistant][data-state=done]");
  await chat.ask("From the first tab #tokens 3");
  await other.waitForFunction(() => [...document.querySelectorAll("article")].some(article => article.textContent.includes("From the first tab")));
  await chat.send("A long one #tokens 400 #slow 15");
  await chat.state("decode");
  await other.bringToFront();
  await other.fill("#composer", "Me too #tokens 1");
  const button = other.locator("[data-action=send]");
  if (await button.isEnabled()) {
    await button.click();
  }

  await other.waitForSelector("text=/other tab|another tab/i");
  assert.equal(await other.evaluate(() => document.querySelector("#composer").value), "Me too #tokens 1");
  await page.bringToFront();
  await chat.stop();
  await chat.state("stopped");
  await other.close();
});

scenario("T28 W83 a full browser: the answer goes on in memory, a banner says so, nothing is deleted", {}, async ({ page, chat }) => {
  await chat.ask("Before #tokens 2");
  await page.evaluate(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...rest) {
      if (this.name === "messages") {
        queueMicrotask(() => this.transaction.abort());
        Object.defineProperty(this.transaction, "error", { value: new DOMException("full", "QuotaExceededError") });
      }

      return put.apply(this, rest);
    };
  });
  await chat.ask("After #tokens 3");
  assert.deepEqual(await chat.answers(), ["word0 word1", "word0 word1 word2"]);
  await page.waitForSelector(".banner");
  await page.reload();
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.deepEqual(await chat.answers(), ["word0 word1"]);
});

const stores = [["conversations", "id", "updatedAt"], ["messages", "id", "conversation"], ["images", "digest", null], ["meta", "name", null]];

/** Makes the database of an old version as that version made it, before the page has seen it. */
const write = (page, version, records) => page.evaluate(({ stores, records, version }) => new Promise((resolve, reject) => {
  const open = indexedDB.open("llava-chat", version);
  open.onerror = () => reject(open.error);
  open.onupgradeneeded = () => {
    for (const [name, keyPath, index] of stores) {
      const store = open.result.createObjectStore(name, { keyPath });
      index && store.createIndex(index, index);
      for (const record of records[name]) {
        const { data, ...rest } = record;
        store.put(data ? { ...rest, blob: new Blob([Uint8Array.from(atob(data), letter => letter.charCodeAt(0))], { type: rest.type }) } : rest);
      }
    }
  };
  open.onsuccess = () => {
    open.result.close();
    resolve();
  };
}), { stores, records, version });

/** Everything that a database holds, pictures in base64, as the fixtures have it. */
const dump = page => page.evaluate(async names => {
  const database = await new Promise((resolve, reject) => {
    const open = indexedDB.open("llava-chat");
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error);
  });
  const found = {};
  for (const name of names) {
    const all = await new Promise(resolve => (database.transaction(name).objectStore(name).getAll().onsuccess = event => resolve(event.target.result)));
    found[name] = await Promise.all(all.map(async ({ blob, ...rest }) => blob ? { ...rest, data: btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer()))) } : rest));
  }

  database.close();
  return found;
}, stores.map(([name]) => name));

const byKey = records => Object.fromEntries(stores.map(([name, key]) => [name, records[name].toSorted((a, b) => a[key] < b[key] ? -1 : 1)]));

scenario("T32 W82 a database of version 1 is opened without loss, and goes on", { open: false, allow: [/status of 404/] }, async ({ page, chat, requests }) => {
  const records = JSON.parse(await readFile(new URL("./fixtures/history-1.json", import.meta.url), "utf8"));
  await page.goto(new URL("vendor.json", address).href);
  await write(page, 1, records);
  await chat.open();
  assert.deepEqual(byKey(await dump(page)), byKey(records));
  assert.deepEqual(await page.locator(".item .conversation-title").allTextContents(), ["Second", "First with a picture"]);
  await page.locator(".item .conversation", { hasText: "First with a picture" }).click();
  await page.waitForSelector(".sent-images img");
  assert.deepEqual(await chat.answers(), ["The second version."]);
  await page.waitForSelector("article[data-role=assistant] .versions:has-text('2/2')");
  assert.equal(await page.locator(".sent-images img").evaluate(image => image.decode().then(() => image.naturalWidth)), 2);
  await page.click("[data-action=models]");
  await page.locator(".model", { hasText: "eye" }).click();
  await chat.ask("And now? #tokens 2");
  assert.equal(requests[0].messages.length, 3);
  await page.reload();
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.deepEqual(await chat.answers(), ["The second version.", "word0 word1"]);
  const after = await dump(page);
  assert.deepEqual(after.images, records.images);
  assert.equal(after.messages.length, records.messages.length + 2);
});

scenario("T32 W82 an upgrade that another tab holds up says so, and goes on without loss when that tab lets go", { open: false, own: true, allow: [/status of 404/] }, async ({ page, context, chat }) => {
  const records = JSON.parse(await readFile(new URL("./fixtures/history-1.json", import.meta.url), "utf8"));
  const holder = await context.newPage();
  await holder.goto(new URL("vendor.json", address).href);
  await write(holder, 1, records);
  await holder.evaluate(() => new Promise(resolve => {
    const open = indexedDB.open("llava-chat", 1);
    open.onsuccess = () => {
      window.held = open.result;
      resolve();
    };
  }));
  // A page of the next version, which this one is not yet.
  await page.addInitScript(() => {
    const { open } = IDBFactory.prototype;
    IDBFactory.prototype.open = function (name, version) {
      return open.call(this, name, version && version + 1);
    };
  });
  await page.goto(address);
  await page.locator("[role=alert]", { hasText: "Another tab keeps the history in an older version" }).waitFor();
  assert.equal(await page.locator("#composer").count(), 0);
  await holder.evaluate(() => window.held.close());
  await page.locator("#composer").waitFor();
  assert.equal(await page.locator("[role=alert]").count(), 0);
  assert.deepEqual(await page.locator(".item .conversation-title").allTextContents(), ["Second", "First with a picture"]);
  assert.deepEqual(byKey(await dump(page)), byKey(records));
  await chat.ask("Goes on #tokens 2");
});

scenario("W83 before more than 20 MB are kept the browser is asked, once, not to clear them by itself", {}, async ({ page, chat }) => {
  await page.evaluate(() => {
    window.used = 1_000_000;
    window.asked = 0;
    navigator.storage.estimate = async () => ({ usage: window.used, quota: 1e9 });
    navigator.storage.persist = async () => {
      window.asked++;
      return true;
    };
  });
  const ask = async (name, colour) => {
    await chat.attach(file(name, picture(...colour)));
    await chat.ask("What is it? #tokens 1");
    return page.evaluate(() => window.asked);
  };
  assert.equal(await ask("red.png", [200, 0, 0]), 0);
  await page.evaluate(() => (window.used = 19_999_990));
  assert.equal(await ask("green.png", [0, 160, 0]), 1);
  assert.equal(await ask("blue.png", [0, 0, 220]), 1);
});

scenario("W82 a newer version in another tab closes the database and asks for a reload; what it wrote is left alone and said", {}, async ({ page, chat }) => {
  await chat.ask("Before #tokens 2");
  const before = await dump(page);
  await page.evaluate(() => new Promise((resolve, reject) => {
    const open = indexedDB.open("llava-chat", 99);
    open.onsuccess = () => {
      open.result.close();
      resolve();
    };
    open.onerror = () => reject(open.error);
  }));
  await page.waitForSelector("dialog[data-dialog=reload]");
  await page.locator("dialog[data-dialog=reload] .primary").click();
  await page.waitForSelector("[data-banner=memory]:has-text('newer version')");
  await chat.ask("In memory #tokens 2");
  assert.deepEqual(await dump(page), before);
});
