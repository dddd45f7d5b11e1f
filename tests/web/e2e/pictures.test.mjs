// Pictures: T2, T3, T7, T19, and how a refused one is told.

import assert from "node:assert/strict";
import { file, phone, picture, picturesOf, scenario, urlOf } from "./support.mjs";

const red = picture(200, 0, 0);
const green = picture(0, 160, 0);
const blue = picture(0, 0, 220);
const yellow = picture(230, 200, 0);

/** Hands files to the page as a drop or a paste would. */
const hand = (page, kind, files, text = null) => page.evaluate(({ kind, files, text }) => {
  const transfer = new DataTransfer();
  for (const { name, type, base64 } of files) {
    transfer.items.add(new File([Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))], name, { type }));
  }

  if (text !== null) {
    transfer.setData("text/plain", text);
  }

  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true })
    : new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
  (kind === "paste" ? document.getElementById("composer") : document.querySelector(".messages")).dispatchEvent(event);
  return event.defaultPrevented;
}, { kind, files: files.map(({ name, mimeType, buffer }) => ({ name, type: mimeType, base64: buffer.toString("base64") })), text });

const names = page => page.locator(".composer .thumbnail-name").allTextContents();

scenario("T2 W50 W54 W57 button, drop, paste; two at once; remove, reorder; the request has their order and their bytes", {}, async ({ page, chat, requests }) => {
  await chat.attach(file("red.png", red), file("green.png", green));
  await hand(page, "dragenter", [file("blue.png", blue)]);
  await page.waitForSelector(".drop");
  await hand(page, "drop", [file("blue.png", blue)]);
  await page.waitForSelector(".thumbnail >> nth=2");
  assert.equal(await page.locator(".drop").count(), 0);
  assert.equal(await hand(page, "paste", [file("yellow.png", yellow)]), true);
  await page.waitForSelector(".thumbnail >> nth=3");
  assert.deepEqual(await names(page), ["red.png", "green.png", "blue.png", "yellow.png"]);

  await hand(page, "paste", [file("red again.png", red)]);
  await page.locator(".thumbnail-remove").nth(1).click();
  await page.waitForFunction(() => document.querySelectorAll(".thumbnail").length === 3);
  await page.waitForFunction(() => document.activeElement.getAttribute("aria-label") === "Open blue.png");
  await page.keyboard.press("Alt+ArrowLeft");
  await page.waitForFunction(() => document.querySelector(".thumbnail-name").textContent === "blue.png");
  await page.waitForFunction(() => document.activeElement.getAttribute("aria-label") === "Open blue.png");

  await chat.ask("Which colors?");
  assert.deepEqual(picturesOf(requests[0]), [urlOf(blue), urlOf(red), urlOf(yellow)]);
  assert.equal(await page.locator(".composer .thumbnail").count(), 0);
  assert.deepEqual(await page.locator(".sent-images img").evaluateAll(images => images.map(image => image.alt)), ["blue.png", "red.png", "yellow.png"]);
});

scenario("W54 pictures are put in order with the pointer; the request has their order", {}, async ({ page, chat, requests }) => {
  await chat.attach(file("red.png", red), file("green.png", green), file("blue.png", blue));
  const thumbnail = name => page.locator(".composer .thumbnail", { hasText: name });
  await thumbnail("blue.png").dragTo(thumbnail("red.png"));
  await page.waitForFunction(() => document.querySelector(".thumbnail-name").textContent === "blue.png");
  assert.deepEqual(await names(page), ["blue.png", "red.png", "green.png"]);
  assert.equal(await page.locator("[data-dragged=true], .drop, dialog").count(), 0);
  await chat.ask("Which colors?");
  assert.deepEqual(picturesOf(requests[0]), [urlOf(blue), urlOf(red), urlOf(green)]);
});

scenario("W50 text beside a pasted picture stays text", {}, async ({ page }) => {
  assert.equal(await hand(page, "paste", [file("cells.png", red)], "a\tb"), false);
  await page.waitForSelector(".thumbnail");
});

scenario("W54 the full view shows the picture and its size, and gives the focus back", {}, async ({ page, chat }) => {
  await chat.attach(file("red.png", picture(200, 0, 0, 40, 30)));
  await page.click(".thumbnail-open");
  await page.waitForSelector("dialog[data-dialog=image] img");
  assert.match(await page.locator("dialog[data-dialog=image] .hint").textContent(), /40 × 30/);
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.waitForFunction(() => document.activeElement.className === "thumbnail-open");
});

scenario("T3 W50 W26 the camera takes a picture that is attached and sent", {
  args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"], context: { permissions: ["camera"] },
}, async ({ page, chat, requests }) => {
  await page.click("[data-action=draft-camera]");
  await page.click("[data-action=take]:not([disabled])");
  await page.waitForSelector(".composer .thumbnail");
  assert.deepEqual(await names(page), ["camera.jpg"]);
  assert.equal(await page.locator("dialog").count(), 0);
  await chat.ask("What is this?");
  assert.match(picturesOf(requests[0])[0], /^data:image\/jpeg;base64,\/9j\//);
});

scenario("W26 W50 a phone has its own camera button", { context: phone }, async ({ page }) => {
  assert.equal(await page.getAttribute("[data-input=draft-photo]", "capture"), "environment");
  assert.equal(await page.locator("[data-action=draft-camera]").count(), 0);
});

scenario("T7 W55 W60 a sent message's picture is replaced and asked about again; the old version stays", {}, async ({ page, chat, requests }) => {
  await chat.attach(file("red.png", red), file("green.png", green));
  await chat.ask("Compare");
  await chat.act(page.locator("article[data-role=user]"), "edit");
  await page.waitForSelector(".edit .thumbnail + .thumbnail");
  await page.locator(".edit .thumbnail-remove").first().click();
  await page.waitForFunction(() => document.querySelectorAll(".edit .thumbnail").length === 1);
  await page.setInputFiles("[data-input=edit-files]", [file("blue.png", blue)]);
  await page.waitForSelector(".edit .thumbnail + .thumbnail");
  await page.locator(".edit .thumbnail-open").nth(1).focus();
  await page.keyboard.press("Alt+ArrowLeft");
  await page.waitForFunction(() => document.querySelector(".edit .thumbnail-name").textContent === "blue.png");
  await page.click("[data-action=save-edit]");
  await page.waitForSelector("article[data-role=user] .versions:has-text('2/2')");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.deepEqual(picturesOf(requests[1]), [urlOf(blue), urlOf(green)]);
  await chat.act(page.locator("article[data-role=user]"), "previous");
  await page.waitForSelector(".sent-images img[alt='red.png']");
  assert.equal(await page.locator(".sent-images img").count(), 2);
});

scenario("T19 W56 a text-only model with a picture: warned before sending, models that see are offered", {}, async ({ page, chat, requests }) => {
  await chat.attach(file("red.png", red));
  await chat.write("What is this?");
  await page.click("[data-action=models]");
  const blind = page.locator(".model", { hasText: "Text only" }).first();
  const name = await blind.locator(".model-name").textContent();
  await blind.click();
  await page.waitForSelector("[data-note=blind]");
  assert.match(await page.locator("[data-note=blind]").textContent(), new RegExp(`${name.replace(/[.]/g, "\\.")} reads text only`));
  assert.ok(await page.locator("[data-action=send]").isDisabled());
  await page.keyboard.press("Control+Enter");
  assert.equal(requests.length, 0);
  await page.locator("[data-note=blind]").getByRole("button", { name: /^Use / }).first().click();
  await page.waitForSelector("[data-note=blind]", { state: "detached" });
  await page.click("[data-action=send]");
  await page.waitForSelector("article[data-role=assistant][data-state=done]");
  assert.notEqual(requests[0].model, name);

  // A picture in the history counts as well.
  await page.click("[data-action=models]");
  await page.locator(".model", { hasText: name }).click();
  await page.waitForSelector("[data-note=blind]");
});

scenario("W51 what is no picture is refused by name, with the reason; HEIC has its own", {}, async ({ page }) => {
  await page.setInputFiles("[data-input=draft-files]", [
    file("notes.png", Buffer.from("just text")),
    file("IMG_1.heic", Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypheic"), Buffer.alloc(40)])),
    file("cut.png", red.subarray(0, 40)),
  ]);
  await page.waitForSelector("[data-notice='refused:cut.png']");
  assert.match(await page.locator("[data-notice='refused:notes.png']").textContent(), /notes\.png is not a picture/);
  assert.match(await page.locator("[data-notice='refused:IMG_1.heic']").textContent(), /HEIC.*Most Compatible/);
  assert.equal(await page.locator(".thumbnail").count(), 0);
});

scenario("W51 W58 a browser that has no memory for a picture: it is refused by name, nothing is stuck", {}, async ({ page, chat }) => {
  await page.evaluate(() => {
    OffscreenCanvas.prototype.getContext = () => null;
  });
  await page.setInputFiles("[data-input=draft-files]", [file("wide.png", picture(9, 9, 9, 2100, 4))]);
  await page.waitForSelector("[data-notice='refused:wide.png']");
  await chat.attach(file("red.png", red));
  await chat.ask("What is this?");
});

scenario("W44 a picture that the server refuses is marked", { allow: [/console: Failed to load resource/] }, async ({ page, chat }) => {
  await page.route("**/v1/chat/completions", route => route.fulfill({
    status: 400, contentType: "application/json",
    body: JSON.stringify({ error: { message: "too dark", type: "x", param: "messages[0].content[1].image_url.url", code: "image_parse_error" } }),
  }));
  await chat.attach(file("red.png", red), file("green.png", green));
  await chat.ask("Compare", "error");
  assert.match(await page.locator("[data-code=image_parse_error]").textContent(), /Picture 2 \(green\.png\) was refused: too dark/);
  assert.equal(await page.locator("[data-refused=true] img").getAttribute("alt"), "green.png");
});
