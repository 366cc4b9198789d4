/** Operators' accounts: who there is, in which role; inviting, resetting and revoking them. */

import { html, nothing } from "lit";
import { texts } from "../../texts/dashboard-en";
import type { List, Operator } from "../answers";
import * as format from "../format";
import { chip, type Tone, table, when } from "../parts";
import { View } from "../view";

const t = texts.operators;
const TONES: Record<Operator["state"], Tone> = { active: "good", invited: "warn", revoked: "faint" };
const ROLES = ["support", "trust", "finance", "admin"] as const;

class OperatorsView extends View<List<Operator>> {
  protected heading() {
    return texts.views.operators;
  }

  protected load(signal: AbortSignal) {
    return this.app.client.get<List<Operator>>("/v1/operators", {}, signal);
  }

  protected override actions() {
    return this.app.can("admin")
      ? html`<button class="primary" @click=${this.#add} data-testid="add-operator">${t.add}</button>`
      : nothing;
  }

  protected content({ data }: List<Operator>) {
    const now = this.app.now();
    return html`
      ${table<Operator>({
        caption: texts.views.operators,
        rows: data,
        key: ({ id }) => id,
        empty: t.empty,
        columns: [
          {
            head: t.name,
            cell: (each) =>
              html`${each.name} ${each.id === this.app.me.id ? html`<small class="quiet">${texts.cases.you}</small>` : nothing}`,
          },
          { head: t.role, cell: (each) => texts.roles[each.role] ?? each.role },
          { head: t.state, cell: (each) => chip(t.states[each.state], TONES[each.state]) },
          { head: t.lastIn, cell: (each) => when(each.last_signed_in_at, now, t.never) },
          {
            head: t.act,
            cell: (each) => (this.app.can("admin") && each.state !== "revoked" ? this.#acts(each) : nothing),
          },
        ],
      })}
      <section class="card narrow">
        <h2>${t.rolesTitle}</h2>
        ${ROLES.map((role) => html`<p><b>${texts.roles[role]}</b>: ${t.may[role]}</p>`)}
      </section>
    `;
  }

  #acts(each: Operator) {
    return html`
      <span class="row tight">
        <button class="small" @click=${() => this.#role(each)}>${t.changeRole}</button>
        <button class="small" @click=${() => this.#reset(each)}>${t.reset.button}</button>
        <button class="small" @click=${() => this.#quiet(each, "sign-out", t.signOut)}>${t.signOut.button}</button>
        <button class="small danger-quiet" @click=${() => this.#quiet(each, "revoke", t.revoke)} data-testid="revoke-operator">${t.revoke.button}</button>
      </span>
    `;
  }

  #add = async () => {
    const done = await this.app.ask<Operator>({
      title: t.add,
      what: html`<p>${t.addWhat}</p>`,
      fields: [
        { name: "name", label: t.name, kind: "line", required: true, max: 32, help: t.nameHelp },
        {
          name: "role",
          label: t.role,
          kind: "choice",
          value: "support",
          options: ROLES.map((value) => ({ value, label: `${texts.roles[value]}: ${t.may[value]}` })),
        },
      ],
      confirm: t.add,
      act: ({ name, role }) => this.app.client.post("/v1/operators", { name: name?.trim(), role }),
      done: link,
    });
    if (done) void this.refresh();
  };

  #role = async (each: Operator) => {
    const done = await this.app.ask({
      title: t.changeRole,
      what: html`<p>${t.changeWhat(each.name)}</p>`,
      fields: [
        {
          name: "role",
          label: t.role,
          kind: "choice",
          value: each.role,
          options: ROLES.map((value) => ({ value, label: `${texts.roles[value]}: ${t.may[value]}` })),
        },
      ],
      confirm: t.changeRole,
      act: ({ role }) => this.app.client.patch(path(each), { role }),
      done: t.changed,
    });
    if (done) void this.refresh();
  };

  #reset = async (each: Operator) => {
    const done = await this.app.ask<Operator>({
      title: t.reset.title,
      what: html`<p>${t.reset.what(each.name)}</p>`,
      danger: true,
      confirm: t.reset.button,
      act: () => this.app.client.post(`${path(each)}/reset`),
      done: link,
    });
    if (done) void this.refresh();
  };

  #quiet = async (each: Operator, what: "revoke" | "sign-out", words: typeof t.revoke) => {
    const done = await this.app.ask({
      title: words.title,
      what: html`<p>${words.what(each.name)}</p>`,
      danger: what === "revoke",
      confirm: words.button,
      act: () => this.app.client.post(`${path(each)}/${what}`),
      done: words.done,
    });
    if (done) void this.refresh();
  };
}

const path = ({ id }: Operator) => `/v1/operators/${encodeURIComponent(id)}`;

function link(made: Operator) {
  return html`<p>${t.link(made.name, made.setup_until ? format.moment(made.setup_until) : "")}</p><code class="secret" tabindex="0" data-testid="secret">${made.setup_link}</code>`;
}

customElements.define("hs-operators", OperatorsView);
