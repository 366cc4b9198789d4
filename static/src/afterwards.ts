/** What is left to say after a session, read from one party's view. Pure; the server decides all of it again. */

import type { Afterwards, Role, Sanction, View } from "./protocol";

/** Whether it binds at this time. */
export function inForce({ until, lifted_at }: Sanction, now: number): boolean {
  return lifted_at === null && (until === null || now < Date.parse(until));
}

/** Those in force first, then the newest. */
export function sorted(sanctions: readonly Sanction[], now: number): Sanction[] {
  const rank = (sanction: Sanction) => (inForce(sanction, now) ? 1 : 0);
  const at = (sanction: Sanction) => Date.parse(sanction.imposed_at);
  return [...sanctions].sort((a, b) => rank(b) - rank(a) || at(b) - at(a));
}

export function bound(roles: readonly Role[]): Role | "both" {
  return roles.length > 1 ? "both" : (roles[0] ?? "expert");
}

/** Whether both have rated, as far as this side can know: then all of it is open (P2.1). */
export function ratingsAreOpen({ rating, rating_of_me, rate_until }: Afterwards, now: number): boolean {
  return (rating !== null && rating_of_me !== null) || (rate_until !== null && now >= Date.parse(rate_until));
}

/** The attendance that an expert may mind, or has minded, or that does not count any more (P1.8). */
export function attendanceInQuestion(view: View): { kind: "late" | "no_show"; seconds: number } | null {
  const { end, me, may, afterwards } = view;
  if (!end || me.role !== "expert") return null;
  const { attendance, lateness_seconds } = end.expert;
  const kind = attendance === "late" || attendance === "no_show" ? attendance : null;
  const concerned = may.contest || afterwards?.contested || afterwards?.excused;
  return kind && concerned ? { kind, seconds: lateness_seconds ?? 0 } : null;
}
