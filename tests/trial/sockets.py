"""Two thousand pages at one server, of which fifty come and fifty go every second; then the same at a bare library.

Whoever comes connects and joins. Whoever goes is cut off without a word, steps out, or hangs up, which ends the session
for both; then another is booked in its place. Comers and goers are due at set instants whether or not the server keeps
up, and what it takes to answer is counted from asking. What must hold is read from the ledgers afterwards, when all
have gone: each acknowledged command is on record, each departure was noticed, nobody was declared gone who was there,
and the server's tables are as empty as they were.

The bare library is the one of ``bench/signaling.py``: it writes each command as one row, and keeps no record of anyone.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench.figures import cpu_seconds, percentile, resident
from bench.signaling import bare
from server.policy.facts import AnyFact, decode, machine_facts
from signaling.messages import to_rfc3339
from signaling.session import Departed, How, HungUp, Joined, Ms, Replaced, Role, replay
from tests.e2e.stage import Server
from tests.trial.audit import Told, audit
from tests.trial.driver import GUIDELINES, Office, Refused, now
from tests.trial.row import Row
from tests.trial.wire import Gone, Wire

SOCKETS: Final = 2_000
RATE: Final = 50.0  # that come, and that go, a second
AWAY: Final = 8.0  # seconds: for about as long is out who went
PER_ADDRESS: Final = 40  # pages; the server allows 50 sockets, and one that is cut may still be among them
AT_ONCE: Final = 8
MINUTES: Final = 45
NOTICED: Final = 60.0  # seconds for the last departures; only catches what never comes
SHARE_OF_BARE: Final = 5  # the bare library has nothing that grows: a fifth of the time
TABLES: Final = (
    "headstrt_sockets",
    "headstrt_held",
    'headstrt_relay{figure="legs"}',
    'headstrt_relay{figure="sessions"}',
)


@dataclass(eq=False)
class Place:
    """Where one session after the other is held."""

    number: int
    parties: list[Party] = field(default_factory=list)
    sessions: int = 0
    session: str = ""
    over: bool = True
    booking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(eq=False)
class Party:
    """One side of a place, with the socket of its page if it has one."""

    place: Place
    role: Role
    address: str
    token: str = ""
    wire: Wire | None = None
    join: str | None = None


@dataclass
class Crowd:
    """Everybody, what they were told, and when they went. ``office``: None where there is nothing to book."""

    port: int
    office: Office | None
    seed: int = 1
    told: Told = field(default_factory=Told)
    answered: list[float] = field(default_factory=list)  # seconds, of each command
    connected: list[float] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    put_off: int = 0  # answered with `busy`, or not let in at all: nothing is lost, but nothing carried either
    refused: list[tuple[str, str]] = field(default_factory=list)  # session, what
    joins: dict[str, tuple[str, str]] = field(default_factory=dict)  # those acknowledged: session, role
    steps: dict[str, str] = field(default_factory=dict)  # joins that were acknowledged as stepped out: session
    hang_ups: list[tuple[str, str]] = field(default_factory=list)  # session, role, of those that ended it
    left: dict[str, Ms] = field(default_factory=dict)  # joins whose page was gone at
    here: list[Party] = field(default_factory=list)
    away: list[Party] = field(default_factory=list)
    came: int = 0
    went: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.tasks: set[asyncio.Task[None]] = set()

    def people(self, count: int) -> None:
        """So many, of half as many places; all of them away."""
        for number in range(count // 2):
            place = Place(number)
            for role in Role:
                address = f"127.0.{1 + number // (PER_ADDRESS // 2) // 200}.{2 + number // (PER_ADDRESS // 2) % 200}"
                place.parties.append(Party(place, role, address))
            self.away += place.parties

    @property
    def sockets(self) -> int:
        return len(self.here)

    # --- one of them ---

    async def come(self, http: aiohttp.ClientSession, party: Party) -> None:
        place = party.place
        try:
            if place.over:
                await self._book(http, place)
            session, began = place.session, time.monotonic()
            party.wire = wire = await Wire.connect(self.port, party.address, party.token)
            self.connected.append(time.monotonic() - began)
        except (Gone, OSError, TimeoutError, Refused) as error:
            if '{"message"' in f"{error}" and '"busy"' not in f"{error}":  # a page that may come was sent away
                self.refused.append((place.session, f"connect: {error}"))
            self.put_off += 1
            self._out(party)
            return
        try:
            answer = await self._ask(party, wire, "join")
        except (Gone, TimeoutError) as error:
            self.unanswered.append(f"{session} {party.role}: join: {type(error).__name__} {error}")
            self._out(party)
            return
        if not answer.get("ok"):
            self._not_done(session, "join", answer)
            self._out(party)
            return
        self.came += 1
        party.join = answer.get("join")
        if party.join is not None:
            self.told.done(session, "joined", party.role.value)
            self.joins[party.join] = (session, party.role.value)
        if place.session != session or place.over:  # the other hung up meanwhile
            self._out(party)
        else:
            self.here.append(party)

    async def go(self, party: Party) -> None:
        """Who was chosen is not among ``here`` any more."""
        assert party.wire is not None
        dice, place, session = self.dice.random(), party.place, party.place.session
        if dice < 0.5:
            self._out(party)
            return
        hangs_up = dice < 0.65 and party.role is Role.EXPERT
        name, kind = ("hang_up", "hung_up") if hangs_up else ("step_out", "departed")
        if hangs_up:
            self.told.ask(session, kind, party.role.value)
        try:
            answer = await self._ask(party, party.wire, name)
        except (Gone, TimeoutError) as error:
            if not party.wire.ended:
                self.unanswered.append(f"{session} {party.role}: {name}: {type(error).__name__} {error}")
            self._out(party)
            return
        if not answer.get("ok"):
            self._not_done(session, name, answer)
        elif party.join is None:
            pass
        elif answer.get("ended"):
            self.told.done(session, kind, party.role.value)
            self.told.done(session, "settled")
            self.hang_ups.append((session, party.role.value))
        else:
            self.steps[party.join] = session
        self._out(party, politely=True)
        if answer.get("ended") and place.session == session:
            place.over = True
            for other in place.parties:
                if other in self.here:
                    self.here.remove(other)
                    self.went += 1
                    self._out(other, politely=True)

    def _out(self, party: Party, *, politely: bool = False) -> None:
        if party.join is not None:
            self.left[party.join] = now()
        if party.wire is not None:
            party.wire.close() if politely else party.wire.cut()
        party.wire = party.join = None
        self.away.append(party)

    def _not_done(self, session: str, name: str, answer: dict[str, Any]) -> None:
        if answer["code"] == "busy":
            self.put_off += 1
        else:
            self.refused.append((session, f"{name}: {answer['code']}"))

    async def _ask(self, party: Party, wire: Wire, name: str) -> dict[str, Any]:
        answer, took = await wire.command(name)
        self.answered.append(took)
        return answer

    async def _book(self, http: aiohttp.ClientSession, place: Place) -> None:
        async with place.booking:
            if not place.over:
                return
            if self.office is not None:
                session = f"sockets-{place.number}-{place.sessions}"
                booked = await self.office.call(http, "PUT", f"/v1/sessions/{session}", json=_booking(place.number))
                self.told.done(session, "booked")
                for party in place.parties:
                    party.token = booked["links"][party.role.value].partition("#t=")[2]
                place.session = session
            place.sessions += 1
            place.over = False

    # --- all of them ---

    async def gather(self, http: aiohttp.ClientSession, count: int) -> None:
        """Until so many are here."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with gate:
                if len(self.here) < count and self.away:
                    await self.come(http, self._pick(self.away))

        while len(self.here) < count and not self.unanswered:
            await asyncio.gather(*(one() for _ in range(count - len(self.here))))

    async def churn(self, http: aiohttp.ClientSession, seconds: float, rate: float) -> float:
        """So many come and so many go a second; how late the last of them was due, in seconds."""
        loop = asyncio.get_running_loop()
        began, number, late, before = loop.time(), 0, 0.0, self.went
        while (due := number / rate) < seconds:
            number += 1
            if (wait := began + due - loop.time()) > 0:
                await asyncio.sleep(wait)
            late = max(late, -wait)
            if self.away:
                self._spawn(self.come(http, self._pick(self.away)))
            if self.here and self.went - before < number:  # a hang-up is two who go
                self.went += 1
                self._spawn(self.go(self._pick(self.here)))
        await self.settled()
        return late

    async def leave(self, rate: float) -> None:
        """All who are here are cut off, so many a second."""
        while self.here:
            self.went += 1
            self._out(self._pick(self.here))
            await asyncio.sleep(1 / rate)

    async def settled(self) -> None:
        while self.tasks:
            await asyncio.wait(self.tasks)

    def _pick(self, some: list[Party]) -> Party:
        index = self.dice.randrange(len(some))
        some[index], some[-1] = some[-1], some[index]
        return some.pop()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if (error := task.exception()) is not None:
            self.unanswered.append(f"{type(error).__name__}: {error}")


# --- what must hold ---------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What the ledgers say of those who came and went."""

    problems: list[str] = field(default_factory=list)
    ghosts: int = 0
    lost: int = 0  # acknowledged, and not on record
    noticed: list[float] = field(default_factory=list)  # seconds from a cut to its departure on record


def examined(path: Path, crowd: Crowd) -> Seen:
    """To be asked once everybody is gone, and not counted as there any more."""
    seen = Seen()
    ledgers = _ledgers(path)
    over = set()
    for session, facts in ledgers.items():
        state = replay(machine_facts(facts))
        if state.over:
            over.add(session)
        for role, seat in state.seats:
            if seat.here and not state.over:
                seen.ghosts += 1
                seen.problems.append(f"{session}: the {role} is there, on record, and long gone")
    takes: dict[str, tuple[str, str]] = {}
    departs: dict[str, Departed] = {}
    hung_up = set()
    for session, facts in ledgers.items():
        for fact in facts:
            match fact:
                case Joined() | Replaced():
                    takes[fact.join] = (session, fact.role.value)
                case Departed():
                    departs[fact.join] = fact
                case HungUp():
                    hung_up.add((session, fact.role.value))
    for join, whose in crowd.joins.items():
        if takes.get(join) != whose:
            seen.lost += 1
            seen.problems.append(f"{whose}: a join was acknowledged and is not on record")
    for join, session in crowd.steps.items():
        if join not in departs and session not in over:
            seen.lost += 1
            seen.problems.append(f"{session}: who stepped out, and was told so, did not on record")
    for session, who in crowd.hang_ups:
        if (session, who) not in hung_up or session not in over:
            seen.lost += 1
            seen.problems.append(f"{session}: a hang-up of the {who} was acknowledged and is not on record")
    for join, fact in departs.items():
        if fact.how in (How.CONNECTION, How.PAGE) and join in crowd.left:
            seen.noticed.append((fact.at - crowd.left[join]) / 1000)
            if fact.at < crowd.left[join]:
                seen.problems.append(f"{crowd.joins.get(join)}: declared gone {crowd.left[join] - fact.at} ms too soon")
    for session, what in crowd.refused:
        if session not in over:
            seen.problems.append(f"{session}: refused: {what}")
    return seen


def _ledgers(path: Path) -> dict[str, tuple[AnyFact, ...]]:
    raw = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found: dict[str, list[AnyFact]] = defaultdict(list)
    try:
        for session, body in raw.execute("select session_id, body from ledger order by session_id, seq"):
            found[session].append(decode(body))
    finally:
        raw.close()
    return {session: tuple(facts) for session, facts in found.items()}


# --- the two servers --------------------------------------------------------------------------------------------------


@dataclass
class Took:
    """What one server was asked, and what it took."""

    seconds: float = 0.0
    came: int = 0
    went: int = 0
    late: float = 0.0
    put_off: int = 0
    answered: list[float] = field(default_factory=list)
    connected: list[float] = field(default_factory=list)
    cpu: float = 0.0  # of a core
    driver: float = 0.0  # of a core
    memory: tuple[float, float] = (0.0, 0.0)  # bytes of a socket: when all had come, and after the last

    def line(self, what: str) -> str:
        p50, p99 = (percentile(self.answered, share) * 1000 for share in (0.5, 0.99))
        first, last = (each / 1024 for each in self.memory)
        return (
            f"{what}: {self.came / self.seconds:.1f} came, {self.went / self.seconds:.1f} went a second for "
            f"{self.seconds:.0f} s; {len(self.answered)} commands, p50 {p50:.1f} ms, p99 {p99:.1f} ms; to be connected "
            f"p99 {percentile(self.connected, 0.99) * 1000:.1f} ms; {first:.1f} kB a socket, {last:.1f} at the end; "
            f"{self.cpu:.1%} of a core, the driver {self.driver:.1%}, "
            f"which was late by {self.late * 1000:.0f} ms at most"
        )


async def measured(crowd: Crowd, process: int, count: int, seconds: float, rate: float) -> Took:
    """All come, some come and go, those who are left stay."""
    took = Took(seconds)
    async with aiohttp.ClientSession() as http:
        empty = resident(process)
        await crowd.gather(http, count)
        crowd.answered.clear()
        crowd.connected.clear()
        full, came, went, put_off = resident(process), crowd.came, crowd.went, crowd.put_off
        cpu, driver, began = cpu_seconds(process), time.process_time(), time.monotonic()
        took.late = await crowd.churn(http, seconds, rate)
        span = time.monotonic() - began
        took.cpu, took.driver = (cpu_seconds(process) - cpu) / span, (time.process_time() - driver) / span
        took.came, took.went, took.put_off = crowd.came - came, crowd.went - went, crowd.put_off - put_off
        took.memory = ((full - empty) / count, (resident(process) - empty) / max(1, crowd.sockets))
    took.answered, took.connected = list(crowd.answered), list(crowd.connected)
    return took


async def sockets(folder: Path, seconds: int, count: int = SOCKETS, rate: float = RATE, *, beside: bool = True) -> Row:
    server = Server(folder, terms="", settings={"HEADSTRT_LOG_LEVEL": "warning"})
    try:
        await server.start()
        assert server.process is not None
        office = Office(server)
        crowd = Crowd(server.port, office)
        crowd.people(count + 2 * round(rate * AWAY / 2))
        ours = await measured(crowd, server.process.pid, count, seconds, rate)
        problems = await _counted(server, {TABLES[0]: crowd.sockets}, "while they are here")
        await crowd.leave(2 * rate)
        problems += await _counted(server, {TABLES[0]: 0, TABLES[2]: 0}, "when all are gone")
        seen = await _calm(folder / "e2e.sqlite3", crowd)
        await _end_all(server, office, crowd)
        problems += await _counted(server, dict.fromkeys(TABLES, 0), "when all sessions are over")
        outages = (await _gauges(server)).get("headstrt_outages", 0)
    finally:
        if server.process is not None:
            await server.stop()
    problems += [f"no answer: {what}" for what in crowd.unanswered]
    problems += seen.problems
    problems += audit(folder / "e2e.sqlite3", crowd.told)
    theirs = await _bare(folder, max(1.0, seconds / SHARE_OF_BARE), count, rate) if beside else ours
    print(ours.line("ours"), theirs.line("bare"), sep="\n", flush=True)
    if seen.noticed:
        p50, p99 = (percentile(seen.noticed, share) for share in (0.5, 0.99))
        print(
            f"who was cut off was declared gone after {p50:.1f} s, p99 {p99:.1f} s; outages: {outages:.0f}", flush=True
        )
    kept = min(ours.came, ours.went) >= 0.95 * rate * seconds and not ours.put_off
    p99s = [f"{percentile(each.answered, 0.99) * 1000:.0f} ms" for each in (ours, theirs)]
    kbs = [f"{each.memory[1] / 1024:.0f} kB" for each in (ours, theirs)]
    return Row(
        f"{count} sockets, {rate:.0f} come and {rate:.0f} go a second for {seconds} s",
        f"{len(crowd.unanswered) + seen.lost} of {len(ours.answered)} answers lost, {ours.put_off} put off, "
        f"{seen.ghosts} ghosts; p99 {p99s[0]} ({p99s[1]} bare), {kbs[0]} a socket ({kbs[1]})",
        "0 lost, 0 put off, 0 ghosts",
        ok=not problems and kept,
        problems=tuple(problems),
    )


async def _bare(folder: Path, seconds: float, count: int, rate: float) -> Took:
    with bare(f"sqlite:///{folder}/bare.db") as (process, port):
        crowd = Crowd(port, None)
        crowd.people(count + 2 * round(rate * AWAY / 2))
        took = await measured(crowd, process, count, seconds, rate)
        await crowd.leave(10 * rate)
    if crowd.unanswered:
        raise RuntimeError(f"the bare library did not answer: {crowd.unanswered[:3]}")
    return took


async def _gauges(server: Server) -> dict[str, float]:
    """Of the same name added up, and by their labels."""
    lines = [line.rsplit(" ", 1) for line in (await server.call("GET", "/metrics")).splitlines() if line[:1] not in "#"]
    found: dict[str, float] = defaultdict(float)
    for name, value in lines:
        found[name] = float(value)
        if "{" in name:
            found[name.partition("{")[0]] += float(value)
    return found


async def _counted(server: Server, wanted: dict[str, int], when: str) -> list[str]:
    """What the server still counts otherwise, after a while."""
    end = time.monotonic() + NOTICED
    while True:
        gauges = await _gauges(server)
        wrong = {name: gauges[name] for name, value in wanted.items() if gauges[name] != value}
        if not wrong or time.monotonic() > end:
            return [f"{when}: {name} is {value:.0f} and not {wanted[name]}" for name, value in wrong.items()]
        await asyncio.sleep(0.5)


async def _calm(path: Path, crowd: Crowd) -> Seen:
    """What is on record once everybody was noticed to be gone; or what is, after a while."""
    end = time.monotonic() + NOTICED
    while True:
        seen = await asyncio.to_thread(examined, path, crowd)
        if not seen.ghosts or time.monotonic() > end:
            return seen
        await asyncio.sleep(2)


async def _end_all(server: Server, office: Office, crowd: Crowd) -> None:
    """An operator ends what is open, so that nothing is left to be held."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def end(http: aiohttp.ClientSession, place: Place) -> None:
        async with gate:
            await office.call(http, "POST", f"/v1/sessions/{place.session}/end", json={"reason": "the trial is over"})

    places = {party.place for party in crowd.away}
    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(end(http, place) for place in places if place.session and not place.over))


def _booking(place: int) -> dict[str, Any]:
    starts_at = now() - 5_000
    accepted = {"version": GUIDELINES, "accepted_at": to_rfc3339(starts_at)}
    return {
        "starts_at": to_rfc3339(starts_at),
        "duration_minutes": MINUTES,
        "client": {"id": f"c_{place}", "name": "Ada"},
        "expert": {"id": f"e_{place}", "name": "Max"},
        "fee": {"amount": 12000, "currency": "USD"},
        "guidelines": {"client": accepted, "expert": accepted},
    }
