"""The desk's fourth drawer: what a person may have of its own (export), have taken away (erasure), and what time takes.

P5.7. An erasure takes names, addresses, contact data and texts, and leaves under the pseudonym what money or a sanction
stands on: the ledgers, whose chains hold. Retention removes whole chains and leaves their heads. Both are on record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.afterwards import others_word_is_shown
from server.answers import session_answer
from server.desk import casebook
from server.desk.inbound import INBOX_KEPT, Inbound
from server.policy import conduct, ratings
from server.policy.facts import encode
from server.policy.people import ComplaintFact, Dossier, Erased, PersonFact, RatingFact, Sanction
from server.policy.people import encode as encode_person
from server.store import archive, cases, inbox, letters, people, quality, sessions
from server.store.database import at_length
from server.store.people import File, Person
from server.store.sessions import Record
from signaling.errors import UserError
from signaling.messages import to_rfc3339
from signaling.session import Ended, Ms, Role

log = structlog.get_logger("archive")

AT_ONCE = 100
"""How many sessions and persons one run of retention takes at most: the next one goes on."""


PROBES_KEPT: Ms = 24 * 60 * 60 * 1_000
"""How long this server's own test calls are kept."""

LETTERS_KEPT: Ms = 30 * 24 * 60 * 60 * 1_000
"""How long it is kept that a letter went out, or did not."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What one run of retention took away."""

    sessions: int = 0
    people: int = 0
    erased: int = 0
    texts: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.sessions or self.people or self.erased or self.texts)


class Desk(Inbound):
    """One per process: sessions, the persons in them, and what is kept of both."""

    async def export(self, person_id: str, who: str) -> dict[str, Any]:
        """Everything that is kept of a person, as JSON values; nothing that names another (P5.7). ``NotFound``."""
        now = self.clock()
        async with self.database.read() as connection:
            file = await _file(connection, person_id)
            mine = await archive.sessions_of(connection, file.person.person_id)
            texts = await archive.texts_of(connection, file.person.pseudonym)
            notes = await cases.notes_about(connection, file.person.pseudonym)
            told: list[dict[str, Any]] = []
            ends: dict[str, Ms] = {}
            for session, role in mine:
                record = await sessions.load(connection, session)
                if record is None:
                    continue
                if record.session.end is not None:
                    ends[session] = record.session.end.at
                    record = await self._as_told(connection, record, role, now)
                answer = session_answer(record, now).model_dump(mode="json", exclude={"links"})
                answer[role.other.value] = {"attendance": answer[role.other.value]["attendance"]}
                ledger = [json.loads(encode(fact)) for fact in record.facts]
                measured = (await quality.of_session(connection, session, role))[role]
                told.append(
                    {
                        "role": role.value,
                        "session": answer,
                        "ledger": ledger,
                        "quality": [{**asdict(sample), "at": to_rfc3339(sample.at)} for sample in measured],
                    }
                )
        person = file.person
        facts = [fact for fact in file.facts if not self._hidden(fact, file.dossier, ends, now)]
        told_of = {getattr(fact, name, None) for fact in facts for name in ("text", "reason")}
        given = {
            "person": {"id": person.person_id, "pseudonym": person.pseudonym, "since": to_rfc3339(person.created_at)},
            "exported_at": to_rfc3339(now),
            "ledger": [_without_others(fact, person) for fact in facts],
            "texts": [
                {"digest": text.digest, "text": text.body, "own": text.own, "at": to_rfc3339(text.created_at)}
                for text in texts
                if text.own or text.digest in told_of
            ],
            "notes": [{"text": note.body, "at": to_rfc3339(note.created_at)} for note in notes],
            "sessions": told,
        }
        await self.database.write(
            lambda c: people.add_audit(c, who, "person.export", person.pseudonym, {"sessions": len(told)}, now)
        )
        return given

    async def _as_told(self, connection: AsyncConnection, record: Record, role: Role, now: Ms) -> Record:
        """An ended session as this side may have it: until the other's word is shown, the expert's says nothing of the
        end, with or without one. The client's claim may be in the end itself, and what is missing would tell (P2.1).
        """
        if role is Role.CLIENT or others_word_is_shown(record, await self._said(connection, record), now):
            return record
        end = next(n for n, fact in enumerate(record.facts) if isinstance(fact, Ended))
        return replace(record, facts=record.facts[:end])

    def _hidden(self, fact: PersonFact, dossier: Dossier, ends: Mapping[str, Ms], now: Ms) -> bool:
        """What the other side said is not shown before its time, here as little as on the page (P2.1)."""
        terms = self.rules.terms
        if isinstance(fact, RatingFact):
            return now < ratings.shown_at(dossier.ratings[fact.rating], terms)
        if isinstance(fact, ComplaintFact):  # what was made of it, too: that says that there is one
            filed = dossier.complaints[fact.complaint].filed
            ended_at = ends.get(filed.session, filed.session_ended_at)  # it may have been filed in the call
            at = conduct.shown_at(dossier.complaints[fact.complaint], dossier, terms, ended_at)
            return at is None or now < at
        return False

    async def erase(self, person_id: str, who: str, reason: str) -> None:
        """Take away what names a person (P5.7). ``UserError`` while it has sessions to come; twice changes nothing."""
        at = self.clock()
        await self.samples.write()  # what is still on its way to the disk would come after

        async def work(connection: AsyncConnection) -> None:
            person = await people.hold(connection, person_id)
            if person is None:
                raise casebook.no_person()
            if person.erased_at is not None:
                return
            if await archive.open_sessions(connection, person.person_id):
                raise UserError(
                    "sessions_open", "This person has sessions that are not over; cancel them, or wait for their end."
                )
            await self._erase(connection, person, at)
            sealed = people.seal(reason)
            await people.add_text(connection, sealed, who, None, at)
            await people.add_audit(connection, who, "person.erase", person.pseudonym, {"reason": sealed.digest}, at)

        await self._written(at_length(work))

    async def retain(self) -> Removed:
        """Take away what was kept for as long as the terms say (P5.7), some at a time; one transaction each."""
        now = self.clock()
        before = now - self.rules.terms.keep_records
        async with self.database.read() as connection:
            old = await archive.old_sessions(connection, before, now - PROBES_KEPT, AT_ONCE)
        for session in old:
            await self.database.write(lambda c, session=session: _remove_session(c, session, now))  # type: ignore[misc]
        async with self.database.read() as connection:
            gone = await archive.old_people(connection, before, AT_ONCE)
            kept = await self._kept(connection, before)
        for pseudonym, _ in gone:
            await self.database.write(at_length(lambda c, p=pseudonym: self._remove(c, p, before, now)))  # type: ignore[misc]
        texts = await self.database.write(at_length(lambda c: archive.old_texts(c, before, kept)))
        await self.database.write(at_length(lambda c: inbox.retain(c, now - INBOX_KEPT)))
        await self.endpoints.tidy()
        await self.operators.tidy()
        await self.database.write(at_length(lambda c: letters.remove_old(c, now - LETTERS_KEPT)))
        await self.database.write(at_length(lambda c: quality.remove_old(c, now - self.rules.terms.keep_quality)))
        whole_ones = sum(whole for _, whole in gone)
        removed = Removed(len(old), whole_ones, len(gone) - whole_ones, texts)
        if removed.anything:
            log.info("kept for long enough", sessions=removed.sessions, people=removed.people, texts=removed.texts)
        return removed

    async def _remove(self, connection: AsyncConnection, pseudonym: str, before: Ms, now: Ms) -> None:
        person = await people.hold(connection, pseudonym)
        for _, whole in await archive.old_people(connection, before, 1, pseudonym):  # it may have been booked since
            if whole:
                await cases.remove_person(connection, pseudonym)
                await archive.remove_person(connection, pseudonym, now)
            elif person is not None:
                await self._erase(connection, person, now)

    async def _erase(self, connection: AsyncConnection, person: Person, now: Ms) -> None:
        changed = await casebook.change(
            connection, self.rules.terms, person.pseudonym, lambda file, at: (Erased(at),), now
        )
        kept = _stands_on(changed.file.dossier) | await self._kept(connection, now)
        bound = any(sanction.in_force(now) for sanction in changed.file.dossier.sanctions.values())
        trace = self.rules.trace(person.person_id) if bound else None
        await cases.forget_person(connection, person.person_id, person.pseudonym)
        await archive.erase(connection, person.person_id, person.pseudonym, kept, trace, now)
        await inbox.forget(connection, person.person_id, person.pseudonym)

    async def _kept(self, connection: AsyncConnection, before: Ms) -> set[str]:
        """The texts that a sanction stands on, of anybody."""
        kept: set[str] = set()
        for pseudonym in await archive.bound_people(connection, before):
            file = await people.load(connection, pseudonym)
            kept |= _stands_on(file.dossier) if file else set()
        return kept


async def _remove_session(connection: AsyncConnection, session: str, now: Ms) -> None:
    if not await archive.in_hand(connection, session):
        return
    await cases.remove_session(connection, session)
    await archive.remove_session(connection, session, now)
    await inbox.remove_session(connection, session)


async def _file(connection: AsyncConnection, person_id: str) -> File:
    person = await people.find(connection, person_id)
    file = await people.load(connection, person.pseudonym) if person else None
    if file is None:
        raise casebook.no_person()
    return file


def _without_others(fact: PersonFact, person: Person) -> dict[str, Any]:
    """A fact as its owner may have it: who said it stays out (P2.9)."""
    body: dict[str, Any] = json.loads(encode_person(fact))
    if body.get("by") not in (None, person.pseudonym):
        body["by"] = None
    return body


def _stands_on(dossier: Dossier) -> set[str]:
    """The texts of the complaints behind a person's sanctions that were not undone, and the operators' reasons."""
    found: set[str | None] = set()
    for sanction in dossier.sanctions.values():
        found |= _behind(sanction, dossier)
    return {digest for digest in found if digest is not None}


def _behind(sanction: Sanction, dossier: Dossier) -> set[str | None]:
    found: set[str | None] = {sanction.imposed.reason}
    found |= {sanction.lifted.reason} if sanction.lifted else set()
    found |= {sanction.appealed.text} if sanction.appealed else set()
    found |= {sanction.decided.reason} if sanction.decided else set()
    for id_ in sanction.imposed.complaints:
        if id_ in dossier.complaints:
            complaint = dossier.complaints[id_]
            found |= {complaint.filed.text, *(act.reason for act in complaint.acts)}
    return found
