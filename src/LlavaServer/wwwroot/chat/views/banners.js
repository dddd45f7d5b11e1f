// What concerns the whole page: the server's state, the history's state, short notices.

import { html } from "../html.js";
import { t } from "../language.js";
import { Icon, IconButton, useCountdown } from "./parts.js";

export function Banners({ page, state }) {
  const { server, storage } = state;
  return html`
    <div class="banners">
      ${server.state !== "ok" && html`<${ServerBanner} page=${page} server=${server} />`}
      ${storage.full && html`
        <div class="banner warning" role="alert" data-banner="full"><${Icon} name="warning" /><p>${t("banner.history-full")}</p>
          <button type="button" class="button" onClick=${page.conversations.exportAll}>${t("sidebar.export")}</button></div>`}
      ${!storage.persistent && !storage.dismissed && state.settings.history && state.config.history !== false && html`
        <div class="banner" role="status" data-banner="memory"><p>${t("banner.history-memory")}</p>
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
