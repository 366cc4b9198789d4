/** What operators did: who, when, what, why; hash-chained, and only ever added to. */

import { html, nothing } from "lit";
import { texts } from "../../texts/dashboard-en";
import { href, type Place, place } from "../address";
import type { AuditEntry, List } from "../answers";
import { asked, type Filter } from "../filters";
import * as format from "../format";
import type { Hint } from "../live";
import { filterBar, pager, table } from "../parts";
import { View } from "../view";

const t = texts.audit;

const FILTERS: readonly Filter[] = [
  { name: "subject", kind: "text" },
  { name: "who", kind: "text" },
  {
    name: "act",
    kind: "choice",
    options: [
      "session",
      "refund",
      "complaint",
      "sanction",
      "rating",
      "person",
      "case",
      "note",
      "key",
      "operator",
      "endpoint",
      "source",
      "outage",
    ],
  },
  { name: "from", kind: "day" },
  { name: "to", kind: "day", end: true },
];

class AuditView extends View<List<AuditEntry>> {
  protected heading() {
    return texts.views.audit;
  }

  protected load(signal: AbortSignal) {
    return this.app.client.get<List<AuditEntry>>(
      "/v1/audit",
      { ...asked(FILTERS, this.place.query), order: "desc", limit: "100" },
      signal,
    );
  }

  protected override hears({ kind }: Hint) {
    return kind === "queue";
  }

  protected override controls() {
    return filterBar(this.app, this.place, FILTERS);
  }

  protected content(list: List<AuditEntry>) {
    return html`
      ${table<AuditEntry>({
        caption: texts.views.audit,
        rows: list.data,
        key: ({ seq }) => String(seq),
        empty: Object.keys(this.place.query).length > 0 ? texts.table.nothingFits : t.empty,
        columns: [
          { head: t.number, cell: (each) => html`<span title=${each.hash}>${each.seq}</span>` },
          {
            head: t.at,
            cell: (each) =>
              html`<time datetime=${each.at} title=${format.longDate(each.at)}>${format.date(each.at)}, ${format.precise(each.at)}</time>`,
          },
          {
            head: t.who,
            cell: (each) => html`<a href=${href(place("audit", null, { who: each.who }))}>${each.name ?? each.who}</a>`,
          },
          { head: t.act, cell: (each) => html`<span class="id">${each.act}</span>` },
          { head: t.subject, cell: (each) => subject(each) },
          { head: t.reason, cell: (each) => each.reason ?? html`<span class="quiet">–</span>` },
        ],
      })}
      ${pager(this.place, list)}
      <p class="quiet small">${t.chained}</p>
    `;
  }
}

/** Where the subject can be looked at, if it can. */
function subject({ act, subject: of }: AuditEntry) {
  const family = act.split(".")[0];
  const to: Place | null =
    family === "session" || family === "refund" || family === "outage"
      ? place("sessions", of)
      : family === "person"
        ? place("people", of)
        : family === "endpoint"
          ? place("webhooks", of)
          : null;
  return to ? html`<a class="id" href=${href(to)}>${of}</a>` : html`<span class="id">${of || nothing}</span>`;
}

customElements.define("hs-audit", AuditView);
