import { html, nothing } from "lit";
import { type DeviceKind, isTrouble } from "../devices";
import * as format from "../format";
import { Level, play } from "../sound";
import { texts } from "../texts";
import { devicePicker } from "./device-picker";
import { RoomElement } from "./element";
import { icon } from "./icon";

const t = texts.checkin;
const SILENT_AFTER = 5_000;
const QUIET = 0.08;

/** State 1: who, when, how long; do my devices work; how we meet here; join. */
export class CheckIn extends RoomElement {
  static override properties = { ...RoomElement.properties, _promised: { state: true }, _declined: { state: true } };

  declare private _promised: boolean;
  declare private _declined: boolean;

  constructor() {
    super();
    this._promised = false;
    this._declined = false;
  }

  override render() {
    const { view, room, now } = this;
    const opensAt = Date.parse(view.opens_at);
    const open = now >= opensAt;
    const accepted = view.me.accepted || this._promised;
    const busy = room.seat === "taking";
    // who has accepted already only wants in
    const joining = html`
      <section class="card join-card">
          ${room.steppedOut ? html`<p role="status">${t.steppedOut(format.time(view.ends_at))}</p>` : nothing}
          ${view.me.here && !room.steppedOut ? html`<p role="status">${t.elsewhere}</p>` : nothing}
          ${
            open
              ? nothing
              : html`<p>${t.opensIn} <span class="time large" role="timer" data-testid="countdown">${format.distance(opensAt - now)}</span></p>
                  <p class="quiet">${t.opensAt(format.dateTime(opensAt))}</p>`
          }
          <button class="primary big" data-testid="join" ?disabled=${!open || !accepted || busy} @click=${this.#join}>
            ${busy ? t.joining : this.#joinLabel()}
          </button>
          ${open && !accepted ? html`<p class="quiet">${t.acceptFirst}</p>` : nothing}
          ${room.refusal ? html`<p role="alert" class="problem">${texts.refusal(room.refusal)}</p>` : nothing}
          <div class="row">
            <hs-running-late .room=${room} .now=${now}></hs-running-late>
            <hs-calendar .room=${room} .now=${now}></hs-calendar>
          </div>
        </section>
    `;
    return html`
      <main class="page checkin">
        ${this.#header()}
        ${view.me.accepted ? joining : nothing}
        <div class="columns">
          <section class="card" aria-labelledby="devices-heading">
            <h2 id="devices-heading">${t.devices}</h2>
            <hs-preview .room=${room} .now=${now}></hs-preview>
          </section>
          <section class="card" aria-labelledby="guidelines-heading">
            <h2 id="guidelines-heading">${t.guidelines}</h2>
            <ul class="rules">
              ${t.rules.map((rule) => html`<li>${rule}</li>`)}
            </ul>
            ${
              view.me.accepted
                ? html`<p class="quiet">${t.accepted}</p>`
                : html`
                  <label class="check">
                    <input type="checkbox" data-testid="accept" .checked=${this._promised} @change=${this.#promise} />
                    <span>${t.accept}</span>
                  </label>
                  ${
                    this._declined
                      ? html`<p role="status">${t.declined}</p>`
                      : html`<button class="plain" @click=${this.#decline}>${t.decline}</button>`
                  }`
            }
          </section>
        </div>
        ${view.me.accepted ? nothing : joining}
      </main>
    `;
  }

  #header() {
    const { view, now } = this;
    const starts = Date.parse(view.starts_at);
    const ends = Date.parse(view.ends_at);
    const minutes = Math.round((ends - starts) / 60_000);
    const { name, status, running_late_minutes } = view.other;
    return html`
      <header class="head">
        <h1>${view.title ?? texts.with(name)}</h1>
        <p>${view.title ? html`${texts.with(name)} · ` : nothing}${texts.minutes(minutes)}</p>
        <p>${t.when(format.day(starts), format.time(starts), format.time(ends), format.zone(starts))}</p>
        <p class="startline">
          ${
            now < starts
              ? html`<span>${t.startsIn}</span> <span class="time" role="timer">${format.distance(starts - now)}</span>`
              : html`<span>${texts.call.timeLeft}</span> <span class="time" role="timer">${format.countdown(ends - now)}</span>`
          }
        </p>
        <p class="status" role="status" data-testid="other-status">
          <span class="dot ${status}"></span> ${texts.waiting.status[status](name)}
        </p>
        ${running_late_minutes ? html`<p role="status">${texts.waiting.runningLate(name, running_late_minutes)}</p>` : nothing}
      </header>
    `;
  }

  #joinLabel(): string {
    const { devices } = this.room;
    if (devices.track("camera")) return t.join;
    if (devices.track("microphone")) return t.joinAudio;
    return devices.state.microphone === "asking" ? t.join : t.joinPlain;
  }

  #promise = (event: Event) => {
    this._promised = (event.target as HTMLInputElement).checked;
    if (this._promised) this._declined = false;
  };

  #decline = () => {
    this._promised = false;
    this._declined = true;
    void this.room.decline(this.view.guidelines.version);
  };

  #join = () => {
    this.room.accept(this._promised ? this.view.guidelines.version : null);
    void this.room.join();
  };
}

/** Camera picture, microphone level, speaker test, and what to do where one of them does not work. */
export class Preview extends RoomElement {
  /** `compact`: what chooses and tests is folded away (the waiting room). */
  static override properties = { ...RoomElement.properties, compact: { type: Boolean } };

  declare compact: boolean;
  #level: Level | null = null;
  #levelOf: MediaStreamTrack | null = null;
  #heardAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #silent = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.#measure(), 80);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    this.#level?.close();
    this.#level = this.#levelOf = null;
  }

  override render() {
    const { room } = this;
    const { devices } = room;
    const asking = devices.state.camera === "asking" || devices.state.microphone === "asking";
    return html`
      <div class="preview">
        ${
          devices.preview
            ? html`<video class="mirror" data-testid="local-video" aria-label=${t.preview} autoplay playsinline
                .muted=${true} .srcObject=${devices.preview}></video>`
            : html`<p>${asking ? t.asking : t.cameraOff}</p>`
        }
      </div>
      ${this.compact ? html`<details><summary>${t.more}</summary>${this.#tests()}</details>` : this.#tests()}
    `;
  }

  #tests() {
    const { room } = this;
    const { devices } = room;
    return html`
      ${this.#device("camera")} ${this.#device("microphone")}
      <div class="level" role="meter" aria-label=${t.level} aria-valuemin="0" aria-valuemax="100" aria-valuenow="0"><span></span></div>
      ${this.#silent ? html`<p class="help" role="status">${t.silent}</p>` : nothing}
      <div class="device">
        ${devicePicker(room, "speaker", t.speaker)}
        <button @click=${() => void play("test", devices.speaker)}>${icon("hear")} ${t.testSpeaker}</button>
      </div>
      <div class="device">
        <span id="heard">${t.heard}</span>
        <span class="row" role="group" aria-labelledby="heard">
          <button aria-pressed=${room.speakerHeard === true} @click=${() => room.setSpeakerHeard(true)}>${t.yes}</button>
          <button aria-pressed=${room.speakerHeard === false} @click=${() => room.setSpeakerHeard(false)}>${t.no}</button>
        </span>
      </div>
      ${room.speakerHeard === false ? html`<p class="help" role="status">${t.notHeard}</p>` : nothing}
    `;
  }

  #device(kind: DeviceKind) {
    const { devices } = this.room;
    const state = devices.state[kind];
    const on = state === "on";
    const toggle = () => (on ? devices.turnOff(kind) : void devices.turnOn(kind));
    return html`
      <div class="device">
        ${devicePicker(this.room, kind, t[kind])}
        <button aria-pressed=${on} ?disabled=${state === "asking"} @click=${toggle}>
          ${icon(on ? kind : `${kind}Off`)} ${on ? t.turnOff : isTrouble(state) ? t.tryAgain : t.turnOn}
        </button>
      </div>
      ${isTrouble(state) ? html`<p class="help" role="status">${t.help[kind][state]} ${t.withoutDevices}</p>` : nothing}
    `;
  }

  /** Painted past Lit: twelve times a second is no reason to draw the page. */
  #measure(): void {
    const track = this.room?.devices.track("microphone") ?? null;
    const now = performance.now();
    if (track !== this.#levelOf) {
      this.#level?.close();
      this.#level = track && new Level(track);
      this.#levelOf = track;
      this.#heardAt = now;
    }
    const level = this.#level?.read() ?? null;
    if (level === null || level > QUIET) this.#heardAt = now;
    const meter = this.querySelector<HTMLElement>(".level");
    meter?.style.setProperty("--level", String(level ?? 0));
    meter?.setAttribute("aria-valuenow", String(Math.round((level ?? 0) * 100)));
    const silent = track !== null && now - this.#heardAt > SILENT_AFTER;
    if (silent !== this.#silent) {
      this.#silent = silent;
      this.requestUpdate();
    }
  }
}

customElements.define("hs-preview", Preview);
customElements.define("hs-check-in", CheckIn);
