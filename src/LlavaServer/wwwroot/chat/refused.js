// Which of the sent pictures a server's refusal means.

import { isImageError, placeOfImage } from "./failures.js";
import { pathTo } from "./tree.js";

/** The refused picture of a failed answer: {digest, name, number, message} or null. */
export function refusedImage(state, message) {
  const place = message.error && isImageError(message.error) ? placeOfImage(message.error) : null;
  if (!place) {
    return null;
  }

  const path = pathTo(state.open.messages, message.parent).filter(other => other.role === "user" || other.text !== "");
  const system = state.open.conversation.system?.trim() ? 1 : 0;
  const asked = path[place.message - system];
  const image = asked?.images[place.part];
  return image ? { digest: image.digest, name: image.name, number: place.part + 1, message: asked.id } : null;
}
