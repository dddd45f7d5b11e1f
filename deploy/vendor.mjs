// Refreshes the chat page's third-party files from their npm packages and rewrites vendor.json. Run by hand when a version changes, never by the build:
//   node deploy/vendor.mjs [folder with node_modules]

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const languages = ["bash", "c", "cpp", "csharp", "css", "diff", "go", "java", "javascript", "json", "markdown", "python", "rust", "sql", "typescript", "xml", "yaml"];
const packages = [
  { name: "preact", version: "11.2.0", licence: "MIT", licenceFile: "LICENSE", files: [["preact.mjs", "dist/preact.mjs"], ["hooks.mjs", "hooks/dist/hooks.mjs", [["from\"preact\"", "from\"./preact.mjs\"", "import of preact made relative"]]]] },
  { name: "htm", version: "3.1.1", licence: "Apache-2.0", licenceFile: "LICENSE", files: [["htm.mjs", "dist/htm.mjs"]] },
  { name: "marked", version: "18.2.1", licence: "MIT", licenceFile: "LICENSE", files: [["marked.mjs", "lib/marked.esm.js"]] },
  { name: "dompurify", version: "3.4.18", licence: "Apache-2.0", licenceFile: "LICENSE", files: [["purify.es.mjs", "dist/purify.es.mjs"]] },
  {
    name: "@highlightjs/cdn-assets", version: "11.12.0", licence: "BSD-3-Clause", licenceFile: "LICENSE",
    files: [["highlight/core.min.js", "es/core.min.js"], ...languages.map(name => [`highlight/${name}.min.js`, `es/languages/${name}.min.js`])],
  },
];

const root = join(dirname(fileURLToPath(import.meta.url)), "../src/LlavaServer/wwwroot");
const vendor = join(root, "vendor");
const digest = bytes => createHash("sha256").update(bytes).digest("hex");

const given = process.argv[2];
const work = given ?? mkdtempSync(join(tmpdir(), "llava-vendor-"));
if (!given) {
  execFileSync("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", work, ...packages.map(({ name, version }) => `${name}@${version}`)], { stdio: "inherit" });
}

rmSync(vendor, { recursive: true, force: true });
const entries = [];
for (const { name, version, licence, licenceFile, files } of packages) {
  const source = join(work, "node_modules", name);
  const installed = JSON.parse(readFileSync(join(source, "package.json"), "utf8")).version;
  if (installed !== version) {
    throw new Error(`${name}: ${installed} is installed, ${version} is wanted`);
  }

  const licenceText = `licenses/${name.replace(/^@/, "").replace("/", "-")}.txt`;
  write(licenceText, readFileSync(join(source, licenceFile)));
  for (const [file, from, changes = []] of files) {
    const original = readFileSync(join(source, from));
    let text = original.toString("utf8");
    const edits = [];
    for (const [old, next, edit] of changes) {
      if (!text.includes(old)) {
        throw new Error(`${from}: ${old} is not there`);
      }

      text = text.replace(old, next);
      edits.push(edit);
    }

    const withoutMap = text.replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, "\n");
    if (withoutMap !== text) {
      text = withoutMap;
      edits.push("source map comment removed");
    }

    write(file, text);
    entries.push({ name, version, licence, licenceText, file, source: from, sourceSha256: digest(original), sha256: digest(Buffer.from(text)), ...(edits.length > 0 ? { edit: edits.join("; ") } : {}) });
  }
}

writeFileSync(join(root, "vendor.json"), JSON.stringify(entries, null, 2) + "\n");
if (!given) {
  rmSync(work, { recursive: true, force: true });
}

function write(file, content) {
  const path = join(vendor, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
