// A sent message being changed: text and pictures. Saving asks again; the old version stays.

import { html, useEffect, useLayoutEffect, useRef } from "../html.js";
import { t } from "../language.js";
import { AttachButtons, Thumbnails } from "./composer.js";

export function Edit({ page, edit, config, settings }) {
  const area = useRef();
  useEffect(() => {
    const { current } = area;
    current.focus({ preventScroll: true });
    current.form.scrollIntoView({ block: "nearest" });
    current.setSelectionRange(current.value.length, current.value.length);
  }, []);
  useLayoutEffect(() => {
    area.current.style.blockSize = "auto";
    area.current.style.blockSize = `${Math.min(area.current.scrollHeight, innerHeight / 2)}px`;
  }, [edit.text]);

  const onKeyDown = event => {
    if (event.isComposing) {
      return;
    }

    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      page.cancelEdit();
    } else if (event.key === "Enter" && !event.shiftKey && (event.ctrlKey || event.metaKey || (!settings.ctrlEnter && !matchMedia("(pointer: coarse)").matches))) {
      event.preventDefault();
      page.saveEdit();
    }
  };

  return html`
    <form class="edit" aria-label=${t("edit.label")} onSubmit=${event => { event.preventDefault(); page.saveEdit(); }}>
      <${Thumbnails} page=${page} images=${edit.images} target="edit" />
      <textarea ref=${area} rows="1" dir="auto" value=${edit.text} aria-label=${t("edit.label")} onKeyDown=${onKeyDown}
        onInput=${event => page.drafts.setText(event.currentTarget.value, "edit")}></textarea>
      <p class="hint">${t("edit.note")}</p>
      <div class="edit-bar">
        <${AttachButtons} page=${page} state=${{ config }} target="edit" />
        <span class="space"></span>
        <button type="button" class="button" onClick=${page.cancelEdit} data-action="cancel-edit">${t("common.cancel")}</button>
        <button type="submit" class="button primary" disabled=${edit.text.trim() === "" && edit.images.length === 0} data-action="save-edit">${t("edit.save")}</button>
      </div>
    </form>`;
}
