/** One sanction with its statement of reasons, its appeal, and what can be done about it. */

import { html, nothing, type TemplateResult } from "lit";
import { texts } from "../texts/dashboard-en";
import type { Sanction } from "./answers";
import type { App, Ask } from "./app";
import { chip, facts, personLink, rules, sessionLink, when } from "./parts";

const t = texts.sanctions;

export function sanctionCard(app: App, each: Sanction, changed: () => void): TemplateResult {
  const now = app.now();
  const waits = each.appeal?.status === "pending";
  const does = (ask: Ask) => async () => {
    if (await app.ask(ask)) changed();
  };
  return html`
    <article class="case entry" tabindex="-1" data-testid="sanction-card" data-id=${each.id} aria-label=${each.id}>
      <header>
        ${chip(texts.measure[each.measure], each.in_force ? "bad" : "faint")} ${each.in_force ? chip(t.inForce, "bad") : chip(t.over, "faint")}
        ${waits ? chip(t.appealWaits, "warn") : nothing} <span class="id">${each.id}</span>
      </header>
      ${facts([
        [t.person, personLink(each.person.id)],
        [t.roles, each.roles.map((role) => texts.role[role]).join(", ")],
        [t.basis, html`${texts.category[each.basis] ?? t.byOperator} ${rules(each.rules)}`],
        [t.imposed, html`${when(each.imposed_at, now)} <span class="quiet">${app.who(each.by)}</span>`],
        [t.until, each.until ? when(each.until, now) : t.forGood],
        each.law ? [t.law, each.law] : null,
        each.sessions.length > 0 ? [t.sessions, each.sessions.map((id) => html`${sessionLink(id)} `)] : null,
        each.complaints.length > 0 ? [t.complaints, html`<span class="id">${each.complaints.join(", ")}</span>`] : null,
        each.reason ? [t.reason, each.reason] : null,
        each.lifted
          ? [
              t.lifted,
              html`${when(each.lifted.at, now)}: ${t.lifting[each.lifted.why] ?? each.lifted.why} <span class="quiet">${app.who(each.lifted.by)}</span> ${each.lifted.reason ?? nothing}`,
            ]
          : null,
      ])}
      ${
        each.appeal
          ? html`
            <div class="appeal"><p><b>${t.appeal}</b> <span class="quiet">${when(each.appeal.at, now)}</span></p>
              <blockquote>${each.appeal.text ?? texts.erased}</blockquote>
              ${each.appeal.decided ? html`<p class="act"><b>${t.decided[each.appeal.status] ?? each.appeal.status}</b> <span class="quiet">${app.who(each.appeal.decided.by)}, ${when(each.appeal.decided.at, now)}</span><br />${each.appeal.decided.reason ?? texts.erased}</p>` : nothing}
            </div>
          `
          : each.in_force
            ? html`<p class="quiet small">${t.appealUntil(when(each.appeal_until, now))}</p>`
            : nothing
      }
      ${
        app.can("moderate") && (each.in_force || waits)
          ? html`
            <footer class="row">
              ${waits ? html`<button class="primary" @click=${does(decideAppeal(app, each))} data-testid="decide-appeal">${t.decide}</button>` : nothing}
              ${each.measure === "hold" && each.in_force && !waits ? html`<button @click=${does(act(app, each, "confirm"))} data-testid="confirm-hold">${t.confirm.button}</button>` : nothing}
              ${each.in_force ? html`<button @click=${does(act(app, each, "lift"))} data-testid="lift">${t.lift.button}</button>` : nothing}
              ${each.in_force && !each.appeal ? html`<button class="plain" @click=${does(appealFor(app, each))}>${t.file.button}</button>` : nothing}
            </footer>
          `
          : nothing
      }
    </article>
  `;
}

const path = (each: Sanction, what: string) => `/v1/sanctions/${encodeURIComponent(each.id)}/${what}`;

function act(app: App, each: Sanction, what: "lift" | "confirm"): Ask {
  return {
    title: t[what].title,
    what: html`<p>${t[what].what}</p>`,
    danger: what === "confirm",
    fields: [
      {
        name: "reason",
        label: texts.bulk.reason,
        kind: "lines",
        required: true,
        max: 2000,
        help: texts.complaints.reasonHelp,
      },
    ],
    confirm: t[what].button,
    act: ({ reason }) => app.client.post(path(each, what), { reason }),
    done: t[what].done,
  };
}

function decideAppeal(app: App, each: Sanction): Ask {
  return {
    title: t.decide,
    what: html`<p>${t.decideWhat}</p>`,
    fields: [
      {
        name: "decision",
        label: texts.decide.decision,
        kind: "choice",
        value: "granted",
        options: [
          { value: "granted", label: t.grant },
          { value: "refused", label: t.refuse },
        ],
      },
      { name: "reason", label: texts.bulk.reason, kind: "lines", required: true, max: 2000, help: t.decideHelp },
    ],
    confirm: t.decide,
    act: ({ decision, reason }) => app.client.post(path(each, "appeal/decision"), { decision, reason }),
    done: t.decideDone,
  };
}

function appealFor(app: App, each: Sanction): Ask {
  return {
    title: t.file.title,
    what: html`<p>${t.file.what}</p>`,
    fields: [{ name: "text", label: t.file.text, kind: "lines", required: true, max: 4000 }],
    confirm: t.file.button,
    act: ({ text }) => app.client.post(path(each, "appeal"), { text }),
    done: t.file.done,
  };
}
