// All scenarios of one client package: node run.mjs CLIENT SETTINGS, where SETTINGS is JSON with the addresses of a server with a trained model (bundled)
// and of a server with one slot, one place in its queue and answers without end (crowded), their models, and pictures as data URLs.
// A client of a dialect without a choice of tools asks a server whose model always calls (calling: address and model). Prints one JSON line a scenario.
import { clients } from "./clients.mjs";

const [name, text] = process.argv.slice(2);
const settings = JSON.parse(text);
const client = await clients[name]();

const color = { type: "object", properties: { color: { enum: ["red", "blue"] }, count: { type: "integer", minimum: 0, maximum: 9 } }, required: ["color", "count"], additionalProperties: false };
const ask = (text, ...pictures) => ({ text, pictures });
const greedy = { address: settings.bundled, model: settings.model, temperature: 0, maxTokens: 256 };
const calling = { ...greedy, ...settings.calling };
const endless = { address: settings.crowded, model: settings.endless, temperature: 0 };

const scenarios = {
  whole: () => client.whole(greedy, ask("What can you do?")),
  stream: () => client.stream(greedy, ask("What can you do?")),
  picture: () => client.whole(greedy, ask("What color is the circle?", settings.circle)),
  pictureStream: () => client.stream(greedy, ask("What color is the circle?", settings.circle)),
  pictures: () => client.whole(greedy, ask("What color is the square?", settings.circle, settings.square)),
  tools: () => client.tools(calling, ask("Paint it."), "paint", color),
  toolsStream: () => client.toolsStream(calling, ask("Paint it."), "paint", color),
  structured: () => client.structured(greedy, ask("What color is the circle?", settings.circle), color),
  unknownModel: () => failure(client.whole({ ...greedy, model: "no-such-model" }, ask("Hello"))),
  brokenPicture: () => failure(client.whole(greedy, ask("What is this?", settings.broken))),
  cancel,
  retry,
};

async function failure(answer) {
  try {
    return { unexpected: await answer };
  } catch (error) {
    return client.failure(error);
  }
}

async function cancel() {
  const leave = new AbortController();
  const report = { pieces: 0, left: "" };
  try {
    await client.stream({ ...endless, signal: leave.signal, onPiece: () => ++report.pieces === 20 && leave.abort() }, ask("Go on"));
  } catch (error) {
    report.left = error.constructor.name;
  }

  report.isFree = await becomesFree();
  return report;
}

// An occupant of the slot and one of the queue go away when the client has seen its first refusal.
async function retry() {
  const leave = new AbortController();
  const body = JSON.stringify({ model: settings.endless, messages: [{ role: "user", content: "Go on" }], temperature: 0, stream: true });
  const occupy = () => fetch(`${settings.crowded}v1/chat/completions`, { method: "POST", body, headers: { "content-type": "application/json" }, signal: leave.signal }).catch(() => {});
  await occupy();
  const waiting = occupy();
  while ((await metric("llamacpp:requests_deferred")) < 1) await pause(20);

  const report = { statuses: [], retryAfter: null, waitedMs: 0 };
  let refused;
  const watched = async (...request) => {
    if (refused) report.waitedMs ||= performance.now() - refused;
    const response = await fetch(...request);
    report.statuses.push(response.status);
    if ((response.status === 429 || response.status === 503) && !refused) {
      refused = performance.now();
      report.retryAfter = response.headers.get("retry-after");
      leave.abort();
      await becomesFree();
    }
    return response;
  };
  const last = { ...endless, maxTokens: 2, fetch: watched, retries: 2 };
  if (client.retries === false) Object.assign(report, await failure(client.whole(last, ask("Hello"))));
  else report.text = (await client.whole(last, ask("Hello"))).text;
  await waiting;
  return report;
}

async function becomesFree() {
  const limit = performance.now() + 20_000;
  while (performance.now() < limit) {
    if ((await metric("llamacpp:requests_processing")) === 0 && (await metric("llamacpp:requests_deferred")) === 0) return true;
    await pause(20);
  }
  return false;
}

async function metric(name) {
  const text = await (await fetch(`${settings.crowded}metrics`)).text();
  return Number(text.match(new RegExp(`^${name} (.*)$`, "m"))[1]);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

for (const [scenario, run] of Object.entries({ ...scenarios, ...client.more?.(greedy, ask, settings) })) {
  let report;
  try {
    report = await run();
  } catch (error) {
    report = { failed: `${error.constructor.name}: ${error.stack}` };
  }
  console.log(JSON.stringify({ scenario, ...report }));
}
