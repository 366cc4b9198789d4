/** One complaint, with what counts and what can be decided; in the queue, on a session and on a person alike. */

import { html, nothing, type TemplateResult } from "lit";
import { texts } from "../texts/dashboard-en";
import type { Complaint } from "./answers";
import type { App } from "./app";
import * as format from "./format";
import { chip, personLink, sessionLink, type Tone, when } from "./parts";

const t = texts.complaints;

const TONES: Record<Complaint["status"], Tone> = { filed: "warn", upheld: "bad", dismissed: "faint" };

export function complaintCard(app: App, each: Complaint, changed: () => void): TemplateResult {
  const now = app.now();
  return html`
    <article class="case entry" tabindex="-1" data-testid="complaint" data-id=${each.id} aria-label=${t.ticket(each.id)}>
      <header>
        ${chip(texts.category[each.category], "plain")} ${chip(t.status[each.status], TONES[each.status])}
        ${each.safety ? chip(t.safety, "bad") : nothing}
        <span class="id">${each.id}</span> <span class="quiet">${when(each.filed_at, now)}</span>
      </header>
      <p>${t.about(personLink(each.accused.id), texts.role[each.role].toLowerCase(), personLink(each.by.id), sessionLink(each.session))}</p>
      <blockquote>${each.text ?? html`<span class="quiet">${t.noText}</span>`}</blockquote>
      ${counting(each)}
      ${each.filed_as === each.category ? nothing : html`<p class="quiet small">${t.filedAs(texts.category[each.filed_as])}</p>`}
      ${each.acts.map(
        (act) => html`
          <p class="act"><b>${t.acts[act.act]}${act.category ? ` (${texts.category[act.category]})` : ""}</b>
            <span class="quiet">${app.who(act.by)}, ${when(act.at, now)}</span><br />${act.reason ?? html`<span class="quiet">${texts.erased}</span>`}</p>
        `,
      )}
      ${
        app.can("moderate")
          ? html`
            <footer class="row">
              ${each.status === "upheld" ? nothing : html`<button @click=${() => decide(app, each, "uphold").then((done) => done && changed())} data-testid="uphold">${t.uphold}</button>`}
              ${each.status === "dismissed" ? nothing : html`<button @click=${() => decide(app, each, "dismiss").then((done) => done && changed())} data-testid="dismiss">${t.dismiss}</button>`}
              <button class="plain" @click=${() => recategorise(app, each).then((done) => done && changed())} data-testid="recategorise">${t.recategorise}</button>
            </footer>
          `
          : nothing
      }
    </article>
  `;
}

/** How many different people count in this category, as boxes and in words (P2.3). */
export function counting({
  category,
  counts,
  counting: { complainants, threshold },
  met,
  consented,
  status,
}: Complaint) {
  if (category === "other") return html`<p class="counting"><small>${t.neverCounts}</small></p>`;
  const why = counts
    ? t.countsNow
    : status === "dismissed"
      ? t.countsDismissed
      : !met
        ? t.countsNotMet
        : consented
          ? t.countsConsent
          : t.countsNot;
  return html`
    <p class="counting ${complainants >= threshold ? "reached" : complainants === threshold - 1 ? "near" : ""}">
      <span class="boxes" aria-hidden="true">${Array.from({ length: Math.max(threshold, complainants) }, (_, index) => html`<i class=${index < complainants ? "full" : ""}></i>`)}</span>
      <span>${t.counted(complainants, threshold)}</span> <small class="quiet">${why}</small>
    </p>
  `;
}

function decide(app: App, each: Complaint, act: "uphold" | "dismiss"): Promise<boolean> {
  return app.ask({
    title: act === "uphold" ? t.upholdTitle : t.dismissTitle,
    what: html`<p>${act === "uphold" ? t.upholdWhat(each.category === "conduct") : t.dismissWhat(each.counting.complainants, each.counting.threshold)}</p>`,
    fields: [
      { name: "reason", label: texts.bulk.reason, kind: "lines", required: true, max: 2000, help: t.reasonHelp },
    ],
    confirm: act === "uphold" ? t.uphold : t.dismiss,
    act: (values) => app.client.post(`/v1/complaints/${encodeURIComponent(each.id)}/${act}`, { reason: values.reason }),
    done: act === "uphold" ? t.upheldDone : t.dismissedDone,
  });
}

function recategorise(app: App, each: Complaint): Promise<boolean> {
  const others = (["conduct", "deception", "privacy", "other"] as const).filter((one) => one !== each.category);
  return app.ask({
    title: t.recategoriseTitle,
    what: html`<p>${t.recategoriseWhat(texts.category[each.category])}</p>`,
    fields: [
      {
        name: "category",
        label: t.category,
        kind: "choice",
        value: others[0] ?? "",
        options: others.map((value) => ({ value, label: texts.category[value] })),
      },
      { name: "reason", label: texts.bulk.reason, kind: "lines", required: true, max: 2000, help: t.reasonHelp },
    ],
    confirm: t.recategorise,
    act: ({ category, reason }) =>
      app.client.post(`/v1/complaints/${encodeURIComponent(each.id)}/recategorise`, { category, reason }),
    done: t.recategorisedDone,
  });
}

export function ago(at: string, app: App): string {
  return format.distance(at, app.now());
}
