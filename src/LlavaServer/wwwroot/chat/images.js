// Pictures on their way in: checked, turned upright, scaled, and named by their digest.

import { kindOf, readJpeg, sizeOf, withoutMetadata } from "./formats.js";
import { sha256 } from "./sha256.js";

const plainBytes = 4 * 1024 * 1024;
const quality = 0.92;

// Rows drawn at a time, and rows of the source beside them that smoothing looks at.
const strip = 256;
const margin = 8;
const sendable = { jpeg: "image/jpeg", png: "image/png", webp: "image/webp" };

/** A picture that is not taken. `code` says why, `detail` has the numbers. */
export class ImageRefused extends Error {
  constructor(code, fileName, detail = {}) {
    super(code);
    Object.assign(this, { code, fileName, detail });
  }
}

/**
 * Checks a file and makes of it what is sent.
 * @returns {digest, blob, type, bytes, width, height, name, before: null or what it was}
 */
export async function acceptImage(file, { maxImageBytes, maxImagePixels, longestSide, sendOriginals }) {
  const name = file.name || "picture";
  const refuse = (code, detail) => {
    throw new ImageRefused(code, name, detail);
  };
  if (file.size === 0) {
    refuse("empty");
  }

  const bytes = new Uint8Array(await file.arrayBuffer());
  const kind = kindOf(bytes) ?? refuse("not-image");
  if (kind === "heic") {
    refuse("heic");
  }

  const size = sizeOf(bytes, kind);
  if (size && size.width * size.height > maxImagePixels) {
    refuse("too-many-pixels", { width: size.width, height: size.height, limit: maxImagePixels });
  }

  const isUpright = kind !== "jpeg" || (readJpeg(bytes)?.orientation ?? 1) === 1;
  const fits = size && Math.max(size.width, size.height) <= longestSide && file.size <= plainBytes;
  const source = new Blob([bytes], { type: sendable[kind] ?? file.type });
  const isPlain = kind in sendable && isUpright && size && (fits || sendOriginals);
  const made = isPlain ? await keep(source, bytes, kind, size) : await redraw(source, kind, sendOriginals ? Infinity : longestSide);
  if (!made) {
    refuse("unreadable");
  }

  if (made.blob.size > maxImageBytes) {
    refuse("too-large", { size: made.blob.size, limit: maxImageBytes });
  }

  const isChanged = !isPlain && (made.width !== made.from.width || made.height !== made.from.height || made.blob.size !== file.size);
  return {
    digest: await sha256(made.blob), blob: made.blob, type: made.blob.type, bytes: made.blob.size, width: made.width, height: made.height, name,
    before: isChanged ? { bytes: file.size, width: made.from.width, height: made.from.height, type: file.type } : null,
  };
}

/** Unchanged, but for a JPEG's metadata. It must be decodable all the same. */
async function keep(source, bytes, kind, size) {
  const bitmap = await createImageBitmap(source).catch(() => null);
  if (!bitmap) {
    return null;
  }

  bitmap.close();
  return { blob: kind === "jpeg" ? withoutMetadata(bytes) ?? source : source, ...size, from: size };
}

/** Upright, at most `longest` pixels on its longer side. Decoding runs off the main path. */
async function redraw(source, kind, longest) {
  const whole = await createImageBitmap(source, { imageOrientation: "from-image" }).catch(() => null);
  if (!whole) {
    return null;
  }

  const from = { width: whole.width, height: whole.height };
  const scale = Math.min(1, longest / Math.max(from.width, from.height));
  const width = Math.max(1, Math.round(from.width * scale));
  const height = Math.max(1, Math.round(from.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  for (let top = 0; top < height; top += strip) {
    drawRows(context, whole, top, Math.min(strip, height - top));
    await new Promise(resolve => setTimeout(resolve));
  }

  whole.close();
  const isClear = kind !== "jpeg" && kind !== "bmp" && hasTransparency(context, width, height);
  return { blob: await canvas.convertToBlob(isClear ? { type: "image/png" } : { type: "image/jpeg", quality }), width, height, from };
}

/** Draws some rows of a scaled picture: one after another they take no longer than all at once, but typing comes between. */
function drawRows(context, whole, top, rows) {
  const { width, height } = context.canvas;
  const scale = height / whole.height;
  const from = Math.max(0, Math.floor(top / scale) - margin);
  const to = Math.min(whole.height, Math.ceil((top + rows) / scale) + margin);
  context.save();
  context.beginPath();
  context.rect(0, top, width, rows);
  context.clip();
  context.drawImage(whole, 0, from, whole.width, to - from, 0, from * scale, width, (to - from) * scale);
  context.restore();
  // Drawing is put off until somebody looks.
  context.getImageData(0, top, 1, 1);
}

function hasTransparency(context, width, height) {
  const { data } = context.getImageData(0, 0, width, height);
  for (let at = 3; at < data.length; at += 4) {
    if (data[at] < 255) {
      return true;
    }
  }

  return false;
}

/** A blob as a data URL. */
export function toDataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

const shown = new Map();

/** An address for a picture; the same for the same bytes while somebody shows it. */
export function objectUrl({ digest, blob }) {
  const entry = shown.get(digest) ?? { url: URL.createObjectURL(blob), count: 0 };
  entry.count++;
  shown.set(digest, entry);
  return entry.url;
}

/** Nobody who asked for the address shows it any more. */
export function releaseUrl(url) {
  for (const [digest, entry] of shown) {
    if (entry.url === url && --entry.count === 0) {
      URL.revokeObjectURL(url);
      shown.delete(digest);
    }
  }
}
