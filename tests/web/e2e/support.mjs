// What every end-to-end test has: a browser, a page on the server under test, and the list that is always checked.

import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { after, test } from "node:test";
import { deflateSync } from "node:zlib";
import { chromium } from "playwright-core";
import { control } from "../harness/control.mjs";

const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const executablePath = process.env.LLAVA_TEST_CHROMIUM || "/usr/bin/chromium";

/** Address of the server under test. */
export const address = process.env.LLAVA_WEB_ADDRESS ?? "http://127.0.0.1:21481/";

const browsers = new Map();
after(async () => {
  for (const browser of browsers.values()) {
    await (await browser).close();
  }
});

const browserWith = args => {
  const key = args.join(" ");
  if (!browsers.has(key)) {
    browsers.set(key, chromium.launch({ executablePath, args: [...flags, ...args] }));
  }

  return browsers.get(key);
};

export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Windows that their test has left, by what they are like: a new one costs more than most tests do in it. */
const left = new Map();

/** A window as on a first visit. */
async function enter(args, settings, isOwn) {
  const key = isOwn ? null : JSON.stringify([args, settings]);
  const found = left.get(key);
  if (found) {
    left.delete(key);
    return found;
  }

  const context = await (await browserWith(args)).newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...settings });
  const page = await context.newPage();
  return { key, context, page, session: key && await context.newCDPSession(page) };
}

/** Leaves the server as it was at first, and of the window nothing that a test could see of the one before it. */
async function leave({ key, context, page, session }, { colorScheme = "light", reducedMotion = "no-preference" }, isWhole) {
  if (!key || !isWhole) {
    await context.close();
    return;
  }

  await Promise.all(context.pages().filter(other => other !== page).map(other => other.close()));
  await page.unrouteAll({ behavior: "ignoreErrors" });
  // Of the same origin, so that Chromium keeps the process; with an icon, for which it would ask the server later.
  const nowhere = new URL("nowhere", address).href;
  await page.route(nowhere, route => route.fulfill({ contentType: "text/html", body: "<!doctype html><link rel=icon href=data:,>" }));
  await page.goto(nowhere);
  await page.unroute(nowhere);
  await control.reset();
  await session.send("Storage.clearDataForOrigin", { origin: new URL(address).origin, storageTypes: "all" });
  await page.evaluate(() => sessionStorage.clear());
  await page.emulateMedia({ colorScheme, reducedMotion });
  await page.mouse.move(0, 0);
  left.set(key, { key, context, page, session });
}

/**
 * A test with the page as on a first visit.
 * @param options {context, args, allow: patterns of console errors and failed requests that the test orders, origin: gives another address of the server,
 * path, open: false to open the page itself, own: true for a window that no other test has had or will have: for scripts before the page's, sessions, an empty cache}
 * @param body gets {page, context, chat, requests}
 */
export function scenario(name, { args = [], context: settings = {}, allow = [], origin, path, open = true, own = !!origin }, body) {
  test(name, { timeout: 60_000 }, async () => {
    await control.reset();
    const place = await enter(args, settings, own);
    const { page, context } = place;
    const watch = watchPage(page, allow, origin?.());
    let isWhole = false;
    try {
      const chat = chatOf(page, origin?.());
      if (open) {
        await chat.open(path);
      }

      await body({ page, context, chat, requests: watch.requests });
      assert.deepEqual(watch.complaints, [], "console errors, page errors, policy violations, other origins, failed requests");
      isWhole = true;
    } finally {
      watch.end();
      await leave(place, settings, isWhole);
    }
  });
}

export function watchPage(page, allow, origin = address) {
  const complaints = [];
  const requests = [];
  // A reload gives up what the page was still fetching for later or beside.
  // And Chromium now and then reports a stream with `no-store` that was read to its end as aborted; one that is really broken shows in its message's state.
  const ordered = [/failed: \S*chat\/completions net::ERR_ABORTED/, /failed: \S*(?:icon\.svg|\/(?:chat|vendor)\/\S*js|api\/ps|api\/tags|props|health) net::ERR_ABORTED/, ...allow];
  const complain = text => ordered.some(pattern => pattern.test(text)) || complaints.push(text);
  const heard = [];
  const on = (name, listener) => {
    heard.push([name, listener]);
    page.on(name, listener);
  };
  on("console", message => ["error", "warning"].includes(message.type()) && complain(`console: ${message.text()}`));
  on("pageerror", error => complain(`page error: ${error.stack ?? error}`));
  // Chromium calls a stream aborted now and then although it was read to its end (156: it drops the loader before it has heard of the end).
  // One that was really cut is seen in the page: stopped, interrupted or failed. The icon is fetched beside the page, and dropped by a reload.
  const streams = new Set();
  on("response", response => response.headers()["content-type"]?.startsWith("text/event-stream") && streams.add(response.request()));
  on("requestfailed", request => {
    const reason = request.failure()?.errorText;
    const { pathname } = new URL(request.url());
    if (reason !== "net::ERR_ABORTED" || !(streams.has(request) || pathname.endsWith("/icon.svg"))) {
      complain(`failed: ${pathname} ${reason}`);
    }
  });
  on("request", request => {
    const url = new URL(request.url());
    if (!["blob:", "data:"].includes(url.protocol) && url.origin !== new URL(origin).origin) {
      complain(`other origin: ${url}`);
    }

    if (url.pathname.endsWith("/v1/chat/completions")) {
      requests.push(JSON.parse(request.postData() ?? "null"));
    }
  });
  return { complaints, requests, end: () => heard.forEach(([name, listener]) => page.off(name, listener)) };
}

/** The page as a user drives it. */
export function chatOf(page, origin = address) {
  const state = (...names) => page.locator(names.map(name => `#page[data-state="${name}"]`).join(", ")).waitFor();
  const last = () => page.locator("article[data-role=assistant]").last();
  return {
    state, last,
    async open(path = "") {
      await page.goto(new URL(path, origin).href);
      await page.waitForSelector("#page:not([data-state=opening]) #composer");
      // Models are read after the first view.
      await page.waitForSelector(".facts span, .banner, dialog[data-dialog=key]", { state: "attached" });
    },
    composer: () => page.locator("#composer"),
    write: text => page.fill("#composer", text),
    async send(text) {
      await page.fill("#composer", text);
      await page.click("[data-action=send]");
    },
    /** Sends and waits for the end; returns the answer's text. */
    async ask(text, end = "done") {
      // The answer before it is the last one until the page has drawn the question.
      const before = await page.evaluate(() => document.querySelector("li:last-child > article[data-role=assistant]")?.dataset.id ?? "");
      await page.fill("#composer", text);
      await page.click("[data-action=send]");
      await page.locator(`li:last-child > article[data-role=assistant][data-state="${end}"]:not([data-id="${before}"])`).waitFor();
      return (await last().locator(".prose").allTextContents()).join("").trim();
    },
    stop: () => page.click("[data-action=stop]"),
    answers: async () => (await page.locator("article[data-role=assistant] .prose").allTextContents()).map(text => text.trim()),
    async attach(...files) {
      const before = await page.locator(".composer .thumbnail").count();
      await page.setInputFiles("[data-input=draft-files]", files);
      await page.locator(".composer .thumbnail").nth(before + files.length - 1).waitFor();
    },
    act: (article, name) => article.locator(`[data-action=${name}]`).click(),
  };
}

/** Stands between page and server, so that a test can take the server away: connections break, new ones are refused. */
export async function startProxy() {
  const { hostname, port } = new URL(address);
  const sockets = new Set();
  const accept = inner => {
    const outer = connect(Number(port), hostname);
    for (const [a, b] of [[inner, outer], [outer, inner]]) {
      sockets.add(a);
      a.pipe(b);
      a.on("error", () => b.destroy());
      a.on("close", () => {
        sockets.delete(a);
        b.destroy();
      });
    }
  };
  let server = createServer(accept);
  const listen = number => new Promise(resolve => server.listen(number, "127.0.0.1", resolve));
  await listen(0);
  const { port: own } = server.address();
  const down = async () => {
    const closed = new Promise(resolve => server.close(resolve));
    sockets.forEach(socket => socket.destroy());
    await closed;
  };
  return {
    address: `http://127.0.0.1:${own}/`,
    down,
    async up() {
      server = createServer(accept);
      await listen(own);
    },
  };
}

/** A small picture of one colour, as PNG bytes: width x height pixels. */
export function picture(red, green, blue, width = 8, height = 8) {
  const row = Buffer.from([0, ...Array.from({ length: width }, () => [red, green, blue]).flat()]);
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
    const out = Buffer.alloc(8 + body.length);
    out.writeUInt32BE(data.length);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), 4 + body.length);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))), chunk("IEND", Buffer.alloc(0))]);
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }

  return ~crc >>> 0;
}

/** A file as playwright takes it. */
export const file = (name, buffer, mimeType = "image/png") => ({ name, mimeType, buffer });

/** What the request must hold for a picture that is sent as it is. */
export const urlOf = (buffer, mimeType = "image/png") => `data:${mimeType};base64,${buffer.toString("base64")}`;

/** Pictures in a request, as data URLs, in their order. */
export const picturesOf = request => request.messages.flatMap(message => Array.isArray(message.content) ? message.content.filter(part => part.type === "image_url").map(part => part.image_url.url) : []);
