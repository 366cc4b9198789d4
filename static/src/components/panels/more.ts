import { html, nothing } from "lit";
import { canFullScreen, canPip } from "../../screens";
import { type Action, SHORTCUTS, setShortcuts, shortcutsAreOn } from "../../shortcuts";
import { texts } from "../../texts";
import { RoomElement } from "../element";
import { type IconName, icon } from "../icon";

const t = texts.call;

/** What is needed seldom: how it is shown, written consent, leaving with a report. */
class More extends RoomElement {
  override render() {
    const { room, now } = this;
    return html`
      <div class="tools">
        ${canPip() ? this.#tool("pip", "pip", t.pip) : nothing} ${canFullScreen() ? this.#tool("fullscreen", "maximize", t.fullScreen) : nothing}
        ${this.#tool("own", "user", room.ownHidden ? texts.own.show : texts.own.hide)} ${this.#tool("devices", "devices", t.devices)}
        <label class="check">
          <input type="checkbox" data-testid="shortcuts" .checked=${shortcutsAreOn()} @change=${this.#shortcuts} />
          <span>${t.shortcuts}</span>
        </label>
      </div>
      <hs-consent-panel .room=${room} .now=${now}></hs-consent-panel>
      <p class="quiet">${t.markHelp}</p>
      <h3>${texts.leave.report}</h3>
      <p>${texts.leave.reportHelp}</p>
      <p>
        <button data-testid="leave-and-report"
          @click=${() => this.dispatchEvent(new CustomEvent("hs-leave", { bubbles: true, detail: "report" }))}>${texts.leave.report} …</button>
      </p>
    `;
  }

  #tool(action: Action, image: IconName, label: string) {
    return html`
      <button data-testid="tool-${action}" aria-keyshortcuts=${SHORTCUTS[action]}
        @click=${() => this.dispatchEvent(new CustomEvent("hs-do", { detail: action }))}>
        ${icon(image)}<span>${label}</span>${shortcutsAreOn() ? html`<kbd aria-hidden="true">${SHORTCUTS[action].toUpperCase()}</kbd>` : nothing}
      </button>
    `;
  }

  #shortcuts = (event: Event) => {
    setShortcuts((event.target as HTMLInputElement).checked);
    this.room.redraw();
  };
}

customElements.define("hs-more", More);
