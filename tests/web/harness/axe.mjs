// What axe-core says of a page.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds: everything, or one rule. */
export const check = (page, rule = null) => page.evaluate(async ({ source, only }) => {
  if (!window.axe) {
    (0, eval)(source);
  }

  const { violations } = await window.axe.run(document, { resultTypes: ["violations"], runOnly: only ? [only] : ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => `${node.target} ${node.failureSummary}`).slice(0, 3).join(" | ")}`);
}, { source: axe, only: rule });
