// Where the question is written: text, pictures, send or stop.

import { canAsk, canSend, chosenModel, draftBytes, isBlind } from "../requests.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { bytes, t } from "../language.js";
import { meterOf, sees } from "../requests.js";
import { openRun, shownPath } from "../store.js";
import { Icon, IconButton, Picture, useMedia } from "./parts.js";

export const pictureTypes = "image/*,.heic,.heif";

export function Composer({ page, state }) {
  const area = useRef();
  const run = openRun(state);
  const isTouch = useMedia("(pointer: coarse)");
  const { text, images } = state.draft;

  useGrowth(area, text);
  useEffect(() => {
    if (!isTouch && !document.querySelector("dialog[open]")) {
      area.current.focus({ preventScroll: true });
    }
  }, []);

  const send = () => {
    if (canSend(page.store.state)) {
      page.answers.send();
      if (!isTouch) {
        area.current.focus({ preventScroll: true });
      } else {
        area.current.blur();
      }
    }
  };

  const onKeyDown = event => {
    if (event.isComposing || event.keyCode === 229) {
      return;
    }

    const isControl = event.ctrlKey || event.metaKey;
    const sends = event.key === "Enter" && !event.shiftKey && !event.altKey && (isControl || (!isTouch && !state.settings.ctrlEnter));
    if (sends) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && !isControl && text === "" && images.length === 0) {
      const last = shownPath(state).findLast(message => message.role === "user");
      if (last && canAsk(state)) {
        event.preventDefault();
        page.startEdit(last.id);
      }
    }
  };

  const hint = isTouch || text !== "" ? "" : t(state.settings.ctrlEnter ? "composer.hint.ctrl" : "composer.hint");
  return html`
    <form class="composer" aria-label=${t("composer.label")} onSubmit=${event => { event.preventDefault(); send(); }}>
      <${Hindrance} page=${page} state=${state} />
      <div class="composer-box">
        <${Thumbnails} page=${page} images=${images} target="draft" />
        <textarea id="composer" ref=${area} rows="1" dir="auto" value=${text} aria-label=${t("composer.label")} aria-describedby="composer-notes"
          placeholder=${t(shownPath(state).length > 0 ? "composer.placeholder.more" : "composer.placeholder")}
          onInput=${event => page.drafts.setText(event.currentTarget.value)} onKeyDown=${onKeyDown} enterkeyhint=${isTouch ? "enter" : "send"}></textarea>
        <div class="composer-bar">
          <${AttachButtons} page=${page} state=${state} target="draft" />
          <span class="composer-hint">${hint}</span>
          <${Meter} state=${state} />
          ${run
            ? html`<button key="stop" type="button" class="send stop" data-action="stop" onClick=${() => { page.answers.stop(); area.current.focus({ preventScroll: true }); }}><${Icon} name="stop" /><span>${t("composer.stop")}</span></button>`
            : html`<button key="send" type="submit" class="send" data-action="send" disabled=${!canSend(state)}><${Icon} name="send" /><span>${t("composer.send")}</span></button>`}
        </div>
      </div>
    </form>`;
}

/** The box grows with its text, up to a third of the window. */
function useGrowth(area, text) {
  useLayoutEffect(() => {
    const { style } = area.current;
    style.blockSize = "auto";
    style.blockSize = `${Math.min(area.current.scrollHeight, Math.max(72, innerHeight / 3))}px`;
  }, [text]);
}

/** Buttons that add pictures: from files, and from a camera where the browser allows one. */
export function AttachButtons({ page, state, target }) {
  const files = useRef();
  const photo = useRef();
  const isTouch = useMedia("(pointer: coarse)");
  const hasCamera = state.config.camera && isSecureContext && !!navigator.mediaDevices?.getUserMedia;
  const take = event => {
    page.drafts.attach([...event.currentTarget.files], target);
    event.currentTarget.value = "";
  };
  return html`
    <input type="file" class="visually-hidden" ref=${files} accept=${pictureTypes} multiple tabindex="-1" aria-hidden="true" data-input=${`${target}-files`} onChange=${take} />
    <${IconButton} icon="image" label=${t("composer.attach")} data-action=${`${target}-attach`} onClick=${() => files.current.click()} />
    ${state.config.camera && isTouch && html`
      <input type="file" class="visually-hidden" ref=${photo} accept="image/*" capture="environment" tabindex="-1" aria-hidden="true" data-input=${`${target}-photo`} onChange=${take} />
      <${IconButton} icon="camera" label=${t("composer.camera")} onClick=${() => photo.current.click()} />`}
    ${hasCamera && !isTouch && html`
      <${IconButton} icon="camera" label=${t("composer.camera")} data-action=${`${target}-camera`} onClick=${() => page.show({ kind: "camera", target })} />`}`;
}

function Meter({ state }) {
  const meter = meterOf(shownPath(state), chosenModel(state));
  if (!meter) {
    return null;
  }

  const text = t("composer.meter", { used: meter.used, context: meter.context });
  const isFull = meter.part >= 0.9;
  return html`
    <span class="meter" data-full=${isFull} title=${isFull ? t("composer.meter.full") : t("composer.meter.label")}>
      <meter min="0" max="1" high="0.9" optimum="0" value=${Math.min(1, meter.part)} aria-label=${t("composer.meter.label")}></meter>
      <span class="meter-text">${text}</span>
    </span>`;
}

/** Why the message cannot be sent as it is, or what is close to a limit. */
function Hindrance({ page, state }) {
  const { draft, config, elsewhere, open } = state;
  const size = draftBytes(draft.images);
  const lines = [];
  if (elsewhere.includes(open.conversation?.id)) {
    lines.push(t("composer.elsewhere"));
  }

  if (draft.images.length > config.maxImages) {
    lines.push(t("composer.too-many-images", { count: config.maxImages }));
  } else if (draft.images.length >= config.maxImages - 2 && draft.images.length > 2) {
    lines.push(t("composer.images-limit", { count: draft.images.length, limit: config.maxImages }));
  }

  if (size > config.maxRequestBytes) {
    lines.push(t("composer.too-large", { size: bytes(size), limit: bytes(config.maxRequestBytes) }));
  }

  if (state.accepting > 0) {
    lines.push(t("composer.preparing", { count: state.accepting }));
  }

  if (openRun(state) === null && meterOf(shownPath(state), chosenModel(state))?.part >= 0.9) {
    lines.push(t("composer.meter.full"));
  }

  return html`
    <div id="composer-notes" class="composer-notes">
      ${lines.map(line => html`<p key=${line}>${line}</p>`)}
      ${isBlind(state) && html`<${BlindNote} page=${page} state=${state} />`}
    </div>`;
}

function BlindNote({ page, state }) {
  const others = state.models.list.filter(sees);
  return html`
    <div class="note warning" role="status" data-note="blind">
      <p><${Icon} name="warning" /> ${t("composer.blind", { model: chosenModel(state).name })}</p>
      <div class="note-actions">
        ${others.slice(0, 4).map(model => html`<button type="button" class="button" key=${model.name} onClick=${() => page.models.choose(model.name)}>${t("composer.blind.use", { model: model.name })}</button>`)}
        ${others.length === 0 && t("composer.blind.none")}
        ${state.draft.images.length > 0 && html`<button type="button" class="button" onClick=${() => page.drafts.removeImages()}>${t("composer.blind.remove")}</button>`}
      </div>
    </div>`;
}

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
          <span class="thumbnail-name" title=${image.name} translate=${false}>${image.name}</span>
          <button type="button" class="thumbnail-remove" aria-label=${t("image.remove", { name: image.name })} title=${t("image.remove", { name: image.name })} onClick=${() => remove(index)}>
            <${Icon} name="close" />
          </button>
        </li>`)}
    </ul>`;
}
