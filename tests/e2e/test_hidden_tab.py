"""Somebody looks something up in another tab during the call: for the other side and the record, nothing happened."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.stage import People, Server, until
from tests.e2e.tab import tabs


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seconds", [20, pytest.param(60, marks=pytest.mark.long)])  # a leg is lost after 15
async def test_a_hidden_tab_stays_in_the_call(tmp_path: Path, server: Server, person: People, seconds: int) -> None:
    booked = await server.book(starts_in=-1, minutes=10)
    expert = await person(booked["links"]["expert"])
    async with tabs(tmp_path / "profile") as chromium:
        client = await chromium.open()
        await client.goto(booked["links"]["client"])
        await client.is_in("checkin")
        await client.click("accept")
        await client.click("join")
        await client.is_in("waiting", "call")
        await expert.join()
        await expert.sees_video()

        other = await chromium.open("data:text/html,<h1>something else</h1>")
        assert await client.visibility() == "hidden"
        for _ in range(seconds // 5):
            before = await expert.frames()
            await asyncio.sleep(5)
            assert await expert.state() == "call"
            assert await expert.frames() > before, "the hidden side is still seen"
        assert await client.visibility() == "hidden"
        assert await other.visibility() == "visible"

        await client.show()
        assert await client.visibility() == "visible"
        frames = await client.frames()

        async def more() -> bool:
            return await client.frames() > frames

        await until(more, 20, "the one who came back sees the other")
        await client.is_in("call")
        kinds = await server.kinds()
        assert "met" in kinds
        assert {"departed", "ended"}.isdisjoint(kinds)
