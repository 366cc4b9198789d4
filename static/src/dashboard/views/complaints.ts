/** The queue of complaints: what was said, what counts, and what somebody decided. */

import { html } from "lit";
import { texts } from "../../texts/dashboard-en";
import type { Complaint, List } from "../answers";
import { complaintCard } from "../complaint";
import { asked, type Filter } from "../filters";
import type { Hint } from "../live";
import { filterBar, pager } from "../parts";
import { View } from "../view";

const FILTERS: readonly Filter[] = [
  { name: "status", kind: "choice", options: ["filed", "upheld", "dismissed"] },
  { name: "category", kind: "choice", options: ["conduct", "deception", "privacy", "other"] },
  { name: "accused", kind: "text" },
  { name: "session", kind: "text" },
];

class ComplaintsView extends View<List<Complaint>> {
  protected heading() {
    return texts.views.complaints;
  }

  protected load(signal: AbortSignal) {
    return this.app.client.get<List<Complaint>>(
      "/v1/complaints",
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

  protected content(list: List<Complaint>) {
    return html`
      ${
        list.data.length === 0
          ? html`<p class="empty" data-testid="empty">${Object.keys(this.place.query).length > 0 ? texts.table.nothingFits : texts.complaints.empty}</p>`
          : html`<div class="case-list">${list.data.map((each) => complaintCard(this.app, each, this.refresh))}</div>`
      }
      ${pager(this.place, list)}
    `;
  }
}

customElements.define("hs-complaints", ComplaintsView);
