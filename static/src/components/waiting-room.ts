import { html, nothing } from "lit";
import * as format from "../format";
import { formatMoney } from "../money";
import { mayLeaveFreely } from "../session";
import { locale, texts } from "../texts";
import { RoomElement } from "./element";
import { icon } from "./icon";

const t = texts.waiting;

/** State 2: the other's status, the clock, and from when on leaving is free. */
export class WaitingRoom extends RoomElement {
  override render() {
    const { view, room, now } = this;
    const { name, status, running_late_minutes, punctual } = view.other;
    const starts = Date.parse(view.starts_at);
    const started = now >= starts;
    return html`
      <main class="page waiting">
        <header class="head centre">
          <h1>${view.title ?? texts.with(name)}</h1>
          <p class="status" role="status" data-testid="other-status"><span class="dot ${status}"></span> ${t.status[status](name)}</p>
          ${punctual ? html`<p class="badge" data-testid="punctual">${icon("punctual")} ${t.punctual}</p>` : nothing}
          ${running_late_minutes ? html`<p role="status">${t.runningLate(name, running_late_minutes)}</p>` : nothing}
          <p class="quiet">${t.booked(format.time(starts), format.time(view.ends_at), format.zone(starts))}</p>
          <p class="quiet">${started ? t.running : t.startsIn}</p>
          <p class="time huge" role="timer" data-testid="countdown">
            ${started ? format.countdown(Date.parse(view.ends_at) - now) : format.distance(starts - now)}
          </p>
          ${started ? nothing : html`<p class="quiet">${t.early}</p>`}
          ${this.#leaving()}
        </header>
        <section class="card narrow"><hs-preview compact .room=${room} .now=${now}></hs-preview></section>
        <footer class="row centre">
          <button data-testid="leave" @click=${() => this.dispatchEvent(new CustomEvent("hs-leave", { bubbles: true }))}>
            ${icon("leave")} ${texts.call.leave}
          </button>
        </footer>
      </main>
    `;
  }

  #leaving() {
    const { view, now } = this;
    const { leave_at } = view.may;
    if (!leave_at) return nothing;
    const fee = view.me.role === "client" && view.fee ? formatMoney(view.fee, locale) : null;
    const free = mayLeaveFreely(view, now);
    const at = format.time(leave_at);
    const { name } = view.other;
    return html`
      <p role="status">${free ? (fee ? t.leaveNowClient(fee) : t.leaveNow) : nothing}</p>
      ${free ? nothing : html`<p data-testid="leave-at">${fee ? t.leaveAtClient(at, name, fee) : t.leaveAt(at, name)}</p>`}
      ${free || !view.may.step_out ? nothing : html`<p class="quiet">${t.comeBack(format.time(view.ends_at))}</p>`}
    `;
  }
}

customElements.define("hs-waiting-room", WaitingRoom);
