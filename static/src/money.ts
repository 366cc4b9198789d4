/** Money in minor units, and the one sum that a page computes by itself. */

import type { Money } from "./protocol";

/**
 * What leaving now would let the client ask back: ceil(fee * absence / duration), never over the fee (P3.18);
 * `absentMs` is what the expert has missed already.
 */
export function unlapsedShare(fee: Money, startsAt: number, endsAt: number, now: number, absentMs = 0): Money {
  const duration = endsAt - startsAt;
  const remaining = Math.min(duration, Math.max(0, endsAt - Math.round(now)) + absentMs);
  return { ...fee, amount: Math.min(fee.amount, Math.ceil((fee.amount * remaining) / duration)) };
}

export function formatMoney(money: Money, locale: string): string {
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency: money.currency,
    minimumFractionDigits: money.exponent,
    maximumFractionDigits: money.exponent,
  }).format(money.amount / 10 ** money.exponent);
}

/** `12.5`, `12,50` or `१२.५` with exponent 2 -> 1250; null for what is not a plain positive amount. */
export function parseAmount(text: string, exponent: number): number | null {
  const match = /^\s*(\d{1,12})(?:[.,](\d{1,4}))?\s*$/.exec(latin(text));
  if (!match?.[1]) return null;
  const fraction = (match[2] ?? "").padEnd(exponent, "0");
  if (fraction.length > exponent) return null;
  const amount = Number(match[1] + fraction);
  return amount > 0 ? amount : null;
}

/** As it is typed in a field, with the reader's own decimal sign. */
export function plainAmount(money: Money, locale: string): string {
  return new Intl.NumberFormat(locale, {
    useGrouping: false,
    numberingSystem: "latn",
    minimumFractionDigits: money.exponent,
    maximumFractionDigits: money.exponent,
  }).format(money.amount / 10 ** money.exponent);
}

/** Digits of the Devanagari and Arabic scripts as those that are counted with here. */
function latin(text: string): string {
  return text
    .replace(/[०-९]/g, (digit) => String(digit.charCodeAt(0) - 0x966))
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace("٫", ".");
}
