/** What is said after a session: ratings, reports, claims, restrictions. Fetched by itself, with its words and styles. */

import "../styles/afterwards.css";
import { html, nothing, type TemplateResult } from "lit";
import { attendanceInQuestion, bound, inForce, ratingsAreOpen, sorted } from "../afterwards";
import * as format from "../format";
import type { Consent, Rating, Report, Sanction, Afterwards as Told } from "../protocol";
import type { Problem } from "../rest";
import { TAGS, type Tag } from "../tags";
import { locale, texts } from "../texts";
import { afterwardsTexts as t } from "../texts/afterwards";
import { typed } from "../typed";
import { RoomElement } from "./element";
import { type Errors, Form, problemWords } from "./form";
import { type Kind, kinds, REPORT } from "./report";

const STARS = [1, 2, 3, 4, 5] as const;

abstract class LateForm extends Form {
  protected override words(problem: Problem): string {
    return t.problem(problem.code) ?? problemWords(problem);
  }

  protected submit(id: string, label: string): TemplateResult {
    return html`<button class="primary" data-testid=${id}>${label}</button>`;
  }
}

class RatingForm extends LateForm {
  static override properties = { ...LateForm.properties, _stars: { state: true } };

  declare private _stars: number;

  constructor() {
    super();
    this._stars = 0;
  }

  protected override fields() {
    const { role, name } = this.view.other;
    const until = this.view.afterwards?.rate_until;
    return html`
      <fieldset class="stars" aria-describedby=${this.idOf("stars-error")}>
        <legend>${t.rating.stars}</legend>
        <div class="row">
          ${STARS.map(
            (count) => html`
              <label class=${count <= this._stars ? "lit" : ""}>
                <input type="radio" name="stars" value=${count} data-testid="stars-${count}" required
                  @change=${() => this.#choose(count)} />
                <span class="hidden">${t.rating.star(count)}</span>
                <span aria-hidden="true">${count <= this._stars ? "★" : "☆"}</span>
              </label>
            `,
          )}
        </div>
        <p class=${this._errors.stars ? "error" : "error quiet"} id=${this.idOf("stars-error")}>${
          this._errors.stars || (this._stars ? t.rating.star(this._stars) : t.rating.none)
        }</p>
      </fieldset>
      <fieldset class="tags">
        <legend>${t.rating.tags} <span class="quiet">(${texts.form.optional})</span></legend>
        ${TAGS[role].map(
          (tag) =>
            html`<label><input type="checkbox" name="tags" value=${tag} data-testid="tag-${tag}" /> ${t.rating.tag[tag]}</label>`,
        )}
      </fieldset>
      ${this.field("text", t.rating.text, { rows: 2 })}
      ${until ? html`<p class="quiet">${t.rating.closed(name, byMinute(until))}</p>` : nothing}
    `;
  }

  protected override restored(): void {
    this._stars = Number(this.querySelector<HTMLInputElement>("[name=stars]:checked")?.value ?? 0);
  }

  protected override buttons() {
    return this.submit("rate", t.rating.send);
  }

  #choose(count: number): void {
    this._stars = count;
  }

  protected override check(data: FormData): Errors {
    return data.get("stars") ? {} : { stars: t.rating.missing };
  }

  protected override async send(data: FormData): Promise<string> {
    await this.room.rest.tell("rating", {
      stars: Number(data.get("stars")),
      tags: data.getAll("tags").map(String),
      ...optional(data),
    });
    return t.rating.sent;
  }
}

class AnswerForm extends LateForm {
  protected override fields() {
    return this.field("text", t.rating.answer, {
      help: t.rating.answerHelp(this.view.other.name),
      required: true,
      rows: 2,
    });
  }

  protected override buttons() {
    return this.submit("answer-rating", t.rating.answerSend);
  }

  protected override check(data: FormData): Errors {
    return typed(data, "text") ? {} : { text: t.rating.answerMissing };
  }

  protected override async send(data: FormData): Promise<string> {
    await this.room.rest.tell("rating/answer", { text: typed(data, "text") });
    return t.rating.answerSent;
  }
}

class ReportForm extends LateForm {
  protected override draft(): string {
    return REPORT;
  }

  protected override restored(): void {
    this.closest("details")?.setAttribute("open", "");
  }

  protected override fields() {
    const { other, may, afterwards } = this.view;
    const from = afterwards?.rate_until;
    const told = from && this.now < Date.parse(from) ? t.report.told(other.name, byMinute(from)) : null;
    return html`
      <p>${t.report.about(other.name)}</p>
      ${kinds(may.report, null, { id: this.idOf("category-error"), line: this.error("category") })}
      ${this.field("text", t.report.text, { rows: 4, max: 4000 })}
      <p class="quiet">${told ?? t.report.toldLater(other.name)}</p>
    `;
  }

  protected override buttons() {
    return this.submit("report", t.report.send);
  }

  protected override check(data: FormData): Errors {
    return data.get("category") ? {} : { category: t.report.missing };
  }

  protected override async send(data: FormData): Promise<string> {
    const said = { category: typed(data, "category"), ...optional(data) };
    const { ticket } = (await this.room.rest.tell("complaints", said)) as { ticket: string };
    return t.report.sent(ticket);
  }
}

class ClaimForm extends LateForm {
  protected override fields() {
    return html`
      <p>${t.claim.about}</p>
      <fieldset class="choices">
        <legend>${t.claim.what}</legend>
        ${Object.entries(texts.leave.causes).map(
          ([cause, words]) => html`
            <label><input type="radio" name="cause" value=${cause} data-testid="cause-${cause}" /> <span>${words}</span></label>
          `,
        )}
        ${this.error("cause")}
      </fieldset>
      ${this.field("text", t.claim.text, { rows: 3 })}
    `;
  }

  protected override buttons() {
    return this.submit("claim", t.claim.send);
  }

  protected override check(data: FormData): Errors {
    return data.get("cause") ? {} : { cause: t.claim.missing };
  }

  protected override async send(data: FormData): Promise<string> {
    await this.room.rest.tell("cause", { cause: typed(data, "cause"), ...optional(data) });
    return t.claim.sent;
  }
}

class DisputeForm extends LateForm {
  protected override fields() {
    return html`<p>${t.dispute.about}</p>${this.field("text", t.dispute.text, { rows: 3 })}`;
  }

  protected override buttons() {
    return this.submit("dispute", t.dispute.send);
  }

  protected override async send(data: FormData): Promise<string> {
    await this.room.rest.tell("dispute", optional(data));
    return t.dispute.sent;
  }
}

class ContestForm extends LateForm {
  protected override fields() {
    return html`<p>${t.contest.about}</p>${this.field("text", t.contest.text, { rows: 3, required: true })}`;
  }

  protected override buttons() {
    return this.submit("contest", t.contest.send);
  }

  protected override check(data: FormData): Errors {
    return typed(data, "text") ? {} : { text: t.contest.missing };
  }

  protected override async send(data: FormData): Promise<string> {
    await this.room.rest.tell("contest", { text: typed(data, "text") });
    return t.contest.sent;
  }
}

class AppealForm extends LateForm {
  static override properties = { ...LateForm.properties, sanction: { attribute: false } };

  declare sanction: Sanction;

  protected override draft(): string {
    return this.sanction.id;
  }

  protected override fields() {
    const a = t.restriction.appeal;
    const until = this.sanction.appeal_until;
    return html`
      ${until ? html`<p>${a.about(byMinute(until))}</p>` : nothing}
      ${this.field("text", a.text, { rows: 5, required: true, max: 4000 })}
    `;
  }

  protected override buttons() {
    return this.submit("appeal", t.restriction.appeal.send);
  }

  protected override check(data: FormData): Errors {
    return typed(data, "text") ? {} : { text: t.restriction.appeal.missing };
  }

  protected override async send(data: FormData): Promise<string> {
    await this.room.rest.tell("appeal", { sanction: this.sanction.id, text: typed(data, "text") });
    return t.restriction.appeal.sent;
  }
}

/** All of it, as cards; each keeps what was said of it last. */
class AfterwardsCards extends RoomElement {
  static override properties = { ...RoomElement.properties, _told: { state: true } };

  declare private _told: Record<string, string>;

  constructor() {
    super();
    this._told = {};
  }

  override render() {
    const { afterwards } = this.view;
    if (!afterwards) return nothing;
    // who left for its own safety looks for its report, and is asked for nothing else first
    const { end, me } = this.view;
    const reportFirst = end?.reason === "safety" && end.by === me.role;
    const reports = this.#reports(afterwards);
    return html`
      <div class="columns cards">
        ${sorted(afterwards.sanctions, this.now).map((sanction) => this.#restriction(sanction))}
        ${reportFirst ? reports : nothing} ${this.#rating(afterwards)} ${this.#theirs(afterwards)}
        ${this.#contest(afterwards)} ${this.#claim()} ${this.#dispute()} ${this.#said(afterwards)}
        ${reportFirst ? nothing : reports} ${this.#consents()}
      </div>
    `;
  }

  #card(id: string, heading: string, body: unknown): TemplateResult {
    return html`
      <section class="card" data-testid="card-${id}" @hs-said=${(event: CustomEvent) => this.#onSaid(id, event)}>
        <h2>${heading}</h2>
        <p class="said" role="status" tabindex="-1" data-card=${id}>${this._told[id] ?? nothing}</p>
        ${body}
      </section>
    `;
  }

  /** Say that it is kept, show what has changed, and bring the focus to where the form was. */
  async #onSaid(id: string, event: CustomEvent): Promise<void> {
    const form = event.target as HTMLElement;
    form.querySelector("form")?.reset();
    form.closest("details")?.removeAttribute("open");
    this._told = { ...this._told, [id]: String(event.detail) };
    await this.room.refresh();
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector<HTMLElement>(`[data-card="${id}"]`)?.focus();
  }

  #rating(told: Told) {
    const { view, room, now } = this;
    const { name } = view.other;
    if (view.may.rate) {
      return this.#card(
        "rating",
        t.rating.heading(name),
        html`<hs-rating-form .room=${room} .now=${now}></hs-rating-form>`,
      );
    }
    const { rating, rate_until } = told;
    if (!rating) return nothing;
    const open = ratingsAreOpen(told, now);
    const later = open || told.rating_of_me ? null : rate_until;
    return this.#card(
      "rating",
      t.rating.mine(name),
      html`
        ${shownRating(rating)}
        ${open ? html`<p class="quiet">${t.rating.open(name)}</p>` : rate_until ? html`<p class="quiet">${t.rating.closed(name, byMinute(rate_until))}</p>` : nothing}
        ${later ? html`<p class="quiet">${t.rating.theirsLater(name, byMinute(later))}</p>` : nothing}
        ${rating.answer ? html`<p>${t.rating.answered(name)}</p><blockquote data-testid="answer-of-other">${rating.answer}</blockquote>` : nothing}
      `,
    );
  }

  #theirs(told: Told) {
    const { view, room, now } = this;
    const { name } = view.other;
    const { rating_of_me } = told;
    if (!rating_of_me) return nothing;
    return this.#card(
      "rating-of-me",
      t.rating.theirs(name),
      html`
        ${shownRating(rating_of_me)}
        ${rating_of_me.answer ? html`<p>${t.rating.answerMine}</p><blockquote>${rating_of_me.answer}</blockquote>` : nothing}
        ${view.may.answer_rating ? html`<hs-answer-form .room=${room} .now=${now}></hs-answer-form>` : nothing}
      `,
    );
  }

  #reports({ reports }: Told) {
    const { view, room, now } = this;
    if (reports.length === 0 && view.may.report.length === 0) return nothing;
    return this.#card(
      "report",
      t.report.heading,
      html`
        ${reports.length > 0 ? html`<ul class="plain">${reports.map((report) => ownReport(report))}</ul>` : nothing}
        ${
          view.may.report.length > 0
            ? html`<details data-testid="report-open">
                <summary>${t.report.open}</summary>
                <hs-report-form .room=${room} .now=${now}></hs-report-form>
              </details>`
            : nothing
        }
      `,
    );
  }

  #said({ reports_of_me }: Told) {
    if (reports_of_me.length === 0) return nothing;
    return this.#card(
      "said",
      t.said.heading,
      html`
        <p>${t.said.about}</p>
        <ul class="plain">
          ${reports_of_me.map(
            (report) => html`
              <li data-testid="report-of-me">
                <p><strong>${kindName(report.category)}</strong></p>
                ${quoted(report.text)}
                <p>${t.said.status[report.status]}</p>
                ${reason(report.why)}
              </li>
            `,
          )}
        </ul>
      `,
    );
  }

  #claim() {
    const { view, room, now } = this;
    if (!view.may.claim) return this._told.claim ? this.#card("claim", t.claim.heading, nothing) : nothing;
    return this.#card(
      "claim",
      t.claim.heading,
      html`<details data-testid="claim-open">
        <summary>${t.claim.open}</summary>
        <hs-claim-form .room=${room} .now=${now}></hs-claim-form>
      </details>`,
    );
  }

  #dispute() {
    const { view, room, now } = this;
    if (!view.may.dispute) return this._told.dispute ? this.#card("dispute", t.dispute.heading, nothing) : nothing;
    return this.#card(
      "dispute",
      t.dispute.heading,
      html`<details data-testid="dispute-open">
        <summary>${t.dispute.open}</summary>
        <hs-dispute-form .room=${room} .now=${now}></hs-dispute-form>
      </details>`,
    );
  }

  #contest({ contested, excused }: Told) {
    const { view, room, now } = this;
    const record = attendanceInQuestion(view);
    if (!record) return nothing;
    const c = t.contest;
    return this.#card(
      "contest",
      c.heading,
      html`
        <p>${record.kind === "late" ? c.late(format.span(record.seconds)) : c.absent}</p>
        ${excused ? html`<p>${c.excused}</p>` : contested ? html`<p>${c.contested}</p>` : nothing}
        ${
          view.may.contest
            ? html`<details data-testid="contest-open">
                <summary>${c.open}</summary>
                <hs-contest-form .room=${room} .now=${now}></hs-contest-form>
              </details>`
            : nothing
        }
      `,
    );
  }

  #consents() {
    const { consents } = this.view;
    if (consents.length === 0) return nothing;
    return this.#card(
      "consents",
      t.consents.heading,
      html`<ul class="plain">${consents.map((consent) => html`<li>${this.#consent(consent)}</li>`)}</ul>`,
    );
  }

  #consent({ by, status, scope, purpose, name, given_at }: Consent) {
    const { me, other } = this.view;
    const words = [scope, purpose].flatMap((text) => text ?? []).join("; ") || texts.consent.gone;
    return html`
      <p><strong>${by === me.role ? t.consents.askedByMe : t.consents.asked(other.name)}:</strong> ${words}</p>
      <p>${status === "given" ? t.consents.stands : t.consents.status[status]} ${status === "given" && name && given_at ? texts.consent.given(name, format.time(given_at)) : nothing}</p>
    `;
  }

  #restriction(sanction: Sanction) {
    const r = t.restriction;
    const { basis, measure, until, lifted_at, sessions, law, reason: words, appeal, appeal_reason } = sanction;
    const current = inForce(sanction, this.now);
    const role = r.roles[bound(sanction.roles)];
    const rule =
      basis === "operator" ? r.rule.operator : measure === "permanent" ? r.rule.permanent[basis] : r.rule[measure];
    const heading = current ? r.heading : r.past;
    return this.#card(
      `restriction-${sanction.id}`,
      heading,
      html`
        <p class=${current ? "strong" : ""} data-testid="restriction">${measure === "suspension" ? r.now.suspension(role, until ? byMinute(until) : "") : r.now[measure](role)}</p>
        <p class="quiet">${r.since(byMinute(sanction.imposed_at))}.
          ${lifted_at ? r.lifted(byMinute(lifted_at)) : !current && until ? r.over(byMinute(until)) : nothing}</p>
        <div class="statement" data-testid="statement">
          <h3>${r.reasons}</h3>
          <p>${r.facts[basis]}</p>
          ${words ? html`<p>${r.words}</p><blockquote>${words}</blockquote>` : nothing}
          ${law ? html`<p>${r.law(format.country(law))}</p>` : nothing}
          <p>${rule}</p>
          ${sessions.length > 0 ? html`<p>${r.sessions} ${inOrder(sessions)}</p>` : nothing}
          ${current && basis !== "operator" ? html`<p>${r.unfounded}</p>` : nothing}
          ${current ? html`<p>${r.remains}</p>` : nothing}
        </div>
        ${appeal ? html`<p data-testid="appeal-status">${r.appeal[appeal]}</p>${reason(appeal_reason)}` : nothing}
        ${
          sanction.appeal_until
            ? html`<details data-testid="appeal-open">
                <summary>${r.appeal.open}</summary>
                <hs-appeal-form .room=${this.room} .now=${this.now} .sanction=${sanction}></hs-appeal-form>
              </details>`
            : nothing
        }
      `,
    );
  }
}

function shownRating({ stars, tags, text }: Rating) {
  const words = format.list(tags.map((tag) => t.rating.tag[tag as Tag] ?? tag));
  return html`
    <p class="given" data-testid="rating-shown"><span class="lit" aria-hidden="true">${"★".repeat(stars)}${"☆".repeat(5 - stars)}</span> <span>${t.rating.star(stars)}</span></p>
    ${words ? html`<p>${words}</p>` : nothing} ${text ? html`<blockquote>${text}</blockquote>` : nothing}
  `;
}

function ownReport(report: Report) {
  return html`
    <li data-testid="own-report">
      <p><strong data-testid="ticket">${t.report.ticket(report.ticket)}</strong> <span class="quiet">${t.report.filed(byMinute(report.filed_at))}</span></p>
      <p>${kindName(report.category)}</p>
      ${report.text === null ? nothing : html`<blockquote>${report.text}</blockquote>`}
      <p data-testid="report-status">${t.report.status[report.status]}</p>
      ${reason(report.why)}
    </li>
  `;
}

function quoted(text: string | null) {
  return text === null ? html`<p class="quiet">${t.report.noText}</p>` : html`<blockquote>${text}</blockquote>`;
}

function reason(why: string | null) {
  return why ? html`<p>${t.report.why}</p><blockquote>${why}</blockquote>` : nothing;
}

function kindName(kind: Kind): string {
  return texts.report.kinds[kind].name;
}

/** Seconds would be exact, and in the way. */
function byMinute(at: string): string {
  return format.dateTime(Math.floor(Date.parse(at) / 60_000) * 60_000);
}

function inOrder(ids: readonly string[]): string {
  return format.list([...ids].sort((a, b) => a.localeCompare(b, locale, { numeric: true })));
}

function optional(data: FormData): { text?: string } {
  const text = typed(data, "text");
  return text ? { text } : {};
}

customElements.define("hs-rating-form", RatingForm);
customElements.define("hs-answer-form", AnswerForm);
customElements.define("hs-report-form", ReportForm);
customElements.define("hs-claim-form", ClaimForm);
customElements.define("hs-dispute-form", DisputeForm);
customElements.define("hs-contest-form", ContestForm);
customElements.define("hs-appeal-form", AppealForm);
customElements.define("hs-afterwards", AfterwardsCards);
