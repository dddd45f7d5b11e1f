// The npm package `ai`, with `@ai-sdk/openai-compatible` and with the responses of `@ai-sdk/openai`, as clients of run.mjs.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, Output, streamText, tool } from "ai";

const compatible = ({ address, model, fetch }) =>
  createOpenAICompatible({ name: "llava", baseURL: `${address}v1`, apiKey: "none", includeUsage: true, supportsStructuredOutputs: true, fetch })(model);
const openAI = ({ address, model, fetch }) => createOpenAI({ baseURL: `${address}v1`, apiKey: "none", fetch }).responses(model);
const requestOf = (create) => (options, { text, pictures }) => ({
  model: create(options),
  temperature: options.temperature,
  maxOutputTokens: options.maxTokens,
  maxRetries: options.retries ?? 0,
  abortSignal: options.signal,
  messages: [{ role: "user", content: [{ type: "text", text }, ...pictures.map((url) => ({ type: "file", mediaType: "image/png", data: url.split(",")[1] }))] }],
});
const usage = (counts) => ({ input: counts.inputTokens, output: counts.outputTokens });
const toolsOf = (name, parameters) => ({ tools: { [name]: tool({ inputSchema: jsonSchema(parameters) }) }, toolChoice: "required", providerOptions: { openai: { parallelToolCalls: false } } });

const adapt = (request, more) => ({
  async whole(options, question) {
    const answer = await generateText(request(options, question));
    return { text: answer.text, finish: answer.finishReason, ...usage(answer.usage) };
  },
  async stream(options, question) {
    const report = { text: "", pieces: 0 };
    let failure;
    const answer = streamText({ ...request(options, question), onError: ({ error }) => (failure ??= error) });
    try {
      for await (const piece of answer.textStream) {
        report.text += piece;
        report.pieces++;
        options.onPiece?.();
      }
    } catch (error) {
      // What the server said comes first, then that its connection broke.
      failure ??= error;
    }
    if (failure) throw failure;
    options.signal?.throwIfAborted();
    return { ...report, finish: await answer.finishReason, ...usage(await answer.usage) };
  },
  async tools(options, question, name, parameters) {
    const { toolCalls: [call], finishReason } = await generateText({ ...request(options, question), ...toolsOf(name, parameters) });
    return { name: call.toolName, value: call.input, finish: finishReason };
  },
  async toolsStream(options, question, name, parameters) {
    const answer = streamText({ ...request(options, question), ...toolsOf(name, parameters) });
    const [call] = await answer.toolCalls;
    return { name: call.toolName, value: call.input, finish: await answer.finishReason };
  },
  async structured(options, question, schema) {
    const answer = await generateText({ ...request(options, question), output: Output.object({ schema: jsonSchema(schema) }) });
    return { value: answer.output, finish: answer.finishReason };
  },
  failure: (error) => ({ name: error.name, status: error.statusCode, ...JSON.parse(error.responseBody).error }),
  more,
});

export const chat = adapt(requestOf(compatible));
export const responses = adapt(requestOf(openAI), (options, ask) => ({
  // Without store the package sends the items themselves, not what they are called.
  conversation: async () => {
    const once = requestOf(openAI)(options, ask("Paint it."));
    const schema = { type: "object", properties: { filled: { type: "boolean" } }, required: ["filled"], additionalProperties: false };
    const tools = { paint: tool({ inputSchema: jsonSchema(schema), execute: async () => "done" }) };
    const providerOptions = { openai: { parallelToolCalls: false, store: false } };
    const first = await generateText({ ...once, tools, providerOptions, toolChoice: "required" });
    const second = await generateText({ ...once, tools, providerOptions, toolChoice: "none", messages: [...once.messages, ...first.response.messages] });
    return { calls: first.toolCalls.length, text: second.text, finish: second.finishReason };
  },
}));
