// Keys of the page. No single letters; nothing while an input method composes.

/** What the list shows: [text, keys]; "mod" is Control, or Command on a Mac. */
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
