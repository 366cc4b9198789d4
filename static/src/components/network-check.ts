import { html, nothing } from "lit";
import type { Figures, NetworkState } from "../network";
import { locale, texts } from "../texts";
import { RoomElement } from "./element";
import { stepMark } from "./step";

const t = texts.checkin.network;
/** A page that is only passed through (who comes late has no time for this) tests nothing by itself. */
const BEGINS_AFTER = 6_000;
/** One that came to nothing, by no doing of the network, is begun again: so often, and not at once. */
const ATTEMPTS = 3;
const AGAIN_AFTER = 15_000;
/** What a test takes, as well as it is known before. */
const LASTS = 9_500;

/** The connection's step: it begins by itself, says in plain words what came of it, and what helps. */
export class NetworkCheck extends RoomElement {
  /** `patient`: it waits to be asked. */
  static override properties = { ...RoomElement.properties, patient: { type: Boolean } };

  declare patient: boolean;
  #since = 0;
  #attempts = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#since = performance.now();
    this.#timer = setInterval(() => this.#begin(), 1_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    this.room.network.stop();
  }

  override render() {
    const { state } = this.room.network;
    const running = state.phase === "running";
    return html`
      <div class="device">
        <span class="step">${mark(state)} ${t.name}</span>
        <button ?disabled=${running || !this.room.online} data-testid="test-network" @click=${() => void this.room.network.run()}>
          ${state.phase === "idle" || running ? t.test : t.again}
        </button>
      </div>
      ${running ? this.#progress(state.since) : nothing}
      <div role="status" data-testid="network" data-level=${state.phase === "done" ? state.level : state.phase}>${this.#said(state)}</div>
      ${state.phase === "done" && state.figures.protocol ? figures(state.figures) : nothing}
    `;
  }

  #progress(since: number) {
    const part = Math.min(1, (performance.now() - since) / LASTS);
    return html`<progress aria-label=${t.running} max="1" .value=${part}></progress>`;
  }

  #said(state: NetworkState) {
    switch (state.phase) {
      case "idle":
        return html`<p class="quiet">${t.idle}</p>`;
      case "running":
        return html`<p class="quiet">${t.running}</p>`;
      case "untested":
        return html`<p class="quiet">${t.untested(state.code)}</p>`;
      case "done":
        return html`
          <p class=${state.level === "good" ? "" : "help"}>
            ${t.level[state.level]} ${state.because ? t.because[state.because](state.figures.port) : nothing}
          </p>
        `;
    }
  }

  /** Once, when the page has settled: where the devices are asked for that comes first, and nobody's data is saved. */
  #begin(): void {
    const { room } = this;
    const { state } = room.network;
    const open = state.phase === "idle" || (state.phase === "untested" && this.#attempts < ATTEMPTS);
    const wait = this.#attempts === 0 ? BEGINS_AFTER : AGAIN_AFTER;
    if (this.patient || !open || performance.now() - this.#since < wait) return;
    const saving = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData;
    if (saving || document.hidden || !room.online || room.seat !== "none" || room.checkStatus === "asking") return;
    this.#attempts += 1;
    this.#since = performance.now();
    void room.network.run();
  }
}

function figures({ protocol, round_trip_ms, loss_percent, bitrate_kbps, capped }: Figures) {
  return html`
    <details class="figures">
      <summary>${t.figures}</summary>
      <dl>
        <div><dt>${t.roundTrip}</dt><dd>${round_trip_ms === null ? "–" : t.ms(round_trip_ms)}</dd></div>
        <div><dt>${t.missing}</dt><dd>${loss_percent === null ? "–" : t.percent(loss_percent)}</dd></div>
        <div><dt>${t.room}</dt><dd>${bitrate_kbps === null ? "–" : t.mbit(oneDigit(bitrate_kbps / 1000), !capped)}</dd></div>
        <div><dt>${t.way}</dt><dd data-testid="network-way">${protocol?.toUpperCase()}</dd></div>
      </dl>
    </details>
  `;
}

/** In the language in use by now. */
function oneDigit(value: number): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(value);
}

function mark(state: NetworkState) {
  if (state.phase !== "done") return nothing;
  return state.level === "good" ? stepMark("ok") : stepMark("attention");
}

customElements.define("hs-network", NetworkCheck);
