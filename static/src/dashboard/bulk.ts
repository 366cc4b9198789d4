/** Many at once: what is asked, what would happen, and then, once it was seen, the same call again in earnest. */

import { html } from "lit";
import { parseAmount } from "../money";
import { texts } from "../texts/dashboard-en";
import type { Bulk, Money, Session } from "./answers";
import type { App, Values } from "./app";
import { Problem } from "./client";
import * as format from "./format";

const t = texts.bulk;

/** The reader's own Monday of the week of that day, and the one after it. */
export function week(of: number): { from: string; to: string } {
  const day = new Date(of);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - ((day.getDay() + 6) % 7));
  const next = new Date(day);
  next.setDate(day.getDate() + 7);
  return { from: local(day), to: local(next) };
}

/** As `<input type=datetime-local>` has it. */
export function local(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function cancelMany(app: App, person = "", role = "expert"): Promise<boolean> {
  const { from, to } = week(app.now());
  const call = (dry_run: boolean) => (values: Values) =>
    app.client.post<Bulk>("/v1/bulk/cancel", {
      person: values.person?.trim(),
      role: values.role,
      from: instant(values.from),
      to: instant(values.to),
      reason: values.reason,
      dry_run,
    });
  return app.ask({
    title: t.cancel.title,
    what: t.cancel.what,
    danger: true,
    fields: [
      { name: "person", label: t.cancel.person, kind: "line", required: true, max: 64, value: person },
      { name: "role", label: t.cancel.role, kind: "choice", value: role, options: roles() },
      { name: "from", label: t.from, kind: "moment", required: true, value: from },
      { name: "to", label: t.to, kind: "moment", required: true, value: to },
      { name: "reason", label: t.reason, kind: "lines", required: true, help: t.reasonHelp },
    ],
    confirm: t.cancel.confirm,
    preview: call(true),
    act: call(false),
    done: (made: Bulk) => t.cancel.done(made.counts.done, made.counts.refused),
  });
}

export function declareOutage(app: App): Promise<boolean> {
  const now = new Date(app.now());
  const call = (dry_run: boolean) => (values: Values) =>
    app.client.post<Bulk>("/v1/bulk/outage", {
      from: instant(values.from),
      to: instant(values.to),
      reason: values.reason,
      dry_run,
    });
  return app.ask({
    title: t.outage.title,
    what: t.outage.what,
    danger: true,
    fields: [
      {
        name: "from",
        label: t.from,
        kind: "moment",
        required: true,
        value: local(new Date(now.getTime() - 3_600_000)),
      },
      { name: "to", label: t.to, kind: "moment", required: true, value: local(now) },
      { name: "reason", label: t.reason, kind: "lines", required: true, help: t.reasonHelp },
    ],
    confirm: t.outage.confirm,
    preview: call(true),
    act: call(false),
    done: (made: Bulk) => t.outage.done(made.counts.done, made.counts.refused),
  });
}

export function decideMany(app: App, sessions: readonly Session[]): Promise<boolean> {
  const items = (values: Values) =>
    sessions.map(({ id }) => ({
      session: id,
      decision: values.decision,
      ...(values.note?.trim() ? { note: values.note.trim() } : {}),
    }));
  const call = (dry_run: boolean) => (values: Values) => {
    if (values.decision === "declined" && !values.note?.trim())
      throw new Problem("note_needed", 422, texts.problems.note_needed);
    return app.client.post<Bulk>("/v1/bulk/refunds", { items: items(values), dry_run });
  };
  return app.ask({
    title: t.refunds.title(sessions.length),
    what: html`<p>${t.refunds.what}</p><p class="figures">${total(sessions)}</p>`,
    fields: [
      { name: "decision", label: texts.decide.decision, kind: "choice", value: "approved", options: decisions() },
      { name: "note", label: texts.decide.note, kind: "lines", help: texts.decide.noteHelp, max: 1000 },
    ],
    confirm: t.refunds.confirm,
    preview: async (values) => call(true)(values),
    act: async (values) => call(false)(values),
    done: (made: Bulk) => t.refunds.done(made.counts.done, made.counts.refused),
  });
}

export function decisions() {
  return [
    { value: "approved", label: texts.decide.approve },
    { value: "declined", label: texts.decide.decline },
  ];
}

export function roles() {
  return (["expert", "client"] as const).map((value) => ({ value, label: texts.role[value] }));
}

/** What was typed as money; a ``Problem`` that says so where it is none. */
export function amountOf(text: string | undefined, currency: string): Money {
  const amount = parseAmount(text ?? "", format.exponent(currency));
  if (amount === null) throw new Problem("bad_amount", 422, texts.problems.bad_amount);
  return { amount, currency };
}

export function instant(value: string | undefined): string {
  const at = new Date(value ?? "");
  if (Number.isNaN(at.getTime())) throw new Problem("bad_time", 422, texts.problems.bad_time);
  return at.toISOString();
}

/** By currency: what would be paid if all were approved as they were asked for. */
function total(sessions: readonly Session[]): unknown {
  const sums = new Map<string, number>();
  for (const { refund } of sessions) {
    const money = refund?.requested ?? refund?.max;
    if (money) sums.set(money.currency, (sums.get(money.currency) ?? 0) + money.amount);
  }
  return [...sums].map(([currency, amount]) => html`<span><b>${format.money({ amount, currency })}</b></span>`);
}
