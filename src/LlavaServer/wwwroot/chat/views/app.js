// The whole page: layout, keys, files that are dropped or pasted.

import { html, lazy, useEffect, useErrorBoundary, useLayoutEffect, useRef, useState } from "../html.js";
import { t } from "../language.js";
import { stateOf } from "../store.js";
import { takeFiles, takeKeys } from "../input.js";
import { Composer } from "./composer.js";
import { Header } from "./header.js";
import { Messages } from "./messages.js";
import { IconButton, Icon, narrow, useMedia } from "./parts.js";
import { Sidebar } from "./sidebar.js";
import { Banners, Notices, Status } from "./status.js";

const Dialogs = lazy(() => import("./dialogs.js"), "Dialogs");
const Settings = lazy(() => import("./settings.js"), "Settings");

export function App({ page }) {
  const [state, setState] = useState(page.store.state);
  const [isDropping, setDropping] = useState(false);
  const [failure] = useErrorBoundary(error => reportError(error));
  const isNarrow = useMedia(narrow);
  useLayoutEffect(() => page.store.subscribe(setState), []);
  useEffect(() => takeFiles(page, setDropping), []);
  useEffect(() => takeKeys(page), []);
  useLayoutEffect(() => {
    const root = document.getElementById("page");
    root.dataset.state = stateOf(state);
    document.title = state.open.conversation?.title ? `${state.open.conversation.title} · ${state.config.title}` : state.config.title;
  });
  if (failure) {
    return html`<div class="broken" role="alert"><p>${t("app.stopped-working")}</p><button type="button" class="button" onClick=${() => location.reload()}>${t("app.reload")}</button></div>`;
  }

  const { panels } = state;
  const skip = event => {
    event.preventDefault();
    document.getElementById("composer").focus();
  };
  return html`
    <div class="app" data-sidebar=${panels.sidebar} data-settings=${panels.settings}>
      <a class="skip" href="#composer" onClick=${skip}>${t("app.skip")}</a>
      <${SidePlace} page=${page} state=${state} isNarrow=${isNarrow} />
      <main class="main">
        <${Header} page=${page} state=${state} />
        <${Banners} page=${page} state=${state} />
        <${Messages} key=${`list-${state.open.conversation?.id ?? "new"}`} page=${page} state=${state} />
        <div class="foot-area">
          <div class="column">
            <${Status} state=${state} />
            <${Composer} page=${page} state=${state} />
          </div>
        </div>
      </main>
      <${SettingsPlace} page=${page} state=${state} isNarrow=${isNarrow} />
      <${Notices} page=${page} notices=${state.notices} />
      ${state.dialog && html`<${Dialogs} page=${page} state=${state} />`}
      <${Speech} page=${page} />
      ${isDropping && html`<div class="drop" aria-hidden="true"><div><${Icon} name="image" /><p>${t("drop.title")}</p><p class="quiet">${t("drop.text")}</p></div></div>`}
    </div>`;
}

function SidePlace({ page, state, isNarrow }) {
  if (!state.panels.sidebar) {
    return null;
  }

  const sidebar = html`<${Sidebar} page=${page} conversations=${state.conversations} search=${state.search} shown=${state.open.conversation?.id} isNarrow=${isNarrow}
    running=${page.runningIds()} settings=${state.settings} config=${state.config} />`;
  return isNarrow ? html`<${Drawer} label=${t("sidebar.label")} class="drawer" onClose=${() => page.setPanel({ sidebar: false })}>${sidebar}<//>` : sidebar;
}

function SettingsPlace({ page, state, isNarrow }) {
  if (!state.panels.settings) {
    return null;
  }

  const close = () => page.setPanel({ settings: false });
  const content = html`
    <div class="panel-head"><h2>${t("settings.title")}</h2><${IconButton} icon="close" label=${t("settings.close")} data-action="close-settings" onClick=${close} /></div>
    <${Settings} page=${page} state=${state} />`;
  return isNarrow ? html`<${Drawer} label=${t("settings.title")} class="sheet" onClose=${close}>${content}<//>` : html`<aside class="panel" aria-label=${t("settings.title")}>${content}</aside>`;
}

/** A panel over the page on narrow windows. */
function Drawer({ label, class: style, onClose, children }) {
  const ref = useRef();
  useLayoutEffect(() => {
    const { current } = ref;
    current.showModal();
    return () => current.close();
  }, []);
  return html`
    <dialog class=${style} ref=${ref} aria-label=${label} onCancel=${event => { event.preventDefault(); onClose(); }}
      onMouseDown=${event => event.target === ref.current && onClose()}>${children}</dialog>`;
}

/** The polite region of the announcer. */
function Speech({ page }) {
  const [text, setText] = useState("");
  useEffect(() => page.announcer.listen(setText), []);
  return html`<div class="visually-hidden" role="status" aria-live="polite" data-speech>${text}</div>`;
}
