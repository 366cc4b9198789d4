import { html, nothing } from "lit";
import { mayAsk, standing, waiting } from "../../consents";
import * as format from "../../format";
import type { Consent } from "../../protocol";
import type { Problem } from "../../rest";
import { texts } from "../../texts";
import { typed } from "../../typed";
import { what } from "../consent";
import { RoomElement } from "../element";
import { type Errors, Form, problemWords } from "../form";
import { icon } from "../icon";

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

customElements.define("hs-ask-consent", AskConsent);
customElements.define("hs-answer-consent", AnswerConsent);
customElements.define("hs-withdraw-consent", WithdrawConsent);
customElements.define("hs-consent-panel", ConsentPanel);
