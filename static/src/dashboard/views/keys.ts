/** API keys: which there are, and what each may do. A secret is shown once, when it is made. */

import { html, nothing } from "lit";
import { texts } from "../../texts/dashboard-en";
import type { Key, List } from "../answers";
import { chip, table, when } from "../parts";
import { View } from "../view";

const t = texts.apiKeys;
const SCOPES = ["sessions", "moderation", "endpoints", "read"] as const;

class KeysView extends View<List<Key>> {
  protected heading() {
    return texts.views.keys;
  }

  protected load(signal: AbortSignal) {
    return this.app.client.get<List<Key>>("/v1/keys", {}, signal);
  }

  protected override actions() {
    return this.app.can("admin")
      ? html`<button class="primary" @click=${this.#add} data-testid="add-key">${t.add}</button>`
      : nothing;
  }

  protected content({ data }: List<Key>) {
    const now = this.app.now();
    return table<Key>({
      caption: texts.views.keys,
      rows: data,
      key: ({ id }) => id,
      empty: t.empty,
      columns: [
        { head: t.name, cell: (key) => html`${key.name} <small class="id">${key.id}</small>` },
        { head: t.scopes, cell: (key) => key.scopes.map((scope) => html`${chip(scope)} `) },
        { head: t.made, cell: (key) => when(key.created_at, now) },
        {
          head: t.standing,
          cell: (key) =>
            key.revoked_at ? html`${chip(t.revoked, "faint")} ${when(key.revoked_at, now)}` : chip(t.counts, "good"),
        },
        {
          head: t.act,
          cell: (key) =>
            key.revoked_at || !this.app.can("admin")
              ? nothing
              : html`<button class="small danger-quiet" @click=${() => this.#revoke(key)} data-testid="revoke-key">${t.revoke}</button>`,
        },
      ],
    });
  }

  #add = async () => {
    const done = await this.app.ask<Key>({
      title: t.add,
      what: html`<p>${t.addWhat}</p>`,
      fields: [
        { name: "name", label: t.name, kind: "line", required: true, max: 100, help: t.nameHelp },
        {
          name: "scopes",
          label: t.scopes,
          kind: "checks",
          required: true,
          options: SCOPES.map((value) => ({ value, label: t.scope[value] })),
        },
      ],
      confirm: t.add,
      act: ({ name, scopes }) =>
        this.app.client.post("/v1/keys", { name: name?.trim(), scopes: scopes?.split(" ").filter(Boolean) }),
      done: (made) =>
        html`<p>${t.once}</p><code class="secret" tabindex="0" data-testid="secret">${made.secret}</code>`,
    });
    if (done) void this.refresh();
  };

  #revoke = async (key: Key) => {
    const done = await this.app.ask({
      title: t.revokeTitle,
      what: html`<p>${t.revokeWhat(key.name)}</p>`,
      danger: true,
      confirm: t.revoke,
      act: () => this.app.client.delete(`/v1/keys/${encodeURIComponent(key.id)}`),
      done: t.revokedDone,
    });
    if (done) void this.refresh();
  };
}

customElements.define("hs-keys", KeysView);
