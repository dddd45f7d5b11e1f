// From a path of messages to the request, what is known about models and parameters, and what can be asked now.

import { bytes, number, t } from "./language.js";
import { openRun, shownPath } from "./store.js";
import { pathTo } from "./tree.js";

/** Adjustable parameters with what the API takes. `rest` is the text of the default when the server names none. */
export const parameters = [
  { name: "temperature", from: 0, to: 2, step: 0.1 },
  { name: "top_p", from: 0, to: 1, step: 0.05 },
  { name: "top_k", from: 0, to: 1000, step: 1 },
  { name: "min_p", from: 0, to: 1, step: 0.01 },
  { name: "repeat_penalty", from: 0.1, to: 10, step: 0.05 },
  { name: "max_tokens", from: 1, to: 1_000_000, step: 1, rest: "settings.default.rest" },
  { name: "seed", from: -1, to: 4_294_967_295, step: 1, rest: "settings.default.random" },
];

/** How much a model that thinks shall think. */
export const efforts = ["none", "low", "medium", "high"];

export const isValid = ({ from, to, step }, value) =>
  Number.isFinite(value) && value >= from && value <= to && (step < 1 || Number.isInteger(value));

/** Only what was set and is valid: anything else stays with the server. */
function sampling(params) {
  const sent = {};
  for (const parameter of parameters) {
    const value = params[parameter.name];
    if (typeof value === "number" && isValid(parameter, value)) {
      sent[parameter.name] = value;
    }
  }

  if (efforts.includes(params.reasoning_effort)) {
    sent.reasoning_effort = params.reasoning_effort;
  }

  const stop = (params.stop ?? []).filter(text => text !== "").slice(0, 16);
  return stop.length > 0 ? { ...sent, stop } : sent;
}

/** Messages that count: an answer without text says nothing to the model. */
const spoken = path => path.filter(message => message.role === "user" || message.text !== "");

/** The messages of a request, with `address(image)` in place of each picture's bytes. Thoughts go back only with an answer that is continued. */
export function messagesOf(conversation, path, address, continues = false) {
  const system = conversation.system?.trim() ? [{ role: "system", content: conversation.system }] : [];
  const thoughts = message => continues && message === path.at(-1) && message.thoughts ? { reasoning_content: message.thoughts } : {};
  return [...system, ...spoken(path).map(message => ({ role: message.role, content: contentOf(message, address), ...thoughts(message) }))];
}

function contentOf(message, address) {
  if (!message.images?.length) {
    return message.text;
  }

  const pictures = message.images.map(image => ({ type: "image_url", image_url: { url: address(image) } }));
  return message.text === "" ? pictures : [...pictures, { type: "text", text: message.text }];
}

export function requestOf(conversation, path, address, continues) {
  return {
    ...(conversation.model ? { model: conversation.model } : {}),
    messages: messagesOf(conversation, path, address, continues),
    stream: true,
    stream_options: { include_usage: true },
    return_progress: true,
    timings_per_token: true,
    ...(continues ? { continue_final_message: true } : {}),
    ...sampling(conversation.params ?? {}),
  };
}

/** What "view as text" shows: the same messages, pictures as size and digest. */
export function messagesAsText(conversation, path, sizes) {
  const describe = image => t("as-text.image", {
    type: sizes[image.digest]?.type ?? "image", size: bytes(sizes[image.digest]?.bytes ?? 0), digest: image.digest,
  });
  return JSON.stringify(messagesOf(conversation, path, describe), null, 2);
}

/** Pictures that would be sent with a path, each time it is named. */
export const imagesOf = path => spoken(path).flatMap(message => message.images ?? []);

export const sees = model => !model || model.capabilities.includes("vision");

export const thinks = model => !!model && model.capabilities.includes("thinking");

/** A model of the list by a name that a user or an old conversation has: a tag of "latest" may be missing. */
export function findModel(list, name) {
  return list.find(model => model.name === name) ?? list.find(model => model.name === `${name}:latest` || model.name.replace(/:latest$/, "") === name);
}

/** Tokens that the model can read, and tokens in the conversation after its last answer. */
export function meterOf(path, model) {
  const used = path.findLast(message => message.usage)?.usage.total_tokens;
  return used && model?.context ? { used, context: model.context, part: used / model.context } : null;
}

export const countWords = text => text.split(/\s+/).filter(word => word !== "").length;

/** First 60 characters of the first text, or the first file's name. */
export function titleOf(text, images) {
  const line = text.trim().replace(/\s+/g, " ");
  const letters = [...(line || images[0]?.name || "")];
  return letters.length > 60 ? letters.slice(0, 60).join("").trimEnd() + "…" : letters.join("");
}

/** A parameter's default as text. */
export function defaultText(parameter, defaults) {
  const value = defaults?.[parameter.name];
  return typeof value === "number" ? number(value, 3) : t(parameter.rest ?? "settings.default.model");
}

/** The model of the open conversation, of the new one, or null when it is not installed. */
export const chosenModel = state => findModel(state.models.list, chosenName(state)) ?? null;

/** An old conversation keeps its model's name; a new one begins with a model that is there. */
export function chosenName({ open, defaults, models }) {
  const name = open.conversation?.model || defaults.model;
  const isKept = open.conversation?.model || models.list.length === 0 || findModel(models.list, name ?? "");
  return isKept && name ? name : models.list[0]?.name ?? "";
}

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
  draftBytes(state.draft.images) <= state.config.maxRequestBytes && (chosenName(state) !== "" || state.models.state !== "ready");

/** The refused picture of a failed answer: {digest, name, number, message} or null. */
export function refusedImage(state, message) {
  // Of too many none is the one.
  const place = message.error && isImageError(message.error) && message.error.code !== "too_many_images" ? placeOfImage(message.error) : null;
  if (!place) {
    return null;
  }

  const path = pathTo(state.open.messages, message.parent).filter(other => other.role === "user" || other.text !== "");
  const system = state.open.conversation.system?.trim() ? 1 : 0;
  const asked = path[place.message - system];
  const image = asked?.images[place.part];
  return image ? { digest: image.digest, name: image.name, number: place.part + 1, message: asked.id } : null;
}

const imageCodes = new Set([
  "invalid_base64_image", "empty_image_file", "invalid_image_url", "image_parse_error", "invalid_image_format",
  "unsupported_image_media_type", "image_too_large", "image_too_small", "image_file_too_large", "too_many_images",
]);

export const isImageError = error => imageCodes.has(error.code);

/** Where in the request the refused picture is: {message, part} counted among what was sent, or null. */
export function placeOfImage(error) {
  const found = /messages\[(\d+)\]\.content\[(\d+)\]/.exec(error.param ?? "");
  return found ? { message: Number(found[1]), part: Number(found[2]) } : null;
}
