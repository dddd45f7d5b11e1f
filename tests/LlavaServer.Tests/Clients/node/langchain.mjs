// The npm package `@langchain/openai`, over chat completions or over responses, as one of the clients of run.mjs.
import { HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";

const ask = ({ text, pictures }) => [
  new HumanMessage({ content: [{ type: "text", text }, ...pictures.map((url) => ({ type: "image_url", image_url: { url } }))] }),
];
const usage = (counts) => ({ input: counts.input_tokens, output: counts.output_tokens });

// Responses have a status in place of a reason.
const finish = ({ response_metadata: metadata, tool_calls: calls }) =>
  metadata.finish_reason ?? (metadata.status !== "completed" ? (metadata.incomplete_details?.reason ?? metadata.status) : calls?.length ? "tool_calls" : "stop");

export function adapt(more) {
  const create = ({ address, model, temperature, maxTokens, fetch, retries }) =>
    new ChatOpenAI({ model, temperature, maxTokens, apiKey: "none", maxRetries: retries ?? 0, configuration: { baseURL: `${address}v1`, fetch }, ...more });
  // Over responses it leaves out a choice that is a word.
  const toolsOf = (name, parameters) => [
    [{ type: "function", function: { name, parameters } }],
    { tool_choice: more.useResponsesApi ? name : "required", parallel_tool_calls: false },
  ];

  return {
    async whole(options, question) {
      const answer = await create(options).invoke(ask(question));
      return { text: answer.text, finish: finish(answer), ...usage(answer.usage_metadata) };
    },
    async stream(options, question) {
      const report = { text: "", pieces: 0 };
      let all;
      for await (const piece of await create(options).stream(ask(question), { signal: options.signal })) {
        all = all ? all.concat(piece) : piece;
        if (piece.text) {
          report.text += piece.text;
          report.pieces++;
          options.onPiece?.();
        }
      }
      options.signal?.throwIfAborted();
      return { ...report, finish: finish(all), ...usage(all.usage_metadata) };
    },
    async tools(options, question, name, parameters) {
      const answer = await create(options).bindTools(...toolsOf(name, parameters)).invoke(ask(question));
      return { name: answer.tool_calls[0].name, value: answer.tool_calls[0].args, finish: finish(answer) };
    },
    async toolsStream(options, question, name, parameters) {
      let all;
      for await (const piece of await create(options).bindTools(...toolsOf(name, parameters)).stream(ask(question))) all = all ? all.concat(piece) : piece;
      return { name: all.tool_calls[0].name, value: all.tool_calls[0].args, finish: finish(all) };
    },
    async structured(options, question, schema) {
      const { parsed, raw } = await create(options).withStructuredOutput(schema, { name: "answer", method: "jsonSchema", includeRaw: true }).invoke(ask(question));
      return { value: parsed, finish: finish(raw) };
    },
    failure: (error) => ({ name: error.constructor.name, status: error.status, code: error.code, param: error.param }),
    more: ({ address, model }) => more.useResponsesApi ? {} : {
      embeddings: async () => {
        const texts = ["a red circle", "a blue square"];
        const settings = { model, apiKey: "none", configuration: { baseURL: `${address}v1` } };
        return {
          asked: await new OpenAIEmbeddings(settings).embedDocuments(texts),
          floats: await new OpenAIEmbeddings({ ...settings, encodingFormat: "float" }).embedDocuments(texts),
        };
      },
    },
  };
}
