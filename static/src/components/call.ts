import { html, nothing } from "lit";
import { isTrouble } from "../devices";
import * as format from "../format";
import { mayLeaveFreely } from "../session";
import { texts } from "../texts";
import { loadAfterwards } from "./afterwards-loaded";
import "./consent";
import { devicePicker } from "./device-picker";
import { RoomElement } from "./element";
import { type IconName, icon } from "./icon";

const t = texts.call;
/** The forms for afterwards come when the call has settled. */
const FETCH_AFTERWARDS = 15_000;
type Panel = "chat" | "devices" | "more" | null;

/** State 3: the other's picture large, the own one small, the time always in sight. */
export class Call extends RoomElement {
  static override properties = { ...RoomElement.properties, _panel: { state: true } };

  declare private _panel: Panel;

  constructor() {
    super();
    this._panel = null;
  }

  override render() {
    const { view, room, now } = this;
    const starts = Date.parse(view.starts_at);
    const started = now >= starts;
    if (this._panel === "chat" && room.unread > 0) queueMicrotask(() => room.readChat());
    return html`
      <main class="call ${this._panel ? "with-panel" : ""}">
        <div class="stage">
          ${this.#remote()} ${this.#own()}
          <header class="bar">
            <span class="name">${view.other.name}${room.session?.sending?.microphone === false ? html` <span class="muted-mark" title=${t.otherMuted(view.other.name)}>${icon("microphoneOff")}<span class="hidden">${t.otherMuted(view.other.name)}</span></span>` : nothing}</span>
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
            <div role="status">
              ${room.online ? nothing : html`<p class="notice">${t.offline}</p>`}
              ${room.refusal ? html`<p class="notice">${texts.refusal(room.refusal)}</p>` : nothing}
            </div>
            ${room.tapToHear ? html`<button class="primary" data-testid="tap-to-hear" @click=${() => room.hear()}>${icon("hear")} ${t.tapToHear}</button>` : nothing}
          </div>
          <hs-consent-notices .room=${room} .now=${now} @hs-more=${() => (this._panel = "more")}></hs-consent-notices>
          ${this.#overlay()}
        </div>
        ${this._panel === "chat" ? this.#chat() : this._panel === "devices" ? this.#devices() : this._panel === "more" ? this.#more() : nothing}
        ${this.#controls()}
      </main>
    `;
  }

  #remote() {
    const { room, view } = this;
    const sending = room.session?.sending;
    const sharing = sending?.screen === true;
    const stream = sharing ? room.remoteScreen : room.remoteCamera;
    const seen = stream !== null && (sharing || sending?.camera !== false);
    return html`
      <video class="remote ${sharing ? "shared" : ""}" data-testid="remote-video" autoplay playsinline
        aria-label=${view.other.name} .muted=${true} .srcObject=${stream} ?hidden=${!seen}></video>
      ${
        seen
          ? nothing
          : html`<div class="nobody">
              <span class="initial" aria-hidden="true">${view.other.name.slice(0, 1)}</span>
              <p>${room.remoteCamera ? t.cameraOff(view.other.name) : t.connecting}</p>
            </div>`
      }
    `;
  }

  #own() {
    const { devices, screen } = this.room;
    const stream = screen ?? devices.preview;
    return html`
      <div class="own">
        ${
          stream
            ? html`<video class=${screen ? "" : "mirror"} data-testid="local-video" aria-label=${t.you} autoplay playsinline
                .muted=${true} .srcObject=${stream}></video>`
            : html`<span>${icon("cameraOff")}</span>`
        }
      </div>
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
    const canShare = Boolean(navigator.mediaDevices?.getDisplayMedia);
    return html`
      <footer class="controls">
        ${this.#toggle("mute", microphone ? "microphone" : "microphoneOff", t.mute, microphone, () => room.setMicrophone(!microphone))}
        ${this.#toggle("camera", camera ? "camera" : "cameraOff", t.camera, camera, () => room.setCamera(!camera))}
        ${canShare ? this.#toggle("share", "screen", t.share, room.screen !== null, () => room.shareScreen(!room.screen)) : nothing}
        <button class="control" data-testid="chat" aria-expanded=${this._panel === "chat"} @click=${() => this.#open("chat")}>
          ${icon("chat")}<span>${room.unread > 0 ? t.unread(room.unread) : t.chat}</span>
        </button>
        <button class="control" data-testid="devices" aria-expanded=${this._panel === "devices"} @click=${() => this.#open("devices")}>
          ${icon("devices")}<span>${t.devices}</span>
        </button>
        <button class="control" data-testid="more" aria-expanded=${this._panel === "more"} @click=${() => this.#open("more")}>
          ${icon("more")}<span>${t.more}</span>
        </button>
        <span class="gap"></span>
        <button class="control leave" data-testid="leave" @click=${() => this.dispatchEvent(new CustomEvent("hs-leave", { bubbles: true }))}>
          ${icon("leave")}<span>${t.leave}</span>
        </button>
      </footer>
    `;
  }

  #toggle(id: string, image: IconName, label: string, on: boolean, act: () => unknown) {
    return html`
      <button class="control" data-testid=${id} aria-pressed=${on} @click=${() => void act()}>
        ${icon(image)}<span>${label}</span>
      </button>
    `;
  }

  #open(panel: Panel): void {
    this._panel = this._panel === panel ? null : panel;
  }

  #panelHead(title: string) {
    return html`
      <header>
        <h2>${title}</h2>
        <button class="plain" aria-label=${texts.close} @click=${() => this.#open(null)}>${icon("close")}</button>
      </header>
    `;
  }

  #chat() {
    const { room } = this;
    return html`
      <aside class="panel" aria-label=${t.chat}>
        ${this.#panelHead(t.chat)}
        <p class="quiet">${t.chatEmpty}</p>
        <ol class="lines" role="log" aria-live="polite">
          ${room.chat.map(({ mine, text }) => html`<li class=${mine ? "mine" : ""}><span class="hidden">${mine ? t.me : this.view.other.name}:</span> ${text}</li>`)}
        </ol>
        <form class="row" @submit=${this.#send}>
          <input name="text" autocomplete="off" maxlength="2000" aria-label=${t.chatLabel} placeholder=${room.chatOpen ? t.chatLabel : t.chatClosed} data-testid="chat-input" />
          <button class="primary" ?disabled=${!room.chatOpen} data-testid="chat-send">${t.chatSend}</button>
        </form>
      </aside>
    `;
  }

  #send = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const text = String(new FormData(form).get("text") ?? "").trim();
    if (text && this.room.sendChat(text)) form.reset();
  };

  #devices() {
    const { room } = this;
    const c = texts.checkin;
    const helps = (["microphone", "camera"] as const).flatMap((kind) => {
      const state = room.devices.state[kind];
      return isTrouble(state) ? [html`<p class="help">${c.help[kind][state]}</p>`] : [];
    });
    return html`
      <aside class="panel" aria-label=${t.devices}>
        ${this.#panelHead(t.devices)} ${devicePicker(room, "microphone", c.microphone)}
        ${devicePicker(room, "camera", c.camera)} ${devicePicker(room, "speaker", c.speaker)} ${helps}
      </aside>
    `;
  }

  #more() {
    return html`
      <aside class="panel" aria-label=${t.more}>
        ${this.#panelHead(t.more)}
        <hs-consent-panel .room=${this.room} .now=${this.now}></hs-consent-panel>
        <h3>${texts.leave.report}</h3>
        <p>${texts.leave.reportHelp}</p>
        <p>
          <button data-testid="leave-and-report"
            @click=${() => this.dispatchEvent(new CustomEvent("hs-leave", { bubbles: true, detail: "report" }))}>${texts.leave.report} …</button>
        </p>
      </aside>
    `;
  }

  protected override firstUpdated(): void {
    setTimeout(() => void loadAfterwards().catch(() => {}), FETCH_AFTERWARDS);
  }

  protected override updated(): void {
    const lines = this.querySelector(".lines");
    if (lines) lines.scrollTop = lines.scrollHeight;
  }
}

customElements.define("hs-call", Call);
