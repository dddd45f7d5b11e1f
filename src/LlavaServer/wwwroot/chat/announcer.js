// What a screen reader is told: phase changes and ends, never single tokens, at most one in three seconds, the newest wins.

import { t } from "./language.js";
import { countWords } from "./requests.js";
import { openRun } from "./store.js";

const pause = 3000;

export function createAnnouncer(wait = (time, then) => setTimeout(then, time)) {
  let listener = () => {};
  let pending = null;
  let isQuiet = false;

  function speak(text) {
    listener(text);
    isQuiet = true;
    wait(pause, () => {
      isQuiet = false;
      if (pending !== null) {
        const next = pending;
        pending = null;
        speak(next);
      }
    });
  }

  return {
    say(text) {
      if (isQuiet) {
        pending = text;
      } else {
        speak(text);
      }
    },
    listen(next) {
      listener = next;
    },
  };
}

/** Follows the store; `say` gets texts. */
export function speakPhases(store, say) {
  let before = { id: null, state: null, message: null };
  return store.subscribe(state => {
    const run = openRun(state);
    const id = state.open.conversation?.id ?? null;
    const now = { id, state: run?.state ?? null, message: run?.message.id ?? null };
    if (now.id === before.id && now.state !== before.state) {
      const text = now.state ? t(`announce.${now.state}`) : endText(state.open.messages[before.message]);
      if (text) {
        say(text);
      }
    }

    before = now;
  });
}

/** Failures are alerts of their own. */
function endText(message) {
  switch (message?.state) {
    case "done": return t("announce.done", { count: countWords(message.text) });
    case "stopped": return t("announce.stopped");
    case "interrupted": return t("message.interrupted");
    default: return null;
  }
}
