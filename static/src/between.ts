/**
 * What the two pages say to each other directly, past the server: chat, reactions, how the call is, the safety code.
 *
 * The other end is a stranger's program as far as we know: everything is measured before it is taken, and what is not
 * understood is left aside, for a newer page may say more than this one knows.
 */

import type { Role } from "./protocol";
import type { Judged, Level, Reason } from "./quality";
import type { SafetyExchange, SafetySaid } from "./safety";

export const REACTIONS = { thumbs: "👍", heart: "❤️", clap: "👏", laugh: "😂", surprise: "😮", hand: "✋" } as const;
export type Reaction = keyof typeof REACTIONS;

export type Said =
  | { kind: "chat"; text: string }
  | { kind: "reaction"; name: Reaction }
  | { kind: "quality"; level: Level; reason: Reason | null }
  | SafetySaid;

export interface ChatLine {
  mine: boolean;
  text: string;
}

export interface Shown {
  id: number;
  mine: boolean;
  name: Reaction;
}

const MAX_MESSAGE = 10_000;
const MAX_CHAT = 2_000;
const CHAT_KEPT = 500;
const REACTION_SHOWN = 4_000;
const REACTIONS_AT_ONCE = 6;
const LEVELS: readonly string[] = ["good", "fair", "poor", "none"] satisfies Level[];
const REASONS: readonly unknown[] = ["loss", "delay", "bandwidth", "no_media", null] satisfies (Reason | null)[];

/** Null for whatever is not one of ours. */
export function read(data: unknown): Said | null {
  if (typeof data !== "string" || data.length > MAX_MESSAGE) return null;
  let said: Record<string, unknown>;
  try {
    said = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof said !== "object" || said === null) return null;
  switch (said.kind) {
    case "chat":
      return typeof said.text === "string" && said.text.trim()
        ? { kind: "chat", text: said.text.slice(0, MAX_CHAT) }
        : null;
    case "reaction":
      return typeof said.name === "string" && Object.hasOwn(REACTIONS, said.name)
        ? { kind: "reaction", name: said.name as Reaction }
        : null;
    case "quality":
      return LEVELS.includes(said.level as string) && REASONS.includes(said.reason)
        ? { kind: "quality", level: said.level as Level, reason: said.reason as Reason | null }
        : null;
    case "commit":
      return isHex(said.hash, 64) ? { kind: "commit", hash: said.hash } : null;
    case "reveal":
      return isHex(said.nonce, 32) ? { kind: "reveal", nonce: said.nonce } : null;
    case "checked":
      return { kind: "checked" };
    default:
      return null;
  }
}

function isHex(value: unknown, length: number): value is string {
  return typeof value === "string" && value.length === length && /^[0-9a-f]+$/.test(value);
}

export interface Wire {
  say(said: Said): boolean;
  fingerprints(): Promise<{ mine: string; theirs: string } | null>;
}

/** One page's side of it; it lives as long as the page, the channel under it comes and goes. */
export class Between {
  readonly #wire: Wire;
  readonly #changed: () => void;
  open = false;
  chat: readonly ChatLine[] = [];
  unread = 0;
  reactions: readonly Shown[] = [];
  /** What the other's page says of its own side. */
  theirs: Judged | null = null;
  safety: SafetyExchange | null = null;
  #mine: Judged | null = null;
  #made = 0;
  #exchange: Promise<SafetyExchange | null> = Promise.resolve(null);

  constructor(wire: Wire, changed: () => void) {
    this.#wire = wire;
    this.#changed = changed;
  }

  /** The channel of a new connection: whatever was checked before was another connection's. */
  opened(session: string, role: Role): void {
    this.open = true;
    this.safety = null;
    const exchange = import("./safety").then(({ SafetyExchange }) => {
      if (this.#exchange !== exchange) return null; // closed, or open anew, meanwhile
      this.safety = new SafetyExchange(
        session,
        role,
        (said) => this.#wire.say(said),
        this.#wire.fingerprints,
        this.#changed,
      );
      this.#changed();
      return this.safety;
    });
    exchange.catch(() => {}); // the page says that there is no code
    this.#exchange = exchange;
    if (this.#mine) this.#wire.say({ kind: "quality", ...this.#mine });
    this.#changed();
  }

  closed(): void {
    if (!this.open) return;
    this.open = false;
    this.theirs = null;
    this.safety = null;
    this.#exchange = Promise.resolve(null);
    this.#changed();
  }

  hear(data: unknown): void {
    const said = read(data);
    if (!said) return;
    switch (said.kind) {
      case "chat":
        this.#line({ mine: false, text: said.text });
        break;
      case "reaction":
        this.#show(false, said.name);
        break;
      case "quality":
        this.theirs = { level: said.level, reason: said.reason };
        this.#changed();
        break;
      default:
        this.#exchange.then((exchange) => exchange?.hear(said)).catch(() => {});
    }
  }

  write(text: string): boolean {
    const sent = this.#wire.say({ kind: "chat", text });
    if (sent) this.#line({ mine: true, text });
    return sent;
  }

  react(name: Reaction): void {
    if (this.#wire.say({ kind: "reaction", name })) this.#show(true, name);
  }

  /** Tell the other how it is here, when that has changed. */
  tell(judged: Judged): void {
    if (judged.level === this.#mine?.level && judged.reason === this.#mine.reason) return;
    this.#mine = judged;
    this.#wire.say({ kind: "quality", ...judged });
  }

  read(): void {
    if (this.unread === 0) return;
    this.unread = 0;
    this.#changed();
  }

  #line(line: ChatLine): void {
    this.chat = [...this.chat.slice(1 - CHAT_KEPT), line];
    if (!line.mine) this.unread += 1;
    this.#changed();
  }

  #show(mine: boolean, name: Reaction): void {
    if (this.reactions.filter((each) => each.mine === mine).length >= REACTIONS_AT_ONCE) return;
    const id = ++this.#made;
    this.reactions = [...this.reactions, { id, mine, name }];
    setTimeout(() => {
      this.reactions = this.reactions.filter((each) => each.id !== id);
      this.#changed();
    }, REACTION_SHOWN);
    this.#changed();
  }
}
