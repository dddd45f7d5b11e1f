// The dialog that is open: one at a time.

import { html, useRef, useState } from "../html.js";
import { t } from "../language.js";
import { hasDraft, messagesAsText } from "../requests.js";
import { shownPath } from "../store.js";
import { withFollowing } from "../tree.js";
import { CameraDialog } from "./camera.js";
import { ImageDialog } from "./image.js";
import { ImportDialog } from "./import.js";
import { KeyDialog } from "./key.js";
import { CopyButton, Dialog } from "./parts.js";
import { Shortcuts } from "./shortcuts.js";

export function Dialogs({ page, state }) {
  const { dialog } = state;
  const close = () => page.show(null);
  switch (dialog?.kind) {
    case "key": return html`<${KeyDialog} key=${`key${dialog.wrong}`} page=${page} wrong=${dialog.wrong} />`;
    case "image": return html`<${ImageDialog} key="image" page=${page} image=${dialog.image} onClose=${close} />`;
    case "camera": return html`<${CameraDialog} page=${page} target=${dialog.target} onClose=${close} />`;
    case "import": return html`<${ImportDialog} key="import" dialog=${dialog} onClose=${close} />`;
    case "shortcuts": return html`<${Shortcuts} onClose=${close} />`;
    case "rename": return html`<${RenameDialog} page=${page} dialog=${dialog} onClose=${close} />`;
    case "delete-message": return html`<${DeleteMessage} page=${page} state=${state} id=${dialog.id} onClose=${close} />`;
    case "delete-all": return html`<${DeleteAll} page=${page} count=${state.conversations.length} onClose=${close} />`;
    case "as-text": return html`<${AsText} page=${page} state=${state} onClose=${close} />`;
    case "version": return html`<${Reload} text=${t("app.new-version")} onClose=${close} />`;
    default: return null;
  }
}

function RenameDialog({ page, dialog, onClose }) {
  const [title, setTitle] = useState(dialog.title);
  const save = event => {
    event.preventDefault();
    page.conversations.rename(dialog.id, title);
    onClose();
  };
  return html`
    <${Dialog} title=${t("rename.title")} onClose=${onClose} kind="rename">
      <form onSubmit=${save}>
        <label class="field"><span>${t("rename.label")}</span><input type="text" value=${title} maxlength="200" dir="auto" autofocus onInput=${event => setTitle(event.currentTarget.value)} /></label>
        <${Bar} onClose=${onClose} submit=${t("common.save")} disabled=${title.trim() === ""} />
      </form>
    <//>`;
}

function DeleteMessage({ page, state, id, onClose }) {
  const count = withFollowing(state.open.messages, id).length;
  const remove = event => {
    event.preventDefault();
    onClose();
    page.conversations.removeMessage(id);
    requestAnimationFrame(() => document.getElementById("composer")?.focus({ preventScroll: true }));
  };
  return html`
    <${Dialog} title=${t("delete-message.title")} onClose=${onClose} kind="delete-message">
      <form onSubmit=${remove}>
        <p>${t("delete-message.text", { count })}</p>
        <${Bar} onClose=${onClose} submit=${t("common.delete")} dangerous />
      </form>
    <//>`;
}

function DeleteAll({ page, count, onClose }) {
  const [typed, setTyped] = useState("");
  const word = t("delete-all.word");
  const remove = event => {
    event.preventDefault();
    onClose();
    page.conversations.removeAll();
  };
  return html`
    <${Dialog} title=${t("delete-all.title")} onClose=${onClose} kind="delete-all">
      <form onSubmit=${remove}>
        <p>${t("delete-all.text", { count })}</p>
        <label class="field"><span>${t("delete-all.label", { word })}</span><input type="text" value=${typed} autocomplete="off" autocapitalize="off" autofocus onInput=${event => setTyped(event.currentTarget.value)} /></label>
        <${Bar} onClose=${onClose} submit=${t("sidebar.delete-all")} dangerous disabled=${typed.trim().toLowerCase() !== word.toLowerCase()} />
      </form>
    <//>`;
}

export function Bar({ onClose, submit, disabled, dangerous }) {
  return html`
    <div class="dialog-bar">
      <button type="button" class="button" onClick=${onClose}>${t("common.cancel")}</button>
      <button type="submit" class=${`button ${dangerous ? "danger" : "primary"}`} disabled=${disabled} data-action="confirm">${submit}</button>
    </div>`;
}

/** What the next request would hold: the shown messages, and what stands in the message box. */
function AsText({ page, state, onClose }) {
  const { draft } = state;
  const path = [...shownPath(state), ...hasDraft(state) ? [{ role: "user", text: draft.text.trim(), images: draft.images }] : []];
  const known = useRef(null);
  const [found, setFound] = useState({});
  if (known.current === null) {
    known.current = Promise.all(path.flatMap(message => message.images ?? []).map(async image => [image.digest, image.bytes ? image : await page.library.image(image.digest)]))
      .then(entries => setFound(Object.fromEntries(entries.filter(([, image]) => image))));
  }

  const conversation = state.open.conversation ?? { system: (state.defaults.draft ?? state.defaults).system };
  const text = messagesAsText(conversation, path, found);
  return html`
    <${Dialog} title=${t("as-text.title")} onClose=${onClose} kind="as-text" class="wide">
      <pre class="as-text" tabindex="0" translate=${false}>${text}</pre>
      <div class="dialog-bar"><${CopyButton} page=${page} text=${() => text} /></div>
    <//>`;
}

function Reload({ text, onClose }) {
  return html`
    <${Dialog} title=${t("app.name")} onClose=${onClose} kind="reload">
      <p>${text}</p>
      <div class="dialog-bar"><button type="button" class="button primary" onClick=${() => location.reload()}>${t("app.reload")}</button></div>
    <//>`;
}
