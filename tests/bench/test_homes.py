"""The simulation of homes could come out otherwise: it repeats itself, loses nobody, and tells ways apart."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from bench import homes
from bench.figures import percentile
from bench.homes import GONE, LEASE, LOOK, Choose, Plan, Town, at_random, least_of, least_of_all

SMALL = Plan(nodes=60, calls=12, full=30, lone=6, rack=5)


@pytest.mark.parametrize("way", [at_random, least_of_all, least_of(2)])
def test_the_same_seed_gives_the_same_town_and_another_one_another(way: Choose) -> None:
    first, again, other = (Town(plan, way).run() for plan in (SMALL, SMALL, replace(SMALL, seed=8)))
    assert (first.load, first.spread, first.back) == (again.load, again.spread, again.back)
    assert first.back != other.back


@pytest.mark.parametrize("way", [at_random, least_of_all, least_of(2)])
def test_every_session_that_is_on_lives_on_one_node_that_lives(way: Choose) -> None:
    town = Town(SMALL, way).run()
    at = Counter(town.homes.values())
    assert set(town.homes) == set(town.ends), "none is without a home when all has settled"
    assert {node: load for node, load in enumerate(town.load) if load} == dict(at)
    assert {node: len(lives) for node, lives in town.lives.items() if lives} == dict(at)
    assert not set(at) & set(town.died)
    third = set(range(0, SMALL.nodes, 3))
    assert third <= set(town.died)
    assert set(town.returned) == set(range(SMALL.rack))


def test_nobody_is_back_before_the_loss_is_certain_and_all_come_back() -> None:
    town = Town(SMALL, least_of(2)).run()
    for cause, least in (("killed", GONE - LOOK), ("no power", LEASE - LOOK), ("rack", LEASE - LOOK)):
        assert min(town.back[cause]) >= least
        assert max(town.back[cause]) < 60
    assert len(town.back["third"]) > SMALL.nodes * SMALL.calls // 6


def test_the_ways_are_told_apart() -> None:
    """Who all look at the same list go to the same node: the finding that the page draws on."""
    plan = replace(SMALL, nodes=150, calls=15)
    chance, all_of, two = (
        percentile(Town(plan, way).run().spread, 0.99) for way in (at_random, least_of_all, least_of(2))
    )
    assert two < chance < all_of


def test_the_report_names_what_falls_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "Plan", lambda: SMALL)
    report = asyncio.run(homes.measure())
    assert len(report.figures) == 4 * len(homes.WAYS) + len(homes.CAUSES)
    assert "**missed**" in report.text()
    assert report.text() == asyncio.run(homes.measure()).text()
