/** Times, spans and lists in the reader's own zone and language. */

import { locale } from "./texts";

/** 15:30 or 3:30 PM is a habit of the reader's, whatever language the words are in. */
const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
const clockFace = { hour: "numeric", minute: "2-digit", ...(hourCycle ? { hourCycle } : {}) } as const;

type Unit = "day" | "hour" | "minute" | "second";

/** Made once for each language: making one takes longer than using it. */
function formats(tag: string) {
  const unit = (name: Unit, unitDisplay: "short" | "long") =>
    new Intl.NumberFormat(tag, { style: "unit", unit: name, unitDisplay });
  return {
    time: new Intl.DateTimeFormat(tag, clockFace),
    precise: new Intl.DateTimeFormat(tag, { ...clockFace, second: "2-digit" }),
    day: new Intl.DateTimeFormat(tag, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    zone: new Intl.DateTimeFormat(tag, { timeZoneName: "long" }),
    short: { minute: unit("minute", "short"), second: unit("second", "short") },
    long: { day: unit("day", "long"), hour: unit("hour", "long") },
    list: new Intl.ListFormat(tag, { type: "conjunction" }),
    percent: new Intl.NumberFormat(tag, { style: "percent", maximumFractionDigits: 2 }),
    countries: new Intl.DisplayNames([tag], { type: "region" }),
  };
}

let made = { tag: "", ...formats("en") };

function now() {
  if (made.tag !== locale) made = { tag: locale, ...formats(locale) };
  return made;
}

/** `15:30`, with seconds only where they are not zero. */
export function time(at: string | number): string {
  const date = new Date(at);
  return date.getSeconds() === 0 ? now().time.format(date) : now().precise.format(date);
}

export function day(at: string | number): string {
  return now().day.format(new Date(at));
}

export function dateTime(at: string | number): string {
  return `${day(at)}, ${time(at)}`;
}

/** A span in another zone, with the day where that differs too; null where it reads as here, or is not known. */
export function elsewhere(
  from: number,
  to: number,
  timeZone: string,
): { from: string; to: string; zone: string } | null {
  try {
    const at = (options: Intl.DateTimeFormatOptions, when: number, zone?: string) =>
      new Intl.DateTimeFormat(locale, { ...options, ...(zone ? { timeZone: zone } : {}) }).format(when);
    const dated = { ...clockFace, weekday: "long", day: "numeric", month: "long" } as const;
    if (at(dated, from, timeZone) === at(dated, from)) return null;
    const sameDay = at({ day: "numeric" }, from, timeZone) === at({ day: "numeric" }, from);
    const named = new Intl.DateTimeFormat(locale, { timeZoneName: "long", timeZone }).formatToParts(from);
    return {
      from: at(sameDay ? clockFace : dated, from, timeZone),
      to: at(clockFace, to, timeZone),
      zone: named.find((part) => part.type === "timeZoneName")?.value ?? timeZone,
    };
  } catch {
    return null; // a zone that this browser does not know
  }
}

/** The zone's name at that time: summer time has a name of its own. */
export function zone(at: string | number): string {
  return (
    now()
      .zone.formatToParts(new Date(at))
      .find((part) => part.type === "timeZoneName")?.value ?? ""
  );
}

/** `1:05:09`, `12:40`, `0:05`; counts down through whole seconds to `0:00`. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `2 days 3 hours` for what is far away. */
export function distance(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  if (hours < 24) return countdown(ms);
  const { day: days, hour } = now().long;
  const whole = days.format(Math.floor(hours / 24));
  return hours % 24 === 0 ? whole : `${whole} ${hour.format(hours % 24)}`;
}

/** `20 min 5 sec`. */
export function span(seconds: number): string {
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  const { minute, second } = now().short;
  if (minutes === 0) return second.format(rest);
  return rest === 0 ? minute.format(minutes) : `${minute.format(minutes)} ${second.format(rest)}`;
}

export function list(items: readonly string[]): string {
  return now().list.format(items);
}

/** Hundredths of a percent: `12.5 %`. */
export function percent(bps: number): string {
  return now().percent.format(bps / 10_000);
}

/** A country by its code. */
export function country(code: string): string {
  return now().countries.of(code) ?? code;
}
