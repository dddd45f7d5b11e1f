// What stands in the composer, and pictures on their way into it or into an edited message. Drafts survive a reload.

import { bytes } from "../language.js";
import { emptyDraft } from "../store.js";

const saveDelay = 400;

/** What the text of a refusal needs; sizes with their unit. */
function refusalValues({ code, fileName, detail }) {
  const { size, limit } = detail;
  return { name: fileName, ...detail, ...(code === "too-large" ? { size: bytes(size), limit: bytes(limit) } : {}) };
}

/** @param page the parts of the page, see app.js */
export function draftActions(page) {
  const { store, library } = page;
  let timer = 0;

  const nameOf = id => `draft:${id ?? "new"}`;

  const isKept = () => store.state.settings.history && store.state.config.history !== false && !store.state.panels.temporary && !store.state.open.conversation?.temporary;

  async function save() {
    clearTimeout(timer);
    timer = 0;
    if (isKept()) {
      const { draft, open } = store.state;
      const isEmpty = draft.text === "" && draft.images.length === 0;
      await library.history.setMeta(nameOf(open.conversation?.id), isEmpty ? null : { text: draft.text, images: draft.images }).catch(() => {});
    }
  }

  function saveSoon() {
    clearTimeout(timer);
    timer = setTimeout(save, saveDelay);
  }

  const place = () => store.state.edit ? "edit" : "draft";

  function change(target, value) {
    store.dispatch({ type: target === "edit" ? "edit/change" : "draft", value });
    if (target === "draft") {
      saveSoon();
    }
  }

  /** Accepts files one after the other, in their order. */
  async function attach(files, target = place()) {
    const { config, settings } = store.state;
    const limits = {
      maxImageBytes: config.maxImageBytes, maxImagePixels: config.maxImagePixels,
      longestSide: config.longestSide, sendOriginals: settings.sendOriginals,
    };
    const module = await import("../images.js").catch(() => null);
    if (!module) {
      page.notify({ key: "attach", text: "error.network", isError: true });
      page.server.check();
      return;
    }

    const { acceptImage, ImageRefused } = module;
    let attached = 0;
    for (const file of files) {
      if (store.state[target]?.images.length >= config.maxImages) {
        page.notify({ key: "too-many", text: "composer.too-many-images", values: { count: config.maxImages }, isError: true });
        break;
      }

      store.dispatch({ type: "accepting", change: 1 });
      try {
        const image = await acceptImage(file, limits);
        store.dispatch({ type: `${target}/add`, image });
        attached++;
      } catch (failure) {
        // Anything else is a browser that gives up, for example without memory for so many pixels.
        const refused = failure instanceof ImageRefused ? failure : new ImageRefused("unreadable", file.name);
        page.notify({ key: `refused:${refused.fileName}`, text: `image.${refused.code}`, values: refusalValues(refused), isError: true });
      } finally {
        store.dispatch({ type: "accepting", change: -1 });
      }
    }

    if (attached > 0) {
      page.announce("image.attached", { count: attached });
      saveSoon();
    }
  }

  return {
    attach, save,

    setText: (text, target = "draft") => change(target, { text }),

    removeImage(digest, target) {
      const { images } = store.state[target];
      const image = images.find(other => other.digest === digest);
      change(target, { images: images.filter(other => other !== image) });
      page.announce("image.removed", { name: image.name });
    },

    moveImage(digest, to, target) {
      const { images } = store.state[target];
      const from = images.findIndex(image => image.digest === digest);
      if (to >= 0 && to < images.length && to !== from) {
        const moved = images.filter((_, index) => index !== from);
        moved.splice(to, 0, images[from]);
        change(target, { images: moved });
        page.announce("image.moved", { name: images[from].name, index: to + 1, count: images.length });
      }
    },

    removeImages: () => change("draft", { images: [] }),

    fill(text, images) {
      change("draft", { text, images });
    },

    clear(id) {
      clearTimeout(timer);
      store.dispatch({ type: "draft", value: emptyDraft });
      library.history.setMeta(nameOf(id), null).catch(() => {});
    },

    async load(id) {
      if (timer) {
        await save();
      }

      const stored = await library.history.getMeta(nameOf(id)).catch(() => null);
      return stored ? { text: stored.text ?? "", images: stored.images ?? [] } : emptyDraft;
    },

    forget: id => library.history.setMeta(nameOf(id), null).catch(() => {}),
  };
}
