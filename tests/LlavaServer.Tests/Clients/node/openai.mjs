// The npm package `openai`, in either version, as one of the clients of run.mjs.
export function adapt(OpenAI) {
  const create = ({ address, fetch, retries }) => new OpenAI({ baseURL: `${address}v1`, apiKey: "none", maxRetries: retries ?? 0, fetch });
  const message = ({ text, pictures }) => ({
    role: "user",
    content: pictures.length === 0 ? text : [{ type: "text", text }, ...pictures.map((url) => ({ type: "image_url", image_url: { url } }))],
  });
  const body = ({ model, temperature, maxTokens }, question) => ({ model, temperature, max_completion_tokens: maxTokens, messages: [message(question)] });
  const usage = (counts) => ({ input: counts.prompt_tokens, output: counts.completion_tokens });
  const toolsOf = (name, parameters) => ({ tools: [{ type: "function", function: { name, parameters } }], tool_choice: "required" });

  return {
    async whole(options, question) {
      const { choices: [choice], usage: counts } = await create(options).chat.completions.create(body(options, question));
      return { text: choice.message.content, finish: choice.finish_reason, ...usage(counts) };
    },
    async stream(options, question) {
      const report = { text: "", pieces: 0 };
      const request = { ...body(options, question), stream: true, stream_options: { include_usage: true } };
      for await (const { choices: [choice], usage: counts } of await create(options).chat.completions.create(request, { signal: options.signal })) {
        if (choice?.delta.content) {
          report.text += choice.delta.content;
          report.pieces++;
          options.onPiece?.();
        }
        report.finish = choice?.finish_reason ?? report.finish;
        if (counts) Object.assign(report, usage(counts));
      }
      if (options.signal?.aborted) throw new OpenAI.APIUserAbortError();
      return report;
    },
    async tools(options, question, name, parameters) {
      const { choices: [choice] } = await create(options).chat.completions.create({ ...body(options, question), ...toolsOf(name, parameters) });
      const [call] = choice.message.tool_calls;
      return { name: call.function.name, value: JSON.parse(call.function.arguments), finish: choice.finish_reason };
    },
    async toolsStream(options, question, name, parameters) {
      const helper = create(options).chat.completions.stream({ ...body(options, question), ...toolsOf(name, parameters) });
      const { choices: [choice] } = await helper.finalChatCompletion();
      const [call] = choice.message.tool_calls;
      return { name: call.function.name, value: JSON.parse(call.function.arguments), finish: choice.finish_reason };
    },
    async structured(options, question, schema) {
      const format = { type: "json_schema", json_schema: { name: "answer", schema, strict: true } };
      const { choices: [choice] } = await create(options).chat.completions.create({ ...body(options, question), response_format: format });
      return { value: JSON.parse(choice.message.content), finish: choice.finish_reason };
    },
    failure: (error) => ({ name: error.constructor.name, status: error.status, code: error.code, param: error.param }),
    more: (options, ask, settings) => ({
      choices: async () => {
        const request = { ...body({ ...options, maxTokens: 8 }, ask("What can you do?")), temperature: 1, seed: 7, n: 2 };
        const { choices } = await create(options).chat.completions.create(request);
        return { indices: choices.map((choice) => choice.index), finishes: choices.map((choice) => choice.finish_reason) };
      },
      logprobs: async () => {
        const request = { ...body(options, ask("What can you do?")), logprobs: true, top_logprobs: 2 };
        const { choices: [choice] } = await create(options).chat.completions.create(request);
        const tokens = choice.logprobs.content;
        return {
          text: choice.message.content,
          joined: Buffer.from(tokens.flatMap((token) => token.bytes)).toString(),
          alternatives: tokens.map((token) => token.top_logprobs.length),
        };
      },
      accumulated: async () => {
        const helper = create(options).chat.completions.stream(body(options, ask("What color is the circle?", settings.circle)));
        return { text: (await helper.finalChatCompletion()).choices[0].message.content };
      },
      completions: async () => {
        const { choices: [choice] } = await create(options).completions.create({ model: options.model, prompt: "A red circle", max_tokens: 4, temperature: 0 });
        return { text: choice.text, finish: choice.finish_reason };
      },
      embeddings: async () => {
        const request = { model: options.model, input: ["a red circle", "a blue square"] };
        const { data } = await create(options).embeddings.create(request);
        return { asked: data.map((entry) => entry.embedding), floats: (await create(options).embeddings.create({ ...request, encoding_format: "float" })).data.map((entry) => entry.embedding) };
      },
      models: async () => ({ ids: (await create(options).models.list()).data.map((entry) => entry.id) }),
    }),
  };
}
