import { expect, test } from "vitest";
import { asked, csv, dayOf, type Filter, known, moment, withQuery } from "../../src/dashboard/filters";

const FILTERS: readonly Filter[] = [
  { name: "status", kind: "choice", options: ["live", "ended"] },
  { name: "q", kind: "text" },
  { name: "from", kind: "day" },
  { name: "to", kind: "day", end: true },
];

test("what does not exist is passed over: a choice, a day, a name", () => {
  expect(known(FILTERS, { status: "gone", from: "2026-02-30", to: "tomorrow", nonsense: "1" })).toEqual({});
  expect(known(FILTERS, { status: "live", q: "Ada", from: "2026-02-28" })).toEqual({
    status: "live",
    q: "Ada",
    from: "2026-02-28",
  });
  expect(known(FILTERS, { q: "x".repeat(201) })).toEqual({});
});

test("days are the reader's own, and the last one is included", () => {
  const query = asked(FILTERS, { from: "2026-11-01", to: "2026-11-01" });
  expect(Date.parse(query.to as string) - Date.parse(query.from as string)).toBe(86_400_000);
  expect(query.from).toBe(new Date(2026, 10, 1).toISOString());
  expect(dayOf(Date.parse(query.from as string))).toBe("2026-11-01");
  expect(moment("2026-12-31", true)).toBe(new Date(2027, 0, 1).toISOString());
});

test("the page that is asked for goes along; the file is of all pages", () => {
  const query = { status: "ended", cursor: "c2" };
  expect(asked(FILTERS, query)).toEqual({ status: "ended", cursor: "c2" });
  expect(csv("/v1/sessions.csv", FILTERS, query)).toBe("/v1/sessions.csv?status=ended");
  expect(csv("/v1/sessions.csv", FILTERS, {})).toBe("/v1/sessions.csv");
});

test("what is typed cannot break out of its parameter", () => {
  expect(withQuery("/v1/sessions", { q: "a&status=live#x" })).toBe("/v1/sessions?q=a%26status%3Dlive%23x");
});
