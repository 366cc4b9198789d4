import "../../styles/base.css";
import { html, LitElement, nothing } from "lit";
import { texts } from "../../texts";

const t = texts.home;

/** One sample session of the demo mode, as `/demo.json` lists them: `{sessions: [{title, links: [{label, url}]}]}`. */
interface Sample {
  title: string;
  links: { label: string; url: string }[];
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
    const { sessions } = (await response.json()) as { sessions: Sample[] };
    this.#samples = sessions;
    this.requestUpdate();
  }

  override render() {
    return html`
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
                    ({ title, links }) =>
                      html`<li>${title}: ${links.map(({ label, url }) => html`<a href=${url} target="_blank" rel="noreferrer">${label}</a> `)}</li>`,
                  )}
                </ul>
              </section>`
        }
      </main>
    `;
  }
}

customElements.define("hs-home", HomePage);
