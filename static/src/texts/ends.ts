/** Which ends there are, whom each can name, and who reads it: a catalogue has to have words for every one of them. */

import type { EndReason, Role, Whom } from "../protocol";

export interface EndsNaming extends Record<EndReason, Whom | "nobody"> {
  completed: "nobody";
  hung_up: Role;
  lost: Role;
  left_page: Role;
  safety: Role;
  no_show: Role | "both";
  never_met: "nobody";
  interrupted: "nobody";
  ended_by_operator: "operator";
  removed: Role;
  cancelled: Role | "platform" | "operator";
}

export interface EndText {
  heading: string;
  detail: string;
}

type Say = (other: string) => EndText;

export type EndTexts = { [Reason in EndReason]: { [By in EndsNaming[Reason]]: Record<Role, Say> } };

/** The words for an end, or null for a pair that the protocol does not know (a newer server, say). */
export function endText(table: EndTexts, end: { reason: EndReason; by: Whom | null }, role: Role, other: string) {
  const byWhom = table[end.reason] as Partial<Record<Whom | "nobody", Record<Role, Say>>> | undefined;
  const say = byWhom?.[end.by ?? "nobody"] ?? byWhom?.nobody;
  return say?.[role](other) ?? null;
}
