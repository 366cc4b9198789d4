"""The doors to accounts and keys, for whoever may make them: admins who are signed in, and no key at all.

A setup link and a key's secret are each in one answer, of their making, and nowhere else. Who operates this is no
secret among those who do: names and roles are shown to everyone who is signed in.
"""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from server.api import requests
from server.api.access import CALLER
from server.api.deps import deps
from server.api.requests_dashboard import OperatorName
from server.api.sessions import answer
from server.policy.operators import OperatorRole
from server.store import views_desk as views
from server.store.views import Key
from server.store.views_desk import Operator
from server.wire import Body
from signaling.messages import Time


class OperatorAnswer(BaseModel):
    """A named account. ``invited``: its owner has not set it up yet."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(examples=["op_3f9a1c2b7d10"])
    name: str
    role: OperatorRole
    state: Literal["invited", "active", "revoked"]
    created_at: Time
    last_signed_in_at: Time | None


class OperatorMade(OperatorAnswer):
    """With the link that it is set up with, for the only time."""

    setup_link: str
    setup_until: Time


class OperatorList(BaseModel):
    data: tuple[OperatorAnswer, ...]
    next_cursor: None = None


class KeyAnswer(BaseModel):
    """An API key."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: Time
    revoked_at: Time | None


class KeyMade(KeyAnswer):
    """``secret`` is shown this once."""

    secret: str


class KeyList(BaseModel):
    data: tuple[KeyAnswer, ...]
    next_cursor: None = None


class OperatorBody(Body):
    name: OperatorName
    role: OperatorRole


class RoleBody(Body):
    role: OperatorRole


async def many(request: web.Request) -> web.Response:
    """Oldest first, those that are over among them: the log names them."""
    requests.query(request, requests.NoQuery)
    found = await views.operators(deps(request).database)
    return answer(OperatorList(data=tuple(shown(each) for each in found)))


async def create(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, OperatorBody)
    desk = deps(request).desk
    return answer(made(*await desk.operators.add(given.name, given.role, request[CALLER].key), desk.rules.origin), 201)


async def change(request: web.Request) -> web.Response:
    """Another role, from its next call on."""
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, RoleBody)
    return answer(shown(await deps(request).desk.operators.change_role(id_, given.role, request[CALLER].key)))


async def reset(request: web.Request) -> web.Response:
    """A new link; password and authenticator are over."""
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    desk = deps(request).desk
    return answer(made(*await desk.operators.reset(id_, request[CALLER].key), desk.rules.origin))


async def revoke(request: web.Request) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    await deps(request).desk.operators.revoke(id_, request[CALLER].key)
    return web.Response(status=204)


async def sign_out(request: web.Request) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    await deps(request).desk.operators.sign_out_of(id_, request[CALLER].key)
    return web.Response(status=204)


async def keys(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    return answer(KeyList(data=tuple(key_shown(key) for key in await deps(request).desk.keys())))


async def create_key(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.KeyBody)
    key, secret = await deps(request).desk.create_key(given.name, given.scopes, request[CALLER].key)
    return answer(KeyMade(**dict(key_shown(key)), secret=secret), 201)


async def revoke_key(request: web.Request) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    await deps(request).desk.revoke_key(id_, request[CALLER].key)
    return web.Response(status=204)


def shown(operator: Operator) -> OperatorAnswer:
    return OperatorAnswer(
        id=operator.id,
        name=operator.name,
        role=operator.role,
        state=operator.state,
        created_at=operator.created_at,
        last_signed_in_at=operator.signed_in_at,
    )


def made(operator: Operator, setup: str, origin: str) -> OperatorMade:
    """What counts of the link is in the fragment, which no server and no log ever sees."""
    assert operator.setup_until is not None
    link = f"{origin}/dashboard/setup#s={setup}"
    return OperatorMade(**dict(shown(operator)), setup_link=link, setup_until=operator.setup_until)


def key_shown(key: Key) -> KeyAnswer:
    return KeyAnswer(id=key.id, name=key.name, scopes=key.scopes, created_at=key.created_at, revoked_at=key.revoked_at)
