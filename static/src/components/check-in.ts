import { html, nothing } from "lit";
import * as format from "../format";
import { texts } from "../texts";
import { RoomElement } from "./element";

const t = texts.checkin;

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
          ${this.#ready(open)}
          ${room.refusal ? html`<p role="alert" class="problem">${texts.refusal(room.refusal)}</p>` : nothing}
          <div class="row">
            <hs-running-late .room=${room} .now=${now}></hs-running-late>
            <hs-calendar .room=${room} .now=${now}></hs-calendar>
          </div>
        </section>
    `;
    const devices = html`
      <section class="card" aria-labelledby="devices-heading">
        <h2 id="devices-heading">${t.devices}</h2>
        <hs-preview .room=${room} .now=${now}></hs-preview>
      </section>
    `;
    return html`
      <main class="page checkin">
        ${this.#header()}
        <div class="columns">
          ${view.me.accepted ? nothing : devices}
          <div class="stack">
            ${view.me.accepted ? joining : nothing}
            ${this.#guidelines()}
            ${view.me.accepted ? nothing : joining}
          </div>
          ${view.me.accepted ? devices : nothing}
        </div>
      </main>
    `;
  }

  #guidelines() {
    const rules = html`<ul class="rules">${t.rules.map((rule) => html`<li>${rule}</li>`)}</ul>`;
    if (this.view.me.accepted) {
      return html`<details class="card"><summary>${t.accepted}</summary>${rules}</details>`;
    }
    return html`
      <section class="card" aria-labelledby="guidelines-heading">
        <h2 id="guidelines-heading">${t.guidelines}</h2>
        ${rules}
        <label class="check">
          <input type="checkbox" data-testid="accept" .checked=${this._promised} @change=${this.#promise} />
          <span>${t.accept}</span>
        </label>
        ${
          this._declined
            ? html`<p role="status">${t.declined}</p>`
            : html`<button class="plain" @click=${this.#decline}>${t.decline}</button>`
        }
      </section>
    `;
  }

  /** Once each step went well; ahead of time there is then nothing more to do. */
  #ready(open: boolean) {
    const { checks } = this.room;
    const all = checks.camera === "ok" && checks.microphone === "ok" && checks.network === "ok";
    const done = all && this.room.speakerHeard !== false;
    return html`
      <p role="status" data-testid="ready">${done ? t.allGood : nothing} ${done && !open ? t.ahead : nothing}</p>
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
        ${this.#theirTime(starts, ends)}
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

  /** The same time where the other is, if it reads differently there. */
  #theirTime(starts: number, ends: number) {
    const { name, time_zone } = this.view.other;
    const there = time_zone ? format.elsewhere(starts, ends, time_zone) : null;
    if (!there) return nothing;
    return html`<p class="quiet" data-testid="their-time">${t.theirTime(name, there.from, there.to, there.zone)}</p>`;
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

customElements.define("hs-check-in", CheckIn);
