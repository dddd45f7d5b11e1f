import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("../../../src/LlavaServer/wwwroot/", import.meta.url));
const entries = JSON.parse(readFileSync(join(root, "vendor.json"), "utf8"));
const filesIn = folder => readdirSync(join(root, folder), { recursive: true }).filter(name => statSync(join(root, folder, name)).isFile()).map(name => name.replaceAll("\\", "/"));

test("W11 every vendored file has its digest, its licence text stands beside it, and there are no strays", () => {
  const known = new Set();
  for (const { file, sha256, licenceText, name, version, licence, source } of entries) {
    assert.equal(createHash("sha256").update(readFileSync(join(root, "vendor", file))).digest("hex"), sha256, file);
    assert.ok(readFileSync(join(root, "vendor", licenceText), "utf8").length > 300, licenceText);
    assert.ok(name && /^\d+\.\d+\.\d+$/.test(version) && licence && source);
    known.add(file).add(licenceText);
  }

  assert.deepEqual(filesIn("vendor").filter(name => !known.has(name)), []);
  assert.equal(entries.length, 23);
});

test("W10 edited files say how", () => {
  for (const { file, sha256, sourceSha256, edit } of entries) {
    assert.equal(sha256 === sourceSha256, edit === undefined, file);
  }
});

/** Modules that a module needs before it runs, itself included. */
function needed(name, found = new Set()) {
  if (!found.has(name)) {
    found.add(name);
    for (const [, path] of readFileSync(join(root, name), "utf8").matchAll(/^(?:import|export) [^;]*?from\s*"(\.[^"]+)";$/gm)) {
      needed(relative(root, join(root, name, "..", path)).replaceAll("\\", "/"), found);
    }
  }

  return found;
}

test("W13 a first visit needs at most 40 requests and 180 KB compressed, of which own code at most 70 KB", () => {
  const size = names => names.reduce((sum, name) => sum + gzipSync(readFileSync(join(root, name)), { level: 9 }).length, 0);
  const files = ["index.html", "chat.css", "icon.svg", ...needed("chat.js")];
  const own = files.filter(name => !name.startsWith("vendor/"));
  assert.ok(size(own) <= 70_000, `${size(own)} bytes of own code`);
  assert.ok(size(files) <= 180_000, `${size(files)} bytes`);
  // ui.json, health, the list of models, two examples.
  assert.ok(files.length + 5 <= 40, `${files.length + 5} requests: ${files.join(" ")}`);
});

test("W12 W3 no module, page or style names an address of its own or an outside one", () => {
  for (const name of ["index.html", "chat.css", "chat.js", ...filesIn("chat").map(file => `chat/${file}`)]) {
    const text = readFileSync(join(root, name), "utf8");
    assert.doesNotMatch(text, /(?:from|import\()\s*["'](?:\/|https?:)/, name);
    assert.doesNotMatch(text, /(?:src|href)="(?:\/|https?:)/, name);
    assert.doesNotMatch(text, /url\(\s*["']?(?:\/|https?:)/, name);
    assert.doesNotMatch(text, /fetch\(\s*["'`]\//, name);
  }
});
