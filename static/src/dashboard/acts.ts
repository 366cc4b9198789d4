/** What an operator may do to one session: each asked once, with what will happen in words. The server decides. */

import { html } from "lit";
import { texts } from "../texts/dashboard-en";
import type { Session } from "./answers";
import type { App, Field } from "./app";
import { amountOf, decisions } from "./bulk";
import * as format from "./format";

const t = texts.acts;

const path = ({ id }: Session) => `/v1/sessions/${encodeURIComponent(id)}`;
const REASON: Field = {
  name: "reason",
  label: texts.bulk.reason,
  kind: "lines",
  required: true,
  help: texts.bulk.reasonHelp,
};

export function endSession(app: App, session: Session): Promise<boolean> {
  return app.ask({
    title: t.end.title,
    what: html`<p>${t.end.what}</p>`,
    danger: true,
    fields: [REASON],
    confirm: t.end.confirm,
    act: ({ reason }) => app.client.post(`${path(session)}/end`, { reason }),
    done: t.end.done,
  });
}

export function removeParty(app: App, session: Session): Promise<boolean> {
  return app.ask({
    title: t.remove.title,
    what: html`<p>${t.remove.what}</p>`,
    danger: true,
    fields: [
      {
        name: "role",
        label: t.remove.who,
        kind: "choice",
        value: "client",
        options: (["client", "expert"] as const).map((value) => ({
          value,
          label: `${session[value].name} (${texts.role[value].toLowerCase()})`,
        })),
      },
      REASON,
    ],
    confirm: t.remove.confirm,
    act: ({ role, reason }) => app.client.post(`${path(session)}/remove/${role}`, { reason }),
    done: t.remove.done,
  });
}

export function cancelSession(app: App, session: Session): Promise<boolean> {
  return app.ask({
    title: t.cancel.title,
    what: html`<p>${t.cancel.what(session.fee ? format.money(session.fee) : null)}</p>`,
    danger: true,
    confirm: t.cancel.confirm,
    act: () => app.client.delete(`${path(session)}?by=operator`),
    done: t.cancel.done,
  });
}

export function newLinks(app: App, session: Session): Promise<boolean> {
  return app.ask<Session>({
    title: t.links.title,
    what: html`<p>${t.links.what}</p>`,
    fields: [
      {
        name: "role",
        label: t.links.whose,
        kind: "choice",
        value: "client",
        options: (["client", "expert"] as const).map((value) => ({ value, label: session[value].name })),
      },
    ],
    confirm: t.links.confirm,
    act: ({ role }) => app.client.post(`${path(session)}/links`, { role }),
    done: (made) => html`
      <p>${t.links.made}</p>
      ${(["client", "expert"] as const).map((role) => {
        const link = made.links?.[role];
        return link
          ? html`<p class="secret-line"><b>${session[role].name}</b><code class="secret" tabindex="0">${link}</code></p>`
          : "";
      })}
    `,
  });
}

export function excuse(app: App, session: Session): Promise<boolean> {
  return app.ask({
    title: t.excuse.title,
    what: html`<p>${t.excuse.what(session.expert.name)}</p>`,
    fields: [{ ...REASON, max: 2000 }],
    confirm: t.excuse.confirm,
    act: ({ reason }) => app.client.post(`${path(session)}/excuse`, { reason }),
    done: t.excuse.done,
  });
}

/** What an operator changes of a settlement; what is left as it is, is not sent. */
export function revise(app: App, session: Session): Promise<boolean> {
  const currency = session.fee?.currency;
  const kinds = [
    { value: "", label: t.revise.asIs },
    { value: "on_time", label: texts.attendance.on_time },
    { value: "late", label: texts.attendance.lateWord },
    { value: "no_show", label: texts.attendance.no_show },
    { value: "none", label: texts.attendance.nothing },
  ];
  const side = (role: "client" | "expert"): Field[] => [
    { name: role, label: t.revise.attendance(session[role].name), kind: "choice", value: "", options: kinds },
    {
      name: `${role}_minutes`,
      label: t.revise.minutes(session[role].name),
      kind: "line",
      required: true,
      max: 5,
      when: { name: role, value: "late" },
    },
  ];
  return app.ask({
    title: t.revise.title,
    what: html`<p>${t.revise.what}</p>`,
    fields: [
      ...side("client"),
      ...side("expert"),
      ...(currency
        ? [{ name: "refund_max", label: t.revise.most, kind: "amount", currency, help: t.revise.mostHelp } as Field]
        : []),
      { ...REASON, max: 2000 },
    ],
    confirm: t.revise.confirm,
    act: async (values) => {
      const body: Record<string, unknown> = { reason: values.reason };
      for (const role of ["client", "expert"] as const) {
        const kind = values[role];
        if (!kind) continue;
        body[role] =
          kind === "late"
            ? { attendance: kind, lateness_seconds: Math.round(Number(values[`${role}_minutes`]) * 60) }
            : { attendance: kind === "none" ? null : kind };
      }
      if (currency && values.refund_max?.trim())
        body.refund_max = /^0+([.,]0*)?$/.test(values.refund_max.trim())
          ? { amount: 0, currency }
          : amountOf(values.refund_max, currency);
      return app.client.post(`${path(session)}/revise`, body);
    },
    done: t.revise.done,
  });
}

export function decideRefund(app: App, session: Session, decision: "approved" | "declined"): Promise<boolean> {
  const { refund } = session;
  const most = refund?.requested ?? refund?.max ?? null;
  const review = refund?.status === "review";
  const d = texts.decide;
  return app.ask({
    title: decision === "approved" ? d.approveTitle : d.declineTitle,
    what: html`<p>${decision === "approved" ? (review ? d.allowWhat : d.approveWhat) : review ? d.refuseReviewWhat : d.declineWhat}</p>`,
    fields:
      decision === "approved"
        ? [
            ...(most
              ? [
                  {
                    name: "amount",
                    label: d.amount,
                    kind: "amount",
                    required: true,
                    value: format.plain(most),
                    currency: most.currency,
                    help: d.amountHelp(format.money(most)),
                  } as Field,
                ]
              : []),
            { name: "note", label: d.note, kind: "lines", max: 1000 },
          ]
        : [{ name: "note", label: d.note, kind: "lines", required: true, max: 1000, help: d.noteHelp }],
    confirm: decisions().find(({ value }) => value === decision)?.label ?? decision,
    act: async (values) => {
      const note = values.note?.trim();
      return app.client.post(`${path(session)}/refund/decision`, {
        decision,
        ...(decision === "approved" && most ? { amount: amountOf(values.amount, most.currency) } : {}),
        ...(note ? { note } : {}),
      });
    },
    done: decision === "approved" ? d.approved : d.declined,
  });
}

export function paid(app: App, session: Session): Promise<boolean> {
  const d = texts.decide;
  return app.ask({
    title: d.paidTitle,
    what: html`<p>${d.paidWhat}</p>`,
    fields: [{ name: "reference", label: d.reference, kind: "line", required: true, max: 128, help: d.referenceHelp }],
    confirm: d.paidConfirm,
    act: ({ reference }) => app.client.post(`${path(session)}/refund/settled`, { reference: reference?.trim() }),
    done: d.paid,
  });
}
