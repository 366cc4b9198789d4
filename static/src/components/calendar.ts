import { html, nothing } from "lit";
import { texts } from "../texts";
import { RoomElement } from "./element";
import { icon } from "./icon";

/** The appointment as a file; asked for with the token, so it cannot be a plain link. */
export class Calendar extends RoomElement {
  static override properties = { ...RoomElement.properties, _failed: { state: true } };

  declare private _failed: boolean;

  constructor() {
    super();
    this._failed = false;
  }

  override render() {
    return html`
      <button class="plain" data-testid="calendar" @click=${this.#download}>${icon("calendar")} ${texts.checkin.calendar}</button>
      ${this._failed ? html`<p role="alert">${texts.ended.calendarFailed}</p>` : nothing}
    `;
  }

  #download = async () => {
    try {
      const url = URL.createObjectURL(await this.room.rest.calendar());
      const link = Object.assign(document.createElement("a"), { href: url, download: "session.ics" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      this._failed = false;
    } catch {
      this._failed = true;
    }
  };
}

customElements.define("hs-calendar", Calendar);
