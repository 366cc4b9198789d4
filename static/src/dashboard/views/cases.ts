/** The queue: everything that waits for somebody, soonest due first, and who has it. */

import { html, nothing } from "lit";
import { texts } from "../../texts/dashboard-en";
import { type Place, place } from "../address";
import type { Case, List, Operator, RefundStatus, Session } from "../answers";
import { decideMany, instant, local } from "../bulk";
import { asProblem } from "../client";
import { asked, type Filter } from "../filters";
import * as format from "../format";
import type { Hint } from "../live";
import { chip, filterBar, pager, personLink, refund, sessionLink, table } from "../parts";
import { View } from "../view";

const t = texts.cases;

const FILTERS: readonly Filter[] = [
  { name: "kind", kind: "choice", options: ["refund", "complaint", "appeal", "hold", "flag", "contest"] },
  { name: "state", kind: "choice", options: ["unfinished", "open", "waiting", "closed"] },
  { name: "assignee", kind: "choice", options: ["me", "none"] },
  { name: "overdue", kind: "choice", options: ["true"] },
  { name: "session", kind: "text" },
];

class CasesView extends View<List<Case>> {
  #chosen = new Set<string>();

  protected heading() {
    return texts.views.cases;
  }

  protected load(signal: AbortSignal) {
    return this.app.client.get<List<Case>>("/v1/cases", { ...asked(FILTERS, this.place.query), limit: "50" }, signal);
  }

  protected override hears({ kind }: Hint) {
    return kind === "queue";
  }

  protected override controls() {
    return filterBar(this.app, this.place, FILTERS);
  }

  protected content(list: List<Case>) {
    const decides = this.app.can("refund");
    const decidable = (each: Case) => each.kind === "refund" && each.state !== "closed";
    for (const id of [...this.#chosen]) if (!list.data.some((each) => each.id === id)) this.#chosen.delete(id);
    return html`
      ${
        this.#chosen.size > 0
          ? html`<div class="chosen" role="status"><span>${texts.sessions.chosen(this.#chosen.size)}</span><button class="primary" @click=${() => this.#decide(list.data)} data-testid="bulk-refunds">${texts.sessions.decideMany}</button></div>`
          : nothing
      }
      ${table<Case>({
        caption: texts.views.cases,
        rows: list.data,
        key: ({ id }) => id,
        to: (each) => whereTo(each),
        mark: (each) => (each.overdue ? "bad" : nothing),
        empty: Object.keys(this.place.query).length > 0 ? texts.table.nothingFits : t.empty,
        ...(decides && list.data.some(decidable)
          ? {
              select: {
                chosen: this.#chosen,
                may: decidable,
                toggle: (id: string) => this.#toggle(id),
                label: (each: Case) => texts.sessions.choose(each.subject),
              },
            }
          : {}),
        columns: [
          { head: t.kind, cell: (each) => t.kinds[each.kind] },
          {
            head: t.about,
            cell: (each) =>
              html`<span class="stack">${each.summary.title ?? nothing} ${each.session ? sessionLink(each.session) : html`<span class="id">${each.subject}</span>`} ${each.person ? html`<small>${personLink(each.person.id)}</small>` : nothing}</span>`,
          },
          { head: t.what, cell: (each) => summary(each) },
          { head: t.due, cell: (each) => this.#due(each) },
          { head: t.assignee, cell: (each) => this.#assignee(each) },
          { head: t.state, cell: (each) => this.#state(each) },
        ],
      })}
      ${pager(this.place, list)}
    `;
  }

  #due(each: Case) {
    if (each.state === "closed")
      return html`<span class="quiet">${t.closed} ${each.closed_at ? format.moment(each.closed_at) : nothing}</span>`;
    const words = format.distance(each.due_at, this.app.now());
    return html`<time datetime=${each.due_at} title=${format.moment(each.due_at)} class=${each.overdue ? "down" : ""}>${each.overdue ? t.overdue(words) : words}</time>`;
  }

  #assignee(each: Case) {
    const mine = each.assignee?.id === this.app.me.id;
    if (mine) return html`<b>${t.you}</b>`;
    const takes = this.app.can("note") && this.app.me.kind === "operator" && each.state !== "closed";
    return html`
      <span class="row tight">
        ${each.assignee ? (each.assignee.name ?? each.assignee.id) : html`<span class="quiet">${t.nobody}</span>`}
        ${takes ? html`<button class="small" @click=${() => this.#patch(each, { assignee: "me" }, t.taken)} data-testid="take">${t.take}</button>` : nothing}
      </span>
    `;
  }

  #state(each: Case) {
    return html`
      <span class="row tight">
        ${chip(t.states[each.state], each.state === "open" ? "warn" : each.state === "closed" ? "faint" : "plain")}
        ${this.app.can("note") && each.state !== "closed" ? html`<button class="plain small" @click=${() => this.#change(each)} data-testid="change-case">${t.change}</button>` : nothing}
      </span>
    `;
  }

  #toggle(id: string): void {
    if (this.#chosen.has(id)) this.#chosen.delete(id);
    else this.#chosen.add(id);
    this.requestUpdate();
  }

  #decide = async (all: readonly Case[]) => {
    const ids = all.filter((each) => this.#chosen.has(each.id)).map((each) => each.session ?? each.subject);
    try {
      const sessions = await Promise.all(
        ids.map((id) => this.app.client.get<Session>(`/v1/sessions/${encodeURIComponent(id)}`)),
      );
      if (!(await decideMany(this.app, sessions))) return;
    } catch (error) {
      this.app.say(asProblem(error).message || texts.state.failed);
      return;
    }
    this.#chosen.clear();
    void this.refresh();
  };

  async #patch(each: Case, change: object, said: string): Promise<void> {
    try {
      await this.app.client.patch(`/v1/cases/${encodeURIComponent(each.id)}`, change);
      this.app.say(said);
    } catch (error) {
      const problem = asProblem(error);
      this.app.say(problem.offline ? texts.state.offline : problem.message || texts.state.failed);
    }
    void this.refresh();
  }

  /** Who has it, until when it is due, and whether it waits for somebody else. */
  #change = async (each: Case) => {
    const { data } = await this.app.client
      .get<List<Operator>>("/v1/operators")
      .catch(() => ({ data: [] as Operator[] }));
    const due = local(new Date(each.due_at));
    const states =
      each.kind === "flag" || each.kind === "contest"
        ? (["open", "waiting", "closed"] as const)
        : (["open", "waiting"] as const);
    const done = await this.app.ask({
      title: t.changeTitle,
      what: html`<p>${states.length > 2 ? t.changeWhat : t.closesItself}</p>`,
      fields: [
        {
          name: "assignee",
          label: t.assignee,
          kind: "choice",
          value: each.assignee?.id ?? "",
          options: [
            { value: "", label: t.nobody },
            ...data
              .filter((one) => one.state === "active")
              .map((one) => ({ value: one.id, label: `${one.name} (${texts.roles[one.role] ?? one.role})` })),
          ],
        },
        { name: "due_at", label: t.due, kind: "moment", required: true, value: due },
        {
          name: "state",
          label: t.state,
          kind: "choice",
          value: each.state,
          options: states.map((value) => ({ value, label: t.states[value] })),
        },
      ],
      confirm: t.changeTitle,
      act: async ({ assignee, due_at, state }) =>
        this.app.client.patch(`/v1/cases/${encodeURIComponent(each.id)}`, {
          ...((assignee || null) === (each.assignee?.id ?? null) ? {} : { assignee: assignee || null }),
          ...(due_at === due ? {} : { due_at: instant(due_at) }),
          ...(state === each.state ? {} : { state }),
        }),
      done: t.changed,
    });
    if (done) void this.refresh();
  };
}

function summary({ summary: of, kind }: Case) {
  return html`
    <span class="row tight">
      ${of.category ? chip(texts.category[of.category] ?? of.category) : nothing}
      ${kind === "refund" && of.status ? refund(of.status as RefundStatus) : nothing}
      ${of.amount ? html`<b class="time">${format.money(of.amount)}</b>` : nothing}
      ${(of.flags ?? []).map((flag) => chip(texts.flag[flag] ?? flag, "warn"))}
    </span>
  `;
}

/** Where a case is decided. */
function whereTo({ kind, session, subject, person }: Case): Place {
  if ((kind === "appeal" || kind === "hold") && person) return place("people", person.id);
  if (session) return place("sessions", session);
  return kind === "complaint" ? place("complaints", null, {}) : place("sessions", subject);
}

customElements.define("hs-cases", CasesView);
