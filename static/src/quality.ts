/** How a call is for one side, in four levels with a reason: from figures, and nothing else. Pure. */

import type { QualityCommand } from "./protocol";

export type Level = NonNullable<QualityCommand["level"]>;
export type Reason = "loss" | "delay" | "bandwidth" | "no_media";

export interface Judged {
  level: Level;
  /** Why it is not better; null where it is good. */
  reason: Reason | null;
}

/** Since the last look; null where the browser cannot say. */
export interface Figures {
  round_trip_ms: number | null;
  loss_percent: number | null;
  bitrate_kbps: number | null;
  /** What the network would take from this side. */
  outgoing_kbps: number | null;
  /** Whether the own picture is made worse because it takes no more. */
  limited: boolean;
}

export const NO_FIGURES: Figures = {
  round_trip_ms: null,
  loss_percent: null,
  bitrate_kbps: null,
  outgoing_kbps: null,
  limited: false,
};

const ORDER: readonly Level[] = ["good", "fair", "poor", "none"];

/** From where on it is fair, and beyond which it is poor. Bitrates count the other way round. */
const LOSS = [5, 10] as const;
const ROUND_TRIP = [300, 600] as const;
const KBPS = [1_100, 350] as const;

/** One look. `interrupted`: nothing has come in for longer than anybody would put up with. */
export function judge(figures: Figures, interrupted = false): Judged {
  if (interrupted) return { level: "none", reason: "no_media" };
  const found: [Level, Reason][] = [
    [step(figures.loss_percent, LOSS), "loss"],
    [step(figures.round_trip_ms, ROUND_TRIP), "delay"],
    // a small picture of a still face is small because it is still: it only counts where the network is the reason
    [figures.limited ? step(figures.outgoing_kbps, KBPS) : "good", "bandwidth"],
  ];
  const [level, reason] = found.reduce((worst, each) => (worse(each[0], worst[0]) ? each : worst));
  return { level, reason: level === "good" ? null : reason };
}

/** Shown is what two looks in a row agree on being no better than: one bad moment is not worth a word. */
export class Meter {
  shown: Judged | null = null;
  #last: Judged | null = null;

  look(judged: Judged): Judged {
    const before = this.#last ?? judged;
    this.#last = judged;
    const calm = judged.level === "none" || !worse(judged.level, before.level) ? judged : before;
    this.shown = calm;
    return calm;
  }
}

export function worse(one: Level, other: Level): boolean {
  return ORDER.indexOf(one) > ORDER.indexOf(other);
}

function step(value: number | null, [fair, poor]: readonly [number, number]): Level {
  if (value === null) return "good";
  const up = fair < poor;
  if (up ? value > poor : value < poor) return "poor";
  return (up ? value >= fair : value < fair) ? "fair" : "good";
}
