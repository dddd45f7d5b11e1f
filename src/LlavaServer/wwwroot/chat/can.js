// What can be done now, and why not.

import { findModel, imagesOf, sees } from "./requests.js";
import { openRun, shownPath } from "./store.js";

/** The model of the open conversation, of the new one, or null when it is not installed. */
export const chosenModel = state => findModel(state.models.list, chosenName(state)) ?? null;

export const chosenName = state => state.open.conversation?.model ?? state.defaults.model ?? state.models.list[0]?.name ?? "";

/** Whether the chosen model cannot see pictures that would be sent. */
export function isBlind(state) {
  const model = chosenModel(state);
  return !!model && !sees(model) && (state.draft.images.length > 0 || imagesOf(shownPath(state)).length > 0);
}

/** Nothing runs here or in another tab, and the server answers. */
export const canAsk = state =>
  state.isReady && !openRun(state) && state.server.state === "ok" && !state.elsewhere.includes(state.open.conversation?.id);

export const hasDraft = ({ draft }) => draft.text.trim() !== "" || draft.images.length > 0;

export const draftBytes = images => images.reduce((sum, image) => sum + Math.ceil(image.bytes / 3) * 4, 0);

/** Whether the composer's message can be sent. */
export const canSend = state =>
  canAsk(state) && hasDraft(state) && state.accepting === 0 && !isBlind(state) && state.draft.images.length <= state.config.maxImages &&
  draftBytes(state.draft.images) <= state.config.maxRequestBytes && chosenName(state) !== "";
