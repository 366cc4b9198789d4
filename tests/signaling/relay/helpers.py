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
from signaling.relay.switchboard import Outgoing, RelaySettings, Switchboard, _expand, _is_loopback
from signaling.relay.tcp import Streams
from signaling.session import Role

SDP = Path(__file__).parent / "sdp"
LOOPBACKS = tuple(host for host in _expand(()) if _is_loopback(host))  # and so [::1], where there is IPv6
PLENTY = Ceiling(bits_per_second=100_000_000, packets_per_second=100_000)
DTLS = bytes([22]) + bytes(60)
SRTP = bytes([0x80, 111]) + bytes(60)
SRTCP = bytes([0x80, 200]) + bytes(60)


def sample(name: str) -> str:
    return (SDP / f"{name}.txt").read_bytes().decode()


FINGERPRINT = ":".join(["AB"] * 32)


def a_test_offer(setup: str = "actpass", fingerprint: str = FINGERPRINT) -> str:
    """What a page's network test offers: one data channel."""
    return "\r\n".join(
        (
            "v=0",
            "o=- 1 2 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 0.0.0.0",
            "a=candidate:1 1 udp 2122194687 192.0.2.2 43946 typ host",
            f"a=ice-ufrag:{setup[:4]}",
            "a=ice-pwd:012345678901234567890123",
            f"a=fingerprint:sha-256 {fingerprint}",
            f"a=setup:{setup}",
            "a=mid:0",
            "a=sctp-port:5000",
            "",
        )
    )


def a_test_answer(fingerprint: str = FINGERPRINT) -> str:
    return a_test_offer("active", fingerprint)


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
        self._relay = relay[:2]
        self._open()

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
        self._open()

    def _open(self) -> None:
        v6 = ":" in self._relay[0]
        self._socket = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("::1" if v6 else "127.0.0.1", 0))
        self._socket.setblocking(False)

    def close(self) -> None:
        self._socket.close()


class TcpPeer:
    """A TCP connection to the relay that frames as RFC 4571 says."""

    def __init__(self, relay: tuple[str, int], known: Credentials, *, receive_buffer: int = 0) -> None:
        self.known = known
        self._socket = socket.socket(socket.AF_INET6 if ":" in relay[0] else socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.connect(relay[:2])
        self._in = bytearray()
        self.closed = False

    def raw(self, data: bytes) -> None:
        """What the relay has closed meanwhile takes nothing more; that is not the test's affair."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True

    def send(self, packet: bytes) -> None:
        self.raw(len(packet).to_bytes(2, "big") + packet)

    def check(self, *, nominate: bool = False, known: Credentials | None = None) -> None:
        self.send(request(known or self.known, nominate=nominate))

    def received(self, wait: float = 0.0) -> list[bytes]:
        """The whole frames that are there; waits for the first bytes only."""
        while not self.closed and select.select([self._socket], [], [], wait)[0]:
            wait = 0.0
            try:
                data = self._socket.recv(65536)
            except ConnectionResetError:
                data = b""
            self.closed = not data
            self._in += data
        frames = []
        while len(self._in) >= 2 and len(self._in) >= 2 + (size := int.from_bytes(self._in[:2], "big")):
            frames.append(bytes(self._in[2 : 2 + size]))
            del self._in[: 2 + size]
        return frames

    def close(self) -> None:
        self._socket.close()


class Poll:
    """In place of a loop: calls back whatever is ready, when it is told to."""

    def __init__(self) -> None:
        self._readers: dict[socket.socket, Callable[[], None]] = {}
        self._writers: dict[socket.socket, Callable[[], None]] = {}

    def add_reader(self, fd: socket.socket, callback: Callable[..., None], *args: object) -> None:
        self._readers[fd] = lambda: callback(*args)

    def remove_reader(self, fd: socket.socket) -> None:
        self._readers.pop(fd, None)

    def add_writer(self, fd: socket.socket, callback: Callable[..., None], *args: object) -> None:
        self._writers[fd] = lambda: callback(*args)

    def remove_writer(self, fd: socket.socket) -> None:
        self._writers.pop(fd, None)

    def turn(self, wait: float) -> bool:
        """Whether there was anything."""
        readable, writable, _ = select.select(list(self._readers), list(self._writers), [], wait)
        for ready, callbacks in ((readable, self._readers), (writable, self._writers)):
            for sock in ready:
                if sock in callbacks:  # not taken away by one before
                    callbacks[sock]()
        return bool(readable or writable)


class Bench:
    """A port without a loop and without timers: it reads when told to, and its clock is set by hand."""

    def __init__(self, ceiling: Ceiling = PLENTY, hosts: tuple[str, ...] = ("127.0.0.1",)) -> None:
        self.now = 1000.0
        self.told: list[wire.Report] = []
        self._sockets = udp.bind(hosts, 0)
        self.port = Port(self._sockets.udp, ceiling, self.told.append, lambda: self.now)
        self.addresses = [sock.getsockname() for sock in self._sockets.udp]
        self._poll = Poll()
        self.streams = Streams(self.port, self._poll, lambda: self.now, limit=200)
        for listener in self._sockets.tcp:
            self.streams.listen(listener)
        self._peers: list[Peer | TcpPeer] = []

    def peer(self, known: Credentials, line: int = 0) -> Peer:
        peer = Peer(self.addresses[line], known)
        self._peers.append(peer)
        return peer

    def tcp(self, known: Credentials, line: int = 0, *, receive_buffer: int = 0) -> TcpPeer:
        peer = TcpPeer(self.addresses[line], known, receive_buffer=receive_buffer)
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
        for line in range(len(self.addresses)):
            self.port.read(line)

    def flow(self, wait: float = 0.05) -> None:
        """Turns, until nothing has come by TCP for a while."""
        self.turn()
        while self._poll.turn(wait):
            self.turn()

    def close(self) -> None:
        self.streams.close()
        for peer in self._peers:
            peer.close()
        self._sockets.close()


def ice_of(outgoing: Outgoing) -> Credentials:
    """What the page was told to dial with."""
    assert outgoing.sdp is not None
    return ice_in(outgoing.sdp)


def ice_in(text: str) -> Credentials:
    ufrag = re.search(r"^a=ice-ufrag:(\S+)", text, re.MULTILINE)
    password = re.search(r"^a=ice-pwd:(\S+)", text, re.MULTILINE)
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

    def __init__(
        self,
        *,
        bind: tuple[str, ...] = ("127.0.0.1",),
        advertise: tuple[str, ...] = (),
        port: int = 0,
        workers: int = 1,
    ) -> None:
        self.media: list[str] = []
        self.stopped: list[tuple[str, float]] = []
        self.switchboard = Switchboard(
            RelaySettings(port=port, bind=bind, advertise=advertise, workers=workers),
            on_media=self.media.append,
            on_stopped=lambda session: self.stopped.append((session, time.monotonic())),
        )

    def call(self, session: str = "s", *, lasts: float = 600.0, host: str = "127.0.0.1") -> tuple[Peer, Peer]:
        """A negotiated call: client and expert as bare sockets, which have yet to make their first check."""
        board = self.switchboard
        board.open(session, time.monotonic() + lasts)
        board.join(session, Role.CLIENT)
        (negotiate,) = board.join(session, Role.EXPERT)
        (offer,) = board.describe(session, Role.EXPERT, "offer", sample("chromium-offer"), negotiate.generation)
        (answer,) = board.describe(session, Role.CLIENT, "answer", sample("chromium-answer"), negotiate.generation)
        lane = board._sessions[session].lane
        assert lane is not None
        relay = (host, lane.port)
        return Peer(relay, ice_of(offer)), Peer(relay, ice_of(answer))


async def checked(*peers: Peer | TcpPeer) -> None:
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


async def carries(sender: Peer | TcpPeer, receiver: Peer | TcpPeer, packet: bytes = SRTP) -> bool:
    """Whether a packet gets through in reasonable time."""
    for _ in range(100):
        sender.send(packet)
        await asyncio.sleep(0.02)
        if packet in receiver.received():
            return True
    return False
