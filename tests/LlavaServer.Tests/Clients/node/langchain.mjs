// The npm package `@langchain/openai`, as one of the clients of run.mjs.
import { HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";

const create = ({ address, model, temperature, maxTokens, fetch, retries }) =>
  new ChatOpenAI({ model, temperature, maxTokens, apiKey: "none", maxRetries: retries ?? 0, configuration: { baseURL: `${address}v1`, fetch } });
const ask = ({ text, pictures }) => [
  new HumanMessage({ content: [{ type: "text", text }, ...pictures.map((url) => ({ type: "image_url", image_url: { url } }))] }),
];
const usage = (counts) => ({ input: counts.input_tokens, output: counts.output_tokens });
const toolsOf = (name, parameters) => [[{ type: "function", function: { name, parameters } }], { tool_choice: "required" }];

export const client = {
  async whole(options, question) {
    const answer = await create(options).invoke(ask(question));
    return { text: answer.content, finish: answer.response_metadata.finish_reason, ...usage(answer.usage_metadata) };
  },
  async stream(options, question) {
    const report = { text: "", pieces: 0 };
    let all;
    for await (const piece of await create(options).stream(ask(question), { signal: options.signal })) {
      all = all ? all.concat(piece) : piece;
      if (piece.content) {
        report.text += piece.content;
        report.pieces++;
        options.onPiece?.();
      }
    }
    options.signal?.throwIfAborted();
    return { ...report, finish: all.response_metadata.finish_reason, ...usage(all.usage_metadata) };
  },
  async tools(options, question, name, parameters) {
    const { tool_calls: [call], response_metadata: metadata } = await create(options).bindTools(...toolsOf(name, parameters)).invoke(ask(question));
    return { name: call.name, value: call.args, finish: metadata.finish_reason };
  },
  async toolsStream(options, question, name, parameters) {
    let all;
    for await (const piece of await create(options).bindTools(...toolsOf(name, parameters)).stream(ask(question))) all = all ? all.concat(piece) : piece;
    return { name: all.tool_calls[0].name, value: all.tool_calls[0].args, finish: all.response_metadata.finish_reason };
  },
  async structured(options, question, schema) {
    const { parsed, raw } = await create(options).withStructuredOutput(schema, { name: "answer", method: "jsonSchema", includeRaw: true }).invoke(ask(question));
    return { value: parsed, finish: raw.response_metadata.finish_reason };
  },
  failure: (error) => ({ name: error.constructor.name, status: error.status, code: error.code, param: error.param }),
};
