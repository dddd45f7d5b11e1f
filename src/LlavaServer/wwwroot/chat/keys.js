// Does what the page's shortcuts ask for.

import { actionOf } from "./shortcuts.js";
import { openRun, shownPath } from "./store.js";
import { copyText } from "./views/parts.js";

const focusComposer = () => document.getElementById("composer")?.focus({ preventScroll: true });

/** Starts listening; returns what ends it. */
export function takeKeys(page) {
  const acts = {
    escape() {
      const { state } = page.store;
      if (state.edit) {
        page.cancelEdit();
      } else if (openRun(state)) {
        page.answers.stop();
      } else {
        focusComposer();
      }
    },
    search() {
      page.setPanel({ sidebar: true });
      requestAnimationFrame(() => document.getElementById("search")?.focus());
    },
    new() {
      page.conversations.openNew();
      focusComposer();
    },
    sidebar: () => page.setPanel({ sidebar: !page.store.state.panels.sidebar }),
    copy() {
      const last = shownPath(page.store.state).findLast(message => message.role === "assistant" && message.text !== "");
      if (last) {
        copyText(page, last.text);
      }
    },
    list: () => page.show({ kind: "shortcuts" }),
  };
  const onKeyDown = event => {
    const action = actionOf(event);
    // A dialog has its keys for itself; Escape closes it.
    if (action && !document.querySelector("dialog[open]")) {
      if (action !== "escape") {
        event.preventDefault();
      }

      acts[action]();
    }
  };
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}
