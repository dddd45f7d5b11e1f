// The npm package `ollama` against a running server: node ollama.mjs ADDRESS MODEL PICTURE BROKEN_PICTURE. Prints one JSON object.
import { readFile } from "node:fs/promises";
import { Ollama } from "ollama";

const [address, model, picture, broken] = process.argv.slice(2);
const client = new Ollama({ host: address.replace(/\/$/, "") });
const images = async (file) => [(await readFile(file)).toString("base64")];
const options = { temperature: 0, num_predict: 64 };
const question = { role: "user", content: "What color is the circle?", images: await images(picture) };
const report = {};

const whole = await client.chat({ model, options, messages: [question] });
report.whole = whole.message.content;
report.done = whole.done_reason;

report.streamed = "";
report.chunks = 0;
for await (const part of await client.chat({ model, options, stream: true, messages: [question] })) {
  report.chunks++;
  report.streamed += part.message.content;
  report.evalCount = part.eval_count ?? report.evalCount;
}

const turns = [question, { role: "assistant", content: report.whole }, { role: "user", content: "Is there a star in the picture?" }];
report.secondTurn = (await client.chat({ model, options, messages: turns })).message.content;
report.generated = (await client.generate({ model, options, prompt: "What color is the circle?", images: await images(picture) })).response;
report.models = (await client.list()).models.map((entry) => entry.name);

try {
  await client.chat({ model, options, messages: [{ ...question, images: await images(broken) }] });
} catch (error) {
  report.error = { name: error.name, status: error.status_code };
}

const cut = await client.chat({ model, options, stream: true, messages: [{ ...question, content: "Describe the picture." }] });
try {
  for await (const part of cut) {
    if (part.message.content) cut.abort();
  }
  report.left = "the stream ended by itself";
} catch (error) {
  report.left = error.name;
}
report.afterLeaving = (await client.chat({ model, options: { ...options, num_predict: 1 }, messages: [{ role: "user", content: "Hello" }] })).done_reason;

console.log(JSON.stringify(report));
