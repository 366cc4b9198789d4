import { expect, test } from "vitest";

/** Words that a party's page never uses; nor how many of how many have said something. */
const NEVER =
  /no.?show|\blost\b|fault|blame|accus|penalt|\bban(ned)?\b|\bbps\b|\bP\d\.\d|anonymous|\bproof\b|dismissed|\b\d+ of \d+\b/i;

/** Not those which choose and have no words of their own, and not the operators': they see the rules' own terms. */
const catalogues = import.meta.glob<Record<string, unknown>>(
  ["../src/texts/*.ts", "!../src/texts/{index,ends,afterwards}.ts", "!../src/texts/dashboard-en.ts"],
  { eager: true },
);

/** Every sentence, those that are chosen by a code of the server's included: their codes stand in the function. */
function sentences(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "function") {
    const codes = [...String(value).matchAll(/["']?([\w.]+)["']?\s*:/g)].map(([, code]) => code);
    return ["Grace", ...codes].flatMap((code) => sentences((value as Say)(code, "15:30", "x")));
  }
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(sentences);
  return [];
}

type Say = (...args: unknown[]) => unknown;

test("nobody is accused of anything, in any catalogue", () => {
  expect(Object.keys(catalogues)).toContain("../src/texts/en-afterwards.ts");
  const all = Object.values(catalogues).flatMap(sentences);
  expect(all.length).toBeGreaterThan(350);
  expect(all).toContain("You have rated this session already."); // chosen by a code
  expect(all.filter((sentence) => NEVER.test(sentence))).toEqual([]);
});
