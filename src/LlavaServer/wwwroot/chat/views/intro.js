// The first visit: what this is, where data stays, and two examples to try.

import { html } from "../html.js";
import { t } from "../language.js";
import { useMedia } from "./parts.js";

const examples = ["shapes", "word"];

export function Intro({ page, state }) {
  const { config, panels, settings } = state;
  const isTouch = useMedia("(pointer: coarse)");
  const choose = async name => {
    const response = await fetch(new URL(`examples/${name}.png`, page.base)).catch(() => null);
    if (!response?.ok) {
      page.notify({ key: "attach", text: "error.network", isError: true });
      page.server.check();
      return;
    }

    const file = new File([await response.blob()], `${name}.png`, { type: "image/png" });
    await page.drafts.attach([file], "draft");
    page.drafts.setText(t(`example.${name}.prompt`));
    document.getElementById("composer").focus({ preventScroll: true });
  };
  return html`
    <section class="intro">
      <h2>${t("intro.title")}</h2>
      ${config.notice && html`<p class="notice-text" translate=${false}>${config.notice}</p>`}
      <p>${t(isTouch ? "intro.what.touch" : "intro.what")}</p>
      <p class="quiet">${t(panels.temporary ? "sidebar.temporary.note" : !settings.history || config.history === false ? "sidebar.history-off" : "intro.data")}</p>
      ${config.examples && html`
        <h3 class="visually-hidden">${t("intro.examples")}</h3>
        <ul class="examples">
          ${examples.map(name => html`
            <li key=${name}>
              <button type="button" class="example" data-example=${name} onClick=${() => choose(name)}>
                <img src=${`examples/${name}.png`} alt=${t(`example.${name}.alt`)} width="400" height="272" />
                <span>${t(`example.${name}.prompt`)}</span>
              </button>
            </li>`)}
        </ul>`}
      ${config.camera && !isSecureContext && html`<p class="quiet">${t("camera.insecure")}</p>`}
    </section>`;
}
