/** How one side's connection is: three bars, and the words for whoever does not see them. */

import { html, nothing, svg } from "lit";
import type { Judged, Level } from "../quality";
import { texts } from "../texts";

const BARS: Record<Level, number> = { good: 3, fair: 2, poor: 1, none: 0 };

export function signal(judged: Judged | null, whose: string, testid: string) {
  if (!judged) return nothing;
  const { level, reason } = judged;
  const t = texts.quality;
  const words = reason ? t.sayWhy(whose, t.level[level], t.why[reason]) : t.say(whose, t.level[level]);
  return html`
    <span class="signal" role="img" aria-label=${words} title=${words} data-testid=${testid} data-level=${level}>
      <svg viewBox="0 0 16 14" aria-hidden="true">
        ${[0, 1, 2].map((n) => svg`<rect class=${n < BARS[level] ? "on" : ""} x=${n * 6} y=${8 - n * 4} width="4" height=${6 + n * 4} rx="1" />`)}
      </svg>
    </span>
  `;
}
