// How an import goes, and what came of it.

import { html } from "../html.js";
import { has, t } from "../language.js";
import { Dialog } from "./parts.js";

const reasonOf = (code, detail) => has(`import.error.${code}`)
  ? t(`import.error.${code}`, detail && typeof detail === "object" ? detail : { reason: detail ?? "" })
  : typeof detail === "string" ? detail : code;

export function ImportDialog({ dialog, onClose }) {
  const { name, progress, result, failure } = dialog;
  return html`
    <${Dialog} title=${t("import.title")} onClose=${onClose} kind="import">
      ${failure ? html`<p role="alert">${t("import.failed")} <span translate=${false}>${reasonOf(failure.code, failure.detail)}</span></p>`
        : result ? html`<${Report} result=${result} />`
        : html`<p>${t("import.reading", { name })}</p><progress class="bar" max="1" value=${progress || undefined} aria-label=${t("import.reading", { name })}></progress>`}
      <div class="dialog-bar"><button type="button" class="button primary" autofocus onClick=${onClose}>${t("common.close")}</button></div>
    <//>`;
}

const countOf = value => Array.isArray(value) ? value.length : value ?? 0;

function Report({ result }) {
  const lines = ["imported", "present", "renamed"].filter(key => key === "imported" || countOf(result[key]) > 0).map(key => t(`import.${key}`, { count: countOf(result[key]) }));
  const refused = result.refused ?? [];
  return html`
    <div role="status" data-report>
      ${lines.map(line => html`<p key=${line}>${line}</p>`)}
      ${refused.length > 0 && html`
        <p>${t("import.refused", { count: refused.length })}</p>
        <ul class="refusals">${refused.slice(0, 50).map(({ title, reason }, index) => html`<li key=${index} translate=${false}>${t("import.refused.line", { title, reason: reasonOf(reason, reason) })}</li>`)}</ul>`}
      ${countOf(result.unknownMembers) > 0 && html`<p>${t("import.unknown", { count: countOf(result.unknownMembers) })}</p>`}
    </div>`;
}
