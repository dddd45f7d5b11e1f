// What the page knows of conversations: the history, and in memory what must not or cannot be written there.

import { HistoryFullError } from "./db.js";

/**
 * @param history from openHistory
 * @param onLost called when something could not be written, with whether the browser's storage is full; the conversation goes on in memory
 */
export function createLibrary(history, onLost) {
  const kept = new Map();
  const pictures = new Map();

  async function keep(conversation) {
    if (!kept.has(conversation.id)) {
      const stored = conversation.temporary ? null : await history.loadConversation(conversation.id).catch(() => null);
      kept.set(conversation.id, { conversation, messages: new Map((stored?.messages ?? []).map(message => [message.id, message])) });
    }

    return kept.get(conversation.id);
  }

  async function keepAll(conversation, messages, images) {
    const place = await keep(conversation);
    place.conversation = conversation;
    messages.forEach(message => place.messages.set(message.id, message));
    images.forEach(image => pictures.set(image.digest, image));
  }

  async function write(conversation, messages, images, stored) {
    if (conversation.temporary || kept.has(conversation.id)) {
      await keepAll(conversation, messages, images);
      return;
    }

    try {
      await stored();
    } catch (failure) {
      await keepAll(conversation, messages, images);
      onLost(failure instanceof HistoryFullError);
    }
  }

  const library = {
    history,

    async list() {
      const stored = await history.listConversations();
      const memory = [...kept.values()].map(place => place.conversation);
      return [...memory, ...stored.filter(conversation => !kept.has(conversation.id))].sort((a, b) => b.updatedAt - a.updatedAt);
    },

    async load(id) {
      const place = kept.get(id);
      return place ? { conversation: place.conversation, messages: [...place.messages.values()] } : history.loadConversation(id);
    },

    saveConversation: conversation => write(conversation, [], [], () => history.saveConversation(conversation)),

    /** A message, its new pictures and its conversation at once. */
    saveMessage: (message, images, conversation) => write(conversation, [message], images, () => history.saveMessage(message, images, conversation)),

    async deleteMessages(conversation, ids) {
      const place = kept.get(conversation.id);
      if (place) {
        ids.forEach(id => place.messages.delete(id));
        place.conversation = conversation;
      } else {
        await history.deleteMessages(ids);
        await history.saveConversation(conversation);
        await history.removeUnusedImages();
      }
    },

    /** Returns what takes the deletion back. */
    async deleteConversation(id) {
      const place = kept.get(id);
      kept.delete(id);
      const record = place?.conversation.temporary ? null : await history.deleteConversation(id);
      return async () => {
        if (place) {
          kept.set(id, place);
        } else if (record) {
          await history.restore(record);
        }
      };
    },

    async deleteAll() {
      kept.clear();
      pictures.clear();
      await history.deleteAll();
    },

    image: async digest => pictures.get(digest) ?? history.getImage(digest),

    async search(text) {
      const wanted = text.toLowerCase();
      const memory = [...kept.values()].flatMap(({ conversation, messages }) => {
        const message = [...messages.values()].find(candidate => candidate.text.toLowerCase().includes(wanted));
        return message || conversation.title.toLowerCase().includes(wanted) ? [{ conversation, message: message ?? null, snippet: message ? snippetOf(message.text, wanted) : "" }] : [];
      });
      return [...memory, ...(await history.search(text)).filter(result => !kept.has(result.conversation.id))];
    },

    /** What an export reads: also what could not be written, but no temporary chat unless it is named. */
    readable: {
      listConversations: async () => (await library.list()).filter(conversation => !conversation.temporary),
      loadConversation: id => library.load(id),
      getImage: digest => library.image(digest),
    },
  };
  return library;
}

function snippetOf(text, wanted) {
  const at = Math.max(0, text.toLowerCase().indexOf(wanted) - 30);
  return (at > 0 ? "…" : "") + text.slice(at, at + 100);
}
