// A model that thinks before it answers.

import assert from "node:assert/strict";
import { check } from "../harness/axe.mjs";
import { control } from "../harness/control.mjs";
import { scenario } from "./support.mjs";

const stopped = /failed: .*v1\/chat\/completions net::ERR_ABORTED/;
const say = "<think>\nIs it **red**? It is: the circle stands on a white ground.\n</think>\n\nA red circle.";
const thinking = (name, options, body) => scenario(name, { ...options, open: false }, async given => {
  await control.thinker();
  await control.set({ say, pace: 60 });
  await given.chat.open();
  await body(given);
});

thinking("thoughts are in sight while the model thinks, folded when it answers, kept, and not sent back", {}, async ({ page, chat, requests }) => {
  const thoughts = chat.last().locator(".thoughts");
  await chat.send("What is it?");
  await chat.state("thinking");
  await page.waitForSelector(".thoughts[data-growing=true][open] .prose");
  assert.equal(await page.locator(".status-text").textContent(), "Thinking");
  assert.equal(await chat.last().getAttribute("data-state"), "thinking");
  assert.deepEqual(await check(page), []);
  await control.set({ hurry: true });
  await chat.state("done");
  assert.deepEqual(await chat.answers(), ["A red circle."]);
  assert.equal(await thoughts.getAttribute("open"), null);
  assert.match(await thoughts.locator("summary").textContent(), /^Thought for \d.*s$/);

  await page.reload();
  await thoughts.locator("summary").press("Enter");
  await thoughts.locator("strong").waitFor();
  assert.equal((await thoughts.locator(".prose").textContent()).trim(), "Is it red? It is: the circle stands on a white ground.");
  await page.emulateMedia({ colorScheme: "dark" });
  assert.deepEqual(await check(page), []);

  await control.set({ pace: 0 });
  await chat.ask("Sure?");
  assert.equal(requests.length, 2);
  assert.ok(!JSON.stringify(requests[1]).includes("white ground"));
  assert.equal(requests[1].messages[1].content, "A red circle.");
});

thinking("stopped while it thinks: thoughts are kept, a new try takes their place, a longer answer goes on behind them", { allow: [stopped] }, async ({ page, chat, requests }) => {
  await chat.send("What is it?");
  await page.waitForFunction(() => document.querySelector(".thoughts .prose")?.textContent.length > 5);
  await chat.stop();
  await chat.state("stopped");
  assert.match(await chat.last().locator(".thoughts summary").textContent(), /^Thought for/);
  assert.equal(await chat.last().locator("[data-action=continue]").count(), 0);

  await control.set({ say: say + " And more, and more, and more.".repeat(20), pace: 15 });
  await chat.act(chat.last(), "again");
  await chat.state("decode");
  await chat.stop();
  await chat.state("stopped");
  assert.equal(await page.locator(".versions").count(), 0);
  await control.set({ say: "And so on.", pace: 0 });
  await chat.act(chat.last(), "continue");
  await chat.state("done");
  assert.equal(requests[2].messages.at(-1).reasoning_content, "Is it **red**? It is: the circle stands on a white ground.");
  assert.match((await control.state()).prompt, /<think>Is it \*\*red\*\*\?.*<\/think>/s);
  assert.match((await chat.answers()).at(-1), /^A.*And so on\.$/);
  assert.match(await chat.last().locator(".thoughts summary").textContent(), /^Thought for/);
});

thinking("how much it shall think is chosen in the settings, where the model can", {}, async ({ page, chat, requests }) => {
  const effort = page.locator("[data-param=reasoning_effort]");
  await control.set({ say: "Red.", pace: 0 });
  await page.click("[data-action=settings]");
  await effort.waitFor();
  assert.deepEqual(await check(page), []);
  await chat.ask("One");
  await effort.selectOption("none");
  await chat.ask("Two");
  assert.deepEqual(requests.map(request => request.reasoning_effort), [undefined, "none"]);
  assert.match((await control.state()).prompt, /<think><\/think>$/);
  await effort.selectOption("");
  await chat.ask("Three");
  assert.ok(!("reasoning_effort" in requests[2]));

  await control.reset();
  await chat.open();
  await page.waitForSelector(".facts span");
  await page.click("[data-action=settings]");
  await page.waitForSelector("[data-param=temperature]");
  assert.equal(await effort.count(), 0);
});
