import { expect, test } from "vitest";
import { attendanceInQuestion, bound, inForce, ratingsAreOpen, sorted } from "../src/afterwards";
import type { End, Rating, Sanction } from "../src/protocol";
import { typed } from "../src/typed";
import { at, MAY_NOTHING, NOTHING_SAID, view } from "./view";

function sanction(changes: Partial<Sanction> = {}): Sanction {
  return {
    id: "sn_1",
    basis: "conduct",
    measure: "suspension",
    roles: ["expert"],
    imposed_at: at(0),
    until: at(60),
    lifted_at: null,
    sessions: [],
    rules: [],
    reason: null,
    law: null,
    appeal: null,
    appeal_reason: null,
    appeal_until: null,
    ...changes,
  };
}

const now = Date.parse(at(30));

test.each([
  [{}, true],
  [{ until: at(30) }, false], // what ends now has ended
  [{ until: null }, true],
  [{ lifted_at: at(10) }, false],
])("P2.6 a restriction is in force: %o", (changes, expected) => {
  expect(inForce(sanction(changes), now)).toBe(expected);
});

test("what is in force comes first, then the newest", () => {
  const past = sanction({ id: "past", until: at(10), imposed_at: at(5) });
  const old = sanction({ id: "old", imposed_at: at(1) });
  const fresh = sanction({ id: "fresh", imposed_at: at(2) });
  expect(sorted([past, old, fresh], now).map(({ id }) => id)).toEqual(["fresh", "old", "past"]);
});

test("P2.4 what binds in both roles is said of both", () => {
  expect(bound(["client", "expert"])).toBe("both");
  expect(bound(["client"])).toBe("client");
});

test("P2.1 ratings are open when both are there, or at the end of the time", () => {
  const rating = {} as Rating;
  expect(ratingsAreOpen({ ...NOTHING_SAID, rating }, now)).toBe(false);
  expect(ratingsAreOpen({ ...NOTHING_SAID, rating, rating_of_me: rating }, now)).toBe(true);
  expect(ratingsAreOpen({ ...NOTHING_SAID, rating, rate_until: at(30) }, now)).toBe(true);
});

function ended(attendance: string | null): End {
  const party = { arrived_at: at(4), lateness_seconds: 240, attendance, present_seconds: 900, away: [] };
  return {
    reason: "completed",
    by: null,
    at: at(30),
    for_cause: false,
    mutual_seconds: 900,
    client: party,
    expert: party,
  };
}

test("P1.8 an expert may mind what stands on record, a client never", () => {
  const me = { role: "expert", name: "Grace", accepted: true, here: false, join: null } as const;
  const may = { ...MAY_NOTHING, contest: true };
  const late = view({ status: "ended", end: ended("late"), me, may, afterwards: NOTHING_SAID });
  expect(attendanceInQuestion(late)).toEqual({ kind: "late", seconds: 240 });
  expect(attendanceInQuestion({ ...late, end: ended("on_time") })).toBeNull();
  expect(attendanceInQuestion({ ...late, may: MAY_NOTHING })).toBeNull();
  const excused = { ...NOTHING_SAID, excused: true };
  expect(attendanceInQuestion({ ...late, may: MAY_NOTHING, afterwards: excused })?.kind).toBe("late");
  expect(attendanceInQuestion({ ...late, me: { ...me, role: "client" } })).toBeNull();
});

test("what was typed goes as it was meant: one kind of line end, and nothing that no keyboard types", () => {
  const data = new FormData();
  data.set("text", "  one\r\ntwo\rthree\tfour\u0000\u001b \n");
  expect(typed(data, "text")).toBe("one\ntwo\nthree\tfour");
  expect(typed(data, "nothing")).toBe("");
});
