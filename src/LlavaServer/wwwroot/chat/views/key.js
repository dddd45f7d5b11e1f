// Asks for the API key after the server has refused.

import { html, useState } from "../html.js";
import { t } from "../language.js";
import { Bar } from "./dialogs.js";
import { Dialog } from "./parts.js";

export function KeyDialog({ page, wrong }) {
  const [key, setKey] = useState("");
  const [remember, setRemember] = useState(page.keys.isRemembered());
  const submit = event => {
    event.preventDefault();
    page.keys.submit(key.trim(), remember);
  };
  return html`
    <${Dialog} title=${t("key.title")} onClose=${page.keys.cancel} kind="key">
      <form onSubmit=${submit}>
        <p role=${wrong ? "alert" : undefined}>${t(wrong ? "key.wrong" : "key.text")}</p>
        <label class="field"><span>${t("key.label")}</span>
          <input type="password" name="key" value=${key} autocomplete="off" spellcheck="false" autofocus onInput=${event => setKey(event.currentTarget.value)} /></label>
        <label class="check"><input type="checkbox" checked=${remember} onChange=${event => setRemember(event.currentTarget.checked)} /> <span>${t("key.remember")}</span></label>
        <${Bar} onClose=${page.keys.cancel} submit=${t("key.submit")} disabled=${key.trim() === ""} />
      </form>
    <//>`;
}
