// Everybody can use it: keyboard alone, screen readers, phones, other languages: T21, T22, T24, T31.

import assert from "node:assert/strict";
import { check } from "../harness/axe.mjs";
import { control } from "../harness/control.mjs";
import { file, phone, picture, scenario } from "./support.mjs";

const refused = /console: Failed to load resource: the server responded with a status of/;
const stopped = /failed: .*v1\/chat\/completions net::ERR_ABORTED/;
const red = file("red.png", picture(200, 0, 0));

const focused = page => page.evaluate(() => {
  const element = document.activeElement;
  return element.id || element.dataset.action || element.getAttribute("aria-label") || element.textContent.trim();
});

/** Presses Tab until the wanted element has the focus. */
async function tabTo(page, selector, key = "Tab") {
  for (let i = 0; i < 80; i++) {
    if (await page.evaluate(wanted => document.activeElement.matches(wanted), selector)) {
      return;
    }

    await page.keyboard.press(key);
  }

  assert.fail(`${selector} is not reached by ${key}`);
}

scenario("T21 W100 W103 keyboard alone: example, question, versions, edit, search, rename, delete", {}, async ({ page, chat }) => {
  assert.equal(await focused(page), "composer");
  await tabTo(page, "[data-example=shapes]", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".composer .thumbnail");
  await page.waitForFunction(() => document.activeElement.id === "composer");
  await page.keyboard.press("Enter");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.equal(await focused(page), "composer");

  await tabTo(page, "article[data-role=assistant] [data-action=again]", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".versions:has-text('2/2')");
  await chat.state("done");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "composer");

  await page.keyboard.press("ArrowUp");
  await page.waitForSelector(".edit textarea:focus");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Something else #tokens 3");
  await page.keyboard.press("Enter");
  await page.waitForSelector("article[data-role=user] .versions:has-text('2/2')");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.equal(await focused(page), "composer");
  await tabTo(page, "article[data-role=user] [data-action=previous]", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("article[data-role=user] .versions:has-text('1/2')");

  await page.keyboard.press("Control+Shift+O");
  await chat.state("empty");
  assert.equal(await focused(page), "composer");
  await page.keyboard.type("About herons #tokens 2");
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");

  await page.keyboard.press("Control+k");
  await page.waitForFunction(() => document.activeElement.id === "search");
  await page.keyboard.type("herons");
  await page.waitForSelector(".result");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".said:has-text('herons')");
  await page.keyboard.press("Control+k");
  await page.waitForFunction(() => document.activeElement.id === "search");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.waitForSelector(".item");
  await tabTo(page, ".item .more");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=menu] button:focus");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[data-dialog=rename] input:focus");
  await page.keyboard.type("Birds");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".item:has-text('Birds')");
  assert.match(await focused(page), /^More: /);
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=menu] button:focus");
  await page.keyboard.press("ArrowUp");
  assert.equal(await focused(page), "Delete");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-action=undo]");
  await page.waitForFunction(() => document.activeElement.classList.contains("conversation"));
  await tabTo(page, "[data-action=undo]");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".item:has-text('Birds')");

  await page.keyboard.press("Control+/");
  await page.waitForSelector("dialog[data-dialog=shortcuts]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.keyboard.press("Control+b");
  await page.waitForSelector(".sidebar", { state: "detached" });
});

scenario("T21 T24 W103 phone width, keyboard alone: drawer, search, settings, edit; the focus is never lost", { context: { viewport: { width: 390, height: 844 } } }, async ({ page, chat }) => {
  const kept = what => page.waitForFunction(() => document.activeElement.tagName !== "BODY").catch(() => assert.fail(`the focus is lost after ${what}`));
  await tabTo(page, "[data-example=word]", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".composer .thumbnail");
  await page.waitForFunction(() => document.activeElement.id === "composer");
  await page.keyboard.press("Enter");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  await tabTo(page, "[data-action=sidebar]", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog.drawer");
  await tabTo(page, "dialog.drawer [data-action=new]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog.drawer", { state: "detached" });
  await chat.state("empty");
  await kept("a new chat");
  await page.keyboard.press("Control+b");
  await page.waitForSelector("dialog.drawer");
  await tabTo(page, "dialog.drawer .conversation");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog.drawer", { state: "detached" });
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  await kept("opening a conversation");
  await page.keyboard.press("Control+k");
  await page.waitForFunction(() => document.activeElement.id === "search");
  await page.keyboard.type("text");
  await page.waitForSelector(".result");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog.drawer", { state: "detached" });
  await kept("a search");
  await tabTo(page, "[data-action=settings]", "Shift+Tab");
  await page.keyboard.press("Enter");
  await tabTo(page, "[data-param=temperature]");
  await page.keyboard.type("0.5");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog.sheet", { state: "detached" });
  assert.equal(await focused(page), "settings");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "composer");
  await page.keyboard.press("ArrowUp");
  await page.waitForSelector(".edit textarea:focus");
  await page.keyboard.type(" #tokens 3");
  await page.keyboard.press("Enter");
  await page.waitForSelector("article[data-role=user] .versions:has-text('2/2')");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.deepEqual(await chat.answers(), ["word0 word1 word2"]);
  await kept("an edit");
});

scenario("W100 Escape stops an answer, input methods keep their keys", { allow: [stopped] }, async ({ page, chat, requests }) => {
  await page.focus("#composer");
  await page.evaluate(() => {
    const area = document.getElementById("composer");
    area.value = "にほん";
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }));
  });
  assert.equal(requests.length, 0);
  await chat.send("#tokens 400 #slow 20");
  await chat.state("decode");
  await page.keyboard.press("Escape");
  await chat.state("stopped");
});

const grey = () => file("new.png", picture(...Array.from({ length: 3 }, () => Math.floor(Math.random() * 256)), 9, 7));
const slow = "#tokens 9000 #slow 25";

const stop = async ({ page, chat }) => {
  await chat.stop();
  await chat.state("stopped");
  await control.reset();
  await page.unrouteAll({ behavior: "ignoreErrors" });
};

/** Puts the page into the states of the contract's section 5 and before its panels: several in one visit, each from the one before it. */
const visits = {
  "before an answer": {
    empty: async () => {},
    composing: async ({ page, chat }) => {
      await chat.attach(red);
      await chat.write("What is this?");
      await page.focus("#composer");
    },
    preparing: async ({ page, chat }) => {
      await page.evaluate(() => {
        FileReader.prototype.readAsDataURL = () => {};
      });
      await page.click("[data-action=send]");
      await chat.state("preparing");
    },
  },
  "a request under way": {
    uploading: async ({ page, chat }) => {
      await page.route("**/v1/chat/completions", () => {});
      await chat.send("Hello");
      await chat.state("uploading");
    },
    queued: async view => {
      await stop(view);
      await control.occupy(3);
      await view.chat.send("Hello");
      await view.chat.state("queued");
    },
    loading: async view => {
      await stop(view);
      await control.unload("eye");
      await control.set({ load: 60_000 });
      await view.chat.send("Hello");
      await view.chat.state("loading");
    },
    encoding: async view => {
      await stop(view);
      await control.set({ encode: 60_000 });
      await view.chat.attach(grey());
      await view.chat.send("Hello");
      await view.chat.state("encoding");
    },
    prefill: async view => {
      await stop(view);
      await control.set({ prefill: 1000 });
      await view.chat.send("word ".repeat(1500));
      await view.chat.state("prefill");
    },
  },
  "an answer": {
    decode: async ({ chat }) => {
      await chat.attach(red);
      await chat.send(slow);
      await chat.state("decode");
    },
    stopped: stop,
    done: async ({ page, chat }) => {
      await page.keyboard.press("Control+Shift+O");
      await chat.state("empty");
      await chat.attach(red);
      await chat.ask("#tokens 12");
      await chat.act(chat.last(), "again");
      await page.waitForSelector(".versions:has-text('2/2')");
      await chat.state("done");
    },
    edit: async ({ page, chat }) => {
      await page.keyboard.press("Control+Shift+O");
      await chat.state("empty");
      await chat.attach(red);
      await chat.ask("#tokens 3");
      await chat.act(page.locator("article[data-role=user]").first(), "edit");
      await page.waitForSelector(".edit .thumbnail");
    },
    settings: async ({ page }) => {
      await page.click("[data-action=cancel-edit]");
      await page.click("[data-action=settings]");
      await page.waitForSelector("[data-param=temperature]");
    },
    models: async ({ page }) => {
      await page.click("[data-action=close-settings]");
      await page.click("[data-action=models]");
      await page.waitForSelector("[role=option]");
    },
    shortcuts: async ({ page }) => {
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+/");
      await page.waitForSelector("dialog[data-dialog=shortcuts]");
    },
    sidebar: async ({ page }) => {
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog[data-dialog=shortcuts]", { state: "detached" });
      if (await page.locator(".sidebar").count() === 0) {
        await page.click("[data-action=sidebar]");
      }

      await page.locator(".item .more").first().click();
      await page.waitForSelector("[role=menu]");
    },
  },
  "what goes wrong": {
    error: async ({ chat }) => {
      await control.set({ fault: "engine" });
      await chat.ask("Hello", "error");
    },
    interrupted: async ({ page, chat }) => {
      await control.reset();
      await chat.send(slow);
      await chat.state("decode");
      await page.waitForFunction(() => [...document.querySelectorAll(".prose")].at(-1)?.textContent.length > 20);
      await page.reload();
      await chat.state("interrupted");
    },
    offline: async ({ page, chat }) => {
      await control.kill();
      await chat.ask("Hello", "error");
      await page.waitForSelector("[data-banner=offline]");
    },
    starting: async ({ page, chat }) => {
      await control.start({ ready: false });
      await page.reload();
      await page.waitForSelector("[data-banner=starting]");
      await chat.state("starting");
    },
    draining: async ({ page, chat }) => {
      await control.reset();
      await control.drain();
      await page.reload();
      await page.waitForSelector("[data-banner=draining]");
      await chat.state("draining");
    },
    "key-needed": async ({ page, chat }) => {
      await control.restart({ "Llava:Security:ApiKeys": "web:0123456789abcdef0123456789abcdef" });
      await page.reload();
      await page.waitForSelector("dialog[data-dialog=key]");
      await chat.state("key-needed");
    },
  },
};

for (const [visit, states] of Object.entries(visits)) {
  for (const [size, context] of Object.entries({ desktop: {}, phone })) {
    scenario(`T22 T24 W6 W30 W104 ${visit}, both themes, ${size}: axe finds nothing, nothing scrolls sideways, composer and status are in view`, {
      context: { ...context, reducedMotion: "reduce", colorScheme: "light" }, allow: [refused, stopped, /net::ERR_/],
    }, async ({ page, chat }) => {
      for (const [name, reach] of Object.entries(states)) {
        await reach({ page, chat });
        assert.deepEqual(await check(page), [], name);
        await checkLayout(page, name);
        await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
        assert.deepEqual(await check(page, "color-contrast"), [], `${name}, dark`);
        await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
      }
    });
  }
}

/** No sideways overflow; composer and status line are inside the window; controls do not overlap. */
async function checkLayout(page, name) {
  const found = await page.evaluate(() => {
    const problems = [];
    const root = document.scrollingElement;
    if (root.scrollWidth > innerWidth || document.querySelector(".messages").scrollWidth > document.querySelector(".messages").clientWidth) {
      problems.push(`scrolls sideways: ${root.scrollWidth} of ${innerWidth}`);
    }

    for (const selector of [".composer", ".status"]) {
      const box = document.querySelector(selector).getBoundingClientRect();
      if (box.top < 0 || box.bottom > innerHeight + 0.5 || box.left < 0 || box.right > innerWidth + 0.5) {
        problems.push(`${selector} is out of view`);
      }
    }

    const boxes = [...document.querySelectorAll(".composer-bar button, .head button")].map(button => button.getBoundingClientRect()).filter(box => box.width > 1);
    for (const [index, a] of boxes.entries()) {
      for (const b of boxes.slice(index + 1)) {
        if (a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5) {
          problems.push("controls overlap");
        }
      }
    }

    return problems;
  });
  assert.deepEqual(found, [], name);
}

scenario("T24 W30 phone: Enter makes a new line, the drawer and the settings close again", { context: phone }, async ({ page, chat, requests }) => {
  await page.tap("#composer");
  await page.keyboard.type("One");
  await page.keyboard.press("Enter");
  await page.keyboard.type("two #tokens 2");
  assert.equal(await page.inputValue("#composer"), "One\ntwo #tokens 2");
  assert.equal(requests.length, 0);
  await page.tap("[data-action=send]");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  await page.tap("[data-action=sidebar]");
  await page.waitForSelector("dialog.drawer .item");
  await page.tap("dialog.drawer .conversation");
  await page.waitForSelector("dialog.drawer", { state: "detached" });
  await page.tap("[data-action=settings]");
  await page.waitForSelector("dialog.sheet [data-param=temperature]");
  await page.tap("[data-action=close-settings]");
  await page.waitForSelector("dialog.sheet", { state: "detached" });
});

scenario("T24 W30 320 pixels wide, as at 400 % zoom: nothing scrolls sideways, all controls can be reached", { context: { viewport: { width: 320, height: 256 } }, allow: [refused] }, async ({ page, chat }) => {
  await chat.attach(red);
  await checkLayout(page, "attached");
  await chat.ask("#tokens 30 averyveryveryveryveryveryveryveryveryveryveryveryveryverylongword");
  await checkLayout(page, "done");
  await page.click("[data-action=settings]");
  await page.waitForSelector("dialog.sheet [data-param=stop]");
  await page.locator("[data-setting=history]").scrollIntoViewIfNeeded();
  await page.click("[data-action=close-settings]");
  await page.click("[data-action=sidebar]");
  await page.locator("[data-action=shortcuts]").click();
  await page.waitForSelector("dialog[data-dialog=shortcuts]");
});

scenario("W104 text spacing as of WCAG 1.4.12 hides nothing", {}, async ({ page, chat }) => {
  await chat.ask("#tokens 30");
  await page.click("[data-action=settings]");
  await page.waitForSelector("[data-param=temperature]");
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }");
    document.adoptedStyleSheets = [sheet];
  });
  await checkLayout(page, "spaced");
  const cut = await page.evaluate(() => [...document.querySelectorAll("button, label, legend, .hint")].filter(element => element.offsetParent && element.scrollWidth > element.clientWidth + 1 && !element.matches(".icon-button, .conversation, .model-button") && getComputedStyle(element).overflow !== "visible").map(element => element.textContent));
  assert.deepEqual(cut, []);
});

for (const [size, context] of Object.entries({ desktop: {}, phone, narrow: { viewport: { width: 320, height: 640 } } })) {
  scenario(`T31 W105 pseudo-language, ${size}: every text is translated, nothing is clipped`, { path: "?lang=en-XA", context: { ...context, reducedMotion: "reduce" }, allow: [refused] }, async ({ page, chat }) => {
    const check = async name => {
      const found = await page.evaluate(() => {
        const problems = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const { parentElement: element, data } = walker.currentNode;
          const isOwn = !element.closest("[translate=no], noscript, script, textarea");
          if (isOwn && /\p{L}{2,}/u.test(data) && !data.includes("⟦") && !/^\s*\d[\d.,:]*\s?(s|m|ms|h|kB|MB|GB|byte|bytes|%)\b.*$/.test(data)) {
            problems.push(`not translated: ${data}`);
          }
        }

        for (const element of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")) {
          for (const name of ["aria-label", "title", "placeholder", "alt"]) {
            const value = element.getAttribute(name);
            if (value && !element.closest("[translate=no]") && /\p{L}{2,}/u.test(value) && !value.includes("⟦") && !element.dataset.param) {
              problems.push(`${name} not translated: ${value}`);
            }
          }
        }

        const mayBeCut = ".conversation, .conversation *, .thumbnail-name, .composer-hint, .model-button, .model-button *, .snippet, .visually-hidden, .visually-hidden *, .messages, textarea, input";
        for (const element of document.querySelectorAll("button, p, label, h1, h2, h3, span, legend, dt")) {
          const style = getComputedStyle(element);
          if (element.offsetParent && !element.matches(mayBeCut) && style.overflowX === "hidden" && element.scrollWidth > element.clientWidth + 1) {
            problems.push(`clipped: ${element.textContent}`);
          }

          const box = element.getBoundingClientRect();
          if (element.offsetParent && !element.matches(mayBeCut) && box.width > 0 && (box.right > innerWidth + 1 || box.left < -1)) {
            problems.push(`out of the window: ${element.className} ${element.textContent}`);
          }
        }

        return problems;
      });
      assert.deepEqual(found, [], name);
      await checkLayout(page, name);
    };
    await check("empty");
    await chat.attach(red);
    await check("attached");
    await chat.ask("#tokens 8");
    await chat.act(chat.last(), "again");
    await page.waitForSelector(".versions");
    await chat.state("done");
    await check("done");
    await page.route("**/v1/chat/completions", route => route.fulfill({ status: 400, contentType: "application/json", body: "{\"error\":{\"message\":\"\",\"code\":\"context_length_exceeded\",\"n_prompt_tokens\":5000,\"n_ctx\":4096}}" }));
    await chat.ask("Hello", "error");
    await check("error");
    await page.click("[data-action=settings]");
    await page.waitForSelector("[data-param=stop]");
    await check("settings");
    await page.click("[data-action=close-settings]");
    await page.click("[data-action=models]");
    await page.waitForSelector("[role=option]");
    await check("models");
    await page.keyboard.press("Escape");
    if (await page.locator(".sidebar").count() === 0) {
      await page.click("[data-action=sidebar]");
      await page.waitForSelector(".sidebar");
    }

    await check("sidebar");
    await page.click("[data-action=shortcuts]");
    await page.waitForSelector("dialog[data-dialog=shortcuts]");
    await check("shortcuts");
  });
}
