/**
 * The page's side of an embed: what it tells the page around it, and what it takes from there.
 *
 * It answers one window, its parent, and only where the server names that one's origin; to anybody else it says nothing at
 * all. What it takes is a token, a request to join, to step out, or to switch a device. Nothing here ends a session.
 */

import type { HeadstrtSessionDetails as Details, HeadstrtSessionAct, ToElement, ToPage } from "./embed/v1";
import type { Judged } from "./quality";
import type { Room } from "./room";
import { isOver } from "./session";

/** One event for the element: its name and what it carries. */
export type Said = { [Name in keyof Details]: [name: Name, detail: Details[Name]] }[keyof Details];

/** What of the room can be seen from outside. */
export interface Seen {
  session: Details["ready"] | null;
  checks: Details["precheck"] | null;
  inside: boolean;
  waiting: boolean;
  out: Details["leave"]["reason"];
  other: boolean;
  warning: number | null;
  quality: Judged | null;
  theirs: Judged | null;
  reconnecting: boolean;
  /** By the clock, or by the server's word. */
  over: boolean;
  ended: Details["ended"] | null;
  rated: boolean;
  error: string | null;
}

const NOTHING: Seen = {
  session: null,
  checks: null,
  inside: false,
  waiting: false,
  out: "put_out",
  other: false,
  warning: null,
  quality: null,
  theirs: null,
  reconnecting: false,
  over: false,
  ended: null,
  rated: false,
  error: null,
};

/** The origins that may embed this page: the server writes them into it. */
export function embedders(): string[] {
  const list = document.querySelector<HTMLMetaElement>("meta[name=embedders]")?.content ?? "";
  return list.split(" ").filter(Boolean);
}

export class Embedded {
  readonly #allowed: readonly string[];
  readonly #token: (token: string) => void;
  #origin: string | null = null;
  #room: Room | null = null;
  #seen: Seen = NOTHING;
  /** Requests to join that wait for the seat. */
  #joining: number[] = [];

  /** `token` is told each token that the embedder hands over. */
  constructor(allowed: readonly string[], token: (token: string) => void) {
    this.#allowed = allowed;
    this.#token = token;
    addEventListener("message", (event) => this.#onMessage(event));
  }

  /** Look at the room again, and tell what is new. */
  update(room: Room): void {
    this.#room = room;
    if (this.#joining.length > 0 && room.seat !== "taking") {
      for (const id of this.#joining.splice(0)) this.#did(id, room.seat === "taken");
    }
    if (!this.#origin) return;
    const before = this.#seen;
    this.#seen = look(room);
    for (const [name, detail] of news(before, this.#seen)) {
      this.#send({ headstrt: 1, type: "event", name, detail } as ToElement);
    }
  }

  #onMessage({ source, origin, data }: MessageEvent<ToPage | null>): void {
    if (source !== parent || !this.#allowed.includes(origin) || data?.headstrt !== 1) return;
    if (data.type === "hello" && typeof data.token === "string") {
      this.#origin = origin;
      this.#send({ headstrt: 1, type: "here" });
      this.#token(data.token);
      if (this.#room) this.update(this.#room);
    } else if (data.type === "do" && this.#origin === origin) {
      void this.#do(data.id, data.act);
    }
  }

  async #do(id: number, act: HeadstrtSessionAct): Promise<void> {
    const room = this.#room;
    if (!room?.session || isOver(room.session.view)) return this.#did(id, false);
    switch (act) {
      case "join":
        if (room.seat === "taken") return this.#did(id, true);
        this.#joining.push(id);
        if (room.seat === "none") await room.join();
        return;
      case "leave":
        if (room.seat === "taken") await room.stepOut();
        return this.#did(id, room.seat === "none");
      case "microphone":
        await room.setMicrophone(!room.microphoneOn);
        return this.#did(id, room.microphoneOn);
      case "camera":
        await room.setCamera(!room.cameraOn);
        return this.#did(id, room.cameraOn);
      default:
        return this.#did(id, false);
    }
  }

  #did(id: number, value: boolean): void {
    this.#send({ headstrt: 1, type: "did", id, value });
  }

  #send(message: ToElement): void {
    if (this.#origin) parent.postMessage(message, this.#origin);
  }
}

export function look(room: Room): Seen {
  const view = room.session?.view;
  if (!view) return { ...NOTHING, error: room.fatal };
  const over = isOver(view) || room.state === "ended";
  const inside = !over && room.seat === "taken";
  return {
    session: {
      session: view.id,
      role: view.me.role,
      status: view.status,
      startsAt: view.starts_at,
      endsAt: view.ends_at,
    },
    checks: over || inside ? null : { status: room.checkStatus, steps: room.checks },
    inside,
    waiting: inside && room.state === "waiting",
    out: room.replaced ? "replaced" : room.steppedOut ? "stepped_out" : "put_out",
    other: !over && view.other.status === "here",
    warning: over ? null : room.warning,
    quality: inside ? room.quality : null,
    theirs: inside ? room.between.theirs : null,
    reconnecting: inside && (room.interrupted || !room.online),
    over,
    ended: view.end ? { reason: view.end.reason, by: view.end.by, at: view.end.at } : null,
    rated: Boolean(view.afterwards?.rating),
    error: room.fatal ?? room.refusal,
  };
}

/** What has happened between the two looks, in the order in which it is told. */
export function news(before: Seen, now: Seen): Said[] {
  const said: Said[] = [];
  if (now.session && !before.session) said.push(["ready", now.session]);
  if (now.checks && JSON.stringify(now.checks) !== JSON.stringify(before.checks)) said.push(["precheck", now.checks]);
  if (now.inside && !before.inside) said.push(["join", null]);
  if (now.other && !before.other) said.push(["peer-join", null]);
  if (!now.other && before.other && !now.over) said.push(["peer-leave", null]);
  if (now.waiting && !before.waiting) said.push(["waiting", null]);
  if (now.warning !== null && now.warning !== before.warning) said.push(["warning", { seconds: now.warning }]);
  if (now.quality && quality(now) !== quality(before)) said.push(["quality", told(now.quality, now.theirs)]);
  if (now.reconnecting !== before.reconnecting) said.push(["reconnecting", { active: now.reconnecting }]);
  if (!now.inside && before.inside && !now.over) said.push(["leave", { reason: now.out }]);
  if (now.ended && !before.ended) said.push(["ended", now.ended]);
  if (now.rated && before.session && !before.rated) said.push(["rated", null]);
  if (now.error && now.error !== before.error) said.push(["error", { code: now.error }]);
  return said;
}

function quality({ quality: mine, theirs }: Seen): string {
  return JSON.stringify([mine, theirs]);
}

function told(mine: Judged, theirs: Judged | null): Details["quality"] {
  return { level: mine.level, reason: mine.reason, other: theirs?.level ?? null };
}
