/** Sanctions and their appeals: those in force first, and those that wait for a decision. */

import { html } from "lit";
import { texts } from "../../texts/dashboard-en";
import type { List, Sanction } from "../answers";
import { asked, type Filter } from "../filters";
import type { Hint } from "../live";
import { filterBar, pager } from "../parts";
import { sanctionCard } from "../sanction";
import { View } from "../view";

const FILTERS: readonly Filter[] = [{ name: "open", kind: "choice", options: ["true", "false"] }];

class SanctionsView extends View<List<Sanction>> {
  protected heading() {
    return texts.views.sanctions;
  }

  protected load(signal: AbortSignal) {
    return this.app.client.get<List<Sanction>>(
      "/v1/sanctions",
      { ...asked(FILTERS, this.place.query), limit: "25" },
      signal,
    );
  }

  protected override hears({ kind }: Hint) {
    return kind === "queue";
  }

  protected override controls() {
    return filterBar(this.app, this.place, FILTERS);
  }

  protected content(list: List<Sanction>) {
    return html`
      ${list.data.length === 0 ? html`<p class="empty" data-testid="empty">${texts.sanctions.empty}</p>` : html`<div class="case-list">${list.data.map((each) => sanctionCard(this.app, each, this.refresh))}</div>`}
      ${pager(this.place, list)}
    `;
  }
}

customElements.define("hs-sanctions", SanctionsView);
