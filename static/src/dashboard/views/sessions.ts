/** All sessions: narrowed by what is in the address, as a table, as a file, and with many decided at once. */

import { html, nothing } from "lit";
import { texts } from "../../texts/dashboard-en";
import { place } from "../address";
import type { List, Session } from "../answers";
import { cancelMany, decideMany } from "../bulk";
import { asked, type Filter } from "../filters";
import * as format from "../format";
import type { Hint } from "../live";
import { attendance, csvLink, ending, filterBar, pager, personLink, refund, status, table, when } from "../parts";
import { View } from "../view";

const t = texts.sessions;

export const SESSION_FILTERS: readonly Filter[] = [
  { name: "q", kind: "text" },
  { name: "status", kind: "choice", options: ["scheduled", "waiting", "live", "held", "ended", "cancelled"] },
  {
    name: "outcome",
    kind: "choice",
    options: [
      "completed",
      "hung_up",
      "lost",
      "left_page",
      "safety",
      "no_show",
      "never_met",
      "interrupted",
      "ended_by_operator",
      "removed",
      "cancelled",
    ],
  },
  { name: "by", kind: "choice", options: ["client", "expert", "both", "platform", "operator"] },
  {
    name: "refund",
    kind: "choice",
    options: ["none", "eligible", "requested", "review", "approved", "declined", "disputed", "settled", "expired"],
  },
  { name: "flagged", kind: "choice", options: ["true", "false"] },
  { name: "party", kind: "text" },
  { name: "from", kind: "day" },
  { name: "to", kind: "day", end: true },
  { name: "order", kind: "choice", options: ["asc", "desc"] },
];

class SessionsView extends View<List<Session>> {
  #chosen = new Map<string, Session>();

  protected heading() {
    return texts.views.sessions;
  }

  protected load(signal: AbortSignal) {
    const query = asked(SESSION_FILTERS, this.place.query);
    if (query.q && query.q.length < 2) delete query.q; // the server asks for two
    return this.app.client.get<List<Session>>("/v1/sessions", { order: "desc", ...query, limit: "50" }, signal);
  }

  protected override hears({ kind }: Hint) {
    return kind === "session";
  }

  protected override actions() {
    return html`
      ${this.app.can("cancel_range") ? html`<button @click=${() => cancelMany(this.app).then(this.#after)} data-testid="bulk-cancel">${t.cancelMany}</button>` : nothing}
      ${csvLink("/v1/sessions.csv", SESSION_FILTERS, this.place.query)}
    `;
  }

  protected override controls() {
    return filterBar(this.app, this.place, SESSION_FILTERS);
  }

  protected content(list: List<Session>) {
    const now = this.app.now();
    const decides = this.app.can("refund");
    const undecided = (row: Session) => ["requested", "review", "disputed"].includes(row.refund?.status ?? "");
    for (const id of this.#chosen.keys()) if (!list.data.some((row) => row.id === id)) this.#chosen.delete(id);
    return html`
      ${
        decides && this.#chosen.size > 0
          ? html`
            <div class="chosen" role="status">
              <span>${t.chosen(this.#chosen.size)}</span>
              <button class="primary" @click=${this.#decide} data-testid="bulk-refunds">${t.decideMany}</button>
              <button class="plain" @click=${() => this.#clear()}>${t.unchoose}</button>
            </div>
          `
          : nothing
      }
      ${table<Session>({
        caption: texts.views.sessions,
        rows: list.data,
        key: ({ id }) => id,
        to: ({ id }) => place("sessions", id),
        mark: (row) => (row.end && row.end.flags.length > 0 ? "warn" : nothing),
        ...(decides && list.data.some(undecided)
          ? {
              select: {
                chosen: new Set(this.#chosen.keys()),
                may: undecided,
                toggle: (id: string) => this.#toggle(list.data.find((row) => row.id === id)),
                label: (row: Session) => t.choose(row.id),
              },
            }
          : {}),
        empty: Object.keys(this.place.query).length > 0 ? texts.table.nothingFits : t.empty,
        columns: [
          {
            head: t.session,
            cell: (row) => html`${row.title ?? row.id}<small class="id">${row.title ? row.id : nothing}</small>`,
          },
          {
            head: t.starts,
            cell: (row) => html`${when(row.starts_at, now)} <small class="quiet">${row.duration_minutes} min</small>`,
          },
          { head: texts.role.client, cell: (row) => side(row, "client") },
          { head: texts.role.expert, cell: (row) => side(row, "expert") },
          {
            head: t.status,
            cell: (row) => html`<span class="stack">${status(row.status)} <small>${ending(row.end)}</small></span>`,
          },
          {
            head: t.refund,
            cell: (row) => (row.refund && row.refund.status !== "none" ? refund(row.refund.status) : nothing),
          },
          { head: t.amount, figure: true, cell: (row) => amount(row) },
        ],
      })}
      ${pager(this.place, list)}
    `;
  }

  #toggle(row: Session | undefined): void {
    if (!row) return;
    if (this.#chosen.has(row.id)) this.#chosen.delete(row.id);
    else this.#chosen.set(row.id, row);
    this.requestUpdate();
  }

  #clear(): void {
    this.#chosen.clear();
    this.requestUpdate();
  }

  #decide = () => decideMany(this.app, [...this.#chosen.values()]).then(this.#after);

  #after = (done: boolean) => {
    if (!done) return;
    this.#clear();
    void this.refresh();
  };
}

function side(row: Session, role: "client" | "expert") {
  const { id, name, attendance: kind, lateness_seconds } = row[role];
  return html`<span class="stack">${personLink(id, name)} ${kind && kind !== "on_time" ? html`<small>${attendance(kind, lateness_seconds)}</small>` : nothing}</span>`;
}

function amount(row: Session) {
  const { refund: back } = row;
  const money = back && back.status !== "none" ? (back.approved ?? back.requested ?? back.max) : null;
  if (money)
    return html`${format.money(money)}<small class="quiet">${row.fee ? t.of(format.money(row.fee)) : nothing}</small>`;
  return row.fee ? html`<span class="quiet">${format.money(row.fee)}</span>` : nothing;
}

customElements.define("hs-sessions", SessionsView);
