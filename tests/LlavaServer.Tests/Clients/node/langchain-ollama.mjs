// The npm package `@langchain/ollama` as one of the clients of run.mjs. It never tries again, whatever maxRetries says.
import { HumanMessage } from "@langchain/core/messages";
import { ChatOllama, OllamaEmbeddings } from "@langchain/ollama";

const ask = ({ text, pictures }) => [
  new HumanMessage({ content: [{ type: "text", text }, ...pictures.map((url) => ({ type: "image_url", image_url: { url } }))] }),
];
// The package looks at a caller's signal only when its next piece is fetched, so who leaves a stream has to end the request as well.
const leaving = (signal) => signal && ((url, init) => fetch(url, { ...init, signal: AbortSignal.any([signal, init?.signal].filter(Boolean)) }));
const create = ({ address, model, temperature, maxTokens, fetch, signal }) =>
  new ChatOllama({ baseUrl: address.replace(/\/$/, ""), model, temperature, numPredict: maxTokens, fetch: fetch ?? leaving(signal) });
const usage = (counts) => ({ input: counts.input_tokens, output: counts.output_tokens });
const finish = ({ response_metadata: metadata }) => metadata.done_reason;
const toolsOf = (name, parameters) => [{ type: "function", function: { name, description: "", parameters } }];
const called = (answer) => ({ name: answer.tool_calls[0].name, value: answer.tool_calls[0].args, finish: finish(answer) });

export const client = {
  retries: false,
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
  tools: async (options, question, name, parameters) => called(await create(options).bindTools(toolsOf(name, parameters)).invoke(ask(question))),
  async toolsStream(options, question, name, parameters) {
    let all;
    for await (const piece of await create(options).bindTools(toolsOf(name, parameters)).stream(ask(question))) all = all ? all.concat(piece) : piece;
    return called(all);
  },
  async structured(options, question, schema) {
    const { parsed, raw } = await create(options).withStructuredOutput(schema, { name: "answer", method: "jsonSchema", includeRaw: true }).invoke(ask(question));
    return { value: parsed, finish: finish(raw) };
  },
  failure: (error) => ({ name: error.name, status: error.status_code, message: error.message }),
  more: ({ address, model }) => ({
    embeddings: async () => {
      const embeddings = new OllamaEmbeddings({ baseUrl: address.replace(/\/$/, ""), model });
      const texts = ["a red circle", "a blue square"];
      return { asked: await embeddings.embedDocuments(texts), floats: [await embeddings.embedQuery(texts[0]), await embeddings.embedQuery(texts[1])] };
    },
  }),
};
