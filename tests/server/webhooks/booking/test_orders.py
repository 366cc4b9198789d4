"""Every story of every dialect, in every order, and many times at once, has its one right end, on both stores."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Sequence
from typing import Any

import pytest

from server.desk.inbound import Taken
from server.store.sessions import Record
from signaling.errors import Busy
from signaling.session import MINUTE
from tests.builders import Clock, Office, office
from tests.server.webhooks.booking.samples import HOUR, SAID, SECRETS, SIGN, STORIES, Right, Story

SOURCES = 6
each_story = pytest.mark.parametrize("story", STORIES, ids=str)


async def a_source(o: Office, kind: str, name: str = "src", **options: Any) -> None:
    await o.desk.sources.create(name, kind, SECRETS[kind], who="test", **options)


async def take(o: Office, kind: str, raw: bytes, name: str = "src") -> Taken:
    return await o.desk.take(name, SIGN[kind](raw, o.clock()), raw)


async def insist(o: Office, kind: str, raw: bytes) -> Taken:
    """As a booking system does that is answered 503: again, until it is taken."""
    while True:
        with contextlib.suppress(Busy):
            return await take(o, kind, raw)


def orders(story: Story) -> list[tuple[int, ...]]:
    """All of them for up to five messages, else some at random."""
    numbers = range(len(story.tell("")))
    if len(numbers) <= 5:
        return list(itertools.permutations(numbers))
    chance = random.Random(7)
    return [tuple(chance.sample(numbers, len(numbers))) for _ in range(30)]


async def sessions(o: Office) -> dict[str, Record]:
    return {id_: await o.desk.record(id_) for (id_,) in await o.rows("select id from sessions")}


def expected_id(story: Story, name: str, source: str = "src") -> str:
    return name if story.kind == "standard" else f"{source}:{name}A"


def hold(record: Record, right: Right) -> None:
    """The session is as the story says it must be."""
    slot = record.session.slot
    assert record.session.phase.value == right.status
    if right.starts_at is not None:
        assert (slot.starts_at, slot.ends_at) == (right.starts_at, right.starts_at + right.minutes * MINUTE)
    assert record.fee == right.fee
    assert right.expert in (record.expert.email, record.expert.person_id)
    end = record.session.end
    assert (end.by.value if end and end.by else None) == right.by
    settled = [fact.settlement for fact in record.facts if fact.kind == "settled"]
    assert (settled[0].refund.status.value if settled else None) == (right.refund or ("none" if settled else None))


@each_story
async def test_every_order_of_a_story_has_its_one_right_end(where: str, story: Story) -> None:
    some = 8 if where.startswith("postgresql") else 24  # all of them in the long form
    await in_every_order(where, story, random.Random(7).sample(orders(story), min(some, len(orders(story)))))


@pytest.mark.long
@pytest.mark.parametrize("story", [story for story in STORIES if len(story.tell("")) > 3], ids=str)
async def test_every_order_of_a_longer_story_has_its_one_right_end(where: str, story: Story) -> None:
    await in_every_order(where, story, orders(story))


async def in_every_order(where: str, story: Story, chosen: Sequence[tuple[int, ...]]) -> None:
    """Each order is told of a booking of its own, and several sources are heard at once."""
    async with office(where, Clock(SAID + HOUR)) as o:
        for number in range(SOURCES):
            await a_source(o, story.kind, f"src{number}", **story.options)
        tellings = {f"k{n}x": (f"src{n % SOURCES}", order) for n, order in enumerate(chosen)}

        async def tell(name: str, source: str, order: tuple[int, ...]) -> None:
            messages = story.tell(name)
            for n in order:
                await take(o, story.kind, messages[n], source)

        o.desk.within = 60
        await asyncio.gather(*(tell(name, *telling) for name, telling in tellings.items()))
        found = await sessions(o)
        ids = {expected_id(story, name, source) for name, (source, _) in tellings.items()}
        assert set(found) == (ids if story.right.status else set())
        for record in found.values():
            hold(record, story.right)
        if story.right.status == "scheduled":  # whoever moved it: a move costs nobody anything
            types = {type_ for (type_,) in await o.rows("select distinct type from outbox")}
            assert types <= {"session.booked", "session.moved", "session.links"}
            assert await o.rows("select count(*) from marks") == [(0,)]


@each_story
async def test_many_of_each_at_once_count_once(where: str, story: Story) -> None:
    await at_once(where, story, 10)


@pytest.mark.long
@each_story
async def test_fifty_of_each_at_once_count_once(where: str, story: Story) -> None:
    await at_once(where, story, 50)


async def at_once(where: str, story: Story, times: int) -> None:
    """Each message so many times, all mixed, at one moment."""
    async with office(where, Clock(SAID + HOUR)) as o:
        o.desk.within = 60
        await a_source(o, story.kind, **story.options)
        messages = [raw for raw in story.tell("k") for _ in range(times)]
        random.Random(11).shuffle(messages)
        taken = await asyncio.gather(*(insist(o, story.kind, raw) for raw in messages))
        assert len(taken) == len(messages)
        found = await sessions(o)
        assert list(found) == ([expected_id(story, "k")] if story.right.status else [])
        for record in found.values():
            hold(record, story.right)
        assert await o.rows("select count(*) from inbox") == [(len(story.tell("k")),)]
        booked = await o.rows("select count(*) from outbox where type = 'session.booked'")
        assert booked == [(len(found),)]


@each_story
async def test_a_story_told_again_changes_nothing(story: Story, tmp_path: Any) -> None:
    async with office(tmp_path / "a.db", Clock(SAID + HOUR)) as o:
        await a_source(o, story.kind, **story.options)
        for raw in story.tell("k"):
            await take(o, story.kind, raw)
        once, events = await sessions(o), await o.rows("select id from outbox")
        for raw in reversed(story.tell("k")):
            await take(o, story.kind, raw)
        assert await sessions(o) == once
        assert await o.rows("select id from outbox") == events
