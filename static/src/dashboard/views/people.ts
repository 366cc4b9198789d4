/** Everybody who was ever booked, those first who need looking at. */

import { html, nothing, svg } from "lit";
import { texts } from "../../texts/dashboard-en";
import { place } from "../address";
import type { List, PersonSummary, Recent } from "../answers";
import { asked, type Filter } from "../filters";
import * as format from "../format";
import type { Hint } from "../live";
import { chip, filterBar, pager, table } from "../parts";
import { View } from "../view";

const t = texts.people;

const FILTERS: readonly Filter[] = [
  { name: "q", kind: "text" },
  { name: "role", kind: "choice", options: ["expert", "client"] },
  { name: "sort", kind: "choice", options: ["punctuality", "factor", "complaints"] },
];

class PeopleView extends View<List<PersonSummary>> {
  protected heading() {
    return texts.views.people;
  }

  protected load(signal: AbortSignal) {
    const query = asked(FILTERS, this.place.query);
    return this.app.client.get<List<PersonSummary>>("/v1/people", { ...query, series: "true", limit: "50" }, signal);
  }

  protected override hears(_hint: Hint) {
    return false; // what is computed of a person moves with a settlement, and nobody waits for it here
  }

  protected override controls() {
    return filterBar(this.app, this.place, FILTERS);
  }

  protected content(list: List<PersonSummary>) {
    return html`
      ${table<PersonSummary>({
        caption: texts.views.people,
        rows: list.data,
        key: ({ pseudonym }) => pseudonym,
        to: ({ id }) => place("people", id),
        mark: ({ sanctioned }) => (sanctioned ? "bad" : nothing),
        empty: Object.keys(this.place.query).length > 0 ? texts.table.nothingFits : t.empty,
        columns: [
          {
            head: t.person,
            cell: (row) =>
              html`${row.name ?? row.id}<small class="id">${row.name ? row.id : nothing}</small> ${row.erased_at ? html`<small class="quiet">${t.erased}</small>` : nothing}`,
          },
          {
            head: t.punctuality,
            figure: true,
            cell: (row) =>
              row.punctuality_bps === null
                ? html`<span class="quiet">–</span>`
                : html`<span class="time">${format.percent(row.punctuality_bps)}</span>`,
          },
          { head: t.recent, cell: (row) => spark(row.recent ?? []) },
          { head: t.counted, figure: true, cell: (row) => row.counted, wide: true },
          {
            head: t.factor,
            figure: true,
            cell: (row) =>
              html`<span class=${row.fee_factor_bps < 10_000 ? "down" : row.fee_factor_bps > 10_000 ? "up" : ""}>${format.factor(row.fee_factor_bps)}</span>`,
          },
          {
            head: t.complaints,
            figure: true,
            cell: (row) => (row.complaints > 0 ? row.complaints : html`<span class="quiet">0</span>`),
          },
          {
            head: t.standing,
            cell: (row) =>
              html`${row.badge ? chip(t.badge, "good") : nothing} ${row.sanctioned ? chip(t.sanctioned, "bad") : nothing}`,
          },
        ],
      })}
      ${pager(this.place, list)}
    `;
  }
}

/** The last slots as small bars: the later, the higher; a no-show is a cross. */
export function spark(recent: readonly Recent[]) {
  if (recent.length === 0) return html`<span class="quiet">–</span>`;
  const width = recent.length * 7;
  const words = t.spark(
    recent.length,
    recent.filter((each) => each.attendance === "late").length,
    recent.filter((each) => each.attendance === "no_show").length,
  );
  return html`
    <svg class="spark" width=${width} height="22" viewBox="0 0 ${width} 22" role="img" aria-label=${words}>
      <title>${words}</title>
      ${recent.map(({ attendance, lateness_seconds }, index) => {
        const x = index * 7 + 1;
        if (attendance === "no_show") return svg`<path class="absent" d="M${x} 8l4 6M${x + 4} 8l-4 6" />`;
        if (attendance === null) return svg`<rect class="none" x=${x} y="19" width="5" height="2" />`;
        const high = 3 + Math.min(17, ((lateness_seconds ?? 0) / 600) * 17);
        return svg`<rect class=${attendance} x=${x} y=${21 - high} width="5" height=${high} rx="1" />`;
      })}
    </svg>
  `;
}

customElements.define("hs-people", PeopleView);
