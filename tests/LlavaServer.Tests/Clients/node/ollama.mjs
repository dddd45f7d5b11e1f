// The npm package `ollama` as one of the clients of run.mjs. Its tools have no choice: the model calls or it does not. It never tries again.
import { Ollama } from "ollama";

const hostOf = (address) => address.replace(/\/$/, "");
const base64 = (url) => url.slice(url.indexOf(",") + 1);
const create = ({ address, fetch }) => new Ollama({ host: hostOf(address), fetch });
const ask = ({ text, pictures }) => [{ role: "user", content: text, images: pictures.map(base64) }];
const body = ({ model, temperature, maxTokens }, question) => ({ model, messages: ask(question), options: { temperature, num_predict: maxTokens ?? -1 } });
const usage = (answer) => ({ input: answer.prompt_eval_count, output: answer.eval_count });
const toolsOf = (name, parameters) => ({ tools: [{ type: "function", function: { name, description: "", parameters } }] });
const called = ({ function: call }, finish) => ({ name: call.name, value: call.arguments, finish });

export const client = {
  retries: false,
  async whole(options, question) {
    const answer = await create(options).chat(body(options, question));
    return { text: answer.message.content, finish: answer.done_reason, ...usage(answer) };
  },
  async stream(options, question) {
    const report = { text: "", pieces: 0 };
    const ollama = create(options);
    options.signal?.addEventListener("abort", () => ollama.abort());
    let last;
    for await (const piece of await ollama.chat({ ...body(options, question), stream: true })) {
      last = piece;
      if (piece.message.content) {
        report.text += piece.message.content;
        report.pieces++;
        options.onPiece?.();
      }
    }
    options.signal?.throwIfAborted();
    return { ...report, finish: last.done_reason, ...usage(last) };
  },
  async tools(options, question, name, parameters) {
    const answer = await create(options).chat({ ...body(options, question), ...toolsOf(name, parameters) });
    return called(answer.message.tool_calls[0], answer.done_reason);
  },
  async toolsStream(options, question, name, parameters) {
    const calls = [];
    let last;
    for await (const piece of await create(options).chat({ ...body(options, question), ...toolsOf(name, parameters), stream: true })) {
      calls.push(...(piece.message.tool_calls ?? []));
      last = piece;
    }
    return called(calls[0], last.done_reason);
  },
  async structured(options, question, schema) {
    const answer = await create(options).chat({ ...body(options, question), format: schema });
    return { value: JSON.parse(answer.message.content), finish: answer.done_reason };
  },
  failure: (error) => ({ name: error.name, status: error.status_code, message: error.message }),
  more: (options, _, { circle }) => ({
    generated: async () => {
      const answer = await create(options).generate({ model: options.model, prompt: "What color is the circle?", images: [base64(circle)], options: { temperature: 0 } });
      return { text: answer.response, finish: answer.done_reason, context: answer.context.length, ...usage(answer) };
    },
    logprobs: async () => {
      const answer = await create(options).chat({ ...body(options, { text: "What can you do?", pictures: [] }), logprobs: true, top_logprobs: 2 });
      return {
        text: answer.message.content,
        joined: answer.logprobs.map(({ token }) => token).join(""),
        alternatives: answer.logprobs.map(({ top_logprobs: top }) => top.length),
      };
    },
    embeddings: async () => {
      const input = ["a red circle", "a blue square"];
      const floats = [];
      for (const prompt of input) floats.push((await create(options).embeddings({ model: options.model, prompt })).embedding);
      return { asked: (await create(options).embed({ model: options.model, input })).embeddings, floats };
    },
  }),
};
