import { html, nothing } from "lit";
import { news, standing, toAnswer } from "../consents";
import type { Consent } from "../protocol";
import { texts } from "../texts";
import { RoomElement } from "./element";

const t = texts.consent;

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

/** What is to be recorded, and what for. */
export function what({ scope, purpose }: Consent) {
  return html`
    <dl class="what">
      <dt>${t.what}</dt><dd>${scope ?? t.gone}</dd>
      <dt>${t.purposeShort}</dt><dd>${purpose ?? t.gone}</dd>
    </dl>
  `;
}

customElements.define("hs-consent-notices", ConsentNotices);
