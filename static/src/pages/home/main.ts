import "../../styles/base.css";
import { html, LitElement, nothing } from "lit";
import { languagesOn } from "../../components/language";
import { texts } from "../../texts";

const t = texts.home;

/** One sample session of the demo mode, as `/demo.json` lists them: the links of its two sides. */
interface Sample {
  title: string;
  client: string;
  expert: string;
}

class HomePage extends LitElement {
  #samples: Sample[] = [];

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.body.dataset.state = "home";
    void this.#load();
  }

  async #load(): Promise<void> {
    const response = await fetch("/demo.json", { cache: "no-store" }).catch(() => null);
    if (!response?.ok) return;
    this.#samples = (await response.json()) as Sample[];
    this.requestUpdate();
  }

  override render() {
    document.title = texts.home.title;
    return html`
      ${languagesOn(this)}
      <main class="page">
        <header class="head"><h1>${t.heading}</h1></header>
        ${t.intro.map((paragraph) => html`<p>${paragraph}</p>`)}
        <p>${t.invited}</p>
        ${
          this.#samples.length === 0
            ? nothing
            : html`
              <section class="card" data-testid="demo">
                <h2>${t.demo}</h2>
                <p class="quiet">${t.demoHelp}</p>
                <ul>
                  ${this.#samples.map(
                    ({ title, client, expert }) =>
                      html`<li>${title}: <a href=${client} target="_blank" rel="noreferrer">${texts.role.client}</a>, <a href=${expert} target="_blank" rel="noreferrer">${texts.role.expert}</a></li>`,
                  )}
                </ul>
              </section>`
        }
      </main>
    `;
  }
}

customElements.define("hs-home", HomePage);
