// What a model thought before it answered: in sight while it thinks, folded when the answer begins, unless the reader wants it otherwise.

import { html, memo, useState } from "../html.js";
import { duration, t } from "../language.js";
import { Prose } from "./prose.js";

/** @param time milliseconds that it thought, once that is known */
export const Thoughts = memo(function Thoughts({ page, text, time, isGrowing }) {
  const [wanted, setWanted] = useState(null);
  const isOpen = wanted ?? isGrowing;
  const label = isGrowing ? t("thoughts.growing") : time ? t("thoughts.time", { time: duration(time) }) : t("thoughts");
  const toggle = event => {
    event.preventDefault();
    setWanted(!isOpen);
  };
  return html`
    <details class="thoughts" open=${isOpen} data-growing=${isGrowing}>
      <summary onClick=${toggle}>${label}</summary>
      ${isOpen && html`<${Prose} page=${page} text=${text} isGrowing=${isGrowing} />`}
    </details>`;
});
