// What a look at the page would find at once, checked in the page itself.

/**
 * Sideways scrolling, composer or status out of view, controls that something lies on, controls cut off, text that leaves its control.
 * Returns a list of sentences.
 */
export const layoutFaults = page => page.evaluate(() => {
  const found = [];
  const top = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
  const name = element => `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className} ${(element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 40)}`;
  for (const scroller of [document.scrollingElement, document.querySelector(".messages"), document.querySelector(".conversations"), ...document.querySelectorAll(".panel, .sheet, .dialog-body")]) {
    if (scroller && scroller.scrollWidth > scroller.clientWidth) {
      found.push(`scrolls sideways: ${name(scroller)} ${scroller.scrollWidth} of ${scroller.clientWidth}`);
    }
  }

  for (const selector of [".composer", ".status"]) {
    const box = document.querySelector(selector).getBoundingClientRect();
    if (box.top < 0 || box.bottom > innerHeight + 0.5 || box.left < 0 || box.right > innerWidth + 0.5) {
      found.push(`out of view: ${selector}`);
    }
  }

  const isCovering = (over, control) => over && over !== control && !control.contains(over) && !over.contains(control) && !control.labels?.[0]?.contains(over);
  for (const control of top.querySelectorAll("button, input, textarea, select, a[href]")) {
    const box = control.getBoundingClientRect();
    if (control.matches(".visually-hidden") || box.width < 2 || control.closest("[inert]") || !control.checkVisibility({ opacityProperty: true, visibilityProperty: true })) {
      continue;
    }

    // What stands in something that scrolls may lie below its edge.
    const scroller = control.closest(".messages, .conversations, .thumbnails, .model-list, .panel, .sheet, .drawer, .dialog-body");
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const isInWindow = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
    if (!scroller && (box.left < -0.5 || box.right > innerWidth + 0.5 || box.top < -0.5 || box.bottom > innerHeight + 0.5) && !control.matches(".skip")) {
      found.push(`cut off: ${name(control)}`);
    }

    const over = isInWindow ? document.elementFromPoint(x, y) : null;
    if (isCovering(over, control) && (!scroller || scroller.contains(over)) && !over.closest(".popup, .notice, .jump")) {
      found.push(`covered: ${name(control)} by ${name(over)}`);
    }

    if (control.tagName === "BUTTON" && control.scrollWidth > control.clientWidth + 1 && !control.querySelector(".visually-hidden") && !control.matches(".conversation, .model-button, .thumbnail-remove")) {
      found.push(`text leaves its button: ${name(control)}`);
    }
  }

  return found;
});

/** Whether the page is drawn dark, by the colour of its ground. */
export const isDark = page => page.evaluate(() => {
  const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  probe.fillStyle = getComputedStyle(document.body).backgroundColor;
  probe.fillRect(0, 0, 1, 1);
  return Math.max(...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)) < 128;
});
