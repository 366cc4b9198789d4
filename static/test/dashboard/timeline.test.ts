import { expect, test } from "vitest";
import type { Story, StoryMark } from "../../src/dashboard/answers";
import { type Entry, entry } from "../../src/dashboard/facts";
import { along, apart, began, linked, ms, shown, ticks } from "../../src/dashboard/timeline";

const T = ms("2026-11-22T12:00:00.000Z");
const at = (minutes: number) => new Date(T + minutes * 60_000).toISOString();

const story: Story = {
  id: "bk_1",
  version: 9,
  status: "ended",
  as_of: at(20),
  window: { opens_at: at(-15), starts_at: at(0), ends_at: at(30), no_show_at: at(10), booked_at: at(-3000) },
  lanes: [
    { role: "client", spans: [{ kind: "waiting", from: at(-5), to: at(3), open: false }] },
    {
      role: "expert",
      spans: [{ kind: "gap", from: at(14), to: at(16), open: false, how: "connection", bridged: true }],
    },
  ],
  both: [],
  service_away: [],
  marks: [],
  media: [],
  moves: [],
  why: null,
  checks: { entries: 3, head: "", chain: true, settled_head: null, replayed: null },
};

const fact = (seq: number, kind: string, minutes: number, more: object = {}): Entry => {
  const role = (more as { role?: "client" | "expert" }).role ?? null;
  const data = JSON.stringify({ at: T + minutes * 60_000, kind, ...more });
  return entry({ seq, at: at(minutes), kind, role, data, hash: "" });
};
const mark = (kind: string, minutes: number, role: StoryMark["role"] = null): StoryMark => ({
  at: at(minutes),
  kind,
  role,
  detail: {},
});

test("the picture holds the booked window and all presence, with a margin, and not what was days before", () => {
  const { from, to } = shown(story);
  expect(from).toBeLessThan(ms(at(-5)));
  expect(from).toBeGreaterThan(ms(at(-10)));
  expect(to).toBeGreaterThan(ms(at(30)));
});

test("places lie along the width, and never outside it", () => {
  const view = { from: 0, to: 100 };
  expect([along(view, 0, 600), along(view, 25, 600), along(view, 100, 600)]).toEqual([0, 150, 600]);
  expect([along(view, -50, 600), along(view, 900, 600)]).toEqual([0, 600]);
});

test("ticks are round times, in order, not too close", () => {
  const view = { from: T - 2 * 60_000, to: T + 61 * 60_000 };
  for (const width of [280, 640, 1200]) {
    const found = ticks(view, width);
    expect(found.length).toBeGreaterThan(1);
    for (const each of found) expect(each % 60_000).toBe(0);
    for (let i = 1; i < found.length; i++)
      expect(along(view, found[i] as number, width) - along(view, found[i - 1] as number, width)).toBeGreaterThan(70);
  }
});

test("marks that would lie on each other are moved apart, keep their order, and stay inside", () => {
  expect(apart([10, 12, 14, 200], 20, 300)).toEqual([10, 30, 50, 200]);
  const crowded = apart([280, 290, 295, 299], 20, 300);
  expect(crowded.at(-1)).toBe(300);
  for (let i = 1; i < crowded.length; i++)
    expect((crowded[i] as number) - (crowded[i - 1] as number)).toBeGreaterThanOrEqual(20);
  expect(Math.min(...apart(Array(40).fill(150), 20, 300))).toBeGreaterThanOrEqual(0); // no room: at least inside
});

test("each mark is linked with its entry: by kind, side and time, each entry once", () => {
  const entries = [
    fact(1, "joined", 0, { role: "client" }),
    fact(2, "joined", 0, { role: "expert" }),
    fact(3, "warned", 20, { remaining: 600_000 }),
    fact(4, "warned", 20, { remaining: 600_000 }),
    fact(5, "departed", 14.1, { role: "expert", how: "connection", alive_at: T + 14 * 60_000, grace_until: 0 }),
    fact(6, "ended", 21, { reason: "lost", by: "expert", as_of: T + 14 * 60_000 }),
  ];
  const marks = linked(
    [
      mark("joined", 0, "expert"),
      mark("joined", 0, "client"),
      mark("warned", 20),
      mark("warned", 20),
      mark("left", 14, "expert"),
      mark("ended", 14),
      mark("met", 1),
    ],
    entries,
  );
  expect(marks.map(({ seq }) => seq)).toEqual([2, 1, 3, 4, 5, 6, null]);
});

test("a gap begins with the departure that is dated back to it", () => {
  const entries = [
    fact(4, "joined", 3, { role: "expert" }),
    fact(5, "departed", 14.1, { role: "expert", how: "connection", alive_at: T + 14 * 60_000, grace_until: 0 }),
  ];
  const [gap] = (story.lanes[1] as Story["lanes"][0]).spans;
  expect(began(gap as never, "expert", entries)).toBe(5);
  expect(began({ kind: "connected", from: at(3), to: at(14), open: false }, "expert", entries)).toBe(4);
  expect(began({ kind: "connected", from: at(3), to: at(14), open: false }, "client", entries)).toBeNull();
});
