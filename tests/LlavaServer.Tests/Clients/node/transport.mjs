// What the npm package `openai` does when the transport has something to say: node transport.mjs PACKAGE SCENARIO ADDRESS. Prints one JSON object.
const [name, scenario, address] = process.argv.slice(2);
const { default: OpenAI } = await import(name);

let tries = 0;
const counted = (request, options) => {
  tries++;
  return fetch(request, options);
};
const create = (options) => new OpenAI({ baseURL: `${address}v1`, apiKey: "none", fetch: counted, ...options });
const ask = (content) => ({ model: "eye", messages: [{ role: "user", content }] });
const failure = (error) => ({ name: error.constructor.name, status: error.status, code: error.code });

const scenarios = {
  // 100 MB, with its length announced and in chunks, by turns.
  async upload() {
    const url = "data:image/png;base64," + "A".repeat(100 << 20);
    const report = [];
    for (let i = 0; i < 10; i++) {
      const chunked = (request, options) => counted(request, { ...options, body: new Blob([options.body]).stream(), duplex: "half" });
      const client = create({ maxRetries: 2, fetch: i % 2 ? chunked : counted });
      try {
        report.push({ answer: await client.chat.completions.create(ask([{ type: "image_url", image_url: { url } }])) });
      } catch (error) {
        report.push(failure(error));
      }
    }
    return { report, tries };
  },

  async fault() {
    let text = "";
    try {
      for await (const { choices: [choice] } of await create({ maxRetries: 0 }).chat.completions.create({ ...ask("Hello"), stream: true })) text += choice.delta.content ?? "";
      return { text, tries };
    } catch (error) {
      return { text, tries, ...failure(error) };
    }
  },

  async slow() {
    let text = "";
    try {
      const stream = await create({ maxRetries: 0, timeout: 3000 }).chat.completions.create({ ...ask("Hello"), stream: true });
      for await (const { choices: [choice] } of stream) text += choice.delta.content ?? "";
      return { text, tries };
    } catch (error) {
      return { text, tries, ...failure(error) };
    }
  },

  async loading() {
    const client = create({ maxRetries: 2 });
    const { choices: [choice] } = await client.chat.completions.create(ask("Hello"));
    return { text: choice.message.content, tries };
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));
