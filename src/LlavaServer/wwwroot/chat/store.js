// The state of the page and its reducer: pure, without DOM. Views read the state, actions dispatch events.
// First the machine of one answer, then the state around it.

import { leafAfterDeleting, pathTo, withFollowing } from "./tree.js";

/** Phases in their order; a run never goes back. */
export const phases = ["preparing", "uploading", "queued", "loading", "encoding", "prefill", "thinking", "decode"];

/** Ends of a run, which are states of a stored message as well. */
export const ends = ["done", "stopped", "interrupted", "error"];

export const isEnd = run => ends.includes(run.state);

/**
 * The run after an event. Null is no run. An event that has no arrow from the present state changes nothing.
 * Events: start {message, images, at}, upload {bytes, at}, headers {requestId, at}, progress {progress, at}, text {text, thoughts, timings, at},
 * finish {finish}, usage {usage, timings}, end {at}, stop {at}, interrupt {at}, fail {error, at}.
 */
export function nextRun(run, event) {
  if (event.type === "start") {
    return run && !isEnd(run) ? run : begin(event);
  }

  return run && !isEnd(run) ? (arrows[event.type]?.(run, event) ?? run) : run;
}

const begin = ({ message, images, at }) => ({
  state: "preparing", message, images, text: message.text, thoughts: message.thoughts ?? "", startedAt: at, since: at, bytes: 0, progress: null, requestId: null,
  timings: message.timings, usage: message.usage, finish: null, firstThoughtAt: null, firstTextAt: null, error: null, endedAt: null,
});

const arrows = {
  upload: (run, { bytes, at }) => run.state === "preparing" ? { ...run, state: "uploading", bytes, since: at } : run,

  headers: (run, { requestId, at }) => run.state === "uploading" ? { ...run, state: "queued", requestId, since: at } : run,

  progress: (run, { progress, at }) => {
    const from = phases.indexOf(run.state);
    const to = phases.indexOf(progress.phase);
    if (from < phases.indexOf("queued") || to < from) {
      return run;
    }

    return { ...run, state: progress.phase, progress, since: to === from ? run.since : at };
  },

  text: (run, { text, thoughts = "", timings, at }) => {
    if (!isAnswering(run)) {
      return run;
    }

    const state = text !== "" || run.state === "decode" ? "decode" : "thinking";
    return {
      ...run, state, text: run.text + text, thoughts: run.thoughts + thoughts, timings: timings ?? run.timings, since: run.state === state ? run.since : at,
      firstThoughtAt: run.firstThoughtAt ?? (thoughts !== "" ? at : null), firstTextAt: run.firstTextAt ?? (text !== "" ? at : null),
    };
  },

  finish: (run, { finish }) => isAnswering(run) ? { ...run, finish } : run,

  usage: (run, { usage, timings }) => isAnswering(run) ? { ...run, usage: usage ?? run.usage, timings: timings ?? run.timings } : run,

  end: (run, { at }) => isAnswering(run) ? over(run, "done", at) : run,

  stop: (run, { at }) => over(run, "stopped", at),

  // Only a stream that has begun can break.
  interrupt: (run, { at }) => isAnswering(run) ? over(run, "interrupted", at) : run,

  fail: (run, { error, at }) => ({ ...over(run, "error", at), error }),
};

const isAnswering = run => phases.indexOf(run.state) >= phases.indexOf("queued");

const over = (run, state, at) => ({ ...run, state, endedAt: at });

/** The record of the run's message as it is now. */
export function messageOf(run) {
  const firstAt = run.firstThoughtAt ?? run.firstTextAt;
  const timings = run.timings || firstAt ? { ...run.timings } : null;
  if (timings && firstAt && timings.ttft_ms === undefined) {
    timings.ttft_ms = firstAt - run.startedAt;
  }

  const thinkingMs = thinkingTimeOf(run);
  if (timings && thinkingMs !== null) {
    timings.thinking_ms = thinkingMs;
  }

  if (timings && run.endedAt) {
    timings.total_ms = run.endedAt - run.startedAt;
  }

  return {
    ...run.message, text: run.text, thoughts: run.thoughts || null, state: isEnd(run) ? run.state : "streaming",
    error: run.error, usage: run.usage, timings, finish: run.finish,
  };
}

/** Milliseconds from the first thought to the answer or the end; of a continued answer what it took before; null while it thinks, or if it never did. */
function thinkingTimeOf({ firstThoughtAt, firstTextAt, endedAt, message }) {
  const end = firstTextAt ?? endedAt;
  return firstThoughtAt && end ? end - firstThoughtAt : message.timings?.thinking_ms ?? null;
}

/** How far the present phase is, 0 to 1; null when nobody knows. */
export function fractionOf(run) {
  const { progress, state } = run;
  if (!progress || progress.phase !== state || !(progress.total > 0)) {
    return null;
  }

  return Math.min(1, Math.max(0, progress.done / progress.total));
}

export const emptyDraft = { text: "", images: [] };

export const initialState = {
  isReady: false,
  config: {},
  settings: { theme: "system", sendOriginals: false, ctrlEnter: false, autoRetry: false, history: true },
  defaults: { system: "", params: {}, model: null },
  server: { state: "ok", retryAt: null, reason: "", version: "" },
  models: { state: "loading", list: [], sampling: null },
  conversations: [],
  open: { conversation: null, messages: {} },
  draft: emptyDraft,
  accepting: 0,
  edit: null,
  runs: {},
  elsewhere: [],
  search: { query: "", results: null },
  storage: { persistent: true, isNewer: false, full: false },
  notices: [],
  dialog: null,
  panels: { sidebar: true, settings: false },
};

/** The state after an event; the same object when nothing changed. */
export function reduce(state, event) {
  const step = steps[event.type];
  return step ? step(state, event) : state;
}

const patch = name => (state, { value }) => ({ ...state, [name]: { ...state[name], ...value } });
const replace = name => (state, { value }) => ({ ...state, [name]: value });

const steps = {
  ready: state => ({ ...state, isReady: true }),
  config: patch("config"),
  settings: patch("settings"),
  defaults: patch("defaults"),
  models: patch("models"),
  storage: patch("storage"),
  panels: patch("panels"),
  search: patch("search"),
  conversations: replace("conversations"),
  elsewhere: replace("elsewhere"),
  dialog: replace("dialog"),
  draft: patch("draft"),
  accepting: (state, { change }) => ({ ...state, accepting: state.accepting + change }),

  server: (state, { value }) => ({ ...state, server: { ...state.server, ...value } }),

  open: (state, { conversation, messages, draft, target = null }) => ({ ...state, open: { conversation, messages, target }, draft: draft ?? emptyDraft, edit: null }),

  "open/refresh": (state, { conversation, messages }) =>
    state.open.conversation?.id === conversation.id ? { ...state, open: { conversation, messages } } : state,

  conversation: (state, { conversation }) => ({
    ...state,
    conversations: [conversation, ...state.conversations.filter(other => other.id !== conversation.id)].sort((a, b) => b.updatedAt - a.updatedAt),
    open: state.open.conversation?.id === conversation.id ? { ...state.open, conversation } : state.open,
  }),

  "conversation/new": (state, { conversation }) => ({ ...state, open: { conversation, messages: {} } }),

  "conversation/deleted": (state, { id }) => ({ ...state, conversations: state.conversations.filter(other => other.id !== id) }),

  message: (state, { message }) => state.open.conversation?.id !== message.conversation ? state : {
    ...state, open: { ...state.open, messages: { ...state.open.messages, [message.id]: message } },
  },

  "message/deleted": (state, { id }) => {
    const { conversation, messages } = state.open;
    const gone = new Set(withFollowing(messages, id));
    const leaf = leafAfterDeleting(messages, id, conversation.leaf);
    const left = Object.fromEntries(Object.entries(messages).filter(([key]) => !gone.has(key)));
    return { ...state, open: { conversation: { ...conversation, leaf }, messages: left }, edit: null };
  },

  edit: (state, { value }) => ({ ...state, edit: value }),
  "edit/change": (state, { value }) => state.edit ? { ...state, edit: { ...state.edit, ...value } } : state,

  "draft/add": (state, { image }) => addImage(state, "draft", image),
  "edit/add": (state, { image }) => state.edit ? addImage(state, "edit", image) : state,

  notice: (state, { notice }) => ({ ...state, notices: [...state.notices.filter(other => other.key !== notice.key), notice] }),
  "notice/gone": (state, { key }) => ({ ...state, notices: state.notices.filter(other => other.key !== key) }),

  run: (state, { conversation, run }) => placeRun(state, conversation, run),
};

function addImage(state, place, image) {
  const holder = state[place];
  return holder.images.some(other => other.digest === image.digest) ? state : { ...state, [place]: { ...holder, images: [...holder.images, image] } };
}

/** One answer for each conversation. A run that has ended becomes its message. */
function placeRun(state, conversation, run) {
  if (!isEnd(run)) {
    return { ...state, runs: { ...state.runs, [conversation]: run } };
  }

  const { [conversation]: ended, ...runs } = state.runs;
  return reduce({ ...state, runs }, { type: "message", message: messageOf(run) });
}

/** The open conversation's run, or null. */
export const openRun = state => state.runs[state.open.conversation?.id] ?? null;

/** Messages that are shown, with the running answer's text not filled in. */
export const shownPath = state => pathTo(state.open.messages, state.open.conversation?.leaf);

/** The state of the contract's machine that the page is in. */
export function stateOf(state) {
  if (!state.isReady) {
    return "opening";
  }

  const run = openRun(state);
  if (state.dialog?.kind === "key") {
    return "key-needed";
  }

  if (run) {
    return run.state;
  }

  if (state.server.state !== "ok") {
    return state.server.state;
  }

  if (state.draft.text.trim() !== "" || state.draft.images.length > 0) {
    return "composing";
  }

  const last = shownPath(state).at(-1);
  return !last ? "empty" : last.role === "user" ? "composing" : last.state === "streaming" ? "interrupted" : last.state;
}

/** Holds the state; listeners hear of each change. */
export function createStore(state = initialState) {
  const listeners = new Set();
  return {
    get state() {
      return state;
    },
    dispatch(event) {
      const next = reduce(state, event);
      if (next !== state) {
        state = next;
        listeners.forEach(listener => listener(state));
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
