import { html } from "lit";
import { texts } from "../texts";
import { icon } from "./icon";

/** How a step of the check-in went, for eyes and for ears. */
export function stepMark(which: "ok" | "attention") {
  return html`<span class="tick ${which}" role="img" aria-label=${texts.checkin.mark[which]}>${icon(which)}</span>`;
}
