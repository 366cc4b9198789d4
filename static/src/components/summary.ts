import { html, nothing } from "lit";
import * as format from "../format";
import { texts } from "../texts";
import { endText } from "../texts/ends";
import { RoomElement } from "./element";
import { loadAfterwards } from "./loaded";
import "./next";
import "./timeline";

const t = texts.ended;

/** States 4 and 5: why it ended, the time of both, the money, and what comes next. */
export class Summary extends RoomElement {
  static override properties = { ...RoomElement.properties, _unloaded: { state: true } };

  declare private _unloaded: boolean;

  constructor() {
    super();
    this._unloaded = false;
  }

  override render() {
    const { view, room, now } = this;
    const { heading, detail } = this.#words();
    return html`
      <main class="page" data-testid="summary">
        <header class="head">
          <p class="quiet">${texts.with(view.other.name)} · ${format.dateTime(view.starts_at)}</p>
          <h1 data-testid="summary-heading" tabindex="-1">${heading}</h1>
          <p>${detail}</p>
          ${view.end?.for_cause ? html`<p>${t.forCause}</p>` : nothing}
        </header>
        <div class="columns">
          ${view.end && view.status === "ended" ? html`<section class="card"><h2>${t.time}</h2><hs-timeline .room=${room} .now=${now}></hs-timeline></section>` : nothing}
          <hs-refund .room=${room} .now=${now}></hs-refund>
        </div>
        <footer class="row">
          ${view.end ? html`<a data-testid="receipt-link" href=${room.rest.receiptPage(view.id)} target="_blank" rel="noreferrer">${t.receipt}</a>` : nothing}
        </footer>
        ${
          this._unloaded
            ? html`<p role="alert">${t.unloaded} <button @click=${() => location.reload()}>${texts.error.again}</button></p>`
            : html`<hs-afterwards .room=${room} .now=${now}></hs-afterwards>`
        }
        <hs-next .room=${room} .now=${now}></hs-next>
        <p class="quiet">${t.next}</p>
      </main>
    `;
  }

  #words() {
    const { end, me, other } = this.view;
    if (!end) return t.soon;
    return endText(texts.ends, end, me.role, other.name) ?? t.plain;
  }

  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    loadAfterwards().catch(() => {
      this._unloaded = true;
    });
  }
}

customElements.define("hs-summary", Summary);
