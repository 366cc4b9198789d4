/**
 * The picture of a session's story: what of it is shown, where things are along a width, which entry of the ledger a
 * mark stands for. It decides nothing; the story and its spans are the server's. No DOM, no colours.
 */

import type { Role } from "../protocol";
import type { Story, StoryMark, StorySpan } from "./answers";
import type { Entry } from "./facts";

export interface Shown {
  from: number;
  to: number;
}

export interface Mark {
  at: number;
  kind: string;
  role: Role | null;
  detail: Readonly<Record<string, unknown>>;
  /** The entry it stands for; null where the ledger that we have does not hold it. */
  seq: number | null;
}

const MARGIN = 45_000;

/** The booked window with all presence around it; what was days before, or after, is on the ledger only. */
export function shown(story: Story): Shown {
  const { starts_at, ends_at } = story.window;
  const spans = story.lanes.flatMap((lane) => lane.spans);
  const from = Math.min(ms(starts_at), ...spans.map((each) => ms(each.from)));
  const to = Math.max(ms(ends_at), ...spans.map((each) => ms(each.to)));
  const margin = Math.max(MARGIN, (to - from) * 0.035);
  return { from: from - margin, to: to + margin };
}

/** How far along a width something is, kept inside it. */
export function along({ from, to }: Shown, at: number, width: number): number {
  return Math.min(width, Math.max(0, (width * (at - from)) / (to - from)));
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 240].map((minutes) => minutes * 60_000);

/** Round times in the reader's zone, not closer than `gap` pixels. */
export function ticks({ from, to }: Shown, width: number, gap = 72): number[] {
  const step = STEPS.find((each) => (width * each) / (to - from) >= gap) ?? (STEPS.at(-1) as number);
  const zone = new Date(from).getTimezoneOffset() * 60_000;
  const first = Math.ceil((from - zone) / step) * step + zone;
  const found: number[] = [];
  for (let at = first; at <= to; at += step) found.push(at);
  return found;
}

/** Places that would lie on each other are moved apart, in order, and stay within the width as long as there is room. */
export function apart(at: readonly number[], gap: number, width: number): number[] {
  const found = [...at];
  for (let i = 1; i < found.length; i++) found[i] = Math.max(found[i] as number, (found[i - 1] as number) + gap);
  let right = width;
  for (let i = found.length - 1; i >= 0 && (found[i] as number) > right; i--) {
    found[i] = Math.max(0, right);
    right -= gap;
  }
  return found;
}

/** How the story calls a fact that the ledger calls otherwise. */
const KINDS: Readonly<Record<string, string>> = { departed: "left" };

/** Each mark with its entry: the same kind and side, at that time. */
export function linked(marks: readonly StoryMark[], entries: readonly Entry[]): Mark[] {
  const free = new Map<string, Entry[]>();
  for (const each of entries) {
    for (const at of timesOf(each)) {
      const key = `${KINDS[each.kind] ?? each.kind} ${each.role ?? ""} ${at}`;
      free.set(key, [...(free.get(key) ?? []), each]);
    }
  }
  const taken = new Set<number>();
  return marks.map(({ at, kind, role, detail }) => {
    const found = (free.get(`${kind} ${role ?? ""} ${ms(at)}`) ?? []).find((each) => !taken.has(each.seq));
    if (found) taken.add(found.seq);
    return { at: ms(at), kind, role, detail, seq: found?.seq ?? null };
  });
}

/** The entry with which a span began: a join, or for a gap the departure. */
export function began(span: StorySpan, role: Role, entries: readonly Entry[]): number | null {
  const from = ms(span.from);
  const kinds = span.kind === "gap" ? ["departed", "service_lost"] : ["joined", "met"];
  const found = entries.filter(
    (each) => kinds.includes(each.kind) && (each.role === null || each.role === role) && timesOf(each).includes(from),
  );
  return found.at(-1)?.seq ?? null;
}

/** What holds within a span as seen from outside it: for how long, in milliseconds. */
export function length({ from, to }: { from: string; to: string }): number {
  return ms(to) - ms(from);
}

export function ms(at: string): number {
  return Date.parse(at);
}

/** When it was written, and as of when it holds. */
function timesOf({ at, fact }: Entry): number[] {
  return [...new Set([at, fact.alive_at, fact.as_of].filter((each): each is number => typeof each === "number"))];
}
