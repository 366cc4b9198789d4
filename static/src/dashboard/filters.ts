/** What a list can be narrowed by: from the address to what the server is asked, and to the file that it gives. No DOM. */

import type { Query } from "./address";

export type { Query } from "./address";

export interface Choice {
  name: string;
  kind: "choice";
  options: readonly string[];
}
export interface Text {
  name: string;
  kind: "text";
}
/** A day of the reader's own calendar; `end`: the filter's bound is after that day. */
export interface Day {
  name: string;
  kind: "day";
  end?: boolean;
}
export type Filter = Choice | Text | Day;

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/** What of the address means something here; a choice that does not exist, or a day that is none, is passed over. */
export function known(filters: readonly Filter[], query: Query): Record<string, string> {
  const found: Record<string, string> = {};
  for (const filter of filters) {
    const value = query[filter.name];
    if (value && allowed(filter, value)) found[filter.name] = value;
  }
  return found;
}

/** The query for the server: days as moments of the reader's zone, and the page that is asked for. */
export function asked(filters: readonly Filter[], query: Query): Record<string, string> {
  const found = known(filters, query);
  for (const filter of filters) {
    const value = found[filter.name];
    if (filter.kind === "day" && value) found[filter.name] = moment(value, filter.end === true);
  }
  if (query.cursor) found.cursor = query.cursor;
  return found;
}

export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams(query).toString();
  return search ? `${path}?${search}` : path;
}

/** The same list as a file: all of it, so no page is named. */
export function csv(path: string, filters: readonly Filter[], query: Query): string {
  const { cursor: _, ...wanted } = asked(filters, query);
  return withQuery(path, wanted);
}

/** The reader's midnight at which that day begins, or at which it is over. */
export function moment(day: string, end = false): string {
  const [, year, month, date] = DAY.exec(day) ?? [];
  return new Date(Number(year), Number(month) - 1, Number(date) + (end ? 1 : 0)).toISOString();
}

/** `2026-11-22` of a moment, in the reader's zone. */
export function dayOf(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function allowed(filter: Filter, value: string): boolean {
  if (filter.kind === "choice") return filter.options.includes(value);
  if (filter.kind === "text") return value.length <= 200;
  const [, year, month, date] = DAY.exec(value)?.map(Number) ?? [];
  if (!year || !month || !date) return false;
  const made = new Date(year, month - 1, date);
  return made.getMonth() === month - 1 && made.getDate() === date;
}
