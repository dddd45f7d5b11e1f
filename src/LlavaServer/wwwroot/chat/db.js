// The history in this browser: conversations, messages, pictures and notes, in IndexedDB, or in memory where that fails.

/**
 * What each version of the database adds to the one before it, the first to nothing. A version that changes records copies them into a new store, compares
 * the counts, and leaves the old store to the version after it.
 */
const upgrades = [
  database => {
    database.createObjectStore("conversations", { keyPath: "id" }).createIndex("updatedAt", "updatedAt");
    database.createObjectStore("messages", { keyPath: "id" }).createIndex("conversation", "conversation");
    database.createObjectStore("images", { keyPath: "digest" });
    database.createObjectStore("meta", { keyPath: "name" });
  },
];

/** The browser's quota is reached: nothing of the failed call was written. */
export class HistoryFullError extends Error {}

const stores = ["conversations", "messages", "images", "meta"];
const snippetBefore = 30;
const snippetLength = 110;

/**
 * Opens the history.
 * @param name of the database
 * @param memoryOnly nothing is written
 * @param onVersionChange another tab wants a newer version: this one was closed
 * @param onBlocked another tab keeps an older version open
 */
export async function openHistory({ name = "llava-chat", memoryOnly = false, onVersionChange = () => {}, onBlocked = () => {} } = {}) {
  let isNewer = false;
  if (!memoryOnly && globalThis.indexedDB) {
    try {
      return historyOn(await openDatabase(name, onVersionChange, onBlocked), name, true);
    } catch (failure) {
      // A private window, a broken profile, or what a newer server's page has written: the page works without.
      isNewer = failure?.name === "VersionError";
    }
  }

  const { openMemory } = await import("./db-memory.js");
  return { ...historyOn(openMemory(stores), name, false), isNewer };
}

const done = request => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

function openDatabase(name, onVersionChange, onBlocked) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, upgrades.length);
    request.onblocked = onBlocked;
    request.onupgradeneeded = ({ oldVersion }) => upgrades.slice(oldVersion).forEach(upgrade => upgrade(request.result));
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const { result: database } = request;
      database.onversionchange = () => {
        database.close();
        onVersionChange();
      };
      resolve(onDatabase(database));
    };
  });
}

/** What the history needs of a place to write: reads, and several writes that happen all or not at all. */
const onDatabase = database => ({
  get: (store, key) => done(database.transaction(store).objectStore(store).get(key)),
  all: store => done(database.transaction(store).objectStore(store).getAll()),
  keys: store => done(database.transaction(store).objectStore(store).getAllKeys()),
  byConversation: id => done(database.transaction("messages").objectStore("messages").index("conversation").getAll(id)),
  write: (names, work) => new Promise((resolve, reject) => {
    const transaction = database.transaction(names, "readwrite");
    const fail = error => reject(error?.name === "QuotaExceededError" ? new HistoryFullError(error.message) : error);
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => fail(transaction.error);
    try {
      work({
        put: (store, record) => transaction.objectStore(store).put(record),
        delete: (store, key) => transaction.objectStore(store).delete(key),
        clear: store => transaction.objectStore(store).clear(),
      });
    } catch (error) {
      transaction.abort();
      fail(error);
    }
  }),
  close: () => database.close(),
});

function historyOn(place, name, persistent) {
  const channel = globalThis.BroadcastChannel && persistent ? new BroadcastChannel(`${name}:changes`) : null;
  const tell = (kind, id = null) => channel?.postMessage({ kind, id });
  const listeners = new Set();
  if (channel) {
    channel.onmessage = ({ data }) => listeners.forEach(listener => listener(data));
  }

  const history = {
    persistent,

    listConversations: async () => (await place.all("conversations")).sort((a, b) => b.updatedAt - a.updatedAt),

    async loadConversation(id) {
      const [conversation, messages] = await Promise.all([place.get("conversations", id), place.byConversation(id)]);
      return conversation ? { conversation, messages } : null;
    },

    async saveConversation(conversation) {
      await place.write(["conversations"], ({ put }) => put("conversations", conversation));
      tell("conversation", conversation.id);
    },

    /** A message, its new pictures and its conversation in one transaction. */
    async saveMessage(message, images = [], conversation = null) {
      await place.write(["messages", "images", "conversations"], ({ put }) => {
        put("messages", message);
        images.forEach(image => put("images", image));
        if (conversation) {
          put("conversations", conversation);
        }
      });
      tell("conversation", message.conversation);
    },

    /** Conversations with all that belongs to them in one transaction: an import, or a deletion taken back. */
    async addConversation(conversation, messages, images) {
      await place.write(["conversations", "messages", "images"], ({ put }) => {
        put("conversations", conversation);
        messages.forEach(message => put("messages", message));
        images.forEach(image => put("images", image));
      });
      tell("conversation", conversation.id);
    },

    async deleteMessages(ids) {
      const first = ids.length > 0 ? await place.get("messages", ids[0]) : null;
      await place.write(["messages"], ({ delete: remove }) => ids.forEach(id => remove("messages", id)));
      tell("conversation", first?.conversation ?? null);
    },

    /** Returns what `restore` needs to take the deletion back. */
    async deleteConversation(id) {
      const loaded = await history.loadConversation(id);
      if (!loaded) {
        return null;
      }

      const digests = new Set(loaded.messages.flatMap(message => (message.images ?? []).map(image => image.digest)));
      const images = (await Promise.all([...digests].map(digest => place.get("images", digest)))).filter(Boolean);
      await place.write(["conversations", "messages", "meta"], ({ delete: remove }) => {
        remove("conversations", id);
        loaded.messages.forEach(message => remove("messages", message.id));
        remove("meta", `draft:${id}`);
      });
      tell("deleted", id);
      return { ...loaded, images };
    },

    restore: ({ conversation, messages, images }) => history.addConversation(conversation, messages, images),

    async deleteAll() {
      const drafts = (await place.keys("meta")).filter(key => key.startsWith("draft:"));
      await place.write(stores, ({ clear, delete: remove }) => {
        ["conversations", "messages", "images"].forEach(clear);
        drafts.forEach(key => remove("meta", key));
      });
      tell("all");
    },

    getImage: async digest => (await place.get("images", digest)) ?? null,

    /** Deletes pictures that no message refers to; returns how many. */
    async removeUnusedImages() {
      const used = new Set((await place.all("messages")).flatMap(message => (message.images ?? []).map(image => image.digest)));
      const unused = (await place.keys("images")).filter(digest => !used.has(digest));
      await place.write(["images"], ({ delete: remove }) => unused.forEach(digest => remove("images", digest)));
      return unused.length;
    },

    getMeta: async key => (await place.get("meta", key))?.value ?? null,
    setMeta: (key, value) => place.write(["meta"], ({ put, delete: remove }) => value === null ? remove("meta", key) : put("meta", { name: key, value })),

    /** The first place of each conversation where the text stands, newest conversation first. */
    async search(text) {
      const wanted = text.toLowerCase();
      const found = new Map();
      for (const message of await place.all("messages")) {
        const at = message.text.toLowerCase().indexOf(wanted);
        const other = found.get(message.conversation)?.message;
        if (at >= 0 && !(other?.createdAt <= message.createdAt)) {
          const begin = Math.max(0, at - snippetBefore);
          found.set(message.conversation, { message, snippet: (begin > 0 ? "…" : "") + message.text.slice(begin, begin + snippetLength).replace(/\s+/g, " ") });
        }
      }

      return (await history.listConversations())
        .filter(conversation => found.has(conversation.id) || conversation.title.toLowerCase().includes(wanted))
        .map(conversation => ({ conversation, message: null, snippet: "", ...found.get(conversation.id) }));
    },

    persist: async () => persistent && (await navigator.storage?.persist?.() ?? false),
    estimate: async () => persistent && navigator.storage?.estimate ? navigator.storage.estimate() : { usage: 0, quota: 0 },

    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    close() {
      channel?.close();
      place.close();
    },
  };
  return history;
}
