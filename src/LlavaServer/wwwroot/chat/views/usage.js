// What an answer cost: tokens, speed, time.

import { html, memo } from "../html.js";
import { duration, number, t } from "../language.js";

/** Short figures in sight, all of them behind a disclosure. */
export const Usage = memo(function Usage({ usage, timings }) {
  if (!usage) {
    return null;
  }

  const { prompt_tokens: prompt, completion_tokens: generated, prompt_tokens_details: details = {} } = usage;
  const rate = timings?.predicted_per_second;
  const aside = [
    details.image_tokens > 0 ? t("usage.images", { count: details.image_tokens }) : null,
    details.cached_tokens > 0 ? t("usage.cached", { count: details.cached_tokens }) : null,
  ].filter(Boolean);
  const pieces = [
    t("usage.prompt", { count: prompt }) + (aside.length > 0 ? ` (${aside.join(", ")})` : ""),
    t("usage.generated", { count: generated }),
    timings?.ttft_ms !== undefined ? t("usage.first", { time: duration(timings.ttft_ms) }) : null,
    rate && generated > 1 ? t("usage.rate", { rate: number(rate, rate < 10 ? 1 : 0) }) : null,
    timings?.total_ms !== undefined ? t("usage.total", { time: duration(timings.total_ms) }) : null,
  ].filter(Boolean);
  return html`<p class="usage" aria-label=${t("usage.label")} data-usage>${pieces.map(piece => html`<span key=${piece}>${piece}</span>`)}</p>`;
});
