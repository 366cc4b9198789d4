/**
 * The mark over the other's picture (P5.4): who looks at it, in which session. Whoever films the screen films the mark, too;
 * it moves, so that it is not simply cut off. It keeps nobody from recording, and the page claims no such thing.
 */

import { html } from "lit";
import type { View } from "../protocol";

const STAYS = 7_000;
const PLACES = 9;

export function movingMark({ me, id }: View, now: number) {
  return html`<p class="mark" aria-hidden="true" data-testid="mark" data-place=${place(now)}>${me.name} · ${id}</p>`;
}

/** Never twice the same in a row, and every part of the picture has its turn. */
export function place(now: number): number {
  return (Math.floor(now / STAYS) * 4) % PLACES;
}
