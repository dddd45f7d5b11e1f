// Attached pictures: open, remove, and order by dragging or with Alt and arrow keys.

import { html, useRef, useState } from "../html.js";
import { t } from "../language.js";
import { Icon, Picture } from "./parts.js";

/** @param target "draft" or "edit": which list the pictures stand in */
export function Thumbnails({ page, images, target, refused = [] }) {
  const list = useRef();
  const [dragged, setDragged] = useState(null);
  if (images.length === 0) {
    return null;
  }

  const focusAt = index => requestAnimationFrame(() => {
    const buttons = list.current?.querySelectorAll(".thumbnail-open") ?? [];
    (buttons[Math.min(index, buttons.length - 1)] ?? list.current?.closest("form")?.querySelector("textarea"))?.focus();
  });

  const onKeyDown = (event, index) => {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (event.altKey && step) {
      event.preventDefault();
      page.drafts.moveImage(images[index].digest, index + step, target);
      focusAt(index + step < 0 ? 0 : index + step);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      remove(index);
    }
  };

  const remove = index => {
    const form = list.current.closest("form");
    page.drafts.removeImage(images[index].digest, target);
    if (images.length > 1) {
      focusAt(index);
    } else {
      form?.querySelector("textarea")?.focus();
    }
  };

  const onDrop = (event, index) => {
    if (dragged !== null) {
      event.preventDefault();
      event.stopPropagation();
      page.drafts.moveImage(dragged, index, target);
      setDragged(null);
    }
  };

  return html`
    <ul class="thumbnails" ref=${list} aria-label=${t("image.list")}>
      ${images.map((image, index) => html`
        <li key=${image.digest} class="thumbnail" data-refused=${refused.includes(image.digest)} data-dragged=${dragged === image.digest}
            draggable="true" onDragStart=${() => setDragged(image.digest)} onDragEnd=${() => setDragged(null)}
            onDragOver=${event => dragged !== null && event.preventDefault()} onDrop=${event => onDrop(event, index)}>
          <button type="button" class="thumbnail-open" aria-label=${t("image.open", { name: image.name })} title=${t("image.reorder")}
              onClick=${() => page.show({ kind: "image", image })} onKeyDown=${event => onKeyDown(event, index)}>
            <${Picture} page=${page} image=${image} />
          </button>
          <span class="thumbnail-name" translate="no">${image.name}</span>
          <button type="button" class="thumbnail-remove" aria-label=${t("image.remove", { name: image.name })} title=${t("image.remove", { name: image.name })} onClick=${() => remove(index)}>
            <${Icon} name="close" />
          </button>
        </li>`)}
    </ul>`;
}
