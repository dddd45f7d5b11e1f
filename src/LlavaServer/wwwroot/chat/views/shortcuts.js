// The list of keys.

import { html } from "../html.js";
import { has, t } from "../language.js";
import { isMac, shortcuts } from "../input.js";
import { Dialog } from "./parts.js";

const nameOf = key => has(key) ? t(key) : key === "mod" ? (isMac() ? "⌘" : "Ctrl") : key;

export function Shortcuts({ onClose }) {
  return html`
    <${Dialog} title=${t("shortcuts.title")} onClose=${onClose} kind="shortcuts">
      <dl class="shortcuts">
        ${shortcuts.map(([text, keys]) => html`
          <div key=${text}><dt>${t(text)}</dt><dd>${keys.map(key => html`<kbd key=${key} translate=${false}>${nameOf(key)}</kbd>`)}</dd></div>`)}
      </dl>
    <//>`;
}
