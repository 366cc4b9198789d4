"""CPU time per forwarded packet: our relay's worker, a bare recvfrom/sendto loop in C and in Python, and its peers.

All on loopback, the same load tool, the same packets (1 100 bytes that look like SRTP), so many calls of 200 packets a
second each way. What is counted is user and system time of the forwarding process over packets that arrived. Ours is
the real thing: the switchboard, its worker process, legs that passed authenticated STUN checks, every check and ceiling
on. coturn has both parties behind it, as two browsers have that may not see each other's address. Its peers are what
Debian has of them; docs/relay.md says what each does with a packet.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aioice import stun

from bench import janus, load
from bench.figures import Figure, Report, compiled, cpu_seconds, resident
from bench.load import Line, checked, udp
from signaling.relay.ice import Credentials
from signaling.relay.state import compiled as compiled_part
from signaling.relay.switchboard import RelaySettings, Switchboard
from signaling.relay.worker import GATHER
from signaling.session import Role
from tests.signaling.relay.helpers import ice_of, sample

CALLS: Final = (10, 50, 100, 200)
FEW: Final = (10, 50)  # with which the slower ones are measured, too
MANY: Final = (100, 200)  # with which two workers are
RATE: Final = 200  # packets a second, each way
BURSTS: Final = {1: "one by one", 7: "frames of 7"}  # how these come: evenly, or as a camera's 29 frames a second
SECONDS: Final = 2.0
ROUNDS: Final = 2
CARRIED: Final = 0.05  # what may be lost for a figure to be compared: what is read and never arrives costs, too
OF_C, OF_COTURN, PURE_OF_C, GROWTH = 1.2, 0.6, 2.0, 1.1
LOOP: Final = Path(__file__).with_name("loop.py")
OPTIMISED: Final = "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))

RTPENGINE: Final = shutil.which("rtpengine")
SDP: Final = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video {} RTP/AVP 96\r\n"
CHANNEL: Final = 0x4000
TURN_TO_SELF: Final = CHANNEL.to_bytes(2, "big") + load.SIZE.to_bytes(2, "big")


@dataclass(slots=True)
class Cost:
    """CPU seconds and packets, summed over rounds; how long packets were on their way, by each round; memory."""

    cpu: float = 0.0
    sent: int = 0
    got: int = 0
    median: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    memory: int = 0  # bytes resident

    @property
    def microseconds(self) -> float:
        return self.cpu / self.got * 1e6

    @property
    def lost(self) -> float:
        return 1 - self.got / self.sent

    def __str__(self) -> str:
        way = f"{statistics.median(self.median) * 1000:.2f} / {statistics.median(self.p99) * 1000:.2f} ms"
        return f"{self.microseconds:.1f} µs, {way}, {self.lost:.2%}"


@dataclass(slots=True)
class Forwarder:
    """Somebody who forwards, ready to: its processes, and the parties' lines."""

    processes: tuple[int, ...]
    lines: list[Line] = field(default_factory=list)


async def _ours(calls: int, *, pure: bool = False, workers: int = 1) -> AsyncGenerator[Forwarder, None]:
    settings = RelaySettings(port=0, bind=("127.0.0.1",), workers=workers, pure=pure)
    board = Switchboard(settings, on_media=lambda _: None, on_stopped=lambda _: None)
    await board.start()
    try:
        forwarder = Forwarder(tuple(board.workers))
        for number in range(calls):
            session = f"bench {number}"
            for known in negotiated(board, session):
                line = Line(udp(), ("127.0.0.1", _port(board, session)))
                await asyncio.to_thread(checked, line, known)
                forwarder.lines.append(line)
        yield forwarder
    finally:
        await board.stop()


def _port(board: Switchboard, session: str) -> int:
    """Of the worker that has this session."""
    lane = board._sessions[session].lane
    assert lane is not None
    return lane.port


def negotiated(board: Switchboard, session: str) -> tuple[Credentials, Credentials]:
    """A call as two pages would negotiate it; what the client and the expert dial with."""
    board.open(session, time.monotonic() + 600)
    board.join(session, Role.CLIENT)
    (negotiate,) = board.join(session, Role.EXPERT)
    (offer,) = board.describe(session, Role.EXPERT, "offer", sample("chromium-offer"), negotiate.generation)
    (answer,) = board.describe(session, Role.CLIENT, "answer", sample("chromium-answer"), negotiate.generation)
    return ice_of(offer), ice_of(answer)


async def _bare(calls: int, *program: str | Path) -> AsyncGenerator[Forwarder, None]:
    sockets = [udp() for _ in range(2 * calls)]
    ports = [each.getsockname()[1] for each in sockets]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)  # as ours
        port.bind(("127.0.0.1", 0))
        process = subprocess.Popen([*program, str(port.fileno())], pass_fds=[port.fileno()], stdin=subprocess.PIPE)
        assert process.stdin is not None
        routes = "".join(f"{ports[i]} {ports[i ^ 1]}\n" for i in range(2 * calls))
        process.stdin.write(routes.encode())
        process.stdin.close()
        try:
            forwarder = Forwarder((process.pid,), [Line(each, port.getsockname()) for each in sockets])
            await asyncio.to_thread(_awake, forwarder.lines[0], forwarder.lines[1])
            yield forwarder
        finally:
            process.kill()
            process.wait()


def _awake(sender: Line, receiver: Line, packet: bytes = b"awake?") -> None:
    """Return when packets get through."""
    receiver.socket.settimeout(5)
    sender.socket.sendto(packet, sender.to)
    receiver.socket.recv(2048)


async def _coturn(calls: int, folder: Path) -> AsyncGenerator[Forwarder, None]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        server = probe.getsockname()
    options = (
        "-n --no-auth --no-cli --no-tls --no-dtls --no-tcp --no-tcp-relay --allow-loopback-peers -m 1 --simple-log"
    )
    process = subprocess.Popen(
        [
            *(coturn(), *options.split(), "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"),
            *(f"--listening-port={server[1]}", f"--pidfile={folder}/pid", f"--log-file={folder}/turn.log"),
            *(f"--userdb={folder}/db", "--realm=bench"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        forwarder = Forwarder((process.pid,), [Line(udp(), server, TURN_TO_SELF) for _ in range(2 * calls)])
        relayed = [await asyncio.to_thread(allocated, line) for line in forwarder.lines]
        for number, line in enumerate(forwarder.lines):
            await asyncio.to_thread(bound, line, relayed[number ^ 1])
        yield forwarder
    except RuntimeError as error:
        raise RuntimeError(f"{error}; it says:\n{(folder / 'turn.log').read_text()[-2000:]}") from None
    finally:
        process.kill()
        process.wait()


async def _rtpengine(calls: int, folder: Path) -> AsyncGenerator[Forwarder, None]:
    """Plain RTP between two addresses, from user space (``--table=-1``), by one thread; a port of its own for each."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ng:
        ng.bind(("127.0.0.1", 0))
        control = ng.getsockname()[1]
    options = "--foreground --log-level=2 --log-stderr --table=-1 --interface=127.0.0.1 --num-threads=1"
    ports = "--port-min=40000 --port-max=49999"
    process = subprocess.Popen(
        [RTPENGINE or "", *options.split(), *ports.split(), f"--listen-ng=127.0.0.1:{control}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect(("127.0.0.1", control))
            asking.settimeout(0.5)
            forwarder = Forwarder((process.pid,))
            for number in range(calls):
                pair = udp(), udp()
                told = {"call-id": f"bench {number}", "from-tag": "a", "ICE": "remove"}
                for sock, to, more in (
                    (pair[0], pair[1], {"command": "offer"}),
                    (pair[1], pair[0], {"command": "answer", "to-tag": "b"}),
                ):
                    sdp = SDP.format(sock.getsockname()[1])
                    port = await asyncio.to_thread(_told, asking, {**told, **more, "sdp": sdp})
                    forwarder.lines.append(Line(to, ("127.0.0.1", port)))  # who gets it sends there
            await asyncio.to_thread(_awake, forwarder.lines[0], forwarder.lines[1], bytes([0x80, 96]) + bytes(30))
            yield forwarder
    finally:
        process.kill()
        process.wait()


def _told(sock: socket.socket, command: dict[str, str]) -> int:
    """The port that rtpengine answers with, over its ng protocol: a cookie and a bencoded dictionary.

    Each command has a cookie of its own: one that was seen before is answered as before.
    """
    cookie = secrets.token_hex(8)
    words = "".join(f"{len(word)}:{word}" for pair in sorted(command.items()) for word in pair)
    for _ in range(40):  # it takes a moment to start
        with contextlib.suppress(TimeoutError, ConnectionError):
            sock.send(f"{cookie} d{words}e".encode())
            while not (answer := sock.recv(4096).decode()).startswith(cookie):
                pass
            port = re.search(r"^m=video (\d+) ", answer, re.MULTILINE)
            if port is None:
                raise RuntimeError(f"rtpengine refuses: {answer}")
            return int(port[1])
        time.sleep(0.1)
    raise RuntimeError("rtpengine does not answer")


async def _janus(calls: int, folder: Path) -> AsyncGenerator[Forwarder, None]:
    count = int(RATE * SECONDS) + 2 * max(BURSTS)
    async with contextlib.aclosing(janus.lines(calls, count, folder)) as ready:
        async for process, lines in ready:
            yield Forwarder((process,), lines)


def coturn() -> str:
    path = shutil.which("turnserver")
    if path is None:
        raise SystemExit("coturn is missing: `make bench` installs it (Debian: apt-get install coturn)")
    return path


def allocated(line: Line) -> tuple[str, int]:
    """An allocation of the line's own (RFC 8656 §7): its relayed address."""
    message = stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST)
    message.attributes["LIFETIME"] = 600
    message.attributes["REQUESTED-TRANSPORT"] = 17 << 24  # UDP
    address: tuple[str, int] = _ask(line, message).attributes["XOR-RELAYED-ADDRESS"]
    return address


def bound(line: Line, peer: tuple[str, int]) -> None:
    """A channel to the peer's relayed address (RFC 8656 §12)."""
    message = stun.Message(stun.Method.CHANNEL_BIND, stun.Class.REQUEST)
    message.attributes["CHANNEL-NUMBER"] = CHANNEL
    message.attributes["XOR-PEER-ADDRESS"] = peer
    _ask(line, message)


def _ask(line: Line, message: stun.Message) -> stun.Message:
    line.socket.settimeout(0.2)
    for _ in range(50):  # it takes a moment to start
        line.socket.sendto(bytes(message), line.to)
        try:
            answer = stun.parse_message(line.socket.recv(2048))
        except (TimeoutError, ConnectionError):
            continue
        if answer.transaction_id == message.transaction_id:
            if answer.message_class != stun.Class.RESPONSE:
                raise RuntimeError(f"coturn refuses: {answer}")
            return answer
    raise RuntimeError("coturn does not answer")


async def _measured(made: AsyncGenerator[Forwarder, None], program: Path, burst: int, cost: Cost) -> None:
    async with contextlib.aclosing(made) as forwarders:
        async for forwarder in forwarders:
            for line in forwarder.lines:
                line.socket.setblocking(False)
            start = load.soon()
            before = sum(map(cpu_seconds, forwarder.processes))
            run = await load.run(
                program, forwarder.lines, rate=RATE, burst=burst, start=start, seconds=SECONDS, mark=start
            )
            for number, each in enumerate(run.lines):
                if each.got > run.lines[number ^ 1].sent:
                    raise RuntimeError("a party got more than its peer sent: whoever forwards mixes up the calls")
            cost.cpu += sum(map(cpu_seconds, forwarder.processes)) - before
            cost.sent += sum(each.sent for each in run.lines)
            cost.got += sum(each.got for each in run.lines)
            cost.median.append(run.median)
            cost.p99.append(run.p99)
            cost.memory = max(cost.memory, sum(map(resident, forwarder.processes)))
            for line in forwarder.lines:
                line.socket.close()


async def _costs(calls: int, burst: int, folder: Path, programs: dict[str, Path]) -> dict[str, Cost]:
    """Everybody's, in turns, so that a busy moment of the machine falls on all of them."""
    runners: dict[str, Callable[[], AsyncGenerator[Forwarder, None]]] = {
        "C loop": lambda: _bare(calls, programs["loop"]),
        "C, recvmmsg": lambda: _bare(calls, programs["many"]),
        "ours": lambda: _ours(calls),
        "coturn": lambda: _coturn(calls, folder),
    }
    if RTPENGINE is not None:
        runners["rtpengine"] = lambda: _rtpengine(calls, folder)
    if janus.PROGRAM is not None and janus.address() is not None:
        runners["Janus"] = lambda: _janus(calls, folder)
    if calls in FEW:
        runners["pure"] = lambda: _ours(calls, pure=True)
        runners["Python loop"] = lambda: _bare(calls, sys.executable, LOOP)
    if calls in MANY and burst == 1:
        runners["two workers"] = lambda: _ours(calls, workers=2)
    costs = {name: Cost() for name in runners}
    for _ in range(ROUNDS):
        for name, runner in runners.items():
            await _measured(runner(), programs["load"], burst, costs[name])
    return costs


def _figure(what: str, ours: Cost, reference: Cost, limit: float | None = None) -> Figure:
    ratio = ours.microseconds / reference.microseconds
    aim = "" if limit is None else f"≤ {limit}"
    if max(ours.lost, reference.lost) > CARRIED:
        return Figure(what, str(ours), str(reference), None, f"{aim} (not compared)".strip())
    return Figure(what, str(ours), str(reference), ratio, aim, None if limit is None else ratio <= limit)


async def measure() -> Report:
    coturn()  # say so at once if it is missing
    if compiled_part is None:
        raise RuntimeError("the relay's compiled part is not there: `make setup` builds it where there is a C compiler")
    figures: list[Figure] = []
    costs: dict[tuple[int, int], dict[str, Cost]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        programs = {name: compiled(name, folder) for name in ("load", "loop", "many")}
        for calls, burst in itertools.product(CALLS, BURSTS):
            found = costs[calls, burst] = await _costs(calls, burst, folder, programs)
            what = f"{calls} calls, {BURSTS[burst]}"
            figures.append(_figure(f"{what}, beside C loop", found["ours"], found["C loop"], OF_C))
            figures.append(_figure(f"{what}, beside C loop with recvmmsg", found["ours"], found["C, recvmmsg"]))
            figures.append(_figure(f"{what}, beside coturn", found["ours"], found["coturn"], OF_COTURN))
            if "rtpengine" in found:
                figures.append(_figure(f"{what}, beside rtpengine", found["ours"], found["rtpengine"]))
            if "Janus" in found:
                figures.append(_figure(f"{what}, beside Janus", found["ours"], found["Janus"]))
            if "pure" in found:
                figures.append(
                    _figure(f"{what}, pure Python, beside C loop", found["pure"], found["C loop"], PURE_OF_C)
                )
                figures.append(
                    _figure(f"{what}, pure Python, beside bare Python loop", found["pure"], found["Python loop"])
                )
            if "two workers" in found:
                figures.append(_figure(f"{what}, two workers, beside one", found["two workers"], found["ours"]))
    few, many = CALLS[0], CALLS[-1]
    for burst, name in BURSTS.items():
        grown, small = costs[many, burst]["ours"], costs[few, burst]["ours"]
        figures.append(_figure(f"{many} calls, {name}, beside {few} calls", grown, small, GROWTH))
    at_first, at_last = costs[few, 1], costs[many, 1]
    ours, turn = ((at_last[name].memory - at_first[name].memory) / (many - few) for name in ("ours", "coturn"))
    figures.append(
        Figure(
            "memory of a call, beside coturn's",
            f"{ours / 1024:.0f} kB (a worker of {few}: {at_first['ours'].memory >> 20} MB)",
            f"{turn / 1024:.0f} kB (a server of {few}: {at_first['coturn'].memory >> 20} MB)",
            ours / turn,
        )
    )
    about = (
        "CPU time (user and system) of the forwarding process per packet that arrived, how long packets were on their\n"
        f"way (median / p99), and how many were lost: {load.SIZE} bytes, {RATE} packets a second each way in each\n"
        f"call, {ROUNDS} rounds of {SECONDS} s on loopback, in turns."
    )
    notes = (
        "One by one, nearly each packet wakes the C loop and coturn. On a busy port ours lets packets gather for up to "
        f"{GATHER * 1000:.0f} ms before it reads them, which the others do not. A browser's video comes in frames.",
        "A frame's packets are of one size here, so that the kernel takes them from us as one; browsers' may differ by "
        "a byte, and then go as two.",
        f"This Python was built {'with' if OPTIMISED else 'without'} profile-guided optimisation.",
        "The C loop (`bench/loop.c`) looks up the source's port in an array and asks nothing. It sleeps in `recvfrom`. "
        "`bench/loop.py` is the same in Python, `bench/many.c` the same with `recvmmsg` and `sendmmsg`.",
        f"Two of which one lost more than {CARRIED:.0%} (too busy a machine, too many packets) are not compared: "
        "what was read and never arrived costs, too.",
        "Ours is with its compiled part (`signaling/relay/_steady.c`); pure Python is without it.",
        "coturn runs with one relay thread and without authentication; each packet passes it twice.",
        "rtpengine is measured where it is installed (Debian: `rtpengine-daemon`). It forwards plain RTP from user "
        "space, with one thread, without ICE, and a port of its own for each party; it opens nothing either.",
        "Janus is measured where it is installed (Debian: `janus`). It ends DTLS-SRTP on both sides and so does what "
        "ours never does: it opens each packet and seals it anew (AES-256-GCM), between two real sessions of ICE and "
        "DTLS. Calls are its videocall plugin's: one video each way, on one event loop, without feedback, header "
        "extensions and copies to be sent again; at an address of the machine's own, for it has no candidates on "
        "loopback.",
    )
    return Report("relay", about, tuple(figures), notes)
