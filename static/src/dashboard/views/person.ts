/** One person's standing with all its reasons: punctuality, fee factor, ratings, complaints, sanctions, notes. */

import { html, nothing } from "lit";
import "../notes";
import "../plots";
import { texts } from "../../texts/dashboard-en";
import { href, place } from "../address";
import type { List, Note, Person, PunctualitySeries, Rating, Session } from "../answers";
import { cancelMany, instant } from "../bulk";
import { asProblem, type Problem } from "../client";
import { complaintCard } from "../complaint";
import * as format from "../format";
import { icon } from "../icons";
import type { Hint } from "../live";
import { attendance, chip, ending, facts, rules, sessionLink, status, table, when } from "../parts";
import { sanctionCard } from "../sanction";
import { View } from "../view";

const t = texts.person;

interface Whole {
  person: Person;
  series: PunctualitySeries | Problem;
  sessions: List<Session> | Problem;
  notes: Note[] | Problem;
}

class PersonView extends View<Whole> {
  protected heading() {
    const person = this._data?.person;
    return person?.name ?? person?.id ?? this.place.id ?? "";
  }

  protected override above() {
    return html`<p class="crumbs"><a href=${href(place("people"))}>${texts.views.people}</a> / <span class="id">${this._data?.person.id ?? this.place.id}</span></p>`;
  }

  protected override hears({ kind }: Hint) {
    return kind === "queue";
  }

  protected async load(signal: AbortSignal): Promise<Whole> {
    const { client } = this.app;
    const id = this.place.id ?? "";
    const path = `/v1/people/${encodeURIComponent(id)}`;
    const person = await client.get<Person>(path, {}, signal);
    const [series, sessions, notes] = await Promise.all([
      client.get<PunctualitySeries>(`${path}/punctuality`, { limit: "50" }, signal).catch(asProblem),
      client
        .get<List<Session>>("/v1/sessions", { party: person.id, order: "desc", limit: "20" }, signal)
        .catch(asProblem),
      client.get<List<Note>>(`${path}/notes`, {}, signal).then(({ data }) => data, asProblem),
    ]);
    return { person, series, sessions, notes };
  }

  protected override actions(data: Whole | null): unknown {
    if (!data) return nothing;
    const { app } = this;
    const { person } = data;
    return html`
      ${app.can("cancel_range") ? html`<button @click=${async () => (await cancelMany(app, person.id)) && this.refresh()} data-testid="cancel-week">${t.cancelWeek}</button>` : nothing}
      ${app.can("moderate") ? html`<button class="danger-quiet" @click=${() => this.#sanction(person)} data-testid="sanction">${t.sanction.button}</button>` : nothing}
      ${app.can("admin") ? html`<button @click=${() => this.#export(person)}>${icon("download")} ${t.export}</button>` : nothing}
      ${app.can("admin") && !person.erased_at ? html`<button class="danger-quiet" @click=${() => this.#erase(person)} data-testid="erase">${t.erase.button}</button>` : nothing}
    `;
  }

  protected content({ person, series, sessions, notes }: Whole) {
    const now = this.app.now();
    const { fee_factor: factor, punctuality, ratings } = person;
    return html`
      <p class="summary">
        ${person.badge ? chip(texts.people.badge, "good") : nothing}
        ${person.sanctions.some((each) => each.in_force) ? chip(texts.people.sanctioned, "bad") : nothing}
        ${person.bookable.expert ? nothing : chip(t.notBookable(texts.role.expert), "bad")} ${person.bookable.client ? nothing : chip(t.notBookable(texts.role.client), "bad")}
        <span class="quiet">${t.since(format.date(person.known_since))}</span>
        ${person.erased_at ? chip(t.erasedOn(format.date(person.erased_at)), "faint") : nothing}
        <span class="id" title=${t.pseudonym}>${person.pseudonym}</span>
      </p>
      ${(person.signals ?? []).map((each) => html`<p class="trouble"><span>${icon("warning")}</span> ${t.signals[each.kind] ?? each.kind} <span class="id">${each.complaints.join(", ")}</span></p>`)}
      <div class="cards">
        <section class="card span-2">
          <h2>${t.punctuality} ${punctuality.bps === null ? nothing : html`<b class="time">${format.percent(punctuality.bps)}</b>`} ${rules(["P1.5"])}</h2>
          ${isProblem(series) ? this.#failed(series) : this.#plot(series)}
          ${this.#slots(person)}
        </section>
        <section class="card">
          <h2>${t.factor} <b class="time">${format.factor(factor.bps)}</b></h2>
          <p class="quiet small">${t.factorHelp}</p>
          <ul class="rows reasons">
            <li><span class="time">${format.percent(10_000, 0)}</span> ${t.base}</li>
            ${factor.reasons.map((each) => html`<li><span class="time ${each.bps < 0 ? "down" : "up"}">${format.signed(each.bps)}</span> <span>${t.reasons(each.why, each.of)} ${rules([each.rule])}</span></li>`)}
          </ul>
        </section>
        <section class="card">
          <h2>${t.ratings}</h2>
          ${facts([
            [t.asExpert, ratings.as_expert ? stars(ratings.as_expert.mean, ratings.as_expert.count) : t.noneYet],
            [t.asClient, ratings.as_client ? stars(ratings.as_client.mean, ratings.as_client.count) : t.noneYet],
          ])}
          <ul class="rows">${ratings.data.slice(0, 10).map((each) => this.#rating(each, now))}</ul>
        </section>
        <section class="card span-2">
          <h2>${texts.views.sanctions}</h2>
          ${person.sanctions.length === 0 ? html`<p class="empty">${t.noSanctions}</p>` : person.sanctions.map((each) => sanctionCard(this.app, each, this.refresh))}
        </section>
        <section class="card span-2">
          <h2>${texts.views.complaints}</h2>
          ${
            person.complaints === null
              ? html`<p class="empty">${texts.session.notForYou}</p>`
              : person.complaints.length === 0
                ? html`<p class="empty">${t.noComplaints}</p>`
                : person.complaints.map((each) => complaintCard(this.app, each, this.refresh))
          }
        </section>
        ${this.#marks(person, now)}
        <section class="card span-2">
          <h2>${t.sessions}</h2>
          ${
            isProblem(sessions)
              ? this.#failed(sessions)
              : html`${table<Session>({
                  caption: t.sessions,
                  rows: sessions.data,
                  key: ({ id }) => id,
                  to: ({ id }) => place("sessions", id),
                  empty: texts.sessions.empty,
                  columns: [
                    { head: texts.sessions.session, cell: (row) => row.title ?? row.id },
                    { head: texts.sessions.starts, cell: (row) => when(row.starts_at, now) },
                    {
                      head: texts.sessions.status,
                      cell: (row) => html`${status(row.status)} <small>${ending(row.end)}</small>`,
                    },
                    {
                      head: t.attended,
                      cell: (row) => {
                        const side = row.expert.id === person.id ? row.expert : row.client;
                        return attendance(side.attendance, side.lateness_seconds);
                      },
                    },
                  ],
                })}
                <p><a href=${href(place("sessions", null, { party: person.id }))}>${t.allSessions}</a></p>`
          }
        </section>
        <section class="card">
          <h2>${texts.notes.title}</h2>
          ${isProblem(notes) ? this.#failed(notes) : html`<hs-notes .app=${this.app} .path=${`/v1/people/${encodeURIComponent(person.id)}/notes`} .notes=${notes} @hs-changed=${this.refresh}></hs-notes>`}
        </section>
      </div>
    `;
  }

  /** How late each slot was, and the punctuality as it stood after it. */
  #plot({ data, late_grace_seconds }: PunctualitySeries) {
    if (data.length < 2) return html`<p class="empty">${t.tooFew}</p>`;
    const at = data.map((_, index) => index + 1);
    const label = (index: number) => format.day(data[Math.round(index) - 1]?.starts_at ?? 0);
    return html`
      <hs-plot .at=${at} .ordinal=${label} .bounds=${[0, 100]} .unit=${(value: number) => `${Math.round(value)} %`} .summary=${t.plotSummary(data.length)}
        .series=${[
          {
            label: t.standsAt,
            colour: "--expert",
            values: data.map((each) => (each.bps === null ? null : each.bps / 100)),
            fill: true,
          },
          {
            label: t.score,
            colour: "--warn",
            values: data.map((each) => (each.score_bps === null ? null : each.score_bps / 100)),
            dots: true,
            dash: [2, 6],
          },
        ]}></hs-plot>
      <p class="quiet small">${t.plotHelp(format.span(late_grace_seconds))}</p>
    `;
  }

  #slots({ punctuality }: Person) {
    const { counted, passed_over } = punctuality;
    if (counted.length + passed_over.length === 0) return nothing;
    return html`
      <details>
        <summary>${t.slots(counted.length, passed_over.length)}</summary>
        <ul class="rows">
          ${counted.map((each) => html`<li><span class="time">${format.percent(each.score_bps)}</span> ${when(each.starts_at, this.app.now())} ${sessionLink(each.session)} ${attendance(each.attendance, each.lateness_seconds)} ${each.weight > 1 ? html`<span class="quiet">${t.weight(each.weight)}</span>` : nothing}</li>`)}
          ${passed_over.map((each) => html`<li class="quiet"><span>–</span> ${when(each.starts_at, this.app.now())} ${sessionLink(each.session)} ${t.passedOver[each.why] ?? each.why}</li>`)}
        </ul>
      </details>
    `;
  }

  #rating(each: Rating, now: number) {
    return html`
      <li class=${each.voided ? "void" : ""}>
        <span class="stars" role="img" aria-label=${t.starsOf(each.stars)}>${"★".repeat(each.stars)}${"☆".repeat(5 - each.stars)}</span>
        ${sessionLink(each.session)} <span class="quiet">${when(each.given_at, now)}</span>
        ${each.hidden_until ? chip(t.hidden, "faint") : nothing} ${each.voided ? chip(t.voided, "faint") : nothing}
        ${each.text ? html`<blockquote>${each.text}</blockquote>` : nothing}
        ${!each.voided && this.app.can("moderate") ? html`<button class="plain small" @click=${() => this.#void(each)}>${t.voidIt}</button>` : nothing}
      </li>
    `;
  }

  #marks(person: Person, now: number) {
    if (person.excuses.length + person.contests.length === 0) return nothing;
    return html`
      <section class="card span-2">
        <h2>${t.marks} ${rules(["P1.8"])}</h2>
        <ul class="rows">
          ${person.contests.map((each) => html`<li>${chip(each.waiting ? t.contestWaits : t.contested, each.waiting ? "warn" : "faint")} ${sessionLink(each.session)} ${when(each.starts_at, now)} <span>“${each.text ?? texts.erased}”</span></li>`)}
          ${person.excuses.map((each) => html`<li>${chip(t.excused, "good")} ${sessionLink(each.session)} ${when(each.starts_at, now)} <span class="quiet">${this.app.who(each.by)}: ${each.text ?? texts.erased}</span></li>`)}
        </ul>
      </section>
    `;
  }

  #sanction = async (person: Person) => {
    const s = t.sanction;
    const done = await this.app.ask({
      title: s.title,
      what: html`<p>${s.what}</p>`,
      danger: true,
      fields: [
        {
          name: "measure",
          label: s.measure,
          kind: "choice",
          value: "suspension",
          options: (["hold", "suspension", "permanent"] as const).map((value) => ({
            value,
            label: texts.measure[value],
          })),
        },
        {
          name: "until",
          label: s.until,
          kind: "moment",
          required: true,
          when: { name: "measure", value: "suspension" },
        },
        {
          name: "roles",
          label: s.roles,
          kind: "checks",
          required: true,
          value: "expert",
          options: (["client", "expert"] as const).map((value) => ({ value, label: texts.role[value] })),
        },
        { name: "law", label: s.law, kind: "line", required: true, max: 2, help: s.lawHelp },
        { name: "reason", label: s.reason, kind: "lines", required: true, max: 2000, help: s.reasonHelp },
      ],
      confirm: s.confirm,
      act: async ({ measure, until, roles, law, reason }) =>
        this.app.client.post(`/v1/people/${encodeURIComponent(person.id)}/sanctions`, {
          measure,
          roles: roles?.split(" ").filter(Boolean),
          law: law?.trim().toUpperCase(),
          reason,
          ...(measure === "suspension" ? { until: instant(until) } : {}),
        }),
      done: s.done,
    });
    if (done) void this.refresh();
  };

  #erase = async (person: Person) => {
    const done = await this.app.ask({
      title: t.erase.title,
      what: html`<p>${t.erase.what}</p>`,
      danger: true,
      fields: [
        { name: "reason", label: texts.bulk.reason, kind: "lines", required: true, help: texts.bulk.reasonHelp },
      ],
      confirm: t.erase.confirm,
      act: ({ reason }) => this.app.client.post(`/v1/people/${encodeURIComponent(person.id)}/erase`, { reason }),
      done: t.erase.done,
    });
    if (done) this.app.go(place("people", person.pseudonym), true);
  };

  #export = async (person: Person) => {
    try {
      const all = await this.app.client.get<unknown>(`/v1/people/${encodeURIComponent(person.id)}/export`);
      const url = URL.createObjectURL(new Blob([JSON.stringify(all, null, 2)], { type: "application/json" }));
      const link = document.createElement("a");
      link.href = url;
      link.download = `person-${person.id}.json`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (error) {
      this.app.say(asProblem(error).message || texts.state.failed);
    }
  };

  #void = async (rating: Rating) => {
    const done = await this.app.ask({
      title: t.voidTitle,
      what: html`<p>${t.voidWhat}</p>`,
      fields: [{ name: "reason", label: texts.bulk.reason, kind: "lines", required: true, max: 2000 }],
      confirm: t.voidIt,
      act: ({ reason }) => this.app.client.post(`/v1/ratings/${encodeURIComponent(rating.id)}/void`, { reason }),
      done: t.voidedDone,
    });
    if (done) void this.refresh();
  };

  #failed(problem: Problem) {
    return html`<p class="empty">${problem.offline ? texts.state.offline : problem.message || texts.state.failed}</p>`;
  }
}

function stars(mean: number, count: number) {
  return html`<b class="time">${mean.toFixed(2)}</b> <span class="quiet">${t.of(count)}</span>`;
}

function isProblem(value: unknown): value is Problem {
  return value instanceof Error;
}

customElements.define("hs-person", PersonView);
