// An answer's text: Markdown, piece by piece, with buttons that copy code.

import { splitBlocks } from "../blocks.js";
import { html, memo, useLayoutEffect, useRef } from "../html.js";
import { highlightWithin, renderInto } from "../markdown.js";
import { t } from "../language.js";
import { copyText } from "./parts.js";

const drawn = new WeakMap();

/** Shows `text`; while it grows only its last piece is drawn again. */
export const Prose = memo(function Prose({ page, text, isGrowing }) {
  const ref = useRef();
  useLayoutEffect(() => draw(ref.current, text, isGrowing), [text, isGrowing]);
  return html`<div class="prose" translate=${false} ref=${ref} onClick=${event => copyCode(page, event)}></div>`;
});

function draw(element, text, isGrowing) {
  const before = drawn.get(element) ?? [];
  const blocks = splitBlocks(text);
  while (element.children.length > blocks.length) {
    element.lastElementChild.remove();
  }

  blocks.forEach((block, index) => {
    const isSettled = !isGrowing || index < blocks.length - 1;
    if (before[index]?.block !== block) {
      const place = element.children[index] ?? element.appendChild(Object.assign(document.createElement("div"), { className: "block", dir: "auto" }));
      renderInto(place, block);
      furnish(place);
    } else if (before[index].isSettled) {
      return;
    }

    if (isSettled) {
      highlightWithin(element.children[index]);
    }
  });
  drawn.set(element, blocks.map((block, index) => ({ block, isSettled: !isGrowing || index < blocks.length - 1 })));
}

/** Code gets a head with its language and a button; what may scroll sideways can be reached by keyboard. */
function furnish(place) {
  for (const pre of place.querySelectorAll("pre")) {
    const language = /language-([\w+#-]+)/.exec(pre.firstElementChild?.className ?? "")?.[1] ?? "";
    const frame = make("div", "code");
    const head = make("div", "code-head");
    const name = make("span", "code-language", language);
    const button = make("button", "code-copy", t("message.copy-code"));
    button.type = "button";
    head.append(name, button);
    pre.replaceWith(frame);
    pre.tabIndex = 0;
    pre.setAttribute("role", "group");
    pre.setAttribute("aria-label", t("message.code"));
    frame.append(head, pre);
  }

  for (const table of place.querySelectorAll("table")) {
    const frame = make("div", "table");
    frame.tabIndex = 0;
    frame.setAttribute("role", "group");
    frame.setAttribute("aria-label", t("message.table"));
    table.replaceWith(frame);
    frame.append(table);
  }
}

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

async function copyCode(page, event) {
  const button = event.target.closest("button.code-copy");
  if (button && await copyText(page, button.closest(".code").querySelector("pre").textContent.replace(/\n$/, ""))) {
    button.textContent = t("common.copied");
    setTimeout(() => (button.textContent = t("message.copy-code")), 2000);
  }
}
