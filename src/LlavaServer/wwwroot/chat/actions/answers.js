// Asking: from the composer, an edit or a repetition, to an answer that is stored.

import { canAsk, canSend, chosenName } from "../requests.js";
import { runAnswer } from "../answering.js";
import { assistantMessage, imageOf, now, userMessage } from "../records.js";
import { titleOf } from "../requests.js";
import { messageOf } from "../store.js";
import { openRun } from "../store.js";
import { leafBelow, pathTo, versionsOf } from "../tree.js";

const saveInterval = 1000;

/** @param page the parts of the page, see app.js */
export function answerActions(page) {
  const { store, api, library } = page;
  const aborts = new Map();
  const retries = new Map();

  async function send() {
    const { state } = store;
    if (!canSend(state)) {
      return;
    }

    const { text, images } = state.draft;
    const conversation = state.open.conversation ?? page.conversations.create(titleOf(text, images));
    page.drafts.clear(state.open.conversation?.id);
    await ask(conversation, conversation.leaf, text.trim(), images);
  }

  /** Adds the user's message below `parent` and has it answered. */
  async function ask(conversation, parent, text, images) {
    const question = userMessage(conversation.id, parent, text, images);
    const reply = assistantMessage(conversation.id, question.id, chosenName(store.state));
    const path = [...pathTo(store.state.open.messages, parent), question];
    await page.storage.beforeStoring(images);
    await answer({ conversation, path, question, reply, images });
  }

  /**
   * Has a reply written.
   * @param path the messages before it, and the reply itself if it is continued
   * @param question the user's message at the end of the path, if it is new, with its images
   */
  async function answer({ conversation, path, question = null, reply, images = [], continues = false }) {
    const { id } = conversation;
    const release = await page.tabs.claim(id);
    if (!release) {
      page.notify({ key: "elsewhere", text: "error.busy-elsewhere" });
      return;
    }

    clearTimeout(retries.get(id));
    const asked = { ...conversation, model: reply.model, leaf: reply.id, updatedAt: now() };
    const abort = new AbortController();
    aborts.set(id, abort);
    let run = null;
    let saving = 0;
    try {
      [question, reply].filter(Boolean).forEach(message => store.dispatch({ type: "message", message }));
      store.dispatch({ type: "conversation", conversation: asked });
      if (question) {
        await library.saveMessage(question, images.map(imageOf), asked);
      }

      await library.saveMessage(reply, [], asked);
      saving = setInterval(() => run && !abort.signal.aborted && library.saveMessage(messageOf(run), [], latest(asked)), saveInterval);
      run = await runAnswer({ conversation: asked, path, reply, continues, limit: store.state.config.maxRequestBytes }, {
        api, signal: abort.signal, image: library.image,
        onRun: next => {
          run = next;
          store.dispatch({ type: "run", conversation: id, run });
        },
      });
    } finally {
      clearInterval(saving);
      aborts.delete(id);
      release();
    }

    if (abort.signal.reason !== "deleted") {
      await library.saveMessage(messageOf(run), [], latest(asked));
      follow(id, messageOf(run));
    }
  }

  const latest = conversation => store.state.conversations.find(other => other.id === conversation.id) ?? conversation;

  /** What an end asks for: a key, a look at the server, another try. */
  function follow(id, { id: reply, state, error }) {
    page.models.refreshRunning();
    if (state === "interrupted" || ["network", "silent", "shutting_down"].includes(error?.code)) {
      page.server.check();
    } else if (error?.code === "invalid_api_key") {
      page.keys.ask(() => again(reply));
    } else if (error?.retryAt && (error.code === "model_loading" || (error.code === "queue_full" && store.state.settings.autoRetry))) {
      retries.set(id, setTimeout(() => again(reply), Math.max(0, error.retryAt - Date.now())));
    }
  }

  /** Another version of an answer; one that never had text is written in its place. */
  async function again(id) {
    const { open: { conversation, messages } } = store.state;
    const message = messages[id];
    if (message?.role === "assistant" && canAsk(store.state)) {
      const model = chosenName(store.state);
      const isEmpty = message.text === "" && message.state !== "done";
      const reply = isEmpty ? { ...message, model, thoughts: null, error: null, finish: null } : assistantMessage(conversation.id, message.parent, model);
      await answer({ conversation, path: pathTo(messages, message.parent), reply });
    }
  }

  /** An own message that has no answer is asked again. */
  async function answerMessage(id) {
    const { open: { conversation, messages } } = store.state;
    if (canAsk(store.state)) {
      await answer({ conversation, path: pathTo(messages, id), reply: assistantMessage(conversation.id, id, chosenName(store.state)) });
    }
  }

  async function continueAnswer(id) {
    const { open: { conversation, messages } } = store.state;
    if (canAsk(store.state) && messages[id]?.text) {
      await answer({ conversation, path: pathTo(messages, id), reply: { ...messages[id], error: null, finish: null }, continues: true });
    }
  }

  function stop() {
    const run = openRun(store.state);
    if (run) {
      aborts.get(run.message.conversation)?.abort("stopped");
    }
  }

  return {
    send, stop, again, answerMessage, continueAnswer,

    /** A conversation is being deleted, or the page is left. */
    abort: (reason, id = null) => (id ? [aborts.get(id)] : [...aborts.values()]).forEach(abort => abort?.abort(reason)),

    async saveEdit() {
      const { open, edit } = store.state;
      if (!edit || !canAsk(store.state) || (edit.text.trim() === "" && edit.images.length === 0)) {
        return;
      }

      store.dispatch({ type: "edit", value: null });
      await ask(open.conversation, open.messages[edit.id].parent, edit.text.trim(), edit.images);
    },

    /** Shows the version that stands `step` places beside a message. */
    async chooseVersion(id, step) {
      const { open } = store.state;
      const versions = versionsOf(open.messages, id);
      const chosen = versions[versions.findIndex(version => version.id === id) + step];
      if (chosen && !openRun(store.state)) {
        const conversation = { ...open.conversation, leaf: leafBelow(open.messages, chosen.id) };
        store.dispatch({ type: "conversation", conversation });
        await library.saveConversation(conversation);
      }
    },
  };
}
