"""Many at once: a person's sessions in a span cancelled, refunds decided, an outage of our own declared (P3.9).

Each is asked for twice: a dry run computes for every session what would happen, with the very functions that decide,
and writes nothing; the act then does it, one transaction for each, decided anew. Whatever was done before is left as it
is, so that the same act again, after a failure or by a second pair of hands, changes nothing. One that is refused is
reported and hurts no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from server.answers import settlement_of
from server.policy import outage as outage_policy
from server.policy.facts import AnyFact, Revised
from server.policy.money import Money
from server.policy.outage import Consequence
from server.policy.refund import RefundState, refund_state, request
from server.policy.settlement import settle
from server.policy.verdict import Attendance, RefundStatus
from server.store import outages, people
from server.store.people import Sealed, seal
from server.store.sessions import Record
from signaling.errors import HeadstrtError, UserError
from signaling.session import Cancel, EndReason, Ms, Phase, Role, Whom, advance, apply

if TYPE_CHECKING:
    from server.desk.people import People

MOST: Final = 200
"""How many sessions one act takes at most."""

Outcome = Literal["done", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one session."""

    refund_status: str | None = None
    refund_max: Money | None = None
    client: Attendance | None = None
    expert: Attendance | None = None
    lost: Ms | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One session of many. ``effect`` None: none."""

    session: str
    starts_at: Ms | None
    outcome: Outcome
    code: str | None = None
    detail: str | None = None
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Many:
    items: tuple[Item, ...]
    dry_run: bool
    more: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """About one refund."""

    session: str
    decision: Literal["approved", "declined"]
    amount: Money | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Bulk:
    """One per desk."""

    desk: People

    async def cancel(
        self, person: str, role: Role, start: Ms, end: Ms, *, reason: str, who: str, dry_run: bool
    ) -> Many:
        """Every session of this person in ``role`` that begins in the span and has not gone live."""
        sealed = seal(reason)
        async with self.desk.database.read() as connection:
            ids = await outages.of_person(connection, person, role, start, end, MOST + 1)

        async def one(record: Record) -> Item:
            if record.session.phase is Phase.CANCELLED:
                return _item(record, "unchanged", _effect(record))
            now = self.desk.clock()
            after = _after_cancelling(record, max(now, record.session.clock))
            if dry_run:
                return _item(record, "done", after)
            also = self._noted(who, "session.cancel", sealed, now)
            done = await self.desk.cancel_by_operator(record.id, also)
            return _item(done, "done", _effect(done))

        return Many(await self._each(ids[:MOST], one), dry_run, len(ids) > MOST)

    async def refunds(self, wanted: Sequence[Decision], *, who: str, dry_run: bool) -> Many:
        """Decide many refunds (P3.12)."""
        by_id = {each.session: each for each in wanted}

        async def one(record: Record) -> Item:
            given = by_id[record.id]
            state = refund_state(record.facts, record.terms)
            if _decided(state, given):
                return _item(record, "unchanged", _effect(record))
            if dry_run:
                fact = self.desk.refund_decision(record, given.decision, given.amount, given.note, self.desk.clock())
                return _item(record, "done", _effect(record, [fact]))
            done = await self.desk.decide_refund(record.id, given.decision, given.amount, given.note, who=who)
            return _item(done, "done", _effect(done))

        return Many(await self._each([each.session for each in wanted], one), dry_run)

    async def outage(self, start: Ms, end: Ms, *, reason: str, who: str, dry_run: bool) -> Many:
        """What this service's absence in the span means for sessions that it touched; each once (P3.9, P3.15).

        ``UserError`` for a span that is not over.
        """
        now = self.desk.clock()
        if end > now:
            raise UserError("not_over", "An outage is declared once it is over.", status=422)
        id_, sealed = f"ot_{hashlib.sha256(f'{start}-{end}'.encode()).hexdigest()[:16]}", seal(reason)
        async with self.desk.database.read() as connection:
            ids = await outages.touched(connection, start, end, MOST + 1)
            known = await outages.done(connection, id_)
        if not dry_run:
            await self.desk.database.write(
                lambda c: _declare(c, outages.Outage(id_, start, end, sealed.digest, who, now), sealed)
            )

        async def one(record: Record) -> Item:
            if record.id in known:
                return _item(record, "unchanged", _effect(record))
            found = _consequence(record, start, end)
            if not found.anything:
                code = "refund_not_possible" if found.refund_stands else None
                detail = "Its refund was asked for or decided, and stays so." if code else None
                return _item(record, "unchanged", _effect(record), code, detail)
            if dry_run:
                return _item(record, "done", _effect(record, _revision(record, found, sealed, who, now), found))

            def revise(current: Record) -> tuple[Record, Sequence[AnyFact]]:
                return current, _revision(current, _consequence(current, start, end), sealed, who, now)

            async def also(connection: AsyncConnection, current: Record) -> None:
                await outages.mark(connection, id_, current.id, now)
                detail = {"reason": sealed.digest, "outage": id_}
                await people.add_audit(connection, who, "session.revise", current.id, detail, now)

            done = await self.desk.revise_by(record.id, revise, also)
            return _item(done, "done", _effect(done, found=found))

        return Many(await self._each(ids[:MOST], one), dry_run, len(ids) > MOST)

    async def _each(self, ids: Sequence[str], act: Callable[[Record], Awaitable[Item]]) -> tuple[Item, ...]:
        """One after the other: each waits for its own session, and a marketplace's traffic is not held up."""
        items: list[Item] = []
        for id_ in ids:
            record: Record | None = None
            try:
                record = await self.desk.record(id_)
                items.append(await act(record))
            except HeadstrtError as error:
                starts_at = record.session.slot.starts_at if record else None
                items.append(Item(id_, starts_at, "refused", error.code, error.detail))
        return tuple(items)

    def _noted(self, who: str, act: str, sealed: Sealed, at: Ms) -> Any:
        async def also(connection: AsyncConnection, record: Record) -> None:
            await people.add_text_once(connection, sealed, who, at)
            detail = {"version": record.version, "reason": sealed.digest}
            await people.add_audit(connection, who, act, record.id, detail, at)

        return also


async def _declare(connection: AsyncConnection, declared: outages.Outage, sealed: Sealed) -> None:
    """Once; the same span again goes on with what was not done."""
    if await outages.add(connection, declared):
        detail = {"reason": sealed.digest, "from": declared.begins_at, "to": declared.ends_at}
        await people.add_audit(connection, declared.who, "outage.declare", declared.id, detail, declared.declared_at)
    await people.add_text_once(connection, sealed, declared.who, declared.declared_at)


def _consequence(record: Record, start: Ms, end: Ms) -> Consequence:
    verdict = settlement_of(record.facts)
    if verdict is None:
        raise UserError("not_settled", "This session is not over.")
    return outage_policy.consequence(record.facts, verdict, record.terms, start, end)


def _revision(record: Record, found: Consequence, sealed: Sealed, who: str, now: Ms) -> tuple[AnyFact, ...]:
    """The revision, and the request that opens by itself with it (P3.9)."""
    if not found.anything:
        return ()
    at = max(now, record.facts[-1].at + 1)
    revised = Revised(at, who, sealed.digest, found.client, found.expert, found.most)
    if found.most is None:
        return (revised,)
    state = refund_state([*record.facts, revised], record.terms)
    return revised, request(state, None, at, by="platform")


def _after_cancelling(record: Record, now: Ms) -> Effect:
    step = advance(record.session, Cancel(Whom.OPERATOR), now)
    session = record.session
    for fact in step.facts:
        session = apply(session, fact)
    if session.end is None or session.end.reason is not EndReason.CANCELLED:
        raise UserError("session_over", "This session is over and cannot be cancelled.")
    refund = settle([*record.facts, *step.facts], record.terms, record.fee).refund
    most = Money(refund.max_amount, refund.currency) if refund.currency is not None else None
    return Effect(refund.status.value, most)


def _decided(state: RefundState, given: Decision) -> bool:
    """Whether this very decision stands already."""
    if given.decision == "declined":
        return state.status is RefundStatus.DECLINED
    amount = state.approved if given.amount is None else given.amount.amount
    return state.status in (RefundStatus.APPROVED, RefundStatus.SETTLED) and state.approved == amount


def _effect(record: Record, more: Sequence[AnyFact] = (), found: Consequence | None = None) -> Effect:
    """Where its refund stands, after ``more``."""
    state = refund_state([*record.facts, *more], record.terms)
    most = Money(state.max_amount, state.currency) if state.currency is not None else None
    if found is None:
        return Effect(state.status.value, most)
    return Effect(state.status.value, most, found.client, found.expert, found.lost)


def _item(
    record: Record, outcome: Outcome, effect: Effect | None, code: str | None = None, detail: str | None = None
) -> Item:
    return Item(record.id, record.session.slot.starts_at, outcome, code, detail, effect)


__all__ = ["MOST", "Bulk", "Decision", "Effect", "Item", "Many"]
