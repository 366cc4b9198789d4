import "../../styles/base.css";
import "../../styles/session.css";
import "../../styles/call.css";
import "../../styles/forms.css";
import "../../styles/checkin.css";
import "../../components/check-in";
import "../../components/preview";
import "../../components/network-check";
import "../../components/waiting-room";
import "../../components/call";
import "../../components/leave-dialog";
import "../../components/running-late";
import "../../components/calendar";
import { html, LitElement, nothing } from "lit";
import { languagesOn } from "../../components/language";
import { loadOver } from "../../components/loaded";
import { Embedded, embedders } from "../../embedded";
import { frozen } from "../../frozen";
import { type Identity, identityWith, linked, readIdentity } from "../../identity";
import { type Fatal, Room } from "../../room";
import { texts } from "../../texts";
import { bookedIn } from "../../texts/choice";

/** What comes after the call is fetched when the page has had time for all else, or when it is due. */
const FETCH_OVER = 4_000;
/** An embedder hands the token over when the page has loaded. */
const HANDED_WITHIN = 3_000;

/** The page: one of the states, drawn anew when the room changes and at every second of the server's clock. */
class SessionPage extends LitElement {
  #room: Room | null = null;
  #identity: Identity | null = null;
  #embedded: Embedded | null = null;
  #handing = false;
  #leaving: "ways" | "report" | null = null;
  #over: Promise<unknown> | null = null;
  #unloaded = false;
  #tick: ReturnType<typeof setTimeout> | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("hashchange", () => location.hash.includes("t=") && location.reload()); // the link once more
    const origins = parent === window ? [] : embedders();
    if (origins.length > 0) this.#embedded = new Embedded(origins, (token) => this.#onToken(token));
    this.#handing = this.#embedded !== null && !linked();
    if (this.#handing) setTimeout(() => this.#handing && this.#enter(readIdentity()), HANDED_WITHIN);
    else this.#enter(readIdentity());
    this.#nextSecond();
  }

  #enter(identity: Identity | null): void {
    this.#handing = false;
    this.#identity = identity;
    this.requestUpdate();
    if (!identity) return;
    const room = new Room(identity, () => {
      this.#embedded?.update(room);
      this.requestUpdate();
    });
    this.#room = room;
    void room.start();
    setTimeout(() => this.#fetchOver(), FETCH_OVER);
  }

  #fetchOver(): void {
    this.#over ??= loadOver().catch(() => {
      this.#over = null; // and is tried again when it is due
      this.#unloaded = this.#room?.state === "ended";
      this.requestUpdate();
    });
  }

  #onToken(token: string): void {
    if (!this.#identity) this.#enter(identityWith(token));
    else if (this.#identity.token !== token) location.reload(); // and is handed it again
  }

  /** So that the countdown steps when the server's clock does. */
  #nextSecond(): void {
    clearTimeout(this.#tick);
    const now = this.#room?.clock.now() ?? 0;
    this.#tick = setTimeout(
      () => {
        this.requestUpdate();
        this.#nextSecond();
      },
      1_000 - (now % 1_000) + 10,
    );
  }

  protected override async scheduleUpdate(): Promise<void> {
    const view = this.#room?.session?.view;
    if (view) await bookedIn(view.me.locale ?? null);
    await this.#room?.calm();
    const draw = () => super.scheduleUpdate();
    const inCall = ["call", "held"].includes(document.body.dataset.state ?? "");
    if (inCall && this.#room?.state === "ended") await frozen(draw);
    else draw();
  }

  override render() {
    const state = this.#room?.state ?? "error";
    const loading = this.#handing || (state === "error" && this.#room !== null && this.#room.fatal === null);
    const top = loading || state === "call" || state === "held" ? nothing : languagesOn(this);
    return html`${top}${this.#page()}`;
  }

  #page() {
    const room = this.#room;
    const state = room?.state ?? "error";
    const now = room?.clock.now() ?? 0;
    document.body.dataset.state = state;
    document.title = this.#title(state);
    if (this.#handing) return nothing;
    if (!room) return problem("no_link");
    if (state === "error") {
      return room.fatal
        ? problem(room.fatal, () => void room.start())
        : html`<main class="page centre"><p role="status" class="quiet">…</p></main>`;
    }
    if (room.fatal === "wrong_protocol") return problem(room.fatal, () => location.reload());
    if (state === "replaced") return replaced(room);
    const inside = state === "waiting" || state === "call" || state === "held";
    if (!inside) this.#leaving = null;
    return html`
      <div @hs-leave=${this.#leave} @hs-stay=${this.#stay}>
        ${state === "checkin" ? html`<hs-check-in .room=${room} .now=${now}></hs-check-in>` : nothing}
        ${state === "waiting" ? html`<hs-waiting-room .room=${room} .now=${now}></hs-waiting-room>` : nothing}
        ${state === "call" || state === "held" ? html`<hs-call .room=${room} .now=${now}></hs-call>` : nothing}
        ${state === "ended" ? this.#summary(room, now) : nothing}
        ${inside ? html`<hs-leave-dialog .room=${room} .now=${now} .open=${this.#leaving !== null} .at=${this.#leaving ?? "ways"}></hs-leave-dialog>` : nothing}
      </div>
    `;
  }

  #summary(room: Room, now: number) {
    if (this.#unloaded) {
      return html`<main class="page centre" role="alert">
        <h1>${texts.ended.plain.heading}</h1>
        <p>${texts.ended.unloaded}</p>
        <button class="primary" @click=${() => location.reload()}>${texts.error.again}</button>
      </main>`;
    }
    this.#fetchOver();
    return html`<hs-summary .room=${room} .now=${now}></hs-summary>`;
  }

  #title(state: string): string {
    const other = this.#room?.session?.view.other;
    if (!other || state === "error") return texts.title;
    const warning = this.#room?.warning ?? null;
    if (warning !== null && (state === "call" || state === "held")) {
      return texts.call.warning(Math.floor(warning / 60), warning); // whoever shares a window sees the tab's name
    }
    const before = state === "checkin" || state === "waiting" || state === "call";
    if (before && document.hidden && other.status === "here") return texts.waiting.arrived(other.name);
    return texts.with(other.name);
  }

  #leave = (event: CustomEvent) => {
    this.#leaving = event.detail === "report" ? "report" : "ways";
    this.requestUpdate();
  };

  #stay = () => {
    this.#leaving = null;
    this.requestUpdate();
  };
}

function replaced(room: Room) {
  const t = texts.replaced;
  return html`
    <main class="page centre" data-testid="replaced">
      <h1>${t.heading}</h1>
      <p>${t.detail}</p>
      <button class="primary" data-testid="take-over" @click=${() => void room.takeOver()}>${t.takeOver}</button>
    </main>
  `;
}

function problem(which: Fatal, again?: () => void) {
  const t = texts.error;
  return html`
    <main class="page centre" role="alert">
      <h1>${t[which].heading}</h1>
      <p>${t[which].detail}</p>
      ${again ? html`<button class="primary" @click=${again}>${t.again}</button>` : nothing}
    </main>
  `;
}

customElements.define("hs-session", SessionPage);
