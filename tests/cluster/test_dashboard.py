"""An operator on one node, and a call that lives on the other: what is seen of it there, and what comes of an act."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from tests.cluster.stage import stage
from tests.e2e.stage import API_KEY, Server, until
from tests.stores import Cluster

SOON = 30.0
"""Seconds that only catch what never comes."""


async def test_an_operator_on_another_node_sees_and_acts(cluster: Cluster, tmp_path: Path) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # which keeps cookies of addresses, too
    async with stage(cluster, tmp_path) as on, aiohttp.ClientSession(cookie_jar=jar) as http:
        booked = await on.book(minutes=30)
        client, expert = await on.couple(booked)
        ((name, _),) = await on.homes()
        home = on.named(name)
        other = next(node for node in on.nodes if node is not home)
        signed = await _call(http, other, "POST", "/dashboard/sign-in", {"key": API_KEY})
        csrf = signed["csrf"]
        watching = await http.ws_connect(f"{other.origin}/dashboard/live", headers={"Origin": other.origin})
        await _hears(watching, kind="hello")
        await _hears(watching, kind="reload")  # the other node knows now that somebody watches here

        await home.book(starts_in=3600, minutes=30, session_id="bk_2")
        assert (await _hears(watching, kind="session", id="bk_2"))["status"] == "scheduled"

        longer = {
            "starts_at": booked["starts_at"],
            "duration_minutes": 45,
            "title": "Mentoring",
            "client": {"id": "c_9", "name": "Ada Client"},
            "expert": {"id": "e_4", "name": "Max Expert"},
            "fee": {"amount": 12000, "currency": "USD"},
        }
        assert (await other.call("PUT", "/v1/sessions/bk_1", json=longer))["ends_at"] != booked["ends_at"]

        async def told() -> bool:
            return "moved" in client.told and "moved" in expert.told

        await until(told, SOON, "both are told of the other end")
        await _hears(watching, kind="session", id="bk_1")
        await asyncio.gather(client.sees(), expert.sees())

        why = {"reason": "asked to by both sides"}
        await _call(http, other, "POST", "/v1/sessions/bk_1/end", why, csrf)
        ends = await asyncio.gather(*(asyncio.wait_for(guest.ended, SOON) for guest in (client, expert)))
        assert [each["view"]["end"]["reason"] for each in ends] == ["ended_by_operator"] * 2
        assert (await _hears(watching, kind="session", id="bk_1", status="ended"))["version"]
        session = await home.session("bk_1")
        assert session["end"]["mutual_seconds"] > 0  # which its home alone has measured

        await _call(http, home, "POST", "/dashboard/sign-out", {"everywhere": True}, csrf)
        assert (await _hears(watching, kind="bye"))["code"] == "signed_out"
        await watching.receive(timeout=SOON)
        assert watching.close_code == 4401


async def _call(http: aiohttp.ClientSession, node: Server, method: str, path: str, body: Any, csrf: str = "") -> Any:
    """As a page of the dashboard does; the cookie is kept in between, and goes to each node."""
    headers = {"Origin": node.origin, "X-CSRF-Token": csrf}
    async with http.request(method, node.origin + path, json=body, headers=headers) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json() if answer.status != 204 else None


async def _hears(socket: aiohttp.ClientWebSocketResponse, **wanted: Any) -> dict[str, Any]:
    while True:
        said: dict[str, Any] = await socket.receive_json(timeout=SOON)
        if wanted.items() <= said.items():
            return said
