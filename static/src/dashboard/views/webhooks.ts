/** Where events go: endpoints and how they fare, what was sent with every attempt and its body, sending again, testing. */

import { html, nothing } from "lit";
import { texts } from "../../texts/dashboard-en";
import { href, place } from "../address";
import type { Attempt, Delivery, DeliveryWhole, Endpoint, List } from "../answers";
import type { App, Field } from "../app";
import { instant, local } from "../bulk";
import { asked, type Filter } from "../filters";
import * as format from "../format";
import type { Hint } from "../live";
import { chip, facts, filterBar, pager, type Tone, table, when } from "../parts";
import { View } from "../view";

const t = texts.webhooks;

const writes = (app: App) => app.can("admin") || app.can("endpoints");
const path = (id: string) => `/v1/endpoints/${encodeURIComponent(id)}`;
const TONES: Record<Delivery["status"], Tone> = { pending: "warn", delivered: "good", failed: "bad" };

function standing(each: Endpoint) {
  if (each.status === "disabled") return chip(t.disabled(t.why[each.disabled_why ?? ""] ?? ""), "bad");
  return each.failing_since ? chip(t.failing(each.failures), "warn") : chip(t.enabled, "good");
}

function fields(each: Endpoint | null): Field[] {
  return [
    { name: "url", label: t.url, kind: "line", required: true, max: 2048, value: each?.url ?? "", help: t.urlHelp },
    {
      name: "events",
      label: t.events,
      kind: "line",
      max: 2000,
      value: each?.events.join(", ") ?? "",
      help: t.eventsHelp,
    },
    { name: "description", label: t.description, kind: "line", max: 1000, value: each?.description ?? "" },
  ];
}

const list = (text: string | undefined) => (text ?? "").split(/[\s,]+/).filter(Boolean);

function secret(made: Endpoint) {
  return html`<p>${t.secretOnce}</p><code class="secret" tabindex="0" data-testid="secret">${made.secret}</code>`;
}

class EndpointsView extends View<List<Endpoint>> {
  protected heading() {
    return texts.views.webhooks;
  }

  protected load(signal: AbortSignal) {
    return this.app.client.get<List<Endpoint>>("/v1/endpoints", {}, signal);
  }

  protected override hears(_hint: Hint) {
    return false;
  }

  protected override actions() {
    return writes(this.app)
      ? html`<button class="primary" @click=${this.#add} data-testid="add-endpoint">${t.add}</button>`
      : nothing;
  }

  protected content({ data }: List<Endpoint>) {
    const now = this.app.now();
    return table<Endpoint>({
      caption: texts.views.webhooks,
      rows: data,
      key: ({ id }) => id,
      to: ({ id }) => place("webhooks", id),
      mark: (each) => (each.status === "disabled" ? "bad" : each.failing_since ? "warn" : nothing),
      empty: t.empty,
      columns: [
        {
          head: t.url,
          cell: (each) =>
            html`<span class="break">${each.url}</span><small class="quiet">${each.description ?? nothing}</small>`,
        },
        { head: t.standing, cell: standing },
        {
          head: t.events,
          cell: (each) =>
            each.events.length === 0 ? t.all : html`<span class="id break">${each.events.join(", ")}</span>`,
        },
        { head: t.since, cell: (each) => when(each.created_at, now), wide: true },
      ],
    });
  }

  #add = async () => {
    const done = await this.app.ask<Endpoint>({
      title: t.add,
      what: html`<p>${t.addWhat}</p>`,
      fields: fields(null),
      confirm: t.add,
      act: ({ url, events, description }) =>
        this.app.client.post("/v1/endpoints", {
          url: url?.trim(),
          events: list(events),
          ...(description?.trim() ? { description: description.trim() } : {}),
        }),
      done: secret,
    });
    if (done) void this.refresh();
  };
}

interface Seen {
  endpoint: Endpoint;
  deliveries: List<Delivery>;
}

const FILTERS: readonly Filter[] = [{ name: "status", kind: "choice", options: ["pending", "delivered", "failed"] }];

class EndpointView extends View<Seen> {
  #timer: ReturnType<typeof setTimeout> | undefined;

  protected heading() {
    return this._data ? host(this._data.endpoint.url) : t.endpoint;
  }

  protected override above() {
    return html`<p class="crumbs"><a href=${href(place("webhooks"))}>${texts.views.webhooks}</a> /</p>`;
  }

  protected async load(signal: AbortSignal): Promise<Seen> {
    const at = path(this.place.id ?? "");
    const [endpoint, deliveries] = await Promise.all([
      this.app.client.get<Endpoint>(at, {}, signal),
      this.app.client.get<List<Delivery>>(
        `${at}/deliveries`,
        { ...asked(FILTERS, this.place.query), limit: "50" },
        signal,
      ),
    ]);
    return { endpoint, deliveries };
  }

  protected override hears({ kind }: Hint) {
    return kind === "session";
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  protected override actions(data: Seen | null): unknown {
    if (!data || !writes(this.app)) return nothing;
    const { endpoint } = data;
    const on = endpoint.status === "enabled";
    return html`
      <button @click=${() => this.#test(endpoint)} ?disabled=${!on} data-testid="test-endpoint">${t.test}</button>
      <button @click=${() => this.#resend(endpoint)} ?disabled=${!on}>${t.resendSpan.button}</button>
      <button @click=${() => this.#change(endpoint)}>${t.change.button}</button>
      <button @click=${() => this.#rotate(endpoint)}>${t.rotate.button}</button>
      <button class="danger-quiet" @click=${() => this.#remove(endpoint)}>${t.remove.button}</button>
    `;
  }

  protected content({ endpoint, deliveries }: Seen) {
    const now = this.app.now();
    return html`
      <section class="card">
        ${facts([
          [t.url, html`<span class="break">${endpoint.url}</span>`],
          endpoint.description ? [t.description, endpoint.description] : null,
          [t.standing, standing(endpoint)],
          endpoint.failing_since ? [t.failingSince, when(endpoint.failing_since, now)] : null,
          [
            t.events,
            endpoint.events.length === 0 ? t.all : html`<span class="id">${endpoint.events.join(", ")}</span>`,
          ],
          endpoint.old_secret_until ? [t.oldSecret, when(endpoint.old_secret_until, now)] : null,
          [t.since, when(endpoint.created_at, now)],
        ])}
      </section>
      <h2>${t.deliveries}</h2>
      ${filterBar(this.app, this.place, FILTERS)}
      ${table<Delivery>({
        caption: t.deliveries,
        rows: deliveries.data,
        key: ({ id }) => id,
        to: ({ id }) => place("webhooks", endpoint.id, {}, id),
        empty: Object.keys(this.place.query).length > 0 ? texts.table.nothingFits : t.noDeliveries,
        columns: [
          { head: t.event, cell: (each) => html`<span class="id">${each.type}</span>` },
          { head: t.status, cell: (each) => deliveryStatus(each) },
          {
            head: t.of,
            cell: (each) => html`<span class="id">${each.stream}</span> <small class="quiet">#${each.sequence}</small>`,
          },
          { head: t.attempts, figure: true, cell: (each) => each.attempts },
          { head: t.at, cell: (each) => when(each.created_at, now) },
          {
            head: t.next,
            cell: (each) => (each.next_attempt_at ? format.distance(each.next_attempt_at, now) : nothing),
            wide: true,
          },
        ],
      })}
      ${pager(this.place, deliveries)}
    `;
  }

  #test = async (endpoint: Endpoint) => {
    const done = await this.app.ask({
      title: t.test,
      what: html`<p>${t.testWhat}</p>`,
      confirm: t.test,
      act: () => this.app.client.post(`${path(endpoint.id)}/test`),
      done: t.tested,
    });
    if (!done) return;
    void this.refresh();
    this.#timer = setTimeout(() => void this.refresh(), 2_000); // no hint comes of a test
  };

  #resend = async (endpoint: Endpoint) => {
    const s = t.resendSpan;
    const now = new Date(this.app.now());
    const done = await this.app.ask<{ resent: number }>({
      title: s.title,
      what: html`<p>${s.what}</p>`,
      fields: [
        {
          name: "from",
          label: texts.bulk.from,
          kind: "moment",
          required: true,
          value: local(new Date(now.getTime() - 86_400_000)),
        },
        { name: "to", label: texts.bulk.to, kind: "moment", required: true, value: local(now) },
        {
          name: "status",
          label: s.which,
          kind: "choice",
          value: "missed",
          options: (["missed", "failed", "delivered", "all"] as const).map((value) => ({
            value,
            label: s.ways[value],
          })),
        },
      ],
      confirm: s.button,
      act: async ({ from, to, status }) =>
        this.app.client.post(`${path(endpoint.id)}/resend`, { from: instant(from), to: instant(to), status }),
      done: ({ resent }) => s.done(resent),
    });
    if (done) void this.refresh();
  };

  #change = async (endpoint: Endpoint) => {
    const on = endpoint.status === "enabled";
    const done = await this.app.ask({
      title: t.change.title,
      what: html`<p>${t.change.what}</p>`,
      fields: [
        ...fields(endpoint),
        {
          name: "enabled",
          label: t.standing,
          kind: "choice",
          value: on ? "true" : "false",
          options: [
            { value: "true", label: t.enabled },
            { value: "false", label: t.stopped },
          ],
        },
      ],
      confirm: t.change.confirm,
      act: ({ url, events, description, enabled }) =>
        this.app.client.patch(path(endpoint.id), {
          url: url?.trim(),
          events: list(events),
          description: description?.trim() ?? "",
          ...((enabled === "true") !== on ? { enabled: enabled === "true" } : {}),
        }),
      done: t.change.done,
    });
    if (done) void this.refresh();
  };

  #rotate = async (endpoint: Endpoint) => {
    const done = await this.app.ask<Endpoint>({
      title: t.rotate.title,
      what: html`<p>${t.rotate.what}</p>`,
      fields: [
        {
          name: "hours",
          label: t.rotate.overlap,
          kind: "line",
          required: true,
          max: 3,
          value: "24",
          help: t.rotate.help,
        },
      ],
      confirm: t.rotate.button,
      act: ({ hours }) => this.app.client.post(`${path(endpoint.id)}/rotate`, { overlap_hours: Number(hours) }),
      done: secret,
    });
    if (done) void this.refresh();
  };

  #remove = async (endpoint: Endpoint) => {
    const done = await this.app.ask({
      title: t.remove.title,
      what: html`<p>${t.remove.what(host(endpoint.url))}</p>`,
      danger: true,
      confirm: t.remove.button,
      act: () => this.app.client.delete(path(endpoint.id)),
      done: t.remove.done,
    });
    if (done) this.app.go(place("webhooks"));
  };
}

class DeliveryView extends View<DeliveryWhole> {
  protected heading() {
    return this._data?.type ?? t.delivery;
  }

  protected override above() {
    return html`<p class="crumbs"><a href=${href(place("webhooks"))}>${texts.views.webhooks}</a> / <a href=${href(place("webhooks", this.place.id))}>${t.endpoint}</a> /</p>`;
  }

  protected load(signal: AbortSignal) {
    return this.app.client.get<DeliveryWhole>(
      `/v1/deliveries/${encodeURIComponent(this.place.part ?? "")}`,
      {},
      signal,
    );
  }

  protected override actions(data: DeliveryWhole | null): unknown {
    return data && writes(this.app)
      ? html`<button @click=${this.#resend} data-testid="resend">${t.resend}</button>`
      : nothing;
  }

  protected content(each: DeliveryWhole) {
    const now = this.app.now();
    return html`
      <section class="card">
        ${facts([
          [t.status, deliveryStatus(each)],
          [t.eventId, html`<span class="id">${each.event}</span>`],
          [t.of, html`<span class="id">${each.stream}</span> #${each.sequence}`],
          [t.at, when(each.created_at, now)],
          each.next_attempt_at ? [t.next, when(each.next_attempt_at, now)] : null,
        ])}
      </section>
      <div class="cards">
        <section class="card span-2">
          <h2>${t.attempts}</h2>
          ${each.tried.length === 0 ? html`<p class="empty">${t.noAttempts}</p>` : html`<ol class="attempts">${each.tried.map((attempt) => this.#attempt(attempt))}</ol>`}
        </section>
        <section class="card span-2">
          <h2>${t.body}</h2>
          <p class="quiet small">${t.bodyHelp}</p>
          <pre class="body-text" tabindex="0" data-testid="body">${pretty(each.body)}</pre>
        </section>
      </div>
    `;
  }

  #attempt({ at, took_ms, status, error, answer }: Attempt) {
    const good = status !== null && status < 300;
    return html`
      <li>
        <p>${chip(status === null ? (t.errors[error ?? ""] ?? error ?? t.noAnswer) : String(status), good ? "good" : "bad")} <span class="time">${format.precise(at)}</span> <span class="quiet">${format.date(at)}, ${took_ms} ms</span> ${status !== null && error ? html`<span class="quiet">${error}</span>` : nothing}</p>
        ${answer ? html`<pre class="body-text" tabindex="0">${answer}</pre>` : nothing}
      </li>
    `;
  }

  #resend = async () => {
    const done = await this.app.ask({
      title: t.resend,
      what: html`<p>${t.resendWhat}</p>`,
      confirm: t.resend,
      act: () => this.app.client.post(`/v1/deliveries/${encodeURIComponent(this.place.part ?? "")}/resend`),
      done: t.resent,
    });
    if (done) setTimeout(() => void this.refresh(), 1_500);
  };
}

function deliveryStatus(each: Delivery) {
  return html`${chip(texts.delivery[each.status], TONES[each.status])} ${each.sending ? html`<small class="quiet">${t.sending}</small>` : nothing}`;
}

function host(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

customElements.define("hs-endpoints", EndpointsView);
customElements.define("hs-endpoint", EndpointView);
customElements.define("hs-delivery", DeliveryView);
