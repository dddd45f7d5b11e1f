// The npm package `openai` against a server with a trained model: node openai.mjs ADDRESS MODEL PICTURE. Prints one JSON object.
import { readFile } from "node:fs/promises";
import OpenAI from "openai";

const [address, model, picture] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${address}v1`, apiKey: "none", maxRetries: 0 });
const url = async (file) => `data:image/png;base64,${(await readFile(file)).toString("base64")}`;
const ask = async (text, file) => ({ role: "user", content: [{ type: "text", text }, { type: "image_url", image_url: { url: await url(file) } }] });
const greedy = { model, temperature: 0, max_tokens: 64 };
const report = {};

const whole = await client.chat.completions.create({ ...greedy, messages: [await ask("What color is the circle?", picture)] });
report.whole = whole.choices[0].message.content;
report.finish = whole.choices[0].finish_reason;
report.usage = whole.usage;

report.streamed = "";
report.chunks = 0;
const stream = await client.chat.completions.create({
  ...greedy, stream: true, stream_options: { include_usage: true }, messages: [await ask("What color is the circle?", picture)],
});
for await (const chunk of stream) {
  report.chunks++;
  report.streamed += chunk.choices[0]?.delta?.content ?? "";
  report.streamedUsage = chunk.usage ?? report.streamedUsage;
}

// The accumulating helper checks ids, roles and the end of the stream.
const helper = client.chat.completions.stream({ ...greedy, messages: [await ask("What color is the circle?", picture)] });
report.accumulated = (await helper.finalChatCompletion()).choices[0].message.content;

const turns = [await ask("What shape is in the picture?", picture), { role: "assistant", content: "It is a circle." }, { role: "user", content: "What color is it?" }];
report.secondTurn = (await client.chat.completions.create({ ...greedy, messages: turns })).choices[0].message.content;

report.models = (await client.models.list()).data.map((entry) => entry.id);

console.log(JSON.stringify(report));
