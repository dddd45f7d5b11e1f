// Pieces of an answer come faster than a screen shows them: they are handed on once per frame.

/** @param take gets {text, timings}: what came since the last time */
export function createTextBuffer(take) {
  let text = "";
  let timings = null;
  let frame = 0;
  let timer = 0;

  function flush() {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = 0;
    timer = 0;
    if (text !== "") {
      const piece = { text, timings };
      text = "";
      take(piece);
    }
  }

  return {
    add(piece, latest) {
      text += piece;
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
