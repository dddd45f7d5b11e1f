// The npm package `@anthropic-ai/sdk` as one of the clients of run.mjs.
import Anthropic from "@anthropic-ai/sdk";

const create = ({ address, fetch, retries }) => new Anthropic({ baseURL: address, apiKey: "none", maxRetries: retries ?? 0, fetch });

const picture = (url) => {
  const [, media_type, data] = url.match(/^data:(.*?);base64,(.*)$/);
  return { type: "image", source: { type: "base64", media_type, data } };
};
const message = ({ text, pictures }) => ({ role: "user", content: pictures.length === 0 ? text : [{ type: "text", text }, ...pictures.map(picture)] });
const body = ({ model, temperature, maxTokens }, question) => ({ model, temperature, max_tokens: maxTokens ?? 1024, messages: [message(question)] });
const toolsOf = (name, input_schema) => ({ tools: [{ name, input_schema }], tool_choice: { type: "any" } });
const textOf = ({ content }) => content.filter((block) => block.type === "text").map((block) => block.text).join("");
const usageOf = ({ usage }) => ({ input: usage.input_tokens + usage.cache_read_input_tokens, output: usage.output_tokens });
const called = (answer) => {
  const call = answer.content.find((block) => block.type === "tool_use");
  return { name: call.name, value: call.input, id: call.id, finish: answer.stop_reason };
};

export const client = {
  async whole(options, question) {
    const answer = await create(options).messages.create(body(options, question));
    return { text: textOf(answer), finish: answer.stop_reason, ...usageOf(answer) };
  },
  async stream(options, question) {
    const report = { pieces: 0 };
    const helper = create(options).messages.stream(body(options, question), { signal: options.signal });
    helper.on("text", () => {
      report.pieces++;
      options.onPiece?.();
    });
    const answer = await helper.finalMessage();
    return { ...report, text: textOf(answer), finish: answer.stop_reason, ...usageOf(answer) };
  },
  async tools(options, question, name, parameters) {
    return called(await create(options).messages.create({ ...body(options, question), ...toolsOf(name, parameters) }));
  },
  async toolsStream(options, question, name, parameters) {
    return called(await create(options).messages.stream({ ...body(options, question), ...toolsOf(name, parameters) }).finalMessage());
  },
  async structured(options, question, schema) {
    const answer = await create(options).messages.create({ ...body(options, question), output_config: { format: { type: "json_schema", schema } } });
    return { value: JSON.parse(textOf(answer)), finish: answer.stop_reason };
  },
  failure: (error) => ({ name: error.constructor.name, status: error.status, code: error.error.error.type, message: error.error.error.message, id: error.requestID }),
  more: (options, ask, settings) => ({
    counted: async () => {
      const question = body(options, ask("What color is the circle?", settings.circle));
      const { max_tokens, temperature, ...asked } = question;
      const { input_tokens: input } = await create(options).messages.countTokens(asked);
      return { input, answered: usageOf(await create(options).messages.create(question)).input };
    },
    stopped: async () => {
      const { content, stop_reason, stop_sequence } = await create(options).messages.create({
        ...body(options, ask("What color is the circle?", settings.circle)), stop_sequences: ["red"],
      });
      return { text: textOf({ content }), reason: stop_reason, sequence: stop_sequence };
    },
    limited: async () => ({ reason: (await create(options).messages.create({ ...body(options, ask("What can you do?")), max_tokens: 2 })).stop_reason }),
    result: async () => {
      const use = { type: "tool_use", id: "toolu_1", name: "paint", input: { color: "red", count: 1 } };
      const answer = await create(options).messages.create({
        ...body(options, ask("")),
        system: "You are brief.",
        tools: toolsOf("paint", { type: "object" }).tools,
        messages: [
          { role: "user", content: "Paint it." },
          { role: "assistant", content: [use] },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: [picture(settings.circle)] }, { type: "text", text: "What color is the circle?" }] },
        ],
      });
      return { finish: answer.stop_reason };
    },
  }),
};
