// What the page says while the server works, and that stopping frees the server in each phase: T4, T5.

import assert from "node:assert/strict";
import { afterEach } from "node:test";
import { control, until } from "../harness/control.mjs";
import { file, picture, scenario } from "./support.mjs";

const two = [file("red.png", picture(200, 0, 0, 9, 7)), file("blue.png", picture(0, 0, 220, 7, 9))];
const long = "word ".repeat(400);

afterEach(() => control.reset());

/** Every text of the status line from now on, each once in a row. */
const watchStatus = page => page.evaluate(() => {
  window.told = [];
  const line = document.querySelector(".status");
  const look = () => {
    const text = line.querySelector(".status-text").textContent;
    if (text && text !== window.told.at(-1)?.text) {
      window.told.push({ phase: line.dataset.phase, text, part: line.querySelector("progress")?.value ?? null });
    }
  };
  new MutationObserver(look).observe(line, { subtree: true, childList: true, characterData: true, attributes: true });
});

scenario("T4 W1 W70 a place in the line: 3rd, 2nd, 1st, then the answer", {}, async ({ page, chat }) => {
  await control.occupy(4);
  await watchStatus(page);
  await chat.send("Hello #tokens 3");
  for (const [text, leaving] of [["3rd", 1], ["2nd", 1], ["1st", 1]]) {
    await page.waitForSelector(`.status-text:has-text("Waiting: ${text} in line")`);
    assert.equal(await page.getAttribute("#page", "data-state"), "queued");
    await control.release(leaving);
  }

  await chat.state("done");
  assert.deepEqual(await chat.answers(), ["word0 word1 word2"]);
  const phases = (await page.evaluate(() => window.told)).map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1]);
  assert.deepEqual(phases.filter(phase => ["queued", "decode"].includes(phase)), phases.includes("decode") ? ["queued", "decode"] : ["queued"]);
});

scenario("T4 W1 W70 loading, each picture, reading the conversation, writing: in this order, with numbers that only rise", {}, async ({ page, chat }) => {
  const model = await page.locator(".model-button .model-name").textContent();
  await control.unload(model);
  await control.set({ load: 1500, encode: 600, prefill: 300 });
  await watchStatus(page);
  await chat.attach(...two);
  await chat.send(`${long}#tokens 40 #slow 30`);
  await chat.state("done");
  const told = await page.evaluate(() => window.told);
  const order = ["preparing", "uploading", "queued", "loading", "encoding", "prefill", "decode"];
  const phases = told.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1]);
  assert.deepEqual(phases, order.filter(phase => phases.includes(phase)), "in order, each once");
  for (const phase of ["loading", "encoding", "prefill", "decode"]) {
    assert.ok(phases.includes(phase), `${phase} is shown: ${JSON.stringify(told)}`);
  }

  const texts = phase => told.filter(entry => entry.phase === phase).map(({ text }) => text);
  assert.ok(texts("loading").some(text => new RegExp(`Loading ${model}, [1-9]\\d?%`).test(text)), texts("loading").join());
  assert.match(texts("encoding").join(), /Looking at picture 1 of 2,Looking at picture 2 of 2, 50%/);
  assert.ok(texts("prefill").some(text => /Reading the conversation, [1-9]\d?%/.test(text)), texts("prefill").join());
  for (const phase of ["loading", "encoding", "prefill"]) {
    const parts = told.filter(entry => entry.phase === phase && entry.part !== null).map(({ part }) => part);
    assert.deepEqual(parts, parts.toSorted((a, b) => a - b), phase);
  }
});

/** How a phase is reached, and what the page's state is then. */
const reach = {
  queued: async ({ chat }) => {
    await control.occupy(2);
    await chat.send("Hello #tokens 3");
  },
  loading: async ({ page, chat }) => {
    await control.unload(await page.locator(".model-button .model-name").textContent());
    await control.set({ load: 60_000 });
    await chat.send("Hello #tokens 3");
  },
  encoding: async ({ chat }) => {
    // Pictures that no other test has shown: known ones are not encoded again.
    await control.set({ encode: 60_000 });
    await chat.attach(file("grey.png", picture(90, 91, 92)), file("brown.png", picture(120, 80, 40)));
    await chat.send("Hello #tokens 3");
  },
  prefill: async ({ chat }) => {
    await control.set({ prefill: 1000 });
    await chat.send(`${long.repeat(3)}#tokens 3`);
  },
  decode: async ({ page, chat }) => {
    await chat.send("#tokens 900 #slow 20");
    await page.waitForFunction(() => document.querySelector(".prose")?.textContent.length > 30);
  },
};

for (const [phase, go] of Object.entries(reach)) {
  scenario(`T5 W41 stop while ${phase}: the engine sees it, the slot is free within a second, the next question is answered`, {}, async ({ page, chat }) => {
    await go({ page, chat });
    await chat.state(phase);
    const { active } = await until(state => state.active > 0, "the request is there");
    await chat.stop();
    await chat.state("stopped");
    // Loading itself goes on; nobody waits for it any more.
    await until(state => state.active < active, "the request is gone", 1000);
    assert.equal(await page.locator("[data-ending=stopped]").textContent(), "Stopped by you");
    if (phase === "decode") {
      assert.match((await chat.answers())[0], /^word0 word1/);
    }

    await control.reset();
    await chat.ask("Next #tokens 2");
    assert.equal((await chat.answers()).at(-1), "word0 word1");
  });
}
