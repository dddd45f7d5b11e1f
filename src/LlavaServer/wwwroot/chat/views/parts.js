// Small pieces that many views use: icons, buttons, dialogs, pictures.

import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "../html.js";
import { t } from "../language.js";

const shapes = {
  plus: "M12 5v14M5 12h14",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  gear: "M4 7h9M17 7h3M4 17h3M11 17h9M13 7a2 2 0 1 0 4 0 2 2 0 0 0-4 0ZM7 17a2 2 0 1 0 4 0 2 2 0 0 0-4 0Z",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4",
  image: "M4 6a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2ZM4 16l4.5-4.5L13 16l3-3 4 4M15.5 9h.01",
  camera: "M4 8a2 2 0 0 1 2-2h2l1.5-2h5L16 6h2a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2ZM12 15.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M8 8h8v8H8Z",
  copy: "M9 9a2 2 0 0 1 2-2h7a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2ZM5 15a1 1 0 0 1-1-1V6a2 2 0 0 1 2-2h8a1 1 0 0 1 1 1",
  check: "M5 13l4.5 4.5L19 7",
  again: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 4v4.5H15",
  edit: "M5 19h3.5L19 8.5 15.5 5 5 15.5ZM13.5 7l3.5 3.5",
  trash: "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10.5 11v5M13.5 11v5",
  left: "M14.5 6 8.5 12l6 6",
  right: "M9.5 6l6 6-6 6",
  down: "M6 9.5l6 6 6-6",
  newest: "M12 5v14M6 13l6 6 6-6",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  forward: "M5 12h13M13 7l5 5-5 5",
  eye: "M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6ZM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
  warning: "M12 4 3 19h18ZM12 10v4M12 16.5h.01",
  keyboard: "M4 7h16v10H4ZM8 14h8M7.5 10.5h.01M10.5 10.5h.01M13.5 10.5h.01M16.5 10.5h.01",
  export: "M12 4v11M7 9l5-5 5 5M5 16v4h14v-4",
  import: "M12 15V4M7 10l5 5 5-5M5 16v4h14v-4",
  text: "M5 6h14M5 11h14M5 16h9",
  ghost: "M6 20V11a6 6 0 0 1 12 0v9l-3-2-3 2-3-2ZM10 11h.01M14 11h.01",
};

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${shapes[name]} /></svg>`;

/** A button of an icon whose name is said and shown as a tooltip. */
export const IconButton = ({ icon, label, class: style = "", ...rest }) => html`
  <button type="button" class=${`icon-button ${style}`} aria-label=${label} title=${label} ...${rest}><${Icon} name=${icon} /></button>`;

/** A modal dialog: traps the focus and gives it back. */
export function Dialog({ title, onClose, class: style = "", kind, children }) {
  const ref = useRef();
  const id = useId();
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  const cancel = event => {
    event.preventDefault();
    onClose();
  };
  return html`
    <dialog class=${`dialog ${style}`} ref=${ref} aria-labelledby=${id} onCancel=${cancel} data-dialog=${kind}
        onMouseDown=${event => event.target === ref.current && onClose()}>
      <header class="dialog-head">
        <h2 id=${id}>${title}</h2>
        <${IconButton} icon="close" label=${t("common.close")} onClick=${onClose} />
      </header>
      <div class="dialog-body">${children}</div>
    </dialog>`;
}

/** Whether a media query holds, followed. */
export function useMedia(query) {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const change = () => setHolds(media.matches);
    change();
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, [query]);
  return holds;
}

export const narrow = "(max-width: 899.98px)";

let images = null;

/** The address of a stored or attached picture, released when it is no longer shown; undefined while it is read, null if it is gone. */
function usePictureUrl(page, image) {
  const [url, setUrl] = useState(undefined);
  useEffect(() => {
    let current = null;
    let isLeft = false;
    const show = async stored => {
      images ??= await import("../images.js");
      if (!isLeft) {
        current = stored ? images.objectUrl(stored) : null;
        setUrl(current);
      }
    };
    if (image.blob) {
      show(image);
    } else {
      page.library.image(image.digest).then(show, () => show(null));
    }

    return () => {
      isLeft = true;
      if (current) {
        images.releaseUrl(current);
      }
    };
  }, [image.digest]);
  return url;
}

export function Picture({ page, image, class: style = "" }) {
  const url = usePictureUrl(page, image);
  return url === null
    ? html`<span class=${`picture missing ${style}`}><${Icon} name="image" /><span>${t("image.missing")}</span></span>`
    : html`<img class=${`picture ${style}`} src=${url} alt=${image.name} width=${image.width} height=${image.height} decoding="async" draggable="false" translate=${false} />`;
}

/** Seconds until a time, counted down; 0 when it has passed. */
export function useCountdown(until) {
  const [, tick] = useState(0);
  const left = until ? Math.max(0, Math.ceil((until - Date.now()) / 1000)) : 0;
  useEffect(() => {
    if (left > 0) {
      const timer = setTimeout(() => tick(count => count + 1), Math.max(50, (until - Date.now()) % 1000 || 1000));
      return () => clearTimeout(timer);
    }

    return undefined;
  }, [until, left]);
  return left;
}

/** Now, twice a second while `active`. */
export function useClock(active) {
  const [time, setTime] = useState(Date.now());
  useEffect(() => {
    if (!active) {
      return undefined;
    }

    setTime(Date.now());
    const timer = setInterval(() => setTime(Date.now()), 500);
    return () => clearInterval(timer);
  }, [active]);
  return time;
}

/** Copies text; a button shows for a moment that it is done. */
export function CopyButton({ page, text, label = t("common.copy") }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    if (await copyText(page, text())) {
      setDone(true);
      setTimeout(() => setDone(false), 2000);
    }
  };
  return html`<${IconButton} icon=${isDone ? "check" : "copy"} label=${isDone ? t("common.copied") : label} onClick=${copy} data-action="copy" />`;
}

/** Puts text on the clipboard and says so. */
export async function copyText(page, text) {
  try {
    await (navigator.clipboard?.writeText(text) ?? copyBySelection(text));
    page.announce("common.copied");
    return true;
  } catch {
    page.announce("common.copy-failed");
    return false;
  }
}

/** Outside secure contexts there is no clipboard object. */
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (!isCopied) {
    throw new Error("copy");
  }
}
