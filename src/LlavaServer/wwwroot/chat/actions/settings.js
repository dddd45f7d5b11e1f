// Settings of the page and defaults of new chats, kept in the history's meta store; storage space.

const large = 20_000_000;

/** @param page the parts of the page, see app.js */
export function settingsActions(page) {
  const { store, library } = page;

  function apply() {
    const { theme } = store.state.settings;
    document.documentElement.dataset.theme = theme;
    // Read before the first paint, when the database is not open yet.
    localStorage.setItem("llava-chat:theme", theme);
  }

  return {
    async load() {
      const [settings, defaults] = await Promise.all([library.history.getMeta("settings"), library.history.getMeta("defaults")]);
      store.dispatch({ type: "settings", value: settings ?? {} });
      store.dispatch({ type: "defaults", value: defaults ?? {} });
      apply();
    },

    async set(value) {
      store.dispatch({ type: "settings", value });
      apply();
      await library.history.setMeta("settings", store.state.settings);
    },

    async saveDefaults(value) {
      store.dispatch({ type: "defaults", value });
      const { system, params, model } = store.state.defaults;
      await library.history.setMeta("defaults", { system, params, model });
    },
  };
}

/** @param page the parts of the page */
export function storageActions(page) {
  const { library, store } = page;
  let written = 0;
  let asked = false;

  const estimate = async () => {
    const { usage = 0, quota = 0 } = await library.history.estimate();
    store.dispatch({ type: "storage", value: { usage, quota } });
    return usage;
  };

  return {
    estimate,

    /** From 20 MB on the browser is asked not to clear the history by itself. */
    async beforeStoring(images) {
      written += images.reduce((sum, image) => sum + image.bytes, 0);
      if (!asked && library.history.persistent && written > 0 && (written > large || (await estimate()) + written > large)) {
        asked = true;
        await library.history.persist();
      }
    },
  };
}
