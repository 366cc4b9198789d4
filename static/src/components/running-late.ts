import { html, nothing } from "lit";
import { texts } from "../texts";
import { RoomElement } from "./element";

const t = texts.checkin;
/** Days ahead nobody is late yet. */
const SHOWN_BEFORE = 2 * 3_600_000;

/** One tap, before or after the start. */
export class RunningLate extends RoomElement {
  static override properties = { ...RoomElement.properties, _said: { state: true } };

  declare private _said: number | "failed" | null;

  constructor() {
    super();
    this._said = null;
  }

  override render() {
    const { view, now } = this;
    if (now < Date.parse(view.starts_at) - SHOWN_BEFORE) return nothing;
    return html`
      <span id="late">${t.late}</span>
      <span class="row" role="group" aria-labelledby="late">
        ${[5, 10, 15].map(
          (minutes) => html`
            <button data-testid=${`late-${minutes}`} aria-pressed=${this._said === minutes} ?disabled=${!this.room.online} @click=${() => this.#say(minutes)}>
              ${t.lateBy(minutes)}
            </button>`,
        )}
      </span>
      <p role="status" class="wide">
        ${
          this._said === null
            ? nothing
            : this._said === "failed"
              ? t.lateFailed
              : t.lateSent(this._said, view.other.name)
        }
      </p>
    `;
  }

  async #say(minutes: number): Promise<void> {
    this._said = (await this.room.runningLate(minutes)) ? minutes : "failed";
  }
}

customElements.define("hs-running-late", RunningLate);
