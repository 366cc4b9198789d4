"""Machine and policy against a short, slow model: one list of booleans per party, one for each second of the slot.

The model was written from rules.md and not from the code: it knows no facts, no table and no spans. Whatever happens,
in whatever order, both must say the same end, attendance and refund; and a few things must hold always.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from server.policy.facts import AnyFact, decode, encode, machine_facts
from server.policy.money import Money
from server.policy.settlement import settle
from server.policy.terms import Terms
from signaling.errors import UserError
from signaling.ledger import extend, verify
from signaling.session import (
    Accept,
    Depart,
    Ended,
    HangUp,
    How,
    Join,
    MediaUp,
    Outage,
    Role,
    Tick,
    advance,
    book,
    next_deadline,
    replay,
)

START, DUR, EARLY = 1_800_000_000_000, 600, 150
GRACE, LATE, WAIT, ALLOWED, AT_ONCE = 90, 60, 200, 180, 10
TERMS, FEE = Terms(), Money(7_777, "EUR")
C, E = Role.CLIENT, Role.EXPERT


@dataclass(frozen=True)
class Say:
    """One thing that happens at a second; ``back``: how many seconds ago it began (a drop, an outage)."""

    at: int
    what: str
    role: Role
    back: int


@st.composite
def stories(draw: st.DrawFn) -> list[Say]:
    times = draw(st.lists(st.integers(-EARLY, DUR + 40), unique=True, max_size=16).map(sorted))
    what = st.sampled_from(["join"] * 6 + ["drop"] * 3 + ["page", "step", "hang", "hang", "outage"])
    role, back = st.sampled_from([C, E]), st.integers(0, 15) | st.integers(0, 250)
    return [Say(at, draw(what), draw(role), draw(back)) for at in times]


def alive(say: Say, joined: int) -> int:
    """The last proof of life of a departure; at least a second after the join, so that every join is a presence."""
    return max(say.at - say.back, joined + 1) if say.what == "drop" else say.at


# --- the model --------------------------------------------------------------------------------------------------------


@dataclass
class Seat:
    here: bool = False
    since: int = 0  # start of the bridged presence
    joined: int = 0
    left: int | None = None  # away since
    limit: int = 0  # back before this is bridged
    how: str = ""
    there: list[bool] = field(default_factory=lambda: [False] * (EARLY + DUR + 100))
    gaps: list[tuple[int, int, str, bool]] = field(default_factory=list)  # from, to, how, past the grace

    def mark(self, start: int, end: int, value: bool) -> None:
        for second in range(start, end):
            self.there[second + EARLY] = value

    def go(self, at: int, left: int, how: str) -> None:
        self.here, self.left, self.limit, self.how = False, left, at + GRACE, how
        self.mark(left, at + 1, False)

    def come(self, at: int) -> None:
        if self.left is None:
            self.since = at
        else:
            late = at >= self.limit
            self.gaps.append((self.left, at, self.how, late))
            self.since = at if late else self.since
            self.mark(self.left, at, not late)
        self.here, self.left, self.joined = True, None, at

    def close(self, at: int) -> None:
        if self.left is not None:
            self.gaps.append((self.left, at, self.how, at >= self.limit))

    def arrived(self, until: int) -> int | None:
        for second in range(until):
            if self.there[second + EARLY]:
                while second > -EARLY and self.there[second - 1 + EARLY]:
                    second -= 1
                return second
        return None


class Model:
    def __init__(self, story: list[Say]) -> None:
        self.seats = {C: Seat(), E: Seat()}
        self.met, self.back = False, -EARLY
        self.dark: set[int] = set()  # seconds of the window in which we were away
        self.end: tuple[str, Role | str | None, int] | None = None
        self.ended_at = DUR
        previous = -EARLY - 1
        for say in story:
            began = say.at
            if say.what == "outage":
                began = max(previous + 1, say.at - say.back)
            for second in range(previous + 1, began + 1):
                self.second(second)
            if self.end is None and say.at > began:
                self.outage(began, say.at)
            elif self.end is None:
                self.say(say)
                self.meet(say.at)
            for seat in self.seats.values():
                if seat.here and self.end is None:
                    seat.mark(say.at, say.at + 1, True)
            previous = say.at
        for second in range(previous + 1, DUR + 1):
            self.second(second)
        for seat in self.seats.values():
            seat.close(self.ended_at)

    def second(self, at: int) -> None:
        """Nothing but time."""
        if self.end is None and at >= DUR:
            self.finish(DUR, None)
        if self.end is None:
            self.meet(at)
            for seat in self.seats.values():
                if seat.here:
                    seat.mark(at, at + 1, True)

    def meet(self, at: int) -> None:
        if at >= 0 and self.end is None and all(seat.here for seat in self.seats.values()):
            self.met = True

    def say(self, say: Say) -> None:
        me, other = self.seats[say.role], self.seats[say.role.other]
        if say.what == "join" and not me.here:
            me.come(say.at)
        elif say.what in ("drop", "page", "step") and me.here:
            me.go(say.at, alive(say, me.joined), say.what)
        elif say.what == "hang":
            self.hang(say, me, other)

    def hang(self, say: Say, me: Seat, other: Seat) -> None:
        if self.met and other.here:
            self.end, self.ended_at = ("hung_up", say.role, say.at), say.at  # P3.3, P3.4
        elif not me.here or (not self.met and other.here):
            pass
        elif not self.met:  # P1.3
            if say.at >= max(0, me.since, self.back) + WAIT:
                self.finish(say.at, None)
            else:
                me.go(say.at, say.at, "room")
        elif say.at >= other.limit:  # P3.8
            self.finish(say.at, None)
        else:
            me.go(say.at, say.at, "step")

    def outage(self, lost: int, at: int) -> None:
        self.dark |= set(range(max(0, lost), min(at, DUR)))
        if at >= DUR:
            for seat in self.seats.values():
                if seat.here:
                    seat.go(lost, lost, "service")
            self.finish(DUR, lost)
            return
        for seat in self.seats.values():
            if seat.here:
                seat.go(lost, lost, "service")
                seat.limit = at + GRACE
            elif seat.left is not None and seat.limit > lost:
                seat.limit = at + GRACE
        self.back = at

    def finish(self, at: int, lost: int | None) -> None:
        self.ended_at = at
        gone = {role: seat for role, seat in self.seats.items() if seat.left is not None}
        left = {role: seat.left for role, seat in gone.items() if seat.left is not None}
        ours = [left[role] for role, seat in gone.items() if seat.how == "service" and seat.limit > 0]
        if ours:  # P3.9
            self.end = ("interrupted", None, min(ours) if self.met else max(0, min(ours)))
        elif self.met and lost is not None:
            self.end = ("interrupted", None, lost)
        elif self.met:
            first = min(left, key=lambda role: left[role], default=None)
            together = len(gone) == 2 and abs(left[C] - left[E]) <= AT_ONCE
            if together and all(seat.how == "drop" for seat in gone.values()):
                self.end = ("interrupted", None, min(left.values()))
            elif first is not None and at >= gone[first].limit:
                self.end = ("lost" if gone[first].how == "drop" else "left_page", first, left[first])
            else:
                self.end = ("completed", None, at)
        elif self.dark and at - len(self.dark) < WAIT:  # P1.4
            self.end = ("interrupted", None, max(0, lost or 0))
        else:
            came = [role for role, seat in self.seats.items() if seat.arrived(at) is not None]
            absent = {0: "both", 1: came[0].other if came else None}.get(len(came))
            self.end = ("never_met", None, at) if absent is None else ("no_show", absent, at)

    # what it means

    def attendance(self, role: Role) -> tuple[str | None, int | None]:
        assert self.end
        until = self.end[2] if self.end[0] == "interrupted" else self.ended_at
        arrived = self.seats[role].arrived(until)
        if arrived is not None:
            late = max(0, arrived - len([second for second in self.dark if second < arrived]))
            return ("late" if late > LATE else "on_time"), late
        missed = len([second for second in self.dark if second < until])
        return ("no_show" if until - missed >= WAIT else None), None

    def absent(self) -> dict[int, str]:
        """P3.18: second by second, whether it was not delivered, and by which rule."""
        assert self.end
        reason, by, as_of = self.end
        expert = self.seats[E]
        found: dict[int, str] = {}

        def claim(seconds: set[int], rule: str) -> None:
            for second in sorted(seconds):
                if 0 <= second < DUR:
                    found.setdefault(second, rule)

        rest = set(range(as_of, DUR))
        if (reason, by) == ("hung_up", E):
            claim(rest, "P3.4")
        if reason in ("lost", "left_page") and by is E:
            claim(rest - self.client_first(as_of), "P3.6")
        if reason == "interrupted":
            ready = {second for second in range(as_of) if expert.there[second + EARLY]}
            claim(rest if self.met else set(range(DUR)) - ready, "P3.9")
        stop = min(self.ended_at, DUR)
        claim({second for second in self.dark if second < stop}, "P3.9")
        gaps = [gap for gap in expert.gaps if gap[0] > 0 or (not gap[3] and gap[1] < stop and expert.left != gap[0])]
        for start, end, how, past in gaps:
            if how == "service" and not past:
                claim(set(range(start, min(end, stop))), "P3.9")
        for start, end, _, past in gaps:
            if past:
                claim(set(range(start, min(end, stop))) - self.client_first(start), "P3.5")
        ours = {second for second, rule in found.items() if rule == "P3.9"} if reason != "interrupted" else set(found)
        left = ALLOWED
        for start, end, how, past in gaps:
            if past or how == "service":
                continue
            for second in sorted(set(range(max(0, start), min(end, stop))) - self.client_first(start) - ours):
                left -= 1
                if left < 0:
                    claim({second}, "P3.5")
        return found

    def client_first(self, at: int) -> set[int]:
        """When the client was away since before ``at``: not come yet, or itself lost past its grace."""
        client, stop = self.seats[C], self.ended_at
        assert self.end
        until = self.end[2] if self.end[0] == "interrupted" else stop
        arrived = client.arrived(until)
        spans = [(0, stop if arrived is None else arrived)]
        spans += [
            (max(0, start), end) for start, end, how, past in client.gaps if past and how != "service" and start > 0
        ]
        return {second for start, end in spans if start < at < end for second in range(start, end)}

    def refund(self) -> tuple[str, int]:
        assert self.end
        reason, by, _ = self.end
        if reason == "never_met":
            return "review", FEE.amount
        if reason == "no_show":
            return ("requested", FEE.amount) if by is E else ("none", 0)
        most = min(FEE.amount, -(-FEE.amount * len(self.absent()) // DUR))
        if not most:
            return "none", 0
        return ("requested" if reason == "interrupted" else "eligible"), most


# --- the real ones ----------------------------------------------------------------------------------------------------


def lived(story: list[Say], *, ticks: bool) -> list[AnyFact]:
    """The same story through the machine."""
    step = book(TERMS.slot(START, DUR * 1000), START - 86_400_000)
    session = step.session
    facts: list[AnyFact] = list(step.facts)
    hows = {"drop": How.CONNECTION, "page": How.PAGE, "step": How.STEPPED_OUT}
    previous = -EARLY - 1

    def happen(event: object, second: int) -> None:
        nonlocal session
        try:
            step = advance(session, event, START + second * 1000)  # type: ignore[arg-type]
        except UserError:
            return
        session = step.session
        facts.extend(step.facts)

    for role in Role:
        happen(Accept(role, "1"), -3600)
    joined = {C: -EARLY, E: -EARLY}
    for number, say in enumerate(story):
        began = max(previous + 1, say.at - say.back) if say.what == "outage" else say.at
        if say.what == "join" and not session.seat(say.role).here:
            joined[say.role] = say.at
        if ticks:
            happen(Tick(), began)
        if say.what == "outage":
            if say.at > began:
                happen(Outage(START + began * 1000), say.at)
        elif say.what == "join" and not session.seat(say.role).here:
            happen(Join(say.role, f"{number}"), say.at)
        elif say.what == "hang":
            happen(HangUp(say.role), say.at)
        elif say.what in hows and (seat := session.seat(say.role)).here:
            happen(
                Depart(say.role, seat.join or "", hows[say.what], START + alive(say, joined[say.role]) * 1000), say.at
            )
        if session.both_here and not session.media:
            happen(MediaUp(), say.at)
        if ticks:
            happen(Tick(), say.at)
        previous = say.at
    happen(Tick(), DUR + 5000)
    return facts


def summed(parts: list[tuple[str, int]]) -> dict[str, int]:
    return {rule: sum(span for name, span in parts if name == rule) for rule, _ in parts}


@settings(max_examples=600, deadline=None)
@given(stories(), st.booleans())
def test_machine_and_policy_say_what_the_model_says(story: list[Say], ticks: bool) -> None:
    facts, model = lived(story, ticks=ticks), Model(story)
    got = settle(facts, TERMS, FEE)
    by = None if got.by is None else got.by.value
    assert model.end is not None
    reason, whom, as_of = model.end
    assert (got.reason, by, (got.as_of - START) // 1000) == (reason, whom, as_of)
    for role in Role:
        attended = got.party(role).attendance
        late = None if attended.lateness is None else attended.lateness // 1000
        assert (attended.kind, late) == model.attendance(role), role
    assert (got.refund.status, got.refund.max_amount) == model.refund()
    if got.refund.status in ("eligible", "requested") and reason != "no_show":
        found = model.absent()
        assert summed([(part.rule, part.span // 1000) for part in got.refund.parts]) == summed(
            [(rule, 1) for rule in found.values()]
        )


@settings(max_examples=300, deadline=None)
@given(stories(), st.booleans())
def test_whatever_happens(story: list[Say], ticks: bool) -> None:
    facts = lived(story, ticks=ticks)
    session = replay(machine_facts(facts))
    assert session.over
    assert next_deadline(session) is None
    assert sum(isinstance(fact, Ended) for fact in facts) == 1  # P0.3
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    bodies = [encode(fact) for fact in facts]
    assert [decode(body) for body in bodies] == facts
    entries = extend("s", None, bodies)
    assert verify("s", entries) == entries[-1].hash  # P0.4
    got = settle(facts, TERMS, FEE)
    assert settle([decode(body) for body in bodies], TERMS, FEE) == got
    for role in Role:
        assert 0 <= got.party(role).present <= DUR * 1000  # delivered is never more than booked
    assert 0 <= got.refund.max_amount <= FEE.amount
    assert sum(part.span for part in got.refund.parts) <= DUR * 1000
    assert facts == lived(story, ticks=not ticks)  # timers change nothing
