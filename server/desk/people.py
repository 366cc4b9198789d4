"""The desk's second drawer: what is said of persons, and what operators decide about them (``sessions`` is the first).

Each act is one transaction: the person's ledger with what follows from it (``casebook``), the texts that people wrote,
the operator's line in the audit log. After the commit, what a sanction forbids is cancelled (P2.6). A party speaks
through its session, never about anybody else; an operator is named by the key it came with, and always says why.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.afterwards import Said, consents, digests
from server.answers import party_view, settlement_of
from server.desk import casebook
from server.desk.bulk import Bulk
from server.desk.casebook import Changed
from server.desk.sessions import Also, Sessions, amount_in, found
from server.policy import conduct, ratings
from server.policy import consent as consent_policy
from server.policy.conduct import Signal
from server.policy.facts import AnyFact, Revised
from server.policy.fees import FeeFactor
from server.policy.money import Money
from server.policy.people import (
    Category,
    ComplaintFiled,
    Dossier,
    Measure,
    OtherRated,
    PersonFact,
    SanctionImposed,
    occasion,
)
from server.policy.refund import MOVES, claim, dispute, refund_state
from server.policy.verdict import Attendance, AttendanceKind, Party
from server.store import people
from server.store.people import File, Sealed, seal
from server.store.sessions import Record
from signaling.errors import NotFound, UserError
from signaling.messages import Consent, ConsentCommand, View
from signaling.ports import Report
from signaling.session import EndReason, LeaveForSafety, Ms, Role, Tick

log = structlog.get_logger("people")

Act = Callable[[File, Ms], Sequence[PersonFact]]


@dataclass(frozen=True, slots=True)
class Standing:
    """A person as of now: its file, its fee factor with the whole reasoning, and the texts behind the digests."""

    file: File
    factor: FeeFactor
    texts: dict[str, str]
    signals: tuple[Signal, ...]


class People(Sessions):
    """Sessions, and the persons in them."""

    @property
    def bulk(self) -> Bulk:
        """Many at once."""
        return Bulk(self)

    async def snapshot(self, session: str, role: Role) -> View:
        """This party's whole view, as of now, with what is said of persons."""
        return (await self.seen(session, role))[1]

    async def snapshots(self, session: str, roles: Sequence[Role]) -> tuple[View, ...]:
        """The same, of several at one instant."""
        record, said = await self._seen(session)
        now = self.clock()
        return tuple(party_view(record, role, now, self.rules.guidelines_version, said) for role in roles)

    async def seen(self, session: str, role: Role) -> tuple[Record, View]:
        """The session, and what this party may know of it. ``NotFound`` when there is none."""
        record, said = await self._seen(session)
        return record, party_view(record, role, self.clock(), self.rules.guidelines_version, said)

    async def _seen(self, session: str) -> tuple[Record, Said]:
        async with self.database.read(brief=True) as connection:
            record = await found(connection, session)
            return record, await self._said(connection, record)

    async def _said(self, connection: AsyncConnection, record: Record) -> Said:
        """What the ledgers of both persons hold, once they have met or it is over; before that nothing is shown."""
        client = expert = Dossier()
        if record.session.over or record.session.met_at is not None:
            files = {role: await people.load(connection, record.who(role).pseudonym) for role in Role}
            client, expert = (file.dossier if file else Dossier() for file in (files[Role.CLIENT], files[Role.EXPERT]))
        texts = await people.texts(connection, digests(record, client, expert))
        return Said(client, expert, texts, self.rules.terms)

    # --- a party's own calls ---

    async def rate(self, session: str, role: Role, stars: int, tags: Sequence[str], text: str | None) -> None:
        """The other party, once (P2.1)."""
        at, sealed = self.clock(), _sealed(text)
        id_ = f"rt_{secrets.token_hex(8)}"

        async def work(connection: AsyncConnection) -> None:
            record, mine, other = await self._parties(connection, session, role)
            given = _of_session(mine, session, role)

            def decide(file: File, now: Ms) -> Sequence[PersonFact]:
                return (
                    ratings.rate(
                        file.dossier,
                        occasion(session, record.facts, role),
                        self.rules.terms,
                        now,
                        rating=id_,
                        by=mine.person.pseudonym,
                        role=role.other,
                        stars=stars,
                        tags=tuple(tags),
                        text=sealed.digest if sealed else None,
                        other_rated_at=given.given.at if given else None,
                    ),
                )

            await self._write(connection, other.person.pseudonym, decide, at)
            if given is not None:  # now both have: what was said of this one is shown to it
                known = given.id
                await self._write(connection, mine.person.pseudonym, lambda file, now: (OtherRated(now, known),), at)
            await people.add_text(connection, sealed, mine.person.pseudonym, other.person.pseudonym, at)

        await self._written(work)

    async def answer_rating(self, session: str, role: Role, text: str) -> None:
        """The rated side answers, once (P2.1)."""
        at, sealed = self.clock(), seal(text)

        async def work(connection: AsyncConnection) -> None:
            _, mine, other = await self._parties(connection, session, role)
            got = _of_session(mine, session, role)
            if got is None:
                raise NotFound("There is no such rating.")  # word for word as while one is hidden (P2.1)
            id_ = got.id

            def decide(file: File, now: Ms) -> Sequence[PersonFact]:
                return (ratings.answer(file.dossier, id_, self.rules.terms, now, sealed.digest),)

            await self._write(connection, mine.person.pseudonym, decide, at)
            await people.add_text(connection, sealed, mine.person.pseudonym, other.person.pseudonym, at)

        await self._written(work)

    async def complain(self, session: str, role: Role, category: Category, text: str | None) -> str:
        """About the other party (P2.2); returns the ticket. What follows from it follows at once (P2.3)."""
        at, sealed, ticket = self.clock(), _sealed(text), _ticket()

        async def work(connection: AsyncConnection) -> Changed:
            record = await found(connection, session)
            return await self._file(connection, record, role, category, sealed, ticket, at, safety=False)

        await self._decided(await self._written(work))
        return ticket

    async def leave_for_safety(
        self, session: str, role: Role, category: str, text: str | None, at: Ms
    ) -> tuple[Report, str]:
        """End the session at once, and open a complaint with it: one transaction (P3.13).

        Where it is over already, or the same was complained of before, the other half happens all the same.
        """
        sealed, ticket = _sealed(text), _ticket()
        filed: list[Changed] = []
        known: list[str] = []

        def leave(record: Record) -> tuple[Record, Sequence[AnyFact]]:
            try:
                return record, self._advance(record, LeaveForSafety(role), at)
            except UserError as error:
                if error.code != "session_over":
                    raise
                return record, self._advance(record, Tick(), at)

        async def also(connection: AsyncConnection, record: Record) -> None:
            filed.clear()
            known.clear()
            end = record.session.end
            safety = end is not None and end.reason is EndReason.SAFETY and end.by == role.value
            accused = await people.load(connection, record.who(role.other).pseudonym, lock=True)
            mine = _complaint_of(accused, record, role, category) if accused else None
            if mine is not None:
                known.append(mine)
                return
            filed.append(
                await self._file(connection, record, role, Category(category), sealed, ticket, at, safety=safety)
            )

        _, report = await self._change(session, at, leave, also=also)
        for each in filed:
            await self._decided(each)
        return report, known[0] if known else ticket

    async def claim_cause(self, session: str, role: Role, cause: str, text: str | None) -> Record:
        """After the session the client says that it could not be held (P3.17)."""
        if role is not Role.CLIENT:
            raise UserError("not_yours", "Only the client can say this of a session.", status=403)
        at, sealed = self.clock(), _sealed(text)
        digest = sealed.digest if sealed else None
        return await self._say(
            session,
            role,
            sealed,
            lambda record: (claim(refund_state(record.facts, record.terms), record.terms, cause, digest, at),),
            at,
        )

    async def dispute(self, session: str, role: Role, text: str | None) -> Record:
        """The client does not accept a decline (P3.12)."""
        if role is not Role.CLIENT:
            raise UserError("not_yours", "Only the client can dispute this.", status=403)
        at, sealed = self.clock(), _sealed(text)
        digest = sealed.digest if sealed else None
        return await self._say(
            session,
            role,
            sealed,
            lambda record: (dispute(refund_state(record.facts, record.terms), record.terms, digest, at),),
            at,
        )

    async def contest(self, session: str, role: Role, text: str) -> None:
        """The expert says that its attendance is not as it is written (P1.8)."""
        at, sealed = self.clock(), seal(text)

        async def work(connection: AsyncConnection) -> None:
            record, mine, _ = await self._parties(connection, session, role)
            starts_at = _marked(record, role)

            def decide(file: File, now: Ms) -> Sequence[PersonFact]:
                return (conduct.contest(file.dossier, session, starts_at, now, sealed.digest),)

            await self._write(connection, mine.person.pseudonym, decide, at)
            await people.add_text(connection, sealed, mine.person.pseudonym, mine.person.pseudonym, at)

        await self._written(work)

    async def appeal(self, session: str, role: Role, sanction: str, text: str) -> None:
        """The sanctioned person, from any page of its own (P2.7)."""
        at, sealed = self.clock(), seal(text)

        async def work(connection: AsyncConnection) -> None:
            _, mine, _ = await self._parties(connection, session, role)

            def decide(file: File, now: Ms) -> Sequence[PersonFact]:
                return (conduct.appeal(file.dossier, sanction, self.rules.terms, now, sealed.digest),)

            await self._write(connection, mine.person.pseudonym, decide, at)
            await people.add_text(connection, sealed, mine.person.pseudonym, mine.person.pseudonym, at)

        await self._written(work)

    async def consent(self, session: str, role: Role, said: ConsentCommand, at: Ms) -> tuple[int, tuple[Consent, ...]]:
        """Ask for written consent or answer (P5.3); the version, and all requests as they now stand."""
        request = f"cn_{secrets.token_hex(6)}" if said.act == "ask" else said.request
        if request is None:
            raise UserError("request_needed", "Say which request this answers.", status=422)
        sealed = _consent_text(said)

        def decide(record: Record) -> Sequence[AnyFact]:
            facts, now = record.facts, max(at, record.session.clock)
            match said.act:
                case "ask":
                    assert sealed is not None
                    return (consent_policy.ask(facts, record.session, role, request, sealed.digest, now),)
                case "give":
                    assert sealed is not None
                    return (consent_policy.give(facts, record.session, role, request, sealed.digest, now),)
                case "refuse":
                    return (consent_policy.refuse(facts, record.session, role, request, now),)
                case "withdraw":
                    return (consent_policy.withdraw(facts, role, request, now),)

        record = await self._say(session, role, sealed, decide, at)
        async with self.database.read() as connection:
            wanted = [digest for c in consent_policy.consents(record.facts) for digest in (c.text, c.name)]
            texts = await people.texts(connection, wanted)
        return record.version, consents(record, texts)

    # --- operators ---

    async def decide_complaint(
        self,
        complaint: str,
        act: Literal["uphold", "dismiss", "recategorise"],
        who: str,
        reason: str,
        category: Category | None = None,
    ) -> File:
        """P2.5. What no longer stands on enough people is lifted at once."""
        sealed = seal(reason)

        def decide(file: File, now: Ms) -> Sequence[PersonFact]:
            if act == "uphold":
                return (conduct.uphold(file.dossier, complaint, now, who, sealed.digest),)
            if act == "dismiss":
                return (conduct.dismiss(file.dossier, complaint, now, who, sealed.digest),)
            if category is None:
                raise UserError("category_needed", "Name the category it belongs to.", status=422)
            return (conduct.recategorise(file.dossier, complaint, category, now, who, sealed.digest),)

        return await self._operate(
            lambda connection: people.accused_of(connection, complaint),
            decide,
            who,
            f"complaint.{act}",
            complaint,
            sealed,
        )

    async def impose(
        self,
        person_id: str,
        who: str,
        *,
        measure: Measure,
        roles: Sequence[Role],
        until: Ms | None,
        law: str,
        reason: str,
    ) -> File:
        """An operator's own sanction, where it is proven (P4.1)."""
        sealed, id_ = seal(reason), casebook.new_sanction()

        def decide(file: File, now: Ms) -> Sequence[PersonFact]:
            return (
                conduct.impose(
                    self.rules.terms,
                    now,
                    sanction=id_,
                    measure=measure,
                    roles=roles,
                    until=until,
                    by=who,
                    reason=sealed.digest,
                    law=law,
                ),
            )

        return await self._operate(
            lambda connection: _pseudonym(connection, person_id), decide, who, "sanction.impose", id_, sealed
        )

    async def appeal_for(self, sanction: str, who: str, text: str) -> File:
        """An appeal that reached the operators by another way, filed for the person (P2.7)."""
        sealed = seal(text)

        def decide(file: File, now: Ms) -> Sequence[PersonFact]:
            return (conduct.appeal(file.dossier, sanction, self.rules.terms, now, sealed.digest),)

        return await self._operate(
            lambda connection: people.sanctioned_by(connection, sanction),
            decide,
            who,
            "sanction.appeal",
            sanction,
            sealed,
        )

    async def decide_sanction(
        self,
        sanction: str,
        act: Literal["lift", "confirm", "appeal.granted", "appeal.refused"],
        who: str,
        reason: str,
    ) -> File:
        """Lift it, confirm a hold (P2.3), or decide an appeal (P2.7)."""
        sealed = seal(reason)

        def decide(file: File, now: Ms) -> Sequence[PersonFact]:
            match act:
                case "lift":
                    return (conduct.lift(file.dossier, sanction, now, who, sealed.digest),)
                case "confirm":
                    return conduct.confirm(
                        file.dossier, sanction, self.rules.terms, now, who, sealed.digest, casebook.new_sanction
                    )
                case "appeal.granted":
                    return conduct.decide_appeal(file.dossier, sanction, "granted", now, who, sealed.digest)
                case "appeal.refused":
                    return conduct.decide_appeal(file.dossier, sanction, "refused", now, who, sealed.digest)

        return await self._operate(
            lambda connection: people.sanctioned_by(connection, sanction),
            decide,
            who,
            f"sanction.{act}",
            sanction,
            sealed,
        )

    async def void_rating(self, rating: str, who: str, reason: str) -> File:
        """Take a rating out (P2.1)."""
        sealed = seal(reason)

        def decide(file: File, now: Ms) -> Sequence[PersonFact]:
            return (ratings.void(file.dossier, rating, now, who, sealed.digest),)

        return await self._operate(
            lambda connection: people.rated_by(connection, rating), decide, who, "rating.void", rating, sealed
        )

    async def excuse(self, session: str, who: str, reason: str, starts_at: Ms | None = None) -> Record:
        """The expert's mark of this session's slot (``starts_at``; None: its last) no longer counts (P1.8)."""
        sealed = seal(reason)
        record = await self.record(session)
        slot = _marked(record, Role.EXPERT, starts_at)

        def decide(file: File, now: Ms) -> Sequence[PersonFact]:
            return (conduct.excuse(file.dossier, session, slot, now, who, sealed.digest),)

        async def whose(connection: AsyncConnection) -> str:  # an earlier slot may have been another expert's (P0.1)
            return await people.marked(connection, session, slot, Role.EXPERT) or record.who(Role.EXPERT).pseudonym

        await self._operate(whose, decide, who, "session.excuse", session, sealed)
        return record

    async def revise(
        self,
        session: str,
        who: str,
        reason: str,
        *,
        client: Attendance | None = None,
        expert: Attendance | None = None,
        refund_max: Money | None = None,
    ) -> Record:
        """An operator's revision of a settlement (P3.15): marks and the refund follow it."""
        at, sealed = self.clock(), seal(reason)

        def decide(record: Record) -> Sequence[AnyFact]:
            verdict = settlement_of(record.facts)
            if verdict is None:
                raise UserError("not_settled", "Only a session that has ended can be revised.")
            if client is None and expert is None and refund_max is None:
                raise UserError("nothing_revised", "Say what is to be revised.", status=422)
            most = amount_in(record, refund_max)
            if most is not None:
                if record.fee is None or most > record.fee.amount:
                    raise UserError("amount_too_high", "No more than the fee can be given back.", status=422)
                state = refund_state(record.facts, record.terms)
                if ("open" if most else "close") not in MOVES[state.status]:
                    raise UserError("refund_not_possible", f"The refund is {state.status.value!r} and stays so.")
            now = max(at, record.facts[-1].at + 1)  # a mark is known by its time: never that of the one it replaces
            of_client, of_expert = _kept(client, verdict.client), _kept(expert, verdict.expert)
            return (Revised(now, who, sealed.digest, of_client, of_expert, most),)

        async def also(connection: AsyncConnection, record: Record) -> None:
            await people.add_text(connection, sealed, who, None, at)
            await people.add_audit(connection, who, "session.revise", session, {"reason": sealed.digest}, at)

        return await self._said_so(session, decide, also, at)

    async def standing(self, person_id: str) -> Standing:
        """P1.5 to P1.8, P2: everything about a person, with its whole reasoning. ``NotFound``."""
        now = self.clock()
        async with self.database.read() as connection:
            person = await people.find(connection, person_id)
            file = await people.load(connection, person.pseudonym) if person else None
            if file is None:
                raise casebook.no_person()
            found, _ = await casebook.factor(connection, self.rules.terms, file, now)
            about = await people.texts_about(connection, file)
            partners, failed = await people.circles(connection, file)
        signals = conduct.signals(file.dossier, file.person.pseudonym, partners, failed)
        return Standing(file, found, about, signals)

    # --- helpers ---

    async def _operate(
        self,
        whose: Callable[[AsyncConnection], Awaitable[str]],
        decide: Act,
        who: str,
        act: str,
        subject: str,
        reason: Sealed,
    ) -> File:
        """An operator's act on a person: the facts, the reason's text, a line in the audit log (P2.7)."""
        at = self.clock()

        async def work(connection: AsyncConnection) -> Changed:
            pseudonym = await whose(connection)
            changed = await self._write(connection, pseudonym, decide, at)
            await people.add_text(connection, reason, who, pseudonym, at)
            await people.add_audit(connection, who, act, subject, {"person": pseudonym, "reason": reason.digest}, at)
            return changed

        return (await self._decided(await self._written(work))).file

    async def _write(self, connection: AsyncConnection, pseudonym: str, decide: Act, at: Ms) -> Changed:
        return await casebook.change(connection, self.rules.terms, pseudonym, decide, at)

    async def _decided(self, changed: Changed) -> Changed:
        """After the commit: what a new sanction forbids does not take place (P2.6)."""
        if any(isinstance(fact, SanctionImposed) for fact in changed.facts):
            try:
                await self.enforce()
            except Exception:  # what was asked for is on record; the sweep comes back to the rest
                log.exception("sessions of a sanctioned person are still open", person=changed.file.person.pseudonym)
        return changed

    async def _file(
        self,
        connection: AsyncConnection,
        record: Record,
        role: Role,
        category: Category,
        text: Sealed | None,
        ticket: str,
        at: Ms,
        *,
        safety: bool,
    ) -> Changed:
        complainant, accused = record.who(role).pseudonym, record.who(role.other).pseudonym

        def decide(file: File, now: Ms) -> Sequence[PersonFact]:
            filed: ComplaintFiled = conduct.file(
                file.dossier,
                occasion(record.id, record.facts, role),
                self.rules.terms,
                now,
                complaint=ticket,
                category=category,
                by=complainant,
                role=role.other,
                text=text.digest if text else None,
                safety=safety,
            )
            return (filed,)

        changed = await self._write(connection, accused, decide, at)
        await people.add_text(connection, text, complainant, accused, at)
        return changed

    async def _say(
        self, session: str, role: Role, text: Sealed | None, decide: Callable[[Record], Sequence[AnyFact]], at: Ms
    ) -> Record:
        """A party's word on its session's ledger, with the text behind the digest."""

        async def also(connection: AsyncConnection, record: Record) -> None:
            me, other = record.who(role).pseudonym, record.who(role.other).pseudonym
            await people.add_text(connection, text, me, other, at)

        return await self._said_so(session, decide, also, at)

    async def _said_so(self, session: str, decide: Callable[[Record], Sequence[AnyFact]], also: Also, at: Ms) -> Record:
        record, _ = await self._change(session, at, lambda record: (record, decide(record)), also=also)
        return record

    async def _parties(self, connection: AsyncConnection, session: str, role: Role) -> tuple[Record, File, File]:
        """The session, the file of ``role`` and the other's, both locked."""
        record = await found(connection, session)
        pseudonyms = {each: record.who(each).pseudonym for each in Role}
        files = await casebook.open_files(connection, pseudonyms)
        return record, files[role], files[role.other]


async def _pseudonym(connection: AsyncConnection, person_id: str) -> str:
    person = await people.find(connection, person_id)
    if person is None:
        raise casebook.no_person()
    return person.pseudonym


def _complaint_of(file: File, record: Record, role: Role, category: str) -> str | None:
    """The ticket of what ``role`` has said about the other side of this session already, in this category."""
    for known in file.dossier.complaints.values():
        filed = known.filed
        if (filed.session, filed.by, filed.category) == (record.id, record.who(role).pseudonym, category):
            return known.id
    return None


def _of_session(file: File, session: str, role: Role) -> Any:
    for rating in file.dossier.ratings.values():
        if rating.given.session == session and rating.given.role is role:
            return rating
    return None


def _marked(record: Record, role: Role, starts_at: Ms | None = None) -> Ms:
    """The start of the slot whose mark is meant. ``UserError`` where there is none that anybody could mind (P1.8)."""
    verdict = settlement_of(record.facts)
    if verdict is None:
        raise UserError("not_settled", "There is no attendance on record before the session is over.")
    slots = {slot.starts_at: slot.expert for slot in verdict.earlier}  # left behind after their start (P0.1)
    slots[verdict.starts_at] = verdict.expert.attendance
    meant = verdict.starts_at if starts_at is None else starts_at
    if meant not in slots:
        raise UserError("no_such_slot", "This session had no slot that began then.", status=422)
    if role is not Role.EXPERT or slots[meant].kind not in (AttendanceKind.LATE, AttendanceKind.NO_SHOW):
        raise UserError("nothing_to_contest", "This session's record takes nothing from its expert.")
    return meant


def _kept(revised: Attendance | None, party: Party) -> Attendance | None:
    """A revision says how late somebody was, not when it came: that stays on record."""
    if revised is None or revised.kind not in (AttendanceKind.ON_TIME, AttendanceKind.LATE):
        return revised
    return replace(revised, arrived_at=party.attendance.arrived_at)


def _consent_text(said: ConsentCommand) -> Sealed | None:
    if said.act == "ask":
        if said.scope is None or said.purpose is None:
            raise UserError("scope_needed", "Say what you want to record, and what for.", status=422)
        return seal(json.dumps({"scope": said.scope, "purpose": said.purpose}, sort_keys=True, ensure_ascii=False))
    if said.act == "give":
        name = (said.name or "").strip()
        if not name:
            raise UserError("name_needed", "Type your name: that is what makes it a written consent.", status=422)
        return seal(name)
    return None


def _sealed(text: str | None) -> Sealed | None:
    return seal(text.strip()) if text is not None and text.strip() else None


def _ticket() -> str:
    """A number that can be read over the phone: no vowels, no look-alikes."""
    letters = "BCDFGHJKMNPQRSTVWXZ23456789"
    return "T-" + "".join(secrets.choice(letters) for _ in range(8))
