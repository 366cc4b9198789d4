"""What is written of a person within a transaction that somebody else has begun: the one way onto a person's ledger.

``change`` loads the person locked, lets a decision give facts, adds what follows from them by the rules (sanctions
lifted and imposed, P2.3, P2.5; a fee factor that is another now, P1.6), saves, and puts the events into the outbox.
``settled`` does what a session's new facts mean for its two persons. Decides nothing itself: that is ``policy``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from server.desk import following
from server.policy import conduct, fees
from server.policy.facts import AnyFact, FeeFactored, RefundDecided, Revised, Settled
from server.policy.fees import FeeFactor
from server.policy.people import FactorChanged, PersonFact, dossier
from server.policy.punctuality import Mark, badge, marks_of, punctuality
from server.policy.terms import Terms
from server.store import people
from server.store.bookings import Engaged
from server.store.people import File, Person
from server.store.sessions import Known, Record
from server.webhooks.payloads import person_rows
from signaling.errors import NotFound, UserError
from signaling.session import Moved, Ms, Role

Decide = Callable[[File, Ms], Sequence[PersonFact]]
"""From a person's file and the time: the facts that are new."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A person's file after a change, and the facts that it gave, the consequences among them."""

    file: File
    facts: tuple[PersonFact, ...]


async def change(connection: AsyncConnection, terms: Terms, pseudonym: str, decide: Decide, now: Ms) -> Changed:
    """One change of a person, with all that follows from it (P2.3: counted with the accused locked).

    ``terms``: those in force now (P0.4). ``NotFound`` when there is no such person.
    """
    before = await people.load(connection, pseudonym, lock=True)
    if before is None:
        raise no_person()
    now = max([now, *(fact.at for fact in before.facts[-1:])])
    facts = list(decide(before, now))
    facts += conduct.consequences(dossier([*before.facts, *facts]), terms, now, new_sanction)
    after = await people.append(connection, before, facts)
    after, told = await _reassess(connection, terms, after, now)
    facts += told
    if facts:
        await following.person(connection, pseudonym, before.dossier, after.dossier, now)
    person = await people.add_outbox(connection, after.person, person_rows(after, facts), now)
    return Changed(replace(after, person=person), tuple(facts))


async def factor(connection: AsyncConnection, terms: Terms, file: File, now: Ms) -> tuple[FeeFactor, Ms | None]:
    """What this expert's factor is, booked now (P1.5, P1.6, P2.8), and when it may change by itself."""
    marks = await people.marks(connection, file.person.pseudonym, Role.EXPERT)
    return _factor(marks, terms, file, now), fees.next_change(file.dossier, terms, now, marks)


def _factor(marks: Sequence[Mark], terms: Terms, file: File, now: Ms) -> FeeFactor:
    return fees.factor(punctuality(marks, file.dossier.excused, terms, now), file.dossier, terms, now)


async def open_files(connection: AsyncConnection, pseudonyms: dict[Role, str]) -> dict[Role, File]:
    """The files of both persons, locked."""
    files: dict[Role, File] = {}
    for role, pseudonym in _sorted(pseudonyms):
        file = await people.load(connection, pseudonym, lock=True)
        if file is None:
            raise no_person()
        files[role] = file
    return files


def bookable(file: File, role: Role, now: Ms) -> None:
    """``UserError`` 409 when a sanction keeps this person from being booked in this role (P2.6)."""
    if conduct.barred_from_booking(file.dossier, role, now):
        raise UserError("party_sanctioned", f"The {role} cannot be booked at present; its standing says why.")


def known(file: File) -> Known:
    """What a record keeps of a person: a sanction in force is looked up when it is loaded."""
    return Known(file.person.pseudonym, file.person.badge)


def fee_factored(engaged: Engaged, terms: Terms, at: Ms) -> FeeFactored:
    """The expert's factor, to be frozen into a session that is booked with it (P1.6)."""
    file = engaged.files[Role.EXPERT]
    found = _factor(engaged.marks, terms, file, at)
    return FeeFactored(at, found.bps, found.rules, terms.hash, file.person.head)


async def settled(connection: AsyncConnection, terms: Terms, record: Record, facts: Sequence[AnyFact], now: Ms) -> None:
    """What ``facts``, just put on a session's ledger, say of its two persons: marks (P1.4), and a factor (P1.6)."""
    if record.probe or not any(isinstance(fact, Settled | Revised | Moved | RefundDecided) for fact in facts):
        return
    expert = record.who(Role.EXPERT).pseudonym
    if expert in await _mark(connection, record):
        await change(connection, terms, expert, lambda file, at: (), now)


async def catch_up(connection: AsyncConnection, records: Sequence[Record], now: Ms) -> int:
    """The marks of sessions that were settled before there were any; whose they are is looked at again (P1.5).

    Returns how many persons that concerns.
    """
    touched: set[str] = set()
    for record in records:
        touched |= await _mark(connection, record)
    await people.look_again_at(connection, touched, now)
    return len(touched)


async def look_again(connection: AsyncConnection, terms: Terms, pseudonym: str, now: Ms) -> None:
    """A factor that changes by itself: a penalty that ends, a rating that is shown (P2.1, P2.8)."""
    await change(connection, terms, pseudonym, lambda file, at: (), now)


async def _mark(connection: AsyncConnection, record: Record) -> set[str]:
    """Keep what a session's ledger says of its two by now; of whom it says anything new.

    Who was exchanged before there were marks is nobody's to know any more: a slot with it counts for no one.
    """
    client, expert = (record.who(role).pseudonym for role in Role)
    if not client or not expert:
        return set()
    marks = marks_of(record.id, record.facts, record.terms, client, expert)
    mine = [(client if mark.role is Role.CLIENT else expert, mark) for mark in marks if mark.other in (client, expert)]
    return await people.add_marks(connection, record.id, mine)


def new_sanction() -> str:
    return f"sn_{secrets.token_hex(8)}"


async def _reassess(
    connection: AsyncConnection, terms: Terms, file: File, now: Ms
) -> tuple[File, tuple[PersonFact, ...]]:
    """The factor as of now; a fact when it is another than the one told last."""
    found, wake_at = await factor(connection, terms, file, now)
    told: tuple[PersonFact, ...] = ()
    if found.bps != file.dossier.told:
        told = (FactorChanged(now, found.bps, file.dossier.told, found.rules, terms.hash),)
        file = await people.append(connection, file, told)
    shown: Person = replace(
        file.person,
        factor_bps=found.bps,
        punctuality_bps=found.punctuality.bps,
        counted=len(found.punctuality.counted),
        badge=badge(found.punctuality, terms),
        wake_at=wake_at,
    )
    if shown != file.person:
        await people.show(connection, shown)
    return replace(file, person=shown), told


def no_person() -> NotFound:
    return NotFound("There is no person with this id.", code="person_not_found")


def _sorted(of: dict[Role, str]) -> list[tuple[Role, str]]:
    """Locks are taken in one order, or two transactions wait for each other."""
    return sorted(of.items(), key=lambda item: item[1])
