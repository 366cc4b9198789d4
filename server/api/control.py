"""The operator's own door: API keys and backups, over a unix socket beside the database (mode 0600).

Whoever can open the socket may do what whoever can open the database file may do, so there is no key to show here.
Commands like ``headstrt keys`` talk to it while the server runs, for there is one writer (security §5).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from pydantic import BaseModel

from server.api import middleware, requests
from server.api.sessions import answer
from server.desk import Desk
from server.store.views import Key
from signaling.messages import Time

DESK = web.AppKey("desk", Desk)

BackUp = Callable[[Path], Awaitable[int]]
"""Copies the whole database into a new file, and returns its bytes."""


class KeyAnswer(BaseModel):
    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: Time
    revoked_at: Time | None


class NewKeyAnswer(KeyAnswer):
    """``secret`` is shown this once."""

    secret: str


class KeyList(BaseModel):
    data: tuple[KeyAnswer, ...]


class SigningKeyAnswer(BaseModel):
    """The key that signs receipts from now on."""

    kid: str


class BackupAnswer(BaseModel):
    bytes: int


def control_app(desk: Desk, back_up: BackUp) -> web.Application:
    """``GET/POST /keys``, ``DELETE /keys/{id}``, ``POST /signing/rotate | /backup``; for a ``UnixSite`` of 0600."""

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
    return app


async def _list(request: web.Request) -> web.Response:
    return answer(KeyList(data=tuple(_key(key) for key in await request.app[DESK].keys())))


async def _create(request: web.Request) -> web.Response:
    given = await requests.body(request, requests.KeyBody)
    key, secret = await request.app[DESK].create_key(given.name, given.scopes)
    return answer(NewKeyAnswer(**dict(_key(key)), secret=secret), 201)


async def _revoke(request: web.Request) -> web.Response:
    await request.app[DESK].revoke_key(request.match_info["id"])
    return web.Response(status=204)


async def _rotate(request: web.Request) -> web.Response:
    return answer(SigningKeyAnswer(kid=(await request.app[DESK].signing.rotate()).kid), 201)


def _key(key: Key) -> KeyAnswer:
    return KeyAnswer(id=key.id, name=key.name, scopes=key.scopes, created_at=key.created_at, revoked_at=key.revoked_at)
