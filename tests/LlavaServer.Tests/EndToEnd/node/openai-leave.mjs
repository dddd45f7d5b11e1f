// Errors and leaving with the npm package `openai`, against a server with one slot and an answer without end:
// node openai-leave.mjs ADDRESS MODEL BROKEN_PICTURE. Prints one JSON object.
import { readFile } from "node:fs/promises";
import OpenAI from "openai";

const [address, model, broken] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${address}v1`, apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: "Go on" }];
const report = {};

const url = `data:image/png;base64,${(await readFile(broken)).toString("base64")}`;
try {
  await client.chat.completions.create({ model, messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] });
} catch (error) {
  report.error = { name: error.constructor.name, status: error.status, code: error.code, param: error.param };
}

const leave = new AbortController();
report.pieces = 0;
const stream = await client.chat.completions.create({ model, messages, temperature: 0, stream: true }, { signal: leave.signal });
let start;
try {
  for await (const chunk of stream) {
    start ??= performance.now();
    if (chunk.choices[0]?.delta?.content && ++report.pieces === 50) leave.abort();
  }
} catch (error) {
  report.left = error.constructor.name;
}
report.pieceMs = (performance.now() - start) / report.pieces;

start = performance.now();
const next = await client.chat.completions.create({ model, messages, temperature: 0, max_tokens: 1 });
report.finish = next.choices[0].finish_reason;
report.waitedMs = performance.now() - start;

console.log(JSON.stringify(report));
