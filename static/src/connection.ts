/**
 * The socket: commands with acknowledgements, events as they come, and a connection that is always wanted again.
 *
 * Commands are never buffered while offline: what was meant a minute ago may be wrong now. Whoever sends one gets a
 * `Refused` with the code `offline` and decides.
 */

import { io, type Socket } from "socket.io-client";
import { type Ack, type Commands, type Events, PROTOCOL_VERSION } from "./protocol";

const ACK_TIMEOUT = 8_000;

export type EventHandler = <Name extends keyof Events>(name: Name, data: Events[Name]) => void;

export interface ConnectionHandlers {
  event: EventHandler;
  connected(): void;
  disconnected(): void;
  /** The server refused the handshake: a token that no longer holds, or another protocol version. */
  refused(code: string): void;
}

export class Connection {
  readonly #socket: Socket;
  #again: ReturnType<typeof setTimeout> | undefined;
  #wanted = false;

  constructor(token: string, handlers: ConnectionHandlers) {
    this.#socket = io({
      transports: ["websocket"],
      autoConnect: false,
      reconnectionDelay: 400,
      reconnectionDelayMax: 5_000,
      randomizationFactor: 0.5,
      timeout: 8_000,
      auth: { token, protocol: PROTOCOL_VERSION },
    });
    this.#socket.on("connect", handlers.connected);
    this.#socket.on("disconnect", (reason) => {
      handlers.disconnected();
      // The library gives up after a disconnect by the server (a restart, say); we do not.
      if (reason === "io server disconnect") this.#connectAgain(500);
    });
    this.#socket.on("connect_error", (error: Error & { data?: { code?: string } }) => {
      if (this.#socket.active) return; // the library is trying again
      handlers.refused(error.data?.code ?? error.message);
      this.#connectAgain(4_000);
    });
    this.#socket.onAny((name: keyof Events, data) => {
      if (name === "draining") this.#connectAgain((data as Events["draining"]).after_ms);
      handlers.event(name, data);
    });
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  connect(): void {
    this.#wanted = true;
    this.#socket.connect();
  }

  close(): void {
    this.#wanted = false;
    clearTimeout(this.#again);
    this.#socket.disconnect();
  }

  async send<Name extends keyof Commands>(name: Name, command: Omit<Commands[Name], "command_id">): Promise<Ack> {
    if (!this.#socket.connected) return { ok: false, code: "offline", detail: "" };
    const message = { ...command, command_id: newId() };
    try {
      return (await this.#socket.timeout(ACK_TIMEOUT).emitWithAck(name, message)) as Ack;
    } catch {
      return { ok: false, code: "offline", detail: "" };
    }
  }

  /** After a jittered delay, so that a restarted server does not meet everybody at once. */
  #connectAgain(afterMs: number): void {
    if (this.#again) return; // the first reason knows best when
    this.#again = setTimeout(
      () => {
        this.#again = undefined;
        if (!this.#wanted) return;
        this.#socket.disconnect();
        this.#socket.connect();
      },
      afterMs * (0.5 + Math.random()),
    );
  }
}

/** `crypto.randomUUID` asks for a secure context, which a page in development may lack. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
