/**
 * A form of a party's page. What was typed stays through every error, errors stand where they belong and are read out,
 * nothing can be sent twice, and the focus goes where the work is. What is sent, and the words, are each form's own.
 */

import { html, nothing, type TemplateResult } from "lit";
import { Problem } from "../rest";
import { texts } from "../texts";
import { RoomElement } from "./element";

/** What is missing, by the name of its field. */
export type Errors = Record<string, string>;

export interface FieldOptions {
  help?: string;
  required?: boolean;
  rows?: number;
  max?: number;
  autocomplete?: "name" | "off";
}

let made = 0;

export abstract class Form extends RoomElement {
  static override properties = {
    ...RoomElement.properties,
    _busy: { state: true },
    _errors: { state: true },
    _problem: { state: true },
  };

  declare protected _busy: boolean;
  declare protected _errors: Errors;
  declare protected _problem: string | null;
  /** Ids of fields have to differ between the forms of a page. */
  readonly #mark = ++made;

  constructor() {
    super();
    this._busy = false;
    this._errors = {};
    this._problem = null;
  }

  protected abstract fields(): unknown;
  protected abstract buttons(): unknown;
  /** Do it; throws a ``Problem``. Returns what to say of it, or null where the page shows it by itself. */
  protected abstract send(data: FormData): Promise<string | null>;

  protected check(_data: FormData): Errors {
    return {};
  }

  /** Under which name what is typed is kept until it is sent. */
  protected draft(): string {
    return this.localName;
  }

  /** What had been typed before is in its place again. */
  protected restored(): void {}

  protected override firstUpdated(): void {
    const kept = this.room.drafts.get(this.draft());
    if (!kept) return;
    for (const field of this.querySelectorAll<HTMLInputElement>("[name]")) {
      if (field.type === "radio" || field.type === "checkbox") {
        field.checked = kept.getAll(field.name).includes(field.value);
      } else field.value = String(kept.get(field.name) ?? "");
    }
    this.restored();
  }

  protected words(problem: Problem): string {
    return problemWords(problem);
  }

  override render(): TemplateResult {
    return html`
      <form class="ask" novalidate aria-busy=${this._busy} @submit=${this.#submit} @input=${this.#typed}>
        <fieldset class="bare" ?disabled=${this._busy}>
          ${this.fields()}
          <p class="problem" role="alert" tabindex="-1">${this._problem ?? nothing}</p>
          <div class="row">${this.buttons()}</div>
        </fieldset>
      </form>
    `;
  }

  /** One line, or several with `rows`. */
  protected field(name: string, label: string, options: FieldOptions = {}): TemplateResult {
    const { help, required = false, rows, max, autocomplete = "off" } = options;
    const id = this.idOf(name);
    const error = this._errors[name];
    const describedBy = [help && `${id}-help`, required && `${id}-error`].filter(Boolean).join(" ") || nothing;
    return html`
      <div class="field">
        <label for=${id}>${label}${required ? nothing : html` <span class="quiet">(${texts.form.optional})</span>`}</label>
        ${help ? html`<p class="quiet" id="${id}-help">${help}</p>` : nothing}
        ${
          rows
            ? html`<textarea id=${id} name=${name} rows=${rows} maxlength=${max ?? 2000} ?required=${required} data-testid=${name}
                aria-invalid=${error ? "true" : nothing} aria-describedby=${describedBy}></textarea>`
            : html`<input id=${id} name=${name} maxlength=${max ?? 200} ?required=${required} data-testid=${name} autocomplete=${autocomplete}
                aria-invalid=${error ? "true" : nothing} aria-describedby=${describedBy} />`
        }
        ${required ? this.error(name) : nothing}
      </div>
    `;
  }

  protected error(name: string): TemplateResult {
    return html`<p class="error" id="${this.idOf(name)}-error">${this._errors[name] ?? nothing}</p>`;
  }

  protected idOf(name: string): string {
    return `form${this.#mark}-${name}`;
  }

  #typed = (event: InputEvent) => {
    const { name } = event.target as HTMLInputElement;
    if (this._errors[name]) this._errors = { ...this._errors, [name]: "" };
    this.room.drafts.set(this.draft(), new FormData(event.currentTarget as HTMLFormElement));
  };

  #submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (this._busy) return;
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form, event.submitter); // before the fieldset is disabled: what is disabled is not in it
    this._errors = this.check(data);
    this._problem = null;
    const [missing] = Object.keys(this._errors);
    if (missing) {
      await this.updateComplete;
      form.querySelector<HTMLElement>(`[name="${missing}"]`)?.focus();
      return;
    }
    await this.perform(() => this.send(data));
  };

  /** Also for what is not the form's own button. */
  protected async perform(act: () => Promise<string | null>): Promise<void> {
    this._busy = true;
    this._problem = null;
    try {
      const said = await act();
      this.room.drafts.delete(this.draft());
      this.dispatchEvent(new CustomEvent("hs-said", { bubbles: true, detail: said }));
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem("error", 0, "");
      this._problem = this.words(problem);
      if (problem.code !== "offline") void this.room.refresh(); // perhaps it can not be said any more
    }
    this._busy = false;
    await this.updateComplete;
    if (this._problem) this.querySelector<HTMLElement>(".problem")?.focus();
  }
}

export function problemWords({ code, status }: Problem): string {
  const t = texts.form;
  if (code === "offline") return t.offline;
  return status === 429 || code === "too_many_requests" ? t.busy : t.failed;
}
