/** Times and spans in the reader's own zone and language. */

import { locale, texts } from "./texts";

/** 15:30 or 3:30 PM is a habit of the reader's, whatever language the words are in. */
const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
const clockFace = { hour: "numeric", minute: "2-digit", ...(hourCycle ? { hourCycle } : {}) } as const;
const timeFormat = new Intl.DateTimeFormat(locale, clockFace);
const preciseFormat = new Intl.DateTimeFormat(locale, { ...clockFace, second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const zoneFormat = new Intl.DateTimeFormat(locale, { timeZoneName: "long" });

/** `15:30`, with seconds only where they are not zero. */
export function time(at: string | number): string {
  const date = new Date(at);
  return date.getSeconds() === 0 ? timeFormat.format(date) : preciseFormat.format(date);
}

export function day(at: string | number): string {
  return dayFormat.format(new Date(at));
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
  return zoneFormat.formatToParts(new Date(at)).find((part) => part.type === "timeZoneName")?.value ?? "";
}

/** `1:05:09`, `12:40`, `0:05`; counts down through whole seconds to `0:00`. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `2 d 3 h` for what is far away. */
export function distance(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  if (hours < 24) return countdown(ms);
  const unit = (value: number, name: "day" | "hour") =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "long" }).format(value);
  return hours % 24 === 0
    ? unit(hours / 24, "day")
    : `${unit(Math.floor(hours / 24), "day")} ${unit(hours % 24, "hour")}`;
}

export function span(seconds: number): string {
  const whole = Math.round(seconds);
  return texts.span(Math.floor(whole / 60), whole % 60);
}
