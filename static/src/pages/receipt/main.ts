import "../../styles/base.css";
import "../../styles/receipt.css";
import { html, LitElement, nothing } from "lit";
import { languagesOn } from "../../components/language";
import * as format from "../../format";
import { readIdentity } from "../../identity";
import { formatMoney } from "../../money";
import type { Money, Role } from "../../protocol";
import { check, decode, keyOf, type Receipt } from "../../receipt";
import { Problem, Rest } from "../../rest";
import { locale, texts } from "../../texts";
import { bookedIn } from "../../texts/choice";

const t = texts.receipt;

type State = { jws: string; receipt: Receipt } | "loading" | "no_link" | "bad_link" | "offline" | "not_yet";

/** A party's signed record, to read, to print and to keep. Everything on it is in the signed text below it. */
class ReceiptPage extends LitElement {
  static override properties = { _state: { state: true }, _good: { state: true } };

  declare private _state: State;
  /** Whether the signature was checked here: null if this browser could not. */
  declare private _good: boolean | null;

  constructor() {
    super();
    this._state = "loading";
    this._good = null;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  #load = async () => {
    const identity = readIdentity();
    if (!identity) {
      this._state = "no_link";
      return;
    }
    this._state = "loading";
    const rest = new Rest(identity.token);
    try {
      const [jws] = await Promise.all([rest.receipt(), inTheirLanguage(rest)]);
      this._state = { jws, receipt: decode(jws) };
      this._good = await check(jws, await rest.keys());
    } catch (error) {
      if (this._state !== "loading") return; // it is there, only not checked
      const code = error instanceof Problem ? error.code : "offline";
      this._state = code === "unauthorized" ? "bad_link" : code === "not_settled" ? "not_yet" : "offline";
    }
  };

  override render() {
    const state = this._state;
    document.body.dataset.state = typeof state === "string" ? state : "receipt";
    if (state === "loading") return html`<main class="page centre"><p role="status" class="quiet">…</p></main>`;
    if (typeof state === "string") return this.#problem(state);
    return this.#sheet(state.receipt, state.jws);
  }

  #problem(state: "no_link" | "bad_link" | "offline" | "not_yet") {
    const { heading, detail } = state === "not_yet" ? t.notYet : texts.error[state];
    return html`
      ${languagesOn(this)}
      <main class="page centre" role="alert">
        <h1>${heading}</h1>
        <p>${detail}</p>
        ${state === "no_link" || state === "bad_link" ? nothing : html`<button class="primary" @click=${this.#load}>${texts.error.again}</button>`}
      </main>
    `;
  }

  #sheet(said: Receipt, jws: string) {
    const { session, end } = said;
    document.title = `${t.title}: ${session.id}`;
    const by = end.by;
    const who = by === "client" || by === "expert" ? said[by].name : "";
    return html`
      ${languagesOn(this)}
      <main class="page sheet" data-testid="receipt">
        <header class="head">
          <h1 tabindex="-1">${t.title}</h1>
          <p class="quiet">${t.of(said[said.role].name, texts.role[said.role])}</p>
          <p class="row on-screen">
            <button class="primary" data-testid="print" @click=${() => print()}>${t.print}</button>
            <button data-testid="download" @click=${() => download(jws, session.id, said.role)}>${t.download}</button>
          </p>
          <p class="on-screen" role="status" data-testid="checked">${this._good === null ? nothing : this._good ? t.good : t.bad}</p>
        </header>
        <section class="card">
          <h2>${t.session}</h2>
          <table>
            <tbody>
              ${session.title ? row(t.what, session.title) : nothing} ${row(t.number, session.id)} ${row(t.issuer, said.iss)}
              ${row(t.booked, t.window(format.dateTime(session.starts_at), format.time(session.ends_at), format.zone(session.starts_at)))}
              ${row(t.ended, `${format.dateTime(end.as_of)}`)} ${row(t.how, t.ends(end.reason, who, by))}
              ${said.mutual_ms === null ? nothing : row(texts.ended.mutual, format.span(said.mutual_ms / 1000))}
            </tbody>
          </table>
        </section>
        <section class="card">
          <h2>${t.there}</h2>
          ${this.#attendance(said)}
        </section>
        <section class="card">
          <h2>${t.money}</h2>
          ${this.#money(said)}
        </section>
        ${said.consents.length === 0 ? nothing : this.#consents(said)}
        <section class="card small">
          <h2>${t.small}</h2>
          <p>${t.utc(session.starts_at, session.ends_at, end.as_of, end.decided_at)}</p>
          ${(["client", "expert"] as const).map((role) => guidelines(said, role))}
          ${said.revised_at ? html`<p>${t.revised(format.dateTime(said.revised_at))}</p>` : nothing}
          <p>${t.rules(format.list(said.rules))}</p>
          <p>${t.terms} ${said.terms}</p>
          <p>${t.ledger(said.ledger.seq)} ${said.ledger.hash}</p>
          <p>${t.key} ${keyOf(jws)}</p>
          <p>${t.checking(said.iss)}</p>
        </section>
        <section class="card long">
          <h2>${t.text}</h2>
          <p class="small">${t.textHelp}</p>
          <pre class="jws" data-testid="jws" tabindex="0" aria-label=${t.text}>${jws}</pre>
        </section>
      </main>
    `;
  }

  #attendance(said: Receipt) {
    const roles = ["client", "expert"] as const;
    const line = (label: string, cell: (role: Role) => unknown) => html`
      <tr><th scope="row">${label}</th>${roles.map((role) => html`<td>${cell(role)}</td>`)}</tr>
    `;
    const starts = Date.parse(said.session.starts_at);
    return html`
      <table data-testid="attendance">
        <thead><tr><td></td>${roles.map((role) => html`<th scope="col">${said[role].name} <span class="quiet">(${texts.role[role]})</span></th>`)}</tr></thead>
        <tbody>
          ${line(t.joined, (role) => {
            const { arrived_at, lateness_ms } = said[role];
            if (!arrived_at) return texts.ended.absent;
            const late = lateness_ms ? `, ${t.after(format.span(lateness_ms / 1000))}` : "";
            return `${format.time(Math.max(starts, Date.parse(arrived_at)))}${late}`;
          })}
          ${line(t.presence, (role) => format.span(said[role].present_ms / 1000))}
          ${line(t.away, (role) =>
            said[role].gaps.length === 0
              ? t.never
              : said[role].gaps.map(({ from, to }) => html`<div>${t.fromTo(format.time(from), format.time(to))}</div>`),
          )}
        </tbody>
      </table>
    `;
  }

  #money(said: Receipt) {
    const { refund, fee } = said;
    const parts = said.not_delivered.map(({ ms, rule }) =>
      texts.refund.part(format.span(ms / 1000), texts.refund.why(rule)),
    );
    const status = refund && (t.refunds as Record<string, string>)[refund.status];
    const amount = refund && refundAmount(refund);
    const factor = said.fee_factor_bps;
    return html`
      <table>
        <tbody>
          ${row(t.fee, fee ? money(fee) : t.noFee)}
          ${row(t.notDelivered, parts.length === 0 ? t.nothing : parts.map((each) => html`<div>${each}</div>`))}
          ${refund && fee ? row(t.refund, `${status}${amount ? `: ${amount}` : ""}`) : nothing}
          ${factor === undefined || factor === null ? nothing : row(t.factor, format.percent(factor))}
          ${said.expert_fee ? row(t.pay, money(said.expert_fee)) : nothing}
        </tbody>
      </table>
    `;
  }

  #consents(said: Receipt) {
    return html`
      <section class="card">
        <h2>${t.consent}</h2>
        ${said.consents.map(({ asked_by, asked_at, status, given_at, closed_at }) => {
          const at = (time: string | null) => (time ? format.dateTime(time) : "");
          return html`<p>${t.asked(said[asked_by].name, at(asked_at))} ${t.consented(status, at(given_at), at(closed_at))}</p>`;
        })}
      </section>
    `;
  }
}

/** Of the booking; whoever cannot be asked is read to in the browser's. */
async function inTheirLanguage(rest: Rest): Promise<void> {
  const told = await rest.me().catch(() => null);
  if (told) await bookedIn(told.view.me.locale ?? null);
}

function row(label: string, value: unknown) {
  return html`<tr><th scope="row">${label}</th><td>${value}</td></tr>`;
}

function guidelines(said: Receipt, role: Role) {
  const { name, guidelines } = said[role];
  if (!guidelines) return nothing;
  return html`<p>${t.guidelines(name, guidelines.said === "accepted", guidelines.version, format.dateTime(guidelines.at))}</p>`;
}

/** As much as may be asked back, was asked back, or was agreed to: whichever came last. */
function refundAmount({ status, max, requested, approved, until }: NonNullable<Receipt["refund"]>): string {
  if (status !== "eligible") return money(approved ?? requested);
  return until ? `${money(max)}, ${texts.refund.until(format.dateTime(until))}` : money(max);
}

function money(amount: Money | null): string {
  return amount ? formatMoney(amount, locale) : "";
}

function download(jws: string, session: string, role: Role): void {
  const url = URL.createObjectURL(new Blob([jws], { type: "application/jose" }));
  Object.assign(document.createElement("a"), { href: url, download: `record-${session}-${role}.jws` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

customElements.define("hs-receipt", ReceiptPage);
