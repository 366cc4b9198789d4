/**
 * What is known of the network before the call: whether a test runs, what came of it, and what that means.
 *
 * The test itself (`network-test.ts`) is fetched when the first one begins.
 */

import type { NotTested, Way } from "./network-test";
import type { CheckResult } from "./rest";

export interface Figures {
  /** null: there was no way through. */
  protocol: "udp" | "tcp" | null;
  /** Of the relay. */
  port: number | null;
  /** To somebody who is as far from the relay as this page. */
  round_trip_ms: number | null;
  loss_percent: number | null;
  bitrate_kbps: number | null;
  /** The line carries so much and no more; else that and perhaps more. */
  capped: boolean;
}

/** In the order of getting worse. */
export type Level = "good" | "fair" | "weak" | "none";
/** What is behind a level that is not good. */
export type Because = "delay" | "loss" | "slow" | "detour" | "no_way";

export type NetworkState =
  | { phase: "idle" }
  | { phase: "running"; since: number }
  | { phase: "done"; level: Level; because: Because | null; figures: Figures }
  /** Nothing is known of the network by that; the code is the server's, `offline` or `stopped`. */
  | { phase: "untested"; code: string };

/** From where on a figure is fair, and from where on weak. */
const DELAY = [300, 600] as const;
const LOSS = [5, 10] as const;
/** From where on it is good, and from where on fair: less is for sound. */
const CARRIED = [1_100, 400] as const;
const ORDER: readonly Level[] = ["good", "fair", "weak", "none"];

/** The worst figure decides. */
export function judge(figures: Figures): { level: Level; because: Because | null } {
  if (figures.protocol === null) return { level: "none", because: "no_way" };
  const { round_trip_ms, loss_percent, bitrate_kbps, capped } = figures;
  const found: [Level, Because][] = [
    [from(round_trip_ms, DELAY), "delay"],
    [from(loss_percent, LOSS), "loss"],
    [capped ? carried(bitrate_kbps ?? 0) : "good", "slow"],
    [figures.protocol === "tcp" ? "fair" : "good", "detour"],
  ];
  const [level, because] = found.reduce((worst, one) =>
    ORDER.indexOf(one[0]) > ORDER.indexOf(worst[0]) ? one : worst,
  );
  return { level, because: level === "good" ? null : because };
}

function from(value: number | null, [fair, weak]: readonly [number, number]): Level {
  if (value === null || value >= weak) return "weak";
  return value >= fair ? "fair" : "good";
}

function carried(kbps: number): Level {
  const [good, fair] = CARRIED;
  return kbps >= good ? "good" : kbps >= fair ? "fair" : "weak";
}

export class Network {
  readonly #way: Way;
  readonly #changed: () => void;
  #state: NetworkState = { phase: "idle" };
  #running: AbortController | null = null;

  constructor(way: Way, changed: () => void) {
    this.#way = way;
    this.#changed = changed;
  }

  get state(): NetworkState {
    return this.#state;
  }

  /** The step's result as evidence. */
  get result(): CheckResult {
    if (this.#state.phase !== "done") return "skipped";
    return { good: "ok", fair: "ok", weak: "weak", none: "failed" }[this.#state.level] as CheckResult;
  }

  get detail(): string {
    if (this.#state.phase !== "done") return this.#state.phase;
    const { protocol, round_trip_ms, loss_percent, bitrate_kbps } = this.#state.figures;
    return `${this.#state.level} (${protocol}, ${round_trip_ms} ms, ${loss_percent} %, ${bitrate_kbps} kbit/s)`;
  }

  async run(): Promise<void> {
    if (this.#running) return;
    const running = new AbortController();
    this.#running = running;
    this.#become({ phase: "running", since: performance.now() });
    const hidden = () => document.hidden && running.abort(); // timers of a hidden page tell nothing of the network
    document.addEventListener("visibilitychange", hidden);
    try {
      const { testNetwork } = await import("./network-test");
      const figures = await testNetwork(this.#way, running.signal);
      this.#become({ phase: "done", figures, ...judge(figures) });
    } catch (error) {
      this.#become({ phase: "untested", code: (error as NotTested).code ?? "failed" });
    } finally {
      document.removeEventListener("visibilitychange", hidden);
      this.#running = null;
    }
  }

  /** The line is wanted for something better, or the server is gone: nothing is learnt from it any more. */
  stop(): void {
    this.#running?.abort();
  }

  #become(state: NetworkState): void {
    this.#state = state;
    this.#changed();
  }
}
