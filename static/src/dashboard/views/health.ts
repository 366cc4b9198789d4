/** How this server fares: the relay's load, the loop's lag, what waits to be told, and an outage declared for a span. */

import { html, nothing } from "lit";
import "../plots";
import { texts } from "../../texts/dashboard-en";
import type { Health } from "../answers";
import { declareOutage } from "../bulk";
import * as format from "../format";
import { chip, facts, when } from "../parts";
import { View } from "../view";

const t = texts.health;
const EVERY = 10_000;

class HealthView extends View<Health> {
  #timer: ReturnType<typeof setInterval> | undefined;

  protected heading() {
    return texts.views.health;
  }

  protected load(signal: AbortSignal) {
    return this.app.client.get<Health>("/v1/health", {}, signal);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => document.visibilityState === "visible" && void this.refresh(), EVERY);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override actions() {
    return this.app.can("admin")
      ? html`<button class="danger-quiet" @click=${() => declareOutage(this.app)} data-testid="outage">${texts.bulk.outage.button}</button>`
      : nothing;
  }

  protected content(now: Health) {
    const { relay, outbox, letters } = now;
    const stale = (now.sign_of_life_age_seconds ?? 0) > 30;
    const dropped = Object.values(relay.drops).reduce((all, each) => all + each, 0);
    const at = now.history.map((each) => Date.parse(each.at) / 1000);
    const plot = (title: string, summary: string, unit: (value: number) => string, series: object[]) => html`
      <section class="card">
        <h2>${title}</h2>
        ${at.length < 2 ? html`<p class="empty">${t.soon}</p>` : html`<hs-plot .at=${at} .clock=${true} .unit=${unit} .summary=${summary} .series=${series}></hs-plot>`}
      </section>
    `;
    return html`
      <p class="summary">
        ${now.draining ? chip(t.draining, "warn") : stale ? chip(t.noWrites, "bad") : chip(t.well, "good")}
        ${outbox.disabled_endpoints > 0 ? chip(t.disabled(outbox.disabled_endpoints), "bad") : nothing}
        ${outbox.failed > 0 ? chip(t.failedDeliveries(outbox.failed), "warn") : nothing}
        <span class="quiet">${t.asOf(format.precise(now.at))}</span>
      </p>
      <div class="tiles">
        ${tile(t.calls, format.number(relay.sessions))} ${tile(t.legs, format.number(relay.legs))} ${tile(t.sockets, format.number(now.sockets))}
        ${tile(t.lag, now.loop_lag_ms === null ? "–" : `${now.loop_lag_ms.toFixed(1)} ms`, (now.loop_lag_ms ?? 0) > 100 ? "bad" : "")}
        ${tile(t.database, now.database_ms === null ? "–" : `${now.database_ms.toFixed(1)} ms`)}
        ${tile(t.unsent, format.number(outbox.unhanded + outbox.pending), outbox.oldest_due_seconds > 300 ? "warn" : "")}
      </div>
      <div class="cards">
        ${plot(t.traffic, t.trafficSummary, (value) => `${(value / 1e6).toFixed(1)} Mbit/s`, [{ label: t.traffic, colour: "--expert", values: now.history.map((each) => each.bits_per_second), fill: true }])}
        ${plot(t.lag, t.lagSummary, (value) => `${value.toFixed(1)} ms`, [{ label: t.lag, colour: "--warn", values: now.history.map((each) => each.loop_lag_ms) }])}
        ${plot(t.connected, t.connectedSummary, (value) => format.number(Math.round(value)), [
          { label: t.legs, colour: "--expert", values: now.history.map((each) => each.legs) },
          { label: t.sockets, colour: "--client", values: now.history.map((each) => each.sockets) },
        ])}
        <section class="card">
          <h2>${t.relay}</h2>
          ${facts([
            [
              t.workers,
              html`${relay.workers} ${relay.worker_restarts > 0 ? html`<span class="quiet">${t.restarts(relay.worker_restarts)}</span>` : nothing}`,
            ],
            [t.packets, format.number(relay.packets)],
            [t.bytes, bytes(relay.bytes)],
            [t.dropped, format.number(dropped)],
            ...Object.entries(relay.drops).map(([why, number]): [string, unknown] => [
              `– ${why}`,
              format.number(number),
            ]),
          ])}
        </section>
        <section class="card">
          <h2>${t.post}</h2>
          ${facts([
            [t.unhanded, outbox.unhanded],
            [t.pending, outbox.pending],
            [t.failed, outbox.failed],
            [t.oldest, outbox.oldest_due_seconds > 0 ? format.span(outbox.oldest_due_seconds) : "–"],
            [t.letters, t.letterCounts(letters.pending, letters.failed)],
          ])}
        </section>
        <section class="card">
          <h2>${t.process}</h2>
          ${facts([
            [t.sign, now.sign_of_life_age_seconds === null ? "–" : format.span(now.sign_of_life_age_seconds)],
            [
              t.selfTest,
              now.self_test
                ? html`${chip(now.self_test.ok ? t.ok : t.notOk, now.self_test.ok ? "good" : "bad")} ${when(now.self_test.at, this.app.now())} ${now.self_test.failed ?? nothing}`
                : t.noTest,
            ],
          ])}
        </section>
        <section class="card">
          <h2>${t.phases}</h2>
          ${facts(Object.entries(now.phases).map(([phase, number]): [string, unknown] => [texts.words[phase] ?? phase, format.number(number)]))}
        </section>
      </div>
    `;
  }
}

function tile(words: string, value: string, tone = "") {
  return html`<div class="tile ${tone}"><b>${value}</b><span>${words}</span></div>`;
}

function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = value > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(value) / 3)) : 0;
  return `${(value / 1000 ** power).toFixed(power > 0 ? 1 : 0)} ${units[power]}`;
}

customElements.define("hs-health", HealthView);
