// Pictures that are dropped or pasted anywhere on the page.

const holdsFiles = event => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** Starts taking files; `setDropping` tells whether something is held over the page. Returns what ends it. */
export function takeFiles(page, setDropping) {
  let depth = 0;
  const canTake = () => page.store.state.dialog === null;
  const show = change => {
    depth = Math.max(0, depth + change);
    setDropping(depth > 0);
  };
  const handlers = {
    dragenter: event => holdsFiles(event) && canTake() && (event.preventDefault(), show(1)),
    dragleave: event => holdsFiles(event) && show(-1),
    dragover: event => holdsFiles(event) && (event.preventDefault(), event.dataTransfer.dropEffect = canTake() ? "copy" : "none"),
    drop: event => {
      if (holdsFiles(event)) {
        event.preventDefault();
        show(-depth);
        if (canTake()) {
          page.drafts.attach([...event.dataTransfer.files]);
        }
      }
    },
    paste: event => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0 && canTake()) {
        // Text beside the picture goes where it was pasted.
        if (!event.clipboardData.types.includes("text/plain")) {
          event.preventDefault();
        }

        page.drafts.attach(files);
      }
    },
  };
  Object.entries(handlers).forEach(([name, handler]) => window.addEventListener(name, handler));
  return () => Object.entries(handlers).forEach(([name, handler]) => window.removeEventListener(name, handler));
}
