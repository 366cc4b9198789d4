/** Operators' notes on a session or a person: plain text, never shown to the parties. */

import { html, LitElement, nothing } from "lit";
import { texts } from "../texts/dashboard-en";
import type { Note } from "./answers";
import type { App } from "./app";
import { asProblem, type Problem } from "./client";
import { when } from "./parts";

const t = texts.notes;

class Notes extends LitElement {
  static override properties = {
    app: { attribute: false },
    path: { attribute: false },
    notes: { attribute: false },
    _busy: { state: true },
    _problem: { state: true },
  };

  declare app: App;
  /** Where they are read and written: `/v1/sessions/…/notes`. */
  declare path: string;
  declare notes: readonly Note[];
  declare private _busy: boolean;
  declare private _problem: Problem | null;

  constructor() {
    super();
    this.notes = [];
    this._busy = false;
    this._problem = null;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override render() {
    const now = this.app.now();
    return html`
      ${
        this.app.can("note")
          ? html`
            <form class="note-form" @submit=${this.#add} aria-busy=${this._busy}>
              <label for="note-text" class="hidden">${t.label}</label>
              <textarea id="note-text" name="text" rows="2" maxlength="4000" placeholder=${t.placeholder}></textarea>
              <button type="submit" ?disabled=${this._busy} data-testid="add-note">${t.add}</button>
              <p class="problem" role="alert">${this._problem ? (this._problem.offline ? texts.ask.offline : this._problem.message) : nothing}</p>
            </form>
          `
          : nothing
      }
      ${this.notes.length === 0 ? html`<p class="empty">${t.none}</p>` : nothing}
      <ul class="notes">
        ${this.notes.map(
          (note) => html`
            <li data-testid="note">
              <p class="pre">${note.text}</p>
              <p class="quiet small">${note.by.name ?? note.by.id}, ${when(note.at, now)}
                ${note.mine || this.app.can("admin") ? html`<button class="plain small" @click=${() => this.#remove(note)}>${t.remove}</button>` : nothing}
              </p>
            </li>
          `,
        )}
      </ul>
    `;
  }

  #add = async (event: SubmitEvent) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("text") as HTMLTextAreaElement;
    const text = field.value.trim();
    if (!text || this._busy) return field.focus();
    this._busy = true;
    this._problem = null;
    try {
      await this.app.client.post(this.path, { text });
      field.value = "";
      this.app.say(t.added);
      this.dispatchEvent(new CustomEvent("hs-changed"));
    } catch (error) {
      this._problem = asProblem(error);
    }
    this._busy = false;
  };

  #remove = async (note: Note) => {
    const done = await this.app.ask({
      title: t.removeTitle,
      what: html`<p>${t.removeWhat}</p>`,
      danger: true,
      confirm: t.remove,
      act: () => this.app.client.delete(`/v1/notes/${encodeURIComponent(note.id)}`),
      done: t.removed,
    });
    if (done) this.dispatchEvent(new CustomEvent("hs-changed"));
  };
}

customElements.define("hs-notes", Notes);
