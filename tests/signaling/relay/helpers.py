"""The other end of the relay in tests: checks as a browser makes them, a clock that is set, sockets on loopback."""

from __future__ import annotations

import asyncio
import re
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path

from aioice import stun

from signaling.relay import port as udp
from signaling.relay import wire
from signaling.relay.ice import Credentials
from signaling.relay.leg import Ceiling
from signaling.relay.port import Port
from signaling.relay.switchboard import Outgoing, RelaySettings, Switchboard
from signaling.session import Role

SDP = Path(__file__).parent / "sdp"
PLENTY = Ceiling(bits_per_second=100_000_000, packets_per_second=100_000)
DTLS = bytes([22]) + bytes(60)
SRTP = bytes([0x80, 111]) + bytes(60)
SRTCP = bytes([0x80, 200]) + bytes(60)


def sample(name: str) -> str:
    return (SDP / f"{name}.txt").read_bytes().decode()


def credentials(name: str) -> Credentials:
    return Credentials(f"ufrag{name}".ljust(12, "x"), f"password{name}".ljust(24, "x"))


def request(
    known: Credentials,
    *,
    nominate: bool = False,
    role: str = "ICE-CONTROLLING",
    method: stun.Method = stun.Method.BINDING,
    kind: stun.Class = stun.Class.REQUEST,
    integrity: bool = True,
    fingerprint: bool = True,
    transaction: bytes | None = None,
) -> bytes:
    """A check as browsers send it."""
    message = stun.Message(method, kind, transaction)
    message.attributes["USERNAME"] = f"{known.ufrag}:theirs"
    message.attributes[role] = 1
    message.attributes["PRIORITY"] = 1
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    if integrity:
        message.add_message_integrity(known.password.encode())
    if fingerprint:
        message.add_fingerprint()
    else:
        message.attributes.pop("FINGERPRINT", None)
    return bytes(message)


class Peer:
    """A UDP socket on loopback that plays a browser."""

    def __init__(self, relay: tuple[str, int], known: Credentials) -> None:
        self.known = known
        self._relay = relay
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)

    def send(self, packet: bytes) -> None:
        self._socket.sendto(packet, self._relay)

    def check(self, *, nominate: bool = False, known: Credentials | None = None) -> None:
        self.send(request(known or self.known, nominate=nominate))

    def received(self, wait: float = 0.0) -> list[bytes]:
        """What is there; waits for the first packet only."""
        packets: list[bytes] = []
        while select.select([self._socket], [], [], 0 if packets else wait)[0]:
            packets.append(self._socket.recv(4096))
        return packets

    def move(self) -> None:
        """A new local port: a NAT that forgot us, another network."""
        self.close()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)

    def close(self) -> None:
        self._socket.close()


class Bench:
    """A port without a loop and without timers: it reads when told to, and its clock is set by hand."""

    def __init__(self, ceiling: Ceiling = PLENTY, hosts: tuple[str, ...] = ("127.0.0.1",)) -> None:
        self.now = 1000.0
        self.told: list[wire.Report] = []
        self._sockets = udp.bind(hosts, 0)
        self.port = Port(self._sockets, ceiling, self.told.append, lambda: self.now)
        self.addresses = [sock.getsockname() for sock in self._sockets]
        self._peers: list[Peer] = []

    def peer(self, known: Credentials, line: int = 0) -> Peer:
        peer = Peer(self.addresses[line], known)
        self._peers.append(peer)
        return peer

    def call(self, number: int = 1, deadline: float = 5000.0) -> tuple[Peer, Peer]:
        """A call with an authenticated 5-tuple on either side: client, expert."""
        self.port.open(number, deadline)
        pair = []
        for role in Role:
            known = credentials(f"{number}{role}")
            self.port.admit(number, role, known)
            pair.append(self.peer(known))
        for peer in pair:
            peer.check()
            self.turn()
            assert len(peer.received()) == 1
        return pair[0], pair[1]

    def turn(self) -> None:
        """What the loop would do once; a datagram on loopback is there when ``sendto`` returns."""
        for line in range(len(self._sockets)):
            self.port.read(line)

    def close(self) -> None:
        for peer in self._peers:
            peer.close()
        for sock in self._sockets:
            sock.close()


def ice_of(outgoing: Outgoing) -> Credentials:
    """What the page was told to dial with."""
    assert outgoing.sdp is not None
    ufrag = re.search(r"^a=ice-ufrag:(\S+)", outgoing.sdp, re.MULTILINE)
    password = re.search(r"^a=ice-pwd:(\S+)", outgoing.sdp, re.MULTILINE)
    assert ufrag
    assert password
    return Credentials(ufrag[1], password[1])


async def until(what: Callable[[], object], within: float = 30.0) -> None:
    """Poll: generous, because a machine may be busy."""
    end = time.monotonic() + within
    while not what():
        assert time.monotonic() < end, "it did not come to pass"
        await asyncio.sleep(0.02)


class Relay:
    """A real switchboard with a real worker, and what it called back."""

    def __init__(self) -> None:
        self.media: list[str] = []
        self.stopped: list[tuple[str, float]] = []
        self.switchboard = Switchboard(
            RelaySettings(port=0, bind=("127.0.0.1",)),
            on_media=self.media.append,
            on_stopped=lambda session: self.stopped.append((session, time.monotonic())),
        )

    def call(self, session: str = "s", *, lasts: float = 600.0) -> tuple[Peer, Peer]:
        """A negotiated call: client and expert as bare sockets, which have yet to make their first check."""
        board = self.switchboard
        board.open(session, time.monotonic() + lasts)
        board.join(session, Role.CLIENT)
        (negotiate,) = board.join(session, Role.EXPERT)
        (offer,) = board.describe(session, Role.EXPERT, "offer", sample("chromium-offer"), negotiate.generation)
        (answer,) = board.describe(session, Role.CLIENT, "answer", sample("chromium-answer"), negotiate.generation)
        relay = ("127.0.0.1", board.port)
        return Peer(relay, ice_of(offer)), Peer(relay, ice_of(answer))


async def checked(*peers: Peer) -> None:
    """Check, as often as it takes, until each has had an answer."""
    for peer in peers:
        peer.received()
        for _ in range(100):
            peer.check()
            await asyncio.sleep(0.05)
            if any(packet[:2] == b"\x01\x01" for packet in peer.received()):
                break
        else:
            raise AssertionError("no check was answered")


async def carries(sender: Peer, receiver: Peer, packet: bytes = SRTP) -> bool:
    """Whether a packet gets through in reasonable time."""
    for _ in range(100):
        sender.send(packet)
        await asyncio.sleep(0.02)
        if packet in receiver.received():
            return True
    return False
