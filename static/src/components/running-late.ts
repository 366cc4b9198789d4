import { html, nothing } from "lit";
import { texts } from "../texts";
import { RoomElement } from "./element";

const t = texts.checkin;

/** One tap, before or after the start. */
export class RunningLate extends RoomElement {
  static override properties = { ...RoomElement.properties, _open: { state: true }, _said: { state: true } };

  declare private _open: boolean;
  declare private _said: number | "failed" | null;

  constructor() {
    super();
    this._open = false;
    this._said = null;
  }

  override render() {
    return html`
      <button class="plain" aria-expanded=${this._open} @click=${() => (this._open = !this._open)}>${t.late}</button>
      ${
        this._open
          ? html`<span class="row" role="group" aria-label=${t.late}>
              ${[5, 10, 15].map((minutes) => html`<button data-testid=${`late-${minutes}`} @click=${() => this.#say(minutes)}>${t.lateBy(minutes)}</button>`)}
            </span>`
          : nothing
      }
      ${
        this._said === null
          ? nothing
          : html`<p role="status">${this._said === "failed" ? t.lateFailed : t.lateSent(this._said)}</p>`
      }
    `;
  }

  async #say(minutes: number): Promise<void> {
    this._said = (await this.room.runningLate(minutes)) ? minutes : "failed";
    this._open = false;
  }
}

customElements.define("hs-running-late", RunningLate);
