// A failed answer: what failed, what to do, and the request's number.

import { explain } from "../failures.js";
import { html } from "../html.js";
import { t } from "../language.js";
import { sees } from "../requests.js";
import { Icon, useCountdown } from "./parts.js";

export function Failure({ page, message, refused, models, question, can }) {
  const { error } = message;
  const seconds = useCountdown(error.retryAt);
  const { title, lines, offers } = explain(error, { model: message.model, image: refused, seconds });
  const vision = offers.includes("vision") ? models.filter(sees) : [];
  const buttons = {
    retry: () => html`<button type="button" class="button" data-action="retry" disabled=${!can} onClick=${() => page.answers.again(message.id)}>${t("message.retry")}</button>`,
    model: () => html`<button type="button" class="button" onClick=${page.openModels}>${t("error.choose-model")}</button>`,
    edit: () => question && html`<button type="button" class="button" disabled=${!can} onClick=${() => page.startEdit(question)}>${t("error.edit")}</button>`,
    new: () => html`<button type="button" class="button" onClick=${() => page.conversations.openNew()}>${t("error.new-chat")}</button>`,
    vision: () => vision.map(model => html`<button type="button" class="button" key=${model.name} onClick=${async () => { await page.models.choose(model.name); page.answers.again(message.id); }}>${t("composer.blind.use", { model: model.name })}</button>`),
  };
  return html`
    <div class="failure" data-code=${error.code}>
      <div role="alert">
        <p class="failure-title"><${Icon} name="warning" /> <span>${title.replace(/\{seconds\}/, seconds)}</span></p>
        ${lines.map(line => html`<p key=${line}>${line}</p>`)}
      </div>
      <div class="note-actions">${offers.map(offer => html`<span key=${offer}>${buttons[offer]()}</span>`)}</div>
      ${error.requestId && html`<p class="request-id">${t("error.request-id", { id: error.requestId })}</p>`}
    </div>`;
}
