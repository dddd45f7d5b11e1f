// The parts of the page and how they know each other.

import { answerActions } from "./actions/answers.js";
import { conversationActions } from "./actions/conversations.js";
import { draftActions } from "./actions/drafts.js";
import { keyActions, modelActions, serverActions } from "./actions/server.js";
import { settingsActions, storageActions } from "./actions/settings.js";
import { createAnnouncer, speakPhases } from "./announcer.js";
import { createApi } from "./api.js";
import { has, t } from "./language.js";
import { createLibrary } from "./library.js";
import { refusedImage } from "./requests.js";
import { createStore } from "./store.js";
import { createTabs } from "./tabs.js";

const noticeTime = 6000;

/**
 * @param history from openHistory
 * @param base address of the page
 */
export function createPage(history, base) {
  const store = createStore();
  const page = { store };
  page.library = createLibrary(history, isFull => store.dispatch({ type: "storage", value: isFull ? { full: true } : { persistent: false } }));
  page.keys = keyActions(page);
  page.api = createApi({ base, key: () => page.keys.get() });
  page.tabs = createTabs(value => store.dispatch({ type: "elsewhere", value }));
  page.announcer = createAnnouncer();
  page.announce = (key, values) => page.announcer.say(t(key, values));
  page.address = createAddress();

  page.dismiss = key => store.dispatch({ type: "notice/gone", key });

  /** Says something that is gone after some seconds; errors stay until they are dismissed. */
  page.notify = notice => {
    store.dispatch({ type: "notice", notice: { ...notice, text: has(notice.text) ? notice.text : "error.other" } });
    if (!notice.isError && !notice.lasting) {
      setTimeout(() => page.dismiss(notice.key), noticeTime);
    }
  };

  speakPhases(store, text => page.announcer.say(text));
  page.answers = answerActions(page);
  page.drafts = draftActions(page);
  page.conversations = conversationActions(page);
  page.server = serverActions(page);
  page.models = modelActions(page);
  page.settings = settingsActions(page);
  page.saveDefaults = page.settings.saveDefaults;
  page.storage = storageActions(page);
  page.base = base;
  addEditing(page);
  page.show = dialog => store.dispatch({ type: "dialog", value: dialog });
  page.setPanel = value => {
    store.dispatch({ type: "panels", value });
    if (value.settings) {
      page.models.refreshSampling();
      page.storage.estimate();
    }
  };
  return page;
}

/** Editing a sent message, and what messages need to know of the page. */
function addEditing(page) {
  const { store } = page;
  let running = [];

  page.startEdit = async id => {
    const message = store.state.open.messages[id];
    const images = await Promise.all((message.images ?? []).map(async image => ({ ...image, ...await page.library.image(image.digest), name: image.name, before: null })));
    store.dispatch({ type: "edit", value: { id, text: message.text, images: images.filter(image => image.blob) } });
  };
  page.cancelEdit = () => {
    const { id } = store.state.edit;
    store.dispatch({ type: "edit", value: null });
    requestAnimationFrame(() => document.querySelector(`[data-id="${id}"] [data-action=edit]`)?.focus());
  };
  page.saveEdit = () => {
    page.answers.saveEdit();
    requestAnimationFrame(() => document.getElementById("composer")?.focus({ preventScroll: true }));
  };

  page.refusedImage = message => refusedImage(store.state, message);
  page.liveState = message => store.state.runs[message.conversation]?.state ?? message.state;
  /** Conversations with a running answer; the same list while it is the same. */
  page.runningIds = () => {
    const ids = Object.keys(store.state.runs);
    running = ids.length === running.length && ids.every(id => running.includes(id)) ? running : ids;
    return running;
  };
  page.dismissStorage = () => store.dispatch({ type: "storage", value: { dismissed: true } });
}

/** The open conversation stands in the address, behind #, so that a reload finds it. */
function createAddress() {
  return {
    get: () => /^#c=([\w-]+)$/.exec(location.hash)?.[1] ?? null,
    show(id) {
      const hash = id ? `#c=${id}` : "";
      if (location.hash !== hash) {
        window.history.replaceState(null, "", location.pathname + location.search + hash);
      }
    },
  };
}
