/**
 * What the requests for written consent mean for one party's page (P5.3): what is to be answered, what stands, what may
 * be asked, and what has just been decided. Pure; the server decides all of it again.
 */

import type { Consent, View } from "./protocol";

/** What a party has to be told of for so long after it was decided. */
const NEWS_MS = 20_000;
/** Requests of one party in one session, as the server counts them. */
const MOST = 5;

/** The other's request that waits for this party's answer. */
export function toAnswer(view: View): Consent | null {
  return view.consents.find(({ by, status }) => by !== view.me.role && status === "asked") ?? null;
}

/** This party's request that waits for the other's answer. */
export function waiting(view: View): Consent | null {
  return view.consents.find(({ by, status }) => by === view.me.role && status === "asked") ?? null;
}

export function standing(view: View): readonly Consent[] {
  return view.consents.filter(({ status }) => status === "given");
}

/** While the two are together, one request at a time. */
export function mayAsk(view: View): boolean {
  const mine = view.consents.filter(({ by }) => by === view.me.role);
  const open = mine.some(({ status }) => status === "asked" || status === "given");
  return view.status === "live" && !open && mine.length < MOST;
}

/** What was refused or withdrawn a moment ago, newest first: whoever was recording has to know. */
export function news(view: View, now: number): Consent | null {
  const recent = view.consents.filter((consent) => {
    const matters = consent.status === "refused" ? consent.by === view.me.role : consent.given_at !== null;
    return consent.closed_at !== null && matters && now - Date.parse(consent.closed_at) < NEWS_MS;
  });
  return recent.at(-1) ?? null;
}
