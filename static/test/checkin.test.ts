import { describe, expect, it, vi } from "vitest";
import { placeOf } from "../src/browser";
import { troubleOf } from "../src/devices";
import { type Figures, judge } from "../src/network";

vi.stubGlobal("navigator", { languages: ["en-GB"] });
const { elsewhere } = await import("../src/format");

const GOOD: Figures = {
  protocol: "udp",
  port: 3478,
  round_trip_ms: 40,
  loss_percent: 0,
  bitrate_kbps: 1_500,
  capped: false,
};

describe("the network test's figures", () => {
  it.each([
    [{}, "good", null],
    [{ round_trip_ms: 299, loss_percent: 4, bitrate_kbps: 1_100, capped: true }, "good", null],
    [{ round_trip_ms: 300 }, "fair", "delay"],
    [{ round_trip_ms: 599 }, "fair", "delay"],
    [{ round_trip_ms: 600 }, "weak", "delay"],
    [{ round_trip_ms: null }, "weak", "delay"],
    [{ loss_percent: 5 }, "fair", "loss"],
    [{ loss_percent: 10 }, "weak", "loss"],
    [{ loss_percent: 100 }, "weak", "loss"],
    [{ bitrate_kbps: 1_099, capped: true }, "fair", "slow"],
    [{ bitrate_kbps: 400, capped: true }, "fair", "slow"],
    [{ bitrate_kbps: 399, capped: true }, "weak", "slow"],
    [{ bitrate_kbps: 300 }, "good", null], // this page was too slow to send more, and the network took all of it
    [{ protocol: "tcp" }, "fair", "detour"],
    [{ protocol: "tcp", loss_percent: 20 }, "weak", "loss"],
    [{ protocol: null, round_trip_ms: null, loss_percent: null, bitrate_kbps: null }, "none", "no_way"],
  ] as const)("%o is %s because of %s", (part, level, because) => {
    expect(judge({ ...GOOD, ...part } as Figures)).toEqual({ level, because });
  });
});

describe("what getUserMedia means", () => {
  const error = (name: string, message = "") => new DOMException(message, name);
  it.each([
    ["NotAllowedError", "Permission denied", "denied", false, "denied_by_browser"],
    ["NotAllowedError", "Permission denied by system", "granted", false, "denied_by_system"],
    ["NotAllowedError", "Permission denied by system", null, false, "denied_by_system"],
    ["NotAllowedError", "Permission dismissed", "prompt", false, "dismissed"],
    ["NotAllowedError", "not allowed by the user agent or the platform", null, false, "denied_by_browser"],
    ["NotAllowedError", "not allowed by the user agent or the platform", "granted", false, "denied_by_system"],
    ["NotFoundError", "The object can not be found here.", "granted", false, "missing"],
    ["NotFoundError", "The object can not be found here.", "granted", true, "denied_by_system"],
    ["OverconstrainedError", "", "granted", false, "missing"],
    ["NotReadableError", "Could not start video source", "granted", true, "busy"],
    ["AbortError", "Starting videoinput failed", "granted", true, "busy"],
  ] as const)("%s (%s), allowed: %s, listed: %s is %s", (name, message, allowed, listed, trouble) => {
    expect(troubleOf(error(name, message), allowed, listed)).toBe(trouble);
  });
});

describe("where permissions are given", () => {
  const mozilla = "Mozilla/5.0";
  it.each([
    [
      `${mozilla} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0`,
      "chromium",
      "windows",
    ],
    [`${mozilla} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0`, "firefox", "linux"],
    [`${mozilla} (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36`, "chromium", "android"],
    [`${mozilla} (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0`, "firefox", "android"],
    [
      `${mozilla} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15`,
      "safari",
      "mac",
    ],
    [`${mozilla} (iPhone; CPU iPhone OS 18_0) AppleWebKit/605.1.15 CriOS/140.0 Mobile Safari/604.1`, "chromium", "ios"],
  ])("%s", (agent, family, system) => {
    expect(placeOf(agent)).toEqual({ family, system });
  });

  it("knows an iPad that says it is a Mac", () => {
    expect(placeOf("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605", 5).system).toBe("ios");
  });
});

describe("the other's time", () => {
  const starts = Date.parse("2026-11-22T23:00:00Z");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

  it("is said where it reads differently, with its day if that is another", () => {
    const there = elsewhere(starts, starts + 1_800_000, "Asia/Tokyo");
    if (here === "Asia/Tokyo") return expect(there).toBeNull();
    expect(there?.zone).toContain("Japan");
    expect(`${there?.from} ${there?.to}`).toMatch(/8:00.*8:30/);
  });

  it("is not said where it is the same, or the zone is unknown", () => {
    expect(elsewhere(starts, starts + 1, here)).toBeNull();
    expect(elsewhere(starts, starts + 1, "Nowhere/At_All")).toBeNull();
  });
});
