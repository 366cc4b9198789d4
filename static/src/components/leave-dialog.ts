import { html, nothing } from "lit";
import * as format from "../format";
import { formatMoney, unlapsedShare } from "../money";
import type { HangUpCommand, View } from "../protocol";
import { mayLeaveFreely } from "../session";
import { locale, texts } from "../texts";
import { RoomElement } from "./element";
import { loadPanels } from "./loaded";

const t = texts.leave;
type Cause = NonNullable<HangUpCommand["cause"]>;
type Step = "ways" | "confirm" | "report";

/** The ways of leaving that the rules give now, each with what follows from it. */
export class LeaveDialog extends RoomElement {
  static override properties = {
    ...RoomElement.properties,
    open: { type: Boolean },
    at: { attribute: false },
    _step: { state: true },
    _busy: { state: true },
  };

  declare open: boolean;
  /** Where it opens. */
  declare at: Step;
  declare private _step: Step;
  declare private _busy: boolean;

  constructor() {
    super();
    this.open = false;
    this.at = "ways";
    this._step = "ways";
    this._busy = false;
  }

  override render() {
    return html`
      <dialog aria-labelledby="leave-heading" @close=${this.#closed} @click=${this.#outside}>
        ${this.open ? this.#content() : nothing}
      </dialog>
    `;
  }

  #content() {
    if (this._step === "report" && mayReport(this.view)) return this.#report();
    return this._step === "confirm" && this.view.may.end ? this.#confirm() : this.#ways();
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has("open") || !this.open) return;
    this._step = this.at;
    loadPanels()
      .catch(() => {})
      .then(() => this.requestUpdate());
  }

  protected override updated(changed: Map<string, unknown>): void {
    const dialog = this.querySelector("dialog");
    if (this.open && !dialog?.open) dialog?.showModal();
    if (!this.open && dialog?.open) dialog.close();
    // the button that was pressed is gone, and the focus with it
    if (this.open && changed.has("_step") && !changed.has("open")) this.querySelector<HTMLElement>("h2")?.focus();
  }

  #ways() {
    const { view, now } = this;
    const { may, me } = view;
    const alone = mayLeaveFreely(view, now);
    const started = now >= Date.parse(view.starts_at);
    const mayEnd = may.end && started && !alone;
    return html`
      <h2 id="leave-heading" tabindex="-1">${t.heading}</h2>
      <div class="way">
        <button ?autofocus=${true} data-testid="step-out" ?disabled=${this._busy} @click=${this.#stepOut}>${t.stepOut}</button>
        <p>${t.stepOutHelp(format.time(view.ends_at))} ${view.met && view.other.status === "here" ? t.stepOutOther(format.time(now + view.reconnect_grace_seconds * 1000)) : nothing}</p>
      </div>
      ${
        alone
          ? html`<div class="way">
              <button class="primary" data-testid="leave-freely" ?disabled=${this._busy} @click=${() => this.#hangUp(null)}>${t.freely}</button>
              <p>${t.freelyHelp}</p>
            </div>`
          : nothing
      }
      ${mayEnd && me.role === "client" ? this.#endSession() : nothing}
      ${
        mayEnd && me.role === "expert"
          ? html`<div class="way">
              <button class="quiet-danger" data-testid="leave-early" @click=${() => (this._step = "confirm")}>${t.early}</button>
              <p>${view.fee ? t.earlyHelp(this.#amount()) : t.earlyHelpFree}</p>
            </div>`
          : nothing
      }
      ${
        mayReport(view)
          ? html`<div class="way">
              <button data-testid="leave-report" @click=${() => (this._step = "report")}>${t.report} …</button>
              <p>${t.reportHelp}</p>
            </div>`
          : nothing
      }
      <p class="end"><button class="plain" @click=${() => (this.open = false)}>${t.stay}</button></p>
    `;
  }

  #report() {
    return html`
      <h2 id="leave-heading" tabindex="-1">${texts.report.heading}</h2>
      ${customElements.get("hs-report-and-leave") ? nothing : html`<p role="alert">${texts.report.offline}</p>`}
      <hs-report-and-leave .room=${this.room} .now=${this.now} @hs-back=${() => (this.open = false)}></hs-report-and-leave>
    `;
  }

  #endSession() {
    return html`
      <form class="way" @submit=${this.#end}>
        <button class="quiet-danger" data-testid="end-session" ?disabled=${this._busy}>${t.end}</button>
        <p>${t.endHelp}</p>
        <label class="picker">
          <span>${t.endCause}</span>
          <select name="cause" data-testid="end-cause">
            <option value="">${t.causeNone}</option>
            ${Object.entries(t.causes).map(([cause, words]) => html`<option value=${cause}>${words}</option>`)}
          </select>
        </label>
        <p class="quiet">${t.causeHelp}</p>
      </form>
    `;
  }

  #confirm() {
    const { fee } = this.view;
    return html`
      <h2 id="leave-heading" tabindex="-1">${t.earlyConfirmHeading}</h2>
      <p>${fee ? t.earlyConfirmText : t.earlyConfirmFree}</p>
      ${fee ? html`<p class="time large" data-testid="leave-early-amount">${this.#amount()}</p>` : nothing}
      <div class="row">
        <button class="quiet-danger" data-testid="leave-early-confirm" ?disabled=${this._busy} @click=${() => this.#hangUp(null)}>${t.earlyConfirm}</button>
        <button @click=${() => (this._step = "ways")}>${texts.back}</button>
        <button class="plain" @click=${() => (this.open = false)}>${t.stay}</button>
      </div>
    `;
  }

  #amount(): string {
    const { fee, starts_at, ends_at, expert_absence_seconds } = this.view;
    if (!fee) return "";
    const absent = Math.round(expert_absence_seconds * 1000);
    return formatMoney(unlapsedShare(fee, Date.parse(starts_at), Date.parse(ends_at), this.now, absent), locale);
  }

  #stepOut = () => this.#act(() => this.room.stepOut());

  #end = (event: SubmitEvent) => {
    event.preventDefault();
    const cause = new FormData(event.target as HTMLFormElement).get("cause");
    void this.#hangUp((cause || null) as Cause | null);
  };

  #hangUp = (cause: Cause | null) => this.#act(() => this.room.hangUp(cause));

  async #act(way: () => Promise<unknown>): Promise<void> {
    this._busy = true;
    await way();
    this._busy = false;
    this.open = false;
  }

  #outside = (event: MouseEvent) => {
    if (event.target === event.currentTarget) this.open = false;
  };

  #closed = () => {
    this.open = false;
    this._step = "ways";
    this.dispatchEvent(new CustomEvent("hs-stay", { bubbles: true }));
  };
}

/** Once they have met and as long as it goes on, whoever is there now (P3.13). */
function mayReport({ status }: View): boolean {
  return status === "live" || status === "held";
}

customElements.define("hs-leave-dialog", LeaveDialog);
