import { html, nothing } from "lit";
import * as format from "../format";
import { formatMoney, parseAmount, plainAmount } from "../money";
import type { Money, Refund } from "../protocol";
import { locale, texts } from "../texts";
import { RoomElement } from "./element";

const t = texts.refund;

/** What may be asked back, how it was computed, and where it stands; the client asks here, the expert reads. */
export class RefundBlock extends RoomElement {
  static override properties = { ...RoomElement.properties, _problem: { state: true }, _busy: { state: true } };

  declare private _problem: string | null;
  declare private _busy: boolean;

  constructor() {
    super();
    this._problem = null;
    this._busy = false;
  }

  override render() {
    const { refund, fee, me } = this.view;
    if (!refund || !fee) return nothing;
    return html`<section class="card">${me.role === "client" ? this.#client(refund) : this.#expert(refund)}</section>`;
  }

  #client(refund: Refund) {
    const asking = refund.status === "eligible" && this.view.may.request_refund && refund.max;
    return html`
      <h2>${t.heading}</h2>
      <p role="status" data-testid="refund-status" data-status=${refund.status}>${t.status[refund.status]}</p>
      ${this.#figure(refund)} ${refund.note ? html`<blockquote>${refund.note}</blockquote>` : nothing} ${this.#parts(refund)}
      ${asking && refund.max ? this.#form(refund.max, refund.until) : nothing}
    `;
  }

  #expert(refund: Refund) {
    return html`
      <h2>${t.headingExpert}</h2>
      <p role="status" data-testid="refund-status" data-status=${refund.status}>${t.statusExpert[refund.status]}</p>
      ${this.#figure(refund)} ${this.#parts(refund)}
    `;
  }

  #figure({ status, max, requested, approved, until }: Refund) {
    if (status === "eligible" && max) {
      return html`<p><span class="time large" data-testid="refund-max">${money(max)}</span> ${until ? html`<span class="quiet">${t.until(format.dateTime(until))}</span>` : nothing}</p>`;
    }
    const lines: [string, Money | null][] = [
      [t.approved, approved],
      [t.requested, requested],
    ];
    return lines.map(([label, amount]) =>
      amount ? html`<p>${label} <span class="time large">${money(amount)}</span></p>` : nothing,
    );
  }

  #parts({ parts, max }: Refund) {
    const { fee, starts_at, ends_at } = this.view;
    if (!fee || !max || parts.length === 0) return nothing;
    const total = parts.reduce((sum, { seconds }) => sum + seconds, 0);
    const booked = (Date.parse(ends_at) - Date.parse(starts_at)) / 1000;
    return html`
      <details>
        <summary>${t.how}</summary>
        <ul>
          ${parts.map(({ seconds, rule }) => html`<li>${t.part(format.span(seconds), t.why(rule))}</li>`)}
        </ul>
        <p>${t.sum(format.span(total), format.span(booked), money(fee))}</p>
      </details>
    `;
  }

  #form(max: Money, _until: string | null) {
    return html`
      <form class="ask" @submit=${(event: SubmitEvent) => this.#ask(event, max)}>
        <label>
          <span>${t.amount}</span>
          <input name="amount" inputmode="decimal" autocomplete="off" data-testid="refund-amount" value=${plainAmount(max, locale)} aria-describedby="refund-less" />
        </label>
        <p class="quiet" id="refund-less">${t.less}</p>
        ${this._problem ? html`<p role="alert" class="problem">${this._problem}</p>` : nothing}
        <button class="primary" data-testid="refund-request" ?disabled=${this._busy}>${t.request}</button>
      </form>
    `;
  }

  async #ask(event: SubmitEvent, max: Money): Promise<void> {
    event.preventDefault();
    const text = String(new FormData(event.target as HTMLFormElement).get("amount") ?? "");
    const amount = parseAmount(text, max.exponent);
    if (amount === null || amount > max.amount) {
      this._problem = t.bad(money(max));
      return;
    }
    this._busy = true;
    this._problem = null;
    try {
      await this.room.rest.refund(amount === max.amount ? undefined : { amount, currency: max.currency });
    } catch {
      this._problem = t.failed;
    }
    this._busy = false;
    await this.room.refresh();
  }
}

function money(amount: Money): string {
  return formatMoney(amount, locale);
}

customElements.define("hs-refund", RefundBlock);
