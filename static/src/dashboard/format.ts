/** Times, spans, money and shares, in the reader's zone; dense, for people who read them all day. No DOM. */

import type { Money } from "./answers";

const languages: readonly string[] = globalThis.navigator?.languages ?? [];
export const locale = languages.find((language) => language.startsWith("en")) ?? "en-GB";

const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
const face = { hour: "2-digit", minute: "2-digit", ...(hourCycle ? { hourCycle } : {}) } as const;
const timeFormat = new Intl.DateTimeFormat(locale, face);
const preciseFormat = new Intl.DateTimeFormat(locale, { ...face, second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const dateFormat = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
const longFormat = new Intl.DateTimeFormat(locale, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
const count = new Intl.NumberFormat(locale);

/** ISO 4217 codes that do not have two decimals; the server's table is the truth, and a test holds this one to it. */
export const EXPONENTS: Readonly<Record<string, number>> = {
  BHD: 3,
  BIF: 0,
  CLF: 4,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  IQD: 3,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  PYG: 0,
  RWF: 0,
  TND: 3,
  UGX: 0,
  UYI: 0,
  UYW: 4,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
};

export type When = string | number;

export const time = (at: When) => timeFormat.format(new Date(at));
export const precise = (at: When) => preciseFormat.format(new Date(at));
export const day = (at: When) => dayFormat.format(new Date(at));
export const date = (at: When) => dateFormat.format(new Date(at));
export const longDate = (at: When) => longFormat.format(new Date(at));

/** `22 Nov, 13:00`, with the year where it is another one. */
export function moment(at: When, now = Date.now()): string {
  const then = new Date(at);
  const same = then.getFullYear() === new Date(now).getFullYear();
  return `${(same ? dayFormat : dateFormat).format(then)}, ${time(at)}`;
}

/** `22 Nov, 13:00 – 13:30`. */
export function window(from: When, to: When, now = Date.now()): string {
  return `${moment(from, now)} – ${time(to)}`;
}

export function zone(at: When): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: "short" }).formatToParts(new Date(at));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

/** `in 3 min.`, `2 days ago`. */
export function distance(at: When, now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 60) return relative.format(Math.round(seconds), "second");
  if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 172_800) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86_400), "day");
}

/** `1 h 5 min`, `12 min 40 s`, `4.2 s`. */
export function span(seconds: number): string {
  if (seconds > 0 && seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h > 0) return m > 0 ? `${h} h ${m} min` : `${h} h`;
  if (m > 0) return s > 0 ? `${m} min ${s} s` : `${m} min`;
  return `${s} s`;
}

/** `1:05:09`, `12:40`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function exponent(currency: string): number {
  return EXPONENTS[currency] ?? 2;
}

export function money({ amount, currency }: Money): string {
  const digits = exponent(currency);
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(amount / 10 ** digits);
}

/** `12500` -> `125.00`, as it is typed. */
export function plain({ amount, currency }: Money): string {
  const digits = exponent(currency);
  return (amount / 10 ** digits).toFixed(digits);
}

export const number = (value: number) => count.format(value);
export const percent = (bps: number, digits = 1) => `${(bps / 100).toFixed(digits)} %`;
/** 9 500 bps as what it multiplies by. */
export const factor = (bps: number) => `× ${(bps / 10_000).toFixed(4).replace(/0{1,2}$/, "")}`;
export const signed = (bps: number) => `${bps > 0 ? "+" : bps < 0 ? "−" : ""}${percent(Math.abs(bps))}`;
