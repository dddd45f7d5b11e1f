// The npm package `openai`, in either version, over its responses, as one of the clients of run.mjs.
export function adapt(OpenAI, makeParseableTextFormat) {
  const create = ({ address, fetch, retries }) => new OpenAI({ baseURL: `${address}v1`, apiKey: "none", maxRetries: retries ?? 0, fetch });
  const input = ({ text, pictures }) =>
    pictures.length === 0 ? text : [{ role: "user", content: [{ type: "input_text", text }, ...pictures.map((image_url) => ({ type: "input_image", image_url, detail: "auto" }))] }];
  const body = ({ model, temperature, maxTokens }, question) => ({ model, temperature, max_output_tokens: maxTokens, input: input(question) });
  const toolsOf = (name, parameters) => ({ tools: [{ type: "function", name, parameters, strict: true }], tool_choice: "required", parallel_tool_calls: false });
  const formatOf = (schema) => ({ text: { format: makeParseableTextFormat({ type: "json_schema", name: "answer", schema, strict: true }, JSON.parse) } });
  const finish = ({ status, output, incomplete_details: details }) =>
    status !== "completed" ? (details?.reason ?? status) : output.some((item) => item.type === "function_call") ? "tool_calls" : "stop";
  // The helper of version 6 leaves output_text out.
  const textOf = ({ output }) => output.flatMap((item) => item.content ?? []).map((part) => part.text).join("");
  const usage = ({ usage }) => ({ input: usage.input_tokens, output: usage.output_tokens });
  const call = (response) => {
    const [item] = response.output.filter((item) => item.type === "function_call");
    return { name: item.name, value: item.parsed_arguments ?? JSON.parse(item.arguments), finish: finish(response) };
  };

  return {
    async whole(options, question) {
      const response = await create(options).responses.create(body(options, question));
      return { text: response.output_text, finish: finish(response), ...usage(response) };
    },
    async stream(options, question) {
      const report = { text: "", pieces: 0 };
      for await (const event of await create(options).responses.create({ ...body(options, question), stream: true }, { signal: options.signal })) {
        if (event.type === "response.output_text.delta") {
          report.text += event.delta;
          report.pieces++;
          options.onPiece?.();
        }
        if (event.type === "response.completed" || event.type === "response.incomplete") Object.assign(report, { finish: finish(event.response) }, usage(event.response));
      }
      if (options.signal?.aborted) throw new OpenAI.APIUserAbortError();
      return report;
    },
    tools: async (options, question, name, parameters) => call(await create(options).responses.create({ ...body(options, question), ...toolsOf(name, parameters) })),
    toolsStream: async (options, question, name, parameters) =>
      call(await create(options).responses.stream({ ...body(options, question), ...toolsOf(name, parameters) }).finalResponse()),
    async structured(options, question, schema) {
      const response = await create(options).responses.parse({ ...body(options, question), ...formatOf(schema) });
      return { value: response.output_parsed, finish: finish(response) };
    },
    failure: (error) => ({ name: error.constructor.name, status: error.status, code: error.code, param: error.param }),
    more: (options, ask, settings) => ({
      accumulated: async () => {
        const kinds = [];
        const helper = create(options).responses.stream(body(options, ask("What color is the circle?", settings.circle)));
        for await (const event of helper) kinds.push(event.type);
        const response = await helper.finalResponse();
        return { text: textOf(response), first: kinds[0], last: kinds.at(-1), ...usage(response) };
      },
      structuredStream: async () => {
        const schema = { type: "object", properties: { filled: { type: "boolean" } }, required: ["filled"], additionalProperties: false };
        const response = await create(options).responses.stream({ ...body(options, ask("Is it filled?", settings.circle)), ...formatOf(schema) }).finalResponse();
        return { value: response.output_parsed };
      },
      conversation: async () => {
        const client = create(options);
        const question = { role: "user", content: "Paint it." };
        const schema = { type: "object", properties: { filled: { type: "boolean" } }, required: ["filled"], additionalProperties: false };
        const first = await client.responses.create({ ...body(options, ask("")), input: [question], ...toolsOf("paint", schema) });
        const results = first.output.map((item) => ({ type: "function_call_output", call_id: item.call_id, output: "done" }));
        const tools = { ...toolsOf("paint", schema), tool_choice: "none" };
        const second = await client.responses.create({ ...body(options, ask("")), input: [question, ...first.output, ...results], ...tools });
        return { calls: first.output.length, text: second.output_text, finish: finish(second) };
      },
      incomplete: async () => {
        const few = { ...body({ ...options, maxTokens: 2 }, ask("What can you do?")) };
        const whole = await create(options).responses.create(few);
        let last;
        for await (const event of create(options).responses.stream(few)) last = event;
        return { whole: finish(whole), last: last.type, streamed: finish(last.response), items: [whole, last.response].map((response) => response.output[0].status) };
      },
      logprobs: async () => {
        const response = await create(options).responses.create({ ...body(options, ask("What can you do?")), include: ["message.output_text.logprobs"], top_logprobs: 2 });
        const tokens = response.output[0].content[0].logprobs;
        return {
          text: response.output_text,
          joined: Buffer.from(tokens.flatMap((token) => token.bytes)).toString(),
          alternatives: tokens.map((token) => token.top_logprobs.length),
        };
      },
      counted: async () => {
        const { input } = body(options, ask("What color is the circle?", settings.circle));
        return { input: (await create(options).responses.inputTokens.count({ model: options.model, input })).input_tokens };
      },
      notStored: async () => {
        try {
          return { unexpected: await create(options).responses.retrieve("resp_1") };
        } catch ({ status, code }) {
          return { status, code };
        }
      },
    }),
  };
}
