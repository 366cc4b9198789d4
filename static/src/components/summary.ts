import { html, nothing, svg } from "lit";
import * as format from "../format";
import { texts } from "../texts";
import { endText } from "../texts/ends";
import { loadAfterwards } from "./afterwards-loaded";
import { RoomElement } from "./element";

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
          ${view.end && view.status === "ended" ? html`<section class="card"><h2>${t.time}</h2>${this.#bars()}</section>` : nothing}
          <hs-refund .room=${room} .now=${now}></hs-refund>
        </div>
        <footer class="row">
          <hs-calendar .room=${room} .now=${now}></hs-calendar>
          ${view.end ? html`<a data-testid="receipt-link" href=${room.rest.receiptPage(view.id)} target="_blank" rel="noreferrer">${t.receipt}</a>` : nothing}
        </footer>
        ${
          this._unloaded
            ? html`<p role="alert">${t.unloaded} <button @click=${() => location.reload()}>${texts.error.again}</button></p>`
            : html`<hs-afterwards .room=${room} .now=${now}></hs-afterwards>`
        }
        <p class="quiet">${t.next}</p>
      </main>
    `;
  }

  #words() {
    const { end, me, other } = this.view;
    if (!end) return t.soon;
    return endText(texts.ends, end, me.role, other.name) ?? t.plain;
  }

  #bars() {
    const { view } = this;
    const { end } = view;
    if (!end) return nothing;
    const starts = Date.parse(view.starts_at);
    const booked = (Date.parse(view.ends_at) - starts) / 1000;
    const arrivals = [end.client, end.expert].map(({ arrived_at }) => (arrived_at ? Date.parse(arrived_at) : starts));
    const together = Math.max(0, (Math.max(...arrivals) - starts) / 1000);
    const rows = [
      { label: t.booked, from: 0, seconds: booked, note: format.span(booked), kind: "booked" },
      ...(["client", "expert"] as const).map((role) => {
        const { arrived_at, present_seconds } = end[role];
        const from = arrived_at ? Math.max(0, (Date.parse(arrived_at) - starts) / 1000) : 0;
        const note = arrived_at
          ? `${format.span(present_seconds)}, ${t.arrived(format.time(Math.max(starts, Date.parse(arrived_at))))}`
          : present_seconds > 0
            ? format.span(present_seconds)
            : t.absent;
        return { label: t[role], from, seconds: present_seconds, note, kind: "present" };
      }),
      ...(end.mutual_seconds === null
        ? []
        : [
            {
              label: t.mutual,
              from: together,
              seconds: end.mutual_seconds,
              note: format.span(end.mutual_seconds),
              kind: "mutual",
            },
          ]),
    ];
    return html`
      <dl class="bars">
        ${rows.map(({ label, from, seconds, note, kind }) => {
          const x = Math.min(100, (100 * from) / booked);
          const width = Math.min(100 - x, (100 * seconds) / booked);
          return html`
            <dt>${label}</dt>
            <dd>
              <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                ${svg`<rect class="track" width="100" height="6" /><rect class=${kind} x=${x} width=${width} height="6" />`}
              </svg>
              <span>${note}</span>
            </dd>
          `;
        })}
      </dl>
    `;
  }

  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    loadAfterwards().catch(() => {
      this._unloaded = true;
    });
  }
}

customElements.define("hs-summary", Summary);
