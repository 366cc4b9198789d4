/**
 * Before something is done: what will happen in words, its fields, perhaps a preview of many, then one confirmation.
 * What was typed stays through every error; Escape and Cancel do nothing; nothing can be sent twice.
 */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { texts } from "../texts/dashboard-en";
import { place } from "./address";
import type { Attendance, Bulk } from "./answers";
import type { Ask, Field, Values } from "./app";
import { asProblem, type Problem } from "./client";
import * as format from "./format";
import { icon } from "./icons";
import { chip, refund, type Tone, table } from "./parts";

const t = texts.ask;

export class AskDialog extends LitElement {
  static override properties = {
    _ask: { state: true },
    _busy: { state: true },
    _problem: { state: true },
    _missing: { state: true },
    _preview: { state: true },
    _result: { state: true },
    _values: { state: true },
  };

  declare private _ask: Ask | null;
  declare private _busy: boolean;
  declare private _problem: Problem | null;
  declare private _missing: string | null;
  declare private _preview: Bulk | null;
  declare private _result: unknown;
  declare private _values: Values;
  #answered: ((done: boolean) => void) | null = null;
  #done = false;

  constructor() {
    super();
    this._ask = null;
    this.#clear();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  /** True once it was done. A second question while one stands is not asked. */
  async open(ask: Ask): Promise<boolean> {
    if (this._ask) return false;
    this.#clear();
    this._ask = ask;
    this._values = Object.fromEntries((ask.fields ?? []).map(({ name, value }) => [name, value ?? ""]));
    await this.updateComplete;
    this.#dialog?.showModal();
    return new Promise((resolve) => {
      this.#answered = resolve;
    });
  }

  #clear(): void {
    this._busy = false;
    this._problem = null;
    this._missing = null;
    this._preview = null;
    this._result = null;
    this._values = {};
    this.#done = false;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.querySelector("dialog");
  }

  override render() {
    const ask = this._ask;
    if (!ask) return nothing;
    return html`
      <dialog class=${this._preview ? "ask wide" : "ask"} aria-labelledby="ask-title" data-testid="ask" @close=${this.#closed} @cancel=${(event: Event) => this._busy && event.preventDefault()}>
        <form novalidate @submit=${this.#submit} @input=${this.#typed}>
          <header>
            <h2 id="ask-title">${ask.title}</h2>
            <button type="button" class="plain icon-only" aria-label=${t.close} @click=${this.#close} ?disabled=${this._busy}>${icon("close")}</button>
          </header>
          ${this._result === null ? this.#question(ask) : html`<div class="body">${this._result}</div>`}
          <p class="problem" role="alert" data-testid="ask-problem">${this.#problemWords()}</p>
          <footer>
            ${
              this._result === null
                ? html`
                  <button type="button" @click=${this.#back} ?disabled=${this._busy} data-testid="ask-back">${this._preview ? t.back : t.cancel}</button>
                  <button type="submit" class=${ask.danger && (this._preview || !ask.preview) ? "danger" : "primary"} ?disabled=${this._busy || this.#nothingToDo} data-testid="ask-confirm">
                    ${this._busy ? t.busy : ask.preview && !this._preview ? t.preview : ask.confirm}
                  </button>
                `
                : html`<button type="button" class="primary" @click=${this.#close} data-testid="ask-done">${t.done}</button>`
            }
          </footer>
        </form>
      </dialog>
    `;
  }

  #question(ask: Ask): TemplateResult {
    if (this._preview) return this.#shown(this._preview);
    return html`
      <div class="body">
        <div class="what">${ask.what}</div>
        ${(ask.fields ?? []).filter((each) => !each.when || this._values[each.when.name] === each.when.value).map((each) => this.#field(each))}
      </div>
    `;
  }

  #field(field: Field): TemplateResult {
    const { name, label, help, kind, required, max, options, currency } = field;
    const id = `ask-${name}`;
    const missing = this._missing === name;
    const value = this._values[name] ?? "";
    const described = [help && `${id}-help`, missing && `${id}-error`].filter(Boolean).join(" ") || nothing;
    const invalid = missing ? "true" : nothing;
    if (kind === "checks") {
      const chosen = new Set(value.split(" "));
      return html`
        <fieldset class="field">
          <legend>${label}</legend>
          ${(options ?? []).map(
            (each) =>
              html`<label class="check"><input type="checkbox" name=${name} value=${each.value} .checked=${chosen.has(each.value)} /> ${each.label}</label>`,
          )}
          ${help ? html`<p class="help">${help}</p>` : nothing}
          ${missing ? html`<p class="error">${t.needed}</p>` : nothing}
        </fieldset>
      `;
    }
    return html`
      <div class="field">
        <label for=${id}>${label}${required ? nothing : html` <span class="quiet">(${t.optional})</span>`}${currency ? html` <span class="quiet">${currency}</span>` : nothing}</label>
        ${
          kind === "lines"
            ? html`<textarea id=${id} name=${name} rows="3" maxlength=${max ?? 1000} .value=${value} aria-invalid=${invalid} aria-describedby=${described}></textarea>`
            : kind === "choice"
              ? html`<select id=${id} name=${name} aria-invalid=${invalid} aria-describedby=${described}>
                  ${(options ?? []).map((each) => html`<option value=${each.value} ?selected=${each.value === value}>${each.label}</option>`)}
                </select>`
              : html`<input id=${id} name=${name} type=${kind === "moment" ? "datetime-local" : kind === "secret" ? "password" : "text"} inputmode=${kind === "amount" ? "decimal" : nothing}
                  maxlength=${max ?? 256} .value=${value} autocomplete="off" spellcheck="false" aria-invalid=${invalid} aria-describedby=${described} />`
        }
        ${help ? html`<p class="help" id="${id}-help">${help}</p>` : nothing}
        ${missing ? html`<p class="error" id="${id}-error">${t.needed}</p>` : nothing}
      </div>
    `;
  }

  #shown(found: Bulk): TemplateResult {
    const { done, unchanged, refused } = found.counts;
    return html`
      <div class="body" data-testid="preview">
        <p>${t.counts(done, unchanged, refused)} ${found.more ? t.more : nothing}</p>
        ${table({
          caption: t.preview,
          rows: found.items,
          key: (item) => item.session,
          to: (item) => place("sessions", item.session),
          empty: t.nothing,
          columns: [
            { head: t.session, cell: (item) => item.session },
            { head: t.starts, cell: (item) => (item.starts_at ? format.moment(item.starts_at) : "") },
            { head: t.outcome, cell: (item) => chip(t.outcomes[item.outcome], OUTCOME[item.outcome]) },
            {
              head: t.would,
              cell: ({ would, detail }) =>
                would && !detail
                  ? html`${would.refund_status ? refund(would.refund_status) : nothing} ${would.refund_max ? format.money(would.refund_max) : nothing}
                      ${(["client", "expert"] as const).map((role) => (would[role] ? t.instead(texts.role[role], attendanceWords(would[role])) : nothing))}
                      ${would.lost_seconds ? t.lost(format.span(would.lost_seconds)) : nothing}`
                  : detail,
            },
          ],
        })}
      </div>
    `;
  }

  get #nothingToDo(): boolean {
    return this._preview !== null && this._preview.counts.done === 0;
  }

  #problemWords(): unknown {
    const problem = this._problem;
    if (!problem) return nothing;
    const words = problem.offline ? t.offline : (texts.problems[problem.code] ?? problem.message) || texts.state.failed;
    return html`${words}${problem.errors.map(({ path, message }) => html`<br />${path}: ${message}`)}`;
  }

  #typed = (event: Event) => {
    const form = event.currentTarget as HTMLFormElement;
    this._values = valuesOf(form, this._ask?.fields ?? [], this._values);
    this._missing = null;
  };

  #submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const ask = this._ask;
    if (!ask || this._busy || this._result !== null) return;
    const wanted = (ask.fields ?? []).filter((each) => !each.when || this._values[each.when.name] === each.when.value);
    const missing = wanted.find(({ name, required }) => required && !this._values[name]?.trim());
    if (missing) {
      this._missing = missing.name;
      this.querySelector<HTMLElement>(`[name="${missing.name}"]`)?.focus();
      return;
    }
    this._busy = true;
    this._problem = null;
    try {
      if (ask.preview && !this._preview) {
        this._preview = await ask.preview(this._values);
      } else {
        const result = await ask.act(this._values);
        this.#done = true;
        const said = typeof ask.done === "string" ? ask.done : ask.done(result);
        if (typeof said === "string") {
          this.dispatchEvent(new CustomEvent("hs-say", { bubbles: true, detail: said }));
          this._busy = false;
          this.#close();
          return;
        }
        this._result = said;
      }
    } catch (error) {
      this._problem = asProblem(error);
    }
    this._busy = false;
    await this.updateComplete;
    if (this._result !== null) this.querySelector<HTMLElement>("[data-testid=ask-done]")?.focus();
    else if (this._preview && !this._problem) this.querySelector<HTMLElement>("[data-testid=ask-confirm]")?.focus();
  };

  #back = () => {
    if (this._preview) this._preview = null;
    else this.#close();
  };

  #close = () => {
    if (!this._busy) this.#dialog?.close();
  };

  #closed = () => {
    const answered = this.#answered;
    this.#answered = null;
    this._ask = null;
    answered?.(this.#done);
  };
}

function attendanceWords({
  attendance,
  lateness_seconds,
}: {
  attendance: Attendance | null;
  lateness_seconds: number | null;
}) {
  if (attendance === null) return texts.attendance.nothing;
  return attendance === "late"
    ? texts.attendance.late(format.span(lateness_seconds ?? 0))
    : texts.attendance[attendance];
}

const OUTCOME: Record<string, Tone> = { done: "good", unchanged: "faint", refused: "bad" };

function valuesOf(form: HTMLFormElement, fields: readonly Field[], before: Values): Values {
  const data = new FormData(form);
  const found: Record<string, string> = { ...before };
  for (const { name, kind } of fields) {
    if (!form.elements.namedItem(name)) continue; // it is not shown now, and what was typed stays
    found[name] = kind === "checks" ? data.getAll(name).join(" ") : String(data.get(name) ?? "");
  }
  return found;
}

customElements.define("hs-ask", AskDialog);
