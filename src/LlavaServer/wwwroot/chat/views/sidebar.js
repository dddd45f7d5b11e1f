// The list of conversations: new, search, groups by age, and what can be done with each.

import { html, memo, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { month, t } from "../language.js";
import { Icon, IconButton } from "./parts.js";

export const Sidebar = memo(function Sidebar({ page, conversations, search, shown, running, settings, config, isNarrow }) {
  const file = useRef();
  const leave = () => isNarrow && page.setPanel({ sidebar: false });
  const open = (event, id, message = null) => {
    page.conversations.open(id, message);
    leave();
    // Whoever points goes on to write; whoever uses the keyboard stays in the list.
    if (event.detail > 0 && !isNarrow) {
      document.getElementById("composer")?.focus({ preventScroll: true });
    }
  };
  const openNew = temporary => {
    page.conversations.openNew({ temporary });
    leave();
    document.getElementById("composer")?.focus({ preventScroll: true });
  };
  const isOff = !settings.history || config.history === false;
  return html`
    <nav class="sidebar" aria-label=${t("sidebar.label")}>
      <div class="sidebar-top">
        <button type="button" class="button new" data-action="new" onClick=${() => openNew(false)}><${Icon} name="plus" /> ${t("sidebar.new")}</button>
        <${IconButton} icon="ghost" label=${t("sidebar.temporary")} data-action="temporary" onClick=${() => openNew(true)} />
        ${isNarrow && html`<${IconButton} icon="close" label=${t("sidebar.close")} onClick=${leave} />`}
      </div>
      <${SearchBox} page=${page} query=${search.query} />
      <div class="conversations">
        ${isOff && html`<p class="quiet">${t("sidebar.history-off")}</p>`}
        ${search.results ? html`<${Results} results=${search.results} query=${search.query} open=${open} />`
          : html`<${Groups} page=${page} conversations=${conversations} shown=${shown} running=${running} open=${open} />`}
      </div>
      <div class="sidebar-foot">
        <input type="file" class="visually-hidden" ref=${file} accept=".json,application/json" tabindex="-1" aria-hidden="true" data-input="import"
          onChange=${event => { page.conversations.importFile(event.currentTarget.files[0]); event.currentTarget.value = ""; }} />
        <button type="button" class="button plain" data-action="export-all" disabled=${conversations.length === 0} onClick=${page.conversations.exportAll}><${Icon} name="export" /> ${t("sidebar.export")}</button>
        <button type="button" class="button plain" data-action="import" onClick=${() => file.current.click()}><${Icon} name="import" /> ${t("sidebar.import")}</button>
        <button type="button" class="button plain" data-action="delete-all" disabled=${conversations.length === 0} onClick=${() => page.show({ kind: "delete-all" })}><${Icon} name="trash" /> ${t("sidebar.delete-all")}</button>
        <button type="button" class="button plain" data-action="shortcuts" onClick=${() => page.show({ kind: "shortcuts" })}><${Icon} name="keyboard" /> ${t("sidebar.shortcuts")}</button>
      </div>
    </nav>`;
});

function SearchBox({ page, query }) {
  return html`
    <div class="search">
      <${Icon} name="search" />
      <input id="search" type="search" aria-label=${t("sidebar.search")} placeholder=${t("sidebar.search.placeholder")} value=${query} autocomplete="off"
        onInput=${event => page.conversations.search(event.currentTarget.value)} />
    </div>`;
}

function Results({ results, query, open }) {
  return html`
    <p class="found" role="status">${results.length > 0 ? t("sidebar.search.found", { count: results.length }) : t("sidebar.search.none", { query })}</p>
    <ul>
      ${results.slice(0, 100).map(({ conversation, message, snippet }) => html`
        <li key=${conversation.id + (message?.id ?? "")}>
          <button type="button" class="conversation result" onClick=${event => open(event, conversation.id, message?.id)}>
            <span class="conversation-title" dir="auto" translate=${false}><${Marked} text=${conversation.title} query=${query} /></span>
            ${snippet && snippet !== conversation.title && html`<span class="snippet" dir="auto" translate=${false}><${Marked} text=${snippet} query=${query} /></span>`}
          </button>
        </li>`)}
    </ul>`;
}

/** A text with what was searched for marked in it. */
function Marked({ text, query }) {
  const wanted = query.trim().toLowerCase();
  const at = text.toLowerCase().indexOf(wanted);
  return at < 0 ? text : html`${text.slice(0, at)}<mark>${text.slice(at, at + wanted.length)}</mark>${text.slice(at + wanted.length)}`;
}

function Groups({ page, conversations, shown, running, open }) {
  if (conversations.length === 0) {
    return html`<p class="quiet">${t("sidebar.empty")}</p>`;
  }

  return groupByAge(conversations, Date.now()).map(group => html`
    <section key=${group.name} class="group">
      <h2>${group.key === "month" ? month(group.at) : t(`group.${group.key}`)}</h2>
      <ul>
        ${group.conversations.map(conversation => html`
          <${Item} key=${conversation.id} page=${page} conversation=${conversation} isShown=${conversation.id === shown} isRunning=${running.includes(conversation.id)} open=${open} />`)}
      </ul>
    </section>`);
}

const Item = memo(function Item({ page, conversation, isShown, isRunning, open }) {
  const [hasMenu, setMenu] = useState(false);
  const more = useRef();
  const item = useRef();
  const close = () => {
    setMenu(false);
    more.current?.focus();
  };
  const remove = () => {
    setMenu(false);
    const buttons = [...document.querySelectorAll(".sidebar .conversation")];
    const place = buttons.indexOf(item.current.querySelector(".conversation"));
    (buttons[place + 1] ?? buttons[place - 1] ?? document.querySelector("[data-action=new]"))?.focus();
    page.conversations.remove(conversation.id);
  };
  const { id, title } = conversation;
  return html`
    <li class="item" ref=${item} data-conversation=${id}>
      <button type="button" class="conversation" aria-current=${isShown ? "page" : undefined} onClick=${event => open(event, id)}>
        ${conversation.temporary && html`<${Icon} name="ghost" />`}
        <span class="conversation-title" dir="auto" translate=${false}>${title || t("conversation.untitled")}</span>
        ${isRunning && html`<span class="running"><span class="visually-hidden">${t("sidebar.running")}</span></span>`}
      </button>
      <button type="button" class="icon-button more" ref=${more} aria-label=${t("sidebar.more", { title })} title=${t("sidebar.more", { title })} aria-haspopup="menu" aria-expanded=${hasMenu ? "true" : "false"} onClick=${() => setMenu(!hasMenu)}>
        <${Icon} name="more" />
      </button>
      ${hasMenu && html`<${Menu} anchor=${more} onClose=${close} onLeave=${() => setMenu(false)} entries=${[
        ["edit", "conversation.rename", () => { close(); page.show({ kind: "rename", id, title }); }],
        ["export", "conversation.export", () => { close(); page.conversations.exportOne(id); }],
        ["text", "conversation.markdown", () => { close(); page.conversations.exportText(id, title); }],
        ["trash", "conversation.delete", remove],
      ]} />`}
    </li>`;
});

/** A menu in the top layer, beside its button. */
function Menu({ anchor, entries, onClose, onLeave }) {
  const menu = useRef();
  useLayoutEffect(() => {
    const { current } = menu;
    current.showPopover();
    const place = anchor.current.getBoundingClientRect();
    const { style } = current;
    style.left = `${Math.max(8, Math.min(place.right, innerWidth - 8) - current.offsetWidth)}px`;
    style.top = `${place.bottom + current.offsetHeight + 8 > innerHeight ? place.top - current.offsetHeight - 4 : place.bottom + 4}px`;
    current.querySelector("button").focus();
  }, []);
  useEffect(() => {
    const leave = event => event.newState === "closed" && onLeave();
    menu.current.addEventListener("toggle", leave);
    return () => menu.current?.removeEventListener("toggle", leave);
  }, []);
  const onKeyDown = event => {
    const buttons = [...menu.current.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      buttons.at(next % buttons.length).focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      onClose();
    }
  };
  return html`
    <div class="popup menu" popover="auto" role="menu" ref=${menu} onKeyDown=${onKeyDown}>
      ${entries.map(([icon, key, act]) => html`<button key=${key} type="button" role="menuitem" tabindex="-1" data-entry=${key} onClick=${act}><${Icon} name=${icon} /> ${t(key)}</button>`)}
    </div>`;
}

const day = 86_400_000;

/** Conversations, newest first, as [{key, at, conversations}]; key is "today", "yesterday", "week" or "month" (the month of `at`). */
export function groupByAge(conversations, now) {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const groups = [];
  for (const conversation of conversations) {
    const at = conversation.updatedAt;
    const key = at >= midnight ? "today" : at >= midnight - day ? "yesterday" : at >= midnight - 6 * day ? "week" : "month";
    const name = key === "month" ? monthOf(at) : key;
    if (groups.at(-1)?.name !== name) {
      groups.push({ name, key, at, conversations: [] });
    }

    groups.at(-1).conversations.push(conversation);
  }

  return groups;
}

function monthOf(time) {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth()}`;
}
