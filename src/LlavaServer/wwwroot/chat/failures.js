// From what went wrong to what the page says and offers, by error code.

import { bytes, has, t } from "./language.js";
import { isImageError } from "./requests.js";

/**
 * Title, further lines and offers of a failure.
 * Offers are "retry", "model", "vision", "new", "edit".
 * @param image the refused picture {number, name}, if it is known
 */
export function explain(error, { model, image = null, seconds = null }) {
  const reason = error.message;
  switch (error.code) {
    case "queue_full":
      return says(seconds ? t("error.queue_full.in", { seconds }) : t("error.queue_full"), ["retry"]);
    case "model_not_found":
      return says(t("error.model_not_found", { model }), ["model", "retry"], [t("error.model_not_found.command", { command: `llava pull ${model}` })]);
    case "model_loading":
      return says(seconds ? t("error.model_loading", { model, seconds }) : t("error.model_loading.now", { model }), ["retry"]);
    case "out_of_memory":
      return says(t("error.out_of_memory", { reason }), ["model", "retry"]);
    case "context_length_exceeded":
      return says(contextText(error.detail), ["edit", "new"], imageTokens(error.detail));
    case "image_input_not_supported":
      return says(t("error.image_input_not_supported", { model }), ["vision", "edit"]);
    case "request_too_large":
      return says(error.detail.size ? t("error.request_too_large", { size: bytes(error.detail.size), limit: bytes(error.detail.limit) }) : t("error.other", { reason }), ["edit"]);
    case "permission_error":
    case "endpoint_disabled":
    case "origin_not_allowed":
      return says(t("error.permission_error", { reason }), ["retry"]);
    case "silent":
      return says(t("error.silent", { seconds: 60 }), ["retry"]);
    default:
      if (isImageError(error)) {
        return says(image ? t("error.image", { ...image, reason }) : t("error.images", { reason }), ["edit"]);
      }

      return says(has(`error.${error.code}`) ? t(`error.${error.code}`, { reason }) : t("error.other", { reason }), ["retry"]);
  }
}

const says = (title, offers, lines = []) => ({ title, offers, lines });

const contextText = ({ n_prompt_tokens: tokens, n_ctx: limit }) =>
  tokens && limit ? t("error.context_length_exceeded", { tokens, limit }) : t("error.context_length_exceeded.unknown");

const imageTokens = ({ n_image_tokens: count }) => count > 0 ? [t("error.context_length_exceeded.images", { count })] : [];
