import { expect, test } from "vitest";
import type { Refund } from "../src/protocol";
import { calendarOf, reminders } from "../src/reminders";
import { at, MAY_NOTHING, NOTHING_SAID, view } from "./view";

const now = Date.parse(at(31));
const refund: Refund = {
  status: "eligible",
  basis: "hung_up_expert",
  max: { amount: 500, currency: "USD", exponent: 2 },
  requested: null,
  approved: null,
  parts: [],
  until: at(500),
  note: null,
};

test("what may still be done, the first to end first", () => {
  const may = { ...MAY_NOTHING, rate: true, request_refund: true };
  const done = view({ status: "ended", may, refund, afterwards: NOTHING_SAID });
  expect(reminders(done, now).map(({ what }) => what)).toEqual(["refund", "rate"]);
  expect(reminders(done, Date.parse(at(501))).map(({ what }) => what)).toEqual(["rate"]);
});

test("what was done already, or cannot be done, is none", () => {
  expect(reminders(view({ status: "ended", refund, afterwards: NOTHING_SAID }), now)).toEqual([]);
});

test("the calendar file is one that calendars take, and holds no link", () => {
  const due = [{ what: "rate", until: Date.parse(at(60)), title: "Rate; a, b\\c", text: "x".repeat(200) }] as const;
  const text = calendarOf("bk_1", due, now);
  expect(text.endsWith("END:VCALENDAR\r\n")).toBe(true);
  expect(text).toContain("DTSTART:20261122T154500Z\r\nDTEND:20261122T160000Z\r\n");
  expect(text).toContain("SUMMARY:Rate\\; a\\, b\\\\c\r\n");
  expect(text).not.toMatch(/#t=|http/);
  const octets = text.split("\r\n").map((line) => new TextEncoder().encode(line).length);
  expect(Math.max(...octets)).toBe(75);
  expect(text.replaceAll("\r\n ", "")).toContain("x".repeat(200));
});

test("a sign of several octets is not cut in two", () => {
  const due = [{ what: "rate", until: now + 1, title: "é".repeat(100), text: "" }] as const;
  const text = calendarOf("bk_1", due, now);
  expect(text.replaceAll("\r\n ", "")).toContain("é".repeat(100));
});
