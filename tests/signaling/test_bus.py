"""Asking another node: how long one waits for the answer, by a clock that is set. Redis itself is in tests/cluster."""

from __future__ import annotations

import asyncio
import json

import pytest

from signaling.bus import LOOK, STUCK, UNHEARD, Body, Bus
from signaling.errors import Busy


class Quiet(Bus):
    """A bus whose Redis is this test."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__("redis://nowhere", "me", "space", monotonic=lambda: self.now)
        self.hear("me", "beat-own")
        self.hear("other", "alive")

    def hear(self, sender: str, kind: str, **body: object) -> None:
        self._take(json.dumps({"kind": kind, "from": sender, **body}).encode())

    @property
    def said(self) -> list[str]:
        return [json.loads(text)["kind"] for _, _, text in self._queue]


async def asked(bus: Quiet, *, hasty: bool) -> asyncio.Task[Body]:
    task = asyncio.create_task(bus.ask("other", "command", hasty=hasty))
    await asyncio.sleep(0)
    assert bus.said == ["command"]
    return task


async def test_who_asks_in_haste_gives_up_as_soon_as_redis_carries_nothing() -> None:
    bus = Quiet()
    task = await asked(bus, hasty=True)
    bus.now += STUCK * 2
    with pytest.raises(Busy):
        await asyncio.wait_for(task, 10)
    assert "beat-own" in bus.said  # it looked whether a word to itself comes back
    assert not bus.unsure


async def test_a_slow_answer_is_waited_for_while_redis_carries_words() -> None:
    bus = Quiet()
    task = await asked(bus, hasty=True)
    for _ in range(5):
        bus.now += STUCK * 2  # as if we had stood still
        bus.hear("me", "beat-own")
        bus.hear("other", "alive")
        await asyncio.sleep(LOOK * 2)
    assert not task.done()
    bus.hear("other", "answer", ask=1, body={"ack": 1})
    assert await asyncio.wait_for(task, 10) == {"ack": 1}


async def test_who_is_not_in_haste_gives_redis_a_second_and_a_silent_node_not_much_more() -> None:
    bus = Quiet()
    task = await asked(bus, hasty=False)
    bus.now += STUCK * 2
    await asyncio.sleep(LOOK * 4)
    assert not task.done()
    for _ in range(3):
        bus.now += UNHEARD / 2
        bus.hear("me", "beat-own")  # we hear ourselves, but not the other
    with pytest.raises(Busy):
        await asyncio.wait_for(task, 10)
