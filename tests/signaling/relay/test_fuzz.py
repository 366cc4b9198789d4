"""A mutating fuzzer of packets through the port, seeded: nothing escapes, and nobody unproven gets a byte.

HEADSTRT_TEST_PACKETS sets how many packets there are, HEADSTRT_TEST_SEED where they begin; with a million or ten the
same test is a trial, and pytest's own time limit is to be lifted (``--timeout 0``).
"""

from __future__ import annotations

import os
import random
from collections import Counter, deque
from typing import Any

import pytest
from aioice import stun

from signaling.relay import flood, wire
from signaling.relay import port as udp
from signaling.relay.ice import Credentials
from signaling.relay.leg import CHECK_BURST, CHECKS_PER_SECOND, MAX_PATHS, REMEMBERED_FOR, Call, Drop
from signaling.relay.port import READS_PER_WAKE_UP, STREAMS_PER_LEG, Port
from signaling.relay.tcp import PER_SOURCE, Streams
from signaling.session import Role
from tests.signaling.relay.helpers import DTLS, PLENTY, SRTCP, SRTP, Bench, credentials, request

PACKETS = int(os.environ.get("HEADSTRT_TEST_PACKETS", "100_000"))
SEED = int(os.environ.get("HEADSTRT_TEST_SEED", "1"))
CALLS = 3

Address = tuple[Any, ...]


class Air:
    """A UDP socket without a network: what is put in is read, what is sent is kept."""

    def __init__(self) -> None:
        self.inbox: deque[tuple[bytes, Address]] = deque()
        self.sent: list[tuple[bytes, Address]] = []

    def recvfrom(self, size: int) -> tuple[bytes, Address]:
        if not self.inbox:
            raise BlockingIOError
        packet, address = self.inbox.popleft()
        return packet[:size], address

    def sendto(self, packet: bytes, address: Address) -> int:
        self.sent.append((packet, address))
        return len(packet)


class Fuzz:
    """A port with calls, honest parties, and packets that grow from theirs."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.now = 1_000.0
        self.air = Air()
        self.port = Port([self.air], PLENTY, self._told, lambda: self.now)  # type: ignore[list-item]
        self.honest: dict[Address, Credentials] = {}
        self.numbers = 0
        self.kinds: Counter[str] = Counter()
        for _ in range(CALLS):
            self.open()

    def _told(self, report: wire.Report) -> None:
        self.kinds[type(report).__name__] += 1
        wire.encode(report)

    def open(self) -> None:
        self.numbers += 1
        self.port.open(self.numbers, self.now + 600)
        for role in Role:
            known = credentials(f"{self.numbers}{role}")
            self.port.admit(self.numbers, role, known)
            self.honest[("192.0.2.1", 10 * self.numbers + len(self.honest) % 2)] = known

    def replace_oldest(self) -> None:
        self.read()
        self.air.sent.clear()
        self.port.close(self.numbers - CALLS + 1)
        for address in list(self.honest)[:2]:
            del self.honest[address]
        self.open()

    def check_in(self) -> None:
        """Every honest party has a path again."""
        for address, known in self.honest.items():
            self.air.inbox.append((request(known, nominate=self.dice.random() < 0.5), address))
        self.read()
        self.air.sent.clear()

    def read(self) -> None:
        while self.air.inbox:
            self.port.read(0)

    def mutate(self, packet: bytes) -> bytes:
        dice, data = self.dice, bytearray(packet)
        for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
            position = dice.randrange(len(data)) if data else 0
            match dice.randrange(9):
                case 0 if data:
                    data[position] ^= 1 << dice.randrange(8)
                case 1 if data:
                    data[position] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
                case 2:
                    del data[position:]
                case 3:
                    data[position:position] = dice.randbytes(dice.choice((1, 2, 3, 4, 20)))
                case 4:
                    del data[position : position + dice.choice((1, 2, 4, 8, 24))]
                case 5 if len(data) > 4:  # a length that lies
                    data[position : position + 2] = dice.choice((0, 1, 3, 0xFFFF, dice.randrange(65536))).to_bytes(
                        2, "big"
                    )
                case 6:  # an attribute from elsewhere, well-framed
                    body = dice.randbytes(dice.choice((0, 1, 3, 4, 8, 20)))
                    kind = dice.choice(ATTRIBUTES)
                    data[20:20] = kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body + bytes(-len(body) % 4)
                case 7 if len(data) >= 28:  # framed anew, with a FINGERPRINT that is right: past the first look
                    del data[len(data) - len(data) % 4 :]
                    data[2:4] = ((len(data) - 20) & 0xFFFF).to_bytes(2, "big")
                    crc = stun.message_fingerprint(bytes(data[:-8]))
                    data[-8:] = b"\x80\x28\x00\x04" + crc.to_bytes(4, "big")
                case 8:
                    data += dice.randbytes(dice.choice((1, 4, 100, 1600)))
        return bytes(data)


ATTRIBUTES = [attribute[0] for attribute in stun.ATTRIBUTES]


def seeds(known: Credentials) -> list[bytes]:
    """What a browser sends, and what it never would."""
    return [
        request(known),
        request(known, nominate=True),
        request(known, role="ICE-CONTROLLED"),
        request(known, integrity=False),
        request(known, kind=stun.Class.RESPONSE),
        request(Credentials(known.ufrag, "?" * 24)),
        request(credentials("nobody")),
        DTLS,
        SRTP,
        SRTCP,
    ]


def signed(packet: bytes) -> bytes:
    """What MESSAGE-INTEGRITY vouches for in a check of ours; what follows it is to be ignored (RFC 8489 §14.5)."""
    return packet[4:-8]


def holds(packet: bytes, vouched: list[bytes]) -> bool:
    """Whether a mutation has left alone all that its sender signed."""
    return packet[:2] == b"\x00\x01" and any(packet.startswith(part, 4) for part in vouched)


def test_mutated_packets_neither_break_the_port_nor_get_an_answer() -> None:
    fuzz = Fuzz(SEED)
    dice, air = fuzz.dice, fuzz.air
    corpus = {address: seeds(known) for address, known in fuzz.honest.items()}
    fuzz.check_in()
    vouched = [signed(packet) for packets in corpus.values() for packet in packets[:2]]
    proven = set(fuzz.honest)
    for step in range(PACKETS):
        whose = dice.choice(list(corpus))
        packet = fuzz.mutate(dice.choice(corpus[whose]))
        if holds(packet, vouched):
            continue
        own = dice.random() < 0.3
        address = whose if own else (f"198.51.{dice.randrange(4)}.{dice.randrange(256)}", dice.randrange(1024, 65536))
        air.inbox.append((packet, address))
        if step % READS_PER_WAKE_UP == 0:
            fuzz.read()
            for sent, to in air.sent:
                assert to in proven, (step, sent, to)
            air.sent.clear()
            fuzz.now += 0.05
        if step % 1_000 == 0:
            fuzz.check_in()
            fuzz.port.expire()
            fuzz.port.stop_overdue()
            fuzz.port.report()
        if step % 50_000 == 49_999:  # calls come and go, or lose a side
            fuzz.port.close(fuzz.numbers - 1, dice.choice(list(Role)))
            fuzz.replace_oldest()
            corpus = {address: seeds(known) for address, known in fuzz.honest.items()}
            vouched = [signed(packet) for packets in corpus.values() for packet in packets[:2]]
            proven = set(fuzz.honest)
            fuzz.check_in()
    fuzz.read()
    assert all(to in proven for _, to in air.sent)
    assert Drop.FAULT not in fuzz.port.drops
    assert sum(fuzz.port.drops.values()) > PACKETS // 2
    assert len(fuzz.port.drops) >= 10  # it came as far as each of these reasons
    bounded(fuzz.port)
    air.sent.clear()
    fuzz.check_in()
    client, expert = list(fuzz.honest)[-2:]
    air.inbox.append((SRTP, client))
    fuzz.read()
    assert air.sent == [(SRTP, expert)]  # and it works as ever


def bounded(port: Port) -> None:
    """Whatever came, little is kept."""
    assert len(port._unproven) <= 2 * flood.IN_ALL
    assert len(port._waiting) <= flood.MAX_EARLY
    for call in port._calls.values():
        assert isinstance(call, Call)
        for leg in call.legs.values():
            assert len(leg.paths) <= MAX_PATHS
            assert len(leg._seen) <= CHECKS_PER_SECOND * REMEMBERED_FOR + CHECK_BURST
    assert sum(map(len, port._routes.values())) <= 2 * MAX_PATHS * len(port._calls)


def mutated(bench: Bench, seed: int, packets: int) -> list[object]:
    """A scene of honest parties and mutated packets on real sockets: what everybody got, was told, was dropped."""
    fuzz = Fuzz(seed)  # for its dice; its port is another
    dice = fuzz.dice
    peers = []
    for number in (1, 2):
        bench.port.open(number, 1_000.0 + packets / 800 * number)
        for role in Role:
            bench.port.admit(number, role, credentials(f"{number}{role}"))
            peers.append(bench.peer(credentials(f"{number}{role}")))
    stranger = bench.peer(credentials("stranger"))
    outcome: list[object] = []
    for step in range(packets):
        peer = dice.choice((*peers, *peers, *peers, stranger))
        if step % 40 == 0:
            for each in peers:
                each.send(request(each.known, transaction=dice.randbytes(12)))
        packet = dice.choice((DTLS, SRTP, SRTP, SRTP, SRTCP, request(peer.known, transaction=dice.randbytes(12))))
        if dice.random() < 0.4:
            packet = fuzz.mutate(packet)
        for _ in range(dice.choice((1, 1, 1, 5))):
            peer.send(packet[:9_000])
        if step % 20 == 19:
            for _ in range(3):
                bench.turn()
            for each in (*peers, stranger):
                got = each.received()
                outcome.append([packet for packet in got if packet[:1] > b"\3"])
                outcome.append([packet[:20] for packet in got if packet[:1] <= b"\3"])  # an answer says more: the port
            bench.now += dice.choice((0.0, 0.004, 0.1))
    bench.port.report()
    outcome += [report for report in bench.told if not isinstance(report, wire.Switched)]  # their names are random
    return [*outcome, bench.port.drops, bench.port.totals()]


def test_mutated_packets_fare_the_same_together_and_one_by_one(
    packet_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the compiled part and by the pure one, each beside the port that reads one packet after the other."""
    together = Bench()
    monkeypatch.setattr(udp, "AVAILABLE", False)
    singly = Bench()
    try:
        packets = max(2_000, PACKETS // 20)
        assert mutated(together, SEED, packets) == mutated(singly, SEED, packets)
        assert {Drop.DEADLINE, Drop.UNKNOWN_SOURCE, Drop.MALFORMED} <= set(together.port.drops)
        assert Drop.FAULT not in together.port.drops
        assert together.port.totals().packets > packets // 4
    finally:
        together.close()
        singly.close()


class Wire:
    """A TCP socket without a network."""

    def __init__(self) -> None:
        self.inbox: deque[bytes] = deque()
        self.sent = bytearray()
        self.closed = False

    def recv(self, size: int) -> bytes:
        if not self.inbox:
            raise BlockingIOError
        return self.inbox.popleft()

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def setblocking(self, _: bool) -> None: ...
    def setsockopt(self, *_: object) -> None: ...

    def close(self) -> None:
        self.closed = True


class Listener:
    def __init__(self) -> None:
        self.waiting: deque[tuple[Wire, Address]] = deque()

    def accept(self) -> tuple[Wire, Address]:
        if not self.waiting:
            raise BlockingIOError
        return self.waiting.popleft()


class Watch:
    def __init__(self) -> None:
        self.readers: dict[object, Any] = {}

    def add_reader(self, fd: object, callback: Any, *args: object) -> None:
        self.readers[fd] = lambda: callback(*args)

    def remove_reader(self, fd: object) -> None:
        self.readers.pop(fd, None)

    def add_writer(self, fd: object, callback: Any, *args: object) -> None: ...
    def remove_writer(self, fd: object) -> None: ...


def test_mutated_streams_neither_break_the_port_nor_get_an_answer() -> None:
    fuzz = Fuzz(SEED)
    dice, watch, listener = fuzz.dice, Watch(), Listener()
    streams = Streams(fuzz.port, watch, lambda: fuzz.now, limit=300)
    streams.listen(listener)  # type: ignore[arg-type]
    corpus = [seeds(known) for known in fuzz.honest.values()]
    vouched = [signed(packet) for packets in corpus for packet in packets[:2]]
    open_ones: list[Wire] = []
    for step in range(PACKETS // 20):
        wire_ = Wire()
        listener.waiting.append((wire_, (f"198.51.100.{dice.randrange(40)}", dice.randrange(65536))))
        watch.readers[listener]()
        stream = b""
        for _ in range(dice.choice((1, 1, 2, 5))):
            packet = fuzz.mutate(dice.choice(dice.choice(corpus)))
            if holds(packet, vouched):
                continue
            size = len(packet) if dice.random() < 0.9 else dice.randrange(65536)
            stream += (size & 0xFFFF).to_bytes(2, "big") + packet
        while stream:
            cut = dice.choice((1, 2, 50, 4_000, 16_384))
            wire_.inbox.append(stream[:cut])
            stream = stream[cut:]
        while wire_.inbox and wire_ in watch.readers:
            watch.readers[wire_]()
        assert not wire_.sent
        open_ones.append(wire_)
        if dice.random() < 0.7 and wire_ in watch.readers:  # the others stay, and wait
            wire_.inbox.append(b"")
            watch.readers[wire_]()
            assert wire_.closed
        if step % 100 == 0:
            fuzz.now += 1
            streams.sweep()
        assert len(streams) <= 300
    assert Drop.FAULT not in fuzz.port.drops
    assert fuzz.port.drops[Drop.BAD_FRAME] > 0
    assert max(streams._by_source.values(), default=0) <= PER_SOURCE
    bounded(fuzz.port)
    fuzz.now += 10
    streams.sweep()
    assert len(streams) == 0
    assert all(one.closed for one in open_ones)
    assert fuzz.port._senders.keys() == {0}
    assert STREAMS_PER_LEG < MAX_PATHS
