// The server's public API: requests, the stream of an answer, errors. All addresses are relative to the page.

/** A refusal or failure that the server reports. `detail` holds further members of its error object. */
export class ApiError extends Error {
  constructor(status, error, { requestId = null, retryAfter = null } = {}) {
    super(error.message ?? "");
    const { message, type, param, code, ...detail } = error;
    Object.assign(this, { status, code: code ?? type ?? "unknown", param: param ?? null, requestId, retryAfter, detail });
  }
}

/** The server cannot be reached. */
export class NetworkError extends Error {}

/** No byte came for so long that the answer is given up. */
export class SilentError extends Error {}

/** The stream ended without its last event. */
export class BrokenStreamError extends Error {}

/** Reads server-sent events: `push` takes bytes as they come, `onData` gets the data of each event, `onByte` hears of anything. */
export function createEventParser(onData) {
  const decoder = new TextDecoder();
  let line = "";
  let data = [];
  let endsInReturn = false;

  const take = text => {
    if (text === "") {
      if (data.length > 0) {
        onData(data.join("\n"));
        data = [];
      }
    } else if (text.startsWith("data:")) {
      data.push(text.slice(text[5] === " " ? 6 : 5));
    }
  };

  const read = text => {
    // A line feed at the beginning may belong to the carriage return before it.
    const rest = endsInReturn && text.startsWith("\n") ? text.slice(1) : text;
    endsInReturn = text === "" ? endsInReturn : text.endsWith("\r");
    const lines = (line + rest).split(/\r\n|\r|\n/);
    line = lines.pop();
    lines.forEach(take);
  };

  return {
    push: bytes => read(decoder.decode(bytes, { stream: true })),
    end: () => {
      read(decoder.decode());
      take(line);
      take("");
      line = "";
    },
  };
}

/**
 * The calls of the page.
 * @param base address of the page
 * @param key gives the API key, or null
 * @param silence milliseconds without a byte after which a stream is given up
 */
export function createApi({ base, key = () => null, silence = 60_000, fetch = (...request) => globalThis.fetch(...request) }) {
  const address = path => new URL(path, base).href;

  async function call(path, { body, signal, parse = response => response.json() } = {}) {
    const headers = { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...(key() ? { Authorization: `Bearer ${key()}` } : {}) };
    let response;
    try {
      response = await fetch(address(path), { method: body === undefined ? "GET" : "POST", headers, body, signal, credentials: "same-origin" });
    } catch (failure) {
      throw signal?.aborted ? failure : new NetworkError(failure.message);
    }

    if (!response.ok) {
      throw await errorOf(response);
    }

    return parse(response);
  }

  return {
    ui: () => call("ui.json"),
    tags: () => call("api/tags"),
    running: () => call("api/ps"),
    defaults: model => call(`props?model=${encodeURIComponent(model)}`),

    /** {state: "ok" | "starting" | "draining" | "failed" | "offline", version, reason} */
    async health() {
      try {
        const response = await fetch(address("health"), { cache: "no-store" });
        const report = await response.json();
        return { state: report.status ?? (response.ok ? "ok" : "failed"), version: report.version ?? "", reason: report.error?.message ?? "" };
      } catch {
        return { state: "offline", version: "", reason: "" };
      }
    },

    /** Sends a request and hands over the events of its answer; returns after the last one. */
    async chat(body, { signal, onHeaders, onEvent }) {
      const silent = new AbortController();
      const response = await call("v1/chat/completions", { body, signal: AbortSignal.any([signal, silent.signal]), parse: whole => whole });
      onHeaders(response.headers.get("x-request-id"));
      await readStream(response, { signal, silent, silence, onEvent });
    },
  };
}

async function readStream(response, { signal, silent, silence, onEvent }) {
  const requestId = response.headers.get("x-request-id");
  let isComplete = false;
  const parser = createEventParser(data => {
    if (data === "[DONE]") {
      isComplete = true;
      return;
    }

    const event = JSON.parse(data);
    if (event.error) {
      throw new ApiError(response.status, event.error, { requestId });
    }

    onEvent(event);
  });

  const reader = response.body.getReader();
  let watchdog;
  const watch = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => silent.abort(), silence);
  };
  watch();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      watch();
      parser.push(part.value);
    }

    parser.end();
  } catch (failure) {
    reader.cancel().catch(() => {});
    if (failure instanceof ApiError || signal.aborted) {
      throw failure;
    }

    throw silent.signal.aborted ? new SilentError() : new BrokenStreamError(failure.message);
  } finally {
    clearTimeout(watchdog);
  }

  if (!isComplete) {
    throw new BrokenStreamError();
  }
}

async function errorOf(response) {
  const about = { requestId: response.headers.get("x-request-id"), retryAfter: Number(response.headers.get("retry-after")) || null };
  let error;
  try {
    const body = await response.json();
    // The Ollama side of the API has texts alone.
    error = typeof body.error === "string" ? { message: body.error, code: response.status === 401 ? "invalid_api_key" : null } : body.error;
  } catch {
    // Not JSON: an answer of something between the page and the server.
  }

  return new ApiError(response.status, error ?? { message: response.statusText || String(response.status), code: `http_${response.status}` }, about);
}

/** The record of a failure, as a message keeps it. */
export function errorRecord(failure, at = Date.now()) {
  const about = { message: failure.message ?? "", requestId: null, status: null, param: null, detail: {}, retryAt: null };
  if (failure instanceof ApiError) {
    const { code, requestId, status, param, detail, retryAfter } = failure;
    return { ...about, code, requestId, status, param, detail, retryAt: retryAfter ? at + retryAfter * 1000 : null };
  }

  return { ...about, code: failure instanceof NetworkError ? "network" : failure instanceof SilentError ? "silent" : "page_error" };
}

/** The request is larger than the server takes: known before it is sent. */
export const tooLarge = (size, limit) => new ApiError(413, { code: "request_too_large", message: "", size, limit });
