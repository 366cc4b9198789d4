"""A party's own doors, opened by the join token of its link: its view, and what it may say outside the socket.

A token opens nothing but its own party's view of its own session. What may be done now is decided by the desk.
"""

from __future__ import annotations

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from server.api import access, calendar, requests
from server.api.access import ADMISSION
from server.api.deps import deps
from server.api.sessions import answer
from signaling.session import Accept


class TicketAnswer(BaseModel):
    """A complaint that is on record."""

    model_config = ConfigDict(frozen=True)

    ticket: str = Field(examples=["T-7KQ2XW9B"])


async def get(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    return await _view(request)


async def check(request: web.Request) -> web.Response:
    """The device check: evidence that somebody was there, on time, with a broken device."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.CheckBody)
    access.in_pace(request)
    who = request[ADMISSION]
    await deps(request).desk.check(who.session, who.role, given.results())
    return await _view(request)


async def guidelines(request: web.Request) -> web.Response:
    """P5.2."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.AcceptBody)
    access.in_pace(request)
    who, here = request[ADMISSION], deps(request)
    await here.desk.report(who.session, Accept(who.role, given.version, given.accepted), here.clock())
    return await _view(request)


async def refund(request: web.Request) -> web.Response:
    """P3.12: asked for once, perhaps for less."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.RefundBody)
    access.in_pace(request)
    who = request[ADMISSION]
    await deps(request).desk.request_refund(who.session, who.role, given.amount.value() if given.amount else None)
    return await _view(request)


async def rating(request: web.Request) -> web.Response:
    """P2.1: the other party, once."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.RatingBody)
    access.in_pace(request)
    who = request[ADMISSION]
    await deps(request).desk.rate(who.session, who.role, given.stars, given.tags, given.text)
    return await _view(request)


async def rating_answer(request: web.Request) -> web.Response:
    """P2.1: the rated side, once."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.TextBody)
    access.in_pace(request)
    who = request[ADMISSION]
    await deps(request).desk.answer_rating(who.session, who.role, given.text)
    return await _view(request)


async def complaint(request: web.Request) -> web.Response:
    """P2.2: about the other party; it gets a ticket."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.ComplaintBody)
    access.in_pace(request)
    who = request[ADMISSION]
    ticket = await deps(request).desk.complain(who.session, who.role, given.category, given.text)
    return answer(TicketAnswer(ticket=ticket), 201)


async def cause(request: web.Request) -> web.Response:
    """P3.17: the session could not be held."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.CauseBody)
    access.in_pace(request)
    who = request[ADMISSION]
    await deps(request).desk.claim_cause(who.session, who.role, given.cause, given.text)
    return await _view(request)


async def dispute(request: web.Request) -> web.Response:
    """P3.12: a decline is not accepted, once."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.OptionalTextBody)
    access.in_pace(request)
    who = request[ADMISSION]
    await deps(request).desk.dispute(who.session, who.role, given.text)
    return await _view(request)


async def appeal(request: web.Request) -> web.Response:
    """P2.7: against a sanction, from any page of one's own."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.AppealBody)
    access.in_pace(request)
    who = request[ADMISSION]
    await deps(request).desk.appeal(who.session, who.role, given.sanction, given.text)
    return await _view(request)


async def contest(request: web.Request) -> web.Response:
    """P1.8: the expert's attendance is not as it is written."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.TextBody)
    access.in_pace(request)
    who = request[ADMISSION]
    await deps(request).desk.contest(who.session, who.role, given.text)
    return await _view(request)


async def leaving(request: web.Request) -> web.Response:
    """The ``pagehide`` beacon of one join (P3.14): a hint, so there is nothing to answer."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.LeavingBody)
    who = request[ADMISSION]
    deps(request).attendant.leaving(who.session, who.role, given.join)
    return web.Response(status=204)


async def invitation(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    who, here = request[ADMISSION], deps(request)
    record = await here.desk.record(who.session)
    return calendar.response(record, who.role, here.desk.link(record, who.role), here.settings.origin)


async def _view(request: web.Request) -> web.Response:
    who = request[ADMISSION]
    return answer(await deps(request).desk.snapshot(who.session, who.role))
