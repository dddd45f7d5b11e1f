// A picture in full, with its size now and before it was scaled.

import { html, useEffect, useState } from "../html.js";
import { bytes, number, t } from "../language.js";
import { Dialog, Picture } from "./parts.js";

const size = ({ width, height, bytes: count }) => ({ width: number(width), height: number(height), size: bytes(count) });

export function ImageDialog({ page, image, onClose }) {
  const [stored, setStored] = useState(image.bytes ? image : null);
  useEffect(() => {
    if (!image.bytes) {
      page.library.image(image.digest).then(setStored);
    }
  }, [image.digest]);
  return html`
    <${Dialog} title=${image.name || t("image.unnamed")} onClose=${onClose} kind="image" class="full">
      <div class="full-picture"><${Picture} page=${page} image=${image} /></div>
      <p class="hint">
        ${stored && html`<span>${t("image.size", size({ ...image, bytes: stored.bytes }))}</span>`}
        ${image.before && html` <span>(${t("image.before", size(image.before))})</span>`}
      </p>
    <//>`;
}
