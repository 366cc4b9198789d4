import "../../styles/base.css";
import "../../styles/dashboard.css";
import "../../dashboard/ask";
import "../../dashboard/sign-in";
import "../../dashboard/views/live";
import "../../dashboard/views/today";
import "../../dashboard/views/sessions";
import "../../dashboard/views/session";
import "../../dashboard/views/people";
import "../../dashboard/views/person";
import "../../dashboard/views/complaints";
import "../../dashboard/views/cases";
import "../../dashboard/views/sanctions";
import "../../dashboard/views/overview";
import "../../dashboard/views/webhooks";
import "../../dashboard/views/keys";
import "../../dashboard/views/operators";
import "../../dashboard/views/health";
import "../../dashboard/views/audit";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { href, type Place, place, read, type ViewName } from "../../dashboard/address";
import type { List, Me, Operator, Overview, Right } from "../../dashboard/answers";
import type { App, Ask } from "../../dashboard/app";
import type { AskDialog } from "../../dashboard/ask";
import { asProblem, Client, type Problem } from "../../dashboard/client";
import { dayOf, moment } from "../../dashboard/filters";
import { type IconName, icon } from "../../dashboard/icons";
import { onKey, shortcuts } from "../../dashboard/keyboard";
import { type Hint, LiveHints } from "../../dashboard/live";
import type { View } from "../../dashboard/view";
import { texts } from "../../texts/dashboard-en";

interface Item {
  view: ViewName;
  icon: IconName;
  right: Right;
  /** Which count stands beside it. */
  count?: (overview: Overview) => number;
}

const NAVIGATION: readonly { group: keyof typeof texts.groups; items: readonly Item[] }[] = [
  {
    group: "now",
    items: [
      { view: "live", icon: "live", right: "look", count: ({ now }) => now.live + now.held + now.waiting },
      { view: "today", icon: "today", right: "look" },
      { view: "cases", icon: "cases", right: "look", count: ({ cases }) => cases.open },
    ],
  },
  {
    group: "record",
    items: [
      { view: "sessions", icon: "sessions", right: "look" },
      { view: "people", icon: "people", right: "look" },
      { view: "complaints", icon: "complaints", right: "look" },
      { view: "sanctions", icon: "sanctions", right: "look" },
      { view: "overview", icon: "overview", right: "look" },
    ],
  },
  {
    group: "service",
    items: [
      {
        view: "webhooks",
        icon: "webhooks",
        right: "look",
        count: ({ post }) => post.failed + post.disabled_endpoints,
      },
      { view: "health", icon: "health", right: "look" },
      { view: "audit", icon: "audit", right: "look" },
      { view: "operators", icon: "operators", right: "look" },
      { view: "keys", icon: "keys", right: "admin" },
    ],
  },
];
/** What a phone has at its bottom; the rest is behind "More". */
const BOTTOM: readonly ViewName[] = ["live", "today", "sessions", "cases"];
const SAID = 6_000;

/** The page: signing in, then the frame with its navigation around one view. */
class Dashboard extends LitElement implements App {
  client = new Client(() => this.#signedOut());
  overview: Overview | null = null;
  #me: Me | null = null;
  #place: Place | null = read(location.hash);
  #state: "opening" | "out" | "in" | "down" = "opening";
  #problem: Problem | null = null;
  #ended = false;
  #hints: LiveHints | null = null;
  #up = true;
  #ahead = 0;
  #names = new Map<string, string>();
  #drawer = false;
  #help = false;
  #said = "";
  #saying: ReturnType<typeof setTimeout> | undefined;
  #counting: ReturnType<typeof setTimeout> | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("hashchange", this.#moved);
    addEventListener("keydown", this.#key);
    this.addEventListener("hs-say", (event) => this.say((event as CustomEvent<string>).detail));
    void this.#open();
  }

  // --- what views are given ---

  get me(): Me {
    if (!this.#me) throw new Error("nobody is signed in");
    return this.#me;
  }

  get place(): Place {
    return this.#place ?? place("live");
  }

  now(): number {
    return Date.now() + this.#ahead;
  }

  who(id: string | null): string {
    return id === null ? texts.byRules : (this.#names.get(id) ?? id);
  }

  can(right: Right): boolean {
    return this.me.rights.includes(right);
  }

  go(to: Place, replace = false): void {
    const address = href(to);
    if (address === location.hash) return;
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    this.#moved();
  }

  say(words: string): void {
    this.#said = words;
    clearTimeout(this.#saying);
    this.#saying = setTimeout(() => {
      this.#said = "";
      this.requestUpdate();
    }, SAID);
    this.requestUpdate();
  }

  async ask<T>(ask: Ask<T>): Promise<boolean> {
    const dialog = this.querySelector("hs-ask") as AskDialog;
    return dialog.open(ask as Ask);
  }

  // --- coming and going ---

  #open = async () => {
    if (location.pathname.endsWith("/setup")) return this.#leave();
    this.#state = "opening";
    this.requestUpdate();
    try {
      this.#enter(await this.client.me());
    } catch (error) {
      this.#problem = asProblem(error);
      this.#state = this.#problem.status === 401 ? "out" : "down";
      this.requestUpdate();
    }
  };

  #leave(): void {
    this.#state = "out";
    this.requestUpdate();
  }

  #enter(me: Me): void {
    this.#me = me;
    this.#ended = false;
    this.#state = "in";
    this.#ahead = Date.parse(me.server_time) - Date.now();
    if (location.pathname !== "/dashboard") history.replaceState(null, "", `/dashboard${location.hash}`);
    if (!this.#place) {
      this.#place = read(location.hash);
      if (!this.#place) this.go(place("live"), true);
    }
    const hints = new LiveHints({
      hint: (hint) => this.#hint(hint),
      connected: (up) => {
        if (up && !this.#up) this.#hint({ kind: "reload" });
        this.#up = up;
        this.requestUpdate();
      },
      serverTime: (at) => {
        this.#ahead = Date.parse(at) - Date.now();
      },
      signedOut: () => this.#signedOut(),
    });
    this.#hints?.stop();
    this.#hints = hints;
    hints.start();
    void this.#count();
    void this.#meet();
    this.requestUpdate();
  }

  /** Who the ids of operators are. */
  async #meet(): Promise<void> {
    try {
      const { data } = await this.client.get<List<Operator>>("/v1/operators");
      this.#names = new Map(data.map(({ id, name }) => [id, name]));
      this.requestUpdate();
    } catch {
      // then they are shown by their ids
    }
  }

  #signedOut(): void {
    if (this.#state !== "in") return;
    this.#hints?.stop();
    this.#hints = null;
    this.#me = null;
    this.client.csrf = null;
    this.#ended = true;
    this.#state = "out";
    this.requestUpdate();
  }

  #signOut = async () => {
    try {
      await this.client.signOut();
    } catch {
      // the cookie may still count: say so by staying
      this.say(texts.state.offline);
      return;
    }
    this.#signedOut();
    this.#ended = false;
    this.requestUpdate();
  };

  // --- moving ---

  #moved = () => {
    const to = read(location.hash);
    const before = this.#place;
    this.#place = to;
    this.#drawer = false;
    if (this.#state !== "in") return;
    this.requestUpdate();
    if (before && to && before.view === to.view && before.id === to.id && before.part === to.part) return;
    scrollTo(0, 0);
    void this.updateComplete.then(() => this.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true }));
  };

  #hint(hint: Hint): void {
    this.#view?.hint(hint);
    if (hint.kind === "counts" && this.overview) {
      const { live, held, waiting } = hint;
      this.overview = { ...this.overview, now: { live, held, waiting } };
      this.requestUpdate();
    } else if (hint.kind === "queue" && this.overview) {
      const { open, overdue } = hint;
      this.overview = { ...this.overview, cases: { ...this.overview.cases, open, overdue } };
      this.requestUpdate();
    } else if (hint.kind === "reload") {
      clearTimeout(this.#counting);
      this.#counting = setTimeout(() => void this.#count(), 300);
    }
  }

  async #count(): Promise<void> {
    const day = dayOf(this.now());
    try {
      this.overview = await this.client.get<Overview>("/v1/overview", { from: moment(day), to: moment(day, true) });
      this.requestUpdate();
    } catch {
      // the counts are a comfort; the views say what is wrong
    }
  }

  get #view(): View<unknown> | null {
    return this.querySelector<View<unknown>>("#view > *");
  }

  #key = (event: KeyboardEvent) => {
    if (this.#state !== "in") return;
    onKey(event, {
      main: this.querySelector("main"),
      go: (view) => this.go(place(view)),
      help: () => this.#showHelp(true),
      refresh: () => void this.#view?.refresh(),
      escape: () => {
        if (!this.#drawer) return false;
        this.#drawer = false;
        this.requestUpdate();
        return true;
      },
    });
  };

  // --- drawing ---

  override render(): TemplateResult {
    document.body.dataset.state = this.#state;
    if (this.#state === "opening") return html`<main class="door"><p role="status">${texts.state.loading}</p></main>`;
    if (this.#state === "down")
      return html`
        <main class="door"><div class="card" role="alert">
          <h1>${texts.door.down}</h1>
          <p>${this.#problem?.offline ? texts.state.offline : this.#problem?.message || texts.state.failed}</p>
          <button class="primary" @click=${this.#open}>${texts.state.again}</button>
        </div></main>
      `;
    if (this.#state === "out")
      return html`<hs-sign-in .client=${this.client} .ended=${this.#ended} @hs-in=${(event: CustomEvent<Me>) => this.#enter(event.detail)}></hs-sign-in>`;
    return html`
      <a class="skip" href="#main" @click=${this.#skip}>${texts.frame.skip}</a>
      <div class="frame" data-drawer=${this.#drawer}>
        ${this.#navigation()}
        <main id="main" tabindex="-1">
          ${this.#up ? nothing : html`<p class="line" role="status" data-testid="line-down">${icon("offline")} ${texts.state.lineDown}</p>`}
          <div id="view">${this.#shown()}</div>
        </main>
        ${this.#bottom()}
      </div>
      <p class="toast" role="status" data-testid="said">${this.#said}</p>
      <hs-ask></hs-ask>
      ${this.#help ? this.#helpDialog() : nothing}
    `;
  }

  #skip = (event: Event) => {
    event.preventDefault();
    this.querySelector<HTMLElement>("main h1")?.focus();
  };

  #navigation() {
    const { me } = this;
    return html`
      <aside class="side" id="side">
        <div class="brand"><span class="logo" aria-hidden="true"></span> Headstrt Sessions</div>
        <nav aria-label=${texts.frame.navigation}>
          ${NAVIGATION.map(
            ({ group, items }) => html`
              <h2>${texts.groups[group]}</h2>
              <ul>${items.filter(({ right }) => this.can(right)).map((item) => html`<li>${this.#link(item)}</li>`)}</ul>
            `,
          )}
        </nav>
        <div class="who">
          <p><strong data-testid="who">${me.name}</strong><br /><span class="quiet">${me.role ? texts.roles[me.role] : texts.frame.byKey}</span></p>
          <div class="row">
            <button class="plain" @click=${() => this.#showHelp(true)}>${icon("help")} ${texts.frame.help}</button>
            <button class="plain" @click=${this.#signOut} data-testid="sign-out">${icon("signOut")} ${texts.frame.signOut}</button>
          </div>
        </div>
      </aside>
      ${this.#drawer ? html`<div class="shade" @click=${this.#toggle}></div>` : nothing}
    `;
  }

  #link(item: Item) {
    const { view } = item;
    const count = (this.overview && item.count?.(this.overview)) || 0;
    const late = view === "cases" && (this.overview?.cases.overdue ?? 0) > 0;
    return html`
      <a href=${href(place(view))} aria-current=${this.place.view === view ? "page" : nothing} data-testid="nav-${view}">
        ${icon(item.icon)} <span>${texts.short[view] ?? texts.views[view]}</span>
        ${count > 0 ? html`<span class="count ${view === "webhooks" || late ? "bad" : ""}">${count}<span class="hidden"> ${texts.frame.counted[view]}</span></span>` : nothing}
      </a>
    `;
  }

  #bottom() {
    const items = NAVIGATION.flatMap((group) => group.items);
    return html`
      <nav class="bottom" aria-label=${texts.frame.short}>
        ${BOTTOM.map((view) => this.#link(items.find((item) => item.view === view) as Item))}
        <button type="button" aria-expanded=${this.#drawer} aria-controls="side" @click=${this.#toggle} data-testid="more">${icon("menu")} <span>${texts.frame.more}</span></button>
      </nav>
    `;
  }

  #toggle = () => {
    this.#drawer = !this.#drawer;
    this.requestUpdate();
    if (this.#drawer)
      void this.updateComplete.then(() => this.querySelector<HTMLElement>(".side a")?.focus({ preventScroll: true }));
  };

  #shown() {
    const at = this.#place;
    if (!at)
      return html`<div class="view"><h1 tabindex="-1">${texts.state.nowhere}</h1><p><a href=${href(place("live"))}>${texts.views.live}</a></p></div>`;
    switch (at.view) {
      case "live":
        return html`<hs-live .app=${this} .place=${at}></hs-live>`;
      case "today":
        return html`<hs-today .app=${this} .place=${at}></hs-today>`;
      case "sessions":
        return at.id
          ? html`<hs-session-page .app=${this} .place=${at}></hs-session-page>`
          : html`<hs-sessions .app=${this} .place=${at}></hs-sessions>`;
      case "people":
        return at.id
          ? html`<hs-person .app=${this} .place=${at}></hs-person>`
          : html`<hs-people .app=${this} .place=${at}></hs-people>`;
      case "complaints":
        return html`<hs-complaints .app=${this} .place=${at}></hs-complaints>`;
      case "cases":
        return html`<hs-cases .app=${this} .place=${at}></hs-cases>`;
      case "sanctions":
        return html`<hs-sanctions .app=${this} .place=${at}></hs-sanctions>`;
      case "overview":
        return html`<hs-overview .app=${this} .place=${at}></hs-overview>`;
      case "webhooks":
        if (at.part) return html`<hs-delivery .app=${this} .place=${at}></hs-delivery>`;
        return at.id
          ? html`<hs-endpoint .app=${this} .place=${at}></hs-endpoint>`
          : html`<hs-endpoints .app=${this} .place=${at}></hs-endpoints>`;
      case "keys":
        return html`<hs-keys .app=${this} .place=${at}></hs-keys>`;
      case "operators":
        return html`<hs-operators .app=${this} .place=${at}></hs-operators>`;
      case "health":
        return html`<hs-health .app=${this} .place=${at}></hs-health>`;
      case "audit":
        return html`<hs-audit .app=${this} .place=${at}></hs-audit>`;
    }
  }

  #showHelp(shown: boolean): void {
    this.#help = shown;
    this.requestUpdate();
    if (shown) void this.updateComplete.then(() => this.querySelector<HTMLDialogElement>("dialog.help")?.showModal());
  }

  #helpDialog() {
    return html`
      <dialog class="ask help" aria-labelledby="help-title" data-testid="help" @close=${() => this.#showHelp(false)}>
        <form method="dialog">
          <header><h2 id="help-title">${texts.keys.title}</h2><button class="plain icon-only" aria-label=${texts.ask.close}>${icon("close")}</button></header>
          <div class="body">
            <dl class="shortcuts">${shortcuts.map(({ keys, words }) => html`<div><dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${words}</dd></div>`)}</dl>
          </div>
        </form>
      </dialog>
    `;
  }
}

customElements.define("hs-dashboard", Dashboard);
