import { expect, test } from "vitest";
import { news, type Seen } from "../src/embedded";

const blank: Seen = {
  session: null,
  checks: null,
  inside: false,
  waiting: false,
  out: "put_out",
  other: false,
  warning: null,
  quality: null,
  theirs: null,
  reconnecting: false,
  over: false,
  ended: null,
  rated: false,
  error: null,
};
const steps = { camera: "ok", microphone: "ok", speaker: "skipped", network: "skipped" } as const;
const session = {
  session: "bk_1",
  role: "client",
  status: "scheduled",
  startsAt: "2026-11-22T15:00:00.000Z",
  endsAt: "2026-11-22T15:30:00.000Z",
} as const;
const checkin: Seen = { ...blank, session, checks: { status: "ok", steps } };
const inside: Seen = { ...checkin, checks: null, inside: true };
const ended = { reason: "completed", by: null, at: session.endsAt };

const names = (before: Seen, now: Seen) => news(before, now).map(([name]) => name);

test("nothing new is not told, though it was made anew", () => {
  expect(news(checkin, { ...checkin, checks: { status: "ok", steps: { ...steps } } })).toEqual([]);
});

test("the first look tells what is", () => {
  expect(news(blank, checkin)).toEqual([
    ["ready", session],
    ["precheck", { status: "ok", steps }],
  ]);
});

test("who joins, waits, meets and steps out", () => {
  expect(names(checkin, { ...inside, waiting: true })).toEqual(["join", "waiting"]);
  expect(names({ ...inside, waiting: true }, { ...inside, other: true })).toEqual(["peer-join"]);
  expect(names({ ...inside, other: true }, { ...inside, waiting: true })).toEqual(["peer-leave", "waiting"]);
  expect(news(inside, { ...checkin, out: "stepped_out" })).toContainEqual(["leave", { reason: "stepped_out" }]);
});

test("the end is told once, as that: nobody leaves", () => {
  const stopped: Seen = { ...checkin, checks: null, over: true };
  expect(names({ ...inside, other: true }, stopped)).toEqual([]);
  expect(news(stopped, { ...stopped, ended })).toEqual([["ended", ended]]);
  expect(news({ ...stopped, ended }, { ...stopped, ended: { ...ended } })).toEqual([]);
});

test("a page that is opened after the end says so", () => {
  expect(names(blank, { ...blank, session, over: true, ended, rated: true })).toEqual(["ready", "ended"]);
  expect(names({ ...checkin, over: true, ended }, { ...checkin, over: true, ended, rated: true })).toEqual(["rated"]);
});

test("a warning, the figures of the call, an interruption, a refusal", () => {
  const quality = { level: "fair", reason: "loss" } as const;
  expect(news(inside, { ...inside, warning: 60 })).toEqual([["warning", { seconds: 60 }]]);
  expect(names({ ...inside, warning: 60 }, inside)).toEqual([]);
  expect(news(inside, { ...inside, quality })).toEqual([["quality", { level: "fair", reason: "loss", other: null }]]);
  const theirs = { level: "poor", reason: "delay" } as const;
  expect(names({ ...inside, quality }, { ...inside, quality: { ...quality } })).toEqual([]);
  expect(names({ ...inside, quality }, { ...inside, quality, theirs })).toEqual(["quality"]);
  expect(news(inside, { ...inside, reconnecting: true })).toEqual([["reconnecting", { active: true }]]);
  expect(news({ ...inside, reconnecting: true }, inside)).toEqual([["reconnecting", { active: false }]]);
  expect(news(checkin, { ...checkin, error: "too_early" })).toEqual([["error", { code: "too_early" }]]);
  expect(names({ ...checkin, error: "too_early" }, { ...checkin, error: "too_early" })).toEqual([]);
});
