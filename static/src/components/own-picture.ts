import { html } from "lit";
import { texts } from "../texts";
import { RoomElement } from "./element";
import { icon } from "./icon";
import { signal } from "./signal";

const t = texts.own;
type Side = "top" | "bottom";
type Edge = "left" | "right";
/** Pointers tremble: what moves less than this is a click. */
const CLICK = 6;

/** The own picture: in one of the four corners, by dragging, by a click or by the arrow keys; or out of sight. */
class OwnPicture extends RoomElement {
  static override properties = { ...RoomElement.properties, _side: { state: true }, _edge: { state: true } };

  declare private _side: Side;
  declare private _edge: Edge;
  #from: { x: number; y: number } | null = null;
  #dragged = false;
  /** The button that was pressed is gone, and the focus goes to the one in its place. */
  #refocus = false;

  constructor() {
    super();
    this._side = "bottom";
    this._edge = "right";
  }

  override render() {
    const { devices, screen, ownHidden, quality } = this.room;
    const stream = screen ?? devices.preview;
    const bars = signal(quality, texts.quality.mine, "signal-own");
    if (ownHidden) {
      return html`
        <div class="own hidden-own" data-corner="${this._side} ${this._edge}">
          <button data-testid="show-own" title=${t.show} aria-label=${t.show} @click=${() => this.#hide(false)}>${icon("user")}${bars}</button>
        </div>
      `;
    }
    return html`
      <div class="own" data-testid="own" data-corner="${this._side} ${this._edge}" @pointerdown=${this.#down} @pointermove=${this.#move}
        @pointerup=${this.#up} @pointercancel=${this.#stop}>
        ${
          stream
            ? html`<video class=${screen ? "" : "mirror"} data-testid="local-video" aria-label=${texts.call.you} autoplay playsinline
                .muted=${true} .srcObject=${stream}></video>`
            : html`<span>${icon("cameraOff")}</span>`
        }
        ${bars}
        <button class="move" data-testid="move-own" title=${t.move} aria-label=${t.moveHelp(t.corner[`${this._side} ${this._edge}`])}
          @click=${this.#next} @keydown=${this.#key}>${icon("move")}</button>
        <button class="hide" data-testid="hide-own" title=${t.hide} aria-label=${t.hide} @click=${() => this.#hide(true)}>${icon("close")}</button>
      </div>
    `;
  }

  #hide(hidden: boolean): void {
    this.#refocus = this.contains(document.activeElement);
    this.room.hideOwn(hidden);
  }

  protected override updated(): void {
    const wanted = this.room.ownHidden ? "show-own" : "hide-own";
    if (!this.#refocus || !this.querySelector(`[data-testid=${wanted}]`)) return;
    this.#refocus = false;
    this.querySelector<HTMLElement>(`[data-testid=${wanted}]`)?.focus();
  }

  #down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    this.#from = { x: event.clientX, y: event.clientY };
    this.#dragged = false;
    // a fast pointer is gone before it has moved in here; but a button whose pointer is taken gets no click
    if (!(event.target as Element).closest("button")) capture(event);
  };

  #move = (event: PointerEvent) => {
    if (!this.#from) return;
    const [x, y] = [event.clientX - this.#from.x, event.clientY - this.#from.y];
    if (!this.#dragged && Math.hypot(x, y) < CLICK) return;
    const own = event.currentTarget as HTMLElement;
    if (!this.#dragged) capture(event);
    this.#dragged = true;
    own.classList.add("dragged");
    own.style.translate = `${x}px ${y}px`;
  };

  #up = (event: PointerEvent) => {
    const own = event.currentTarget as HTMLElement;
    const stage = own.closest(".stage")?.getBoundingClientRect();
    if (this.#dragged && stage) {
      const { left, top, width, height } = own.getBoundingClientRect();
      this._edge = left + width / 2 < stage.left + stage.width / 2 ? "left" : "right";
      this._side = top + height / 2 < stage.top + stage.height / 2 ? "top" : "bottom";
    }
    this.#stop(event);
  };

  #stop = (event: PointerEvent) => {
    const own = event.currentTarget as HTMLElement;
    own.classList.remove("dragged");
    own.style.translate = "";
    this.#from = null;
    setTimeout(() => {
      this.#dragged = false; // once the click that ends it is past
    });
  };

  /** Who cannot drag clicks it round the four corners (WCAG 2.5.7). */
  #next = () => {
    if (this.#dragged) return;
    if (this._side === "bottom" && this._edge === "right") this._edge = "left";
    else if (this._side === "bottom") this._side = "top";
    else if (this._edge === "left") this._edge = "right";
    else this._side = "bottom";
  };

  #key = (event: KeyboardEvent) => {
    switch (event.key) {
      case "ArrowUp":
        this._side = "top";
        break;
      case "ArrowDown":
        this._side = "bottom";
        break;
      case "ArrowLeft":
        this._edge = "left";
        break;
      case "ArrowRight":
        this._edge = "right";
        break;
      default:
        return;
    }
    event.preventDefault();
  };
}

function capture(event: PointerEvent): void {
  (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
}

customElements.define("hs-own-picture", OwnPicture);
