/** Pieces that many views are made of: tables, filters, pages, chips, links. They draw what they are given. */

import { html, nothing, type TemplateResult } from "lit";
import type { EndReason, Whom } from "../protocol";
import { texts } from "../texts/dashboard-en";
import { filtered, href, type Place, place, type Query } from "./address";
import type { Attendance, List, RefundStatus, Status } from "./answers";
import type { App } from "./app";
import { csv, type Filter, known } from "./filters";
import * as format from "./format";
import { icon } from "./icons";

export interface Column<T> {
  head: string;
  cell(row: T): unknown;
  /** Its figures stand below each other. */
  figure?: boolean;
  /** What a phone leaves out. */
  wide?: boolean;
}

export interface Table<T> {
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  /** Where the first cell of a row leads. */
  to?(row: T): Place;
  key(row: T): string;
  select?: { chosen: ReadonlySet<string>; may(row: T): boolean; toggle(key: string): void; label(row: T): string };
  empty: string;
  mark?(row: T): string | typeof nothing;
}

/** The first cell names the row and leads to it; the whole row can be clicked. On a phone each row is a card. */
export function table<T>({ caption, columns, rows, to, key, select, empty, mark }: Table<T>): TemplateResult {
  if (rows.length === 0) return html`<p class="empty" data-testid="empty">${empty}</p>`;
  return html`
    <div class="table" role="region" aria-label=${caption} tabindex="0">
      <table>
        <caption class="hidden">${caption}</caption>
        <thead>
          <tr>
            ${select ? html`<th scope="col" class="pick"><span class="hidden">${texts.table.select}</span></th>` : nothing}
            ${columns.map(({ head, figure, wide }) => html`<th scope="col" class=${classes({ figure, wide })}>${head}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => {
            const id = key(row);
            return html`
              <tr data-key=${id} data-mark=${mark?.(row) ?? nothing} class=${to ? "linked" : ""} @click=${to ? follow : nothing}>
                ${
                  select
                    ? html`<td class="pick">${select.may(row) ? html`<input type="checkbox" aria-label=${select.label(row)} .checked=${select.chosen.has(id)} @change=${() => select.toggle(id)} />` : nothing}</td>`
                    : nothing
                }
                ${columns.map(({ head, cell, figure, wide }, index) =>
                  index === 0
                    ? html`<th scope="row">${to ? html`<a class="row-link" href=${href(to(row))}>${cell(row)}</a>` : cell(row)}</th>`
                    : html`<td data-label=${head} class=${classes({ figure, wide })}>${cell(row)}</td>`,
                )}
              </tr>
            `;
          })}
        </tbody>
      </table>
    </div>
  `;
}

/** A click beside a link or a control of the row is one on its link; a selection of text is none. */
function follow(event: MouseEvent): void {
  const target = event.target as Element;
  if (target.closest("a, button, input, label") || String(getSelection())) return;
  (event.currentTarget as Element).querySelector<HTMLAnchorElement>("a.row-link")?.click();
}

function classes(of: Record<string, boolean | undefined>): string {
  return Object.keys(of)
    .filter((name) => of[name])
    .join(" ");
}

/** The filters of a list; what is chosen is in the address at once. */
export function filterBar(app: App, at: Place, filters: readonly Filter[], extra: unknown = nothing): TemplateResult {
  const now = known(filters, at.query);
  const set = (name: string) => (event: Event) =>
    app.go(filtered(at, { [name]: (event.target as HTMLInputElement).value.trim() }));
  const t = texts.filters;
  return html`
    <form class="filters" role="search" aria-label=${t.label} @submit=${(event: Event) => event.preventDefault()}>
      ${filters.map((filter) => {
        const { name } = filter;
        const label = t.names[name] ?? name;
        const value = now[name] ?? "";
        if (filter.kind === "choice")
          return html`
            <label class=${value ? "set" : ""}>
              <span>${label}</span>
              <select name=${name} data-testid="filter-${name}" .value=${value} @change=${set(name)}>
                <option value="" ?selected=${!value}>${t.any}</option>
                ${filter.options.map((each) => html`<option value=${each} ?selected=${each === value}>${option(name, each)}</option>`)}
              </select>
            </label>
          `;
        if (filter.kind === "day")
          return html`
            <label class=${value ? "set" : ""}>
              <span>${label}</span>
              <input type="date" name=${name} data-testid="filter-${name}" .value=${value} @change=${set(name)} />
            </label>
          `;
        return html`
          <label class="grow ${value ? "set" : ""}">
            <span>${label}</span>
            <input type="search" name=${name} data-testid="filter-${name}" .value=${value} @change=${set(name)} autocomplete="off" spellcheck="false" ?data-search=${name === "q"} maxlength="64" />
          </label>
        `;
      })}
      ${extra}
      ${
        Object.keys(now).length > 0
          ? html`<a class="clear" href=${href({ ...at, query: {} })} data-testid="clear">${t.clear}</a>`
          : nothing
      }
    </form>
  `;
}

function option(filter: string, value: string): string {
  return texts.filters.options[filter]?.[value] ?? texts.words[value] ?? value;
}

export function csvLink(path: string, filters: readonly Filter[], query: Query): TemplateResult {
  return html`<a class="button" href=${csv(path, filters, query)} download data-testid="csv">${icon("download")} ${texts.table.csv}</a>`;
}

/** Back to the first page, and on: each page has its address, so that back and reload keep it. */
export function pager(at: Place, list: List<unknown>): TemplateResult | typeof nothing {
  const on = at.query.cursor !== undefined;
  if (!on && !list.next_cursor) return nothing;
  return html`
    <nav class="pager" aria-label=${texts.table.pages}>
      ${on ? html`<a class="button" href=${href(filtered(at, {}))} data-testid="first">${texts.table.first}</a>` : nothing}
      ${
        list.next_cursor
          ? html`<a class="button" data-testid="next" href=${href({ ...at, query: { ...at.query, cursor: list.next_cursor } })}>${texts.table.next} ${icon("next")}</a>`
          : html`<span class="quiet">${texts.table.last}</span>`
      }
    </nav>
  `;
}

// --- small things ----------------------------------------------------------------------------------------------------

export type Tone = "plain" | "good" | "warn" | "bad" | "live" | "faint";

export function chip(words: string, tone: Tone = "plain"): TemplateResult {
  return html`<span class="chip ${tone}">${words}</span>`;
}

const STATUS: Record<Status, Tone> = {
  scheduled: "plain",
  waiting: "warn",
  live: "live",
  held: "warn",
  ended: "faint",
  cancelled: "faint",
};

export function status(of: Status): TemplateResult {
  return chip(texts.words[of] ?? of, STATUS[of]);
}

const REFUND: Record<RefundStatus, Tone> = {
  none: "faint",
  eligible: "plain",
  requested: "warn",
  review: "warn",
  approved: "good",
  declined: "plain",
  disputed: "bad",
  settled: "good",
  expired: "faint",
};

export function refund(of: RefundStatus): TemplateResult {
  return chip(texts.refund[of], REFUND[of]);
}

export function attendance(of: Attendance | null, lateness: number | null): TemplateResult {
  if (of === null) return html`<span class="quiet">${texts.attendance.nothing}</span>`;
  if (of === "late") return chip(texts.attendance.late(format.span(lateness ?? 0)), "warn");
  return of === "no_show" ? chip(texts.attendance.no_show, "bad") : chip(texts.attendance.on_time, "good");
}

export function ending(end: { reason: EndReason; by: Whom | null } | null): unknown {
  return end ? texts.end(end.reason, end.by) : nothing;
}

export function sessionLink(id: string): TemplateResult {
  return html`<a class="id" href=${href(place("sessions", id))}>${id}</a>`;
}

export function personLink(id: string, name = id): TemplateResult {
  return html`<a href=${href(place("people", id))} class=${name === id ? "id" : ""}>${name}</a>`;
}

/** A moment with its distance; the whole of it as a title, and for machines. */
export function when(at: string | null, now: number, none = "–"): TemplateResult {
  if (at === null) return html`<span class="quiet">${none}</span>`;
  return html`<time datetime=${at} title=${`${format.longDate(at)}, ${format.precise(at)} ${format.zone(at)}`}>${format.moment(at, now)}</time>`;
}

export function rules(of: readonly string[]): TemplateResult {
  return html`<span class="rules">${of.map((each) => html`<span class="rule" title=${texts.rule(each)}>${each}</span>`)}</span>`;
}

/** Terms and what they are, below each other on a phone. */
export function facts(rows: readonly (readonly [string, unknown] | null)[]): TemplateResult {
  return html`<dl class="facts">${rows.filter((row) => row !== null).map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** `P3.4`, `P1.2`: as they are numbered, not as they are spelt. */
export function inOrder(of: readonly string[]): string[] {
  const parts = (rule: string) => rule.replace("P", "").split(".").map(Number);
  return [...new Set(of)].sort((a, b) => {
    const [a0 = 0, a1 = 0] = parts(a);
    const [b0 = 0, b1 = 0] = parts(b);
    return a0 - b0 || a1 - b1;
  });
}
