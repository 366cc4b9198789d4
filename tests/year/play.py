"""The scripted year through the program: the real machine, the real policy, and a desk in memory between them.

``Desk`` keeps what the real desk keeps (ledgers of sessions and of persons, marks, dossiers) and does in the same order
what the real one does in its transactions, but without a database, so that a year takes a minute. It decides nothing:
what is accepted, and what follows, is asked of ``signaling.session`` and ``server.policy``.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from server.policy import conduct, consent, fees, people, ratings
from server.policy import facts as session_facts
from server.policy.facts import (
    AnyFact,
    FeeFactored,
    Priced,
    RefundDecided,
    Revised,
    Settled,
)
from server.policy.fees import FeeFactor
from server.policy.money import Money
from server.policy.people import Dossier, FactorChanged, Measure, OtherRated, PersonFact, SanctionImposed, occasion
from server.policy.punctuality import Mark, marks_of, punctuality
from server.policy.refund import RefundState, claim, decide, dispute, expire, refund_state, request, settled
from server.policy.settlement import settle
from server.policy.terms import Terms
from server.policy.verdict import AttendanceKind
from signaling.errors import HeadstrtError, NotFound, UserError
from signaling.ledger import Entry, extend
from signaling.session import (
    Accept,
    Depart,
    EndByOperator,
    Event,
    How,
    Join,
    LeaveForSafety,
    MediaUp,
    Moved,
    Ms,
    Phase,
    Role,
    Session,
    Tick,
    Whom,
    advance,
    book,
)
from signaling.session import Cancel as CancelEvent
from signaling.session import HangUp as HangUpEvent
from signaling.session import Move as MoveEvent
from signaling.session import Outage as OutageEvent
from signaling.session import Remove as RemoveEvent
from tests.year.happenings import (
    DAY,
    NO,
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
)

NEW_YEAR: Ms = 1_798_761_600_000
"""2027-01-01T00:00:00Z: second 0 of the scripted year."""

CURRENCY = "EUR"
MARKS_AT_ONCE = 200  # as the store reads them


def ms(second: int) -> Ms:
    return NEW_YEAR + second * 1_000


def second(at: Ms) -> int:
    """The inverse; everything in this year falls on a whole second."""
    found, rest = divmod(at - NEW_YEAR, 1_000)
    assert rest == 0, at
    return found


@dataclass
class Record:
    """One session. ``entries``: its ledger as it would be stored."""

    id: str
    client: str
    expert: str
    silent: bool
    fee: Money | None
    session: Session
    facts: list[AnyFact] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def who(self, role: Role) -> str:
        return self.client if role is Role.CLIENT else self.expert

    @property
    def factor(self) -> int:
        return next(fact.bps for fact in self.facts if isinstance(fact, FeeFactored))


@dataclass
class File:
    """One person: its ledger, what it adds up to, and its marks as an expert by (ends_at, session, starts_at, at)."""

    pseudonym: str
    facts: list[PersonFact] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    dossier: Dossier = field(default_factory=Dossier)
    marks: list[tuple[tuple[Ms, str, Ms, Ms], Mark]] = field(default_factory=list)

    def newest(self, moment: Ms) -> list[Mark]:
        upto = bisect.bisect_right(self.marks, (moment + 1, "", 0, 0), key=lambda item: item[0])
        return [mark for _, mark in self.marks[max(0, upto - MARKS_AT_ONCE) : upto]]


class Desk:
    def __init__(self, terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.records: dict[str, Record] = {}
        self.files: dict[str, File] = {}
        self.accused: dict[str, str] = {}  # complaint -> whose ledger it is on
        self.due: list[tuple[Ms, str]] = []
        self.wakes: list[tuple[Ms, str]] = []
        self.open: set[str] = set()
        self.numbers = itertools.count(1)
        self.engaged: dict[str, set[str]] = defaultdict(set)  # person -> its open sessions

    def file(self, pseudonym: str) -> File:
        if pseudonym not in self.files:
            self.files[pseudonym] = File(pseudonym)
        return self.files[pseudonym]

    def new_id(self) -> str:
        return f"sn_{next(self.numbers):016x}"

    # --- what happens ---

    def happen(self, h: Happening) -> Answer:
        """One more happening, in order of time."""
        self.live_to(ms(h.since if isinstance(h, Outage) else h.at))
        try:
            return self.answer(h, ms(h.at))
        except HeadstrtError:
            return NO

    def live_to(self, now: Ms) -> None:
        """Everything that is due happens at its own time."""
        while self.due and self.due[0][0] <= now:
            at, session = heapq.heappop(self.due)
            record = self.records[session]
            if not record.session.over:
                self.event(record, Tick(), at)
            else:
                state = self.refund(record)
                if state.until is not None and at >= state.until and state.status == "eligible":
                    self.write(record, [expire(state, at)], at)
        while self.wakes and self.wakes[0][0] <= now:
            at, person = heapq.heappop(self.wakes)
            self.change(person, lambda file, now: (), at)

    def answer(self, h: Happening, now: Ms) -> Answer:
        match h:
            case Book():
                return self.book(h, now)
            case Outage():
                for session in sorted(self.open):
                    record = self.records[session]
                    if record.session.slot.starts_at < now + DAY * 1_000:
                        self.event(record, OutageEvent(max(ms(h.since), record.facts[-1].at)), now)
                return YES
            case Decide():
                self.decide_complaint(h, now)
            case Impose() | Lift() | Confirm() | Appeal() | DecideAppeal():
                self.sanction(h, now)
            case _:
                if h.session not in self.records:
                    raise NotFound("")
                self.in_session(self.records[h.session], h, now)
        return YES

    def book(self, h: Book, now: Ms) -> Answer:
        slot = self.terms.slot(ms(h.starts_at), (h.ends_at - h.starts_at) * 1_000)
        if (known := self.records.get(h.session)) is not None:  # P0.1: booked again is moved, if at all
            self.event(known, MoveEvent(slot, None), now)
            return Answer(True, known.factor)
        step = book(slot, now)
        for person, role in ((h.client, Role.CLIENT), (h.expert, Role.EXPERT)):
            if person in self.files and conduct.barred_from_booking(self.files[person].dossier, role, now):
                raise UserError("party_sanctioned", "")
        self.file(h.client)
        expert = self.file(h.expert)
        fee = Money(h.fee, CURRENCY) if h.fee else None
        record = Record(h.session, h.client, h.expert, h.silent, fee, step.session)
        facts: list[AnyFact] = [*step.facts]
        if fee is not None:
            facts.append(Priced(now, fee))
        found = self.factor(expert, now)
        head = expert.entries[-1].hash if expert.entries else ""
        facts.append(FeeFactored(now, found.bps, found.rules, self.terms.hash, head))
        for role in Role:
            step = advance(step.session, Accept(role, "1", accepted_at=now), now)
            facts += step.facts
        record.session = step.session
        self.records[h.session] = record
        self.open.add(record.id)
        for person in (h.client, h.expert):
            self.engaged[person].add(record.id)
        self.write(record, facts, now)
        return Answer(True, found.bps)

    def in_session(self, record: Record, h: Happening, now: Ms) -> None:
        if not record.session.over and not isinstance(h, Come | Go | HangUp | Move):
            self.event(record, Tick(), now)  # the real desk's alarm for the start has rung
        match h:
            case Come():
                role = Role(h.role)
                if record.session.met_at is None:
                    dossier = self.file(record.who(role)).dossier
                    if conduct.barred_from_joining(dossier, role, now):
                        raise UserError("party_sanctioned", "")
                self.event(record, Join(role, h.device), now)
            case Go():
                self.event(record, Depart(Role(h.role), h.device, HOW[h.how], ms(h.alive)), now)
            case HangUp():
                self.event(record, HangUpEvent(Role(h.role), h.cause), now)
            case Safety():
                self.leave_for_safety(record, h, now)
            case Remove():
                self.event(record, RemoveEvent(Role(h.role), "a reason"), now)
            case OperatorEnds():
                self.event(record, EndByOperator("a reason"), now)
            case Cancel():
                self.event(record, CancelEvent(Whom(h.by)), now)
            case Move():
                slot = self.terms.slot(ms(h.starts_at), (h.ends_at - h.starts_at) * 1_000)
                self.event(record, MoveEvent(slot, Whom(h.by)), now)
            case Consent():
                self.consent(record, h, now)
            case Complain():
                self.complain(record, Role(h.role), h.category, h.complaint, now, safety=False)
            case Rate():
                self.rate(record, Role(h.role), h.stars, now)
            case Void():
                rated = self.file(record.who(Role(h.role).other))
                rating = self.of_session(rated, record.id, Role(h.role).other)
                self.change(
                    rated.pseudonym,
                    lambda file, at: (ratings.void(file.dossier, rating.id, at, "key_1", "reason"),),
                    now,
                )
            case Excuse():
                starts_at = self.marked(record)
                self.change(
                    record.expert,
                    lambda file, at: (conduct.excuse(file.dossier, record.id, starts_at, at, "key_1", "reason"),),
                    now,
                )
            case Contest():
                starts_at = self.marked(record)
                self.change(
                    record.expert,
                    lambda file, at: (conduct.contest(file.dossier, record.id, starts_at, at, "text"),),
                    now,
                )
            case AskRefund() | DecideRefund() | PayRefund() | Claim() | Dispute():
                self.move_refund(record, h, now)
            case _:
                raise AssertionError(h)

    # --- a session ---

    def event(self, record: Record, event: Event, now: Ms) -> None:
        step = advance(record.session, event, now)
        facts = [*step.facts]
        if not record.silent and step.session.phase is Phase.LIVE and not step.session.media:
            step = advance(step.session, MediaUp(), now)
            facts += step.facts
        record.session = step.session
        if facts:
            self.write(record, facts, now)

    def write(self, record: Record, facts: Sequence[AnyFact], now: Ms) -> None:
        """Onto the ledger, the settlement with the end; and what that means for the two (``casebook.settled``)."""
        self.append(record, facts)
        new = list(facts)
        if record.session.over and record.id in self.open:
            self.open.discard(record.id)
            for person in (record.client, record.expert):
                self.engaged[person].discard(record.id)
            verdict = settle(record.facts, self.terms, record.fee)
            new.append(Settled(record.session.clock, verdict, record.entries[-1].hash))
            self.append(record, new[-1:])
        if record.session.over:
            state = self.refund(record)
            if state.status == "eligible" and state.until is not None:
                heapq.heappush(self.due, (state.until, record.id))
        elif any(not isinstance(fact, Priced) for fact in new):
            heapq.heappush(self.due, (record.session.slot.ends_at, record.id))
        if any(isinstance(fact, Settled | Revised | Moved | RefundDecided) for fact in new):
            self.add_marks(record, now)

    def append(self, record: Record, facts: Sequence[AnyFact]) -> None:
        head = record.entries[-1] if record.entries else None
        record.entries += extend(record.id, head, map(session_facts.encode, facts))
        record.facts += facts

    def add_marks(self, record: Record, now: Ms) -> None:
        known = {item for item in self.file(record.expert).marks if item[1].session == record.id}
        changed = False
        for mark in marks_of(record.id, record.facts, self.terms, record.client, record.expert):
            item = (mark.ends_at, mark.session, mark.starts_at, mark.at), mark
            if mark.role is Role.EXPERT and item not in known:
                bisect.insort(self.file(record.expert).marks, item, key=lambda item: item[0])
                changed = True
        if changed:
            self.change(record.expert, lambda file, at: (), now)

    def consent(self, record: Record, h: Consent, now: Ms) -> None:
        request_id, role = f"cn_{next(self.numbers)}", Role(h.role)
        asked = consent.ask(record.facts, record.session, role, request_id, "digest", now)
        self.write(record, [asked], now)
        if h.given:
            given = consent.give(record.facts, record.session, role.other, request_id, "digest", now)
            self.write(record, [given], now)
        else:
            self.write(record, [consent.refuse(record.facts, record.session, role.other, request_id, now)], now)

    def refund(self, record: Record) -> RefundState:
        return refund_state(record.facts, self.terms)

    def move_refund(self, record: Record, h: AskRefund | DecideRefund | PayRefund | Claim | Dispute, now: Ms) -> None:
        state, fact = self.refund(record), None
        match h:
            case AskRefund():
                fact = request(state, h.amount, now)
            case DecideRefund():
                note = None if h.approved else "a reason"
                fact = decide(state, "approved" if h.approved else "declined", h.amount, note, now)
            case PayRefund():
                fact = settled(state, "payment", now)
            case Claim():
                fact = claim(state, self.terms, "no_sound", None, now)
            case Dispute():
                fact = dispute(state, self.terms, None, now)
        self.write(record, [fact], now)

    # --- persons ---

    def factor(self, file: File, now: Ms) -> FeeFactor:
        found = punctuality(file.newest(now), file.dossier.excused, self.terms, now)
        return fees.factor(found, file.dossier, self.terms, now)

    def change(self, pseudonym: str, decide: Callable[[File, Ms], Iterable[PersonFact]], now: Ms) -> None:
        """One change of a person, with all that follows (``casebook.change``)."""
        file = self.file(pseudonym)
        facts = list(decide(file, now))
        if facts:
            self.put(file, facts)
            more = conduct.consequences(file.dossier, self.terms, now, self.new_id)
            self.put(file, more)
            facts += more
        found = self.factor(file, now)
        if found.bps != file.dossier.told:
            self.put(file, [FactorChanged(now, found.bps, file.dossier.told, found.rules, self.terms.hash)])
        marks = [mark for _, mark in file.marks[-30:]]
        wake = fees.next_change(file.dossier, self.terms, now, marks)
        if wake is not None:
            heapq.heappush(self.wakes, (wake, pseudonym))
        if any(isinstance(fact, SanctionImposed) for fact in facts):
            self.enforce(file, now)

    def put(self, file: File, facts: Sequence[PersonFact]) -> None:
        head = file.entries[-1] if file.entries else None
        file.entries += extend(file.pseudonym, head, map(people.encode, facts))
        file.facts += facts
        file.dossier = people.after(file.dossier, facts)

    def enforce(self, file: File, now: Ms) -> None:
        """P2.6, as ``people.barred_sessions`` finds them."""
        for session in sorted(self.engaged[file.pseudonym]):
            record = self.records[session]
            if record.session.phase not in (Phase.SCHEDULED, Phase.WAITING):
                continue
            for role in Role:
                theirs = record.who(role) == file.pseudonym
                if theirs and conduct.barred_from_joining(file.dossier, role, now) and not record.session.over:
                    self.event(record, CancelEvent(Whom.PLATFORM, "party_sanctioned"), now)

    def complain(self, record: Record, role: Role, category: str, ticket: str, now: Ms, *, safety: bool) -> None:
        accused = record.who(role.other)
        self.change(
            accused,
            lambda file, at: (
                conduct.file(
                    file.dossier,
                    occasion(record.id, record.facts, role),
                    self.terms,
                    at,
                    complaint=ticket,
                    category=people.Category(category),
                    by=record.who(role),
                    role=role.other,
                    safety=safety,
                ),
            ),
            now,
        )
        self.accused[ticket] = accused

    def leave_for_safety(self, record: Record, h: Safety, now: Ms) -> None:
        """Of a session that is over, or a thing that was said before, the other half happens (P3.13)."""
        role = Role(h.role)
        if not record.session.over:
            self.event(record, LeaveForSafety(role), now)
        said = [c.filed for c in self.file(record.who(role.other)).dossier.complaints.values()]
        if not any((f.session, f.by, f.category) == (record.id, record.who(role), h.category) for f in said):
            self.complain(record, role, h.category, h.complaint, now, safety=True)

    def of_session(self, file: File, session: str, role: Role) -> people.Rating:
        for rating in file.dossier.ratings.values():
            if (rating.given.session, rating.given.role) == (session, role):
                return rating
        raise NotFound("")

    def rate(self, record: Record, role: Role, stars: int, now: Ms) -> None:
        mine, other = self.file(record.who(role)), self.file(record.who(role.other))
        try:
            given: people.Rating | None = self.of_session(mine, record.id, role)
        except NotFound:
            given = None
        self.change(
            other.pseudonym,
            lambda file, at: (
                ratings.rate(
                    file.dossier,
                    occasion(record.id, record.facts, role),
                    self.terms,
                    at,
                    rating=f"rt_{record.id}_{role.other}",
                    by=mine.pseudonym,
                    role=role.other,
                    stars=stars,
                    other_rated_at=given.given.at if given else None,
                ),
            ),
            now,
        )
        if given is not None:
            id_ = given.id
            self.change(mine.pseudonym, lambda file, at: (OtherRated(at, id_),), now)

    def marked(self, record: Record) -> Ms:
        """As ``server.desk.people`` finds the mark that can be minded (P1.8)."""
        verdict = next((fact.settlement for fact in record.facts if isinstance(fact, Settled)), None)
        if verdict is None or verdict.expert.attendance.kind not in (AttendanceKind.LATE, AttendanceKind.NO_SHOW):
            raise UserError("nothing_to_contest", "")
        return verdict.starts_at

    def decide_complaint(self, h: Decide, now: Ms) -> None:
        if h.complaint not in self.accused:
            raise NotFound("")

        def act(file: File, at: Ms) -> Sequence[PersonFact]:
            if h.verdict == "upheld":
                return (conduct.uphold(file.dossier, h.complaint, at, "key_1", "reason"),)
            if h.verdict == "dismissed":
                return (conduct.dismiss(file.dossier, h.complaint, at, "key_1", "reason"),)
            category = people.Category(h.verdict)
            return (conduct.recategorise(file.dossier, h.complaint, category, at, "key_1", "reason"),)

        self.change(self.accused[h.complaint], act, now)

    def sanction(self, h: Impose | Lift | Confirm | Appeal | DecideAppeal, now: Ms) -> None:
        if h.person not in self.files:
            raise NotFound("")
        known = self.file(h.person).dossier.sanctions.values()
        standing = [one.id for one in known if one.in_force(now)]
        holds = [one.id for one in known if one.in_force(now) and one.imposed.measure is Measure.HOLD]
        waiting = [one.id for one in known if one.standing and one.appealed and not one.decided]

        def act(file: File, at: Ms) -> Sequence[PersonFact]:
            dossier = file.dossier
            match h:
                case Impose():
                    return (
                        conduct.impose(
                            self.terms,
                            at,
                            sanction=self.new_id(),
                            measure=Measure.PERMANENT if h.seconds is None else Measure.SUSPENSION,
                            roles=[Role(role) for role in h.roles],
                            until=None if h.seconds is None else at + h.seconds * 1_000,
                            by="key_1",
                            reason="reason",
                            law="DE",
                        ),
                    )
                case Lift():
                    return (conduct.lift(dossier, newest(standing), at, "key_1", "reason"),)
                case Confirm():
                    return conduct.confirm(dossier, newest(holds), self.terms, at, "key_1", "reason", self.new_id)
                case Appeal():
                    return (conduct.appeal(dossier, newest(standing), self.terms, at, "text"),)
                case DecideAppeal():
                    decision = "granted" if h.granted else "refused"
                    return conduct.decide_appeal(dossier, newest(waiting), decision, at, "key_1", "reason")

        self.change(h.person, act, now)


HOW = {"connection": How.CONNECTION, "page": How.PAGE, "stepped_out": How.STEPPED_OUT}


def newest(ids: list[str]) -> str:
    return ids[-1] if ids else "none"
