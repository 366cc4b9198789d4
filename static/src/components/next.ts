import { html, nothing } from "lit";
import * as format from "../format";
import { calendarOf, type Reminder, reminders } from "../reminders";
import { texts } from "../texts";
import { RoomElement } from "./element";
import { icon } from "./icon";

const t = texts.next;

/** Until when this party may do what; and the same as entries for its calendar. */
class Next extends RoomElement {
  override render() {
    const due = reminders(this.view, this.now);
    if (due.length === 0) return nothing;
    return html`
      <section class="card" data-testid="next">
        <h2>${t.heading}</h2>
        <ul>
          ${due.map(({ what, until }) => html`<li>${t.until(format.dateTime(wholeMinute(until)), this.#title(what))}</li>`)}
        </ul>
        <p><button class="plain" data-testid="next-calendar" @click=${() => this.#download(due)}>${icon("calendar")} ${t.calendar}</button></p>
      </section>
    `;
  }

  #title(what: Reminder["what"]): string {
    return t.what[what](this.view.other.name);
  }

  #download(due: readonly Reminder[]): void {
    const entries = due.map((each) => ({ ...each, title: this.#title(each.what), text: t.link }));
    const file = new Blob([calendarOf(this.view.id, entries, this.now)], { type: "text/calendar" });
    const url = URL.createObjectURL(file);
    Object.assign(document.createElement("a"), { href: url, download: "reminders.ics" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}

/** Down: nobody is to be told a later time than holds. */
function wholeMinute(at: number): number {
  return at - (at % 60_000);
}

customElements.define("hs-next", Next);
