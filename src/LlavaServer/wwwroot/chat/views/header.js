// The top of the conversation: sidebar, model menu, settings.

import { html, useEffect, useId, useRef, useState } from "../html.js";
import { bytes, number, t } from "../language.js";
import { chosenModel, chosenName, sees } from "../requests.js";
import { Icon, IconButton } from "./parts.js";

export function Header({ page, state }) {
  const { panels, open, config } = state;
  const model = chosenModel(state);
  const facts = model ? [t(sees(model) ? "header.vision" : "header.text-only"), model.context ? t("header.context", { tokens: number(model.context) }) : null].filter(Boolean) : [];
  const isTemporary = open.conversation ? open.conversation.temporary : panels.temporary;
  return html`
    <header class="head">
      <h1 class="visually-hidden" translate=${false}>${open.conversation?.title ?? config.title}</h1>
      <${IconButton} icon="menu" label=${t(panels.sidebar ? "sidebar.close" : "sidebar.open")} aria-expanded=${panels.sidebar ? "true" : "false"} data-action="sidebar"
        onClick=${() => page.setPanel({ sidebar: !panels.sidebar })} />
      <${ModelMenu} page=${page} state=${state} />
      <p class="facts">${facts.map(fact => html`<span key=${fact}>${fact}</span>`)}</p>
      <span class="space"></span>
      ${isTemporary && html`<span class="badge" data-kind="temporary"><${Icon} name="ghost" /> ${t("sidebar.temporary")}</span>`}
      <${IconButton} icon="gear" label=${t("header.settings")} aria-expanded=${panels.settings ? "true" : "false"} data-action="settings" onClick=${() => page.setPanel({ settings: !panels.settings })} />
    </header>`;
}

/** A button, and a list of models that can be searched by keyboard. */
function ModelMenu({ page, state }) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef();
  const name = chosenName(state);
  page.openModels = () => setOpen(true);
  const close = () => {
    setOpen(false);
    button.current.focus();
  };
  return html`
    <div class="model-menu">
      <button type="button" ref=${button} class="model-button" aria-haspopup="dialog" aria-expanded=${isOpen ? "true" : "false"} data-action="models"
          aria-label=${name ? t("header.model", { model: name }) : t("header.no-model")} onClick=${() => setOpen(!isOpen)}>
        <span class="model-name" translate=${false}>${name || t("header.no-model")}</span><${Icon} name="down" />
      </button>
      ${isOpen && html`<${ModelList} page=${page} state=${state} onClose=${close} onLeave=${() => setOpen(false)} />`}
    </div>`;
}

function ModelList({ page, state, onClose, onLeave }) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const box = useRef();
  const input = useRef();
  const id = useId();
  const { list, state: reading } = state.models;
  const shown = list.filter(model => model.name.toLowerCase().includes(query.trim().toLowerCase()));
  const chosen = chosenModel(state);

  useEffect(() => {
    input.current.focus();
    page.models.refreshRunning();
    setActive(Math.max(0, list.indexOf(chosen)));
    const leave = event => !box.current?.parentElement.contains(event.target) && onLeave();
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, []);
  useEffect(() => box.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [active]);

  const choose = model => {
    page.models.choose(model.name);
    onClose();
  };
  const onKeyDown = event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setActive((active + step + shown.length) % Math.max(1, shown.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (shown[active]) {
        choose(shown[active]);
      }
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      onClose();
    } else if (event.key === "Tab") {
      onLeave();
    }
  };

  const note = list.length > 0 ? (shown.length === 0 ? t("models.no-match") : null)
    : t(reading === "loading" ? "models.loading" : reading === "failed" ? "models.failed" : "models.none");
  return html`
    <div class="popup models" ref=${box} role="dialog" aria-label=${t("models.title")}>
      <input ref=${input} type="text" role="combobox" aria-expanded="true" aria-controls=${id} aria-autocomplete="list" autocomplete="off" spellcheck="false"
        aria-activedescendant=${shown[active] ? `${id}-${active}` : undefined} aria-label=${t("models.search")} placeholder=${t("models.search")}
        value=${query} onKeyDown=${onKeyDown} onInput=${event => { setQuery(event.currentTarget.value); setActive(0); }} />
      <div id=${id} class="model-list" role="listbox" aria-label=${t("models.title")}>
        ${shown.map((model, index) => html`
          <div key=${model.name} id=${`${id}-${index}`} class="model" role="option" aria-selected=${index === active ? "true" : "false"} data-chosen=${model === chosen} data-model=${model.name}
              onClick=${() => choose(model)} onPointerMove=${() => index !== active && setActive(index)}>
            <span class="model-line"><span class="model-name" translate=${false}>${model.name}</span>${model === chosen && html`<${Icon} name="check" />`}</span>
            <span class="badges">
              <span class="badge" data-kind=${sees(model) ? "vision" : "text"}>${t(sees(model) ? "models.vision" : "models.text-only")}</span>
              ${model.isLoaded && html`<span class="badge" data-kind="loaded">${t("models.loaded")}</span>`}
              <span translate=${false}>${[model.parameters, model.quantization, model.size ? bytes(model.size) : ""].filter(Boolean).join(" · ")}</span>
              ${model.context && html`<span>${t("models.context", { tokens: number(model.context) })}</span>`}
            </span>
          </div>`)}
      </div>
      ${note && html`<p class="popup-note">${note}</p>`}
      ${reading === "failed" && html`<button type="button" class="button" onClick=${page.models.refresh}>${t("models.retry")}</button>`}
    </div>`;
}
