import { expect, test } from "vitest";
import type { View } from "../src/protocol";
import { fromView, isPutOut, pageState, reduce, seated, stillChecking, withView } from "../src/session";

const at = (minute: number) => new Date(Date.UTC(2026, 10, 22, 15, minute)).toISOString();

const nothing = {
  ask_consent: false,
  rate: false,
  report: [],
  claim: false,
  dispute: false,
  answer_rating: false,
  contest: false,
};

function view(changes: Partial<View> = {}): View {
  return {
    id: "bk_812",
    version: 5,
    server_time: at(1),
    status: "waiting",
    title: null,
    opens_at: at(-15),
    starts_at: at(0),
    ends_at: at(30),
    met: false,
    me: { role: "client", name: "Ada", accepted: true, here: true, join: "join_0001" },
    other: { role: "expert", name: "Grace", status: "not_here", punctual: false },
    guidelines: { version: "2026-11" },
    may: { join: true, end: false, step_out: true, leave_at: at(10), request_refund: false, ...nothing },
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

const now = Date.parse(at(1));

test("what is older than what is known changes nothing", () => {
  const state = fromView(view({ version: 9 }));
  expect(reduce(state, { name: "peer", data: { version: 8, status: "here" } })).toBe(state);
  expect(withView(state, view({ version: 8 }))).toBe(state);
  expect(reduce(state, { name: "ended", data: { version: 8, view: view({ version: 8, status: "ended" }) } })).toBe(
    state,
  );
});

test("when the other comes, the call begins, and there is nobody alone to leave", () => {
  const state = reduce(fromView(view()), { name: "peer", data: { version: 6, status: "here", camera: false } });
  expect(state && pageState(state, true, now)).toBe("call");
  expect(state?.view.may.leave_at).toBeNull();
  expect(state?.sending).toEqual({ microphone: true, camera: false, screen: false });
});

test("held says until when, and resumed takes it back", () => {
  const live = fromView(
    view({ status: "live", met: true, other: { role: "expert", name: "Grace", status: "here", punctual: false } }),
  );
  const held = reduce(live, { name: "held", data: { version: 6, role: "expert", until: at(3) } });
  expect(held && pageState(held, true, now)).toBe("held");
  expect(held?.view.may.leave_at).toBe(at(3));
  const back = reduce(held, { name: "resumed", data: { version: 7, role: "expert" } });
  expect(back && pageState(back, true, now)).toBe("call");
  expect(back?.view.held_until).toBeNull();
});

test("at the booked end it is over by the clock alone, and a move puts it off", () => {
  const state = fromView(view({ status: "live" }));
  const end = Date.parse(at(30));
  expect(pageState(state, true, end - 1)).toBe("call");
  expect(pageState(state, true, end)).toBe("ended");
  const moved = reduce(state, { name: "moved", data: { version: 6, starts_at: at(0), ends_at: at(45) } });
  expect(moved && pageState(moved, true, end)).toBe("call");
});

test("without the seat it is the check-in, whatever the others do", () => {
  expect(pageState(fromView(view({ status: "live" })), false, now)).toBe("checkin");
});

test("who has just been seated waits, or meets who is there", () => {
  const me = { ...view().me, here: false, join: null };
  expect(seated(fromView(view({ status: "scheduled", me })), "join_0002").view.status).toBe("waiting");
  const other = { role: "expert", name: "Grace", status: "here", punctual: false } as const;
  expect(seated(fromView(view({ me, other })), "join_0002").view.status).toBe("live");
});

test("a booking that moved away puts the page out of the waiting room, and nothing else does", () => {
  const gone = { ...view().me, here: false, join: null };
  const moved = { opens_at: at(45), starts_at: at(60), ends_at: at(90) };
  expect(isPutOut(view({ status: "scheduled", me: gone, ...moved }), now)).toBe(true);
  expect(isPutOut(view({ status: "scheduled", me: gone, ...moved }), Date.parse(at(45)))).toBe(false); // a reconnect
  expect(isPutOut(view(), now)).toBe(false);
  expect(isPutOut(view({ status: "held", me: gone }), now)).toBe(false);
});

test("only the socket knows that the other is checking devices", () => {
  const state = fromView(view({ other: { role: "expert", name: "Grace", status: "checking", punctual: false } }));
  expect(stillChecking(state, view()).other.status).toBe("checking");
  expect(stillChecking(null, view()).other.status).toBe("not_here");
});
