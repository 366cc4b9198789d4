/**
 * Hints from the server over a WebSocket (`/dashboard/live`): that something moved, never what. Whoever shows it asks
 * again. Nothing is lost without it: while it is down, everything is asked for every half minute.
 */

export type Hint =
  | { kind: "session"; id: string; version: number; status: string }
  | { kind: "queue"; open: number; overdue: number }
  | { kind: "counts"; live: number; held: number; waiting: number }
  | { kind: "reload" };

/** Codes with which the server closes for good. */
const SIGNED_OUT = 4401;
const TOO_MANY = 4429;
const POLL = 30_000;
const FIRST = 1_000;
const LAST = 30_000;

export interface Heard {
  hint(hint: Hint): void;
  connected(up: boolean): void;
  /** The server's clock, as the socket says it on connecting. */
  serverTime(at: string): void;
  signedOut(): void;
}

export class LiveHints {
  readonly #heard: Heard;
  readonly #url: string;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;
  #wait = FIRST;
  #stopped = false;

  constructor(heard: Heard, url = `${location.origin.replace(/^http/, "ws")}/dashboard/live`) {
    this.#heard = heard;
    this.#url = url;
  }

  start(): void {
    this.#stopped = false;
    this.#open();
    this.#poll = setInterval(() => {
      // a call keeps the sign-in alive, so a tab that nobody looks at makes none
      if (!this.up && document.visibilityState === "visible") this.#heard.hint({ kind: "reload" });
    }, POLL);
    addEventListener("online", this.#now);
    document.addEventListener("visibilitychange", this.#seen);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#poll);
    removeEventListener("online", this.#now);
    document.removeEventListener("visibilitychange", this.#seen);
    this.#socket?.close();
    this.#socket = null;
  }

  get up(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #open(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#wait = FIRST;
      this.#heard.connected(true);
    };
    socket.onmessage = ({ data }) => this.#message(String(data));
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#heard.connected(false);
      if (this.#stopped) return;
      if (code === SIGNED_OUT) {
        this.#heard.signedOut();
        return;
      }
      const wait = code === TOO_MANY ? LAST : this.#wait;
      this.#wait = Math.min(LAST, this.#wait * 2);
      this.#timer = setTimeout(() => this.#open(), wait * (0.75 + Math.random() / 2));
    };
  }

  #message(text: string): void {
    let said: Hint | { kind: "hello"; server_time: string } | { kind: "bye"; code: string };
    try {
      said = JSON.parse(text);
    } catch {
      return;
    }
    if (said.kind === "hello") this.#heard.serverTime(said.server_time);
    else if (said.kind !== "bye") this.#heard.hint(said);
  }

  #now = () => {
    if (this.#stopped || this.#socket) return;
    clearTimeout(this.#timer);
    this.#open();
  };

  #seen = () => {
    if (document.visibilityState !== "visible") return;
    this.#now();
    if (!this.up) this.#heard.hint({ kind: "reload" });
  };
}
