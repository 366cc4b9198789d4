import { html, nothing } from "lit";
import { type DeviceKind, isTrouble } from "../devices";
import { Level, play } from "../sound";
import { texts } from "../texts";
import { deviceHelp } from "./device-help";
import { devicePicker } from "./device-picker";
import { RoomElement } from "./element";
import { icon } from "./icon";
import { stepMark } from "./step";

const t = texts.checkin;
const SILENT_AFTER = 5_000;
const QUIET = 0.08;
/** A voice is above this, and not for one look alone. */
const VOICE = 0.3;
const VOICED_FOR = 4;
const LOOK_EVERY = 80;

/** Camera picture, microphone level, speaker test, connection, and what to do where one of them does not work. */
export class Preview extends RoomElement {
  /** `compact`: what chooses and tests is folded away (the waiting room). */
  static override properties = { ...RoomElement.properties, compact: { type: Boolean }, _played: { state: true } };

  declare compact: boolean;
  declare private _played: boolean;
  #level: Level | null = null;
  #levelOf: MediaStreamTrack | null = null;
  #heardAt = 0;
  #voiced = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #silent = false;
  #hears = false;

  constructor() {
    super();
    this._played = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.#measure(), LOOK_EVERY);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    this.#level?.close();
    this.#level = this.#levelOf = null;
  }

  override render() {
    const { devices } = this.room;
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
      ${this.#fellBack()}
      ${
        this.compact
          ? html`<details ?open=${this.#trouble}><summary>${t.more}</summary>${this.#steps()}</details>`
          : this.#steps()
      }
    `;
  }

  /** Something that is folded away wants to be seen. */
  get #trouble(): boolean {
    const { camera, microphone } = this.room.devices.state;
    return isTrouble(camera) || isTrouble(microphone) || (microphone === "on" && this.#deaf);
  }

  #steps() {
    return html`
      <div class="steps">
        <div class="step-card">${this.#device("camera")}</div>
        <div class="step-card">
          ${this.#device("microphone")}
          ${
            this.room.devices.track("microphone")
              ? html`
                <div class="level" role="meter" aria-label=${t.level} aria-valuemin="0" aria-valuemax="100" aria-valuenow="0"><span></span></div>
                ${this.#listening()}`
              : nothing
          }
        </div>
        <div class="step-card">${this.#speaker()}</div>
        <div class="step-card"><hs-network ?patient=${this.compact} .room=${this.room} .now=${this.now}></hs-network></div>
      </div>
      ${this.#without()}
    `;
  }

  #device(kind: DeviceKind) {
    const { devices } = this.room;
    const state = devices.state[kind];
    const on = state === "on";
    const works = on && (kind === "camera" || (this.#hears && !this.#deaf));
    const both = devices.state.camera === devices.state.microphone;
    const toggle = () => {
      if (on) devices.turnOff(kind);
      else if (both && state === "dismissed")
        void devices.start(); // one question for both
      else void devices.turnOn(kind);
    };
    return html`
      <div class="device">
        ${devicePicker(this.room, kind, t[kind], works ? stepMark("ok") : isTrouble(state) ? stepMark("attention") : nothing)}
        <button data-testid=${`toggle-${kind}`} aria-label=${`${t[kind]}: ${toggleWord(state)}`} ?disabled=${state === "asking"} @click=${toggle}>
          ${icon(on ? kind : `${kind}Off`)} ${toggleWord(state)}
        </button>
      </div>
      <div role="status">
        ${
          isTrouble(state)
            ? html`<p class="help" data-testid=${`help-${kind}`} data-trouble=${state}>${deviceHelp(kind, state, both && kind === "microphone")}</p>`
            : nothing
        }
      </div>
    `;
  }

  get #deaf(): boolean {
    return this.#silent || this.room.devices.mutedOutside;
  }

  #listening() {
    if (this.room.devices.mutedOutside) return html`<p class="help" role="status">${t.mutedOutside}</p>`;
    if (this.#silent) return html`<p class="help" role="status" data-testid="silent">${t.silent}</p>`;
    return html`<p class="quiet" role="status">${this.#hears ? t.hears : t.speak}</p>`;
  }

  #speaker() {
    const { room } = this;
    const { speakerHeard } = room;
    const mark = speakerHeard === null ? nothing : stepMark(speakerHeard ? "ok" : "attention");
    return html`
      <div class="device">
        ${devicePicker(room, "speaker", t.speaker, mark)}
        <button data-testid="test-speaker" @click=${this.#play}>${icon("hear")} ${t.testSpeaker}</button>
      </div>
      ${
        this._played
          ? html`
            <div class="device">
              <span id="heard">${t.heard}</span>
              <span class="row" role="group" aria-labelledby="heard">
                <button data-testid="heard" aria-pressed=${speakerHeard === true} @click=${() => room.setSpeakerHeard(true)}>${t.yes}</button>
                <button data-testid="not-heard" aria-pressed=${speakerHeard === false} @click=${() => room.setSpeakerHeard(false)}>${t.no}</button>
              </span>
            </div>`
          : nothing
      }
      <div role="status">
        ${speakerHeard === null ? nothing : speakerHeard ? html`<p class="quiet">${t.heardWell}</p>` : html`<p class="help">${t.notHeard}</p>`}
      </div>
    `;
  }

  #play = () => {
    this._played = true;
    void play("test", this.room.devices.speaker);
  };

  #fellBack() {
    const { fallback } = this.room.devices;
    if (!fallback) return nothing;
    const { kind, gone, instead } = fallback;
    const name = gone || t[kind];
    return html`
      <p class="help" role="status" data-testid="fallback">
        ${instead ? t.fellBack(name, instead) : t.gone[kind](name)}
      </p>
    `;
  }

  #without() {
    const { camera, microphone } = this.room.devices.state;
    if (!isTrouble(camera) && !isTrouble(microphone)) return nothing;
    return html`<p data-testid="without">${isTrouble(microphone) ? t.without.microphone : t.without.camera}</p>`;
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
      this.#voiced = 0;
      this.#hears = false;
    }
    const level = this.#level?.read() ?? null;
    if (level === null || level > QUIET) this.#heardAt = now;
    if (level !== null && level > VOICE) this.#voiced += 1;
    const meter = this.querySelector<HTMLElement>(".level");
    meter?.style.setProperty("--level", String(level ?? 0));
    meter?.setAttribute("aria-valuenow", String(Math.round((level ?? 0) * 100)));
    const silent = track !== null && now - this.#heardAt > SILENT_AFTER;
    const hears = this.#hears || this.#voiced >= VOICED_FOR;
    if (silent === this.#silent && hears === this.#hears) return;
    this.#silent = silent;
    this.#hears = hears;
    this.room.setSilent(silent);
    this.requestUpdate();
  }
}

function toggleWord(state: string): string {
  if (state === "on") return t.turnOff;
  return state === "off" || state === "asking" ? t.turnOn : t.tryAgain;
}

customElements.define("hs-preview", Preview);
