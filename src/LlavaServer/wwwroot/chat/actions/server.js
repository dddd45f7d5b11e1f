// Whether the server can be asked: banners, its health while one shows, the list of models, the API key.

import { ApiError, NetworkError } from "../api.js";
import { chosenName } from "../requests.js";

const pollInterval = 5000;
const keyName = "llava-chat:key";

/** @param page the parts of the page, see app.js */
export function serverActions(page) {
  const { store, api } = page;
  let timer = 0;

  const show = value => store.dispatch({ type: "server", value });

  /** Asks for the server's health; while it is not well, again every five seconds. */
  async function check() {
    clearTimeout(timer);
    if (store.state.server.state !== "ok") {
      show({ retryAt: null });
    }

    const report = await api.health();
    const wasOk = store.state.server.state === "ok";
    if (report.state === "ok") {
      show({ ...report, retryAt: null });
      if (!wasOk) {
        await page.models.refresh();
      }

      return;
    }

    show({ ...report, retryAt: Date.now() + pollInterval });
    timer = setTimeout(check, pollInterval);
  }

  return { check };
}

/** @param page the parts of the page */
export function modelActions(page) {
  const { store, api } = page;

  const modelOf = entry => ({
    name: entry.name.replace(/:latest$/, ""), size: entry.size, quantization: entry.details?.quantization_level ?? "", parameters: entry.details?.parameter_size ?? "",
    capabilities: entry.capabilities ?? [], context: entry.details?.context_length ?? null, isLoaded: false,
  });

  function mark(list, running) {
    const loaded = new Map((running.models ?? []).map(model => [model.name.replace(/:latest$/, ""), model]));
    return list.map(model => {
      const current = loaded.get(model.name);
      return { ...model, isLoaded: !!current, context: current?.context_length ?? model.context };
    });
  }

  async function refresh() {
    try {
      const tags = await api.tags();
      const list = (tags.models ?? []).map(modelOf).filter(model => model.capabilities.length === 0 || model.capabilities.includes("completion"));
      store.dispatch({ type: "models", value: { state: "ready", list } });
    } catch (failure) {
      store.dispatch({ type: "models", value: { state: "failed" } });
      if (failure instanceof ApiError && failure.code === "invalid_api_key") {
        page.keys.ask(refresh);
      } else if (failure instanceof NetworkError || (failure instanceof ApiError && failure.status === 503)) {
        page.server.check();
      }
    }
  }

  async function refreshRunning() {
    const running = await api.running().catch(() => null);
    if (running) {
      store.dispatch({ type: "models", value: { list: mark(store.state.models.list, running) } });
    }
  }

  /** What the server takes for what is not sent. */
  async function refreshSampling() {
    const properties = await api.defaults(chosenName(store.state)).catch(() => null);
    store.dispatch({ type: "models", value: { sampling: properties?.default_generation_settings?.params ?? null } });
  }

  return {
    refresh, refreshRunning, refreshSampling,

    async choose(name) {
      await page.saveDefaults({ model: name });
      if (store.state.open.conversation) {
        await page.conversations.change({ model: name });
      }

      await refreshSampling();
    },
  };
}

/** The API key: in memory, and on the device only if the user wants that. @param page the parts of the page */
export function keyActions(page) {
  const { store } = page;
  let key = localStorage.getItem(keyName);
  let waiting = [];

  return {
    get: () => key,
    isRemembered: () => localStorage.getItem(keyName) !== null,

    /** Shows the dialog; `then` is done with the new key. */
    ask(then) {
      waiting.push(then);
      store.dispatch({ type: "dialog", value: { kind: "key", wrong: key !== null } });
    },

    async submit(value, remember) {
      key = value;
      if (remember) {
        localStorage.setItem(keyName, value);
      } else {
        localStorage.removeItem(keyName);
      }

      const pending = waiting;
      waiting = [];
      store.dispatch({ type: "dialog", value: null });
      if (store.state.models.state !== "ready") {
        await page.models.refresh();
      }

      await Promise.all(pending.filter(then => then !== page.models.refresh).map(then => then()));
    },

    cancel() {
      waiting = [];
      store.dispatch({ type: "dialog", value: null });
    },

    forget() {
      key = null;
      localStorage.removeItem(keyName);
      page.notify({ key: "key", text: "key.forgotten" });
    },
  };
}
