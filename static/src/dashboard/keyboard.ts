/** The keys of the dashboard: rows up and down, open, choose, search, go to a view. Never while something is typed. */

import { texts } from "../texts/dashboard-en";
import type { ViewName } from "./address";

export interface Does {
  main: Element | null;
  go(view: ViewName): void;
  help(): void;
  refresh(): void;
  /** True if there was something to close. */
  escape(): boolean;
}

/** `g`, then one of these. */
export const GO: Readonly<Record<string, ViewName>> = {
  l: "live",
  t: "today",
  c: "cases",
  s: "sessions",
  p: "people",
  f: "complaints",
  x: "sanctions",
  o: "overview",
  w: "webhooks",
  h: "health",
  a: "audit",
};

const t = texts.keys;

export const shortcuts: readonly { keys: string[]; words: string }[] = [
  { keys: ["j", "k"], words: t.rows },
  { keys: ["↓", "↑"], words: t.arrows },
  { keys: ["Enter"], words: t.open },
  { keys: ["x"], words: t.choose },
  { keys: ["n", "b"], words: t.pages },
  { keys: ["/"], words: t.search },
  { keys: ["r"], words: t.refresh },
  { keys: ["?"], words: t.help },
  { keys: ["Esc"], words: t.close },
  ...Object.entries(GO).map(([key, view]) => ({ keys: ["g", key], words: texts.views[view] })),
];

const TOGETHER = 1_500;
let went = 0;

export function onKey(event: KeyboardEvent, does: Does): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as Element;
  if (target.closest("dialog[open]")) return;
  if (event.key === "Escape") {
    if (does.escape()) event.preventDefault();
    else if (target.matches("input[type=search]")) (target as HTMLElement).blur();
    return;
  }
  if (target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
  const handled = pressed(event, does, target);
  if (handled) event.preventDefault();
}

function pressed(event: KeyboardEvent, does: Does, target: Element): boolean {
  const { main } = does;
  const second = Date.now() - went < TOGETHER;
  went = 0;
  const view = second ? GO[event.key] : undefined;
  if (view) {
    does.go(view);
    return true;
  }
  switch (event.key) {
    case "g":
      went = Date.now();
      return true;
    case "j":
      return step(main, 1);
    case "k":
      return step(main, -1);
    case "ArrowDown":
      return target.closest("tr, .entry") ? step(main, 1) : false;
    case "ArrowUp":
      return target.closest("tr, .entry") ? step(main, -1) : false;
    case "x":
      return toggle(target);
    case "n":
      return press(main, "[data-testid=next]");
    case "b":
      return press(main, "[data-testid=first]");
    case "/": {
      const search = main?.querySelector<HTMLElement>("[data-search]");
      search?.focus();
      return search !== null && search !== undefined;
    }
    case "r":
      does.refresh();
      return true;
    case "?":
      does.help();
      return true;
    default:
      return false;
  }
}

/** The focus goes from row to row: to the link of each, or to the row where it has none. */
function step(main: Element | null, by: 1 | -1): boolean {
  const rows = [...(main?.querySelectorAll<HTMLElement>("a.row-link, .entry") ?? [])];
  if (rows.length === 0) return false;
  const here = document.activeElement;
  const current = rows.findIndex((row) => row === here || row.closest("tr, .entry")?.contains(here));
  const next = current < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, current + by));
  rows[next]?.focus();
  rows[next]?.scrollIntoView({ block: "nearest" });
  return true;
}

function toggle(target: Element): boolean {
  const box = target.closest("tr")?.querySelector<HTMLInputElement>("td.pick input");
  box?.click();
  return box !== null && box !== undefined;
}

function press(main: Element | null, selector: string): boolean {
  const found = main?.querySelector<HTMLElement>(selector);
  found?.click();
  return found !== null && found !== undefined;
}
