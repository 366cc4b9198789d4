/**
 * What every view of the dashboard is: something loaded and then drawn, asked for anew at the server's hints. The first
 * time it says that it loads; after that what was there stays, also when the line is down, and it says from when it is.
 */

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { texts } from "../texts/dashboard-en";
import { href, type Place } from "./address";
import type { App } from "./app";
import { asProblem, type Problem } from "./client";
import * as format from "./format";
import { icon } from "./icons";
import type { Hint } from "./live";

const QUIET = 300;

export abstract class View<T> extends LitElement {
  static override properties = {
    app: { attribute: false },
    place: { attribute: false },
    _data: { state: true },
    _problem: { state: true },
    _busy: { state: true },
  };

  declare app: App;
  declare place: Place;
  declare protected _data: T | null;
  declare protected _problem: Problem | null;
  declare protected _busy: boolean;
  #loadedAt = 0;
  #loading: AbortController | null = null;
  #soon: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this._data = null;
    this._problem = null;
    this._busy = false;
  }

  protected abstract heading(): string;
  protected abstract load(signal: AbortSignal): Promise<T>;
  protected abstract content(data: T): unknown;

  /** Whether what is shown may have moved with this. */
  protected hears(_hint: Hint): boolean {
    return false;
  }

  /** Beside the heading: what can be done here. */
  protected actions(_data: T | null): unknown {
    return nothing;
  }

  /** Below it, whatever became of the loading: what the address can be changed with. */
  protected controls(): unknown {
    return nothing;
  }

  /** Above the heading: where this belongs. */
  protected above(): unknown {
    return nothing;
  }

  hint(hint: Hint): void {
    if (hint.kind !== "reload" && !this.hears(hint)) return;
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.refresh(), QUIET);
  }

  /** Once more, quietly. */
  refresh = async (): Promise<void> => {
    this.#loading?.abort();
    const mine = new AbortController();
    this.#loading = mine;
    this._busy = true;
    try {
      const data = await this.load(mine.signal);
      if (this.#loading !== mine) return;
      this._data = data;
      this._problem = null;
      this.#loadedAt = Date.now();
    } catch (error) {
      if (this.#loading !== mine || mine.signal.aborted) return;
      this._problem = asProblem(error);
      if (this._problem.code === "error") console.error(error); // a bug of this page
    }
    this._busy = false;
  };

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#loading?.abort();
    clearTimeout(this.#soon);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("place")) return;
    const before = changed.get("place") as Place | undefined;
    if (before && href(before) === href(this.place)) return;
    if (before && (before.id !== this.place.id || before.part !== this.place.part)) this._data = null;
    void this.refresh();
  }

  override render(): TemplateResult {
    const heading = this.heading();
    document.title = texts.title(heading);
    return html`
      <div class="view" aria-busy=${this._busy} data-loaded=${this._data !== null}>
        <header class="view-head">
          <div>${this.above()}<h1 tabindex="-1">${heading}</h1></div>
          <div class="actions">${this.actions(this._data)}</div>
        </header>
        ${this.controls()} ${this.#trouble()} ${this._data === null ? this.#first() : this.content(this._data)}
      </div>
    `;
  }

  #first() {
    return this._problem ? nothing : html`<p class="loading" role="status">${texts.state.loading}</p>`;
  }

  #trouble() {
    const problem = this._problem;
    if (!problem) return nothing;
    const stale = this._data === null ? "" : texts.state.asOf(format.precise(this.#loadedAt));
    const words = problem.offline ? texts.state.offline : (texts.problems[problem.code] ?? problem.message);
    return html`
      <div class="trouble" role="alert" data-testid="trouble">
        ${icon(problem.offline ? "offline" : "warning")}
        <p>${words || texts.state.failed} ${stale} ${problem.id ? texts.state.id(problem.id) : nothing}</p>
        <button type="button" @click=${this.refresh}>${texts.state.again}</button>
      </div>
    `;
  }
}
