// The page's entry: language and theme, its settings from ui.json, the history, then the first view.

import { createPage } from "./chat/app.js";
import { openHistory } from "./chat/db.js";
import { h, render } from "./chat/html.js";
import { setLanguage, t } from "./chat/language.js";
import { App } from "./chat/views/app.js";

const defaults = {
  title: "LlavaServer", notice: "", defaultModel: "", systemPrompt: "", maxImages: 16, maxImageBytes: 20 * 1024 * 1024, maxImagePixels: 50_000_000,
  maxRequestBytes: 64 * 1024 * 1024, longestSide: 2048, camera: true, history: true, examples: true, version: "",
};

const root = document.getElementById("page");
const parameters = new URLSearchParams(location.search);
document.documentElement.dataset.theme = localStorage.getItem("llava-chat:theme") ?? "system";
document.documentElement.lang = await setLanguage(parameters.get("lang") ?? navigator.language);

const base = new URL("./", location.href).href;
let page = null;

/** There is no page yet: it begins when the other tab lets go of the history. */
function tellBlocked() {
  const line = document.createElement("p");
  line.className = "blocked";
  line.setAttribute("role", "alert");
  line.textContent = t("app.blocked");
  root.replaceChildren(line);
}

const [config, history] = await Promise.all([
  fetch(new URL("ui.json", base)).then(response => response.ok ? response.json() : {}).catch(() => ({})),
  openHistory({
    onVersionChange: () => page ? page.show({ kind: "version" }) : location.reload(),
    onBlocked: tellBlocked,
  }),
]);
page = createPage(history, base);
const { store } = page;
const known = Object.fromEntries(Object.entries(config).filter(([name, value]) => Object.hasOwn(defaults, name) && value !== null));
store.dispatch({ type: "config", value: { ...defaults, ...known } });
store.dispatch({ type: "storage", value: { persistent: history.persistent, isNewer: history.isNewer ?? false } });
await page.settings.load();
document.title = store.state.config.title;

const preselected = parameters.get("model") ?? store.state.defaults.model ?? (store.state.config.defaultModel || null);
store.dispatch({ type: "defaults", value: { model: preselected, system: store.state.defaults.system || store.state.config.systemPrompt } });
store.dispatch({ type: "panels", value: { sidebar: matchMedia("(min-width: 900px)").matches } });
await page.conversations.refresh();
const shown = page.address.get();
if (!shown || !(await page.conversations.open(shown))) {
  await page.conversations.openNew();
}

store.dispatch({ type: "ready" });
root.replaceChildren();
render(h(App, { page }), root);
history.subscribe(change => page.conversations.changed(change));
page.server.check();
page.models.refresh();

// What is not needed at first is fetched when the page is idle: a server that goes away must not take the history with it.
setTimeout(() => {
  const later = ["views/message", "views/dialogs", "views/settings", "images", "transfer", "files"];
  later.forEach(name => import(`./chat/${name}.js`).catch(() => {}));
}, 1500);

addEventListener("pagehide", () => {
  page.answers.abort("leaving");
  page.drafts.save();
});
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && page.drafts.save());
