"""The rules once more: slow, short, and written from docs/rules.md and nothing else.

It is told the happenings of a year, one by one, and answers each as the service must; afterwards it knows how every
session ended, who attended, what may be asked back, and where everybody stands. It shares no code with the program: a
window of time is an integer whose n-th bit is its n-th second, a person is a few lists, and everything is computed
anew whenever somebody asks. Where it and the program differ, one of them is wrong, and docs/rules.md says which.
"""

from __future__ import annotations

import copy
import heapq
from collections import defaultdict
from dataclasses import dataclass, field, replace

from tests.year.happenings import (
    CLIENT,
    DAY,
    EXPERT,
    MINUTE,
    NO,
    ROLES,
    YES,
    Answer,
    Appeal,
    AskRefund,
    Book,
    Cancel,
    Claim,
    Come,
    Complain,
    Confirm,
    Consent,
    Contest,
    Decide,
    DecideAppeal,
    DecideRefund,
    Dispute,
    Excuse,
    Go,
    HangUp,
    Happening,
    Impose,
    Lift,
    Move,
    OperatorEnds,
    Outage,
    PayRefund,
    Rate,
    Remove,
    Safety,
    Void,
    other,
)


@dataclass(frozen=True)
class Numbers:
    """The numbers in brackets in the rules, in seconds; the names are those of the terms."""

    opens_before: int = 900
    reconnect_grace: int = 90
    late_grace: int = 60
    late_zero: int = 600
    no_show_after_max: int = 600
    no_show_after_share: int = 3
    refund_window: int = 14 * DAY
    dispute_window: int = 14 * DAY
    gap_allowance: int = 180
    outage_window: int = 10
    refund_lateness: bool = False
    window: int = 20
    window_per_client: int = 3
    no_show_weight: int = 2
    fee_min_slots: int = 5
    fee_table: tuple[tuple[int, int], ...] = ((9_700, 10_200), (8_500, 10_000), (7_000, 9_500), (0, 9_000))
    fee_floor: int = 8_000
    fee_ceiling: int = 10_200
    badge_at: int = 9_700
    rating_window: int = 7 * DAY
    rating_min: int = 10
    rating_floor: int = 350
    rating_penalty: int = 500
    conduct_penalty: int = 500
    conduct_penalty_for: int = 90 * DAY
    complaint_threshold: int = 5
    conduct_ban: int = 30 * DAY
    confirm_sanctions: bool = False
    complaint_window: int = 30 * DAY
    complaint_window_long: int = 730 * DAY
    appeal_window: int = 183 * DAY

    def no_show_after(self, duration: int) -> int:
        return min(self.no_show_after_max, duration // self.no_show_after_share)


# --- a session --------------------------------------------------------------------------------------------------------


@dataclass
class Seat:
    here: bool = False
    device: str = ""
    joined: int = 0
    left: int | None = None  # away since
    limit: int = 0  # back before this is bridged (P0.7)
    how: str = ""
    stays: list[list[int | None]] = field(default_factory=list)  # from, to; None: still there
    gaps: list[tuple[int, int, str, bool, bool]] = field(default_factory=list)  # from, to, how, past the grace, back

    def come(self, at: int, device: str) -> None:
        if self.left is None:
            self.stays.append([at, None])
        else:
            late = at >= self.limit
            self.gaps.append((self.left, at, self.how, late, True))
            if late:
                self.stays.append([at, None])
            else:
                self.stays[-1][1] = None
        self.here, self.device, self.joined, self.left = True, device, at, None

    def go(self, at: int, alive: int, how: str, grace: int) -> None:
        self.here, self.left, self.how, self.limit = False, alive, how, at + grace
        self.stays[-1][1] = alive

    @property
    def since(self) -> int:
        start = self.stays[-1][0]
        assert start is not None
        return start


@dataclass(frozen=True)
class Mark:
    """What one slot says of the expert (P1.4)."""

    session: str
    starts: int
    ends: int
    at: int
    kind: str | None
    late: int | None
    met: bool
    no_show: bool
    client: str


@dataclass(frozen=True)
class End:
    reason: str
    by: str | None
    as_of: int
    at: int


class Call:
    """One session."""

    def __init__(self, book: Book, numbers: Numbers) -> None:
        self.id, self.numbers = book.session, numbers
        self.person = {CLIENT: book.client, EXPERT: book.expert}
        self.starts, self.ends, self.known = book.starts_at, book.ends_at, book.at
        self.fee, self.silent = book.fee, book.silent
        self.seats = {role: Seat() for role in ROLES}
        self.dark: list[tuple[int, int]] = []  # when the service was away
        self.back = 0
        self.met = False
        self.end: End | None = None
        self.earlier: list[Mark] = []
        self.factor: int | None = None
        self.consents: list[str] = []  # who asked, and was given it in writing
        self.rated: dict[str, int] = {}
        self.cause: str | None = None
        self.refund: Refund | None = None
        self.decided_at: int | None = None  # when somebody first decided about the refund
        self.left_marks: list[Mark] | None = None

    # --- what happens ---

    @property
    def live(self) -> bool:
        """Both are there, or they have met (P0.2)."""
        return self.met or all(seat.here for seat in self.seats.values())

    def live_to(self, now: int) -> None:
        """Nothing but time."""
        self.meet(now)
        if self.end is None and now >= self.ends:
            self.finish(self.ends, stop=True)

    def meet(self, now: int) -> None:
        if self.end is None and now >= self.starts and all(seat.here for seat in self.seats.values()):
            self.met = True

    def come(self, h: Come) -> Answer:
        seat = self.seats[h.role]
        if self.end or h.at < self.starts - self.numbers.opens_before:  # P0.5
            return NO
        if seat.here:
            seat.device, seat.joined = h.device, h.at  # P0.6
        else:
            seat.come(h.at, h.device)
        return YES

    def go(self, h: Go) -> Answer:
        seat = self.seats[h.role]
        if self.end is None and seat.here and seat.device == h.device:
            seat.go(h.at, max(min(h.alive, h.at), seat.joined), h.how, self.numbers.reconnect_grace)
        return YES

    def hang_up(self, h: HangUp) -> Answer:
        mine, theirs = self.seats[h.role], self.seats[other(h.role)]
        if self.end:
            return YES if self.end.reason != "cancelled" else NO  # P3.11
        if not self.met:
            if not mine.here or theirs.here:
                return NO
            wait = self.numbers.no_show_after(self.ends - self.starts)
            if h.at >= max(self.starts, mine.since, self.back) + wait:  # P1.3
                self.finish(h.at, stop=False)
            else:
                mine.go(h.at, h.at, "waiting_room", self.numbers.reconnect_grace)
        elif theirs.here:
            self.end = End("hung_up", h.role, h.at, h.at)  # P3.3, P3.4
            self.cause = h.cause if h.role == CLIENT else None
        elif mine.here and h.at >= theirs.limit:
            self.finish(h.at, stop=False)  # P3.8
        elif mine.here:
            mine.go(h.at, h.at, "stepped_out", self.numbers.reconnect_grace)
        return YES

    def stop(self, reason: str, by: str | None, at: int) -> Answer:
        """By somebody's word, whatever else is true."""
        if self.end:
            return NO
        self.end = End(reason, by, at, at)
        return YES

    def cancel(self, by: str, at: int) -> Answer:
        if self.end:
            return YES if self.end.reason == "cancelled" else NO
        return NO if self.met else self.stop("cancelled", by, at)

    def move(self, h: Move) -> Answer:
        if (h.starts_at, h.ends_at) == (self.starts, self.ends):
            return YES
        if self.end or h.ends_at <= h.at or (self.met and h.starts_at != self.starts):
            return NO
        if h.at >= self.starts and h.starts_at == self.starts and h.ends_at < min(self.ends, h.at + MINUTE):
            return NO
        if h.starts_at != self.starts:
            if h.at >= self.starts:  # P0.1: a slot that was left behind after its start stands
                self.earlier.append(self.mark(self.starts, self.ends, h.at, h.at, None))
            self.known = h.at
        if h.at < h.starts_at - self.numbers.opens_before:
            for seat in self.seats.values():
                if seat.here:
                    seat.go(h.at, h.at, "moved", self.numbers.reconnect_grace)
        self.starts, self.ends = h.starts_at, h.ends_at
        return YES

    def outage(self, since: int, at: int) -> None:
        if self.end:
            return
        self.live_to(since)
        if self.end:
            return
        self.dark.append((since, at))
        grace = self.numbers.reconnect_grace
        for seat in self.seats.values():
            if seat.here:
                seat.go(since, since, "service", grace)
            if at < self.ends and seat.left is not None and seat.limit > since:  # P3.9: every grace starts anew
                seat.limit = at + grace
        self.back = at
        if at >= self.ends:
            self.finish(self.ends, stop=True, lost=since)

    def finish(self, at: int, *, stop: bool, lost: int | None = None) -> None:
        """It ends with nobody's word: at the hard stop, or because who was alone went (P3.1, P3.6 to P3.10)."""
        gone = {role: seat for role, seat in self.seats.items() if seat.left is not None}
        left = {role: seat.left for role, seat in gone.items() if seat.left is not None}
        ours = [left[role] for role, seat in gone.items() if seat.how == "service" and seat.limit > self.starts]
        up = seconds(self.starts, at, self.starts) & ~self.mask(self.dark, self.starts)
        wait = self.numbers.no_show_after(self.ends - self.starts)
        whom: str | None = None
        if ours:  # who was there when we failed did not come back
            reason, as_of = "interrupted", min(ours) if self.met else max(self.starts, min(ours))
        elif self.met and lost is not None:
            reason, as_of = "interrupted", lost
        elif self.met:
            first = min(left, key=lambda role: left[role], default=None)
            at_once = len(left) == 2 and abs(left[CLIENT] - left[EXPERT]) <= self.numbers.outage_window
            if at_once and all(seat.how == "connection" for seat in gone.values()):
                reason, as_of = "interrupted", min(left.values())
            elif first is not None and at >= gone[first].limit:
                reason = "lost" if gone[first].how == "connection" else "left_page"
                whom, as_of = first, left[first]
            else:
                reason, as_of = "completed", at
        elif self.dark_in(self.starts, at) and up.bit_count() < wait:  # P1.4: it could not be met
            reason, as_of = "interrupted", max(self.starts, lost if lost is not None else 0)
        else:
            came = [role for role in ROLES if self.present(role, at) & seconds(self.starts, at, self.base)]
            as_of = self.ends if stop else at
            if len(came) == 2:
                reason = "never_met"
            else:
                reason, whom = "no_show", "both" if not came else other(came[0])
        self.end = End(reason, whom, as_of, at)

    # --- what it means ---

    @property
    def base(self) -> int:
        """The second that bit 0 stands for: early enough for everything that happened."""
        found = [self.starts, self.known, *(span[0] for span in self.dark)]
        return min(found + [int(stay[0] or 0) for seat in self.seats.values() for stay in seat.stays])

    def mask(self, spans: list[tuple[int, int]], base: int) -> int:
        found = 0
        for start, end in spans:
            found |= seconds(start, end, base)
        return found

    def dark_in(self, start: int, end: int) -> int:
        return (self.mask(self.dark, start) & seconds(start, end, start)).bit_count()

    def present(self, role: str, until: int) -> int:
        stays = [(start or 0, until if end is None else min(end, until)) for start, end in self.seats[role].stays]
        return self.mask(stays, self.base)

    def attendance(self, role: str, until: int) -> tuple[str | None, int | None, int | None]:
        """Of the slot that is now the last: kind, lateness, when it arrived (P1.1 to P1.4)."""
        end = self.end
        if end is not None and end.reason == "cancelled":
            late = end.at >= self.starts and end.by == EXPERT == role
            return ("no_show" if late else None), None, None
        until = min(until, self.ends, end.as_of if end is not None and end.reason == "interrupted" else until)
        known = max(self.starts, self.known)
        for start, stop in self.seats[role].stays:
            assert start is not None
            if start <= until and min(until, until if stop is None else stop) > self.starts:
                late_by = max(0, start - known - self.dark_in(known, start))
                return ("late" if late_by > self.numbers.late_grace else "on_time"), late_by, start
        waited = until - self.starts - self.dark_in(known, until)
        return ("no_show" if waited >= self.numbers.no_show_after(self.ends - self.starts) else None), None, None

    def mark(self, starts: int, ends: int, until: int, at: int, end: End | None) -> Mark:
        kind, late, _ = self.attendance(EXPERT, until)
        theirs = self.attendance(CLIENT, until)[0]
        met = self.met and end is not None
        return Mark(self.id, starts, ends, at, kind, late, met, "no_show" in (kind, theirs), self.person[CLIENT])

    def marks(self) -> list[Mark]:
        if self.end is None:
            return self.earlier
        if self.end.reason == "safety" and self.decided_at is None:
            return self.earlier  # P3.13: no mark on anyone until an operator decides
        if self.left_marks is None:
            since = self.decided_at if self.end.reason == "safety" else self.end.at
            last = self.mark(self.starts, self.ends, self.end.at, since or 0, self.end)
            self.left_marks = [*self.earlier, last]
        return self.left_marks

    def gaps(self, role: str) -> list[tuple[int, int, str, bool]]:
        """Inside the window and up to the end: from, to, how, past the grace."""
        assert self.end
        seat, stop = self.seats[role], min(self.end.at, self.ends)
        found = list(seat.gaps)
        if seat.left is not None and seat.left < self.end.at:
            found.append((seat.left, self.end.at, seat.how, self.end.at >= seat.limit, False))
        return [
            (max(start, self.starts), min(end, stop), how, late)
            for start, end, how, late, back in found
            if end > self.starts and start < stop and (start > self.starts or (back and not late))
        ]

    def client_first(self, at: int) -> int:
        """The seconds of absences of the client that had begun before ``at``: not come yet, or past its grace."""
        assert self.end
        stop = min(self.end.at, self.ends)
        arrived = self.attendance(CLIENT, self.end.at)[2]
        spans = [(self.starts, stop if arrived is None else arrived)]
        spans += [(start, end) for start, end, how, late in self.gaps(CLIENT) if late and how != "service"]
        return self.mask([(start, end) for start, end in spans if start < at < end], self.base)

    def absent(self) -> dict[str, int]:
        """P3.18: rule -> seconds that were not delivered, each second once, the rule that blames less first."""
        assert self.end
        end, base, stop = self.end, self.base, min(self.end.at, self.ends)
        window = seconds(self.starts, self.ends, base)
        found: dict[str, int] = defaultdict(int)
        taken = 0

        def claim(some: int, rule: str) -> None:
            nonlocal taken
            fresh = some & window & ~taken
            taken |= fresh
            found[rule] += fresh.bit_count()

        rest = seconds(end.as_of, self.ends, base)
        if end.reason == "hung_up" and end.by == EXPERT:
            claim(rest, "P3.4")
        if end.reason in ("lost", "left_page") and end.by == EXPERT:
            claim(rest & ~self.client_first(end.as_of), "P3.6")
        if end.reason == "interrupted":
            ready = self.present(EXPERT, end.at) & seconds(self.starts, end.as_of, base)
            claim(rest if self.met else window & ~ready, "P3.9")
        mine = self.gaps(EXPERT)
        ours = self.mask([(start, min(to, stop)) for start, to in self.dark], base)
        ours |= self.mask([(start, to) for start, to, how, late in mine if how == "service" and not late], base)
        claim(ours, "P3.9")
        for start, to, _, late in mine:
            if late:
                claim(seconds(start, to, base) & ~self.client_first(start), "P3.5")
        left = self.numbers.gap_allowance
        for start, to, how, late in mine:
            if late or how == "service":
                continue
            counted = seconds(start, to, base) & ~self.client_first(start) & ~ours
            while counted:
                first = counted & -counted
                counted ^= first
                left -= 1
                if left < 0:
                    claim(first, "P3.5")
        if self.numbers.refund_lateness:
            kind, _, arrived = self.attendance(EXPERT, end.at)
            if kind == "late" and arrived is not None:
                known = max(self.starts, self.known) + self.numbers.late_grace
                there = self.present(CLIENT, end.at) & seconds(self.starts, stop, base)
                claim(seconds(known, arrived, base) & there, "P3.18")
        return {rule: span for rule, span in found.items() if span}

    def settle(self) -> Refund:
        """The table at the end of P3."""
        assert self.end
        end, fee = self.end, self.fee
        reason, by = end.reason, end.by
        parts: dict[str, int] = {}
        for_cause = (self.met and self.silent) or bool(self.cause)  # P3.17
        if reason in ("never_met", "safety", "removed", "ended_by_operator"):
            gives = "review"
        elif reason == "no_show" or reason == "cancelled":
            whole = by == EXPERT if reason == "no_show" else by in (EXPERT, "platform", "operator")  # P3.10
            gives = "whole" if whole else "nothing"
        else:
            gives = "rest" if reason == "interrupted" else "parts"
        if for_cause:
            gives = "review"
        if gives in ("review", "rest", "parts"):
            parts = self.absent()
        elif gives == "whole":
            parts = {"P3.10": self.ends - self.starts}
        most = min(fee, -(-fee * sum(parts.values()) // (self.ends - self.starts)))
        most = fee if gives == "review" else most
        status = {"review": "review", "rest": "requested", "whole": "requested", "parts": "eligible"}.get(gives, "none")
        refund = Refund(status if most else "none", most, fee, end.at, parts)
        if refund.status == "eligible":
            refund.until = end.at + self.numbers.refund_window
        if refund.status == "requested":
            refund.requested = most
        return refund


def seconds(start: int, end: int, base: int) -> int:
    """The seconds from ``start`` up to ``end`` as bits, the second ``base`` being bit 0."""
    start, end = max(start, base) - base, max(end, base) - base
    return (1 << end) - (1 << start) if end > start else 0


# --- a refund ---------------------------------------------------------------------------------------------------------


@dataclass
class Refund:
    """P3.12."""

    status: str
    most: int
    fee: int
    ended: int
    parts: dict[str, int]
    settled_most: int = 0
    until: int | None = None
    requested: int | None = None
    approved: int | None = None
    declined_at: int | None = None
    disputed: bool = False
    claimed: bool = False
    owed: int = 0

    def __post_init__(self) -> None:
        self.settled_most = self.most

    def live_to(self, now: int) -> None:
        if self.status == "eligible" and self.until is not None and now >= self.until:
            self.status = "expired"

    def ask(self, amount: int | None) -> Answer:
        if self.status != "eligible" or (amount is not None and not 0 < amount <= self.most):
            return NO
        self.status, self.requested = "requested", self.most if amount is None else amount
        return YES

    def decide(self, approved: bool, amount: int | None, now: int, numbers: Numbers) -> Answer:
        if self.status not in ("requested", "disputed", "review"):
            return NO
        limit = self.requested if self.requested is not None else self.most
        if approved and amount is not None and not 0 < amount <= limit:
            return NO
        allowed = limit if amount is None else amount
        if self.status == "review":
            if not approved and self.owed:
                approved, allowed, self.owed = True, self.owed, 0  # a claim that fails takes nothing away
            self.status, self.most = ("eligible", allowed) if approved else ("none", self.most)
            self.until = now + numbers.refund_window if approved else None
        else:
            self.status = "approved" if approved else "declined"
            self.approved = allowed if approved else self.approved
        if not approved:
            self.declined_at = now
        return YES

    def claim(self, now: int, numbers: Numbers) -> Answer:
        in_time = now < self.ended + numbers.refund_window
        if self.claimed or not self.fee or not in_time or self.status not in ("none", "eligible"):
            return NO
        self.owed = self.most if self.status == "eligible" else 0
        self.status, self.most, self.claimed, self.until = "review", self.fee, True, None
        return YES

    def dispute(self, now: int, numbers: Numbers) -> Answer:
        in_time = self.declined_at is not None and now < self.declined_at + numbers.dispute_window
        if self.status != "declined" or self.disputed or not in_time:
            return NO
        self.status, self.disputed = "disputed", True
        return YES


# --- a person ---------------------------------------------------------------------------------------------------------


@dataclass
class Complaint:
    id: str
    at: int
    session: str
    by: str
    role: str  # of the accused
    category: str
    met: bool
    consented: bool
    status: str = "open"
    upheld_at: int | None = None

    def counts(self, category: str) -> bool:
        """Towards P2.3, in this category."""
        if self.category != category or self.status == "dismissed" or not self.met:
            return False
        if category == "privacy":
            return not self.consented or self.status == "upheld"  # P5.3
        return self.role == EXPERT  # P2.4


@dataclass
class Sanction:
    """``why`` it was lifted: dismissals, appeal, operator, confirmed."""

    basis: str
    measure: str
    roles: tuple[str, ...]
    at: int
    until: int | None
    complaints: tuple[str, ...] = ()
    lifted: int | None = None
    why: str | None = None
    appeal: str | None = None

    def stands(self) -> bool:
        return self.lifted is None

    def in_force(self, now: int) -> bool:
        return self.stands() and (self.until is None or now < self.until)


@dataclass
class Rating:
    at: int
    stars: int
    role: str  # of the rated
    ended: int
    call: Call
    voided: bool = False

    def shown(self, now: int, numbers: Numbers) -> bool:
        """P2.1."""
        both = len(self.call.rated) == 2 and max(self.call.rated.values()) <= now
        return both or now >= self.ended + numbers.rating_window


class Person:
    def __init__(self) -> None:
        self.complaints: list[Complaint] = []
        self.sanctions: list[Sanction] = []
        self.ratings: list[Rating] = []
        self.calls: list[Call] = []  # as an expert
        self.excused: set[tuple[str, int]] = set()
        self.contested: set[tuple[str, int]] = set()

    def barred(self, role: str, now: int, *, booking: bool = False) -> bool:
        """P2.6."""
        return any(
            sanction.in_force(now) and role in sanction.roles and (booking or sanction.measure != "hold")
            for sanction in self.sanctions
        )

    def counted(self, now: int, numbers: Numbers) -> list[tuple[Mark, int, int]]:
        """The slots that punctuality is computed from, newest first: mark, score in bps, weight (P1.5)."""
        marks = [mark for call in self.calls for mark in call.marks() if mark.ends <= now and mark.at <= now]
        marks = [mark for mark in marks if mark.kind and (mark.met or mark.no_show)]
        marks = [mark for mark in marks if (mark.session, mark.starts) not in self.excused]
        marks.sort(key=lambda mark: (mark.ends, mark.session, mark.starts), reverse=True)
        found: list[tuple[Mark, int, int]] = []
        for mark in marks:
            same = [each for each, _, _ in found if each.client == mark.client]
            if len(found) < numbers.window and len(same) < numbers.window_per_client:
                found.append((mark, *self.score(mark, numbers)))
        return found

    def score(self, mark: Mark, numbers: Numbers) -> tuple[int, int]:
        if mark.kind == "no_show":
            return 0, numbers.no_show_weight
        if mark.kind == "on_time":
            return 10_000, 1
        span = numbers.late_zero - numbers.late_grace
        return max(0, (numbers.late_zero - (mark.late or 0)) * 10_000 // span), 1

    def punctuality(self, now: int, numbers: Numbers) -> tuple[int | None, int]:
        """In bps, and over how many slots."""
        counted = self.counted(now, numbers)
        if not counted:
            return None, 0
        weights = sum(weight for _, _, weight in counted)
        return sum(score * weight for _, score, weight in counted) // weights, len(counted)

    def factor(self, now: int, numbers: Numbers) -> int:
        """P1.6 and P2.8."""
        bps = 10_000
        punctuality, counted = self.punctuality(now, numbers)
        if punctuality is not None and counted >= numbers.fee_min_slots:
            bps = next(row for least, row in numbers.fee_table if punctuality >= least)
        for complaint in self.complaints:
            upheld = complaint.status == "upheld" and complaint.category == "conduct" and complaint.role == EXPERT
            if upheld and complaint.upheld_at is not None and now < complaint.upheld_at + numbers.conduct_penalty_for:
                bps -= numbers.conduct_penalty
        stars = [r.stars for r in self.ratings if r.role == EXPERT and not r.voided and r.shown(now, numbers)]
        if len(stars) >= numbers.rating_min and sum(stars) * 100 < numbers.rating_floor * len(stars):
            bps -= numbers.rating_penalty
        return max(numbers.fee_floor, min(numbers.fee_ceiling, bps))

    # --- sanctions (P2.3 to P2.5) ---

    def review(self, now: int, numbers: Numbers) -> bool:
        """After anything has changed. Whether a new sanction keeps this person from its sessions."""
        new = False
        for category in ("conduct", "deception", "privacy"):
            ended: list[Sanction] = []
            for sanction in self.sanctions:
                if sanction.basis == category and sanction.stands() and sanction.complaints:
                    theirs = [c for c in self.complaints if c.id in sanction.complaints and c.counts(category)]
                    if len({complaint.by for complaint in theirs}) < numbers.complaint_threshold:  # P2.5
                        sanction.lifted, sanction.why = now, "dismissals"
                        ended.append(sanction)
            new |= self.count(category, now, numbers, ended)
        return new

    def count(self, category: str, now: int, numbers: Numbers, ended: list[Sanction]) -> bool:
        mine = [sanction for sanction in self.sanctions if sanction.basis == category]
        if any(sanction.stands() and sanction.measure in ("permanent", "hold") for sanction in mine):
            return False
        used = {id_ for s in mine if s.why not in ("dismissals", "confirmed") for id_ in s.complaints}
        fresh = [c for c in self.complaints if c.counts(category) and c.id not in used]
        first = [s for s in mine if s.measure == "suspension" and s.why not in ("dismissals", "appeal")]
        if first:  # P2.3: the second time needs five that were filed after the first began
            fresh = [complaint for complaint in fresh if complaint.at > first[0].at]
        if len({complaint.by for complaint in fresh}) < numbers.complaint_threshold:
            return False
        ids = tuple(complaint.id for complaint in fresh)
        if numbers.confirm_sanctions:
            self.sanctions.append(Sanction(category, "hold", self.roles(category), now, None, ids))
            return False
        self.impose(category, now, numbers, ids, bool(first), ended)
        return True

    def impose(
        self,
        category: str,
        now: int,
        numbers: Numbers,
        complaints: tuple[str, ...],
        again: bool,
        ended: list[Sanction],
    ) -> None:
        measure, until = "permanent", None
        if category == "conduct" and not again:
            measure, until = "suspension", now + numbers.conduct_ban
            for sanction in ended:  # nobody's ban is lengthened by a dismissal in its favour
                if sanction.measure == "suspension":
                    until = sanction.until
        self.sanctions.append(Sanction(category, measure, self.roles(category), now, until, complaints))

    @staticmethod
    def roles(category: str) -> tuple[str, ...]:
        return ROLES if category == "privacy" else (EXPERT,)  # P2.4


# --- everything -------------------------------------------------------------------------------------------------------


class Model:
    """Told one happening after the other, it answers each."""

    def __init__(self, numbers: Numbers | None = None) -> None:
        self.numbers = numbers or Numbers()
        self.calls: dict[str, Call] = {}
        self.people: dict[str, Person] = defaultdict(Person)
        self.complaints: dict[str, tuple[str, Complaint]] = {}  # id -> the accused, the complaint
        self.said: set[tuple[str, str, str]] = set()  # session, complainant, category as it was filed
        self.due: list[tuple[int, str]] = []
        self.open: set[str] = set()
        self.booked: set[str] = set()
        self.accepted: list[tuple[Happening, str | None]] = []  # with the basis of the sanction it was about

    def happen(self, h: Happening) -> Answer:
        """One more happening, in order of time."""
        self.live_to(h.since if isinstance(h, Outage) else h.at)
        about = self.about(h)
        answer = self.answer(h)
        if answer.accepted:
            self.accepted.append((h, about))
        session = getattr(h, "session", None)
        if session in self.calls:
            call = self.calls[session]
            call.meet(h.at)
            self.settle(call)
        return answer

    def live_to(self, now: int) -> None:
        """Whose end has come, ends (P3.1)."""
        while self.due and self.due[0][0] <= now:
            _, session = heapq.heappop(self.due)
            call = self.calls[session]
            if call.end is None and call.ends <= now:
                call.live_to(now)
                self.settle(call)

    def settle(self, call: Call) -> None:
        if call.end is not None and call.refund is None:
            call.refund = call.settle()
            self.open.discard(call.id)

    def answer(self, h: Happening) -> Answer:
        match h:
            case Book():
                return self.book(h)
            case Outage():
                for session in sorted(self.open):
                    call = self.calls[session]
                    if call.starts < h.at + DAY:
                        call.outage(h.since, h.at)
                        self.settle(call)
                return YES
            case Decide():
                return self.decide(h)
            case Impose() | Lift() | Confirm() | Appeal() | DecideAppeal():
                return self.sanction(h)
            case _:
                call = self.calls.get(h.session)
                if call is None:
                    return NO
                call.live_to(h.at)
                self.settle(call)
                return self.in_call(call, h)

    def book(self, h: Book) -> Answer:
        if (known := self.calls.get(h.session)) is not None:  # P0.1: booked again is moved, if at all
            known.live_to(h.at)
            moved = known.move(Move(h.at, h.session, h.starts_at, h.ends_at, "platform"))
            heapq.heappush(self.due, (known.ends, known.id))
            return Answer(True, known.factor) if moved.accepted else NO
        barred = any(
            self.people[who].barred(role, h.at, booking=True) for role, who in ((CLIENT, h.client), (EXPERT, h.expert))
        )
        if barred or h.ends_at <= h.at:
            return NO
        call = self.calls[h.session] = Call(h, self.numbers)
        self.booked |= {h.client, h.expert}
        expert = self.people[h.expert]
        expert.calls.append(call)
        call.factor = expert.factor(h.at, self.numbers)
        self.open.add(call.id)
        heapq.heappush(self.due, (call.ends, call.id))
        return Answer(True, call.factor)

    def in_call(self, call: Call, h: Happening) -> Answer:
        match h:
            case Come():
                if not call.live and self.people[call.person[h.role]].barred(h.role, h.at):
                    return NO  # P2.6
                return call.come(h)
            case Go():
                return call.go(h)
            case HangUp():
                return call.hang_up(h)
            case Safety():
                if not call.end and not call.live:
                    return NO
                if not call.end:
                    call.stop("safety", h.role, h.at)
                if (call.id, call.person[h.role], h.category) in self.said:
                    return YES
                return self.complain(call, Complain(h.at, h.session, h.role, h.category, h.complaint))
            case Remove():
                return call.stop("removed", h.role, h.at)
            case OperatorEnds():
                return call.stop("ended_by_operator", "operator", h.at)
            case Cancel():
                return call.cancel(h.by, h.at)
            case Move():
                answer = call.move(h)
                heapq.heappush(self.due, (call.ends, call.id))
                return answer
            case Consent():
                if not call.met or call.end:
                    return NO
                if h.given:
                    call.consents.append(h.role)
                return YES
            case Complain():
                return self.complain(call, h)
            case Rate():
                return self.rate(call, h)
            case Void():
                return self.void(call, h)
            case Excuse() | Contest():
                return self.mind(call, h)
            case AskRefund() | DecideRefund() | PayRefund() | Claim() | Dispute():
                return self.refund(call, h)
            case _:
                raise AssertionError(h)

    # --- what is said of persons ---

    def about(self, h: Happening) -> str | None:
        """The basis of the sanction that an act on a sanction is about."""
        if not isinstance(h, Lift | Appeal | Confirm | DecideAppeal):
            return None
        of = [s for s in self.people[h.person].sanctions if s.in_force(h.at)]
        if isinstance(h, DecideAppeal):
            of = [s for s in self.people[h.person].sanctions if s.appeal == "pending" and s.stands()]
        return of[-1].basis if of else None

    def complain(self, call: Call, h: Complain) -> Answer:
        """P2.2."""
        me, accused = call.person[h.role], call.person[other(h.role)]
        came = any(seat.stays for seat in call.seats.values())
        if not (call.met or (call.end is not None and came)):
            return NO
        long = h.category in ("deception", "privacy")
        window = self.numbers.complaint_window_long if long else self.numbers.complaint_window
        if call.end is not None and h.at >= call.end.at + window:
            return NO
        if (call.id, me, h.category) in self.said:
            return NO
        self.said.add((call.id, me, h.category))
        consented = other(h.role) in call.consents
        made = Complaint(h.complaint, h.at, call.id, me, other(h.role), h.category, call.met, consented)
        self.complaints[h.complaint] = accused, made
        self.people[accused].complaints.append(made)
        self.review(accused, h.at)
        return YES

    def decide(self, h: Decide) -> Answer:
        """P2.5."""
        if h.complaint not in self.complaints:
            return NO
        accused, complaint = self.complaints[h.complaint]
        if h.verdict in ("upheld", "dismissed"):
            if complaint.status == h.verdict:
                return NO
            complaint.status = h.verdict
            complaint.upheld_at = h.at if h.verdict == "upheld" else None
        elif complaint.category == h.verdict:
            return NO
        else:
            complaint.category = h.verdict
        self.review(accused, h.at)
        return YES

    def review(self, who: str, now: int) -> None:
        if self.people[who].review(now, self.numbers):
            self.clear(who, now)

    def clear(self, who: str, now: int) -> None:
        """P2.6: what has not gone live is cancelled."""
        for session in sorted(self.open):
            call = self.calls[session]
            for role, person in call.person.items():
                if person == who and self.people[who].barred(role, now):
                    call.live_to(now)
                    if not call.live:
                        call.cancel("platform", now)
                    self.settle(call)

    def sanction(self, h: Impose | Lift | Confirm | Appeal | DecideAppeal, basis: str | None = None) -> Answer:
        """``basis``: only of such a sanction is it said."""
        person = self.people[h.person]
        standing = [s for s in person.sanctions if s.in_force(h.at) and basis in (None, s.basis)]
        match h:
            case Impose():
                if h.person not in self.booked:  # nobody knows this person
                    return NO
                until = None if h.seconds is None else h.at + h.seconds
                measure = "permanent" if until is None else "suspension"
                person.sanctions.append(Sanction("operator", measure, h.roles, h.at, until))
                self.clear(h.person, h.at)
                return YES
            case Lift():
                return self.lift(h.person, standing, "operator", h.at)
            case Confirm():
                holds = [sanction for sanction in standing if sanction.measure == "hold"]
                if not holds or holds[-1].appeal == "pending":  # what is appealed is decided first
                    return NO
                hold = holds[-1]
                hold.lifted, hold.why = h.at, "confirmed"
                mine = [s for s in person.sanctions if s.basis == hold.basis and s.measure == "suspension"]
                again = any(sanction.why not in ("dismissals", "appeal") for sanction in mine)
                person.impose(hold.basis, h.at, self.numbers, hold.complaints, again, [])
                self.clear(h.person, h.at)
                return YES
            case Appeal():
                if not standing or standing[-1].appeal or h.at >= standing[-1].at + self.numbers.appeal_window:
                    return NO
                standing[-1].appeal = "pending"
                return YES
            case DecideAppeal():
                waiting = [s for s in person.sanctions if s.appeal == "pending" and s.stands()]
                waiting = [s for s in waiting if basis in (None, s.basis)]
                if not waiting:
                    return NO
                waiting[-1].appeal = "granted" if h.granted else "refused"
                return self.lift(h.person, waiting[-1:], "appeal", h.at) if h.granted else YES

    def lift(self, who: str, standing: list[Sanction], why: str, now: int) -> Answer:
        if not standing:
            return NO
        standing[-1].lifted, standing[-1].why = now, why
        self.review(who, now)
        return YES

    def rate(self, call: Call, h: Rate) -> Answer:
        """P2.1."""
        if call.end is None or not call.met or h.at >= call.end.at + self.numbers.rating_window or h.role in call.rated:
            return NO
        call.rated[h.role] = h.at
        rated = self.people[call.person[other(h.role)]]
        rated.ratings.append(Rating(h.at, h.stars, other(h.role), call.end.at, call))
        return YES

    def void(self, call: Call, h: Void) -> Answer:
        for rating in self.people[call.person[other(h.role)]].ratings:
            if rating.call is call and rating.role == other(h.role) and not rating.voided:
                rating.voided = True
                return YES
        return NO

    def mind(self, call: Call, h: Excuse | Contest) -> Answer:
        """P1.8: of the last slot, where it says something against the expert."""
        if call.end is None:
            return NO
        expert, mark = self.people[call.person[EXPERT]], (call.id, call.starts)
        said = expert.excused if isinstance(h, Excuse) else expert.contested
        if call.attendance(EXPERT, call.end.at)[0] not in ("late", "no_show") or mark in said | expert.excused:
            return NO
        said.add(mark)
        return YES

    def refund(self, call: Call, h: AskRefund | DecideRefund | PayRefund | Claim | Dispute) -> Answer:
        refund = call.refund
        if refund is None:
            return NO
        refund.live_to(h.at)
        match h:
            case AskRefund():
                return refund.ask(h.amount)
            case DecideRefund():
                answer = refund.decide(h.approved, h.amount, h.at, self.numbers)
                if answer.accepted and call.decided_at is None:
                    call.decided_at = h.at
                return answer
            case Claim():
                return refund.claim(h.at, self.numbers)
            case Dispute():
                return refund.dispute(h.at, self.numbers)
            case PayRefund():
                done = refund.status == "approved"
                refund.status = "settled" if done else refund.status
                return YES if done else NO


# --- other numbers ----------------------------------------------------------------------------------------------------


def again(lived: Model, numbers: Numbers) -> Model:
    """The same year judged by other numbers: everything took place as it did, nobody is kept away, nothing cancelled.

    What was said of sanctions is said of those that stand now. The limits that the calls lived by stay as they were.
    """
    judged = Model(numbers)
    judged.booked = lived.booked
    for name, call in lived.calls.items():
        same = judged.calls[name] = copy.copy(call)
        same.numbers, same.left_marks, same.rated, same.consents, same.factor = numbers, None, {}, [], None
        same.earlier = [judged_again(mark, numbers) for mark in call.earlier]
        same.refund = same.settle() if same.end is not None else None
    for h, about in lived.accepted:
        match h:
            case Book() if judged.calls[h.session].factor is None:
                call, expert = judged.calls[h.session], judged.people[h.expert]
                expert.calls.append(call)
                call.factor = expert.factor(h.at, numbers)
            case Safety() if h.complaint in lived.complaints:
                said = Complain(h.at, h.session, h.role, h.category, h.complaint)
                judged.complain(judged.calls[h.session], said)
            case Consent():
                judged.calls[h.session].consents += [h.role] if h.given else []
            case Complain() | Rate() | Void():
                judged.in_call(judged.calls[h.session], h)
            case Decide() | Impose():
                judged.answer(h)
            case Excuse():
                call = lived.calls[h.session]
                judged.people[call.person[EXPERT]].excused.add((call.id, call.starts))
            case Lift() | Appeal() | DecideAppeal() if about is not None:
                judged.sanction(h, about)
            case _:
                pass
    return judged


def judged_again(mark: Mark, numbers: Numbers) -> Mark:
    late = mark.late is not None and mark.late > numbers.late_grace
    return replace(mark, kind=mark.kind if mark.late is None else "late" if late else "on_time")
