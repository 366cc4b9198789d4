/**
 * What is known of the session: the newest snapshot with every event since. No DOM, no network, no clock.
 *
 * The server's view is the truth; between two of them an event changes only what it says, so that the page can show it at
 * once. What is older than what is known is ignored.
 */

import type { Events, IceServer, View } from "./protocol";

/** What the other says that it is sending; null before it said anything. */
export interface Sending {
  microphone: boolean;
  camera: boolean;
  screen: boolean;
}

export interface SessionState {
  version: number;
  view: View;
  sending: Sending | null;
  iceServers: readonly IceServer[];
}

export type PageState = "checkin" | "waiting" | "call" | "held" | "ended" | "replaced" | "error";

/** Those events that change what is known; the rest (negotiate, description, …) are for the peer connection. */
export type StateEvent = {
  [Name in "snapshot" | "peer" | "held" | "resumed" | "moved" | "consent" | "ended"]: {
    name: Name;
    data: Events[Name];
  };
}[keyof Pick<Events, "snapshot" | "peer" | "held" | "resumed" | "moved" | "consent" | "ended">];

export function fromView(view: View): SessionState {
  return { version: view.version, view, sending: null, iceServers: [] };
}

export function withView(state: SessionState | null, view: View): SessionState {
  if (state && view.version < state.version) return state;
  return state ? { ...state, version: view.version, view } : fromView(view);
}

export function reduce(state: SessionState | null, event: StateEvent): SessionState | null {
  if (event.name === "snapshot") {
    const next = withView(state, event.data.view);
    return { ...next, iceServers: event.data.ice_servers };
  }
  if (event.name === "ended") return withView(state, event.data.view);
  if (!state || event.data.version < state.version) return state;
  const known = { ...state, version: event.data.version };
  const { view } = state;
  switch (event.name) {
    case "peer": {
      const { status, running_late_minutes = null, microphone, camera, screen } = event.data;
      const other = { ...view.other, status, running_late_minutes };
      const sending = {
        microphone: microphone ?? state.sending?.microphone ?? true,
        camera: camera ?? state.sending?.camera ?? true,
        screen: screen ?? state.sending?.screen ?? false,
      };
      const told = microphone != null || camera != null || screen != null;
      return { ...known, view: settle({ ...view, other }), sending: told ? sending : state.sending };
    }
    case "held": {
      const { role, until } = event.data;
      if (role === view.me.role) return { ...known, view: { ...view, status: "held" } };
      return {
        ...known,
        view: {
          ...view,
          status: "held",
          held_until: until,
          other: { ...view.other, status: "away" },
          may: { ...view.may, end: false, leave_at: until },
        },
      };
    }
    case "resumed": {
      if (event.data.role === view.me.role)
        return { ...known, view: settle({ ...view, me: { ...view.me, here: true } }) };
      return { ...known, view: settle({ ...view, other: { ...view.other, status: "here" } }) };
    }
    case "moved": {
      const { starts_at, ends_at } = event.data;
      return { ...known, view: { ...view, starts_at, ends_at } };
    }
    case "consent":
      return { ...known, view: { ...view, consents: event.data.consents } };
  }
}

/** The phase that follows from who is here (P0.2), until the server's next view says it. */
function settle(view: View): View {
  if (isOver(view)) return view;
  const other = view.other.status === "here";
  if (view.me.here && other) {
    return { ...view, status: "live", held_until: null, may: { ...view.may, leave_at: null } };
  }
  if (view.status === "live" && !other) return { ...view, status: view.met ? "held" : "waiting" };
  return view;
}

/** A second for what the page's clock may be off: what it offers, the server must give. */
const MARGIN_MS = 1000;

/** Whether this party, being alone, may leave freely by now (P1.3, P3.8). */
export function mayLeaveFreely(view: View, now: number): boolean {
  return view.may.leave_at !== null && now >= Date.parse(view.may.leave_at) + MARGIN_MS;
}

export function isOver(view: View): boolean {
  return view.status === "ended" || view.status === "cancelled";
}

/** Which of the states the page is in; `joined` is whether this page holds (or is taking) the seat. */
export function pageState(state: SessionState, joined: boolean, now: number): PageState {
  const { view } = state;
  if (isOver(view) || now >= Date.parse(view.ends_at)) return "ended";
  if (!joined) return "checkin";
  if (view.status === "live") return "call";
  return view.status === "held" ? "held" : "waiting";
}

/** The booking moved away and its doors are shut again: this page holds no seat anymore, and has to join anew (P0.1). */
export function isPutOut(view: View, now: number): boolean {
  return view.status === "scheduled" && !view.me.here && now < Date.parse(view.opens_at);
}

/** This page has just been given the seat. */
export function seated(state: SessionState, join: string | null): SessionState {
  const { view } = state;
  const status = view.status === "scheduled" ? "waiting" : view.status;
  const me = { ...view.me, here: true, accepted: true, join };
  return { ...state, view: settle({ ...view, status, me }) };
}

/** A view that did not come by the socket cannot know that the other has the page open; what the socket said stands. */
export function stillChecking(state: SessionState | null, view: View): View {
  if (state?.view.other.status !== "checking" || view.other.status !== "not_here") return view;
  return { ...view, other: { ...view.other, status: "checking" } };
}
