/** When each side was there, for drawing and for reading aloud: from one party's view of an ended session. Pure. */

import type { PartySummary, View } from "./protocol";

/** A stretch of time; `bridged` where a party was away for a moment and nothing follows from it. */
export interface Stretch {
  from: number;
  to: number;
  kind: "there" | "bridged";
}

/** The presence of one party inside the booked window, up to the end. */
export function presence(view: View, party: PartySummary): Stretch[] {
  const { end } = view;
  if (!end || !party.arrived_at) return [];
  const until = Math.min(Date.parse(end.at), Date.parse(view.ends_at));
  const found: Stretch[] = [];
  let from = Math.max(Date.parse(view.starts_at), Date.parse(party.arrived_at));
  const there = (to: number) => to > from && found.push({ from, to, kind: "there" });
  for (const away of party.away) {
    const [gone, back] = [Date.parse(away.start), Date.parse(away.end)];
    if (back <= from) continue;
    there(Math.min(gone, until));
    if (away.bridged && back > gone)
      found.push({ from: Math.max(gone, from), to: Math.min(back, until), kind: "bridged" });
    from = back;
  }
  there(until);
  return found;
}

/** Since when both were there at the same time; null if never. */
export function together(view: View): number | null {
  const { end } = view;
  if (!end) return null;
  const [client, expert] = [presence(view, end.client), presence(view, end.expert)];
  for (const one of client) {
    const other = expert.find(({ from, to }) => from < one.to && to > one.from);
    if (other) return Math.max(one.from, other.from);
  }
  return null;
}
