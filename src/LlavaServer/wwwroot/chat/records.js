// Ids, times and references as the history stores them.

/** A random id; outside secure contexts, where browsers offer no `randomUUID`, made of random bytes in the same form. */
export function createId() {
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }

  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

let last = 0;

/** Milliseconds UTC, never twice the same: versions are ordered by it. */
export function now() {
  last = Math.max(Date.now(), last + 1);
  return last;
}

/** What a message holds of a picture. */
export const refOf = ({ digest, name, width, height }) => ({ digest, name, width, height });

/** What the history holds of a picture. */
export const imageOf = ({ digest, blob, type, bytes, width, height }) => ({ digest, blob, type, bytes, width, height });

export const userMessage = (conversation, parent, text, images) => ({
  id: createId(), conversation, parent, role: "user", text, images: images.map(refOf),
  thoughts: null, state: "done", error: null, model: null, usage: null, timings: null, finish: null, createdAt: now(),
});

export const assistantMessage = (conversation, parent, model) => ({
  id: createId(), conversation, parent, role: "assistant", text: "", images: [],
  thoughts: null, state: "streaming", error: null, model, usage: null, timings: null, finish: null, createdAt: now(),
});
