/**
 * The door: a name with password and code, or a key; and setting an account up by its link, whose token leaves the
 * address bar at once. What was typed stays through an error; the password and the key are kept nowhere.
 */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { texts } from "../texts/dashboard-en";
import type { Me, Setup } from "./answers";
import { asProblem, type Client, type Problem } from "./client";

const t = texts.door;

class SignIn extends LitElement {
  static override properties = {
    client: { attribute: false },
    ended: { attribute: false },
    _way: { state: true },
    _busy: { state: true },
    _problem: { state: true },
    _setup: { state: true },
  };

  declare client: Client;
  /** A sign-in was over, rather than never begun. */
  declare ended: boolean;
  declare private _way: "account" | "key" | "setup";
  declare private _busy: boolean;
  declare private _problem: Problem | null;
  declare private _setup: Setup | null;
  #token = "";

  constructor() {
    super();
    this.ended = false;
    this._way = "account";
    this._busy = false;
    this._problem = null;
    this._setup = null;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = texts.title(t.title);
    if (!location.pathname.endsWith("/setup")) return;
    this.#token = new URLSearchParams(location.hash.slice(1)).get("s") ?? "";
    history.replaceState(null, "", location.pathname);
    this._way = "setup";
    void this.#prepare();
  }

  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>("input")?.focus();
  }

  #prepare = async () => {
    this._problem = null;
    try {
      this._setup = await this.client.setup(this.#token);
    } catch (error) {
      this._problem = asProblem(error);
    }
  };

  override render(): TemplateResult {
    return html`
      <main class="door">
        <div class="card">
          <p class="brand"><span class="logo" aria-hidden="true"></span> Headstrt Sessions</p>
          ${this._way === "setup" ? this.#settingUp() : this.#signing()}
        </div>
      </main>
    `;
  }

  #signing() {
    const key = this._way === "key";
    return html`
      <h1 tabindex="-1">${t.title}</h1>
      ${this.ended ? html`<p class="note" role="status">${t.ended}</p>` : nothing}
      <form @submit=${this.#submit} aria-busy=${this._busy}>
        ${
          key
            ? field("key", t.key, "password", "off", t.keyHelp)
            : html`${field("name", t.name, "text", "username")} ${field("password", t.password, "password", "current-password")} ${field("code", t.code, "text", "one-time-code", t.codeHelp)}`
        }
        ${this.#said()}
        <button type="submit" class="primary" ?disabled=${this._busy} data-testid="sign-in">${this._busy ? texts.ask.busy : t.signIn}</button>
      </form>
      <button type="button" class="plain" @click=${this.#other} data-testid="other-way">${key ? t.withAccount : t.withKey}</button>
    `;
  }

  #settingUp() {
    const setup = this._setup;
    if (!setup)
      return html`
        <h1 tabindex="-1">${t.setup}</h1>
        ${this._problem ? html`<p role="alert">${this._problem.offline ? texts.state.offline : t.linkOver}</p>` : html`<p role="status">${texts.state.loading}</p>`}
        <p><a href="/dashboard">${t.toSignIn}</a></p>
      `;
    return html`
      <h1 tabindex="-1">${t.welcome(setup.name)}</h1>
      <p>${t.setupHelp(texts.roles[setup.role] ?? setup.role)}</p>
      <img class="qr" src=${setup.qr} alt=${t.qr} width="200" height="200" />
      <details><summary>${t.byHand}</summary><code class="secret">${setup.secret}</code></details>
      <form @submit=${this.#confirm} aria-busy=${this._busy}>
        ${field("name", t.name, "text", "username", undefined, setup.name)}
        ${field("password", t.newPassword, "password", "new-password", t.passwordHelp)} ${field("code", t.code, "text", "one-time-code", t.codeHelp)}
        ${this.#said()}
        <button type="submit" class="primary" ?disabled=${this._busy} data-testid="confirm">${t.finish}</button>
      </form>
    `;
  }

  #said() {
    const problem = this._problem;
    if (!problem) return html`<p class="problem" role="alert" data-testid="door-problem"></p>`;
    const words = problem.offline
      ? texts.state.offline
      : problem.status === 401
        ? t.wrong[this._way]
        : problem.retryAfter
          ? t.wait(Math.ceil(problem.retryAfter / 60))
          : (texts.problems[problem.code] ?? problem.message);
    return html`<p class="problem" role="alert" data-testid="door-problem">${words || texts.state.failed}</p>`;
  }

  #other = async () => {
    this._way = this._way === "key" ? "account" : "key";
    this._problem = null;
    await this.updateComplete;
    this.querySelector<HTMLElement>("input")?.focus();
  };

  #submit = (event: SubmitEvent) => {
    const data = this.#read(event);
    const given =
      this._way === "key"
        ? { key: data("key") }
        : { name: data("name"), password: data("password"), code: data("code").replace(/\s/g, "") };
    return this.#enter(() => this.client.signIn(given));
  };

  #confirm = (event: SubmitEvent) => {
    const data = this.#read(event);
    return this.#enter(() => this.client.confirm(this.#token, data("password"), data("code").replace(/\s/g, "")));
  };

  #read(event: SubmitEvent): (name: string) => string {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    return (name) => (name === "password" ? String(data.get(name) ?? "") : String(data.get(name) ?? "").trim());
  }

  async #enter(call: () => Promise<Me>): Promise<void> {
    if (this._busy) return;
    this._busy = true;
    this._problem = null;
    try {
      const me = await call();
      this.dispatchEvent(new CustomEvent("hs-in", { detail: me }));
    } catch (error) {
      this._problem = asProblem(error);
      await this.updateComplete;
      const last = this._way === "key" ? "key" : "code"; // the one that has to be typed anew
      const input = this.querySelector<HTMLInputElement>(`[name=${last}]`);
      input?.focus();
      input?.select();
    }
    this._busy = false;
  }
}

function field(name: string, label: string, type: string, autocomplete: string, help?: string, value?: string) {
  return html`
    <div class="field">
      <label for="door-${name}">${label}</label>
      <input id="door-${name}" name=${name} type=${type} autocomplete=${autocomplete} required maxlength="256" spellcheck="false" autocapitalize="none"
        inputmode=${name === "code" ? "numeric" : nothing} ?readonly=${value !== undefined} .value=${value ?? ""} aria-describedby=${help ? `door-${name}-help` : nothing} />
      ${help ? html`<p class="help" id="door-${name}-help">${help}</p>` : nothing}
    </div>
  `;
}

customElements.define("hs-sign-in", SignIn);
