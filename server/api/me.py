"""A party's own doors, opened by the join token of its link: its view, and what it may say outside the socket.

A token opens nothing but its own party's view of its own session. What may be done now is decided by the desk.
"""

from __future__ import annotations

from aiohttp import web

from server.api import access, calendar, requests
from server.api.access import ADMISSION
from server.api.deps import deps
from server.api.sessions import answer
from signaling.session import Accept


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
