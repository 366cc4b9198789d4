"""The dashboard's doors for looking: what is live, the day in numbers, one session's whole story, how this server is.

Who is present, how late and how well the line carries: no door here leads into a call, and none tells a link, a token
or an address. Everything is read as it is stored, at the moment it is asked for.
"""

from __future__ import annotations

import time
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from server.answers import session_answer
from server.api import requests, requests_desk
from server.api.access import CALLER
from server.api.deps import deps
from server.api.endpoints import DeliveryAnswer, delivery_answer
from server.api.health import SelfTest
from server.api.sessions import answer
from server.policy.facts import Revised
from server.store import views, views_desk, views_post
from server.store.views import Record
from server.store.views_desk import Sample
from server.story import story_answer
from signaling.messages import Seconds, Time
from signaling.session import Ms, Phase, Role

_DAY: Ms = 24 * 60 * 60_000
_FRESH: Ms = 60_000
"""A measurement older than this says nothing about now."""

_EVENTS = 200


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)


class NowAnswer(Answer):
    live: int
    held: int
    waiting: int


class DayAnswer(Answer):
    """Sessions that begin in the operator's day, by phase."""

    from_: Time = Field(alias="from")
    to: Time
    scheduled: int
    waiting: int
    live: int
    held: int
    ended: int
    cancelled: int
    flagged: int


class QueueAnswer(Answer):
    """What waits for an operator."""

    open: int
    overdue: int
    mine: int
    by_kind: dict[str, int]


class PostAnswer(Answer):
    pending: int
    failed: int
    disabled_endpoints: int


class OverviewAnswer(Answer):
    server_time: Time
    now: NowAnswer
    day: DayAnswer
    cases: QueueAnswer
    post: PostAnswer


class QualityNow(Answer):
    """What this side's page measured last."""

    level: str | None
    at: Time
    round_trip_ms: float | None
    loss_percent: float | None


class PartyHere(Answer):
    """One side of a session that goes on."""

    id: str
    name: str
    presence: Literal["here", "away", "not_here"]
    since: Time | None = Field(description="of the presence, gaps within the grace bridged")
    away_since: Time | None
    lateness_seconds: Seconds | None
    attendance: str | None
    quality: QualityNow | None


class SessionHere(Answer):
    """A session in which somebody is present now, or that is held."""

    id: str
    version: int
    title: str | None
    status: Phase
    starts_at: Time
    ends_at: Time
    remaining_seconds: Seconds
    met_at: Time | None
    media: bool = Field(description="it flowed both ways at some time")
    held_until: Time | None
    client: PartyHere
    expert: PartyHere


class HereAnswer(Answer):
    server_time: Time
    data: tuple[SessionHere, ...]
    more: bool


class EventTold(Answer):
    """One event of a session, and where it went."""

    event: str
    type: str
    sequence: int
    at: Time
    deliveries: tuple[DeliveryAnswer, ...]


class LetterAnswer(Answer):
    role: Role
    kind: str
    status: str
    why: str | None
    due_at: Time | None
    finished_at: Time | None


class ToldAnswer(Answer):
    data: tuple[EventTold, ...]
    letters: tuple[LetterAnswer, ...]


class RelayAnswer(Answer):
    sessions: int
    legs: int
    packets: int
    bytes: int
    workers: int
    worker_restarts: int
    drops: dict[str, int]


class OutboxAnswer(Answer):
    unhanded: int
    pending: int
    failed: int
    oldest_due_seconds: float
    disabled_endpoints: int


class LettersAnswer(Answer):
    pending: int
    failed: int
    oldest_due_seconds: float


class VitalAnswer(Answer):
    """One look at this process, every ten seconds."""

    at: Time
    loop_lag_ms: float = Field(description="the longest since the look before")
    legs: int
    packets_per_second: float
    bits_per_second: float
    sockets: int


class HealthAnswer(Answer):
    """How this server is."""

    at: Time
    relay: RelayAnswer
    sockets: int
    loop_lag_ms: float | None
    outbox: OutboxAnswer
    letters: LettersAnswer
    sign_of_life_age_seconds: float | None
    database_ms: float
    draining: bool
    phases: dict[str, int]
    self_test: SelfTest | None
    history: tuple[VitalAnswer, ...]


async def overview(request: web.Request) -> web.Response:
    """The day in numbers, and what waits."""
    asked, here = requests.query(request, requests_desk.DayQuery), deps(request)
    now = here.clock()
    start = asked.from_ if asked.from_ is not None else now // _DAY * _DAY
    end = asked.to if asked.to is not None else start + _DAY
    day = await views_desk.counts(here.database, start, end)
    open_now = await views_desk.present(here.database)
    queue = await views_desk.queue_counts(here.database, now, request[CALLER].key)
    post = await views_post.post(here.database, now)
    return answer(
        OverviewAnswer(
            server_time=now,
            now=NowAnswer(**open_now),
            day=DayAnswer(
                from_=start,
                to=end,
                flagged=day.flagged,
                **{phase.value: day.phases.get(phase.value, 0) for phase in Phase},
            ),
            cases=QueueAnswer(open=queue.open, overdue=queue.overdue, mine=queue.mine, by_kind=queue.by_kind),
            post=PostAnswer(pending=post.pending, failed=post.failed, disabled_endpoints=post.disabled),
        )
    )


async def live(request: web.Request) -> web.Response:
    """Who is present, how late, how much time is left, how well the line carries. There is no way to look in."""
    asked, here = requests.query(request, requests_desk.HereQuery), deps(request)
    now = here.clock()
    found = await views_desk.here(here.database, asked.limit + 1)
    shown = found[: asked.limit]
    measured = await views_desk.newest_quality(here.database, [each.id for each in shown], now - _FRESH)
    data = tuple(_here(record, measured, now) for record in shown)
    return answer(HereAnswer(server_time=now, data=data, more=len(found) > asked.limit))


async def story(request: web.Request) -> web.Response:
    """Swim lanes, and why the settlement says what it says."""
    id_, here = requests.session_id(request), deps(request)
    requests.query(request, requests.NoQuery)
    record = await here.desk.record(id_)
    entries = await views.ledger(here.database, id_, 0, record.version)
    revisions = [fact for fact in record.facts if isinstance(fact, Revised)]
    names = await views_desk.names(here.database, (fact.by for fact in revisions))
    texts = await views_desk.texts(here.database, (fact.reason for fact in revisions))
    measured = await views.measured(here.database, id_)
    said = {role: [(each.at, each.sends) for each in samples] for role, samples in measured.items()}
    return answer(story_answer(record, entries, names, texts, said, here.clock()))


async def told(request: web.Request) -> web.Response:
    """What the outside was told of a session, and what became of it; letters to the parties among it."""
    id_, here = requests.session_id(request), deps(request)
    requests.query(request, requests.NoQuery)
    await here.desk.record(id_)
    events, letters = await views_desk.told(here.database, id_, _EVENTS)
    data = tuple(
        EventTold(
            event=each.id,
            type=each.type,
            sequence=each.sequence,
            at=each.created_at,
            deliveries=tuple(delivery_answer(delivery) for delivery in each.deliveries),
        )
        for each in events
    )
    mail = tuple(
        LetterAnswer(
            role=Role(each.role),
            kind=each.kind,
            status=each.status,
            why=each.why,
            due_at=each.due_at,
            finished_at=each.finished_at,
        )
        for each in letters
    )
    return answer(ToldAnswer(data=data, letters=mail))


async def health(request: web.Request) -> web.Response:
    """How this process is, and the last hour of it."""
    requests.query(request, requests.NoQuery)
    here = deps(request)
    now, began, stats, tested = here.clock(), time.monotonic(), here.switchboard.stats(), here.self_test()
    post = await views_post.post(here.database, now)
    letters, letter_due = await views.letters(here.database)
    alive = await views.last_alive(here.database)
    phases = await views.phases(here.database)
    took = time.monotonic() - began
    history = tuple(here.vitals())
    return answer(
        HealthAnswer(
            at=now,
            relay=RelayAnswer(
                sessions=stats.sessions,
                legs=stats.legs,
                packets=stats.packets,
                bytes=stats.bytes,
                workers=stats.workers,
                worker_restarts=stats.worker_restarts,
                drops=dict(stats.drops),
            ),
            sockets=here.sockets(),
            loop_lag_ms=history[-1].loop_lag_ms if history else None,
            outbox=OutboxAnswer(
                unhanded=post.unhanded,
                pending=post.pending,
                failed=post.failed,
                oldest_due_seconds=_since(post.oldest_due, now),
                disabled_endpoints=post.disabled,
            ),
            letters=LettersAnswer(
                pending=letters.get("planned", 0),
                failed=letters.get("failed", 0),
                oldest_due_seconds=_since(letter_due, now),
            ),
            sign_of_life_age_seconds=(now - alive) / 1000 if alive is not None else None,
            database_ms=round(took * 1000 / 4, 2),
            draining=here.draining(),
            phases={phase.value: phases.get(phase.value, 0) for phase in Phase},
            self_test=SelfTest(
                at=tested.at,
                ok=tested.ok,
                first_frame_seconds=tested.first_frame_seconds,
                stop_seconds=tested.stop_seconds,
                failed=tested.failed,
            )
            if tested
            else None,
            history=tuple(
                VitalAnswer(
                    at=each.at,
                    loop_lag_ms=each.loop_lag_ms,
                    legs=each.legs,
                    packets_per_second=each.packets_per_second,
                    bits_per_second=each.bits_per_second,
                    sockets=each.sockets,
                )
                for each in history
            ),
        )
    )


# --- helpers ----------------------------------------------------------------------------------------------------------


def _since(due: Ms | None, now: Ms) -> float:
    return 0.0 if due is None else max(0, now - due) / 1000


def _here(record: Record, measured: dict[tuple[str, str], Sample], now: Ms) -> SessionHere:
    session, slot = record.session, record.session.slot
    gone = [seat.gone.grace_until for _, seat in session.seats if seat.gone is not None and not seat.here]
    return SessionHere(
        id=record.id,
        version=record.version,
        title=record.title,
        status=session.phase,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        remaining_seconds=max(0, slot.ends_at - now),
        met_at=session.met_at,
        media=session.media,
        held_until=max(gone) if gone and session.phase is Phase.HELD else None,
        client=_party(record, Role.CLIENT, measured.get((record.id, Role.CLIENT.value)), now),
        expert=_party(record, Role.EXPERT, measured.get((record.id, Role.EXPERT.value)), now),
    )


def _party(record: Record, role: Role, sample: Sample | None, now: Ms) -> PartyHere:
    shown, seat = session_answer(record, now), record.session.seat(role)
    party = shown.client if role is Role.CLIENT else shown.expert
    presence: Literal["here", "away", "not_here"] = "here" if seat.here else "away" if seat.gone else "not_here"
    return PartyHere(
        id=party.id,
        name=party.name,
        presence=presence,
        since=seat.since if seat.here else None,
        away_since=seat.gone.alive_at if seat.gone is not None and not seat.here else None,
        lateness_seconds=_so_far(record, role, now) if party.lateness_seconds is None else party.lateness_seconds,
        attendance=party.attendance,
        quality=QualityNow(at=sample[0], round_trip_ms=sample[1], loss_percent=sample[2], level=sample[3])
        if sample and seat.here
        else None,
    )


def _so_far(record: Record, role: Role, now: Ms) -> Ms | None:
    """Of one who has not come: how late it would be now; None before the start."""
    late = now - record.session.slot.starts_at
    return late if late > 0 and not record.session.seat(role).here else None
