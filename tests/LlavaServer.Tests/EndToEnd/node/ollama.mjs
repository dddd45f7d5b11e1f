// The npm package `ollama` against a server with a trained model: node ollama.mjs ADDRESS MODEL PICTURE. Prints one JSON object.
import { readFile } from "node:fs/promises";
import { Ollama } from "ollama";

const [address, model, picture] = process.argv.slice(2);
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

const turns = [{ ...question, content: "What shape is in the picture?" }, { role: "assistant", content: "It is a circle." }, { role: "user", content: "What color is it?" }];
report.secondTurn = (await client.chat({ model, options, messages: turns })).message.content;
report.generated = (await client.generate({ model, options, prompt: "What color is the circle?", images: await images(picture) })).response;
report.models = (await client.list()).models.map((entry) => entry.name);

console.log(JSON.stringify(report));
