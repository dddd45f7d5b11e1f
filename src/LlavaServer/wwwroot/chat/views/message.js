// One message: an article with its text, pictures, versions and what can be done with it.

import { explain } from "../failures.js";
import { html, memo } from "../html.js";
import { t } from "../language.js";
import { Edit } from "./edit.js";
import { Failure } from "./failure.js";
import { CopyButton, Icon, IconButton, Picture } from "./parts.js";
import { Prose } from "./prose.js";
import { Thoughts } from "./thoughts.js";
import { Usage } from "./usage.js";

/**
 * @param number its place in the shown path, from 1
 * @param version {index, count} among its versions
 * @param can whether something can be asked or changed now
 */
export const Message = memo(function Message({ page, message, number, index, count, can, isLive, isElsewhere, isFound, edit, refused, models, config, settings, isLast }) {
  const { role, text, images = [], model } = message;
  const state = message.state === "streaming" && !isLive ? "interrupted" : message.state;
  const isUser = role === "user";
  const name = isUser ? t("message.you") : model;
  const label = isUser ? t("message.user", { number }) : t("message.assistant", { model, number });
  return html`
    <li>
      <article class=${`message ${isUser ? "user" : "assistant"}${isFound ? " found-message" : ""}`} aria-label=${label} aria-busy=${isLive ? "true" : undefined} data-state=${isLive ? page.liveState(message) : state}
          data-id=${message.id} data-role=${role} tabindex="-1">
        <h2 class="who" translate=${isUser}>${name}</h2>
        ${edit
          ? html`<${Edit} page=${page} edit=${edit} config=${config} settings=${settings} />`
          : html`
            ${images.length > 0 && html`
              <ul class="sent-images" aria-label=${t("image.sent")}>
                ${images.map((image, place) => html`
                  <li key=${image.digest + place} data-refused=${refused === image.digest}>
                    <button type="button" aria-label=${t("image.open", { name: image.name })} onClick=${() => page.show({ kind: "image", image })}>
                      <${Picture} page=${page} image=${image} />
                    </button>
                    ${refused === image.digest && html`<span class="refused">${t("image.refused")}</span>`}
                  </li>`)}
              </ul>`}
            ${isUser ? text !== "" && html`<p class="said" dir="auto" translate=${false}>${text}</p>` : html`<${Answer} page=${page} message=${message} state=${state} isLive=${isLive} isElsewhere=${isElsewhere} />`}
            ${message.error && !isLive && html`<${Failure} page=${page} message=${message} refused=${page.refusedImage(message)} models=${models} question=${message.parent} can=${can} />`}
            <${Foot} page=${page} message=${message} state=${state} index=${index} count=${count} can=${can} isLive=${isLive} isLast=${isLast} />`}
      </article>
    </li>`;
});

function Answer({ page, message, state, isLive, isElsewhere }) {
  if (isLive && message.text === "" && !message.thoughts) {
    return html`<p class="waiting" aria-hidden="true"><span></span><span></span><span></span></p>`;
  }

  return html`
    ${message.thoughts && html`<${Thoughts} page=${page} text=${message.thoughts} time=${message.timings?.thinking_ms} isGrowing=${isLive && message.text === ""} />`}
    ${message.text !== "" && html`<${Prose} page=${page} text=${message.text} isGrowing=${isLive} />`}
    ${!isLive && html`<${Ending} message=${message} state=${state} isElsewhere=${isElsewhere} />`}`;
}

/** How it ended, if not by itself. */
function Ending({ message, state, isElsewhere }) {
  const note = isElsewhere && message.state === "streaming" ? t("message.interrupted.elsewhere")
    : state === "stopped" ? t("message.stopped")
    : state === "interrupted" ? t("message.interrupted")
    : state === "done" && message.finish === "length" ? t("message.length")
    : state === "done" && message.text === "" ? t("message.empty")
    : null;
  return note && html`<p class="ending" data-ending=${state}>${note}</p>`;
}

function Foot({ page, message, state, index, count, can, isLive, isLast }) {
  const isUser = message.role === "user";
  const offersRetry = message.error && explain(message.error, {}).offers.includes("retry");
  const isCut = !isUser && (state === "stopped" || state === "interrupted" || message.finish === "length");
  return html`
    <footer class="foot">
      ${count > 1 && html`
        <span class="versions" role="group" aria-label=${t("message.version", { index: index + 1, count })}>
          <${IconButton} icon="left" label=${t("message.previous-version")} disabled=${!can || index === 0} onClick=${() => page.answers.chooseVersion(message.id, -1)} data-action="previous" />
          <span aria-hidden="true">${index + 1}/${count}</span>
          <${IconButton} icon="right" label=${t("message.next-version")} disabled=${!can || index === count - 1} onClick=${() => page.answers.chooseVersion(message.id, 1)} data-action="next" />
        </span>`}
      ${!isLive && html`
        <span class="actions">
          ${isCut && message.text !== "" && html`<button type="button" class="button" disabled=${!can} onClick=${() => page.answers.continueAnswer(message.id)} data-action="continue"><${Icon} name="forward" /> ${t("message.continue")}</button>`}
          ${isCut && html`<button type="button" class="button" disabled=${!can} onClick=${() => page.answers.again(message.id)} data-action="again"><${Icon} name="again" /> ${t("message.again")}</button>`}
          ${isUser && html`<${IconButton} icon="edit" label=${t("message.edit")} disabled=${!can} onClick=${() => page.startEdit(message.id)} data-action="edit" />`}
          ${message.text !== "" && html`<${CopyButton} page=${page} text=${() => message.text} label=${t("message.copy")} />`}
          ${!isUser && !isCut && !offersRetry && html`<${IconButton} icon="again" label=${t("message.again")} disabled=${!can} onClick=${() => page.answers.again(message.id)} data-action="again" />`}
          ${isUser && isLast && html`<${IconButton} icon="again" label=${t("message.again")} disabled=${!can} onClick=${() => page.answers.answerMessage(message.id)} data-action="again" />`}
          <${IconButton} icon="trash" label=${t("message.delete")} disabled=${!can} onClick=${() => page.show({ kind: "delete-message", id: message.id })} data-action="delete" />
        </span>`}
      ${!isUser && !isLive && html`<${Usage} usage=${message.usage} timings=${message.timings} />`}
    </footer>`;
}
