/**
 * Which language a page is in: what was chosen on a page of ours, else what the address asks for (`?lang=de`: an
 * embedder's choice), else the booking's for this party, else the browser's. English where none of them is there.
 */

import { code, locale, speak } from ".";
import { type Code, languages, OFFERED } from "./languages";

const KEY = "headstrt:language";

/** Of the booking of this page, once it is known. */
let booked: string | null = null;

/** The words, before the page's own script runs. */
export function begin(): Promise<void> {
  return follow();
}

/** What the booking says, if anything: it may change the language, before anything of the session is drawn. */
export async function bookedIn(asked: string | null): Promise<void> {
  if (asked === booked) return;
  booked = asked;
  await follow().catch(() => {}); // the language that is there stays
}

/** The person's own choice, here and from now on. */
export async function choose(next: Code): Promise<void> {
  await speak(next, variantOf(next));
  try {
    localStorage.setItem(KEY, next);
  } catch {} // forbidden: then it is for this page
}

async function follow(): Promise<void> {
  const next = pick(wishes());
  const variant = variantOf(next);
  if (next !== code || variant !== locale || !document.documentElement.dir) await speak(next, variant);
}

function wishes(): (string | null)[] {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(KEY);
  } catch {}
  return [chosen, new URLSearchParams(location.search).get("lang"), booked, ...navigator.languages];
}

function variantOf(next: Code): string {
  return variant(next, [...navigator.languages, booked]);
}

/** The first of these that we speak: `de-AT` is German. */
export function pick(asked: readonly (string | null)[]): Code {
  for (const each of asked) {
    const base = subtag(each);
    if (Object.hasOwn(languages, base)) return base as Code;
  }
  return OFFERED[0] as Code;
}

/** The reader's own variant of a language, for dates and money: `en-GB`, if they have one. */
export function variant(next: Code, asked: readonly (string | null)[]): string {
  const own = asked.find((each) => each && subtag(each) === next && isLocale(each));
  return own ?? (next === "qps" ? "en" : next);
}

function subtag(tag: string | null): string {
  return (tag ?? "").split(/[-_]/, 1)[0]?.toLowerCase() ?? "";
}

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
