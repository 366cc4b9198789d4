/**
 * One session, whole: the swim lanes with the ledger beside them, why the settlement says what it says, the money, what
 * was complained of, what was told to whom, notes, and whether the signed records fit. Shown, and not decided here.
 */

import { html, nothing, type TemplateResult } from "lit";
import "../notes";
import "../swim-lanes";
import type { Role } from "../../protocol";
import { check, decode } from "../../receipt";
import { texts } from "../../texts/dashboard-en";
import * as acts from "../acts";
import { href, place } from "../address";
import type {
  Complaint,
  LedgerEntry,
  List,
  Note,
  QualityAnswer,
  Session,
  SessionDeliveries,
  Story,
  Why,
} from "../answers";
import { asProblem, type Problem } from "../client";
import { complaintCard } from "../complaint";
import { type Entry, entry } from "../facts";
import * as format from "../format";
import type { Hint } from "../live";
import { attendance, chip, ending, facts, inOrder, personLink, refund, rules, status, type Tone, when } from "../parts";
import { View } from "../view";

const t = texts.session;
const ROLES = ["client", "expert"] as const;

interface Checked {
  role: Role;
  /** Null: this browser cannot check it. */
  fits: boolean | null;
  issuer: string;
}

interface Whole {
  session: Session;
  story: Story | Problem;
  entries: Entry[] | Problem;
  complaints: Complaint[] | Problem;
  deliveries: SessionDeliveries | Problem;
  notes: Note[] | Problem;
  quality: QualityAnswer | null;
  receipts: Checked[] | Problem | null;
}

class SessionView extends View<Whole> {
  #lit: number | null = null;

  protected heading() {
    const session = this._data?.session;
    return session?.title ?? session?.id ?? this.place.id ?? "";
  }

  protected override above() {
    return html`<p class="crumbs"><a href=${href(place("sessions"))}>${texts.views.sessions}</a> / <span class="id">${this.place.id}</span></p>`;
  }

  protected override hears(hint: Hint) {
    return hint.kind === "session" && hint.id === this.place.id && hint.version !== this._data?.session.version;
  }

  protected async load(signal: AbortSignal): Promise<Whole> {
    const { client } = this.app;
    const path = `/v1/sessions/${encodeURIComponent(this.place.id ?? "")}`;
    const get = <T>(url: string, query = {}) => client.get<T>(url, query, signal);
    const session = await get<Session>(path);
    const [story, entries, complaints, deliveries, notes, quality, receipts] = await Promise.all([
      get<Story>(`${path}/story`).catch(asProblem),
      ledger(get, `${path}/ledger`).catch(asProblem),
      get<List<Complaint>>("/v1/complaints", { session: session.id }).then(({ data }) => data, asProblem),
      get<SessionDeliveries>(`${path}/deliveries`).catch(asProblem),
      get<List<Note>>(`${path}/notes`).then(({ data }) => data, asProblem),
      get<QualityAnswer>(`${path}/quality`).then(samples, () => null),
      session.end ? this.#receipts(path, signal).catch(asProblem) : null,
    ]);
    return { session, story, entries, complaints, deliveries, notes, quality, receipts };
  }

  async #receipts(path: string, signal: AbortSignal): Promise<Checked[]> {
    const { client } = this.app;
    const records = await Promise.all(
      ROLES.map(async (role) => {
        const { jws } = await client.get<{ jws: string }>(`${path}/receipt`, { role }, signal);
        return { role, jws };
      }),
    );
    // then the keys: the one that signed may have been made for the first of these
    const { keys } = await client.get<{ keys: Record<string, string>[] }>("/.well-known/jwks.json", {}, signal);
    return Promise.all(
      records.map(async ({ role, jws }) => ({ role, fits: await check(jws, keys), issuer: decode(jws).iss })),
    );
  }

  protected override actions(data: Whole | null): unknown {
    if (!data) return nothing;
    const { session } = data;
    const { app } = this;
    const open = !["ended", "cancelled"].includes(session.status);
    const begun = ["live", "held"].includes(session.status);
    const does = (act: (app: typeof this.app, session: Session) => Promise<boolean>) => async () => {
      if (await act(app, session)) await this.refresh();
    };
    return html`
      ${open && app.can("link") ? html`<button @click=${does(acts.newLinks)} data-testid="links">${texts.acts.links.button}</button>` : nothing}
      ${session.end && app.can("moderate") ? html`<button @click=${does(acts.excuse)} data-testid="excuse">${texts.acts.excuse.button}</button>` : nothing}
      ${session.end && app.can("moderate") ? html`<button @click=${does(acts.revise)} data-testid="revise">${texts.acts.revise.button}</button>` : nothing}
      ${open && !begun && app.can("end") ? html`<button class="danger-quiet" @click=${does(acts.cancelSession)} data-testid="cancel">${texts.acts.cancel.button}</button>` : nothing}
      ${begun && app.can("end") ? html`<button class="danger-quiet" @click=${does(acts.removeParty)} data-testid="remove">${texts.acts.remove.button}</button>` : nothing}
      ${open && app.can("end") ? html`<button class="danger-quiet" @click=${does(acts.endSession)} data-testid="end">${texts.acts.end.button}</button>` : nothing}
    `;
  }

  protected content(data: Whole) {
    const { session, story, entries } = data;
    const names = { client: session.client.name, expert: session.expert.name };
    const now = this.app.now();
    return html`
      <p class="summary">
        ${status(session.status)}
        ${session.end ? html`<b data-testid="ending">${ending(session.end)}</b>` : nothing}
        <span>${format.window(session.starts_at, session.ends_at, now)} <span class="quiet">${format.zone(session.starts_at)}, ${session.duration_minutes} min</span></span>
        ${session.end?.flags.map((flag) => chip(texts.flag[flag] ?? flag, "warn"))}
        ${session.end?.note ? html`<span class="quiet">“${session.end.note}”</span>` : nothing}
      </p>
      <div class="session-grid">
        <section class="card lanes-card" aria-labelledby="lanes-title">
          <h2 id="lanes-title">${t.story}</h2>
          ${
            isProblem(story) || isProblem(entries)
              ? this.#failed(isProblem(story) ? story : (entries as Problem))
              : html`<hs-swim-lanes .story=${story} .entries=${entries} .names=${names} .quality=${data.quality} .lit=${this.#lit}
                  @hs-lit=${(event: CustomEvent<number | null>) => this.#light(event.detail)} @hs-jump=${(event: CustomEvent<number>) => this.#jump(event.detail)}></hs-swim-lanes>`
          }
        </section>
        <section class="card ledger-card" aria-labelledby="ledger-title">
          <h2 id="ledger-title">${t.ledger}</h2>
          ${isProblem(entries) ? this.#failed(entries) : this.#ledger(entries, session)}
        </section>
        <div class="session-rest">
          <div class="two">${ROLES.map((role) => this.#party(session, role))}</div>
          ${isProblem(story) || !story.why ? this.#notYet(session) : this.#why(story.why, story, session)}
          ${this.#refund(session)}
          <section class="card">
            <h2>${texts.views.complaints}</h2>
            ${
              isProblem(data.complaints)
                ? this.#failed(data.complaints)
                : data.complaints.length === 0
                  ? html`<p class="empty">${t.noComplaints}</p>`
                  : data.complaints.map((each) => complaintCard(this.app, each, this.refresh))
            }
          </section>
          <section class="card"><h2>${t.told}</h2>${isProblem(data.deliveries) ? this.#failed(data.deliveries) : this.#told(data.deliveries)}</section>
          <section class="card">
            <h2>${texts.notes.title}</h2>
            ${isProblem(data.notes) ? this.#failed(data.notes) : html`<hs-notes .app=${this.app} .path=${`/v1/sessions/${encodeURIComponent(session.id)}/notes`} .notes=${data.notes} @hs-changed=${this.refresh}></hs-notes>`}
          </section>
          <section class="card"><h2>${t.records}</h2>${this.#records(data.receipts)}</section>
        </div>
      </div>
    `;
  }

  // --- the ledger ---

  #ledger(entries: Entry[], session: Session) {
    let day = "";
    const currency = session.fee?.currency ?? null;
    return html`
      <ol class="ledger" data-testid="ledger">
        ${entries.map((each) => {
          const date = format.date(each.at);
          const first = date !== day;
          day = date;
          const who = each.role ? texts.role[each.role] : "";
          return html`
            ${first ? html`<li class="day">${date}</li>` : nothing}
            <li class="entry ${each.role ?? "session"} ${each.seq === this.#lit ? "lit" : ""}" id="entry-${each.seq}" tabindex=${each.seq === (this.#lit ?? entries[0]?.seq) ? 0 : -1} data-seq=${each.seq}
              @pointerenter=${() => this.#light(each.seq)} @pointerleave=${() => this.#light(null)} @focus=${() => this.#light(each.seq)}>
              <time datetime=${new Date(each.at).toISOString()}>${format.precise(each.at)}</time>
              <span class="what">${texts.entry(each.kind, who, each.fact, currency, format)}</span>
              <span class="seq" title=${each.hash}>${each.seq}</span>
            </li>
          `;
        })}
      </ol>
      <p class="quiet small">${t.chain}</p>
    `;
  }

  #light(seq: number | null): void {
    if (seq === this.#lit) return;
    this.#lit = seq;
    this.requestUpdate();
  }

  #jump(seq: number): void {
    this.#light(seq);
    const found = this.querySelector<HTMLElement>(`#entry-${seq}`);
    found?.scrollIntoView({ block: "nearest" });
    found?.focus({ preventScroll: true });
  }

  // --- who ---

  #party(session: Session, role: Role) {
    const { id, name, attendance: kind, lateness_seconds, arrived_at, guidelines, country, time_zone } = session[role];
    const present = session.end?.present_seconds[role];
    return html`
      <section class="card party ${role}">
        <h2>${personLink(id, name)} <small class="quiet">${texts.role[role]}</small></h2>
        ${facts([
          [t.attendance, attendance(kind, lateness_seconds)],
          [t.arrived, arrived_at ? html`<span class="time">${format.precise(arrived_at)}</span>` : "–"],
          present === undefined ? null : [t.present, format.span(present)],
          [t.guidelines, guidelines ? texts.guidelines[guidelines] : "–"],
          country || time_zone ? [t.from, [time_zone, country].filter(Boolean).join(", ")] : null,
        ])}
      </section>
    `;
  }

  // --- why ---

  #notYet(session: Session) {
    return html`<section class="card"><h2>${t.why}</h2><p class="empty">${session.end ? t.noWhy : t.whyLater}</p></section>`;
  }

  #why(why: Why, { checks }: Story, session: Session) {
    const { inputs, formula, terms } = why;
    const used = Object.entries(terms.values);
    return html`
      <section class="card why" aria-labelledby="why-title">
        <h2 id="why-title">${t.why}</h2>
        <ol class="sentences">${why.sentences.map(({ rule, text }) => html`<li><p>${inMinutes(text)}</p>${rules([rule])}</li>`)}</ol>
        ${formula && inputs.fee ? this.#sum(why) : nothing}
        <h3>${t.inputs}</h3>
        ${facts([
          [t.booked, format.span(inputs.duration_seconds)],
          inputs.fee ? [t.fee, format.money(inputs.fee)] : null,
          [t.absent, format.span(inputs.absence_seconds)],
          [t.mutual, inputs.mutual_seconds === null ? t.notMeasured : format.span(inputs.mutual_seconds)],
          ...ROLES.map((role): [string, unknown] => [
            session[role].name,
            html`${attendance(inputs[role].attendance, inputs[role].lateness_seconds)} ${t.presentFor(format.span(inputs[role].present_seconds))}`,
          ]),
        ])}
        ${why.revisions.map(
          (each) => html`
            <p class="act"><b>${t.revised}</b> <span class="quiet">${each.name ?? each.by}, ${when(each.at, this.app.now())}</span><br />${each.reason ?? texts.erased}
              ${each.refund_max ? html`<br />${t.newMost(format.money(each.refund_max))}` : nothing}</p>
          `,
        )}
        <p>${t.allRules} ${rules(inOrder(why.rules))}</p>
        <details>
          <summary>${t.terms} <span class="id">${terms.hash.slice(0, 12)}</span></summary>
          ${facts(used.map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]))}
        </details>
        <p class="checks">
          ${tick(checks.chain, t.chainHolds, t.chainBroken)} ${tick(checks.settled_head, t.headFits, t.headWrong)} ${tick(checks.replayed, t.replayed, t.replayDiffers)}
        </p>
      </section>
    `;
  }

  /** Fee times what was not delivered, over what was booked: as a sum in words, and as a bar to the same scale. */
  #sum({ formula, inputs, parts }: Why) {
    if (!formula || !inputs.fee) return nothing;
    const currency = inputs.fee.currency;
    const total = formula.denominator_ms / 1000;
    let at = 100 - Math.min(100, (100 * formula.numerator_ms) / formula.denominator_ms);
    return html`
      <div class="sum" data-testid="sum">
        <p><span class="time">${t.formula(format.money(inputs.fee), format.span(formula.numerator_ms / 1000), format.span(total))}</span> = <b class="time">${format.money({ amount: formula.max, currency })}</b></p>
        ${
          parts.length === 0
            ? nothing
            : html`
              <svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=${t.share(Math.round((100 * formula.numerator_ms) / formula.denominator_ms))}>
                <rect class="given" width="100" height="8" />
                ${parts.map(({ seconds }, index) => {
                  const width = (100 * seconds) / total;
                  const x = at;
                  at += width;
                  return html`<svg x=${x.toFixed(2)} width=${width.toFixed(2)} height="8" preserveAspectRatio="none"><rect class="missed n${index % 3}" width="100%" height="8" /></svg>`;
                })}
              </svg>
              <ul class="parts">${parts.map(({ seconds, rule }) => html`<li>${format.span(seconds)} ${rules([rule])} <span class="quiet">${texts.rule(rule)}</span></li>`)}</ul>
            `
        }
      </div>
    `;
  }

  // --- money ---

  #refund(session: Session) {
    const { refund: back, fee } = session;
    if (!back) return nothing;
    const decides = this.app.can("refund");
    const open = ["requested", "review", "disputed"].includes(back.status);
    const decide = (decision: "approved" | "declined") => async () => {
      if (await acts.decideRefund(this.app, session, decision)) await this.refresh();
    };
    return html`
      <section class="card" aria-labelledby="refund-title" data-testid="refund">
        <h2 id="refund-title">${t.refund} ${refund(back.status)}</h2>
        <p>${texts.refundMeans[back.status]}</p>
        ${facts([
          fee ? [t.fee, format.money(fee)] : [t.fee, t.free],
          back.max ? [t.most, format.money(back.max)] : null,
          back.requested ? [t.requested, format.money(back.requested)] : null,
          back.approved ? [t.approved, format.money(back.approved)] : null,
          [t.basis, texts.basis(back.basis)],
          back.until ? [t.until, when(back.until, this.app.now())] : null,
          back.note ? [t.note, back.note] : null,
          back.reference ? [t.reference, html`<span class="id">${back.reference}</span>`] : null,
          session.end?.for_cause ? [t.cause, texts.cause[session.end.for_cause] ?? session.end.for_cause] : null,
        ])}
        ${
          decides && open
            ? html`<p class="row"><button class="primary" @click=${decide("approved")} data-testid="approve">${texts.decide.approve}</button><button @click=${decide("declined")} data-testid="decline">${texts.decide.decline}</button></p>`
            : nothing
        }
        ${
          decides && back.status === "approved"
            ? html`<p><button @click=${async () => (await acts.paid(this.app, session)) && this.refresh()} data-testid="paid">${texts.decide.paidConfirm}</button></p>`
            : nothing
        }
      </section>
    `;
  }

  // --- told, and signed ---

  #told({ data, letters }: SessionDeliveries) {
    if (data.length === 0 && !letters?.length) return html`<p class="empty">${t.nothingTold}</p>`;
    return html`
      <ul class="rows">
        ${data.map(
          (event) => html`
            <li><span class="time">${format.precise(event.at)}</span> <span class="id">${event.type}</span> <span class="quiet">#${event.sequence}</span>
              ${event.deliveries.map((each) => html`<a href=${href(place("webhooks", each.endpoint, {}, each.id))}>${chip(texts.delivery[each.status], DELIVERY[each.status] ?? "plain")}</a>`)}
              ${event.deliveries.length === 0 ? html`<span class="quiet">${t.nobodyAsked}</span>` : nothing}</li>
          `,
        )}
        ${(letters ?? []).map(
          (letter) =>
            html`<li><span class="quiet">${t.letter}</span> ${texts.letters[letter.kind] ?? letter.kind} (${texts.role[letter.role].toLowerCase()}) ${chip(letter.status, letter.status === "failed" ? "bad" : "faint")} ${letter.why ?? nothing}</li>`,
        )}
      </ul>
    `;
  }

  #records(receipts: Whole["receipts"]) {
    if (receipts === null) return html`<p class="empty">${t.recordLater}</p>`;
    if (isProblem(receipts))
      return receipts.code === "not_settled" ? html`<p class="empty">${t.recordLater}</p>` : this.#failed(receipts);
    return html`
      <ul class="rows" data-testid="records">
        ${receipts.map(({ role, fits, issuer }) => html`<li>${tick(fits, t.fits(texts.role[role], issuer), fits === null ? t.cannotCheck(texts.role[role]) : t.fitsNot(texts.role[role]))}</li>`)}
      </ul>
    `;
  }

  #failed(problem: Problem): TemplateResult {
    const words = problem.offline
      ? texts.state.offline
      : problem.status === 403
        ? t.notForYou
        : problem.message || texts.state.failed;
    return html`<p class="empty" role="status">${words} <button class="plain" @click=${this.refresh}>${texts.state.again}</button></p>`;
  }
}

/** Spans that the server says in seconds, as people say them. */
function inMinutes(text: string): string {
  return text.replace(/(\d+(?:\.\d+)?) s\b/g, (_, seconds) => format.span(Number(seconds)));
}

const DELIVERY: Record<string, Tone> = { pending: "warn", delivered: "good", failed: "bad" };

function isProblem(value: unknown): value is Problem {
  return value instanceof Error;
}

function tick(holds: boolean | null, yes: string, no: string) {
  if (holds === null) return html`<span class="tick none"><span aria-hidden="true">○</span> ${no}</span>`;
  return html`<span class="tick ${holds ? "yes" : "no"}"><span aria-hidden="true">${holds ? "✓" : "✗"}</span> ${holds ? yes : no}</span>`;
}

/** The whole ledger, page by page: a session that long is rare. */
async function ledger(get: <T>(url: string, query: object) => Promise<T>, path: string): Promise<Entry[]> {
  const found: Entry[] = [];
  let cursor: string | null = null;
  do {
    const page: List<LedgerEntry> = await get(path, cursor ? { cursor } : {});
    found.push(...page.data.map(entry));
    cursor = page.next_cursor;
  } while (cursor && found.length < 5000);
  return found;
}

/** Null when nothing was measured of either side, or is not kept any more. */
function samples(answer: QualityAnswer): QualityAnswer | null {
  return answer.client?.length || answer.expert?.length ? answer : null;
}

customElements.define("hs-session-page", SessionView);
