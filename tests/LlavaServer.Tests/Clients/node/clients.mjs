// The clients by name; a package is loaded only when it is asked for.
export const clients = {
  "openai 6": async () => (await import("./openai.mjs")).adapt((await import("openai6")).default),
  "openai 7": async () => (await import("./openai.mjs")).adapt((await import("openai7")).default),
  "ai sdk": async () => (await import("./ai.mjs")).client,
  langchain: async () => (await import("./langchain.mjs")).client,
};
