import { expect, test } from "vitest";
import { en } from "../src/texts/en";

/** Words that a party's page never uses. */
const NEVER = /no.?show|\blost\b|fault|blame|accus|penalt|banned|\bbps\b|\bP\d\.\d|anonymous|\bproof\b|dismissed/i;

function sentences(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "function") return sentences(value("Grace", "15:30", "x"));
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(sentences);
  return [];
}

test("nobody is accused of anything", () => {
  const all = sentences(en);
  expect(all.length).toBeGreaterThan(150);
  expect(all.filter((sentence) => NEVER.test(sentence))).toEqual([]);
});
