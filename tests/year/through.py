"""The scripted year through the real desk on a real database: every happening is the call that a door would make.

It makes time pass as the timers would, knows the desk's own names for what the story names otherwise (tickets, ratings,
sanctions, pseudonyms), and gives back records and files in the form in which they are compared.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from server.desk import Booking
from server.policy.money import Money
from server.policy.people import Category, Measure
from server.policy.terms import Terms
from server.store import people
from server.store.sessions import Party
from signaling.errors import HeadstrtError, NotFound
from signaling.messages import ConsentCommand
from signaling.ports import Report
from signaling.session import Depart, Event, HangUp, Join, MediaUp, Move, Ms, Phase, Role, Whom
from tests.builders import GUIDELINES, Clock, Office, office
from tests.year import happenings as said
from tests.year import play
from tests.year.happenings import NO, YES, Answer, Happening
from tests.year.play import CURRENCY, HOW, NEW_YEAR, ms

OPERATOR = "key_operator"


@dataclass
class Service:
    """The desk with its clock. ``due``: when each session must be looked at next; ``tickets``: the story's names."""

    office: Office
    clock: Clock
    terms: Terms
    silent: dict[str, bool] = field(default_factory=dict)
    due: dict[str, Ms] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)

    async def told(self, session: str, report: Report) -> None:
        wake = self.office.alarms.get(session)
        at = wake if report.session.over else report.session.slot.ends_at
        self.due.pop(session, None)
        if at is not None:
            self.due[session] = at

    async def live_to(self, now: Ms) -> None:
        """What the timers do: what is due, at its own time."""
        while self.due and (first := min(self.due.items(), key=lambda item: item[::-1]))[1] <= now:
            session, self.clock.now = first
            del self.due[session]
            await self.office.desk.wake(session)
        self.clock.now = now

    async def happen(self, h: Happening) -> Answer:
        await self.live_to(ms(h.since if isinstance(h, said.Outage) else h.at))
        self.clock.now = ms(h.at)
        try:
            return await self.answer(h) or YES
        except HeadstrtError:
            return NO

    async def answer(self, h: Happening) -> Answer | None:
        desk, now = self.office.desk, self.clock.now
        match h:
            case said.Book():
                booking = Booking(
                    id=h.session,
                    starts_at=ms(h.starts_at),
                    duration=(h.ends_at - h.starts_at) * 1_000,
                    client=Party(h.client, f"Client {h.client}"),
                    expert=Party(h.expert, f"Expert {h.expert}"),
                    fee=Money(h.fee, CURRENCY) if h.fee else None,
                    accepted=tuple((role, GUIDELINES, now) for role in Role),
                )
                self.silent.setdefault(h.session, h.silent)
                booked = await desk.book(booking)
                return Answer(True, next(fact.bps for fact in booked.record.facts if fact.kind == "fee_factored"))
            case said.Outage():
                await desk.outage(ms(h.since), lambda record, now: False)
            case said.Move():
                slot = self.terms.slot(ms(h.starts_at), (h.ends_at - h.starts_at) * 1_000)
                await desk.report(h.session, Move(slot, Whom(h.by)), now)
            case said.Come():
                await self.event(h.session, Join(Role(h.role), h.device))
            case said.Go():
                await self.event(h.session, Depart(Role(h.role), h.device, HOW[h.how], ms(h.alive)))
            case said.HangUp():
                await self.event(h.session, HangUp(Role(h.role), h.cause))
            case said.Cancel():
                await desk.cancel(h.session, Whom(h.by))
            case said.Remove():
                await desk.remove(h.session, Role(h.role), "a reason", OPERATOR)
            case said.OperatorEnds():
                await desk.end(h.session, "a reason", OPERATOR)
            case said.Safety():
                _, ticket = await desk.leave_for_safety(h.session, Role(h.role), h.category, None, now)
                self.tickets[h.complaint] = ticket
            case (
                said.Consent()
                | said.Rate()
                | said.Void()
                | said.Complain()
                | said.Excuse()
                | said.Contest()
                | said.AskRefund()
                | said.DecideRefund()
                | said.PayRefund()
                | said.Claim()
                | said.Dispute()
            ):
                await desk.wake(h.session)  # the alarm of the start has rung
                await self.word(h)
            case said.Decide():
                act = {"upheld": "uphold", "dismissed": "dismiss"}.get(h.verdict, "recategorise")
                category = Category(h.verdict) if act == "recategorise" else None
                ticket = self.tickets.get(h.complaint, "none")
                await desk.decide_complaint(ticket, act, OPERATOR, "a reason", category)  # type: ignore[arg-type]
            case said.Impose() | said.Lift() | said.Confirm() | said.Appeal() | said.DecideAppeal():
                await self.sanction(h)
        return None

    async def event(self, session: str, event: Event) -> None:
        desk, now = self.office.desk, self.clock.now
        report = await desk.report(session, event, now)
        if report.session.phase is Phase.LIVE and not report.session.media and not self.silent[session]:
            await desk.report(session, MediaUp(), now)

    async def word(self, h: Happening) -> None:
        """What a party, the booking system or an operator says of a session."""
        desk, now = self.office.desk, self.clock.now
        match h:
            case said.Consent():
                asked = ConsentCommand(command_id="1", act="ask", scope="sound", purpose="notes")
                _, known = await desk.consent(h.session, Role(h.role), asked, now)
                answer: dict[str, Any] = {"act": "give", "name": "A Name"} if h.given else {"act": "refuse"}
                given = ConsentCommand(command_id="2", request=known[-1].id, **answer)
                await desk.consent(h.session, Role(h.role).other, given, now)
            case said.Complain():
                category = Category(h.category)
                self.tickets[h.complaint] = await desk.complain(h.session, Role(h.role), category, "so it was")
            case said.Rate():
                await desk.rate(h.session, Role(h.role), h.stars, (), None)
            case said.Void():
                record, rated = await desk.record(h.session), Role(h.role).other
                dossier = (await desk.standing(record.party(rated).person_id)).file.dossier
                mine = [r.id for r in dossier.ratings.values() if (r.given.session, r.given.role) == (h.session, rated)]
                await desk.void_rating(mine[0] if mine else "none", OPERATOR, "a reason")
            case said.Excuse():
                await desk.excuse(h.session, OPERATOR, "a reason")
            case said.Contest():
                await desk.contest(h.session, Role.EXPERT, "it was not so")
            case said.AskRefund():
                amount = None if h.amount is None else Money(h.amount, CURRENCY)
                await desk.request_refund(h.session, Role.CLIENT, amount)
            case said.DecideRefund():
                amount = None if h.amount is None else Money(h.amount, CURRENCY)
                decision, note = ("approved", None) if h.approved else ("declined", "a reason")
                await desk.decide_refund(h.session, decision, amount, note)  # type: ignore[arg-type]
            case said.PayRefund():
                await desk.refund_settled(h.session, "payment")
            case said.Claim():
                await desk.claim_cause(h.session, Role.CLIENT, "no_sound", None)
            case said.Dispute():
                await desk.dispute(h.session, Role.CLIENT, None)

    async def sanction(self, h: said.Impose | said.Lift | said.Confirm | said.Appeal | said.DecideAppeal) -> None:
        desk, now = self.office.desk, self.clock.now
        if isinstance(h, said.Impose):
            await desk.impose(
                h.person,
                OPERATOR,
                measure=Measure.PERMANENT if h.seconds is None else Measure.SUSPENSION,
                roles=[Role(role) for role in h.roles],
                until=None if h.seconds is None else now + h.seconds * 1_000,
                law="DE",
                reason="a reason",
            )
            return
        known = (await desk.standing(h.person)).file.dossier.sanctions.values()
        standing = [one.id for one in known if one.in_force(now)]
        match h:
            case said.Lift():
                await desk.decide_sanction(play.newest(standing), "lift", OPERATOR, "a reason")
            case said.Confirm():
                holds = [one.id for one in known if one.in_force(now) and one.imposed.measure is Measure.HOLD]
                await desk.decide_sanction(play.newest(holds), "confirm", OPERATOR, "a reason")
            case said.Appeal():
                session, role = await self.a_page_of(h.person)
                await desk.appeal(session, role, play.newest(standing), "I did not")
            case said.DecideAppeal():
                waiting = [one.id for one in known if one.standing and one.appealed and not one.decided]
                decision: Any = "appeal.granted" if h.granted else "appeal.refused"
                await desk.decide_sanction(play.newest(waiting), decision, OPERATOR, "a reason")

    async def a_page_of(self, person: str) -> tuple[str, Role]:
        """Any session's page is the person's own (P2.7)."""
        for session in self.silent:
            try:
                record = await self.office.desk.record(session)
            except NotFound:
                continue  # a booking that was refused
            for role in Role:
                if record.party(role).person_id == person:
                    return session, role
        raise NotFound("This person has no page.")

    # --- what it came to ---

    async def record(self, session: str) -> play.Record:
        found = await self.office.desk.record(session)
        client, expert = found.client.person_id, found.expert.person_id
        facts = list(found.facts)
        return play.Record(session, client, expert, self.silent[session], found.fee, found.session, facts)

    async def file(self, person: str) -> play.File | None:
        """None for one who was never booked."""
        async with self.office.database.read() as connection:
            known = await people.find(connection, person)
            if known is None:
                return None
            file = await people.load(connection, known.pseudonym)
            assert file is not None
            marks = await people.marks(connection, known.pseudonym, Role.EXPERT, limit=100_000)
        keyed = [((mark.ends_at, mark.session, mark.starts_at, mark.at), mark) for mark in marks]
        return play.File(known.pseudonym, list(file.facts), [], file.dossier, keyed)

    async def names(self) -> dict[str, str]:
        """What the desk calls things -> what the story calls them."""
        async with self.office.database.read() as connection:
            rows = await connection.exec_driver_sql("select pseudonym, person_id from people")
            return {row[0]: row[1] for row in rows} | {ticket: name for name, ticket in self.tickets.items()}


@contextlib.asynccontextmanager
async def service(where: str, terms: Terms) -> AsyncIterator[Service]:
    clock = Clock(NEW_YEAR)
    async with office(where, clock, terms) as made:
        made.desk.within = made.database.patience = 300  # however busy this machine is
        through = Service(made, clock, terms)
        made.desk.listeners.append(through.told)
        yield through


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The same, in the story's words."""
    if isinstance(value, dict):
        found = {key: renamed(each, names) for key, each in value.items()}
        return found | ({"complaints": sorted(found["complaints"])} if "complaints" in found else {})
    if isinstance(value, tuple):
        return tuple(renamed(each, names) for each in value)
    if isinstance(value, list):
        listed = [renamed(each, names) for each in value]
        return sorted(listed) if listed and all(isinstance(each, str) for each in listed) else listed
    return names.get(value, value) if isinstance(value, str) else value
