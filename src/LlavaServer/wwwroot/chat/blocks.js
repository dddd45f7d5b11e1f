// Cuts Markdown into pieces that can be rendered one by one, so that a growing answer only renders its last piece again.

const fence = /^ {0,3}(`{3,}|~{3,})/;
const continues = /^(\s|[-*+](\s|$)|\d{1,9}[.)](\s|$)|[|>])/;

/** The pieces of a text, which joined give it back. Text with link definitions is one piece: they count everywhere. */
export function splitBlocks(text) {
  if (/^ {0,3}\[[^\]]+\]:/m.test(text)) {
    return [text];
  }

  const blocks = [];
  let begin = 0;
  let open = null;
  let isAfterBlank = false;
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const next = end < 0 ? text.length : end + 1;
    const line = text.slice(at, next);
    if (open) {
      const found = fence.exec(line);
      open = found && found[1][0] === open[0] && found[1].length >= open.length && line.trim() === found[1] ? null : open;
    } else if (line.trim() === "") {
      isAfterBlank = true;
    } else {
      if (isAfterBlank && at > begin && !continues.test(line)) {
        blocks.push(text.slice(begin, at));
        begin = at;
      }

      isAfterBlank = false;
      open = fence.exec(line)?.[1] ?? null;
    }

    at = next;
  }

  return text.length > begin ? [...blocks, text.slice(begin)] : blocks;
}
