// Settings of the chat and of the page.

import { html, useId, useState } from "../html.js";
import { bytes, number, t } from "../language.js";
import { chosenModel, defaultText, efforts, isValid, parameters, thinks } from "../requests.js";
import { IconButton } from "./parts.js";

/** System prompt and parameters of the open conversation, or of the next one. */
export const chatSettings = ({ open, defaults }) => open.conversation ?? defaults.draft ?? defaults;

export function Settings({ page, state }) {
  const { settings, storage, config, server } = state;
  const chat = chatSettings(state);
  const change = value => page.conversations.change(value);
  const setParam = (name, value) => {
    const { [name]: old, ...rest } = chat.params ?? {};
    change({ params: value === undefined ? rest : { ...rest, [name]: value } });
  };
  const keep = async () => {
    await page.saveDefaults({ system: chat.system ?? "", params: chat.params ?? {} });
    page.notify({ key: "defaults", text: "settings.as-default.done" });
  };
  const isChanged = Object.keys(chat.params ?? {}).length > 0 || !!chat.system;
  return html`
    <div class="settings">
      <section>
        <h3>${t("settings.chat")}</h3>
        <${SystemPrompt} key=${state.open.conversation?.id} value=${chat.system ?? ""} onChange=${system => change({ system })} />
        ${parameters.map(parameter => html`
          <${Parameter} key=${parameter.name} parameter=${parameter} value=${chat.params?.[parameter.name]} defaults=${state.models.sampling} onChange=${value => setParam(parameter.name, value)} />`)}
        ${thinks(chosenModel(state)) && html`<${Effort} value=${chat.params?.reasoning_effort} onChange=${value => setParam("reasoning_effort", value)} />`}
        <${StopStrings} value=${chat.params?.stop} onChange=${value => setParam("stop", value)} />
        <div class="settings-bar">
          <button type="button" class="button" disabled=${!isChanged} onClick=${() => change({ params: {}, system: "" })} data-action="reset-all">${t("settings.reset-all")}</button>
          <button type="button" class="button" onClick=${keep} data-action="as-default">${t("settings.as-default")}</button>
          <button type="button" class="button" onClick=${() => page.show({ kind: "as-text" })} data-action="as-text">${t("settings.as-text")}</button>
        </div>
      </section>
      <section>
        <h3>${t("settings.page")}</h3>
        <${Theme} value=${settings.theme} onChange=${theme => page.settings.set({ theme })} />
        <${Switch} name="sendOriginals" label=${t("settings.originals")} note=${t("settings.originals.note")} value=${settings.sendOriginals} onChange=${value => page.settings.set({ sendOriginals: value })} />
        <${Switch} name="ctrlEnter" label=${t("settings.ctrl-enter")} note=${t("settings.ctrl-enter.note")} value=${settings.ctrlEnter} onChange=${value => page.settings.set({ ctrlEnter: value })} />
        <${Switch} name="autoRetry" label=${t("settings.auto-retry")} note=${t("settings.auto-retry.note")} value=${settings.autoRetry} onChange=${value => page.settings.set({ autoRetry: value })} />
        <${Switch} name="history" label=${t("settings.history")} note=${t(config.history === false ? "settings.history.fixed" : "settings.history.note")} value=${settings.history && config.history !== false}
          disabled=${config.history === false} onChange=${value => page.settings.set({ history: value })} />
        ${page.keys.get() !== null && html`<div class="settings-bar"><button type="button" class="button" onClick=${page.keys.forget}>${t("key.forget")}</button></div>`}
        ${storage.quota > 0 && html`<p class="hint">${t("settings.storage", { used: bytes(storage.usage), quota: bytes(storage.quota) })}</p>`}
        ${server.version && html`<p class="hint">${t("settings.version", { version: server.version })}</p>`}
      </section>
    </div>`;
}

function SystemPrompt({ value, onChange }) {
  const id = useId();
  return html`
    <div class="field">
      <label for=${id}>${t("settings.system")}</label>
      <textarea id=${id} rows="3" dir="auto" value=${value} data-param="system" onInput=${event => onChange(event.currentTarget.value)} aria-describedby=${`${id}-note`}></textarea>
      <p class="hint" id=${`${id}-note`}>${t("settings.system.note")}</p>
    </div>`;
}

/** Some keyboards have a comma for the decimal point. */
const numberOf = text => text.trim() === "" ? NaN : Number(text.trim().replace(",", "."));

function Parameter({ parameter, value, defaults, onChange }) {
  const id = useId();
  const [text, setText] = useState(null);
  const { name, from, to, step } = parameter;
  const shown = text ?? (value === undefined ? "" : String(value));
  const isWrong = shown !== "" && !isValid(parameter, numberOf(shown));
  const range = to >= 1_000_000 ? t("settings.from", { from }) : t("settings.range", { from: number(from, 2), to: number(to, 2) });
  const label = t(`param.${name}`);
  const input = event => {
    const { value: next } = event.currentTarget;
    setText(next);
    onChange(next !== "" && isValid(parameter, numberOf(next)) ? numberOf(next) : undefined);
  };
  return html`
    <div class="field parameter" data-set=${value !== undefined}>
      <label for=${id}>${label}</label>
      <div class="parameter-line">
        <input id=${id} type="text" inputmode="decimal" autocomplete="off" value=${shown} placeholder=${typeof defaults?.[name] === "number" ? defaultText(parameter, defaults) : t("settings.default.auto")} data-param=${name}
          aria-invalid=${isWrong ? "true" : "false"} aria-describedby=${`${id}-note`} onInput=${input} onBlur=${() => !isWrong && setText(null)} />
        <${IconButton} icon="again" label=${t("settings.reset", { name: label })} disabled=${shown === ""} data-reset=${name} onClick=${() => { setText(null); onChange(undefined); }} />
      </div>
      <p class="hint" id=${`${id}-note`}>${t(`param.${name}.note`)} <span class="range">${isWrong ? t("settings.invalid", { range }) : `${range} · ${t("settings.default", { value: defaultText(parameter, defaults) })}`}</span></p>
    </div>`;
}

function Effort({ value, onChange }) {
  const id = useId();
  return html`
    <div class="field" data-set=${value !== undefined}>
      <label for=${id}>${t("param.reasoning_effort")}</label>
      <select id=${id} data-param="reasoning_effort" aria-describedby=${`${id}-note`} onChange=${event => onChange(event.currentTarget.value || undefined)}>
        ${["", ...efforts].map(effort => html`<option key=${effort} value=${effort} selected=${effort === (value ?? "")}>${t(`effort.${effort || "auto"}`)}</option>`)}
      </select>
      <p class="hint" id=${`${id}-note`}>${t("param.reasoning_effort.note")}</p>
    </div>`;
}

function StopStrings({ value, onChange }) {
  const id = useId();
  const input = event => {
    const lines = event.currentTarget.value.split("\n");
    onChange(lines.every(line => line === "") ? undefined : lines);
  };
  return html`
    <div class="field" data-set=${value !== undefined}>
      <label for=${id}>${t("param.stop")}</label>
      <textarea id=${id} rows="2" value=${(value ?? []).join("\n")} placeholder=${t("settings.default.none")} data-param="stop" onInput=${input} aria-describedby=${`${id}-note`}></textarea>
      <p class="hint" id=${`${id}-note`}>${t("param.stop.note")}</p>
    </div>`;
}

function Theme({ value, onChange }) {
  return html`
    <fieldset class="field theme">
      <legend>${t("settings.theme")}</legend>
      <div class="choices">
        ${["system", "light", "dark"].map(name => html`
          <label key=${name}><input type="radio" name="theme" value=${name} checked=${value === name} onChange=${() => onChange(name)} /><span>${t(`settings.theme.${name}`)}</span></label>`)}
      </div>
    </fieldset>`;
}

function Switch({ name, label, note, value, disabled, onChange }) {
  const id = useId();
  return html`
    <div class="field switch">
      <input id=${id} type="checkbox" role="switch" checked=${value} disabled=${disabled} data-setting=${name} aria-describedby=${`${id}-note`} onChange=${event => onChange(event.currentTarget.checked)} />
      <div><label for=${id}>${label}</label><p class="hint" id=${`${id}-note`}>${note}</p></div>
    </div>`;
}
