/** The figures over a span of days: lateness, outcomes, refunds, quality, and the minutes that an operator pays for. */

import { html, nothing } from "lit";
import "../plots";
import { texts } from "../../texts/dashboard-en";
import type { Lateness, Statistics } from "../answers";
import { asked, dayOf, type Filter, known, moment } from "../filters";
import * as format from "../format";
import { filterBar } from "../parts";
import { type Bar, columns, lines } from "../plots";
import { View } from "../view";

const t = texts.overview;

const FILTERS: readonly Filter[] = [
  { name: "from", kind: "day" },
  { name: "to", kind: "day", end: true },
];
const DAYS = 30;

/** What of an outcome stands where in the pile, and how it looks. */
const OUTCOMES: readonly [string, string][] = [
  ["completed", "good"],
  ["hung_up", "expert"],
  ["lost", "warn"],
  ["left_page", "warn-2"],
  ["no_show", "bad"],
  ["never_met", "bad-2"],
  ["interrupted", "client"],
  ["safety", "bad-3"],
  ["ended_by_operator", "faint"],
  ["removed", "faint"],
  ["cancelled", "faint-2"],
];

class OverviewView extends View<Statistics> {
  protected heading() {
    return texts.views.overview;
  }

  protected load(signal: AbortSignal) {
    const query = asked(FILTERS, this.place.query);
    delete query.cursor;
    const today = dayOf(this.app.now());
    query.to ??= moment(today, true);
    query.from ??= moment(dayOf(Date.parse(query.to) - DAYS * 86_400_000));
    query.time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    return this.app.client.get<Statistics>("/v1/statistics", query, signal);
  }

  protected override controls() {
    return filterBar(this.app, this.place, FILTERS);
  }

  protected content(all: Statistics) {
    const days = `${format.date(all.from)} – ${format.date(Date.parse(all.to) - 1)}`;
    const given = Object.keys(known(FILTERS, this.place.query)).length > 0;
    return html`
      <p class="quiet">${t.over(days, all.sessions, all.time_zone)} ${given ? nothing : t.last(DAYS)} ${all.partial ? t.partial : nothing}</p>
      ${
        all.sessions === 0
          ? html`<p class="empty" data-testid="empty">${t.empty}</p>`
          : html`
            <div class="cards">
              ${this.#minutes(all)} ${this.#outcomes(all)}
              ${(["expert", "client"] as const).map((role) => this.#lateness(all.lateness[role], role))}
              ${this.#attendance(all)} ${this.#refunds(all)} ${this.#quality(all)}
            </div>
          `
      }
    `;
  }

  #minutes({ minutes, totals }: Statistics) {
    const at = minutes.map(({ day }) => noon(day));
    const hours = (value: number) => format.span(value * 60);
    const share = totals.booked > 0 ? Math.round((100 * totals.mutual) / totals.booked) : 0;
    return html`
      <section class="card span-2">
        <h2>${t.minutes}</h2>
        <p class="figures big">
          <span><b>${hours(totals.booked)}</b> ${t.booked}</span>
          <span><b>${hours((totals.client + totals.expert) / 2)}</b> ${t.attended}</span>
          <span><b>${hours(totals.mutual)}</b> ${t.mutual}</span>
          <span><b>${share} %</b> ${t.share}</span>
        </p>
        ${
          minutes.length < 2
            ? nothing
            : html`<hs-plot .at=${at} .unit=${(value: number) => `${Math.round(value)} min`} .summary=${t.minutesSummary}
                .series=${[
                  { label: t.booked, colour: "--quiet", values: minutes.map((each) => each.booked), dash: [5, 4] },
                  { label: texts.role.client, colour: "--client", values: minutes.map((each) => each.client) },
                  { label: texts.role.expert, colour: "--expert", values: minutes.map((each) => each.expert) },
                  { label: t.mutual, colour: "--good", values: minutes.map((each) => each.mutual), fill: true },
                ]}></hs-plot>`
        }
      </section>
    `;
  }

  #outcomes({ outcomes }: Statistics) {
    const bars: Bar[] = outcomes.map((each) => ({
      label: shortDay(each.day),
      values: OUTCOMES.filter(([name]) => (each.counts[name] ?? 0) > 0).map(([name, tone]) => ({
        value: each.counts[name] ?? 0,
        tone,
        name: texts.outcome(name),
      })),
    }));
    return html`<section class="card span-2"><h2>${t.outcomes}</h2>${columns(bars, t.outcomesSummary, format.number)}</section>`;
  }

  #lateness({ bins, count, p50, p90, p99 }: Lateness, role: "client" | "expert") {
    const bars: Bar[] = bins.map(({ from, to, count: value }) => ({
      label:
        from === 0 && to === 0
          ? t.onTheDot
          : to === null
            ? t.over10(format.span(from))
            : from === 0
              ? t.upTo(format.span(to))
              : to <= 60
                ? `${from}–${to} s`
                : `${from / 60}–${to / 60} min`,
      values: [{ value, tone: role, name: texts.role[role] }],
    }));
    const figure = (value: number | null) => (value === null ? "–" : format.span(value));
    return html`
      <section class="card">
        <h2>${t.lateness(texts.role[role])}</h2>
        <p class="quiet small">${t.arrivals(count)} ${t.percentiles(figure(p50), figure(p90), figure(p99))}</p>
        ${lines(bars, format.number)}
      </section>
    `;
  }

  #attendance({ attendance }: Statistics) {
    const tones = { on_time: "good", late: "warn", no_show: "bad", nothing: "faint" } as const;
    const bars: Bar[] = (["client", "expert"] as const).map((role) => {
      const all = attendance[role];
      const sum = all.on_time + all.late + all.no_show + all.nothing;
      return {
        label: texts.role[role],
        values: (["on_time", "late", "no_show", "nothing"] as const).map((kind) => ({
          value: all[kind] ?? 0,
          tone: tones[kind],
          name: t.kinds[kind],
        })),
        note: t.attendanceNote(all.on_time, all.late, all.no_show, sum),
      };
    });
    return html`<section class="card"><h2>${t.attendance}</h2>${lines(bars, format.number)}</section>`;
  }

  #refunds({ refunds }: Statistics) {
    return html`
      <section class="card span-2">
        <h2>${t.refunds}</h2>
        ${
          refunds.length === 0
            ? html`<p class="empty">${t.noRefunds}</p>`
            : html`<div class="table"><table>
                <thead><tr><th scope="col">${t.cause}</th><th scope="col" class="figure">${t.count}</th><th scope="col" class="figure">${t.possible}</th><th scope="col" class="figure">${t.requested}</th><th scope="col" class="figure">${t.approved}</th></tr></thead>
                <tbody>${refunds.map(
                  ({ basis, currency, count, possible, requested, approved }) => html`
                    <tr><th scope="row">${texts.basis(basis)}</th><td class="figure" data-label=${t.count}>${count}</td>
                      ${(
                        [
                          [t.possible, possible],
                          [t.requested, requested],
                          [t.approved, approved],
                        ] as const
                      ).map(
                        ([label, amount]) =>
                          html`<td class="figure" data-label=${label}>${format.money({ amount, currency })}</td>`,
                      )}</tr>
                  `,
                )}</tbody></table></div>`
        }
      </section>
    `;
  }

  #quality({ quality }: Statistics) {
    if (!quality)
      return html`<section class="card span-2"><h2>${t.quality}</h2><p class="empty">${t.notMeasured}</p></section>`;
    const { round_trip_ms: trip, loss_percent: loss, by_day } = quality;
    const at = by_day.map(({ day }) => noon(day));
    return html`
      <section class="card">
        <h2>${t.roundTrip}</h2>
        <p class="quiet small">${t.percentiles3(...([trip.p50, trip.p95, trip.p99].map((value) => (value === null ? "–" : `${Math.round(value)} ms`)) as [string, string, string]))}</p>
        ${
          by_day.length < 2
            ? nothing
            : html`<hs-plot .at=${at} .unit=${(value: number) => `${Math.round(value)} ms`} .summary=${t.roundTripSummary} .series=${[
                { label: "p50", colour: "--expert", values: by_day.map((each) => each.round_trip_p50) },
                { label: "p95", colour: "--warn", values: by_day.map((each) => each.round_trip_p95) },
              ]}></hs-plot>`
        }
      </section>
      <section class="card">
        <h2>${t.loss}</h2>
        <p class="quiet small">${t.percentiles3(...([loss.p50, loss.p95, loss.p99].map((value) => (value === null ? "–" : `${value} %`)) as [string, string, string]))}</p>
        ${
          by_day.length < 2
            ? nothing
            : html`<hs-plot .at=${at} .unit=${(value: number) => `${Math.round(value * 10) / 10} %`} .summary=${t.lossSummary} .series=${[
                { label: "p50", colour: "--expert", values: by_day.map((each) => each.loss_p50) },
                { label: "p95", colour: "--warn", values: by_day.map((each) => each.loss_p95) },
              ]}></hs-plot>`
        }
      </section>
    `;
  }
}

/** A day of the answer as a moment in its middle, so that no zone moves it to another. */
function noon(day: string): number {
  return new Date(`${day}T12:00:00`).getTime() / 1000;
}

function shortDay(day: string): string {
  return format.day(`${day}T12:00:00`);
}

customElements.define("hs-overview", OverviewView);
