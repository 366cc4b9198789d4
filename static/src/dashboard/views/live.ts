/** Who is in a call now: presence, lateness, time left, quality. There is no way to look in. */

import { html, nothing } from "lit";
import { texts } from "../../texts/dashboard-en";
import { place } from "../address";
import type { Live, LiveParty, LiveSession, Quality } from "../answers";
import * as format from "../format";
import type { Hint } from "../live";
import { attendance, chip, personLink, status, table } from "../parts";
import { View } from "../view";

const t = texts.live;

class LiveView extends View<Live> {
  #second: ReturnType<typeof setInterval> | undefined;

  protected heading() {
    return texts.views.live;
  }

  protected load(signal: AbortSignal) {
    return this.app.client.get<Live>("/v1/live", { limit: "200" }, signal);
  }

  protected override hears({ kind }: Hint) {
    return kind === "session" || kind === "counts";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#second = setInterval(() => this.requestUpdate(), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#second);
  }

  protected content(live: Live) {
    const now = this.app.now();
    const count = (of: string) => live.data.filter((each) => each.status === of).length;
    return html`
      <p class="figures">
        <span><b>${count("live")}</b> ${texts.words.live}</span>
        <span><b>${count("held")}</b> ${texts.words.held}</span>
        <span><b>${count("waiting")}</b> ${texts.words.waiting}</span>
      </p>
      ${table<LiveSession>({
        caption: texts.views.live,
        rows: live.data,
        key: ({ id }) => id,
        to: ({ id }) => place("sessions", id),
        mark: (row) => (row.status === "held" ? "warn" : nothing),
        empty: t.empty,
        columns: [
          {
            head: t.session,
            cell: (row) => html`${row.title ?? row.id}<small class="id">${row.title ? row.id : nothing}</small>`,
          },
          { head: t.status, cell: (row) => status(row.status) },
          { head: texts.role.client, cell: (row) => this.#party(row.client, row, now) },
          { head: texts.role.expert, cell: (row) => this.#party(row.expert, row, now) },
          {
            head: t.quality,
            cell: (row) =>
              html`<span class="stack">${quality(row.client.quality, texts.role.client)} ${quality(row.expert.quality, texts.role.expert)}</span>`,
          },
          { head: t.left, figure: true, cell: (row) => this.#left(row, now) },
        ],
      })}
      ${live.more ? html`<p class="quiet">${t.more}</p>` : nothing}
      <p class="quiet small">${t.noWayIn}</p>
    `;
  }

  #party(party: LiveParty, row: LiveSession, now: number) {
    const away = party.presence === "away" && party.away_since ? format.clock(now - Date.parse(party.away_since)) : "";
    const grace = row.held_until && party.presence === "away" ? Date.parse(row.held_until) - now : 0;
    const words =
      party.presence === "here"
        ? t.here
        : party.presence === "not_here"
          ? t.notHere
          : grace > 0
            ? t.awayWithin(away, format.clock(grace))
            : t.away(away);
    const late = party.attendance === "late" || party.attendance === "no_show";
    return html`
      <span class="stack">
        <span><span class="dot ${party.presence}" aria-hidden="true"></span>${personLink(party.id, party.name)}</span>
        <small>${words} ${late ? attendance(party.attendance, party.lateness_seconds) : nothing}</small>
      </span>
    `;
  }

  #left(row: LiveSession, now: number) {
    const starts = Date.parse(row.starts_at);
    if (now < starts) return html`<span class="quiet">${t.startsIn(format.clock(starts - now))}</span>`;
    const left = Math.max(0, Date.parse(row.ends_at) - now);
    const share = 1 - left / (Date.parse(row.ends_at) - starts);
    return html`
      <span class="time">${format.clock(left)}</span>
      <svg class="progress" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="4" class="track" /><rect width=${(100 * share).toFixed(1)} height="4" class="done" /></svg>
    `;
  }
}

/** The level in words, with its bars beside it. */
function quality(of: Quality | null, who: string) {
  if (!of?.level) return nothing;
  const tone = of.level === "good" ? "good" : of.level === "fair" ? "plain" : "warn";
  const figures = [
    of.round_trip_ms === null ? null : `${Math.round(of.round_trip_ms)} ms`,
    of.loss_percent === null ? null : `${of.loss_percent} %`,
  ];
  return html`<small title="${who}: ${figures.filter((each) => each).join(", ")}"><span class="hidden">${who}</span> ${chip(texts.quality[of.level], tone)} <span class="quiet">${figures[0]}</span></small>`;
}

customElements.define("hs-live", LiveView);
