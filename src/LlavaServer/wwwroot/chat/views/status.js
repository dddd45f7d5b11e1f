// What the server is doing for this conversation, what concerns the whole page, and short notices.

import { html } from "../html.js";
import { bytes, duration, number, percent, t } from "../language.js";
import { fractionOf, openRun } from "../store.js";
import { Icon, IconButton, useClock, useCountdown } from "./parts.js";

const prefillPatience = 300;

export function Status({ state }) {
  const run = openRun(state);
  const time = useClock(!!run);
  const others = Object.keys(state.runs).length - (run ? 1 : 0);
  const { text, part, busy, aside } = run ? describe(run, Math.max(time, run.since), state) : { text: "", part: null, busy: false, aside: [] };
  return html`
    <section class="status" aria-label=${t("status.label")} data-phase=${run?.state ?? "idle"}>
      <div class="status-line">
        <span class="status-text">${text}</span>
        ${run && html`<span class="status-aside">${aside.map(piece => html`<span key=${piece}>${piece}</span>`)}<span class="elapsed">${duration(Math.floor((Math.max(time, run.startedAt) - run.startedAt) / 1000) * 1000 || 0).replace(/[.,]0/, "")}</span></span>`}
        ${others > 0 && html`<span class="status-aside">${t("status.other", { count: others })}</span>`}
      </div>
      ${busy && (part === null ? html`<progress class="bar" aria-label=${text}></progress>` : html`<progress class="bar" max="1" value=${part} aria-label=${text}></progress>`)}
    </section>`;
}

/** {text, part: 0 to 1 or null, busy: whether a bar is shown, aside: further numbers} */
function describe(run, time, state) {
  const { progress } = run;
  const part = fractionOf(run);
  const shown = (text, share = null, aside = []) => ({ text, part: share, busy: true, aside });
  switch (run.state) {
    case "preparing":
      return shown(run.images > 0 ? t("status.preparing", { count: run.images }) : t("status.preparing.text"));
    case "uploading":
      return shown(t("status.uploading", { size: bytes(run.bytes) }));
    case "queued":
      return progress?.position > 0
        ? shown(t("status.queued", { position: progress.position }), null, progress.estimate_ms ? [t("status.estimate", { time: duration(progress.estimate_ms) })] : [])
        : shown(t("status.waiting"));
    case "loading":
      return shown(t("status.loading", { model: run.message.model, percent: percent(part ?? 0) }), part);
    case "encoding": {
      // A first picture has no share of itself that is known: a bar that stood at 0 would look stuck.
      const values = { image: progress?.image ?? 1, images: progress?.images ?? run.images, percent: percent(part ?? 0) };
      return part > 0 ? shown(t("status.encoding", values), part) : shown(t("status.encoding.first", values));
    }
    case "prefill":
      return time - run.since < prefillPatience ? shown(t("status.waiting")) : shown(t("status.prefill", { percent: percent(part ?? 0) }), part);
    default: {
      const { predicted_n: count, predicted_per_second: rate } = run.timings ?? {};
      const aside = [count ? t("status.decode.tokens", { count }) : null, count > 1 && rate ? t("status.rate", { rate: number(rate, rate < 10 ? 1 : 0) }) : null];
      return { text: t(`status.${run.state}`), part: null, busy: false, aside: aside.filter(Boolean) };
    }
  }
}

export function Banners({ page, state }) {
  const { server, storage } = state;
  return html`
    <div class="banners">
      ${server.state !== "ok" && html`<${ServerBanner} page=${page} server=${server} />`}
      ${storage.full && html`
        <div class="banner warning" role="alert" data-banner="full"><${Icon} name="warning" /><p>${t("banner.history-full")}</p>
          <button type="button" class="button" onClick=${page.conversations.exportAll}>${t("sidebar.export")}</button></div>`}
      ${!storage.persistent && !storage.dismissed && state.settings.history && state.config.history !== false && html`
        <div class="banner" role="status" data-banner="memory"><p>${t(storage.isNewer ? "banner.history-newer" : "banner.history-memory")}</p>
          <${IconButton} icon="close" label=${t("banner.dismiss")} onClick=${() => page.dismissStorage()} /></div>`}
    </div>`;
}

function ServerBanner({ page, server }) {
  const seconds = useCountdown(server.retryAt);
  const text = server.state === "offline" ? (seconds > 0 ? t("banner.offline", { seconds }) : t("banner.trying"))
    : server.state === "starting" || server.state === "draining" ? t(`banner.${server.state}`)
    : t("banner.failed", { reason: server.reason });
  return html`
    <div class="banner warning" data-banner=${server.state}>
      <${Icon} name="warning" />
      <p>${text}</p>
      <button type="button" class="button" data-action="retry-server" onClick=${page.server.check}>${t("banner.retry")}</button>
    </div>`;
}

export function Notices({ page, notices }) {
  return html`
    <div class="notices" role="status">
      ${notices.map(({ key, text, values, isError, action, act }) => html`
        <div key=${key} class="notice" data-notice=${key} data-error=${!!isError}>
          <p>${t(text, values)}</p>
          ${action && html`<button type="button" class="button" data-action="undo" onClick=${act}>${t(action)}</button>`}
          <${IconButton} icon="close" label=${t("banner.dismiss")} onClick=${() => page.dismiss(key)} />
        </div>`)}
    </div>`;
}
