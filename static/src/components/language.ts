import { html, LitElement, type TemplateResult } from "lit";
import { code, texts } from "../texts";
import { choose } from "../texts/choice";
import { type Code, languages, OFFERED } from "../texts/languages";
import { icon } from "./icon";

/** Another language, at once and for every later visit from here; `hs-language` is told when it is there. */
export class LanguagePicker extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override render() {
    return html`
      <label class="language">
        ${icon("language")} <span class="hidden">${texts.language}</span>
        <select data-testid="language" @change=${this.#choose}>
          ${OFFERED.map((each) => html`<option value=${each} lang=${each} ?selected=${each === code}>${languages[each].name}</option>`)}
        </select>
      </label>
    `;
  }

  #choose = async (event: Event) => {
    const select = event.target as HTMLSelectElement;
    try {
      await choose(select.value as Code);
      this.dispatchEvent(new CustomEvent("hs-language", { bubbles: true }));
    } catch {
      select.value = code; // its words could not be fetched
    }
    this.requestUpdate();
  };
}

/** At the top of a page that is drawn anew once another language is there. */
export function languagesOn(page: LitElement): TemplateResult {
  return html`<header class="top"><hs-language @hs-language=${() => page.requestUpdate()}></hs-language></header>`;
}

customElements.define("hs-language", LanguagePicker);
