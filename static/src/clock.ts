/** The server's clock, as well as it can be known from here. Times are epoch milliseconds. */

const MAX_STALE = 60_000;
const JUMP = 1_000;

export class ServerClock {
  #offset = Date.now() - performance.now();
  #sampledAt = Number.NEGATIVE_INFINITY;

  now(): number {
    return performance.now() + this.#offset;
  }

  /**
   * Take in a `server_time`. Every message comes late by an unknown travel time, so of several samples the one that is
   * furthest ahead is the best, unless the clocks have jumped (sleep) or the sample has grown old.
   */
  sample(serverTime: string, roundTrip = 0): void {
    const at = performance.now();
    const offset = Date.parse(serverTime) + roundTrip / 2 - at;
    const stale = at - this.#sampledAt > MAX_STALE;
    if (stale || offset > this.#offset || this.#offset - offset > JUMP) {
      this.#offset = offset;
      this.#sampledAt = at;
    }
  }
}
