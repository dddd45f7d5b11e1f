// One answer on its way: the machine of the page's states from "preparing" to an end. Pure.

/** Phases in their order; a run never goes back. */
export const phases = ["preparing", "uploading", "queued", "loading", "encoding", "prefill", "decode"];

/** Ends of a run, which are states of a stored message as well. */
export const ends = ["done", "stopped", "interrupted", "error"];

export const isEnd = run => ends.includes(run.state);

/**
 * The run after an event. Null is no run. An event that has no arrow from the present state changes nothing.
 * Events: start {message, images, at}, upload {bytes, at}, headers {requestId, at}, progress {progress, at}, text {text, timings, at},
 * finish {finish}, usage {usage, timings}, end {at}, stop {at}, interrupt {at}, fail {error, at}.
 */
export function nextRun(run, event) {
  if (event.type === "start") {
    return run && !isEnd(run) ? run : begin(event);
  }

  return run && !isEnd(run) ? (arrows[event.type]?.(run, event) ?? run) : run;
}

const begin = ({ message, images, at }) => ({
  state: "preparing", message, images, text: message.text, startedAt: at, since: at, bytes: 0, progress: null, requestId: null,
  timings: message.timings, usage: message.usage, finish: null, firstTextAt: null, error: null, endedAt: null,
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

  text: (run, { text, timings, at }) => phases.indexOf(run.state) < phases.indexOf("queued") ? run : {
    ...run, state: "decode", text: run.text + text, timings: timings ?? run.timings,
    firstTextAt: run.firstTextAt ?? at, since: run.state === "decode" ? run.since : at,
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
  const timings = run.timings || run.firstTextAt ? { ...run.timings } : null;
  if (timings && run.firstTextAt && timings.ttft_ms === undefined) {
    timings.ttft_ms = run.firstTextAt - run.startedAt;
  }

  if (timings && run.endedAt) {
    timings.total_ms = run.endedAt - run.startedAt;
  }

  return {
    ...run.message, text: run.text, state: isEnd(run) ? run.state : "streaming",
    error: run.error, usage: run.usage, timings, finish: run.finish,
  };
}

/** How far the present phase is, 0 to 1; null when nobody knows. */
export function fractionOf(run) {
  const { progress, state } = run;
  if (!progress || progress.phase !== state || !(progress.total > 0)) {
    return null;
  }

  return Math.min(1, Math.max(0, progress.done / progress.total));
}
