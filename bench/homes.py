"""Where sessions live, simulated at a thousand nodes: how they are placed, and how they move when nodes die.

On paper: no packet, no database, no clock; the same seed gives the same figures on any machine. Each node sees the
others' load as it was at its last look, a second ago at most, and what it has placed itself since; so do the real ones
(``server/homes.py``). People come around the full and the half hour, as they do. Nodes die one by one, killed or
without power; then a rack of them at once, which comes back empty and at once; then a third of all.

A session that has lost its home waits until the loss is certain, then for the database, which makes new homes one
after the other, then for its new node, which opens legs one after the other. What it refuses to know is why: the times
are constants here, from the protocol's own limits and from ``python -m bench cost``.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from bench.figures import Figure, Report, percentile

MINUTE: Final = 60.0
HOUR: Final = 3_600.0

LOOK: Final = 1.0  # seconds between two looks of a node at the others
UNHEARD: Final = 2.0  # a node that is silent for so long gets no session
GONE: Final = 3.5  # killed: no connection, and silent for so long: its lease is taken from it
LEASE: Final = 10.0  # without power, or cut off: its lease runs out
COMMITS: Final = 1_000.0  # a second, that one PostgreSQL gives to moves
MOVE: Final = 5  # commits that a move takes: home, outage, return, and both joins
JOIN: Final = 0.05  # seconds of a node's one loop for the two joins of a call, its legs included
RETURN: Final = 2.0  # within so many seconds the pages of a lost session come back
FIRST_FRAME: Final = 0.5  # from the legs to a picture, over a usual network


@dataclass(frozen=True, slots=True)
class Plan:
    """A town. ``calls``: on each node on average; ``full``: how many one carries."""

    nodes: int = 1_000
    calls: int = 30
    full: int = 60
    hours: float = 3.0
    warm: float = 1.0  # hours after which is measured
    lone: int = 40  # nodes that die one by one
    rack: int = 40
    rack_at: float = 1.7  # hours
    rack_back: float = 0.28  # hours later, when people come for the full hour
    third_at: float = 2.4
    seed: int = 7


Choose = Callable[["Town", int], int]


@dataclass
class Town:
    """One run. ``load`` is the truth; ``seen`` is what was published at the last look."""

    plan: Plan
    choose: Choose
    chance: random.Random = field(init=False)
    load: list[int] = field(init=False)
    seen: list[int] = field(init=False)
    died: dict[int, float] = field(default_factory=dict)
    able: list[int] = field(default_factory=list)
    ranked: list[int] = field(default_factory=list)  # of the able, by what was seen
    given: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    homes: dict[int, int] = field(default_factory=dict)
    ends: dict[int, float] = field(default_factory=dict)
    lives: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    busy: dict[int, float] = field(default_factory=lambda: defaultdict(float))  # until when a node opens legs
    database: float = 0.0  # until when it makes homes
    back: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # seconds without media, by cause
    waits: list[float] = field(default_factory=list)  # of people who join, for their node
    spread: list[float] = field(default_factory=list)  # most loaded node over the mean, at each look
    over: int = 0  # looks at sessions that were on a node above ``full``
    looked: int = 0
    returned: dict[int, list[float]] = field(default_factory=dict)  # joins at each node that came back, since then
    queue: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.plan.seed)
        self.load = [0] * self.plan.nodes
        self.seen = [0] * self.plan.nodes

    def run(self) -> Town:
        """Live through the plan."""
        self._look(0.0)
        for at, number, ends in self._bookings():
            self.later(at, partial(self._begin, number, ends))
        for at, nodes, cause in self._deaths():
            self.later(at, partial(self._die, nodes, cause))
        self.later(LOOK, self._look_again)
        while self.queue and self.queue[0][0] < self.plan.hours * HOUR:
            now, _, what = heapq.heappop(self.queue)
            what(now)
        return self

    def later(self, at: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self.queue, (at, next(self.numbers), what))

    # --- what happens ---

    def _bookings(self) -> Iterator[tuple[float, int, float]]:
        """People come from five minutes before to two after; half of the sessions last half an hour, half an hour."""
        plan, chance, numbers = self.plan, self.chance, itertools.count()
        each_half_hour = plan.nodes * plan.calls * 30 // 45
        for slot in range(int(plan.hours * 2) + 1):
            for _ in range(each_half_hour):
                ends = slot * 30 * MINUTE + chance.choice((30, 60)) * MINUTE
                comes = slot * 30 * MINUTE + chance.triangular(-5, 2, -1) * MINUTE
                yield max(0.0, comes), next(numbers), ends

    def _deaths(self) -> Iterator[tuple[float, list[int], str]]:
        """When, which nodes at once, and how."""
        plan, chance = self.plan, self.chance
        rack = list(range(plan.rack))
        for number in range(plan.lone):
            at = chance.uniform(plan.warm, plan.third_at) * HOUR
            yield at, [chance.randrange(plan.rack, plan.nodes)], ("killed", "no power")[number % 2]
        yield plan.rack_at * HOUR, rack, "rack"
        yield plan.third_at * HOUR, list(range(0, plan.nodes, 3)), "third"

    def _look_again(self, now: float) -> None:
        self._look(now)
        self.later(now + LOOK, self._look_again)

    def _look(self, now: float) -> None:
        self.able = [n for n in range(self.plan.nodes) if n not in self.died or now < self.died[n] + UNHEARD]
        self.seen = list(self.load)
        self.ranked = sorted(self.able, key=lambda n: (self.seen[n], n))
        self.given.clear()
        if not self.plan.warm <= now / HOUR < self.plan.third_at:
            return
        living = [self.load[n] for n in range(self.plan.nodes) if n not in self.died]
        self.spread.append(max(living) / max(1.0, sum(living) / len(living)))
        self.looked += sum(living)
        self.over += sum(load for load in living if load > self.plan.full)

    def _begin(self, session: int, ends: float, now: float) -> None:
        self.ends[session] = ends
        self.later(ends, partial(self._end, session))
        node = self._place(session, now)
        began = max(now, self.busy[node])
        self.busy[node] = began + JOIN
        if now >= self.plan.warm * HOUR:
            self.waits.append(began - now)

    def _place(self, session: int, now: float) -> int:
        """At the node that its first socket came to, which knows what it has seen and done."""
        asks = self.chance.choice(self.able)
        node = self.choose(self, asks)
        self.given[asks][node] += 1
        self.homes[session] = node
        self.lives[node].add(session)
        self.load[node] += 1
        if node in self.returned:
            self.returned[node].append(now)
        return node

    def _end(self, session: int, now: float) -> None:
        node = self.homes.pop(session, None)
        del self.ends[session]
        if node is not None:
            self.lives[node].discard(session)
            self.load[node] -= 1

    def _die(self, nodes: list[int], cause: str, now: float) -> None:
        certain = (GONE if cause == "killed" else LEASE) - self.chance.uniform(0, LOOK)  # since its last sign
        for node in nodes:
            if node not in self.died:
                self.died[node] = now
                self.later(now + certain, partial(self._lost, node, cause))
        if cause == "rack":
            self.later(now + self.plan.rack_back * HOUR, partial(self._return, nodes))

    def _lost(self, node: int, cause: str, now: float) -> None:
        """Its sessions are found, and everyone's pages come back within a moment."""
        self.able = [each for each in self.able if each != node]
        self.ranked = [each for each in self.ranked if each != node]
        for session in sorted(self.lives.pop(node, ())):
            del self.homes[session]
            self.later(now + self.chance.uniform(0, RETURN), partial(self._move, session, self.died[node], cause))
        self.load[node] = 0

    def _move(self, session: int, died: float, cause: str, now: float) -> None:
        if session not in self.ends:
            return  # its time was over first
        self.database = max(now, self.database) + MOVE / COMMITS
        node = self._place(session, now)
        self.busy[node] = max(self.database, self.busy[node]) + JOIN
        self.back[cause].append(self.busy[node] + FIRST_FRAME - died)

    def _return(self, nodes: list[int], now: float) -> None:
        for node in nodes:
            del self.died[node]
            self.returned[node] = []


# --- the ways to choose ----------------------------------------------------------------------------------------------


def at_random(town: Town, asks: int) -> int:
    return town.chance.choice(town.able)


def least_of_all(town: Town, asks: int) -> int:
    """Of what this node sees. So do all the others, and they see the same."""
    given = town.given[asks]
    best, least = asks, town.seen[asks] + given[asks]  # oneself among equals
    for node in town.ranked:
        if town.seen[node] >= least:
            break
        if town.seen[node] + given[node] < least:
            best, least = node, town.seen[node] + given[node]
    return best


def least_of(number: int) -> Choose:
    """Of so many that are drawn."""

    def choose(town: Town, asks: int) -> int:
        given = town.given[asks]
        drawn = [town.chance.choice(town.able) for _ in range(number)]
        return min(drawn, key=lambda node: town.seen[node] + given[node])

    return choose


# --- the figures ------------------------------------------------------------------------------------------------------

WAYS: Final[dict[str, Choose]] = {
    "least of all": least_of_all,
    "least of 2": least_of(2),
    "least of 5": least_of(5),
}
CAUSES: Final = {
    "killed": "a node is killed",
    "no power": "a node loses power or its network",
    "rack": "40 nodes at once, without power",
    "third": "a third of all at once, without power",
}
WITHIN: Final = 6.0
"""Seconds at p95 within which media is to be back when a node was killed."""


async def measure() -> Report:
    plan = Plan()
    chance = Town(plan, at_random).run()
    towns = {name: Town(plan, way).run() for name, way in WAYS.items()}
    figures = [figure for name, town in towns.items() for figure in compared(name, town, chance)]
    figures += moved(towns["least of 2"], chance)
    return Report(
        "homes",
        f"Simulated: {plan.nodes} nodes with {plan.calls} calls each on average and room for {plan.full}, for "
        f"{plan.hours - plan.warm:.0f} hours after {plan.warm:.0f} of warming up, beside homes chosen at random under "
        f"the same seed. {plan.lone} nodes die alone; {plan.rack} die at once and come back together; then a third "
        "dies. How evenly calls lie is looked at until then.",
        tuple(figures),
        (
            f"Each node sees the others' load once in {LOOK:.0f} s, and what it placed itself at once. People come "
            "around the full and the half hour.",
            f"A move waits for {GONE} s of silence (killed) or the lease of {LEASE:.0f} s (no power), for its pages "
            f"(up to {RETURN:.0f} s), for {MOVE} commits of a database that has {COMMITS:,.0f} a second for them, and "
            f"for its new node, which opens a call in {JOIN * 1000:.0f} ms; then {FIRST_FRAME} s to the first frame.",
            "Seconds of the simulation, not of this machine: the figures are the same on any.",
        ),
    )


def compared(name: str, town: Town, chance: Town) -> list[Figure]:
    """How evenly it lies, and what that does to people who join."""

    def line(what: str, of: Callable[[Town], float], form: str, target: str = "", most: float | None = None) -> Figure:
        ours, other = of(town), of(chance)
        met = None if most is None else ours <= most
        shown = form.format(ours), f"{form.format(other)}, at random"
        return Figure(f"{name}: {what}", *shown, ours / other if other else None, target, met)

    return [
        line("busiest node over the mean, p99 of the time", lambda t: percentile(t.spread, 0.99), "{:.2f}", "≤ 2", 2.0),
        line("calls on nodes that are over their room", lambda t: 100 * t.over / t.looked, "{:.2f} %", "≤ 0.1 %", 0.1),
        line("wait of who joins for its node, p99", lambda t: percentile(t.waits, 0.99), "{:.2f} s", "≤ 0.5 s", 0.5),
        line("joins at one node in the 10 s after it came back", rush, "{:.0f}"),
    ]


def rush(town: Town) -> float:
    """The most, of the nodes of the rack."""
    back = (town.plan.rack_at + town.plan.rack_back) * HOUR
    return max(sum(at < back + 10 for at in joins) for joins in town.returned.values())


def moved(town: Town, chance: Town) -> list[Figure]:
    """How long people are without each other when nodes die."""
    figures = []
    for cause, words in CAUSES.items():
        ours, other = town.back[cause], chance.back[cause]
        target, met = ("", None)
        if cause == "killed":
            target, met = f"p95 ≤ {WITHIN:.0f} s", percentile(ours, 0.95) <= WITHIN
        figures.append(
            Figure(
                f"media is back after {words}: p50, p95, all ({len(ours):,} calls)",
                " / ".join(f"{percentile(ours, share):.1f} s" for share in (0.5, 0.95, 1.0)),
                " / ".join(f"{percentile(other, share):.1f} s" for share in (0.5, 0.95, 1.0)) + ", at random",
                percentile(ours, 0.95) / percentile(other, 0.95),
                target,
                met,
            )
        )
    return figures
