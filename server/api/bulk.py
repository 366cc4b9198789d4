"""The dashboard's doors to many at once: each says first what would happen, and then reports what did, one by one."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from server.answers import Money
from server.api import requests
from server.api.access import CALLER
from server.api.deps import deps
from server.api.requests_desk import CancelManyBody, OutageBody, RefundsBody
from server.api.sessions import answer
from server.desk.bulk import Decision, Effect, Item, Many
from server.policy.verdict import Attendance, AttendanceKind
from signaling.messages import Seconds, Time


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class RevisedAnswer(Answer):
    """An attendance that stands instead; all null: nothing can be said (P1.4)."""

    attendance: AttendanceKind | None
    lateness_seconds: Seconds | None


class EffectAnswer(Answer):
    """What becomes of a session, or became."""

    refund_status: str | None
    refund_max: Money | None
    client: RevisedAnswer | None = Field(description="null: as it was")
    expert: RevisedAnswer | None
    lost_seconds: Seconds | None = Field(description="of a declared outage: what it took beyond what was counted")


class ItemAnswer(Answer):
    session: str
    starts_at: Time | None
    outcome: Literal["done", "unchanged", "refused"]
    code: str | None
    detail: str | None
    would: EffectAnswer | None


class CountsAnswer(Answer):
    done: int
    unchanged: int
    refused: int


class ManyAnswer(Answer):
    """One by one. ``dry_run``: nothing was done; ``done`` would be."""

    dry_run: bool
    more: bool = Field(description="there are others that were not looked at: do these first")
    counts: CountsAnswer
    items: tuple[ItemAnswer, ...]


async def cancel(request: web.Request) -> web.Response:
    """A person's sessions in a span: an expert who is ill for a week."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, CancelManyBody)
    done = await deps(request).desk.bulk.cancel(
        given.person,
        given.role,
        given.from_,
        given.to,
        reason=given.reason,
        who=request[CALLER].key,
        dry_run=given.dry_run,
    )
    return _answer(done)


async def refunds(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, RefundsBody)
    wanted = [
        Decision(item.session, item.decision, item.amount.value() if item.amount else None, item.note)
        for item in given.items
    ]
    who = request[CALLER].key
    return _answer(await deps(request).desk.bulk.refunds(wanted, who=who, dry_run=given.dry_run))


async def outage(request: web.Request) -> web.Response:
    """This service was away in that span, though its ledgers do not say so (P3.9)."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, OutageBody)
    done = await deps(request).desk.bulk.outage(
        given.from_, given.to, reason=given.reason, who=request[CALLER].key, dry_run=given.dry_run
    )
    return _answer(done)


def _answer(many: Many) -> web.Response:
    counts = dict.fromkeys(("done", "unchanged", "refused"), 0)
    for item in many.items:
        counts[item.outcome] += 1
    return answer(
        ManyAnswer(
            dry_run=many.dry_run,
            more=many.more,
            counts=CountsAnswer(**counts),
            items=tuple(_item(item) for item in many.items),
        )
    )


def _item(item: Item) -> ItemAnswer:
    return ItemAnswer(
        session=item.session,
        starts_at=item.starts_at,
        outcome=item.outcome,
        code=item.code,
        detail=item.detail,
        would=_effect(item.effect) if item.effect else None,
    )


def _effect(effect: Effect) -> EffectAnswer:
    most = effect.refund_max
    return EffectAnswer(
        refund_status=effect.refund_status,
        refund_max=Money(amount=most.amount, currency=most.currency) if most else None,
        client=_revised(effect.client),
        expert=_revised(effect.expert),
        lost_seconds=effect.lost,
    )


def _revised(said: Attendance | None) -> RevisedAnswer | None:
    return RevisedAnswer(attendance=said.kind, lateness_seconds=said.lateness) if said else None
