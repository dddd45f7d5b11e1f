// What a screen reader is told: phase changes and ends, never single tokens, at most one in three seconds, the newest wins.

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
