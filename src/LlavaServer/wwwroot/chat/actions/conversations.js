// Opening, making, naming, deleting and finding conversations, and single messages of them.

import { chosenName } from "../requests.js";
import { createId, now } from "../records.js";
import { openRun } from "../store.js";
import { leafBelow, newestLeaf, pathTo, withFollowing } from "../tree.js";

export const undoTime = 8000;
const transfer = () => import("../transfer.js");

/** @param page the parts of the page, see app.js */
export function conversationActions(page) {
  const { store, library } = page;
  const undos = new Map();

  const refresh = async () => store.dispatch({ type: "conversations", value: await library.list() });

  const byId = messages => Object.fromEntries(messages.map(message => [message.id, message]));

  /** Makes the record of a new conversation; it is stored with its first message. */
  function create(title) {
    const { defaults, panels, settings } = store.state;
    const conversation = {
      id: createId(), title, createdAt: now(), updatedAt: now(), model: chosenName(store.state),
      system: defaults.draft?.system ?? defaults.system, params: defaults.draft?.params ?? defaults.params, leaf: null,
      ...(panels.temporary || !settings.history || store.state.config.history === false ? { temporary: true } : {}),
    };
    store.dispatch({ type: "conversation/new", conversation });
    page.address.show(conversation.temporary ? null : conversation.id);
    return conversation;
  }

  /** @param message the message to bring into view, in the version that holds it */
  async function open(id, message = null) {
    const loaded = await library.load(id);
    if (!loaded) {
      return false;
    }

    const messages = byId(loaded.messages);
    const kept = messages[loaded.conversation.leaf] ? loaded.conversation.leaf : newestLeaf(messages);
    const isBeside = messages[message] && !pathTo(messages, kept).includes(messages[message]);
    const conversation = { ...loaded.conversation, leaf: isBeside ? leafBelow(messages, message) : kept };
    const draft = await page.drafts.load(id);
    store.dispatch({ type: "open", conversation, messages, draft, target: messages[message] ? { id: message } : null });
    page.address.show(conversation.temporary ? null : id);
    page.tabs.refresh();
    return true;
  }

  async function openNew({ temporary = false } = {}) {
    store.dispatch({ type: "panels", value: { temporary } });
    store.dispatch({ type: "defaults", value: { draft: null } });
    store.dispatch({ type: "open", conversation: null, messages: {}, draft: temporary ? null : await page.drafts.load(null) });
    page.address.show(null);
  }

  async function remove(id) {
    const { conversations, open: shown } = store.state;
    const conversation = conversations.find(other => other.id === id);
    page.answers.abort("deleted", id);
    const restore = await library.deleteConversation(id);
    store.dispatch({ type: "conversation/deleted", id });
    if (shown.conversation?.id === id) {
      await openNew();
    }

    const key = `deleted:${id}`;
    const end = async () => {
      undos.delete(id);
      store.dispatch({ type: "notice/gone", key });
      await library.history.removeUnusedImages();
    };
    const timer = setTimeout(end, undoTime);
    undos.set(id, async () => {
      clearTimeout(timer);
      await restore();
      store.dispatch({ type: "notice/gone", key });
      await refresh();
      await open(id);
    });
    page.notify({ key, text: "conversation.deleted", values: { title: conversation?.title ?? "" }, action: "conversation.undo", act: () => undos.get(id)?.(), lasting: true });
  }

  async function update(conversation) {
    store.dispatch({ type: "conversation", conversation });
    await library.saveConversation(conversation);
  }

  let searched = 0;

  async function search(query) {
    store.dispatch({ type: "search", value: { query } });
    const turn = ++searched;
    const results = [...query.trim()].length < 2 ? null : await library.search(query.trim());
    if (turn === searched) {
      store.dispatch({ type: "search", value: { results } });
    }
  }

  async function importFile(file) {
    const report = value => store.dispatch({ type: "dialog", value: { kind: "import", name: file.name, ...value } });
    report({ progress: 0 });
    try {
      const { importHistory } = await transfer();
      report({ result: await importHistory(library.history, file, { onProgress: progress => report({ progress }) }) });
      await refresh();
    } catch (failure) {
      report({ failure: failure.code && failure.code !== "other" ? { code: failure.code, detail: failure.detail } : { code: "other", detail: failure.message } });
    }
  }

  const today = () => new Date().toISOString().slice(0, 10);

  async function exporting(make, name) {
    try {
      const { saveFile } = await import("../files.js");
      saveFile(await make(await transfer()), name);
    } catch (failure) {
      page.notify({ key: "export", text: "transfer.failed", values: { reason: failure.message } });
    }
  }

  return {
    create, open, openNew, refresh, remove, search, importFile,

    rename: (id, title) => {
      const conversation = store.state.conversations.find(other => other.id === id);
      return title.trim() === "" ? null : update({ ...conversation, title: title.trim() });
    },

    /** Changes the open conversation, or what a new one begins with. */
    async change(value) {
      const { conversation } = store.state.open;
      if (conversation) {
        await update({ ...conversation, ...value });
      } else {
        const { defaults } = store.state;
        store.dispatch({ type: "defaults", value: { draft: { system: defaults.system, params: defaults.params, ...defaults.draft, ...value } } });
      }
    },

    async removeMessage(id) {
      const { open: { messages } } = store.state;
      if (messages[id] && !openRun(store.state)) {
        const ids = withFollowing(messages, id);
        store.dispatch({ type: "message/deleted", id });
        await library.deleteMessages(store.state.open.conversation, ids);
      }
    },

    async removeAll() {
      page.answers.abort("deleted");
      await library.deleteAll();
      store.dispatch({ type: "conversations", value: [] });
      await openNew();
      page.notify({ key: "deleted-all", text: "delete-all.done" });
    },

    /** Another tab, or an import, changed what is stored. */
    async changed({ kind, id }) {
      await refresh();
      const shown = store.state.open.conversation;
      if (shown && !openRun(store.state) && (kind === "all" || id === shown.id)) {
        const loaded = await library.load(shown.id);
        if (loaded && !openRun(store.state)) {
          store.dispatch({ type: "open/refresh", conversation: loaded.conversation, messages: byId(loaded.messages) });
        } else if (!loaded && !shown.temporary && Object.keys(store.state.open.messages).length > 0) {
          await openNew();
        }
      }
    },

    exportAll: () => exporting(({ exportHistory }) => exportHistory(library.readable, null, store.state.server.version), `llava-chat-${today()}.json`),
    exportOne: id => exporting(({ exportHistory }) => exportHistory(library.readable, [id], store.state.server.version), `llava-chat-${today()}.json`),
    exportText: (id, title) => exporting(({ exportMarkdown }) => exportMarkdown(library.readable, id), `${title.replace(/[^\p{L}\p{N} _-]+/gu, "").trim().slice(0, 60) || "conversation"}.md`),
  };
}
