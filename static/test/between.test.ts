import { expect, test, vi } from "vitest";
import { Between, read, type Said } from "../src/between";

const text = (said: unknown) => JSON.stringify(said);

test.each<[Said]>([
  [{ kind: "chat", text: "Hello" }],
  [{ kind: "reaction", name: "clap" }],
  [{ kind: "quality", level: "fair", reason: "loss" }],
  [{ kind: "quality", level: "good", reason: null }],
  [{ kind: "commit", hash: "ab".repeat(32) }],
  [{ kind: "reveal", nonce: "ab".repeat(16) }],
  [{ kind: "checked" }],
])("%o is understood", (said) => {
  expect(read(text(said))).toEqual(said);
});

test.each([
  ["no text", new ArrayBuffer(4)],
  ["no JSON", "{"],
  ["nothing", "null"],
  ["a number", "7"],
  ["too much", text({ kind: "chat", text: "x".repeat(10_000) })],
  ["no word", text({ kind: "chat", text: "   " })],
  ["a number for a text", text({ kind: "chat", text: 7 })],
  ["a reaction that every object has", text({ kind: "reaction", name: "toString" })],
  ["a level of its own", text({ kind: "quality", level: "great", reason: null })],
  ["markup for a reason", text({ kind: "quality", level: "poor", reason: "<b>" })],
  ["half a hash", text({ kind: "commit", hash: "ab" })],
  ["a number that is none", text({ kind: "reveal", nonce: "zz".repeat(16) })],
  ["what a newer page may say", text({ kind: "wave" })],
])("%s is left aside", (_, data) => {
  expect(read(data)).toBeNull();
});

test("a long line is cut", () => {
  expect(read(text({ kind: "chat", text: "x".repeat(3_000) }))).toEqual({ kind: "chat", text: "x".repeat(2_000) });
});

function page(open = true) {
  const said: Said[] = [];
  const say = (what: Said) => open && said.push(what) > 0;
  return { said, between: new Between({ say, fingerprints: async () => null }, () => {}) };
}

test("what was written is counted until it is read, and kept over a new connection", () => {
  const { between, said } = page();
  between.opened("bk_1", "client");
  between.hear(text({ kind: "chat", text: "Hello" }));
  expect(between.write("Good morning")).toBe(true);
  expect(between.unread).toBe(1);
  between.read();
  between.closed();
  between.opened("bk_1", "client");
  expect(between.chat).toEqual([
    { mine: false, text: "Hello" },
    { mine: true, text: "Good morning" },
  ]);
  expect(said).toContainEqual({ kind: "chat", text: "Good morning" });
});

test("what could not be sent is not shown as sent", () => {
  const { between } = page(false);
  expect(between.write("Hello")).toBe(false);
  between.react("heart");
  expect(between.chat).toEqual([]);
  expect(between.reactions).toEqual([]);
});

test("reactions fade, and nobody can fill the screen with them", () => {
  vi.useFakeTimers();
  const { between } = page();
  for (let n = 0; n < 50; n++) between.hear(text({ kind: "reaction", name: "clap" }));
  expect(between.reactions).toHaveLength(6);
  vi.advanceTimersByTime(5_000);
  expect(between.reactions).toEqual([]);
  vi.useRealTimers();
});

test("how it is here is told once for each change, and anew to a new connection", () => {
  const { between, said } = page();
  between.tell({ level: "good", reason: null });
  between.tell({ level: "good", reason: null });
  between.tell({ level: "poor", reason: "delay" });
  between.opened("bk_1", "expert");
  expect(said.filter(({ kind }) => kind === "quality")).toEqual([
    { kind: "quality", level: "good", reason: null },
    { kind: "quality", level: "poor", reason: "delay" },
    { kind: "quality", level: "poor", reason: "delay" },
  ]);
  between.hear(text({ kind: "quality", level: "fair", reason: "loss" }));
  expect(between.theirs).toEqual({ level: "fair", reason: "loss" });
  between.closed();
  expect(between.theirs).toBeNull();
});

test("P5.6 a new connection begins the safety code anew, and a late word of the old one changes nothing", async () => {
  const { between, said } = page();
  between.opened("bk_1", "client");
  await vi.waitFor(() => expect(said.filter(({ kind }) => kind === "commit")).toHaveLength(1));
  const first = between.safety;
  between.closed();
  expect(between.safety).toBeNull();
  between.opened("bk_1", "client");
  await vi.waitFor(() => expect(said.filter(({ kind }) => kind === "commit")).toHaveLength(2));
  expect(between.safety).not.toBe(first);
  const [one, two] = said.filter((each) => each.kind === "commit");
  expect(one).not.toEqual(two);
});
