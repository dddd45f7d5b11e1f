// What comes from outside the page's own controls: shortcuts, and pictures that are dropped or pasted anywhere.

import { openRun, shownPath } from "./store.js";
import { copyText } from "./views/parts.js";

/** Keys of the page: no single letters, nothing while an input method composes. What the list shows: [text, keys]; "mod" is Control, or Command on a Mac. */
export const shortcuts = [
  ["shortcuts.send", ["key.enter"]],
  ["shortcuts.send-always", ["mod", "key.enter"]],
  ["shortcuts.escape", ["key.escape"]],
  ["shortcuts.up", ["key.up"]],
  ["shortcuts.order", ["key.alt-arrows"]],
  ["shortcuts.search", ["mod", "K"]],
  ["shortcuts.new", ["mod", "Shift", "O"]],
  ["shortcuts.sidebar", ["mod", "B"]],
  ["shortcuts.copy", ["mod", "Shift", "C"]],
  ["shortcuts.list", ["mod", "/"]],
];

export const isMac = () => /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

/** The action of a key press, or null: "escape", "search", "new", "sidebar", "copy", "list". */
export function actionOf(event) {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) {
    return null;
  }

  if (event.key === "Escape") {
    return "escape";
  }

  const isModified = isMac() ? event.metaKey : event.ctrlKey;
  if (!isModified || event.altKey) {
    return null;
  }

  const key = event.key.toLowerCase();
  return (event.shiftKey ? { o: "new", c: "copy", "/": "list", "?": "list" } : { k: "search", b: "sidebar", "/": "list" })[key] ?? null;
}

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

const holdsFiles = event => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** Starts taking files; `setDropping` tells whether something is held over the page. Returns what ends it. */
export function takeFiles(page, setDropping) {
  let depth = 0;
  const canTake = () => page.store.state.dialog === null;
  const show = change => {
    depth = Math.max(0, depth + change);
    setDropping(depth > 0);
  };
  const handlers = {
    dragenter: event => holdsFiles(event) && canTake() && (event.preventDefault(), show(1)),
    dragleave: event => holdsFiles(event) && show(-1),
    dragover: event => holdsFiles(event) && (event.preventDefault(), event.dataTransfer.dropEffect = canTake() ? "copy" : "none"),
    drop: event => {
      if (holdsFiles(event)) {
        event.preventDefault();
        show(-depth);
        if (canTake()) {
          page.drafts.attach([...event.dataTransfer.files]);
        }
      }
    },
    paste: event => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0 && canTake()) {
        // Text beside the picture goes where it was pasted.
        if (!event.clipboardData.types.includes("text/plain")) {
          event.preventDefault();
        }

        page.drafts.attach(files);
      }
    },
  };
  Object.entries(handlers).forEach(([name, handler]) => window.addEventListener(name, handler));
  return () => Object.entries(handlers).forEach(([name, handler]) => window.removeEventListener(name, handler));
}
