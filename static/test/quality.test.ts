import { expect, test } from "vitest";
import { type Figures, judge, Meter, NO_FIGURES } from "../src/quality";

const figures = (changes: Partial<Figures>): Figures => ({ ...NO_FIGURES, ...changes });

test.each<[string, Partial<Figures>, string, string | null]>([
  ["nothing known", {}, "good", null],
  ["a little loss", { loss_percent: 4 }, "good", null],
  ["5 % of loss", { loss_percent: 5 }, "fair", "loss"],
  ["10 % of loss", { loss_percent: 10 }, "fair", "loss"],
  ["more", { loss_percent: 11 }, "poor", "loss"],
  ["299 ms", { round_trip_ms: 299 }, "good", null],
  ["300 ms", { round_trip_ms: 300 }, "fair", "delay"],
  ["600 ms", { round_trip_ms: 600 }, "fair", "delay"],
  ["601 ms", { round_trip_ms: 601 }, "poor", "delay"],
  ["1.1 Mbit/s, and the network the reason", { outgoing_kbps: 1100, limited: true }, "good", null],
  ["less", { outgoing_kbps: 1099, limited: true }, "fair", "bandwidth"],
  ["much less", { outgoing_kbps: 349, limited: true }, "poor", "bandwidth"],
  ["little sent because little moves", { outgoing_kbps: 200, limited: false }, "good", null],
  ["the worst of them counts", { loss_percent: 6, round_trip_ms: 700 }, "poor", "delay"],
])("%s", (_, changes, level, reason) => {
  expect(judge(figures(changes))).toEqual({ level, reason });
});

test("nothing coming in is the worst of all, whatever the figures say", () => {
  expect(judge(figures({ loss_percent: 0 }), true)).toEqual({ level: "none", reason: "no_media" });
});

test("one bad look is not shown, two are; and a good one at once", () => {
  const [good, poor] = [judge(NO_FIGURES), judge(figures({ loss_percent: 30 }))];
  const meter = new Meter();
  expect([good, poor, good, poor, poor, good].map((each) => meter.look(each).level)).toEqual([
    "good",
    "good",
    "good",
    "good",
    "poor",
    "good",
  ]);
  expect(meter.look(judge(NO_FIGURES, true)).level).toBe("none");
});
