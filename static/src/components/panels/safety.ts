import { html, nothing } from "lit";
import { EMOJI } from "../../safety";
import { texts } from "../../texts";
import { RoomElement } from "../element";
import { icon } from "../icon";

const t = texts.safety;

/** The code that both read aloud (P5.6). It says "checked" when both have said that it is the same, and not before. */
class Safety extends RoomElement {
  override render() {
    const { safety } = this.room.between;
    const { name } = this.view.other;
    const code = safety?.code;
    return html`
      <p>${t.about(name)}</p>
      ${
        code
          ? html`
            <div class="code" data-testid="code">
              <p class="time large digits" aria-label=${[...code.digits].join(" ")}>${code.digits.slice(0, 3)} ${code.digits.slice(3)}</p>
              <ul>
                ${code.emoji.map((which) => html`<li><span aria-hidden="true">${EMOJI[which]}</span><span>${t.names[which]}</span></li>`)}
              </ul>
            </div>
          `
          : html`<p role="status">${safety?.state === "impossible" ? t.impossible : t.waiting}</p>`
      }
      ${safety && code ? this.#steps(safety.checkedHere, safety.checkedThere, name) : nothing}
      <p class="quiet">${t.limits}</p>
    `;
  }

  #steps(here: boolean, there: boolean, name: string) {
    return html`
      <p role="status" tabindex="-1" class="verdict" data-testid="safety-state">
        ${here && there ? html`${icon("checked")} <strong>${t.checked}</strong>` : here ? t.waitingFor(name) : there ? t.theyChecked(name) : t.compare}
      </p>
      ${here ? nothing : html`<button class="primary" data-testid="safety-same" @click=${this.#same}>${t.same}</button>`}
      ${here && there ? nothing : html`<details><summary>${t.different}</summary><p>${t.differentHelp}</p></details>`}
    `;
  }

  #same = () => {
    this.room.between.safety?.check();
    this.querySelector<HTMLElement>(".verdict")?.focus();
  };
}

customElements.define("hs-safety", Safety);
