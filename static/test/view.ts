import type { Afterwards, View } from "../src/protocol";

/** Minutes after the start of the session. */
export const at = (minute: number) => new Date(Date.UTC(2026, 10, 22, 15, minute)).toISOString();

export const MAY_NOTHING = {
  join: false,
  end: false,
  step_out: false,
  leave_at: null,
  request_refund: false,
  ask_consent: false,
  rate: false,
  report: [],
  claim: false,
  dispute: false,
  answer_rating: false,
  contest: false,
} as const;

/** A client in a call with its expert. */
export function view(changes: Partial<View> = {}): View {
  return {
    id: "bk_812",
    version: 5,
    server_time: at(1),
    status: "live",
    title: null,
    opens_at: at(-15),
    starts_at: at(0),
    ends_at: at(30),
    met: true,
    me: { role: "client", name: "Ada", accepted: true, here: true, join: "join_0001" },
    other: { role: "expert", name: "Grace", status: "here", punctual: false },
    guidelines: { version: "2026-11" },
    may: MAY_NOTHING,
    fee: null,
    reconnect_grace_seconds: 90,
    expert_absence_seconds: 0,
    held_until: null,
    consents: [],
    end: null,
    refund: null,
    ...changes,
  };
}

export const NOTHING_SAID: Afterwards = {
  rating: null,
  rating_of_me: null,
  rate_until: at(10_110),
  reports: [],
  reports_of_me: [],
  sanctions: [],
  excused: false,
  contested: false,
};
