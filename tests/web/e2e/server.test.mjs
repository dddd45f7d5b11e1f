// The server at work and out of work, as the page tells it: T4, T5, T15, W42, W84.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { control, until } from "../harness/control.mjs";
import { address, file, picture, scenario, startProxy } from "./support.mjs";

const stopped = /failed: .*v1\/chat\/completions net::ERR_ABORTED/;
const away = /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|ABORTED|NETWORK_CHANGED|FAILED)|status of 50[0-9]/;

let proxy;
before(async () => (proxy = await startProxy()));
after(() => proxy.down());

scenario("T15 W42 W44 the server goes in the middle of an answer and comes back: banner, history readable, recovery by itself", {
  allow: [away], origin: () => proxy.address,
}, async ({ page, chat }) => {
  await chat.ask("Before #tokens 3");
  await chat.send("During #tokens 600 #slow 20");
  await chat.state("decode");
  await page.waitForFunction(() => [...document.querySelectorAll(".prose")].at(-1)?.textContent.length > 30);
  await proxy.down();
  await page.waitForSelector("article[data-role=assistant][data-state=interrupted]");
  await page.waitForSelector("[data-banner=offline]");
  await chat.state("offline");
  assert.match(await page.locator("[data-banner=offline]").textContent(), /Server not reachable, trying/);
  assert.ok((await chat.answers())[1].startsWith("word0"), "what arrived is kept");

  await page.click("[data-action=new]");
  await page.click(".item .conversation");
  await page.waitForSelector(".said:has-text('Before')");
  await chat.write("After #tokens 2");
  assert.ok(await page.locator("[data-action=send]").isDisabled());

  await proxy.up();
  await page.waitForSelector("[data-banner=offline]", { state: "detached" });
  await page.click("[data-action=send]:not([disabled])");
  await chat.state("done");
  assert.equal((await chat.answers()).at(-1), "word0 word1");
});

scenario("W42 W44 a server that goes silent after it has begun is given up after 60 seconds: told, its slot free, asked again by a click", { open: false, own: true }, async ({ page, chat }) => {
  await control.restart({ "Llava:Streaming:PingInterval": "10m" });
  await control.set({ encode: 300_000 });
  await page.clock.install();
  await chat.open();
  await chat.attach(file("new.png", picture(11, 22, 33)));
  await chat.send("Anyone? #tokens 2");
  await chat.state("encoding");
  await page.clock.fastForward(55_000);
  assert.equal(await page.getAttribute("#page", "data-state"), "encoding");
  await page.clock.fastForward(61_000);
  assert.match(await page.locator("[data-code=silent] [role=alert]").textContent(), /No answer from the server for 60\ss/);
  await until(state => state.active === 0, "the request is gone");
  await control.set({ encode: 0 });
  await page.click("[data-action=retry]:not([disabled])");
  await page.locator("article[data-role=assistant][data-state=done]").waitFor();
  assert.deepEqual(await chat.answers(), ["word0 word1"]);
});

scenario("T15 W44 a question asked while the server is away is kept, and asked again by a click", { allow: [away], origin: () => proxy.address }, async ({ page, chat }) => {
  await chat.attach(file("red.png", picture(200, 0, 0)));
  await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.endsWith("/marked.mjs")));
  await proxy.down();
  await chat.ask("Anyone? #tokens 2", "error");
  await page.waitForSelector("[data-code=network]");
  await page.waitForSelector("[data-banner=offline]");
  await page.waitForSelector(".sent-images img");
  await proxy.up();
  await page.click("[data-action=retry-server]");
  await page.waitForSelector("[data-banner=offline]", { state: "detached" });
  await page.click("[data-action=retry]");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.equal(await page.locator("article").count(), 2);
});

const unready = {
  starting: { text: "Server is starting", go: () => control.kill().then(() => control.start({ ready: false })), come: () => control.ready() },
  draining: { text: "Server is restarting", go: () => control.drain(), come: () => control.reset() },
};

for (const [status, { text, go, come }] of Object.entries(unready)) {
  scenario(`T15 the server is ${status}: a banner until it is ready`, { open: false, allow: [away] }, async ({ page, chat }) => {
    await go();
    await chat.open();
    await page.waitForSelector(`[data-banner=${status}]:has-text("${text}")`);
    await chat.state(status);
    await chat.write("Hello #tokens 2");
    assert.ok(await page.locator("[data-action=send]").isDisabled());
    await come();
    await page.click("[data-action=retry-server]");
    await page.waitForSelector(`[data-banner=${status}]`, { state: "detached" });
    await page.click("[data-action=send]:not([disabled])");
    await chat.state("done");
  });
}

/** Running and waiting requests, as the server counts them. */
const load = async () => {
  const { queue } = await (await fetch(new URL("health", address))).json();
  return queue ? queue.running + queue.waiting : 0;
};

/** The server's count must fall within a second. */
async function freeWithin(milliseconds) {
  const end = performance.now() + milliseconds;
  while (await load() > 0) {
    assert.ok(performance.now() < end, "the server is still busy");
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

scenario("T5 W41 stop before the first text and while it comes: the text stays, the server is free within a second, the next question is answered", { allow: [stopped] }, async ({ page, chat }) => {
  await chat.send("#tokens 2000 #slow 20");
  await chat.state("decode");
  await page.waitForFunction(() => document.querySelector(".prose")?.textContent.length > 30);
  await chat.stop();
  await chat.state("stopped");
  await freeWithin(1000);
  assert.ok((await chat.answers())[0].startsWith("word0 word1"));
  assert.equal(await page.locator("[data-ending=stopped]").textContent(), "Stopped by you");
  await chat.ask("Next #tokens 2");

  await page.route("**/v1/chat/completions", () => {});
  await chat.send("Never sent");
  await page.waitForSelector("[data-phase=uploading]");
  await chat.stop();
  await chat.state("stopped");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await chat.ask("Next #tokens 2");
});

scenario("W68 a stopped answer is continued where it ended", { allow: [stopped] }, async ({ page, chat, requests }) => {
  await chat.send("#tokens 400 #slow 20");
  await chat.state("decode");
  await page.waitForFunction(() => document.querySelector(".prose")?.textContent.length > 30);
  await chat.stop();
  await chat.state("stopped");
  const [text] = await chat.answers();
  await chat.act(chat.last(), "continue");
  await page.waitForFunction(length => document.querySelector(".prose").textContent.length > length + 5, text.length);
  await chat.stop();
  await chat.state("stopped");
  assert.ok((await chat.answers())[0].startsWith(text));
  assert.equal(requests[1].continue_final_message, true);
  assert.equal(requests[1].messages.at(-1).role, "assistant");
  assert.equal(await page.locator("article").count(), 2);
});

scenario("T29 W84 a conversation that another tab answers is not answered twice, and its end is seen", { allow: [stopped] }, async ({ page, chat, context }) => {
  await chat.send("#tokens 150 #slow 200");
  await chat.state("decode");
  const other = await context.newPage();
  await other.goto(page.url());
  await other.waitForSelector(".ending:has-text('another tab')");
  await other.fill("#composer", "Me too");
  assert.ok(await other.locator("[data-action=send]").isDisabled());
  await control.set({ hurry: true });
  await chat.state("done");
  await other.waitForSelector("article[data-role=assistant][data-state=done]");
  await other.waitForSelector("[data-action=send]:not([disabled])");
});
