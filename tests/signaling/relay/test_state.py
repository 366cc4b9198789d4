"""The compiled part and the pure one are the same to look at; what Python may get wrong in C is an error, no crash."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

import hatch_build
from signaling.relay import leg, many, port, state
from signaling.relay.loop import Loop
from signaling.relay.worker import BUSY, GATHER, READS_PER_WAKE_UP, gathering
from tests.signaling.relay.helpers import SRTP, Bench, Relay, carries, checked, request

ROOT = Path(__file__).parents[3]
compiled = pytest.mark.skipif(state.PURE, reason="the pure path was asked for")


def test_it_is_built_wherever_it_can_be(tmp_path: Path) -> None:
    """Else all that is parametrised by ``packet_path`` would say nothing."""
    reason = hatch_build.build(tmp_path / "_steady.abi3.so", "-Werror")
    assert reason is None
    assert (state.compiled is None) == state.PURE


def test_without_a_compiler_the_reason_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    assert "no C compiler" in (hatch_build.build(tmp_path / "a.so") or "")
    monkeypatch.setenv("CC", "false")
    assert hatch_build.build(tmp_path / "a.so") is not None
    assert list(tmp_path.iterdir()) == []


@compiled
def test_what_is_kept_has_the_same_names_and_kinds() -> None:
    made = state.compiled
    assert made is not None
    for pure, ours in ((state.PurePath, made.Path), (state.PureLeg, made.Leg)):
        assert {name for name in vars(ours) if not name.startswith("_")} == set(pure.__slots__)
        assert set(pure.__annotations__) == set(pure.__slots__)
    assert leg.Path.__mro__[1] is (state.PurePath if state.PURE else made.Path)
    assert made.SLOTS == many.SLOTS


def test_all_of_it_holds_where_nothing_is_compiled() -> None:
    """The same tests, in a process that has the plain classes."""
    files = [f"tests/signaling/relay/test_{name}.py" for name in ("leg", "many", "port")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env={**os.environ, "HEADSTRT_PURE_RELAY": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:]
    assert "100%" in done.stdout


async def test_a_worker_says_which_it_is_and_carries_packets_by_it(packet_path: str) -> None:
    relay = Relay()
    with structlog.testing.capture_logs() as lines:
        await relay.switchboard.start()
        try:
            client, expert = relay.call()
            await checked(client, expert)
            assert await carries(client, expert)
        finally:
            await relay.switchboard.stop()
    ready = [line for line in lines if line["event"] == "relay_worker_ready"]
    assert [line["packets"] for line in ready] == [packet_path]


# --- lingering ---


@pytest.fixture
def loop(bench: Bench) -> Iterator[Loop]:
    loop = Loop()
    for sock in bench._sockets.udp:
        loop.add_reader(sock, bool)
    yield loop
    loop.close()


def lingered(bench: Bench, loop: Loop, until: float = 1_000.0) -> int:
    return bench.port.linger(0, loop.fileno(), 0.001, until)


def test_lingering_goes_on_with_what_is_steady_until_nothing_comes(bench: Bench, loop: Loop, packet_path: str) -> None:
    client, expert = bench.call()
    client.send(SRTP)  # the first of a second is told to ``Call.carried``, and so comes back to Python
    expert.send(SRTP)
    bench.turn()
    bench.now += 1.5
    for number in range(100):
        client.send(SRTP + bytes([number]))
    read = lingered(bench, loop, 2_000.0)
    if packet_path == "compiled":
        assert read == many.SLOTS  # with which there was media
        read += lingered(bench, loop, 2_000.0)
        assert read == 100
    else:
        assert read == 0  # it only waits
        bench.turn()
        bench.turn()
    assert lingered(bench, loop, 2_000.0) == 0
    assert expert.received()[-100:] == [SRTP + bytes([number]) for number in range(100)]
    assert not bench.port.drops


@compiled
@pytest.mark.parametrize("packet_path", ["compiled"], indirect=True)
def test_lingering_ends_in_time_and_for_whatever_else_there_is(bench: Bench, loop: Loop) -> None:
    client, expert = bench.call()
    assert lingered(bench, loop) == 0  # nothing came
    client.send(SRTP)
    assert lingered(bench, loop, until=999.0) == 0  # held up: what was due comes first (a lease that is over, say)
    assert expert.received() == []
    assert lingered(bench, loop, 2_000.0) == 1
    assert expert.received() == [SRTP]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        loop.add_reader(ours, bool)
        theirs.send(b"a command")
        client.send(SRTP)
        assert lingered(bench, loop, 2_000.0) == 0
        assert expert.received() == []
        ours.recv(100)
    assert lingered(bench, loop, 2_000.0) == 1
    client.send(SRTP)
    client.send(request(client.known))
    client.send(SRTP)
    client.send(bytes([4]) * 40)
    assert lingered(bench, loop, 2_000.0) == 4
    assert expert.received() == [SRTP] * 3
    assert [packet[:2] for packet in client.received()] == [b"\x01\x01"]
    assert bench.port.drops == {leg.Drop.MALFORMED: 1}


@compiled
@pytest.mark.parametrize("packet_path", ["compiled"], indirect=True)
def test_lingering_looks_at_the_deadline_of_each_packet(bench: Bench, loop: Loop) -> None:
    """P3.1"""
    client, expert = bench.call(deadline=1_010.0)
    bench.now = 1_010.0
    client.send(SRTP)
    assert lingered(bench, loop, 2_000.0) == 1
    assert expert.received() == []
    assert bench.port.drops == {leg.Drop.DEADLINE: 1}


def test_packets_gather_until_a_batch_is_full_and_never_for_long() -> None:
    assert gathering(0) == gathering(BUSY - 1) == 0
    assert gathering(BUSY) == gathering(READS_PER_WAKE_UP / GATHER) == GATHER
    assert gathering(80_000) == READS_PER_WAKE_UP / 80_000


# --- what Python may get wrong ---


@compiled
def test_a_table_of_anything_else_is_an_error_and_no_crash() -> None:
    made = state.compiled
    assert made is not None
    rules = (port.FORWARDED, port.MIN_PACKET, port.MAX_PACKET, leg.FRESH, leg.HASTE)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to,
    ):
        ours.bind(("127.0.0.1", 0))
        batch = made.Batch(ours.fileno(), socket.AF_INET, rules)
        to.sendto(SRTP, ours.getsockname())
        assert batch.receive() == 1
        raw = batch.raw(0)

        def forward(path: Any, begin: int = 0) -> Any:
            return batch.forward({raw: path}, 0, begin, 1_000.0, lambda: 1_000.0)

        def path(**named: Any) -> Any:
            one = made.Path()
            for name, value in named.items():
                setattr(one, name, value)
            return one

        lonely, side = made.Leg(), made.Leg()
        side.peer, side.current, side.wanted = made.Leg(), None, None
        for wrong in (None, object(), path(), path(leg=1), path(leg=lonely)):
            with pytest.raises(TypeError):
                forward(wrong)
        assert forward(path(leg=side))[0] == 0  # no way out: not steady
        side.current = side.wanted = way = path(leg=side, line=0, checked=1_000.0)
        side.deadline, side.room = 2_000.0, 1.0
        side.peer.current = path(line=0, checked=1_000.0)
        for raw_out in (b"", b"short", raw + b"more", "text"):
            side.peer.current.raw = raw_out
            with pytest.raises(TypeError):
                forward(way)
        for begin in (-1, 2, 1 << 20):
            with pytest.raises(IndexError):
                forward(way, begin)
        for slot in (-1, 1, 64):
            for look in (batch.packet, batch.raw):
                with pytest.raises(IndexError):
                    look(slot)
        side.peer.current.raw = raw
        with pytest.raises(ZeroDivisionError):
            batch.forward({raw: way}, 0, 0, 1_000.0, lambda: 1 / 0)
        assert forward(way) == (1, [side], None, 0, 0)
        assert to.recv(100) == SRTP
    for bad in ((99, rules), (socket.AF_INET, (b"", *rules[1:])), (socket.AF_INET, (rules[0], 12, 5_000, 30.0, 0.1))):
        with pytest.raises(ValueError):
            made.Batch(0, *bad)


@compiled
@pytest.mark.parametrize("packet_path", ["compiled"], indirect=True)
def test_what_a_call_leaves_behind_is_collected(bench: Bench) -> None:
    """Legs and paths know each other, in C as in Python."""
    numbers = range(9_000, 9_005)
    for number in numbers:
        client, _ = bench.call(number)
        client.send(SRTP)
        bench.turn()
        bench.port.close(number)
    bench.told.clear()
    gc.collect()
    assert [one for one in gc.get_objects() if isinstance(one, leg.Leg) and one.call.number in numbers] == []


SANITISED = """
import importlib.util, sys
import pytest, signaling.relay
spec = importlib.util.spec_from_file_location("signaling.relay._steady", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sys.modules[spec.name] = signaling.relay._steady = module
without = "not where_nothing_is_compiled and not sanitisers"
sys.exit(pytest.main(["-p", "no:cacheprovider", "-k", without, *sys.argv[2:]]))
"""


@compiled
@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_the_sanitisers_find_nothing(tmp_path: Path) -> None:
    """The address and undefined behaviour sanitisers, under the mutated packets and all other tests of the port."""
    module = tmp_path / "_steady.abi3.so"
    sanitise = "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g"
    assert hatch_build.build(module, *sanitise) is None
    compiler = os.environ.get("CC", "cc")
    found = [
        subprocess.run([compiler, f"-print-file-name={name}.so"], capture_output=True, text=True, check=True).stdout
        for name in ("libasan", "libubsan")
    ]
    tests = [f"tests/signaling/relay/test_{name}.py" for name in ("fuzz", "port", "paths", "state", "tcp")]
    done = subprocess.run(
        [sys.executable, "-c", SANITISED, str(module), *tests],
        cwd=ROOT,
        env={
            **os.environ,
            "LD_PRELOAD": ":".join(path.strip() for path in found),
            "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's own, at its end
            "PYTHONMALLOC": "malloc",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5_000:]
    assert "Sanitizer" not in done.stdout + done.stderr
