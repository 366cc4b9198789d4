"""People and a booking system without browsers: sockets and HTTP, as fast as they go, and a list of what was promised.

What is acknowledged goes into ``Told`` when the answer is there, not before; what was asked and never answered may have
happened or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import socketio

from signaling.messages import PROTOCOL_VERSION, to_rfc3339
from signaling.session import Ms
from tests.e2e.stage import API_KEY, Server
from tests.trial.audit import Told

GUIDELINES = "2026-11"


class Refused(Exception):
    """The server said no; ``code`` says why."""

    def __init__(self, status: int | None, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


def now() -> Ms:
    return time.time_ns() // 1_000_000


@dataclass
class Page:
    """One party at a socket."""

    token: str
    origin: str
    socket: Any = field(default_factory=lambda: socketio.AsyncClient(reconnection=False))
    join_id: str | None = None
    numbers: Any = field(default_factory=lambda: itertools.count(random.getrandbits(40)))
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self) -> None:
        self.socket = socketio.AsyncClient(reconnection=False)
        self.socket.on("ended", lambda data: self.ended.set())
        await self.socket.connect(
            self.origin, auth={"token": self.token, "protocol": PROTOCOL_VERSION}, transports=["websocket"]
        )

    async def command(self, name: str, timeout: float = 15, **data: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self.socket.call(
            name, {"command_id": f"c{next(self.numbers)}", **data}, timeout=timeout
        )
        if not answer.get("ok"):
            raise Refused(None, answer["code"])
        return answer

    async def join(self) -> None:
        again = {"resume": self.join_id} if self.join_id else {}
        self.join_id = (await self.command("join", **again))["join"]

    async def close(self) -> None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.socket.disconnect(), 2)


@dataclass
class Office:
    """The booking system, with one connection pool, and what it and its people were told."""

    server: Server
    told: Told = field(default_factory=Told)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    hang_ups_until: int = 1

    async def call(self, http: aiohttp.ClientSession, method: str, path: str, key: str = API_KEY, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        async with http.request(method, self.server.origin + path, headers=headers, **more) as answer:
            body = await answer.json()
            if answer.status >= 400:
                raise Refused(answer.status, body["code"])
            return body

    async def book(self, http: aiohttp.ClientSession, session: str, *, ends_in: float, minutes: int = 1) -> Any:
        starts_at = now() + round(ends_in * 1000) - minutes * 60_000
        accepted = {"version": GUIDELINES, "accepted_at": to_rfc3339(starts_at)}
        body = {
            "starts_at": to_rfc3339(starts_at),
            "duration_minutes": minutes,
            "client": {"id": "c_9", "name": "Ada"},
            "expert": {"id": "e_4", "name": "Max"},
            "fee": {"amount": 12000, "currency": "USD"},
            "guidelines": {"client": accepted, "expert": accepted},
        }
        booked = await self.call(http, "PUT", f"/v1/sessions/{session}", json=body)
        self.told.done(session, "booked")
        return booked

    async def couple(self, http: aiohttp.ClientSession, session: str, chance: random.Random) -> None:
        """Book, join, hang up, ask for the money, decide: until it is done or the server is gone."""
        told = self.told
        booked = await self.book(http, session, ends_in=chance.uniform(2, 6))
        pages = {role: self.page(booked["links"][role]) for role in ("client", "expert")}
        try:
            for role, page in pages.items():
                await page.connect()
                await page.join()
                told.done(session, "joined", role)
            if chance.random() < 0.3:
                return  # they stay until the end, or until something happens to the server
            await asyncio.sleep(chance.uniform(0, 0.05))
            told.ask(session, "hung_up", "expert")
            hang_up = asyncio.ensure_future(pages["expert"].command("hang_up"))
            self.hang_ups_until -= 1
            if self.hang_ups_until <= 0:
                self.hung_up.set()
            if not (await hang_up)["ended"]:
                return  # a machine so slow that it was an outage, and the seats are empty: nothing was promised
            told.done(session, "hung_up", "expert")
            told.done(session, "ended")
            told.done(session, "settled")
            with contextlib.suppress(Refused):  # media never flowed here, so it is for a person to look at (P3.17)
                await self.call(http, "POST", "/v1/me/refund", key=pages["client"].token, json={})
                told.done(session, "refund_requested")
            decision = {"decision": "approved", "amount": {"amount": 100, "currency": "USD"}}
            await self.call(http, "POST", f"/v1/sessions/{session}/refund/decision", json=decision)
            told.done(session, "refund_decided")
        finally:
            for page in pages.values():
                await page.close()

    def page(self, link: str) -> Page:
        return Page(link.partition("#t=")[2], self.server.origin)
