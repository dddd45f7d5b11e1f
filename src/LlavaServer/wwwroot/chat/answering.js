// One answer: the request with its pictures, the events of its stream, and how it ends.

import { BrokenStreamError, errorRecord, tooLarge } from "./api.js";
import { imagesOf, requestOf } from "./requests.js";
import { nextRun } from "./store.js";

/**
 * Asks and reads until the end; returns the ended run.
 * @param ask {conversation, path, reply, continues, limit}
 * @param image gives a stored picture by its digest
 * @param onRun called with the run whenever it changes
 * @param signal stops the answer; with the reason "leaving" it counts as interrupted
 */
export async function runAnswer({ conversation, path, reply, continues, limit }, { api, image, onRun, signal }) {
  let run = null;
  const tell = event => {
    const next = nextRun(run, { at: Date.now(), ...event });
    if (next !== run) {
      run = next;
      onRun(run);
    }
  };
  const buffer = createTextBuffer(piece => tell({ type: "text", ...piece }));
  tell({ type: "start", message: { ...reply, state: "streaming", error: null }, images: imagesOf(path).length });
  try {
    const request = requestOf(conversation, path, await addresses(path, image), continues);
    const body = new TextEncoder().encode(JSON.stringify(request));
    signal.throwIfAborted();
    if (body.length > limit) {
      throw tooLarge(body.length, limit);
    }

    tell({ type: "upload", bytes: body.length });
    await api.chat(body, {
      signal,
      onHeaders: requestId => tell({ type: "headers", requestId }),
      onEvent: event => read(event, buffer, tell),
    });
    buffer.flush();
    tell({ type: "end" });
  } catch (failure) {
    buffer.flush();
    tell(endOf(failure, signal));
  }

  return run;
}

function endOf(failure, signal) {
  if (signal.aborted) {
    return { type: signal.reason === "leaving" ? "interrupt" : "stop" };
  }

  return failure instanceof BrokenStreamError ? { type: "interrupt" } : { type: "fail", error: errorRecord(failure) };
}

/** Pictures as data URLs, each read once. */
async function addresses(path, image) {
  const urls = new Map();
  for (const { digest } of imagesOf(path)) {
    if (!urls.has(digest)) {
      const { toDataUrl } = await import("./images.js");
      const stored = await image(digest);
      urls.set(digest, stored ? await toDataUrl(stored.blob) : "");
    }
  }

  return ({ digest }) => urls.get(digest);
}

function read(event, buffer, tell) {
  const choice = event.choices?.[0];
  const { content, reasoning_content: thoughts } = choice?.delta ?? {};
  if (content || thoughts) {
    buffer.add(content ?? "", thoughts ?? "", event.timings);
    return;
  }

  buffer.flush();
  // Whether the first tokens are thoughts or the answer is told by what comes of them.
  if (event.progress && event.progress.phase !== "decode") {
    tell({ type: "progress", progress: event.progress });
  }

  if (choice?.finish_reason) {
    tell({ type: "finish", finish: choice.finish_reason });
  }

  if (event.usage) {
    tell({ type: "usage", usage: event.usage, timings: event.timings ?? null });
  }
}

/**
 * Pieces of an answer come faster than a screen shows them: they are handed on once per frame.
 * @param take gets {text, thoughts, timings}: what came since the last time
 */
function createTextBuffer(take) {
  let text = "";
  let thoughts = "";
  let timings = null;
  let frame = 0;
  let timer = 0;

  function flush() {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = 0;
    timer = 0;
    if (text !== "" || thoughts !== "") {
      const piece = { text, thoughts, timings };
      text = "";
      thoughts = "";
      take(piece);
    }
  }

  return {
    add(more, thought, latest) {
      text += more;
      thoughts += thought;
      timings = latest ?? timings;
      if (frame === 0) {
        frame = requestAnimationFrame(flush);
        // A page in the background has no frames.
        timer = setTimeout(flush, 250);
      }
    },
    flush,
  };
}
