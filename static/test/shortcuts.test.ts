import { expect, test } from "vitest";
import { actionOf, type Pressed, SHORTCUTS } from "../src/shortcuts";

const pressed = (key: string, changes: Partial<Pressed> = {}): Pressed => ({
  key,
  code: `Key${key.toUpperCase()}`,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  repeat: false,
  isComposing: false,
  target: { closest: () => null },
  ...changes,
});

test("each letter does one thing", () => {
  expect(new Set(Object.values(SHORTCUTS)).size).toBe(Object.keys(SHORTCUTS).length);
  expect(actionOf(pressed("m"))).toBe("mute");
  expect(actionOf(pressed("M"))).toBe("mute"); // caps lock
  expect(actionOf(pressed("q"))).toBeNull();
  expect(actionOf(pressed("Enter", { code: "Enter" }))).toBeNull();
});

test("where the keys are not Latin it is the place that counts", () => {
  expect(actionOf(pressed("म", { code: "KeyM" }))).toBe("mute");
  expect(actionOf(pressed(";", { code: "KeyM" }))).toBeNull(); // a Latin layout of another order
});

test.each<Partial<Pressed>>([
  { ctrlKey: true },
  { altKey: true },
  { metaKey: true },
  { shiftKey: true },
  { repeat: true },
  { isComposing: true },
  { target: { closest: (selector: string) => (selector.includes("input") ? {} : null) } },
])("nothing with %o", (changes) => {
  expect(actionOf(pressed("m", changes))).toBeNull();
});
