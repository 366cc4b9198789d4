import { html, nothing } from "lit";
import { mayAsk, news, standing, toAnswer, waiting } from "../consents";
import * as format from "../format";
import type { Consent } from "../protocol";
import type { Problem } from "../rest";
import { speakAlso, texts } from "../texts";
import { typed } from "../typed";
import { RoomElement } from "./element";
import { type Errors, Form, problemWords } from "./form";
import { icon } from "./icon";

const t = texts.consent;

/** Ask the other for written consent to record (P5.3). */
class AskConsent extends Form {
  protected override fields() {
    return html`
      ${this.field("scope", t.scope, { help: t.scopeHelp, required: true })}
      ${this.field("purpose", t.purpose, { help: t.purposeHelp, required: true, rows: 2, max: 500 })}
    `;
  }

  protected override buttons() {
    return html`<button class="primary" data-testid="consent-ask">${t.send}</button>`;
  }

  protected override check(data: FormData): Errors {
    return {
      ...(typed(data, "scope") ? {} : { scope: t.scopeMissing }),
      ...(typed(data, "purpose") ? {} : { purpose: t.purposeMissing }),
    };
  }

  protected override async send(data: FormData): Promise<null> {
    await this.room.consent({ act: "ask", scope: typed(data, "scope"), purpose: typed(data, "purpose") });
    return null;
  }

  protected override words(problem: Problem): string {
    return t.problem(problem.code) ?? problemWords(problem);
  }
}

/** Answer the other's request: by typing one's name, or not. */
class AnswerConsent extends Form {
  static override properties = { ...Form.properties, consent: { attribute: false } };

  declare consent: Consent;

  protected override draft(): string {
    return this.consent.id;
  }

  protected override fields() {
    return this.field("name", t.name, { required: true, autocomplete: "name" });
  }

  protected override buttons() {
    return html`
      <button class="primary" data-testid="consent-give">${t.give}</button>
      <button type="button" data-testid="consent-refuse" @click=${this.#refuse}>${t.refuse}</button>
      <button type="button" class="plain" data-testid="consent-later"
        @click=${() => this.dispatchEvent(new CustomEvent("hs-later", { bubbles: true }))}>${t.later}</button>
    `;
  }

  protected override check(data: FormData): Errors {
    return typed(data, "name").length < 2 ? { name: t.nameMissing } : {};
  }

  protected override async send(data: FormData): Promise<null> {
    await this.room.consent({ act: "give", request: this.consent.id, name: typed(data, "name") });
    return null;
  }

  protected override words(problem: Problem): string {
    return t.problem(problem.code) ?? problemWords(problem);
  }

  #refuse = () =>
    this.perform(async () => {
      await this.room.consent({ act: "refuse", request: this.consent.id });
      return null;
    });
}

/** Give up a request or a consent. */
class WithdrawConsent extends Form {
  static override properties = { ...Form.properties, consent: { attribute: false }, label: {} };

  declare consent: Consent;
  declare label: string;

  protected override fields() {
    return nothing;
  }

  protected override buttons() {
    return html`<button data-testid="consent-withdraw">${this.label}</button>`;
  }

  protected override async send(): Promise<null> {
    await this.room.consent({ act: "withdraw", request: this.consent.id });
    return null;
  }

  protected override words(problem: Problem): string {
    return t.problem(problem.code) ?? problemWords(problem);
  }
}

/** Over the picture: what is asked of this party, what stands, and what has just been decided. Quiet: it takes no focus. */
export class ConsentNotices extends RoomElement {
  static override properties = { ...RoomElement.properties, _later: { state: true } };

  declare private _later: string | null;

  constructor() {
    super();
    this._later = null;
  }

  override render() {
    const { view, now } = this;
    if (view.consents.length > 0 && !t.asks) {
      void speakAlso("later").catch(() => {}); // seldom needed so early; the next drawing has the words
      return html`<div role="status" class="standing"></div>`;
    }
    const asked = toAnswer(view);
    const decided = news(view, now);
    return html`
      <div role="status" class="standing">
        ${standing(view).map(
          (consent) => html`
            <p class="notice" data-testid="consent-standing">
              <span>${consent.by === view.me.role ? t.standsMine : t.standsOther(view.other.name)}: ${consent.scope ?? t.gone}</span>
              <button class="plain" data-testid="consent-details" @click=${this.#details}>${t.details}</button>
            </p>
          `,
        )}
        ${decided ? html`<p class="notice" data-testid="consent-news">${this.#news(decided)}</p>` : nothing}
        ${
          asked && this._later === asked.id
            ? html`<p class="notice"><span>${t.asks(view.other.name)}</span>
                <button class="plain" data-testid="consent-answer" @click=${() => (this._later = null)}>${t.answer}</button></p>`
            : nothing
        }
      </div>
      ${asked && this._later !== asked.id ? this.#request(asked) : nothing}
    `;
  }

  #request(consent: Consent) {
    const { view, room, now } = this;
    return html`
      <section class="request" role="dialog" aria-labelledby="consent-asks" data-testid="consent-request"
        @hs-later=${() => (this._later = consent.id)}>
        <h2 id="consent-asks" role="alert">${t.asks(view.other.name)}</h2>
        ${what(consent)}
        <p class="quiet">${t.freely}</p>
        <hs-answer-consent .room=${room} .now=${now} .consent=${consent}></hs-answer-consent>
      </section>
    `;
  }

  #news(consent: Consent): string {
    const { me, other } = this.view;
    if (consent.status === "refused") return t.refused(other.name);
    return consent.by === me.role ? t.withdrawnMine : t.withdrawnTheirs(other.name);
  }

  #details = () => this.dispatchEvent(new CustomEvent("hs-more", { bubbles: true }));
}

/** In the panel: ask, and everything that was asked and agreed to, with a way back. */
export class ConsentPanel extends RoomElement {
  override render() {
    const { view, room, now } = this;
    const mine = waiting(view);
    return html`
      <h3>${t.heading}</h3>
      <div role="status" tabindex="-1" class="asked" data-testid="consent-state">
        ${mine ? html`<p>${t.asked(view.other.name)}</p>${what(mine)}${this.#withdraw(mine, t.takeBack)}` : nothing}
        ${standing(view).map(
          (consent) => html`
            <p><strong>${consent.by === view.me.role ? t.standsMine : t.standsOther(view.other.name)}</strong></p>
            ${what(consent)}
            <p class="quiet">${given(consent)}</p>
            ${this.#withdraw(consent, consent.by === view.me.role ? t.stop : t.withdraw)}
          `,
        )}
      </div>
      <p>${t.about}</p>
      ${
        mayAsk(view)
          ? html`<details data-testid="consent-form">
              <summary>${icon("pen")} ${t.ask}</summary>
              <hs-ask-consent .room=${room} .now=${now} @hs-said=${this.#asked}></hs-ask-consent>
            </details>`
          : nothing
      }
    `;
  }

  #withdraw(consent: Consent, label: string) {
    return html`<hs-withdraw-consent .room=${this.room} .now=${this.now} .consent=${consent} .label=${label}></hs-withdraw-consent>`;
  }

  /** The form goes when the answer comes; the focus would go with it. */
  #asked = () => this.querySelector<HTMLElement>(".asked")?.focus();
}

function given(consent: Consent): string {
  return consent.name && consent.given_at ? t.given(consent.name, format.time(consent.given_at)) : "";
}

function what({ scope, purpose }: Consent) {
  return html`
    <dl class="what">
      <dt>${t.what}</dt><dd>${scope ?? t.gone}</dd>
      <dt>${t.purposeShort}</dt><dd>${purpose ?? t.gone}</dd>
    </dl>
  `;
}

customElements.define("hs-ask-consent", AskConsent);
customElements.define("hs-answer-consent", AnswerConsent);
customElements.define("hs-withdraw-consent", WithdrawConsent);
customElements.define("hs-consent-notices", ConsentNotices);
customElements.define("hs-consent-panel", ConsentPanel);
