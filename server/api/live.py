"""The dashboard's socket: hints that something is another now, so that a page asks again. Never media, never a token.

A hint names a session, its version and its phase, and nothing else; what has become of it the page asks for, with its
own rights. Hints to a page that does not keep up are merged, and past a bound replaced by ``reload``. A page says
nothing here. The sign-in is looked at when the socket opens and every few seconds after, and an open socket keeps
nobody signed in. Losing it loses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any, Final

from aiohttp import WSMsgType, web

from server.api.access import CALLER, by_sign_in, cookie_of, from_here
from server.api.deps import DEPS, deps
from server.api.hub import COUNTED_EVERY, Watcher
from server.api.problems import Refusal
from server.policy.operators import MAY_SIGN_IN
from signaling.errors import Denied
from signaling.messages import to_rfc3339

EVERY: Final = 1.0
"""Seconds between two looks at what there is to tell: what happens meanwhile is told as one."""

CHECKED_EVERY: Final = 10.0
HEARTBEAT: Final = 20.0
ENDS_WITHIN: Final = 2.0
SIGNED_OUT, TOO_MANY, GOING = 4401, 4429, 1001


async def socket(request: web.Request) -> web.StreamResponse:
    """``Denied`` and ``Refusal`` before there is a socket; afterwards a close code says why."""
    from_here(request)
    caller = await by_sign_in(request)
    if not MAY_SIGN_IN & caller.scopes:
        raise Refusal(403, "insufficient_scope", "This key may not look at the dashboard.")
    request[CALLER] = caller
    signed, cookie, hub = caller.signed, cookie_of(request), deps(request).hub
    assert signed is not None
    assert cookie is not None
    response = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=1024, compress=False)
    if not response.can_prepare(request):
        raise Refusal(426, "upgrade_required", "This is a WebSocket.", headers={"Upgrade": "websocket"})
    await response.prepare(request)
    watcher = hub.enter(signed.mark, signed.id)
    if watcher is None:
        await response.close(code=TOO_MANY, message=b"too many")
        return response
    writer = asyncio.create_task(_tell(request, response, watcher, cookie), name="dashboard socket")
    try:
        async for message in response:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await response.close(code=1008, message=b"nothing is said here")
                break
    finally:
        hub.leave(watcher)
        await _ended(writer, watcher)
    return response


async def _ended(writer: asyncio.Task[None], watcher: Watcher) -> None:
    """It ends by itself once the socket is closed: a question that it has put to the store is heard out. A read that is
    broken off would still be tidying up when the store is closed behind it."""
    watcher.news.set()
    await asyncio.wait({writer}, timeout=ENDS_WITHIN)
    writer.cancel()
    with contextlib.suppress(asyncio.CancelledError, ConnectionError):
        await writer


async def part(app: web.Application) -> None:
    """This server is going down: every socket is closed, so that nothing waits for them."""
    app[DEPS].hub.close()


async def _tell(request: web.Request, response: web.WebSocketResponse, watcher: Watcher, cookie: str) -> None:
    here = deps(request)
    told: dict[str, Any] = {}
    await _say(response, {"kind": "hello", "server_time": to_rfc3339(here.clock())})
    counted = checked = -CHECKED_EVERY
    while not response.closed:
        now = time.monotonic()
        if here.hub.closed or here.draining():
            await response.close(code=GOING)
            return
        if watcher.ended or (now - checked >= CHECKED_EVERY and not await _still(request, cookie)):
            await _say(response, {"kind": "bye", "code": "signed_out"})
            await response.close(code=SIGNED_OUT, message=b"signed out")
            return
        checked = now if now - checked >= CHECKED_EVERY else checked
        if now - counted >= COUNTED_EVERY:
            counted = now
            for kind, said in (await here.hub.counts(here.database, here.clock())).items():
                if told.get(kind) != said:
                    told[kind] = said
                    await _say(response, said)
        if watcher.reload:
            watcher.reload = False
            watcher.hints.clear()
            await _say(response, {"kind": "reload"})
        for session, (version, status) in list(watcher.hints.items()):
            watcher.hints.pop(session, None)
            await _say(response, {"kind": "session", "id": session, "version": version, "status": status})
        watcher.news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EVERY):
                await watcher.news.wait()


async def _say(response: web.WebSocketResponse, message: dict[str, Any]) -> None:
    await response.send_str(json.dumps(message, separators=(",", ":")))


async def _still(request: web.Request, cookie: str) -> bool:
    try:
        await deps(request).desk.operators.signed_in(cookie, calls=False)
    except Denied:
        return False
    return True
