/** The operator's own day: what is to come, what goes on, what is over, and what somebody should look at. */

import { html, nothing } from "lit";
import { texts } from "../../texts/dashboard-en";
import { href, place } from "../address";
import type { List, Overview, Session } from "../answers";
import { dayOf, moment } from "../filters";
import * as format from "../format";
import type { Hint } from "../live";
import { attendance, ending, personLink, refund, status, table } from "../parts";
import { View } from "../view";

const t = texts.today;

interface Day {
  overview: Overview;
  sessions: List<Session>;
  day: string;
}

class TodayView extends View<Day> {
  protected heading() {
    return texts.views.today;
  }

  protected async load(signal: AbortSignal): Promise<Day> {
    const day = dayOf(this.app.now());
    const bounds = { from: moment(day), to: moment(day, true) };
    const cursor: Record<string, string> = this.place.query.cursor ? { cursor: this.place.query.cursor } : {};
    const [overview, sessions] = await Promise.all([
      this.app.client.get<Overview>("/v1/overview", bounds, signal),
      this.app.client.get<List<Session>>("/v1/sessions", { ...bounds, limit: "100", ...cursor }, signal),
    ]);
    return { overview, sessions, day };
  }

  protected override hears({ kind }: Hint) {
    return kind !== "reload";
  }

  protected content({ overview, sessions, day }: Day) {
    const { cases } = overview;
    const all = { from: day, to: day };
    const tile = (words: string, value: number, to: string, tone = "") =>
      html`<a class="tile ${value > 0 ? tone : ""}" href=${to}><b>${value}</b><span>${words}</span></a>`;
    const counts = overview.day;
    return html`
      <p class="quiet">${format.longDate(this.app.now())}, ${format.zone(this.app.now())}</p>
      <div class="tiles">
        ${tile(t.toCome, counts.scheduled, href(place("sessions", null, { ...all, status: "scheduled" })))}
        ${tile(t.now, counts.waiting + counts.live + counts.held, href(place("live")), "live")}
        ${tile(t.over, counts.ended, href(place("sessions", null, { ...all, status: "ended" })))}
        ${tile(t.cancelled, counts.cancelled, href(place("sessions", null, { ...all, status: "cancelled" })))}
        ${tile(t.flagged, counts.flagged, href(place("sessions", null, { ...all, flagged: "true" })), "warn")}
        ${tile(t.cases, cases.open, href(place("cases", null, { state: "open" })))}
        ${tile(t.overdue, cases.overdue, href(place("cases", null, { overdue: "true" })), "bad")}
        ${tile(t.mine, cases.mine, href(place("cases", null, { assignee: "me" })))}
      </div>
      ${table<Session>({
        caption: t.sessions,
        rows: sessions.data,
        key: ({ id }) => id,
        to: ({ id }) => place("sessions", id),
        mark: (row) => (row.end && row.end.flags.length > 0 ? "warn" : nothing),
        empty: t.empty,
        columns: [
          {
            head: t.at,
            cell: (row) =>
              html`<span class="time">${format.time(row.starts_at)}</span> <small class="quiet">${row.duration_minutes} min</small>`,
          },
          {
            head: texts.sessions.session,
            cell: (row) => html`${row.title ?? nothing} <small class="id">${row.id}</small>`,
            wide: true,
          },
          { head: texts.role.client, cell: (row) => party(row, "client") },
          { head: texts.role.expert, cell: (row) => party(row, "expert") },
          { head: texts.sessions.status, cell: (row) => html`${status(row.status)} <small>${ending(row.end)}</small>` },
          {
            head: texts.sessions.refund,
            cell: (row) => (row.refund && row.refund.status !== "none" ? refund(row.refund.status) : nothing),
          },
        ],
      })}
      ${sessions.next_cursor ? html`<p><a href=${href(place("sessions", null, all))}>${t.all}</a></p>` : nothing}
    `;
  }
}

function party(row: Session, role: "client" | "expert") {
  const { id, name, attendance: kind, lateness_seconds } = row[role];
  return html`<span class="stack">${personLink(id, name)} ${kind ? html`<small>${attendance(kind, lateness_seconds)}</small>` : nothing}</span>`;
}

customElements.define("hs-today", TodayView);
