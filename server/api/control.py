"""The operator's own door: API keys, accounts and backups, over a unix socket beside the database (mode 0600).

Whoever can open the socket may do what whoever can open the database file may do, so there is no key to show here.
Commands like ``headstrt keys`` talk to it while the server runs, for there is one writer (security §5).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from server.api import middleware, requests
from server.api.operators import KeyList, KeyMade, OperatorBody, OperatorList, key_shown, made, shown
from server.api.sessions import answer
from server.desk import Desk
from server.desk.operators import COMMAND
from server.wire import Body

DESK = web.AppKey("desk", Desk)

BackUp = Callable[[Path], Awaitable[int]]
"""Copies the whole database into a new file, and returns its bytes."""


class SigningKeyAnswer(BaseModel):
    """The key that signs receipts from now on."""

    kid: str


class BackupAnswer(BaseModel):
    bytes: int


class WhichBody(Body):
    """An account, by its name or id."""

    operator: Annotated[str, Field(pattern=r"^[a-z0-9._-]{1,64}$")]


def control_app(desk: Desk, back_up: BackUp) -> web.Application:
    """What the command line asks of a server that runs. For a ``UnixSite`` that is 0600."""

    async def backup(request: web.Request) -> web.Response:
        given = await requests.body(request, requests.BackupBody)
        return answer(BackupAnswer(bytes=await back_up(Path(given.to))), 201)

    app = web.Application(client_max_size=requests.MAX_BODY, middlewares=[middleware.say_problems])
    app[DESK] = desk
    app.router.add_get("/keys", _list)
    app.router.add_post("/keys", _create)
    app.router.add_delete("/keys/{id}", _revoke)
    app.router.add_post("/signing/rotate", _rotate)
    app.router.add_post("/backup", backup)
    app.router.add_get("/operators", _operators)
    app.router.add_post("/operators", _add)
    app.router.add_post("/operators/reset", _reset)
    app.router.add_post("/operators/revoke", _end)
    return app


async def _list(request: web.Request) -> web.Response:
    return answer(KeyList(data=tuple(key_shown(key) for key in await request.app[DESK].keys())))


async def _create(request: web.Request) -> web.Response:
    given = await requests.body(request, requests.KeyBody)
    key, secret = await request.app[DESK].create_key(given.name, given.scopes)
    return answer(KeyMade(**dict(key_shown(key)), secret=secret), 201)


async def _revoke(request: web.Request) -> web.Response:
    await request.app[DESK].revoke_key(request.match_info["id"])
    return web.Response(status=204)


async def _rotate(request: web.Request) -> web.Response:
    return answer(SigningKeyAnswer(kid=(await request.app[DESK].signing.rotate()).kid), 201)


async def _operators(request: web.Request) -> web.Response:
    return answer(OperatorList(data=tuple(shown(each) for each in await request.app[DESK].operators.every())))


async def _add(request: web.Request) -> web.Response:
    given, desk = await requests.body(request, OperatorBody), request.app[DESK]
    return answer(made(*await desk.operators.add(given.name, given.role, COMMAND), desk.rules.origin), 201)


async def _reset(request: web.Request) -> web.Response:
    given, desk = await requests.body(request, WhichBody), request.app[DESK]
    return answer(made(*await desk.operators.reset(given.operator, COMMAND), desk.rules.origin))


async def _end(request: web.Request) -> web.Response:
    given = await requests.body(request, WhichBody)
    return answer(shown(await request.app[DESK].operators.revoke(given.operator, COMMAND)))
