"""The trials in short: the same functions as ``make trial``, with small numbers, and no time that must be met."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stores import Cluster
from tests.trial.events import events, events_postgresql
from tests.trial.faults import full_disk, locked, stopped
from tests.trial.kills import kills, kills_postgresql
from tests.trial.nodes import killed_on, scene
from tests.trial.partitions import Forbidden, partitions_of
from tests.trial.races import one_instant, races, races_of_nodes_on, races_postgresql
from tests.trial.row import Row, table, write
from tests.trial.shared import in_call, postgres_at, redis_at
from tests.trial.sockets import sockets


@pytest.mark.timeout(300)
async def test_three_kills_lose_nothing_and_blame_nobody(tmp_path: Path) -> None:
    row = await kills(tmp_path, 3)
    assert row.problems == ()


@pytest.mark.timeout(300)
async def test_three_kills_on_postgresql_lose_nothing_either(tmp_path: Path) -> None:
    row = await kills_postgresql(tmp_path, 3)
    assert row.problems == ()


async def test_one_winner_of_every_race(tmp_path: Path) -> None:
    row = await races(tmp_path, 1)
    assert row.problems == ()


@pytest.mark.timeout(300)
async def test_one_winner_of_every_race_on_postgresql(tmp_path: Path) -> None:
    row = await races_postgresql(tmp_path, 1)
    assert row.problems == ()


async def test_all_that_end_at_one_instant_are_settled_once(tmp_path: Path) -> None:
    row = await one_instant(tmp_path, 10)
    assert row.problems == ()


@pytest.mark.timeout(300)
async def test_a_locked_store_is_busy_and_the_relay_stops_all_the_same(tmp_path: Path) -> None:
    row = await locked(tmp_path, 6)
    assert row.problems == ()


@pytest.mark.timeout(300)
async def test_a_full_disk_is_busy_until_it_is_free_again(tmp_path: Path) -> None:
    row = await full_disk(tmp_path, 1)
    assert row.problems == ()


@pytest.mark.timeout(300)
async def test_a_server_that_stood_still_blames_nobody_and_cheats_no_call(tmp_path: Path) -> None:
    row = await stopped(tmp_path, 8)
    assert row.problems == ()


@pytest.mark.timeout(300)
async def test_hundreds_of_events_arrive_though_everything_fails(tmp_path: Path) -> None:
    row = await events(tmp_path, 2)
    assert row.problems == ()
    assert row.ok


@pytest.mark.long  # the sender is tried on both stores in tests/server/webhooks, and killed on both by make trial
@pytest.mark.timeout(300)
async def test_hundreds_of_events_arrive_from_postgresql_too(tmp_path: Path) -> None:
    row = await events_postgresql(tmp_path, 2)
    assert row.problems == ()
    assert row.ok


@pytest.mark.timeout(300)
async def test_of_sixty_who_come_and_go_nobody_is_lost_and_nobody_stays(tmp_path: Path) -> None:
    row = await sockets(tmp_path, 4, 60, 5, beside=False)
    assert row.problems == ()


@pytest.mark.timeout(300)
async def test_a_home_that_is_killed_blames_nobody_and_has_one_heir(cluster: Cluster, tmp_path: Path) -> None:
    row = await killed_on(cluster, tmp_path, 3)
    assert row.problems == ()


@pytest.mark.timeout(300)
async def test_redis_and_postgresql_gone_for_a_moment_take_nothing(cluster: Cluster, tmp_path: Path) -> None:
    cluster.revive()
    async with scene(cluster, tmp_path) as (on, some, office):
        assert await in_call(office, some, 2) == []
        row = await redis_at(on, some, office, 3, [])
        assert row.problems == ()
        row = await postgres_at(on, some, office, 3, [])
        assert row.problems == ()


async def test_one_winner_of_every_race_of_two_nodes(cluster: Cluster) -> None:
    row = await races_of_nodes_on(cluster, 1)
    assert row.problems == ()


@pytest.mark.long  # takes root, and networks of our own
@pytest.mark.timeout(300)
async def test_a_node_that_is_cut_off_is_nobodys_home_for_long(tmp_path: Path) -> None:
    try:
        row = await partitions_of(tmp_path, 10, 2, (("redis", "postgresql"),))
    except Forbidden as error:
        pytest.skip(str(error))
    assert row.problems == ()


def test_the_table_says_what_fell_short() -> None:
    text = table([Row("a", "1", "1", ok=True), Row("b", "2", "1", ok=False, problems=("why",))])
    assert [line.split()[-1] for line in text.splitlines()[2:4]] == ["ok", "SHORT"]
    assert "b: why" in text


def test_the_page_keeps_what_was_not_tried_again(tmp_path: Path) -> None:
    page = tmp_path / "trials.md"
    write("a-b", Row("a", "1", "1", ok=True), page)
    write("c", Row("c", "2", "1", ok=False), page)
    write("a-b", Row("a", "3", "1", ok=True), page)
    text = page.read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## a-b", "## c"]
    assert "| a | 3 | 1 | met |" in text
    assert "| c | 2 | 1 | **short** |" in text
