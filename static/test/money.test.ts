import { expect, test } from "vitest";
import { formatMoney, parseAmount, plainAmount, unlapsedShare } from "../src/money";

const fee = { amount: 12000, currency: "USD", exponent: 2 };
const [start, end] = [0, 30 * 60_000];

test.each([
  [-5_000, 12000], // before the start: the whole, and never more
  [0, 12000],
  [end - 612_400, 4083], // 612.4 s of 1 800 s: 4 082.67, rounded up
  [end - 1, 1],
  [end, 0],
  [end + 5_000, 0],
])("leaving at %i ms gives back at most %i (P3.18)", (now, amount) => {
  expect(unlapsedShare(fee, start, end, now).amount).toBe(amount);
});

test.each([
  ["40.83", 2, 4083],
  ["40,8", 2, 4080],
  [" 7 ", 2, 700],
  ["500", 0, 500],
  ["१२.५", 2, 1250],
  ["١٢٫٥", 2, 1250],
  ["1.234", 3, 1234],
  ["1.234", 2, null],
  ["5.0", 0, null],
  ["0", 2, null],
  ["-3", 2, null],
  ["1e3", 2, null],
  ["", 2, null],
])("%s with exponent %i is %s minor units", (text, exponent, amount) => {
  expect(parseAmount(text, exponent)).toBe(amount);
});

test("money is written with its own exponent", () => {
  expect(formatMoney(fee, "en-US")).toBe("$120.00");
  expect(formatMoney({ amount: 500, currency: "JPY", exponent: 0 }, "en-US")).toBe("¥500");
  expect(plainAmount({ amount: 1234, currency: "KWD", exponent: 3 }, "en")).toBe("1.234");
  expect(plainAmount(fee, "de-AT")).toBe("120,00");
  expect(formatMoney(fee, "de-DE")).toBe("120,00\u00a0$");
});
