// Errors and leaving with the npm package `ollama`, against a server with one slot and an answer without end:
// node ollama-leave.mjs ADDRESS MODEL BROKEN_PICTURE. Prints one JSON object.
import { readFile } from "node:fs/promises";
import { Ollama } from "ollama";

const [address, model, broken] = process.argv.slice(2);
const client = new Ollama({ host: address.replace(/\/$/, "") });
const messages = [{ role: "user", content: "Go on" }];
const report = {};

try {
  await client.chat({ model, messages: [{ role: "user", content: "What is this?", images: [(await readFile(broken)).toString("base64")] }] });
} catch (error) {
  report.error = { name: error.name, status: error.status_code };
}

report.pieces = 0;
const stream = await client.chat({ model, messages, stream: true, options: { temperature: 0, num_predict: -1 } });
let start;
try {
  for await (const part of stream) {
    start ??= performance.now();
    if (part.message.content && ++report.pieces === 50) stream.abort();
  }
} catch (error) {
  report.left = error.name;
}
report.pieceMs = (performance.now() - start) / report.pieces;

start = performance.now();
const next = await client.chat({ model, messages, options: { temperature: 0, num_predict: 1 } });
report.finish = next.done_reason;
report.waitedMs = performance.now() - start;

console.log(JSON.stringify(report));
