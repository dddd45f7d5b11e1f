// The top of the conversation: sidebar, model, settings.

import { chosenModel } from "../can.js";
import { html } from "../html.js";
import { number, t } from "../language.js";
import { sees } from "../requests.js";
import { ModelMenu } from "./models.js";
import { Icon, IconButton } from "./parts.js";

export function Header({ page, state }) {
  const { panels, open, config } = state;
  const model = chosenModel(state);
  const facts = model ? [t(sees(model) ? "header.vision" : "header.text-only"), model.context ? t("header.context", { tokens: number(model.context) }) : null].filter(Boolean) : [];
  const isTemporary = open.conversation ? open.conversation.temporary : panels.temporary;
  return html`
    <header class="head">
      <h1 class="visually-hidden" translate="no">${open.conversation?.title ?? config.title}</h1>
      <${IconButton} icon="menu" label=${t(panels.sidebar ? "sidebar.close" : "sidebar.open")} aria-expanded=${panels.sidebar ? "true" : "false"} data-action="sidebar"
        onClick=${() => page.setPanel({ sidebar: !panels.sidebar })} />
      <${ModelMenu} page=${page} state=${state} />
      <p class="facts">${facts.map(fact => html`<span key=${fact}>${fact}</span>`)}</p>
      <span class="space"></span>
      ${isTemporary && html`<span class="badge" data-kind="temporary"><${Icon} name="ghost" /> ${t("sidebar.temporary")}</span>`}
      <${IconButton} icon="gear" label=${t("header.settings")} aria-expanded=${panels.settings ? "true" : "false"} data-action="settings" onClick=${() => page.setPanel({ settings: !panels.settings })} />
    </header>`;
}
