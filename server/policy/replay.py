"""Verdicts made again from stored ledgers (P0.4): under the terms they were made under, or, to compare, under others.

``replayed`` takes one session's entries: the chain is checked, the bodies are decoded, the machine follows the facts,
and settling them again must give the settlement that is stored. A ``Comparison`` takes all of one person and says what
fees, refunds and sanctions would have been under other terms, beside what they were. Of a session that it has looked at
it keeps nothing but the marks.

What cannot be compared is left as it was. The calls took place as they did, with the limits that they were booked with
(when the doors opened, when a grace was over, how it ended), even where other terms would have kept somebody away. What
people and operators said and did stays said and done. An act on a sanction that the rules had imposed (an appeal, a
lifting, a confirmation) counts for the newest one of the same kind that stands then, or falls away with it. Nothing
here reads a clock or a store.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from server.policy import conduct
from server.policy.facts import AnyFact, FeeFactored, Priced, Revised, Settled, decode, machine_facts
from server.policy.fees import expert_fee, factor
from server.policy.money import Money
from server.policy.people import (
    AppealDecided,
    Basis,
    Dossier,
    FactorChanged,
    Lifting,
    PersonFact,
    Sanction,
    SanctionAppealed,
    SanctionImposed,
    SanctionLifted,
    after,
)
from server.policy.punctuality import FULL, Mark, marks_of, punctuality
from server.policy.settlement import Settlement, settle
from server.policy.terms import Terms
from signaling.errors import UserError
from signaling.ledger import Broken, Entry, verify
from signaling.session import Booked, Ms, Role, Session, replay


@dataclass(frozen=True, slots=True)
class Replayed:
    """One session as its ledger tells it. ``verdict``: None while it has not ended."""

    facts: tuple[AnyFact, ...]
    session: Session
    verdict: Settlement | None


def replayed(session_id: str, entries: Sequence[Entry], terms: Terms) -> Replayed:
    """``Broken`` names the entry that does not fit: the chain, a body that is no fact, or another settlement."""
    verify(session_id, entries)
    facts: list[AnyFact] = []
    fee, verdict = None, None
    for entry in entries:
        try:
            fact = decode(entry.body)
        except ValueError:
            raise Broken(entry.seq, "is no fact that this program knows") from None
        if isinstance(fact, Priced):
            fee = fact.fee
        elif isinstance(fact, Settled):
            if not facts or fact.head != entries[len(facts) - 1].hash:
                raise Broken(entry.seq, "was settled from another ledger")
            verdict = settle(facts, terms, fee)
            if verdict != fact.settlement:
                raise Broken(entry.seq, "settled again, it gives another settlement")
        facts.append(fact)
    return Replayed(tuple(facts), replay(machine_facts(facts)), verdict)


# --- under other terms ------------------------------------------------------------------------------------------------


MARKS_AT_ONCE = 200
"""So many of the newest marks are looked at for a factor, as the desk does."""


@dataclass(frozen=True, slots=True)
class Held:
    """One session of an expert, as stored. ``client``, ``expert``: pseudonyms."""

    session: str
    client: str
    expert: str
    facts: Sequence[AnyFact]


@dataclass(frozen=True, slots=True)
class Side:
    """``fees``: the expert's pay for sessions in which the two met; ``refunds``: the most that could be asked back.

    Both in minor units by currency. ``sanctions``: those imposed, in order.
    """

    fees: Mapping[str, int]
    refunds: Mapping[str, int]
    sanctions: tuple[Sanction, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One person: how it was, and how it would have been. ``sessions``: how many of its own were settled, as expert."""

    person: str
    sessions: int
    was: Side
    would: Side


class Comparison:
    """Of one person. ``add`` each of its sessions as an expert, in any order; then ``done`` with its own ledger.

    Counted are sessions that start, and sanctions that begin, in ``[start, end)``; what lies before bears on them.
    """

    def __init__(self, person: str, terms: Terms, start: Ms | None = None, end: Ms | None = None) -> None:
        self.person, self.terms = person, terms
        self.start, self.end = start, end
        self.sessions = 0
        self.marks: list[Mark] = []
        self.booked: list[tuple[Ms, Money]] = []  # when, and for how much: those that count
        self.was_fees: Counter[str] = Counter()
        self.would_fees: Counter[str] = Counter()
        self.was_refunds: Counter[str] = Counter()
        self.would_refunds: Counter[str] = Counter()

    def add(self, held: Held) -> None:
        again = _again(held.facts, self.terms)
        marks = marks_of(held.session, again.facts, self.terms, held.client, held.expert)
        self.marks += (mark for mark in marks if mark.role is Role.EXPERT)
        if again.was is None or again.would is None or not _inside(again.was.starts_at, self.start, self.end):
            return
        self.sessions += 1
        if again.fee is None:
            return
        currency = again.fee.currency
        self.was_refunds[currency] += again.was.refund.max_amount if again.revised is None else again.revised
        self.would_refunds[currency] += again.would.refund.max_amount if again.revised is None else again.revised
        if again.was.met_at is not None:
            self.was_fees[currency] += expert_fee(again.fee, again.bps).amount
            self.booked.append((again.booked_at, again.fee))

    def done(self, ledger: Sequence[PersonFact]) -> Compared:
        """``ledger``: the person's own, in its order."""
        would, known = Dossier(), 0
        self.marks.sort(key=lambda mark: mark.ends_at)
        self.booked.sort(key=lambda item: item[0])
        sanctioned = _Sanctioned(self.terms)
        for at, fee in self.booked:
            while known < len(ledger) and ledger[known].at <= at:
                would, known = sanctioned.follow(would, ledger[known]), known + 1
            over = bisect.bisect_right(self.marks, at, key=lambda mark: mark.ends_at)
            newest = self.marks[max(0, over - MARKS_AT_ONCE) : over]
            found = factor(punctuality(newest, would.excused, self.terms, at), would, self.terms, at)
            self.would_fees[fee.currency] += expert_fee(fee, found.bps).amount
        for fact in ledger[known:]:
            would = sanctioned.follow(would, fact)
        was = after(Dossier(), ledger)
        return Compared(
            self.person,
            self.sessions,
            Side(dict(self.was_fees), dict(self.was_refunds), _imposed(was, self.start, self.end)),
            Side(dict(self.would_fees), dict(self.would_refunds), _imposed(would, self.start, self.end)),
        )


def together(found: Iterable[Compared]) -> Compared:
    """All of them in one; the sanctions one after the other."""
    sums: tuple[Counter[str], ...] = (Counter(), Counter(), Counter(), Counter())
    was: list[Sanction] = []
    would: list[Sanction] = []
    sessions = 0
    for each in found:
        for total, part in zip(
            sums, (each.was.fees, each.was.refunds, each.would.fees, each.would.refunds), strict=True
        ):
            total.update(part)
        sessions += each.sessions
        was += each.was.sanctions
        would += each.would.sanctions
    first, second, third, fourth = map(dict, sums)
    return Compared("all", sessions, Side(first, second, tuple(was)), Side(third, fourth, tuple(would)))


# --- helpers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Again:
    """A session settled again. ``facts``: as stored, with the other settlement; ``revised``: an operator's maximum."""

    facts: list[AnyFact]
    fee: Money | None
    bps: int
    booked_at: Ms
    was: Settlement | None
    would: Settlement | None
    revised: int | None


def _again(stored: Sequence[AnyFact], terms: Terms) -> _Again:
    facts: list[AnyFact] = []
    fee: Money | None = None
    bps, booked_at = FULL, 0
    was = would = revised = None
    for fact in stored:
        match fact:
            case Booked():
                booked_at = fact.at
            case Priced():
                fee = fact.fee
            case FeeFactored():
                bps = fact.bps
            case Revised():
                revised = fact.refund_max if fact.refund_max is not None else revised
            case Settled():
                was, would = fact.settlement, settle(facts, terms, fee)
                facts.append(replace(fact, settlement=would))
                continue
            case _:
                pass
        facts.append(fact)
    return _Again(facts, fee, bps, booked_at, was, would, revised)


class _Sanctioned:
    """Follows a person's ledger, and lets the rules impose and lift anew what they had imposed and lifted."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.numbers = itertools.count(1)
        self.stands_for: dict[str, str] = {}  # a sanction as it was -> the one that is here in its place
        self.basis: dict[str, Basis] = {}  # of the sanctions as they were

    def follow(self, dossier: Dossier, fact: PersonFact) -> Dossier:
        for known in self.here(dossier, fact):
            dossier = after(dossier, [known])
            dossier = after(dossier, conduct.consequences(dossier, self.terms, fact.at, self.new_id))
        return dossier

    def new_id(self) -> str:
        return f"would_{next(self.numbers)}"

    def here(self, dossier: Dossier, fact: PersonFact) -> Iterator[PersonFact]:
        """The facts that take this one's place."""
        match fact:
            case FactorChanged():
                return
            case SanctionImposed():
                self.basis[fact.sanction] = fact.basis
                if fact.basis is Basis.OPERATOR:
                    self.stands_for[fact.sanction] = fact.sanction
                    yield fact
            case SanctionLifted(by=None):
                return
            case SanctionLifted(why=Lifting.CONFIRMED):
                yield from self.confirmed(dossier, fact)
            case SanctionLifted() | SanctionAppealed() | AppealDecided():
                place = self.place(dossier, fact)
                if place is not None:
                    yield replace(fact, sanction=place)
            case _:
                yield fact

    def place(self, dossier: Dossier, fact: SanctionLifted | SanctionAppealed | AppealDecided) -> str | None:
        """Which sanction here an act on one there is about."""
        if fact.sanction not in self.stands_for:
            if isinstance(fact, AppealDecided) or (isinstance(fact, SanctionLifted) and fact.why is Lifting.APPEAL):
                return None  # there was nothing to appeal against
            basis = self.basis.get(fact.sanction)
            standing = [known.id for known in dossier.sanctions.values() if _stands(known, fact.at, basis)]
            if not standing:
                return None
            self.stands_for[fact.sanction] = standing[-1]
        return self.stands_for[fact.sanction]

    def confirmed(self, dossier: Dossier, fact: SanctionLifted) -> Iterator[PersonFact]:
        place = self.place(dossier, fact)
        if place is None or fact.by is None or fact.reason is None:
            return
        try:
            yield from conduct.confirm(dossier, place, self.terms, fact.at, fact.by, fact.reason, self.new_id)
        except UserError:
            return  # there is no hold here to be confirmed


def _stands(sanction: Sanction, at: Ms, basis: Basis | None) -> bool:
    return sanction.imposed.basis is basis and sanction.in_force(at)


def _imposed(dossier: Dossier, start: Ms | None, end: Ms | None) -> tuple[Sanction, ...]:
    found = [known for known in dossier.sanctions.values() if _inside(known.imposed.at, start, end)]
    return tuple(sorted(found, key=lambda known: known.imposed.at))


def _inside(at: Ms, start: Ms | None, end: Ms | None) -> bool:
    return (start is None or at >= start) and (end is None or at < end)
