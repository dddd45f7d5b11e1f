// The live camera of a desktop: look, take, attach.

import { html, useEffect, useRef, useState } from "../html.js";
import { t } from "../language.js";
import { Dialog } from "./parts.js";

export function CameraDialog({ page, target, onClose }) {
  const video = useRef();
  const [reason, setReason] = useState(null);
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    let stream = null;
    let isLeft = false;
    navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1080 } } }).then(opened => {
      stream = opened;
      if (isLeft) {
        stream.getTracks().forEach(track => track.stop());
      } else {
        video.current.srcObject = stream;
      }
    }, failure => setReason(failure.message || failure.name));
    return () => {
      isLeft = true;
      stream?.getTracks().forEach(track => track.stop());
    };
  }, []);

  const take = async () => {
    const { videoWidth: width, videoHeight: height } = video.current;
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").drawImage(video.current, 0, 0);
    const blob = await new Promise(resolve => canvas.toBlob(resolve, "image/jpeg", 0.92));
    onClose();
    await page.drafts.attach([new File([blob], t("camera.name"), { type: "image/jpeg" })], target);
  };
  return html`
    <${Dialog} title=${t("camera.title")} onClose=${onClose} kind="camera" class="full">
      ${reason
        ? html`<p role="alert">${t("camera.denied", { reason })}</p>`
        : html`<div class="full-picture"><video ref=${video} autoplay muted playsinline onPlaying=${() => setReady(true)} aria-label=${t("camera.title")}></video></div>`}
      <div class="dialog-bar">
        <button type="button" class="button" onClick=${onClose}>${t("common.cancel")}</button>
        <button type="button" class="button primary" data-action="take" disabled=${!isReady} onClick=${take}>${t(isReady || reason ? "camera.take" : "camera.starting")}</button>
      </div>
    <//>`;
}
