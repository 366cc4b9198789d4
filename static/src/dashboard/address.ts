/**
 * Where the reader is: the view, what it is of, and every filter, in the address (`#/sessions?status=ended&from=2026-11-01`).
 * In the fragment, so that ids and filters are in no log on the way. No DOM.
 */

export const VIEWS = [
  "live",
  "today",
  "sessions",
  "people",
  "complaints",
  "cases",
  "sanctions",
  "overview",
  "webhooks",
  "keys",
  "operators",
  "health",
  "audit",
] as const;
export type ViewName = (typeof VIEWS)[number];

export type Query = Readonly<Record<string, string>>;

/** `id` is of the one that is looked at; `part` of something of it (a delivery of an endpoint). */
export interface Place {
  view: ViewName;
  id: string | null;
  part: string | null;
  query: Query;
}

export function place(view: ViewName, id: string | null = null, query: Query = {}, part: string | null = null): Place {
  return { view, id, part, query };
}

/** What `#/…` says; null for what is no place here. */
export function read(hash: string): Place | null {
  const [path = "", search = ""] = cut(hash.replace(/^#\/?/, ""), "?");
  const [name = "", id = null, part = null, ...more] = path.split("/").map(decoded);
  if (more.length > 0 || id === "" || part === "") return null;
  const view = VIEWS.find((each) => each === name);
  if (!view) return null;
  const query: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(search)) if (value) query[key] = value;
  return { view, id, part, query };
}

/** The address of a place; what is empty is left out, and the order is always the same. */
export function href({ view, id, part, query }: Place): string {
  const path = [view, id, part].filter((each) => each !== null).map(encodeURIComponent);
  const search = new URLSearchParams(
    Object.entries(query)
      .filter(([, value]) => value !== "")
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  ).toString();
  return `#/${path.join("/")}${search ? `?${search}` : ""}`;
}

/** The same place with other filters: `""` takes one out. A page further on belongs to the filters it was asked with. */
export function filtered(at: Place, change: Query): Place {
  const query: Record<string, string> = { ...at.query };
  delete query.cursor;
  for (const [key, value] of Object.entries(change)) {
    if (value === "") delete query[key];
    else query[key] = value;
  }
  return { ...at, query };
}

function cut(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
