/**
 * The safety code (P5.6): two people read it aloud, and if it is the same on both screens, nobody stands between their
 * browsers. Pure but for the browser's own hash.
 *
 * A short hash of two fingerprints alone could be forged by trying certificates until the hashes match. So each side first
 * commits to a secret number, and both reveal theirs only when each has the other's commitment: whoever stands between
 * must choose before it knows anything, and is right once in a million million times.
 *
 * It exposes a relay that is not honest. It cannot expose a server that sends another page than this one.
 */

import type { Role } from "./protocol";

const LABEL = "headstrt-safety-1";
/** Easy to tell apart and to name; a code has four of them, five bits each. Their names are in the catalogue. */
export const EMOJI = [
  ...["🐶", "🐱", "🦁", "🐴", "🐘", "🐰", "🐟", "🦋"],
  ...["🌻", "🌳", "🍄", "🌙", "⭐", "☁️", "🔥", "🌈"],
  ...["🍎", "🍌", "🍇", "🥕", "🍞", "🎂", "☕", "🎈"],
  ...["🔔", "🔑", "⚓", "🚲", "🚂", "✂️", "☂️", "🎸"],
] as const;

export interface Code {
  /** Six, as text. */
  digits: string;
  /** Four places in `EMOJI`. */
  emoji: readonly number[];
}

export interface Ingredients {
  session: string;
  /** SHA-256 fingerprints of the certificates in use, as the browser itself sees them. */
  fingerprints: Record<Role, string>;
  nonces: Record<Role, Uint8Array>;
}

export function newNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}

/** What a side says before it says its number. Its role is in it, so that nobody's can be given back as one's own. */
export async function commitment(role: Role, nonce: Uint8Array): Promise<string> {
  return hex(await sha256(`${LABEL}\0commit\0${role}\0${hex(nonce)}`));
}

/** The same on both sides, if both see the same two certificates and numbers. */
export async function safetyCode({ session, fingerprints, nonces }: Ingredients): Promise<Code> {
  const { client, expert } = fingerprints;
  const parts = [LABEL, "code", session, plain(client), plain(expert), hex(nonces.client), hex(nonces.expert)];
  const bytes = await sha256(parts.join("\0"));
  const number = new DataView(bytes.buffer).getBigUint64(0);
  return {
    digits: String(number % 1_000_000n).padStart(6, "0"),
    emoji: [...bytes.subarray(8, 12)].map((byte) => byte % EMOJI.length),
  };
}

export type SafetyState = "waiting" | "ready" | "impossible";

/** What the two pages say to each other about it. */
export type SafetySaid = { kind: "commit"; hash: string } | { kind: "reveal"; nonce: string } | { kind: "checked" };

/**
 * One exchange over one connection: a new join makes a new one, and nothing of the old is left. `impossible` is the end of
 * it: somebody said something out of turn, or said one thing and showed another.
 */
export class SafetyExchange {
  state: SafetyState = "waiting";
  code: Code | null = null;
  checkedHere = false;
  checkedThere = false;
  readonly #session: string;
  readonly #role: Role;
  readonly #nonce = newNonce();
  readonly #say: (said: SafetySaid) => void;
  readonly #fingerprints: () => Promise<{ mine: string; theirs: string } | null>;
  readonly #changed: () => void;
  #theirHash: string | null = null;
  #steps: Promise<void>;

  constructor(
    session: string,
    role: Role,
    say: (said: SafetySaid) => void,
    fingerprints: () => Promise<{ mine: string; theirs: string } | null>,
    changed: () => void,
  ) {
    this.#session = session;
    this.#role = role;
    this.#say = say;
    this.#fingerprints = fingerprints;
    this.#changed = changed;
    this.#steps = commitment(role, this.#nonce).then((hash) => say({ kind: "commit", hash }));
  }

  /** Both have compared the codes, and said that they are the same. */
  get checked(): boolean {
    return this.state === "ready" && this.checkedHere && this.checkedThere;
  }

  hear(said: SafetySaid): void {
    this.#steps = this.#steps.then(() => this.#take(said)).catch(() => this.#give("impossible"));
  }

  /** This side has compared the codes. */
  check(): void {
    if (this.state !== "ready" || this.checkedHere) return;
    this.checkedHere = true;
    this.#say({ kind: "checked" });
    this.#changed();
  }

  async #take(said: SafetySaid): Promise<void> {
    if (said.kind === "checked") {
      this.checkedThere = this.state === "ready";
      this.#changed();
      return;
    }
    if (said.kind === "commit") {
      if (this.#theirHash !== null) return this.#give("impossible");
      this.#theirHash = said.hash;
      this.#say({ kind: "reveal", nonce: hex(this.#nonce) });
      return;
    }
    const other: Role = this.#role === "client" ? "expert" : "client";
    const nonce = unhex(said.nonce);
    const kept =
      this.#theirHash !== null && this.state === "waiting" && (await commitment(other, nonce)) === this.#theirHash;
    const seen = kept ? await this.#fingerprints() : null;
    if (!seen) return this.#give("impossible");
    const mine = this.#role === "client";
    this.code = await safetyCode({
      session: this.#session,
      fingerprints: mine ? { client: seen.mine, expert: seen.theirs } : { client: seen.theirs, expert: seen.mine },
      nonces: mine ? { client: this.#nonce, expert: nonce } : { client: nonce, expert: this.#nonce },
    });
    this.#give("ready");
  }

  #give(state: SafetyState): void {
    this.state = state;
    if (state === "impossible") this.code = null;
    this.#changed();
  }
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function plain(fingerprint: string): string {
  return fingerprint.replaceAll(":", "").toUpperCase();
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
