// Creating models with the npm package `ollama`: node ollama-create.mjs ADDRESS MODEL. Prints one JSON object.
import { Ollama } from "ollama";

const [address, model] = process.argv.slice(2);
const client = new Ollama({ host: address.replace(/\/$/, "") });
const report = { statuses: [] };

const request = { model: "small", from: model, quantize: "q8_0", system: "Be brief.", parameters: { temperature: 0, stop: ["END"] }, messages: [{ role: "user", content: "Hi" }] };
for await (const step of await client.create({ ...request, stream: true })) {
  report.statuses.push(step.status);
}

report.whole = (await client.create(request)).status;
report.show = await client.show({ model: "small" });
delete report.show.model_info;
delete report.show.tensors;
try {
  await client.create({ model: "broken", from: model, template: "{{" });
} catch (failure) {
  report.error = { name: failure.name, status: failure.status_code, message: failure.message };
}

console.log(JSON.stringify(report));
