// Versions, editing, the list of conversations, settings of a conversation: T6, T11, T20.

import assert from "node:assert/strict";
import { scenario } from "./support.mjs";

scenario("T6 W60 regenerate twice, switch, edit the first message; versions survive a reload", {}, async ({ page, chat }) => {
  await chat.ask("Name a color #tokens 3");
  await chat.act(chat.last(), "again");
  await page.waitForSelector("article[data-role=assistant][data-state=done] .versions:has-text('2/2')");
  await chat.act(chat.last(), "again");
  await page.waitForSelector("article[data-role=assistant][data-state=done] .versions:has-text('3/3')");
  await chat.act(chat.last(), "previous");
  await page.waitForSelector(".versions:has-text('2/3')");

  const first = page.locator("article[data-role=user]").first();
  await chat.act(first, "edit");
  await page.fill(".edit textarea", "Name a shape #tokens 4");
  await page.click("[data-action=save-edit]");
  await page.waitForSelector("article[data-role=user] .versions:has-text('2/2')");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.deepEqual(await chat.answers(), ["word0 word1 word2 word3"]);

  await page.reload();
  await page.waitForSelector("article[data-role=user] .versions:has-text('2/2')");
  assert.equal(await page.locator(".said").textContent(), "Name a shape #tokens 4");
  await chat.act(page.locator("article[data-role=user]").first(), "previous");
  await page.waitForSelector("article[data-role=user] .versions:has-text('1/2')");
  assert.equal(await page.locator(".said").textContent(), "Name a color #tokens 3");
  assert.match(await page.locator("article[data-role=assistant] .versions").textContent(), /3\/3/);
});

scenario("W60 deleting a message asks, takes what follows, and shows the version beside it", {}, async ({ page, chat }) => {
  await chat.ask("One #tokens 2");
  await chat.ask("Two #tokens 2");
  await chat.act(page.locator("article[data-role=user]").last(), "delete");
  assert.match(await page.locator("dialog[data-dialog=delete-message]").textContent(), /2 messages/);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("article").count(), 4);
  await chat.act(page.locator("article[data-role=user]").last(), "delete");
  await page.click("dialog [data-action=confirm]");
  await page.waitForFunction(() => document.querySelectorAll("article").length === 2);
});

scenario("T11 W63 search, rename, delete with undo, delete all", {}, async ({ page, chat }) => {
  for (const text of ["Find the heron #tokens 2", "A second question #tokens 2", "A third question #tokens 2"]) {
    await chat.ask(text);
    await page.click("[data-action=new]");
    await chat.state("empty");
  }

  const titles = () => page.locator(".item .conversation-title").allTextContents();
  assert.deepEqual(await titles(), ["A third question #tokens 2", "A second question #tokens 2", "Find the heron #tokens 2"]);
  await page.fill("#search", "h");
  assert.equal(await page.locator(".found").count(), 0);
  await page.fill("#search", "heron");
  await page.waitForSelector(".found:has-text('1 result')");
  await page.click(".result");
  await page.waitForSelector(".said:has-text('heron')");
  await page.fill("#search", "");

  const item = text => page.locator(".item", { hasText: text });
  await item("heron").locator(".more").click();
  await page.click("[data-entry='conversation.rename']");
  await page.fill("dialog[data-dialog=rename] input", "Birds");
  await page.click("dialog [data-action=confirm]");
  await item("Birds").waitFor();

  await item("second").locator(".more").click();
  await page.click("[data-entry='conversation.delete']");
  await page.waitForSelector("[data-action=undo]");
  assert.equal((await titles()).length, 2);
  await page.click("[data-action=undo]");
  await item("second").waitFor();
  await page.waitForSelector(".said:has-text('second')");

  await page.click("[data-action=delete-all]");
  assert.ok(await page.locator("dialog [data-action=confirm]").isDisabled());
  await page.fill("dialog[data-dialog=delete-all] input", "delete");
  await page.click("dialog [data-action=confirm]");
  await page.waitForSelector(".conversations:has-text('will be listed here')");
  await chat.state("empty");
  await page.reload();
  await page.waitForSelector(".conversations:has-text('will be listed here')");
});

scenario("T20 W64 only changed parameters are sent, reset takes them back, each conversation has its own", {}, async ({ page, chat, requests }) => {
  const names = ["temperature", "top_p", "top_k", "min_p", "repeat_penalty", "max_tokens", "seed", "stop"];
  const sent = () => Object.fromEntries(names.filter(name => name in requests.at(-1)).map(name => [name, requests.at(-1)[name]]));
  await chat.ask("One #tokens 2");
  assert.deepEqual(sent(), {});
  await page.click("[data-action=settings]");
  await page.locator("[data-param=temperature][placeholder='0.8']").waitFor();
  await page.fill("[data-param=temperature]", "0,2");
  await page.fill("[data-param=top_k]", "12");
  await page.fill("[data-param=top_p]", "5");
  assert.equal(await page.getAttribute("[data-param=top_p]", "aria-invalid"), "true");
  await page.fill("[data-param=stop]", "END");
  await page.fill("[data-param=system]", "Be brief.");
  await chat.ask("Two #tokens 2");
  assert.deepEqual(sent(), { temperature: 0.2, top_k: 12, stop: ["END"] });
  assert.deepEqual(requests.at(-1).messages[0], { role: "system", content: "Be brief." });
  await page.click("[data-reset=temperature]");
  await chat.ask("Three #tokens 2");
  assert.deepEqual(sent(), { top_k: 12, stop: ["END"] });

  await page.click("[data-action=new]");
  await chat.state("empty");
  await chat.ask("Four #tokens 2");
  assert.deepEqual(sent(), {});
  assert.equal(requests.at(-1).messages[0].role, "user");

  await page.fill("[data-param=seed]", "7");
  await page.click("[data-action=as-default]");
  await page.click("[data-action=new]");
  await chat.state("empty");
  await page.reload();
  await chat.ask("Five #tokens 2");
  assert.deepEqual(sent(), { seed: 7 });
});

scenario("W67 the text view has exactly the messages of the next request", {}, async ({ page, chat, requests }) => {
  await chat.ask("One #tokens 2");
  await page.click("[data-action=settings]");
  await page.click("[data-action=as-text]");
  const shown = JSON.parse(await page.locator(".as-text").textContent());
  assert.deepEqual(shown[0], requests[0].messages[0]);
  assert.deepEqual(shown[1], { role: "assistant", content: "word0 word1" });
});

scenario("W86 a draft survives a reload, and each conversation has its own", {}, async ({ page, chat }) => {
  await chat.ask("One #tokens 2");
  await chat.write("half a thought");
  await page.click("[data-action=new]");
  await chat.state("empty");
  await chat.write("another");
  await page.click(".item .conversation");
  await page.waitForFunction(() => document.getElementById("composer").value === "half a thought");
  await page.reload();
  await page.waitForFunction(() => document.getElementById("composer")?.value === "half a thought");
});
