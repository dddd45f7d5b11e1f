// Pictures of the page in its main states, in both themes and two sizes, written as test output for whoever looks at them;
// each is checked for what can be checked: nothing scrolls sideways, is covered or cut off, and the theme's colours are drawn.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { control } from "../harness/control.mjs";
import { isDark, layoutFaults } from "../harness/layout.mjs";
import { file, phone, scenario } from "./support.mjs";

const folder = path.resolve(process.env.LLAVA_SCREENSHOTS || path.join(process.env.LLAVA_WEB_OUTPUT ?? ".", "screens"));
const away = [/net::ERR_/, /Failed to load resource/];
const answer = `The receipt adds up to **23.40**. Without the cake it would be 2.50.

| Item | Count | Price |
|:--|--:|--:|
| Tea | 1 | 2.50 |
| Cherry cake | 2 | 20.90 |

The same sum in Python:

\`\`\`python
prices = {"tea": 2.50, "cake": 20.90}
total = sum(prices.values())
print(f"{total:.2f}")  # 23.40
\`\`\`
`;

/** A receipt and a landscape, never twice the same bytes: known pictures are not encoded again. */
async function drawings(page, salt) {
  const drawn = await page.evaluate(async salt => {
    const draw = async (width, height, paint) => {
      const canvas = new OffscreenCanvas(width, height);
      paint(canvas.getContext("2d"));
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 })).arrayBuffer());
      return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""));
    };
    const receipt = await draw(420, 560, context => {
      context.fillStyle = "#f6f1e4";
      context.fillRect(0, 0, 420, 560);
      context.fillStyle = "#222";
      context.font = "bold 34px monospace";
      context.fillText("CAFE HERON", 100, 80);
      context.font = "26px monospace";
      ["1 Tea          2.50", "2 Cherry cake 20.90", "-------------------", "Total        23.40"].forEach((line, index) => context.fillText(line, 50, 180 + index * 60));
      context.fillText(salt, 50, 520);
    });
    const landscape = await draw(640, 420, context => {
      const sky = context.createLinearGradient(0, 0, 0, 420);
      sky.addColorStop(0, "#6fb1e8");
      sky.addColorStop(0.6, "#fbe3c0");
      sky.addColorStop(0.61, "#3f7d58");
      sky.addColorStop(1, "#204a33");
      context.fillStyle = sky;
      context.fillRect(0, 0, 640, 420);
      context.fillStyle = "#fff4c2";
      context.beginPath();
      context.arc(470, 130, 45 + salt.length, 0, 7);
      context.fill();
      context.fillStyle = "#2b3d33";
      context.fillText(salt, 4, 416);
    });
    return [receipt, landscape];
  }, salt);
  return [["receipt.jpg", drawn[0]], ["lake in the evening.jpg", drawn[1]]].map(([name, data]) => file(name, Buffer.from(data, "base64"), "image/jpeg"));
}

/** A history of some days, as an export. */
function past() {
  const day = 86_400_000;
  const titles = [["Cat on a roof", 0.02], ["Which plant is this?", 1], ["Read the sign", 1.1], ["A very long title of a conversation about the map of the underground", 3], ["Slide 4 as a table", 5], ["Holiday pictures", 40]];
  const conversations = titles.map(([title, days], index) => {
    const at = Date.now() - days * day - 1000;
    const [id, question, reply] = [randomUUID(), randomUUID(), randomUUID()];
    const message = (id, role, parent, text, later) => ({ id, parent, role, text, images: [], state: "done", createdAt: at + later });
    const messages = [message(question, "user", null, title, 1), message(reply, "assistant", question, "It looks like a heron near the water.", 2)];
    return { id, title, createdAt: at, updatedAt: at, model: "eye", system: "", params: {}, leaf: reply, messages };
  });
  return file("past.json", Buffer.from(JSON.stringify({ format: "llava-chat", version: 1, exportedAt: new Date().toISOString(), server: "1.0.0", conversations, images: {} })), "application/json");
}

for (const [size, context] of Object.entries({ wide: {}, phone })) {
  scenario(`T24 W30 W104 screens, ${size}: pictures of the main states; nothing overflows, overlaps or is cut off`, { context: { ...context, reducedMotion: "reduce", colorScheme: "light" }, allow: away }, async ({ page, chat }) => {
    await mkdir(folder, { recursive: true });
    const faults = [];
    const shot = async name => {
      await page.evaluate(() => Promise.all([...document.images].map(image => image.decode().catch(() => {}))));
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        await page.screenshot({ path: path.join(folder, `${name}-${size}-${theme}.png`) });
        faults.push(...(await layoutFaults(page)).map(fault => `${name}: ${fault}`));
        if (await isDark(page) !== (theme === "dark")) {
          faults.push(`${name}: not ${theme}`);
        }
      }

      await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    };
    const withSidebar = async act => {
      const isOpen = await page.locator(".sidebar").count() > 0;
      if (!isOpen) {
        await page.click("[data-action=sidebar]");
        await page.waitForSelector(".sidebar");
      }

      await act();
      if (!isOpen) {
        await page.keyboard.press("Escape");
        await page.waitForSelector("dialog.drawer", { state: "detached" });
      }
    };
    const fresh = async () => {
      await control.reset();
      await page.keyboard.press("Control+Shift+O");
      await chat.state("empty", "composing");
    };

    await shot("empty");
    const pictures = await drawings(page, `${size} ${Date.now()}`);
    await withSidebar(async () => {
      await page.setInputFiles("[data-input=import]", [past()]);
      await page.waitForSelector("[data-report]");
      await shot("import");
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog[data-dialog]", { state: "detached" });
    });

    await page.evaluate(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["x"], "x.png", { type: "image/png" }));
      document.querySelector(".messages").dispatchEvent(new DragEvent("dragenter", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    });
    await page.waitForSelector(".drop");
    await shot("drop");
    await page.evaluate(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["x"], "x.png", { type: "image/png" }));
      document.querySelector(".messages").dispatchEvent(new DragEvent("dragleave", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    });
    await page.waitForSelector(".drop", { state: "detached" });

    await chat.attach(...pictures);
    await chat.write("What is the total, and what does the cake cost?");
    await shot("attached");
    await page.click(".thumbnail-open >> nth=1");
    await page.waitForSelector("dialog[data-dialog=image] img");
    await shot("picture");
    await page.keyboard.press("Escape");

    await control.set({ encode: 20_000 });
    await page.click("[data-action=send]");
    await chat.state("encoding");
    await shot("encoding");
    await chat.stop();
    await chat.state("stopped");
    await shot("stopped");

    await fresh();
    await control.occupy(4);
    await chat.send("Is there a heron in the picture?");
    await page.waitForSelector(".status-text:has-text('3rd in line')");
    await shot("queued");
    await chat.stop();
    await chat.state("stopped");

    await fresh();
    await control.unload("eye");
    await control.set({ load: 6000 });
    await chat.send("Is there a heron in the picture?");
    await chat.state("loading");
    await page.waitForFunction(() => document.querySelector(".status progress")?.value > 0.2);
    await shot("loading");
    await chat.stop();
    await chat.state("stopped");

    await fresh();
    await control.set({ say: answer, pace: 25 });
    await chat.attach(...pictures);
    await chat.send("What is the total, and what does the cake cost?");
    await chat.state("decode");
    await page.waitForFunction(() => document.querySelector(".prose")?.textContent.length > 60);
    await shot("decode");
    await control.set({ pace: 0 });
    await chat.stop();
    await chat.state("stopped");
    await control.set({ say: answer });
    await chat.act(chat.last(), "again");
    await page.waitForSelector("article[data-role=assistant][data-state=done]");
    await page.waitForSelector("pre code[data-highlighted] span");
    await shot("done");
    await chat.act(page.locator("article[data-role=user]").first(), "edit");
    await page.waitForSelector(".edit .thumbnail");
    await shot("edit");
    await page.click("[data-action=cancel-edit]");
    await page.click("[data-action=models]");
    await page.waitForSelector("[role=option]");
    await shot("models");
    await page.keyboard.press("Escape");
    await page.click("[data-action=settings]");
    await page.waitForSelector("[data-param=temperature]");
    await page.fill("[data-param=temperature]", "0.2");
    await page.fill("[data-param=top_p]", "5");
    await shot("settings");
    await page.locator("[data-setting=history]").scrollIntoViewIfNeeded();
    await shot("settings-end");
    await page.click("[data-action=close-settings]");

    await withSidebar(async () => {
      await page.locator(".item .more").nth(2).click();
      await page.waitForSelector("[role=menu]");
      await shot("sidebar");
      await page.keyboard.press("Escape");
      await page.fill("#search", "heron");
      await page.waitForSelector(".result");
      await shot("search");
      await page.fill("#search", "");
      await page.click("[data-action=shortcuts]");
      await page.waitForSelector("dialog[data-dialog=shortcuts]");
      await shot("shortcuts");
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog[data-dialog=shortcuts]", { state: "detached" });
    });

    await chat.ask("And in words? #tokens 30 #fail 12", "error");
    await shot("error");
    await control.kill();
    await chat.ask("Is anybody there?", "error");
    await page.waitForSelector("[data-banner=offline]");
    await shot("offline");
    assert.deepEqual(faults, []);
  });
}
