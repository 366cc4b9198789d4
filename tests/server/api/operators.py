"""Somebody at the dashboard, for tests: signed in with both factors, as their browser would be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse

from server.policy.operators import STEP, OperatorRole, code_at
from server.store.sealing import unpack, unseal
from tests.server.api.conftest import World

PASSWORD = "a quiet harbour at dawn"
ORIGIN = "https://calls.example"
COOKIE = "__Host-headstrt"


def cookie_from(response: ClientResponse) -> str:
    """What the browser keeps of an answer."""
    return response.cookies[COOKIE].value


@dataclass
class Browser:
    """One browser at the dashboard."""

    world: World
    cookie: str = ""
    me: dict[str, Any] = field(default_factory=dict)

    async def call(self, method: str, path: str, **more: Any) -> ClientResponse:
        headers = {"Origin": ORIGIN}
        if self.cookie:
            headers["Cookie"] = f"{COOKIE}={self.cookie}"
        if self.me and method not in ("GET", "HEAD"):
            headers["X-CSRF-Token"] = self.me["csrf"]
        headers |= more.pop("headers", {})
        given = {name: value for name, value in headers.items() if value is not None}
        return await self.world.client.request(method, path, headers=given, **more)

    async def get(self, path: str) -> Any:
        response = await self.call("GET", path)
        assert response.status == 200, await response.text()
        return await response.json()

    async def enter(self, **given: str) -> ClientResponse:
        """Sign in with what is given."""
        response = await self.call("POST", "/dashboard/sign-in", json=given)
        if response.status == 200:
            self.cookie, self.me = cookie_from(response), await response.json()
        return response


async def secret_of(world: World, name: str) -> bytes:
    """An account's shared secret, as its authenticator has it."""
    desk = world.office.desk
    ((id_, sealed),) = await world.office.rows(f"select id, totp_sealed from operators where name = '{name}'")
    secret = unseal(desk.endpoints.sealing_key, id_, unpack(sealed))
    assert secret is not None
    return secret


async def code_of(world: World, name: str, steps: int = 0) -> str:
    """What the authenticator shows now, or so many steps from now."""
    return code_at(await secret_of(world, name), world.clock() // STEP + steps)


async def operator(world: World, role: OperatorRole | str, name: str = "") -> Browser:
    """An account of this role, set up and signed in."""
    name = name or f"the-{role}"
    _, setup = await world.office.desk.operators.add(name, OperatorRole(role), "command")
    browser = Browser(world)
    assert (await browser.call("POST", "/dashboard/setup", json={"setup": setup})).status == 200
    given = {"setup": setup, "password": PASSWORD, "code": await code_of(world, name)}
    response = await browser.call("POST", "/dashboard/setup/confirm", json=given)
    assert response.status == 200, await response.text()
    browser.cookie, browser.me = cookie_from(response), await response.json()
    return browser
