import { expect, test } from "vitest";
import { amountOf, instant, local, week } from "../../src/dashboard/bulk";
import { asProblem, Problem, problemOf } from "../../src/dashboard/client";
import * as format from "../../src/dashboard/format";
import { inOrder } from "../../src/dashboard/parts";
import { texts } from "../../src/texts/dashboard-en";

test("a settlement's sum is said as it was made", () => {
  expect(texts.session.formula("€120.00", format.span(762), format.span(1800))).toBe(
    "€120.00 × 12 min 42 s ÷ 30 min, rounded up",
  );
  expect(texts.session.share(42)).toContain("42 %");
});

test("every end has words, whomever it names", () => {
  expect(texts.end("hung_up", "expert")).toBe("The expert hung up");
  expect(texts.end("no_show", "both")).toBe("Nobody showed up");
  expect(texts.end("cancelled", "both")).toBe("Cancelled by agreement");
  expect(texts.end("completed", null)).toContain("hard stop");
  expect(texts.basis("hung_up_expert")).toBe("The expert hung up");
  expect(texts.basis("for_cause")).toBe("For a cause");
  expect(texts.basis("never_met")).toBe("They never met");
  expect(texts.basis("something_new")).toBe("something_new");
});

test("every kind of entry is said in words; one that a newer server writes is named", () => {
  const say = (kind: string, fact: object) => texts.entry(kind, "Expert", fact as never, "EUR", format);
  expect(say("refund_requested", { amount: 5080, by: "client" })).toBe("The client asked for a refund: €50.80");
  expect(say("refund_decided", { decision: "declined", amount: null, note: "no" })).toBe("Declined: “no”");
  expect(say("priced", { fee: { amount: 12000, currency: "EUR" } })).toBe("The client paid €120.00");
  expect(say("fee_factored", { bps: 9500 })).toBe("Fee factor × 0.95 frozen");
  expect(say("departed", { alive_at: 0, how: "connection" })).toContain("the connection was lost");
  expect(say("checked", { steps: [["camera", "denied"]] })).toBe("Expert checked devices: camera denied");
  expect(say("unheard_of", {})).toBe("unheard_of");
});

test("rules stand in the order of their numbers, each once", () => {
  expect(inOrder(["P3.18", "P3.4", "P1.2", "P3.4", "P1.1"])).toEqual(["P1.1", "P1.2", "P3.4", "P3.18"]);
});

test("money is in the currency's own decimals, both ways", () => {
  expect(format.money({ amount: 12500, currency: "JPY" })).toContain("12,500");
  expect(format.plain({ amount: 12500, currency: "KWD" })).toBe("12.500");
  expect(amountOf("25,5", "EUR")).toEqual({ amount: 2550, currency: "EUR" });
  expect(() => amountOf("-1", "EUR")).toThrow(Problem);
  expect(() => amountOf("1.234", "EUR")).toThrow(Problem);
});

test("spans and factors are short", () => {
  expect([0, 4.23, 59.6, 60, 125, 3600, 5400].map(format.span)).toEqual([
    "0 s",
    "4.2 s",
    "1 min",
    "1 min",
    "2 min 5 s",
    "1 h",
    "1 h 30 min",
  ]);
  expect([10_000, 9_500, 10_200, 9_525].map(format.factor)).toEqual(["× 1.00", "× 0.95", "× 1.02", "× 0.9525"]);
});

test("a week goes from the reader's Monday to the next", () => {
  const sunday = new Date(2026, 10, 22, 15).getTime();
  expect(week(sunday)).toEqual({ from: "2026-11-16T00:00", to: "2026-11-23T00:00" });
  expect(instant(local(new Date(sunday)))).toBe(new Date(sunday).toISOString());
  expect(() => instant("soon")).toThrow(Problem);
});

test("a problem document is read whole, and whatever else came is one, too", () => {
  const problem = problemOf(422, { code: "invalid", detail: "No.", errors: [{ path: "url", message: "not an URL" }] });
  expect([problem.code, problem.status, problem.message]).toEqual(["invalid", 422, "No."]);
  expect(problem.errors[0]?.path).toBe("url");
  expect(problemOf(502, "<html>").code).toBe("http_502");
  expect(problemOf(429, { code: "too_many_attempts" }, "90").retryAfter).toBe(90);
  expect(asProblem(new TypeError("x")).code).toBe("error");
});
