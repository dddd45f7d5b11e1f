// What a picture's file says of itself: kind, size, orientation. Judged by content, never by name.

/** "jpeg", "png", "webp", "gif", "bmp", "heic", "other" or null for what is no picture at all. */
export function kindOf(bytes) {
  const text = (from, to) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) {
    return "jpeg";
  }

  if (text(0, 8) === "\x89PNG\r\n\x1a\n") {
    return "png";
  }

  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") {
    return "webp";
  }

  if (text(0, 4) === "GIF8") {
    return "gif";
  }

  if (text(0, 2) === "BM") {
    return "bmp";
  }

  if (text(4, 8) === "ftyp") {
    return /^(heic|heix|hevc|heim|heis|hevm|hevs|mif1|msf1)$/.test(text(8, 12)) ? "heic" : "other";
  }

  return null;
}

/** {width, height} from the header, before anything is decoded; null where the header does not say. */
export function sizeOf(bytes, kind) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    switch (kind) {
      case "png": return { width: view.getUint32(16), height: view.getUint32(20) };
      case "gif": return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
      case "bmp": return { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
      case "webp": return sizeOfWebp(view);
      case "jpeg": return readJpeg(bytes)?.size ?? null;
      default: return null;
    }
  } catch (failure) {
    if (failure instanceof RangeError) {
      return null;
    }

    throw failure;
  }
}

function sizeOfWebp(view) {
  const chunk = view.getUint32(12);
  const three = at => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (chunk) {
    case 0x56503820: return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 0x5650384c: {
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    case 0x56503858: return { width: three(24) + 1, height: three(27) + 1 };
    default: return null;
  }
}

/**
 * A JPEG's segments up to its first scan.
 * @returns {segments: [{marker, from, to}], scan: where the scan begins, size, orientation: 1 to 8}, or null if the file is broken
 */
export function readJpeg(bytes) {
  const segments = [];
  let size = null;
  let orientation = 1;
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) {
      return null;
    }

    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }

    if (marker === 0xda) {
      return { segments, scan: at, size, orientation };
    }

    const to = at + 2 + (bytes[at + 2] << 8 | bytes[at + 3]);
    if (to > bytes.length || to < at + 4) {
      return null;
    }

    segments.push({ marker, from: at, to });
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      size = { height: bytes[at + 5] << 8 | bytes[at + 6], width: bytes[at + 7] << 8 | bytes[at + 8] };
    } else if (marker === 0xe1) {
      orientation = orientationOf(bytes.subarray(at + 4, to)) ?? orientation;
    }

    at = to;
  }

  return null;
}

/** The orientation of an Exif segment (Exif 3.0, section 4.6.5: tag 0x0112), or null. */
function orientationOf(segment) {
  if (String.fromCharCode(...segment.subarray(0, 6)) !== "Exif\0\0" || segment.length < 14) {
    return null;
  }

  const view = new DataView(segment.buffer, segment.byteOffset + 6, segment.length - 6);
  const isLittle = view.getUint16(0) === 0x4949;
  const first = view.getUint32(4, isLittle);
  if (first + 2 > view.byteLength) {
    return null;
  }

  const count = view.getUint16(first, isLittle);
  for (let i = 0, at = first + 2; i < count && at + 12 <= view.byteLength; i++, at += 12) {
    if (view.getUint16(at, isLittle) === 0x0112) {
      const value = view.getUint16(at + 8, isLittle);
      return value >= 1 && value <= 8 ? value : null;
    }
  }

  return null;
}

/** Kept: JFIF (APP0), the colour profile (APP2), Adobe's colour transform (APP14), and what is not metadata. */
const isMetadata = marker => (marker >= 0xe1 && marker <= 0xef && marker !== 0xe2 && marker !== 0xee) || marker === 0xfe;

/** A JPEG without its metadata: the same pixels and colour profile, no position, no names. Null if the file is broken. */
export function withoutMetadata(bytes) {
  const jpeg = readJpeg(bytes);
  if (!jpeg) {
    return null;
  }

  const kept = jpeg.segments.filter(({ marker, from, to }) => !isMetadata(marker) && !(marker === 0xe2 && String.fromCharCode(...bytes.subarray(from + 4, Math.min(to, from + 8))) === "MPF\0"));
  return new Blob([bytes.subarray(0, 2), ...kept.map(({ from, to }) => bytes.subarray(from, to)), bytes.subarray(jpeg.scan)], { type: "image/jpeg" });
}
