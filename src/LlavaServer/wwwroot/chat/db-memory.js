// The history's place where the browser keeps no database: everything is gone when the page closes.

export function openMemory(names) {
  const keyOf = record => record.id ?? record.digest ?? record.name;
  let tables = Object.fromEntries(names.map(name => [name, new Map()]));
  return {
    get: async (store, key) => tables[store].get(key),
    all: async store => [...tables[store].values()],
    keys: async store => [...tables[store].keys()],
    byConversation: async id => [...tables.messages.values()].filter(message => message.conversation === id),
    async write(stores, work) {
      const next = Object.fromEntries(names.map(name => [name, stores.includes(name) ? new Map(tables[name]) : tables[name]]));
      work({
        put: (store, record) => next[store].set(keyOf(record), record),
        delete: (store, key) => next[store].delete(key),
        clear: store => next[store].clear(),
      });
      tables = next;
    },
    close() {},
  };
}
