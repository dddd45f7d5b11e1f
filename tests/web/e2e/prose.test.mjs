// What answers may and may not do to the page: T12, T13.

import assert from "node:assert/strict";
import { scenario } from "./support.mjs";

const hostile = [
  "<script>harm++</script>",
  "<img src=x onerror=harm++> <b onclick=harm++>bold</b>",
  "[click](javascript:harm++) [data](data:text/html,<script>harm++</script>) [vb](vbscript:x) [tab](java\tscript:harm++)",
  "![remote](https://example.org/pixel.png) ![local](/api/tags) ![data](data:image/svg+xml,<svg onload=harm++>)",
  "<style>body { display: none }</style>",
  "<svg onload=harm++><a xlink:href=\"javascript:harm++\">x</a></svg>",
  "<iframe src=https://example.org></iframe><form action=https://example.org><input autofocus onfocus=harm++></form>",
  "<math><mtext><table><mglyph><style><img src=x onerror=harm++>",
  "<https://example.org/\"onmouseover=harm++> <a href=\"javascript:harm++\">a</a>",
  "| a | b |\n|---|---|\n| <img src=x onerror=harm++> | `<script>` |",
  "[ref]: javascript:harm++\n\n[ref]",
  "```html\n<script>harm++</script>\n<img src=x onerror=harm++>",
];

scenario("T12 W23 W24 hostile answers: nothing runs, nothing is fetched, everything is shown", {}, async ({ page, chat }) => {
  await page.evaluate(() => {
    window.harm = 0;
    window.fetched = [];
    new PerformanceObserver(list => window.fetched.push(...list.getEntries().map(entry => entry.name))).observe({ type: "resource", buffered: false });
  });
  await chat.ask(`#echo\n${hostile.join("\n\n")}`);
  const prose = page.locator("article[data-role=assistant] .prose");
  assert.equal(await prose.locator("img, script, style, svg, iframe, form, input, math, object, embed, link, meta, video, audio").count(), 0);
  assert.deepEqual(await prose.locator("*").evaluateAll(all => all.flatMap(element => [...element.attributes]).map(attribute => attribute.name).filter(name => /^on|style|srcset|src$/.test(name))), []);
  const links = await prose.locator("a").evaluateAll(all => all.map(link => [link.protocol, link.rel, link.target]));
  assert.ok(links.length > 0);
  assert.ok(links.every(([protocol, rel, target]) => ["http:", "https:", "mailto:"].includes(protocol) && rel === "noopener noreferrer nofollow" && target === "_blank"), JSON.stringify(links));
  const text = await prose.textContent();
  for (const shown of ["<script>harm++</script>", "<img src=x onerror=harm++>", "https://example.org/pixel.png", "<style>body", "<svg onload", "<iframe src"]) {
    assert.ok(text.includes(shown), shown);
  }

  assert.equal(await page.evaluate(() => getComputedStyle(document.body).display) !== "none", true);
  assert.equal(await page.evaluate(() => window.harm), 0);
  assert.deepEqual((await page.evaluate(() => window.fetched)).filter(name => !/\/vendor\/|\/chat\/|icon\.svg|\/v1\/chat|\/api\/|\/health/.test(name)), []);
});

scenario("T12 W24 one line of a megabyte, and fences that are never closed, stay readable and quick", {}, async ({ page, chat }) => {
  const began = Date.now();
  assert.equal((await chat.ask("#line 256")).length, 1_048_576);
  await page.click("[data-action=new]");
  await chat.state("empty");
  await chat.ask(`#echo\n${"> ".repeat(300)}deep\n\n${"* ".repeat(200)}list\n\n~~~\n${"`".repeat(500)}\n**${"_*".repeat(300)}`);
  assert.match(await chat.last().locator(".prose").textContent(), /deep[^]*list/);
  assert.ok(Date.now() - began < 45_000, "the page does not hang");
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
});

const samples = [
  ["bash", "if [ -f x ]; then echo \"$HOME\"; fi"], ["c", "int main(void) { return 0; }"], ["cpp", "std::vector<int> v{1, 2};"], ["csharp", "public sealed class A { int b = 1; }"],
  ["css", ".a > b { color: red; }"], ["diff", "- old\n+ new"], ["go", "func main() { return }"], ["java", "class A { int b = 1; }"], ["json", "{ \"a\": [1, true] }"],
  ["python", "def f(x):\n    return x < 1 & 2"], ["rust", "fn main() { let a = 1; }"], ["sql", "SELECT * FROM a WHERE b = 'c';"],
];

scenario("T13 W61 W14 tables, nested lists, code in twelve languages; copying gives the source", { context: { permissions: ["clipboard-read", "clipboard-write"] } }, async ({ page, chat }) => {
  const markdown = "# Title\n\n| Item | Price |\n|:--|--:|\n| Tea | 2.50 |\n| **All** | `5` |\n\n1. one\n   - inner\n     - innermost\n2. two\n\n> said *so*\n\n~~gone~~ https://example.org/a?b=1&c=2";
  await chat.ask(`#echo\n${markdown}`);
  const prose = chat.last().locator(".prose");
  assert.deepEqual(await prose.locator("th, td").allTextContents(), ["Item", "Price", "Tea", "2.50", "All", "5"]);
  assert.equal(await prose.locator("ol > li > ul > li > ul > li").textContent(), "innermost");
  assert.equal(await prose.locator("blockquote em").textContent(), "so");
  assert.equal(await prose.locator("a").getAttribute("href"), "https://example.org/a?b=1&c=2");
  await chat.act(chat.last(), "copy");
  await page.waitForFunction(async expected => await navigator.clipboard.readText() === expected, markdown);

  await chat.ask(`#echo\n${samples.map(([language, code]) => `\`\`\`${language}\n${code}\n\`\`\``).join("\n\n")}\n\n\`\`\`brainfuck\n+[<>]\n\`\`\``);
  const codes = chat.last().locator("pre code");
  await page.waitForFunction(count => document.querySelectorAll("li:last-child pre code[data-highlighted] span").length >= count, samples.length);
  assert.deepEqual((await codes.allTextContents()).map(text => text.replace(/\n$/, "")), [...samples.map(([, code]) => code), "+[<>]"]);
  for (const [index, [language]] of samples.entries()) {
    await codes.nth(index).locator("span").first().waitFor({ state: "attached" });
    assert.ok(await codes.nth(index).locator("span").count() > 0, `${language} is coloured`);
  }

  assert.equal(await codes.last().locator("span").count(), 0);
  await chat.last().locator(".code-copy").nth(9).click();
  await page.waitForFunction(async expected => await navigator.clipboard.readText() === expected, samples[9][1]);
  await page.waitForSelector(".code-copy:has-text('Copied')");
});
