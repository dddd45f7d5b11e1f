// The clients by name; a package is loaded only when it is asked for.
const responses = async (OpenAI, { makeParseableTextFormat }) => (await import("./responses.mjs")).adapt(OpenAI.default, makeParseableTextFormat);

export const clients = {
  "openai 6": async () => (await import("./openai.mjs")).adapt((await import("openai6")).default),
  "openai 7": async () => (await import("./openai.mjs")).adapt((await import("openai7")).default),
  "openai 6 responses": async () => responses(await import("openai6"), await import("openai6/lib/parser")),
  "openai 7 responses": async () => responses(await import("openai7"), await import("openai7/lib/parser")),
  "ai sdk": async () => (await import("./ai.mjs")).chat,
  "ai sdk responses": async () => (await import("./ai.mjs")).responses,
  langchain: async () => (await import("./langchain.mjs")).adapt({}),
  "langchain responses": async () => (await import("./langchain.mjs")).adapt({ useResponsesApi: true }),
  ollama: async () => (await import("./ollama.mjs")).client,
  "langchain ollama": async () => (await import("./langchain-ollama.mjs")).client,
  anthropic: async () => (await import("./anthropic.mjs")).client,
};
