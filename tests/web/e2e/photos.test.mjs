// What becomes of photos on their way to the server: T17, T18.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { control } from "../harness/control.mjs";
import { png } from "../harness/pictures.mjs";
import { traceTasks } from "../harness/tasks.mjs";
import { file, picturesOf, scenario, urlOf } from "./support.mjs";

/** A JPEG made by the browser, of four quarters: red, green, blue, white. */
const jpeg = async (page, width, height) => Buffer.from(await page.evaluate(async ([width, height]) => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  for (const [index, colour] of ["#f00", "#0f0", "#00f", "#fff"].entries()) {
    context.fillStyle = colour;
    context.fillRect((index % 2) * width / 2, Math.floor(index / 2) * height / 2, width / 2, height / 2);
  }

  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 })).arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }

  return btoa(text);
}, [width, height]), "base64");

/** An Exif segment with an orientation and a position, and a comment, put behind the start of a JPEG (Exif 3.0, section 4.6). */
function withMetadata(bytes, orientation) {
  const entry = (tag, type, count, value) => {
    const out = Buffer.alloc(12);
    out.writeUInt16BE(tag, 0);
    out.writeUInt16BE(type, 2);
    out.writeUInt32BE(count, 4);
    type === 3 ? out.writeUInt16BE(value, 8) : out.writeUInt32BE(value, 8);
    return out;
  };
  const directory = (...entries) => Buffer.concat([Buffer.from([0, entries.length]), ...entries, Buffer.alloc(4)]);
  const first = directory(entry(0x0112, 3, 1, orientation), entry(0x8825, 4, 1, 8 + 2 + 24 + 4));
  const tiff = Buffer.concat([Buffer.from("MM\0\x2a\0\0\0\x08", "latin1"), first, directory(entry(1, 2, 2, 0x4e000000)), Buffer.from("POSITION-48.2082-16.3738")]);
  const segment = (marker, body) => Buffer.concat([Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255]), body]);
  return Buffer.concat([
    bytes.subarray(0, 2), segment(0xe1, Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff])), segment(0xfe, Buffer.from("COMMENT of the camera")), bytes.subarray(2),
  ]);
}

const names = { "255,0,0": "red", "0,255,0": "green", "0,0,255": "blue", "255,255,255": "white" };
const nameOf = colour => names[colour.map(value => value > 127 ? 255 : 0).join()];
const sentOf = request => picturesOf(request).map(url => Buffer.from(url.slice(url.indexOf(",") + 1), "base64"));

/** Where the quarters stand, row by row, when a viewer has turned what the file has by each orientation (Exif 3.0, table of tag 0x0112). */
const turned = {
  1: "red green blue white", 2: "green red white blue", 3: "white blue green red", 4: "blue white red green",
  5: "red blue green white", 6: "blue red white green", 7: "white green blue red", 8: "green white red blue",
};

scenario("T17 W53 W74 orientation 1 to 8: the server gets upright pixels, and nothing of where the picture was taken", {}, async ({ page, chat, requests }) => {
  for (const [orientation, quarters] of Object.entries(turned)) {
    await control.reset();
    const photo = withMetadata(await jpeg(page, 64, 32), Number(orientation));
    await chat.attach(file(`turned ${orientation}.jpg`, photo, "image/jpeg"));
    await chat.ask("Which way? #tokens 1");
    const [sent] = sentOf(requests.at(-1));
    assert.ok(!sent.includes("POSITION") && !sent.includes("COMMENT") && !sent.includes("Exif"), `${orientation}: metadata`);
    const [seen] = (await control.state()).pictures;
    assert.deepEqual([seen.width, seen.height, seen.quarters.map(nameOf).join(" ")], [...Number(orientation) < 5 ? [64, 32] : [32, 64], quarters], orientation);
    await page.click("[data-action=new]");
    await chat.state("empty");
  }
});

scenario("T18 W51 W52 W53 W57 a large photo is scaled, a small PNG is sent byte for byte, what cannot be taken is told", {}, async ({ page, chat, requests }) => {
  const large = withMetadata(await jpeg(page, 4000, 3000), 6);
  const small = png(12, 9, (x, y) => [x * 20, y * 25, 99, 128 + x]);
  await chat.attach(file("large.jpg", large, "image/jpeg"), file("small.png", small));
  await chat.ask("Both #tokens 1");
  const [first, second] = sentOf(requests[0]);
  assert.deepEqual(picturesOf(requests[0])[1], urlOf(small));
  assert.ok(second.equals(small) && first.length < large.length);
  const [scaled] = (await control.state()).pictures;
  assert.deepEqual([scaled.width, scaled.height, scaled.quarters.map(nameOf).join(" ")], [1536, 2048, turned[6]]);
  const digests = await page.evaluate(() => new Promise(resolve => {
    const open = indexedDB.open("llava-chat");
    open.onsuccess = () => {
      const all = open.result.transaction("images").objectStore("images").getAllKeys();
      all.onsuccess = () => {
        open.result.close();
        resolve(all.result);
      };
    };
  }));
  assert.deepEqual(digests.sort(), [first, second].map(bytes => createHash("sha256").update(bytes).digest("hex")).sort());

  const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypheic\0\0\0\0mif1heic"), Buffer.alloc(100)]);
  const header = png(1, 1, [0, 0, 0]);
  header.writeUInt32BE(60_000, 16);
  header.writeUInt32BE(60_000, 20);
  for (const [name, bytes, said] of [
    ["phone.jpg", heic, /phone\.jpg.*(HEIC|Most Compatible)/s], ["text.png", Buffer.from("not a picture at all"), /text\.png/], ["broken.png", small.subarray(0, 50), /broken\.png/],
    ["huge.png", header, /huge\.png.*60,000/s],
  ]) {
    await page.setInputFiles("[data-input=draft-files]", [file(name, bytes, "image/png")]);
    await page.getByText(said).first().waitFor();
  }

  assert.equal(await page.locator(".composer .thumbnail").count(), 0);
});

scenario("W58 ten photos of 12 megapixels are taken in without a task that would hold up typing for 100 ms", { own: true }, async ({ page, chat, context }) => {
  const folder = await mkdtemp(path.join(tmpdir(), "llava-photos-"));
  const photos = Array.from({ length: 10 }, (_, index) => path.join(folder, `photo ${index}.jpg`));
  const photo = await jpeg(page, 4000, 3000);
  const height = photo.indexOf(Buffer.from([0xff, 0xc0])) + 5;
  for (const [index, name] of photos.entries()) {
    // The same rows but the last: other pixels, so that no two are one picture.
    photo.writeUInt16BE(3000 - 8 * index, height);
    await writeFile(name, photo);
  }

  const trace = await traceTasks(await context.newCDPSession(page));
  // As paths: contents would be unpacked by the page itself.
  await page.setInputFiles("[data-input=draft-files]", photos);
  await page.locator("#composer").pressSequentially("typing meanwhile");
  await page.locator(".composer .thumbnail").nth(9).waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll(".thumbnail img")].every(image => image.complete));
  const tasks = await trace.end();
  assert.ok(tasks.length > 100, `${tasks.length} tasks were seen`);
  // Each photo would give one; what is longer once or twice is the collector of memory.
  assert.ok(tasks[2] < 100, `tasks took ${tasks.slice(0, 5).map(Math.round)} ms of the processor`);
  await rm(folder, { recursive: true });
  assert.equal(await chat.composer().inputValue(), "typing meanwhile");
  assert.deepEqual(await page.locator(".thumbnail img").evaluateAll(images => [...new Set(images.map(image => image.naturalWidth))]), [2048]);
});
