"""Hostile traffic by the thousand, seeded: frames for the socket's door, cases for the API's document.

``fuzz_frames(count)`` sends mutations of what our pages send to the real door, attendant and relay over a desk in
memory (or, with ``whole``, to the whole service with its database, slower by far); ``fuzz_api(cases)`` has schemathesis
make cases from the OpenAPI document. They give figures and judge nothing: what must be zero is said by whoever calls.
``python -m tests.security.fuzz frames 100000`` prints them (``whole 5000``, ``api 200``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from server.app import Service
from server.config import Settings
from server.desk import Booking
from server.store.sessions import Party
from signaling.fanout import Fanout
from signaling.gateway import Gateway
from signaling.messages import PROTOCOL_VERSION
from signaling.relay.switchboard import RelaySettings, Switchboard
from signaling.session import MINUTE, Role
from tests.fakes import House, RealClock, a_slot

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "signaling" / "relay" / "sdp"
ATTACKERS = 6
GUIDELINES = "2026-11"
PER_SOCKET = 45  # frames, or the flood's own rule would end each socket
PATIENCE = 30.0
GIVE_UP = 0.2


@dataclass
class Figures:
    """What came of it. ``errors`` are lines of log at level error, ``ghosts`` what is kept of sockets that are gone."""

    sent: int = 0
    sockets: int = 0
    seconds: float = 0.0
    closed: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    internal: int = 0
    errors: list[str] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)
    alive: int = 0

    def __str__(self) -> str:
        return (
            f"{self.sent} frames over {self.sockets} sockets in {self.seconds:.1f} s: {self.internal} internal errors, "
            f"{len(self.errors)} errors logged, {len(self.ghosts)} ghosts, alive {self.alive} times of {self.alive}; "
            f"answers {dict(self.answered.most_common())}; sockets closed for {dict(self.closed.most_common())}"
        )


# --- frames -----------------------------------------------------------------------------------------------------------


async def fuzz_frames(count: int, seed: int = 1, *, whole: bool = False) -> Figures:
    """``count`` frames. Raises if an honest page is no longer served."""
    figures, began = Figures(), time.monotonic()
    with _errors(figures.errors):
        async with _service() if whole else _house() as place:
            rounds = max(1, count // 10_000)
            for round_ in range(rounds):
                share = count // rounds + (count % rounds if round_ == 0 else 0)
                each = [share // ATTACKERS + (n < share % ATTACKERS) for n in range(ATTACKERS)]
                attackers = [
                    _Attacker(place, figures, random.Random(f"{seed}/{round_}/{number}"), f"{round_}_{number}")
                    for number in range(ATTACKERS)
                ]
                await asyncio.gather(*(a.attack(n) for a, n in zip(attackers, each, strict=True)))
                await _honest(place, f"honest_{round_}")
                figures.alive += 1
            figures.ghosts = await _ghosts(place)
            figures.closed = Counter(place.fanout.refused)
    figures.seconds = time.monotonic() - began
    return figures


@dataclass(frozen=True)
class _Place:
    """What is attacked. ``book`` makes a session that has begun and gives both its tokens."""

    port: int
    book: Callable[[str], Awaitable[dict[Role, str]]]
    fanout: Fanout
    gateway: Gateway


@contextlib.asynccontextmanager
async def _service() -> AsyncIterator[_Place]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            env="development",
            port=0,
            media_port=0,
            media_bind=("127.0.0.1",),
            trusted_proxies=("127.0.0.1",),
            database_url=f"sqlite:///{folder}/fuzz.sqlite3",
        )
        service = Service(settings)

        async def book(id_: str) -> dict[Role, str]:
            desk, now = service.desk, service.clock()
            accepted = tuple((role, GUIDELINES, now) for role in Role)
            parties = Party(f"c_{id_}", "Ada"), Party(f"e_{id_}", "Max")
            record = (await desk.book(Booking(id_, now - MINUTE, 30 * MINUTE, *parties, accepted=accepted))).record
            return {role: desk.link(record, role).partition("#t=")[2] for role in Role}

        async with service.running():
            yield _Place(service.port, book, service.fanout, service.gateway)
            await service.drain()


@contextlib.asynccontextmanager
async def _house() -> AsyncIterator[_Place]:
    houses: list[House] = []
    relay = Switchboard(
        RelaySettings(port=0),
        on_media=lambda session: houses[0].attendant.media(session),
        on_stopped=lambda session: houses[0].attendant.stopped(session),
    )
    house = House(RealClock(), relay)
    houses.append(house)

    async def book(id_: str) -> dict[Role, str]:
        house.desk.add(id_, a_slot(house.clock() - MINUTE))
        return {role: f"{id_}:{role}" for role in Role}

    await relay.start()
    await house.attendant.start()
    runner = web.AppRunner(house.app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield _Place(int(runner.addresses[0][1]), book, house.fanout, house.gateway)
    finally:
        await house.attendant.drain(0)
        await house.attendant.stop()
        await runner.cleanup()
        await relay.stop()


@dataclass
class _Attacker:
    place: _Place
    figures: Figures
    dice: random.Random
    name: str
    address: int = 0
    session: int = 0
    tokens: dict[Role, str] = field(default_factory=dict)
    join: str = "j0123456789"
    generation: int = 1
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def attack(self, count: int) -> None:
        async with aiohttp.ClientSession() as http:
            left = count
            while left > 0:
                left -= await self.one_socket(http, min(left, PER_SOCKET))

    async def one_socket(self, http: aiohttp.ClientSession, most: int) -> int:
        """Speak over one socket until it is closed or ``most`` frames are sent; how many were."""
        if not self.tokens or self.dice.random() < 0.03:
            await self.book()
        self.figures.sockets += 1
        self.address += 1
        number = hash((self.name, self.address))
        headers = {"X-Forwarded-For": f"10.{number % 250}.{number // 250 % 250}.{number // 62_500 % 250}"}
        sent = 0
        async with http.ws_connect(_url(self.place), headers=headers, max_msg_size=0) as ws:
            listening = asyncio.create_task(self.listen(ws))
            try:
                connected = self.dice.random() < 0.97
                if connected:
                    await ws.send_str("40" + json.dumps(self.hello()))
                    await self.hears(listening, PATIENCE)
                    if self.dice.random() < 0.8:  # a seat is taken before its commands are tried, however slow the disk
                        await ws.send_str(_JOIN)
                        await self.hears(listening, PATIENCE)
                while sent < most and not ws.closed and not listening.done():
                    sent += 1
                    data, binary = self.frame()
                    await ws.send_frame(data, aiohttp.WSMsgType.BINARY if binary else aiohttp.WSMsgType.TEXT)
                    if connected and sent % 5 == 0:  # wait until it has taken them all
                        await ws.send_str(_MARK)
                        await self.hears(listening)
            except (ConnectionError, aiohttp.ClientError):
                pass
            await asyncio.sleep(0.01)
            if self.dice.random() < 0.5 and not ws.closed and ws._writer.transport is not None:
                ws._writer.transport.abort()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        self.figures.sent += sent
        return max(1, sent)

    async def book(self) -> None:
        self.session += 1
        self.tokens = await self.place.book(f"fuzz_{self.name}_{self.session}")

    async def hears(self, listening: asyncio.Task[None], most: float = GIVE_UP) -> None:
        """Until the answer to what was said last came, or the socket is closed, or none will come."""
        answered = asyncio.ensure_future(self.answered.wait())
        await asyncio.wait({answered, listening}, timeout=most, return_when=asyncio.FIRST_COMPLETED)
        answered.cancel()
        self.answered.clear()

    async def listen(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            text = message.data
            if text.startswith(("43999999[", "43999998[", "40", "44")):
                self.answered.set()
            if '"code":"internal"' in text:
                self.figures.internal += 1
            if text.startswith(("43", "44")):
                with contextlib.suppress(ValueError, KeyError, IndexError, TypeError):
                    body = json.loads(text[text.index("[" if text.startswith("43") else "{") :])
                    body = body[0] if isinstance(body, list) else body["data"]
                    self.figures.answered[body.get("code", "ok")] += 1
                    self.join = body.get("join") or self.join
                    if body.get("code") == "session_over":
                        self.tokens = {}
            elif text.startswith(('42["negotiate"', '42["description"')):
                self.generation = json.loads(text[2:])[1]["generation"]

    def hello(self) -> dict[str, Any]:
        token = self.tokens[self.dice.choice(list(Role))] if self.tokens else "over"
        return {"token": token, "protocol": PROTOCOL_VERSION}

    # --- what is sent ---

    def frame(self) -> tuple[bytes, bool]:
        """A frame of a page, mostly spoiled somewhere: (bytes, whether it goes as binary)."""
        dice, name = self.dice, self.dice.choice(list(_FIELDS))
        command = {"command_id": f"c{dice.randrange(10_000)}", **{key: self.value(key) for key in _FIELDS[name]}}
        kind = dice.choices(range(10), weights=(30, 35, 12, 4, 3, 3, 1, 1, 2, 3))[0]
        event: list[Any] = [name, command]
        head = f"42{dice.randrange(1000)}"
        if kind == 1:
            command[dice.choice([*command, "extra"])] = self.nonsense()
        elif kind == 2:
            del command[dice.choice(list(command))]
        elif kind == 3:
            event = dice.choice(
                [[], [name], [name, None], [name, command, command], [self.nonsense()], [name, [command]]]
            )
            event = [str(self.nonsense())[:50], command] if dice.random() < 0.3 else event
        elif kind == 4:
            head = dice.choice(["40", "41", "43", "44", "45", "46", "451-", "42/x,", "2", "3", "1", "5", "6", "b", ""])
            if head == "40":
                hello = self.hello()
                hello[dice.choice(["token", "protocol", "x"])] = self.nonsense()
                return b"40" + _dump(dice.choice([hello, self.nonsense()])), False
        frame = head.encode() + _dump(event)
        if kind == 5:
            spoiled = bytearray(frame)
            for _ in range(dice.randint(1, 8)):
                spoiled[dice.randrange(len(spoiled))] = dice.randrange(256)
            frame = bytes(spoiled)
        elif kind == 6:
            return frame, True
        elif kind == 7:
            frame = dice.randbytes(dice.randint(0, 400))
        elif kind == 8:
            at = dice.randrange(len(frame))
            frame = dice.choice(
                [frame[:at], frame + frame, frame[:at] + frame[at // 2 :], b"42" + b"[" * dice.randint(1, 60_000)]
            )
        elif kind == 9:
            name, frame = (
                "describe",
                b'42["describe",'
                + _dump(
                    {
                        "command_id": "d",
                        "type": dice.choice(["offer", "answer"]),
                        "sdp": self.sdp(),
                        "generation": self.generation,
                    }
                )
                + b"]",
            )
        return frame, False

    def value(self, key: str) -> Any:
        dice = self.dice
        return {
            "guidelines": lambda: dice.choice([None, None, "2026-11", "old"]),
            "resume": lambda: dice.choice([None, self.join]),
            "type": lambda: dice.choice(["offer", "answer"]),
            "sdp": self.sdp,
            "generation": lambda: self.generation,
            "cause": lambda: dice.choice([None, "no_media"]),
            "join": lambda: dice.choice([None, self.join]),
            "minutes": lambda: dice.randint(1, 60),
        }.get(key, lambda: dice.choice([True, False]) if key in ("microphone", "camera", "screen") else 7)()

    def sdp(self) -> str:
        """A browser's description with some lines lost, doubled, moved or spoiled."""
        dice = self.dice
        lines = dice.choice(_samples()).splitlines()
        for _ in range(dice.randint(0, 6)):
            at = dice.randrange(len(lines))
            line = lines[at]
            spoiled = line[: dice.randint(0, len(line))] + dice.choice(
                ["", " ", "\x00", "é", "9" * 30, "a=ice-ufrag:x"]
            )
            lines[at : at + 1] = dice.choice([[], [line, line], [spoiled], [line, dice.choice(lines)]])
            if not lines:
                return ""
        return "\r\n".join(lines)[:40_000]

    def nonsense(self) -> Any:
        dice = self.dice
        deep: Any = 1
        for _ in range(dice.choice([1, 5, 200])):
            deep = dice.choice([[deep], {"a": deep}])
        return dice.choice(
            [
                None,
                True,
                -1,
                2**63,
                10**400,
                1.5,
                1e308,
                float("nan"),
                float("-inf"),
                "",
                "\x00",
                "\ud800",
                "x" * dice.choice([64, 65, 5_000]),
                "../../etc/passwd",
                "' OR 1=1 --",
                "2026-11",
                [],
                {},
                [[]],
                deep,
                {"_placeholder": True, "num": 0},
                {"__proto__": {"a": 1}},
            ]
        )


_FIELDS: dict[str, tuple[str, ...]] = {
    "join": ("guidelines", "resume"),
    "describe": ("type", "sdp", "generation"),
    "restart": (),
    "step_out": (),
    "running_late": ("minutes",),
    "media": ("microphone", "camera", "screen"),
    "quality": ("round_trip_ms", "loss_percent", "bitrate_kbps"),
    "hang_up": ("cause", "join"),
    "test_open": (),
    "test_describe": ("sdp",),
    "test_close": (),
}
_MARK = '42999999["quality",{"command_id":"mark"}]'
_JOIN = '42999998["join",{"command_id":"first","guidelines":"2026-11"}]'
_loaded: list[str] = []


def _samples() -> list[str]:
    if not _loaded:
        _loaded.extend(path.read_text() for path in sorted(SAMPLES.glob("*.txt")))
    return _loaded


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def _url(place: _Place) -> str:
    return f"http://127.0.0.1:{place.port}/socket.io/?EIO=4&transport=websocket"


async def _honest(place: _Place, id_: str) -> None:
    """A page that does as it should is served, and the loop turns."""
    attacker = _Attacker(place, Figures(), random.Random(0), id_)
    await attacker.book()
    hello = {"token": attacker.tokens[Role.CLIENT], "protocol": PROTOCOL_VERSION}
    async with (
        asyncio.timeout(PATIENCE),
        aiohttp.ClientSession() as http,
        http.ws_connect(_url(place), headers={"X-Forwarded-For": "192.0.2.1"}) as ws,
    ):
        await ws.send_str("40" + json.dumps(hello))
        await ws.send_str('420["join",{"command_id":"j"}]')
        async for message in ws:
            if str(message.data).startswith("430"):
                if '"ok":true' not in message.data:
                    raise AssertionError(f"an honest page was refused: {message.data}")
                return
    raise AssertionError("an honest page was not served")


async def _ghosts(place: _Place) -> list[str]:
    """What is still kept once every socket is closed."""
    fanout, gateway = place.fanout, place.gateway

    def kept() -> list[str]:
        places = {
            "admitted": fanout._admitted,
            "parties": fanout._parties,
            "addresses": fanout._addresses,
            "per address": fanout._per_address,
            "buckets": fanout._bucket,
            "idle": fanout._idle_since,
            "connecting": fanout._connecting,
            "environ": fanout.server.environ,
            "engine": fanout.server.eio.sockets,
            "rooms": fanout.server.manager.rooms,
            "pending": gateway._admitted,
            "network tests": gateway._attendant._switchboard.tests._tests,
        }
        return [f"{name}: {len(place)}" for name, place in places.items() if place]

    end = time.monotonic() + PATIENCE
    while kept() and time.monotonic() < end:
        await asyncio.sleep(0.05)
    return kept()


@contextlib.contextmanager
def _errors(found: list[str]) -> Iterator[None]:
    """Everything that any part of the process logs as an error, and what asyncio says nobody caught."""

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(f"{record.name}: {self.format(record)}")

    handler = Keep(logging.ERROR)
    loggers = [logging.getLogger(name) for name in ("", "signaling.socketio")]
    for logger in loggers:
        logger.addHandler(handler)
    with structlog.testing.capture_logs() as lines:
        try:
            yield
        finally:
            for logger in loggers:
                logger.removeHandler(handler)
            found.extend(str(line) for line in lines if line["log_level"] in ("error", "critical"))


# --- the API ----------------------------------------------------------------------------------------------------------


def fuzz_api(cases: int) -> str:
    """So many cases for each call of the document, by the suite's own test; its last line. Raises if one escapes."""
    command = [sys.executable, "-m", "pytest", "--timeout", "0", "tests/server/api/test_schemathesis.py"]
    environment = {**os.environ, "HEADSTRT_TEST_API_CASES": str(cases)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stdout[-10_000:])
    return done.stdout.strip().splitlines()[-1]


def main() -> None:
    what, count = sys.argv[1], int(sys.argv[2])
    print(fuzz_api(count) if what == "api" else asyncio.run(fuzz_frames(count, whole=what == "whole")))


if __name__ == "__main__":
    main()
