"""The dashboard's figures: all plots of a span in one answer, and the sessions of a list as a sheet.

The sums are made beside the event loop, for a year of them takes longer than a call may wait. In a sheet nothing begins
as a formula would (CWE-1236): a name is what somebody typed, and a spreadsheet would run it.
"""

from __future__ import annotations

import asyncio
import csv
import io
import zoneinfo
from collections.abc import AsyncIterator

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from server.answers import SessionAnswer, session_answer
from server.api import requests, requests_desk, sessions
from server.api.deps import deps
from server.api.problems import Refusal
from server.api.sessions import answer
from server.policy import money, sums
from server.policy.sums import Lateness, Minutes
from server.store import views, views_desk
from server.store.views import Record, Wanted
from signaling.messages import Seconds, Time, to_rfc3339
from signaling.session import Ms

_SPAN: Ms = 30 * 24 * 60 * 60_000
_MOST_ROWS = 200_000
_MOST_SAMPLE_ROWS = 20_000
SHEET_MOST = 10_000
_PAGE = 100


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)


class BinAnswer(Answer):
    """``[from, to)`` in seconds; the first is exactly 0, the last has no end."""

    from_: float = Field(alias="from")
    to: float | None
    count: int


class LatenessAnswer(Answer):
    """Of those who came."""

    count: int
    p50: Seconds | None
    p90: Seconds | None
    p99: Seconds | None
    bins: tuple[BinAnswer, ...]


class BothLateness(Answer):
    client: LatenessAnswer
    expert: LatenessAnswer


class Kinds(Answer):
    on_time: int
    late: int
    no_show: int
    nothing: int


class BothKinds(Answer):
    client: Kinds
    expert: Kinds


class OutcomesDay(Answer):
    """How the sessions of one day ended, by reason."""

    day: str
    counts: dict[str, int]


class RefundedAnswer(Answer):
    """Refunds of one cause in one currency, in minor units."""

    basis: str
    currency: str
    count: int
    possible: int
    requested: int
    approved: int


class MinutesAnswer(Answer):
    """Booked, attended by each, and with media both ways."""

    booked: float
    client: float
    expert: float
    mutual: float


class MinutesDay(MinutesAnswer):
    day: str


class MeasuredAnswer(Answer):
    p50: float | None
    p95: float | None
    p99: float | None


class QualityDayAnswer(Answer):
    day: str
    round_trip_p50: float | None
    round_trip_p95: float | None
    loss_p50: float | None
    loss_p95: float | None


class QualityAnswer(Answer):
    """What the calls themselves measured; ``partial``: there was more than is looked at."""

    samples: int
    round_trip_ms: MeasuredAnswer
    loss_percent: MeasuredAnswer
    by_day: tuple[QualityDayAnswer, ...]


class StatisticsAnswer(Answer):
    """Sessions that began in the span and are over."""

    from_: Time = Field(alias="from")
    to: Time
    time_zone: str
    sessions: int
    partial: bool = Field(description="there were more than are looked at: ask for a shorter span")
    lateness: BothLateness
    attendance: BothKinds
    outcomes: tuple[OutcomesDay, ...]
    refunds: tuple[RefundedAnswer, ...]
    minutes: tuple[MinutesDay, ...]
    totals: MinutesAnswer
    quality: QualityAnswer | None = Field(description="null: nothing was measured")


async def statistics(request: web.Request) -> web.Response:
    asked, here = requests.query(request, requests_desk.StatisticsQuery), deps(request)
    end = asked.to if asked.to is not None else here.clock()
    start = asked.from_ if asked.from_ is not None else end - _SPAN
    if not 0 < end - start <= requests_desk.LONGEST_SPAN:
        raise Refusal(422, "invalid", "Ask for a span of 400 days at most, from before to.")
    zone = zoneinfo.ZoneInfo(asked.time_zone)
    rows = await views_desk.outcomes(here.database, start, end, _MOST_ROWS + 1)
    found = await asyncio.to_thread(sums.sums, rows[:_MOST_ROWS], zone)
    samples = await views_desk.quality(here.database, start, end, _MOST_SAMPLE_ROWS)
    measured = await asyncio.to_thread(_quality, samples, zone) if samples else None
    return answer(
        StatisticsAnswer(
            from_=start,
            to=end,
            time_zone=asked.time_zone,
            sessions=found.sessions,
            partial=len(rows) > _MOST_ROWS,
            lateness=BothLateness(client=_lateness(found.client_late), expert=_lateness(found.expert_late)),
            attendance=BothKinds(client=Kinds(**found.client_kinds), expert=Kinds(**found.expert_kinds)),
            outcomes=tuple(OutcomesDay(day=day, counts=counts) for day, counts in sorted(found.outcomes.items())),
            refunds=tuple(
                RefundedAnswer(
                    basis=each.basis,
                    currency=each.currency,
                    count=each.count,
                    possible=each.possible,
                    requested=each.requested,
                    approved=each.approved,
                )
                for each in found.refunds
            ),
            minutes=tuple(MinutesDay(day=day, **_minutes(each)) for day, each in sorted(found.minutes.items())),
            totals=MinutesAnswer(**_minutes(found.total)),
            quality=measured,
        )
    )


def _lateness(found: Lateness) -> LatenessAnswer:
    return LatenessAnswer(
        count=found.count,
        p50=found.p50,
        p90=found.p90,
        p99=found.p99,
        bins=tuple(
            BinAnswer(from_=each.start / 1000, to=None if each.end is None else each.end / 1000, count=each.count)
            for each in found.bins
        ),
    )


def _minutes(found: Minutes) -> dict[str, float]:
    return {name: round(getattr(found, name) / 60_000, 1) for name in ("booked", "client", "expert", "mutual")}


def _quality(samples: list[views_desk.Sample], zone: zoneinfo.ZoneInfo) -> QualityAnswer:
    found = sums.quality(((at, trip, loss) for at, trip, loss, _ in samples), zone)
    return QualityAnswer(
        samples=found.samples,
        round_trip_ms=_measured(found.round_trip),
        loss_percent=_measured(found.loss),
        by_day=tuple(
            QualityDayAnswer(
                day=each.day,
                round_trip_p50=each.round_trip.p50,
                round_trip_p95=each.round_trip.p95,
                loss_p50=each.loss.p50,
                loss_p95=each.loss.p95,
            )
            for each in found.by_day
        ),
    )


def _measured(found: sums.Measured) -> MeasuredAnswer:
    return MeasuredAnswer(p50=found.p50, p95=found.p95, p99=found.p99)


# --- the sheet --------------------------------------------------------------------------------------------------------

COLUMNS = (
    "id",
    "title",
    "status",
    "starts_at",
    "ends_at",
    "duration_minutes",
    "client_id",
    "client_name",
    "client_attendance",
    "client_lateness_seconds",
    "client_present_seconds",
    "expert_id",
    "expert_name",
    "expert_attendance",
    "expert_lateness_seconds",
    "expert_present_seconds",
    "end_reason",
    "end_by",
    "mutual_seconds",
    "flags",
    "fee",
    "currency",
    "refund_status",
    "refund_max",
    "refund_requested",
    "refund_approved",
)


async def listed(request: web.Request) -> web.StreamResponse:
    """Sessions as a list, or as a sheet for who asks for ``text/csv``."""
    return await (sheet if request.headers.get("Accept", "").startswith("text/csv") else sessions.many)(request)


async def sheet(request: web.Request) -> web.StreamResponse:
    """Sessions as RFC 4180 has it, written as they are read: 10 000 of them at most."""
    asked, here = requests.query(request, requests.SheetQuery), deps(request)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8; header=present",
            "Content-Disposition": 'attachment; filename="sessions.csv"',
        }
    )
    await response.prepare(request)
    if request.method != "HEAD":
        await response.write(_line(COLUMNS))
        async for record in _all(here.database, asked.wanted()):
            await response.write(_line(_cells(session_answer(record, here.clock()))))
    await response.write_eof()
    return response


async def _all(reader: views.Reader, wanted: Wanted) -> AsyncIterator[Record]:
    after: tuple[Ms, str] | None = None
    for _ in range(SHEET_MOST // _PAGE):
        some = await views.page(reader, wanted, after, _PAGE)
        for record in some:
            yield record
        if len(some) < _PAGE:
            return
        after = some[-1].session.slot.starts_at, some[-1].id


def _cells(shown: SessionAnswer) -> tuple[object, ...]:
    end, refund = shown.end, shown.refund
    currency = shown.fee.currency if shown.fee else None

    def amount(value: int | None) -> str | None:
        return money.decimal(value, currency) if value is not None and currency is not None else None

    return (
        shown.id,
        shown.title,
        shown.status.value,
        to_rfc3339(shown.starts_at),
        to_rfc3339(shown.ends_at),
        shown.duration_minutes,
        shown.client.id,
        shown.client.name,
        shown.client.attendance,
        _seconds(shown.client.lateness_seconds),
        _seconds(end.present_seconds.client) if end else None,
        shown.expert.id,
        shown.expert.name,
        shown.expert.attendance,
        _seconds(shown.expert.lateness_seconds),
        _seconds(end.present_seconds.expert) if end else None,
        end.reason.value if end else None,
        end.by.value if end and end.by else None,
        _seconds(end.mutual_seconds) if end else None,
        " ".join(end.flags) if end else None,
        amount(shown.fee.amount if shown.fee else None),
        currency,
        refund.status.value if refund else None,
        amount(refund.max.amount if refund and refund.max else None),
        amount(refund.requested.amount if refund and refund.requested else None),
        amount(refund.approved.amount if refund and refund.approved else None),
    )


def _seconds(ms: Ms | None) -> str | None:
    return None if ms is None else f"{ms / 1000:.3f}"


def _line(cells: tuple[object, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return text.getvalue().encode()


def safe(cell: object) -> str:
    """As a cell that no spreadsheet takes for a formula: an apostrophe before what would begin one (CWE-1236)."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.lstrip(" \u00a0")[:1] in tuple("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20") and text else text
