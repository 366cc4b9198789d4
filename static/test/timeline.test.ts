import { expect, test } from "vitest";
import type { PartySummary } from "../src/protocol";
import { presence, together } from "../src/timeline";
import { at, view } from "./view";

const ms = (minute: number) => Date.parse(at(minute));

function party(changes: Partial<PartySummary> = {}): PartySummary {
  return { arrived_at: at(0), lateness_seconds: 0, attendance: "on_time", present_seconds: 1800, away: [], ...changes };
}

function ended(client: PartySummary, expert: PartySummary, minute = 30) {
  const end = {
    reason: "completed",
    by: null,
    at: at(minute),
    for_cause: false,
    mutual_seconds: 600,
    client,
    expert,
  } as const;
  return view({ status: "ended", end });
}

test("who came early is drawn from the start, and nobody beyond the end", () => {
  const client = party({ arrived_at: at(-10) });
  expect(presence(ended(client, party()), client)).toEqual([{ from: ms(0), to: ms(30), kind: "there" }]);
  expect(presence(ended(client, party(), 12), client)).toEqual([{ from: ms(0), to: ms(12), kind: "there" }]);
});

test("a short gap is bridged and a long one is a gap", () => {
  const away = [
    { start: at(5), end: at(6), bridged: true },
    { start: at(10), end: at(20), bridged: false },
  ];
  const client = party({ away });
  expect(presence(ended(client, party()), client)).toEqual([
    { from: ms(0), to: ms(5), kind: "there" },
    { from: ms(5), to: ms(6), kind: "bridged" },
    { from: ms(6), to: ms(10), kind: "there" },
    { from: ms(20), to: ms(30), kind: "there" },
  ]);
});

test("who did not come back is there no more", () => {
  const client = party({ away: [{ start: at(10), end: at(30), bridged: false }] });
  expect(presence(ended(client, party()), client)).toEqual([{ from: ms(0), to: ms(10), kind: "there" }]);
});

test("who never came is nowhere, and together they were never", () => {
  const nobody = party({ arrived_at: null, present_seconds: 0 });
  expect(presence(ended(nobody, party()), nobody)).toEqual([]);
  expect(together(ended(nobody, party()))).toBeNull();
});

test("together from the later arrival on, or from when both were there again", () => {
  expect(together(ended(party(), party({ arrived_at: at(4) })))).toBe(ms(4));
  const left = party({ away: [{ start: at(3), end: at(8), bridged: false }] });
  expect(together(ended(left, party({ arrived_at: at(4) })))).toBe(ms(8));
});
