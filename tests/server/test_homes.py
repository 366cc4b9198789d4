"""Homes and leases on the store: one home at a time, a stale one writes nothing, a lost one is taken up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from server import tokens
from server.desk import Desk, Rules
from server.homes import KEEP, KEEP_ALONE, Homes
from server.policy.terms import Terms
from server.store import homes
from server.store.database import Database, Locked, open_database
from server.store.sealing import derive_sealing_key
from signaling.cluster import Place
from signaling.errors import Busy, Elsewhere
from signaling.ports import Report
from signaling.session import HangUp, Join, MediaUp, Ms, Phase, Role
from tests.builders import GUIDELINES, NOON, SECRET, Clock, booking
from tests.stores import Cluster

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


@dataclass
class Ears:
    """What a node hears of others: set by hand."""

    deaf: bool = False
    silent: set[str] = field(default_factory=set)
    told: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def silent_for(self, process: str, /) -> float:
        return 60.0 if process in self.silent else 0.0

    def is_heard(self, process: str, /) -> bool:
        return not self.deaf and process not in self.silent

    def tell(self, to: str, kind: str, /, **body: Any) -> None:
        self.told.append((to, kind, body))


@dataclass
class Life:
    """The live side: whoever is said to be here, is."""

    pages: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    abandoned: list[str] = field(default_factory=list)

    def lives(self, session: str, /) -> bool:
        return session in self.pages | self.calls

    def in_call(self, session: str, /) -> bool:
        return session in self.calls

    async def abandon(self, session: str, /) -> None:
        self.abandoned.append(session)


@dataclass
class NodeUnderTest:
    name: str
    database: Database
    desk: Desk
    homes: Homes
    clock: Clock
    ears: Ears
    life: Life
    steady: list[float]
    relay: list[float] = field(default_factory=list)
    drained: int = 0
    heard: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    async def __call__(self, session: str, report: Report) -> None:
        self.heard.append((session, tuple(fact.kind for fact in report.facts)))

    async def look(self) -> None:
        """One second's round."""
        if not await self.homes._renew():
            await self.homes._lose()
            await self.homes._enter()
        await self.homes._look()
        await self.settled()

    async def settled(self) -> None:
        while waiting := [t for t in self.homes._tasks if t.get_name() not in ("node", "node-watch")]:
            await asyncio.gather(*waiting, return_exceptions=True)

    async def holds(self, session: str) -> bool:
        return session in self.homes.held()


@contextlib.asynccontextmanager
async def node(url: str, name: str, clock: Clock) -> AsyncIterator[NodeUnderTest]:
    database = open_database(url, together=True)
    await database.start()
    keys = tokens.derive_key(SECRET), "environment-key", derive_sealing_key(SECRET)
    rules = Rules(Terms(), GUIDELINES, "https://calls.example", *keys)
    desk, ears, life, steady = Desk(database, rules, clock), Ears(), Life(), [1000.0]
    made: NodeUnderTest

    def drains() -> None:
        made.drained += 1

    its = Homes(
        database,
        desk,
        life,
        ears,
        name=name,
        process=database.name,  # type: ignore[attr-defined]
        monotonic=lambda: steady[0],
        relay=lambda until: made.relay.append(until),
        draining=drains,
    )
    made = NodeUnderTest(name, database, desk, its, clock, ears, life, steady)
    desk.homes = its
    desk.listeners.append(made)
    await its._enter()
    await its._look()
    try:
        yield made
    finally:
        await its.stop()
        await database.close()


@contextlib.asynccontextmanager
async def two(cluster: Cluster) -> AsyncIterator[tuple[NodeUnderTest, NodeUnderTest, str]]:
    url, clock = await cluster.fresh(), Clock()
    async with node(url, "a", clock) as a, node(url, "b", clock) as b:
        await a.look()
        await a.desk.book(booking())
        yield a, b, url


async def call_on(a: NodeUnderTest, session: str = "bk_1") -> None:
    """Both have met, on this node."""
    assert (await a.homes.place(session)).here
    a.life.calls.add(session)
    for role in Role:
        await a.desk.report(session, Join(role, f"join-{role}"), a.clock())
    await a.desk.report(session, MediaUp(), a.clock())


async def kinds(n: NodeUnderTest, session: str = "bk_1") -> list[str]:
    return [fact.kind for fact in (await n.desk.record(session)).facts]


# --- one home ---------------------------------------------------------------------------------------------------------


async def test_64_racers_make_one_home(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, url):
        asked = await asyncio.gather(*((a, b)[n % 2].homes.place("bk_1") for n in range(64)), return_exceptions=True)
        places = [place for place in asked if not isinstance(place, Busy)]  # a busy machine may say so, and no more
        assert all(isinstance(place, Place) for place in places)
        assert len({place.node for place in places}) == 1
        assert {place.here for place in places} == {True, False}
        ((epoch,),) = await cluster.execute("select epoch from homes", url)
        assert epoch == 1


async def test_a_new_home_is_the_least_loaded_that_is_heard(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, _):
        for n in range(4):
            await a.desk.book(booking(f"s{n}"))
        places = [await a.homes.place(f"s{n}") for n in range(4)]
        assert sorted(place.here for place in places) == [False, False, True, True]
        assert [(to, kind) for to, kind, _ in a.ears.told] == [(b.homes.process, "adopt")] * 2
        a.ears.silent.add(b.homes.process)
        for n in range(4, 8):
            await a.desk.book(booking(f"s{n}"))
            assert (await a.homes.place(f"s{n}")).here


async def test_what_is_seen_live_is_written_by_the_home_alone(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, _):
        await call_on(a)
        before = await kinds(a)
        with pytest.raises(Elsewhere):
            await b.desk.report("bk_1", HangUp(EXPERT), b.clock())
        await b.desk.wake("bk_1")  # nor is its time another's to look after
        b.clock.at(31)
        await b.desk.sweep()
        assert await kinds(a) == before
        await a.desk.sweep()
        assert (await a.desk.record("bk_1")).session.phase is Phase.ENDED


async def test_a_stale_home_writes_nothing(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, url):
        await call_on(a)
        before = await kinds(a)
        await cluster.execute("update nodes set lease_until = 0 where name = 'a'", url)
        home = await b.database.write(lambda c: homes.assign(c, "bk_1", b.homes.id))
        assert (home.node, home.epoch) == (b.homes.id, 2)
        with pytest.raises(Elsewhere):  # it still believes that it is the home
            await a.desk.report("bk_1", HangUp(EXPERT), a.clock())
        await a.settled()
        assert await kinds(b) == before
        assert (a.life.abandoned, await a.holds("bk_1")) == (["bk_1"], False)


async def test_a_home_that_is_just_writing_is_waited_for(cluster: Cluster) -> None:
    """The fence is held until the commit: what it lets through is on record before there is another home."""
    async with two(cluster) as (a, b, url):
        await call_on(a)
        await cluster.execute("update nodes set lease_until = 0 where name = 'a'", url)
        inside, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(connection: Any) -> None:
            await a.homes.fence(connection, "bk_1", live=True)
            inside.set()
            await go_on.wait()

        writing = asyncio.ensure_future(a.database.write(slowly))
        await inside.wait()
        taking = asyncio.ensure_future(b.database.write(lambda c: homes.assign(c, "bk_1", b.homes.id)))
        done, _ = await asyncio.wait({taking}, timeout=0.5)
        assert not done
        go_on.set()
        await writing
        assert (await taking).epoch == 2


# --- death ------------------------------------------------------------------------------------------------------------


async def test_P3_9_a_lost_home_is_taken_up_by_whoever_looks(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, url):
        await call_on(a)
        a.clock.now += 2_000
        alive = await a.desk.sign_of_life()
        await cluster.execute("update nodes set lease_until = 0 where name = 'a'", url)
        a.clock.now += 7_000
        await b.look()
        assert await b.holds("bk_1")
        record = await b.desk.record("bk_1")
        assert [(f.kind, f.at) for f in record.facts[-2:]] == [
            ("service_lost", alive),
            ("service_back", b.clock()),
        ]
        ((lost_at, epoch),) = await cluster.execute("select lost_at, epoch from homes", url)
        assert (lost_at, epoch) == (None, 2)
        b.life.calls.add("bk_1")
        for role in Role:
            await b.desk.report("bk_1", Join(role, f"again-{role}"), b.clock())
        assert (await b.desk.record("bk_1")).session.phase is Phase.LIVE
        await a.look()  # another life; it finds that it is nobody's home
        assert (a.life.abandoned, await kinds(b)) == (["bk_1"], await kinds(a))


async def test_P3_9_an_outage_is_told_once_though_its_teller_fell(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, url):
        await call_on(a)
        await a.desk.sign_of_life()
        await cluster.execute("update nodes set lease_until = 0 where name = 'a'", url)
        a.clock.now += 9_000
        await b.look()
        before = await kinds(b)
        await cluster.execute(f"update homes set lost_at = {NOON}", url)  # as if it fell before it could note that
        await cluster.execute("update nodes set lease_until = 0 where name = 'b'", url)
        await a.look()
        await a.look()
        assert await a.holds("bk_1")
        assert await kinds(a) == before


async def test_P3_9_an_outage_of_all_nodes_is_told_once_of_each_call(cluster: Cluster) -> None:
    """Both were away, one signed a moment after the other, and who takes the call up was away as well."""
    async with two(cluster) as (a, b, url):
        await call_on(a)
        await a.desk.sign_of_life()
        a.clock.now += 400
        alive = await b.desk.sign_of_life()
        a.clock.now += 16_000
        await cluster.execute("update nodes set lease_until = 0 where name = 'a'", url)
        await b.look()
        assert await b.holds("bk_1")
        a.clock.now += 300
        await b.desk.outage(alive, lambda record, now: False)
        assert (await kinds(b)).count("service_lost") == 1
        again = await b.desk.sign_of_life()
        a.clock.now += 16_000
        await b.desk.outage(again, lambda record, now: False)
        assert (await kinds(b)).count("service_lost") == 2


async def test_an_outage_of_one_node_is_that_of_its_sessions_alone(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, _):
        for session in ("on_b", "nowhere"):
            await a.desk.book(booking(session))
        await call_on(a)
        a.ears.silent.add(b.homes.process)
        assert (await b.homes.place("on_b")).node
        await call_on(b, "on_b") if await b.holds("on_b") else None
        alive = await a.desk.sign_of_life()
        a.clock.now += 20_000
        await b.desk.sign_of_life()
        await a.desk.outage(alive, lambda record, now: False)
        assert (await kinds(a))[-2:] == ["service_lost", "service_back"]
        assert "service_lost" not in await kinds(a, "on_b")
        assert "service_lost" not in await kinds(a, "nowhere")


async def test_P3_9_when_no_node_was_there_it_is_everybodys_outage_once(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, _):
        alive = await a.desk.sign_of_life()
        a.clock.at(31)
        await a.desk.outage(alive, lambda record, now: False)
        await b.desk.outage(alive, lambda record, now: False)
        found = await kinds(a)
        assert found.count("service_lost") <= 1
        end = (await a.desk.record("bk_1")).session.end
        assert end is not None
        assert end.reason == "interrupted"


async def test_the_lease_is_given_up_on_the_own_side_before_it_is_over(cluster: Cluster) -> None:
    assert KEEP * 1000 < homes.LEASE
    assert KEEP_ALONE * 1000 < homes.GONE
    async with two(cluster) as (a, _, _url):
        await call_on(a)
        begun = a.steady[0]
        assert a.relay[-1] == begun + KEEP
        a.ears.deaf = True
        assert a.homes._until() == begun + KEEP
        a.homes._failed = True
        assert a.homes._until() == begun + KEEP_ALONE
        a.steady[0] += KEEP_ALONE
        watching = asyncio.ensure_future(a.homes._watch())
        try:
            while not a.life.abandoned:
                await asyncio.sleep(0.05)
        finally:
            watching.cancel()
        await a.settled()
        assert (a.life.abandoned, a.homes.living) == (["bk_1"], False)
        with pytest.raises(Elsewhere):
            await a.desk.report("bk_1", HangUp(EXPERT), a.clock())
        with pytest.raises(Busy):
            await a.homes.place("bk_1")


async def test_a_node_is_gone_only_if_neither_store_nor_bus_knows_it(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, url):
        await call_on(b) if (await b.homes.place("bk_1")).here else None
        await cluster.execute("update nodes set renewed_at = renewed_at - 5000 where name = 'b'", url)
        a.ears.silent.add(b.homes.process)
        await a.look()  # it has its connections still
        assert a.homes.is_alive(b.homes.id)
        await cluster.execute("update nodes set process = 'nobody' where name = 'b'", url)
        await a.look()
        a.ears.silent.add("nobody")
        await a.look()
        # this PostgreSQL may have started just now, when a missing connection says nothing yet
        ((young,),) = await cluster.execute(
            f"select pg_postmaster_start_time() > now() - interval '{homes.SETTLED} seconds'", url
        )
        assert a.homes.is_alive(b.homes.id) is young
        b.homes._living = False


async def test_nodes_that_start_at_once_sign_at_once(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, url):
        for _ in range(5):
            await cluster.execute("delete from alive", url)
            await asyncio.gather(a.desk.reconcile(), b.desk.reconcile())
        ((signs,),) = await cluster.execute("select count(*) from alive", url)
        assert signs == 3


# --- what others write ------------------------------------------------------------------------------------------------


async def test_the_home_tells_what_another_node_wrote_in_its_order(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, _):
        await call_on(a)
        a.heard.clear()
        await b.desk.late("bk_1", CLIENT, 5, b.clock())  # a door's word; it may come in anywhere
        record = await b.desk.end("bk_1", "an operator's reason", "op")
        assert record.session.over
        await a.look()
        assert [fact for _, facts in a.heard for fact in facts].count("ended") == 1
        assert a.desk.knows("bk_1") == (await a.desk.record("bk_1")).version


async def test_what_another_wrote_is_told_before_what_comes_next(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, _):
        await call_on(a)
        a.heard.clear()
        moved = booking(duration=40 * 60_000)
        b.clock.now += 1_000
        await b.desk.book(moved)
        await a.desk.report("bk_1", HangUp(EXPERT), a.clock())
        told = [fact for _, facts in a.heard for fact in facts]
        assert told.index("moved") < told.index("ended")


async def test_links_that_another_node_renewed_are_told(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, _):
        await call_on(a)
        renewed: list[tuple[str, Role]] = []
        a.desk.relinked = lambda session, role: renewed.append((session, role))
        await b.desk.renew_links("bk_1", [CLIENT])
        await a.look()
        await a.look()
        assert renewed == [("bk_1", CLIENT)]


async def test_racing_writers_of_two_nodes_all_get_through(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, _):
        await call_on(a)
        work = [(a, b)[n % 2].desk.late("bk_1", (CLIENT, EXPERT)[n % 2], 1 + n, a.clock()) for n in range(8)]
        done = await asyncio.gather(*work, return_exceptions=True)
        assert [each for each in done if isinstance(each, BaseException)] == []


# --- leaving ----------------------------------------------------------------------------------------------------------


async def test_a_drained_node_keeps_its_calls_and_gives_the_rest_away(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, url):
        await a.desk.book(booking("open"))
        await call_on(a)
        a.ears.silent.add(b.homes.process)
        await a.homes.place("open")
        a.life.pages.add("open")
        a.ears.silent.clear()
        await b.database.write(lambda c: homes.drain(c, "a", 3_600_000))
        await a.look()
        await a.look()
        assert a.drained
        assert (await a.holds("bk_1"), await a.holds("open")) == (True, False)
        await a.desk.book(booking("new"))
        await b.look()
        assert not (await a.homes.place("new")).here
        await cluster.execute("update nodes set drain_until = 0 where name = 'a'", url)
        await a.look()  # its time is over: the call moves, and what that took is on record
        assert not await a.holds("bk_1")
        await b.look()
        assert await b.holds("bk_1")
        assert (await kinds(b)).count("service_lost") == 1


async def test_a_node_that_leaves_loses_nothing(cluster: Cluster) -> None:
    async with two(cluster) as (a, b, url):
        await call_on(a)
        now: Ms = a.clock()
        await a.homes.leave(now)
        ((owner, lost_at),) = await cluster.execute("select node, lost_at from homes", url)
        assert (owner, lost_at) == (None, now)
        await b.look()
        assert await b.holds("bk_1")


async def test_one_server_alone_and_several_keep_each_other_out(cluster: Cluster) -> None:
    url, clock = await cluster.fresh(), Clock()
    async with node(url, "a", clock), node(url, "b", clock):
        alone = open_database(url)
        with pytest.raises(Locked):
            await alone.start()
    alone = open_database(url)
    await alone.start()
    try:
        several = open_database(url, together=True)
        with pytest.raises(Locked):
            await several.start()
    finally:
        await alone.close()
