import { html, nothing } from "lit";
import { REACTIONS } from "../between";
import * as format from "../format";
import type { Judged } from "../quality";
import { toggleFullScreen, togglePip } from "../screens";
import { mayLeaveFreely } from "../session";
import { type Action, actionOf, SHORTCUTS, shortcutsAreOn } from "../shortcuts";
import { texts } from "../texts";
import { loadAfterwards, loadPanels } from "./loaded";
import "./consent";
import { RoomElement } from "./element";
import { type IconName, icon } from "./icon";
import { movingMark } from "./mark";
import "./own-picture";
import { signal } from "./signal";

const t = texts.call;
/** What is behind the buttons comes when the first picture has had its time; the forms for afterwards still later. */
const FETCH_PANELS = 2_500;
const FETCH_AFTERWARDS = 15_000;

type Panel = "chat" | "devices" | "more" | "safety" | "reactions";

/** State 3: the other's picture large, the own one small, the time always in sight. */
export class Call extends RoomElement {
  static override properties = { ...RoomElement.properties, _panel: { state: true } };

  declare private _panel: Panel | null;

  constructor() {
    super();
    this._panel = null;
  }

  override render() {
    const { view, room, now } = this;
    const { between } = room;
    const starts = Date.parse(view.starts_at);
    const started = now >= starts;
    if (this._panel === "chat" && between.unread > 0) queueMicrotask(() => between.read());
    const beside = this._panel !== null && this._panel !== "reactions";
    return html`
      <main class="call ${beside ? "with-panel" : ""}">
        <div class="stage">
          ${this.#remote()}
          <hs-own-picture .room=${room} .now=${now}></hs-own-picture>
          <header class="bar">
            <span class="name">
              <span class="who">${view.other.name}</span>
              ${room.session?.sending?.microphone === false ? html`<span class="muted-mark" title=${t.otherMuted(view.other.name)}>${icon("microphoneOff")}<span class="hidden">${t.otherMuted(view.other.name)}</span></span>` : nothing}
              ${signal(between.theirs, texts.quality.of(view.other.name), "signal-other")}
            </span>
            ${this.#lock()}
            <span class="clock">
              <span class="quiet">${started ? t.timeLeft : t.startsIn}</span>
              <span class="time" role="timer" data-testid="countdown">${format.countdown((started ? Date.parse(view.ends_at) : starts) - now)}</span>
            </span>
          </header>
          <div class="notices">
            <div role="alert">${
              room.warning === null
                ? nothing
                : html`<p class="notice strong" data-testid="warning">${t.warning(Math.floor(room.warning / 60), room.warning)}</p>`
            }</div>
            <div role="status">${this.#notices()}</div>
            ${room.tapToHear ? html`<button class="primary" data-testid="tap-to-hear" @click=${() => room.hear()}>${icon("hear")} ${t.tapToHear}</button>` : nothing}
          </div>
          <hs-consent-notices .room=${room} .now=${now} @hs-more=${() => this.#show("more")}></hs-consent-notices>
          ${this.#reactions()} ${this.#overlay()}
        </div>
        ${this.#panel()} ${this.#controls()}
      </main>
    `;
  }

  #remote() {
    const { room, view, now } = this;
    const sending = room.session?.sending;
    const sharing = sending?.screen === true;
    const stream = sharing ? room.remoteScreen : room.remoteCamera;
    const seen = stream !== null && (sharing || sending?.camera !== false);
    return html`
      <video class="remote ${sharing ? "shared" : ""}" data-testid="remote-video" autoplay playsinline
        aria-label=${view.other.name} .muted=${true} .srcObject=${stream} ?hidden=${!seen}></video>
      ${
        seen
          ? movingMark(view, now)
          : html`<div class="nobody">
              <span class="initial" aria-hidden="true">${view.other.name.slice(0, 1)}</span>
              <p>${room.remoteCamera ? t.cameraOff(view.other.name) : t.connecting}</p>
            </div>`
      }
    `;
  }

  #lock() {
    const checked = this.room.between.safety?.checked === true;
    const label = checked ? texts.safety.checked : texts.safety.button;
    return html`
      <button class="lock" data-testid="safety" aria-label=${label} title=${titled(label, "safety")} aria-keyshortcuts=${SHORTCUTS.safety}
        aria-expanded=${this._panel === "safety"} @click=${() => this.#toggle("safety")}>${icon(checked ? "checked" : "lock")}</button>
    `;
  }

  #notices() {
    const { room, view } = this;
    const { toast, quality } = room;
    const { theirs } = room.between;
    const calm = room.interrupted || view.status === "held";
    return html`
      ${room.offline ? html`<p class="notice">${t.offline}</p>` : nothing}
      ${room.refusal ? html`<p class="notice">${texts.refusal(room.refusal)}</p>` : nothing}
      ${toast ? html`<p class="notice" data-testid="toast">${toast.label ? t.deviceChanged[toast.kind](toast.label) : t.deviceGone[toast.kind]}</p>` : nothing}
      ${calm ? nothing : weak(quality, texts.quality.mine)}
      ${calm ? nothing : weak(theirs, texts.quality.of(view.other.name))}
    `;
  }

  #reactions() {
    const { between } = this.room;
    const { name } = this.view.other;
    const newest = between.reactions.findLast(({ mine }) => !mine);
    return html`
      <div class="reactions" aria-hidden="true">
        ${between.reactions.map(({ mine, name: which }) => html`<span class=${mine ? "mine" : ""} data-testid="reaction">${REACTIONS[which]}</span>`)}
      </div>
      <p class="hidden" role="status">${newest ? t.reacted(name, t.reactionNames[newest.name]) : nothing}</p>
    `;
  }

  #overlay() {
    const { view, room, now } = this;
    const h = texts.held;
    if (view.status === "held" && view.other.status !== "here") {
      const client = view.me.role === "client";
      const leaveAt = view.may.leave_at;
      return html`
        <div class="overlay" role="status" data-testid="held">
          <h2>${h.heading}</h2>
          <p>${h.both(format.time(view.ends_at))}</p>
          ${
            !leaveAt
              ? nothing
              : mayLeaveFreely(view, now)
                ? html`<p>${client ? h.leaveNowClient : h.leaveNow}</p>`
                : html`<p>${(client ? h.leaveAtClient : h.leaveAt)(format.time(leaveAt))}</p>`
          }
        </div>
      `;
    }
    if (view.status === "held")
      return html`<div class="overlay" role="status" data-testid="held"><h2>${h.heading}</h2><p>${h.self}</p></div>`;
    if (room.interrupted)
      return html`<div class="overlay" role="status" data-testid="reconnecting"><p>${t.reconnecting}</p></div>`;
    return nothing;
  }

  #controls() {
    const { room } = this;
    const microphone = room.microphoneOn;
    const camera = room.cameraOn;
    const { unread } = room.between;
    return html`
      <footer class="controls">
        ${this.#switch("mute", microphone ? "microphone" : "microphoneOff", t.mute, microphone)}
        ${this.#switch("camera", camera ? "camera" : "cameraOff", t.camera, camera)}
        ${canShare() ? this.#switch("share", "screen", t.share, room.screen !== null) : nothing}
        ${this.#opener("chat", "chat", unread > 0 ? t.unread(unread) : t.chat)}
        ${this.#opener("reactions", "smile", t.reactions)} ${this.#opener("devices", "devices", t.devices)}
        ${this.#opener("more", "more", t.more)}
        <span class="gap"></span>
        ${this.#control("leave", "leave", t.leave, "leave")}
      </footer>
    `;
  }

  #switch(id: Action, image: IconName, label: string, on: boolean) {
    return this.#control(id, image, label, "", on);
  }

  #opener(id: Action & Panel, image: IconName, label: string) {
    return this.#control(id, image, label, id === "devices" ? "seldom" : "", undefined, this._panel === id);
  }

  #control(id: Action, image: IconName, label: string, kind: string, pressed?: boolean, expanded?: boolean) {
    return html`
      <button class="control ${kind}" data-testid=${id} title=${titled(label, id)} aria-keyshortcuts=${SHORTCUTS[id]}
        aria-pressed=${pressed ?? nothing} aria-expanded=${expanded ?? nothing} @click=${() => this.#do(id)}>
        ${icon(image)}<span>${label}</span>${shortcutsAreOn() ? html`<kbd aria-hidden="true">${SHORTCUTS[id].toUpperCase()}</kbd>` : nothing}
      </button>
    `;
  }

  #panel() {
    const { room, now, _panel: panel } = this;
    if (panel === null) return nothing;
    const title = { ...t, safety: texts.safety.heading }[panel];
    const content = {
      chat: () => html`<hs-chat .room=${room} .now=${now}></hs-chat>`,
      devices: () => html`<hs-devices .room=${room} .now=${now}></hs-devices>`,
      more: () => html`<hs-more .room=${room} .now=${now} @hs-do=${this.#asked}></hs-more>`,
      safety: () => html`<hs-safety .room=${room} .now=${now}></hs-safety>`,
      reactions: () => html`<hs-reactions .room=${room} .now=${now}></hs-reactions>`,
    }[panel]();
    if (panel === "reactions") return html`<div class="reacting" role="group" aria-label=${title}>${content}</div>`;
    return html`
      <aside class="panel ${panel}" aria-labelledby="panel-heading">
        <header>
          <h2 id="panel-heading" tabindex="-1">${title}</h2>
          <button class="plain" data-testid="close-panel" aria-label=${texts.close} @click=${() => this.#close()}>${icon("close")}</button>
        </header>
        ${content}
      </aside>
    `;
  }

  #asked = (event: CustomEvent<Action>) => this.#do(event.detail);

  #do(action: Action): void {
    const { room } = this;
    switch (action) {
      case "mute":
        void room.setMicrophone(!room.microphoneOn);
        break;
      case "camera":
        void room.setCamera(!room.cameraOn);
        break;
      case "share":
        if (canShare()) void room.shareScreen(!room.screen);
        break;
      case "leave":
        this.dispatchEvent(new CustomEvent("hs-leave", { bubbles: true }));
        break;
      case "own":
        room.hideOwn(!room.ownHidden);
        break;
      case "pip":
        void togglePip(this.querySelector("video.remote"));
        break;
      case "fullscreen":
        void toggleFullScreen();
        break;
      default:
        this.#toggle(action);
    }
  }

  #toggle(panel: Panel): void {
    if (this._panel === panel) this.#close();
    else void this.#show(panel);
  }

  /** Where the work is, there the focus goes. */
  async #show(panel: Panel): Promise<void> {
    this._panel = panel;
    await panels().catch(() => {});
    await this.updateComplete;
    await new Promise(requestAnimationFrame);
    if (this._panel !== panel) return;
    const work = this.querySelector<HTMLElement>(".panel.chat input, .reacting button");
    (work ?? this.querySelector<HTMLElement>("#panel-heading"))?.focus();
  }

  #close(): void {
    const from = this._panel;
    const inside = this.querySelector(".panel, .reacting")?.contains(document.activeElement);
    this._panel = null;
    if (from && inside) this.querySelector<HTMLElement>(`[data-testid=${from}]`)?.focus();
  }

  #onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && this._panel && !document.fullscreenElement) return this.#close();
    const action = shortcutsAreOn() ? actionOf(event) : null;
    if (!action) return;
    event.preventDefault(); // or the letter is typed where the focus goes
    this.#do(action);
  };

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.#onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.#onKey);
  }

  protected override firstUpdated(): void {
    setTimeout(() => void panels().catch(() => {}), FETCH_PANELS);
    setTimeout(() => void loadAfterwards().catch(() => {}), FETCH_AFTERWARDS);
  }
}

function panels() {
  return loadPanels();
}

function canShare(): boolean {
  return Boolean(navigator.mediaDevices?.getDisplayMedia);
}

function titled(label: string, action: Action): string {
  return shortcutsAreOn() ? t.shortcut(label, SHORTCUTS[action].toUpperCase()) : label;
}

/** A word where it is more than a moment's matter. */
function weak(judged: Judged | null, whose: string) {
  if (judged?.level !== "poor" || !judged.reason) return nothing;
  return html`<p class="notice" data-testid="weak">${texts.quality.weak(whose, texts.quality.why[judged.reason])}</p>`;
}

customElements.define("hs-call", Call);
