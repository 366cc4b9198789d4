"""The relay's one port: UDP and TCP sockets for each local address, and the hot path between them.

Decides, packet by packet: a check goes to its leg by ufrag and is answered; DTLS and SRTP go from a 5-tuple that has
passed a check to the other side of its call; everything else goes nowhere and is counted. Nothing here waits: a socket
that would block costs the packet.

Refuses to know: keys (there are none), sessions, the loop it is read on, and timers: the deadline is compared when a
packet comes. One socket per address, never the wildcard: it would answer from another address than the one asked.
"""

from __future__ import annotations

import ipaddress
import logging
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from signaling.relay import ice, state, wire
from signaling.relay.flood import Budget, Early, Waiting, source_of
from signaling.relay.leg import FRESH, HASTE, Address, Call, Ceiling, Counters, Drop, Leg, Path
from signaling.relay.many import AVAILABLE, SLOTS, Batch, Name, address_of
from signaling.session import Role

if TYPE_CHECKING:
    from signaling.relay import _steady

READS_PER_WAKE_UP: Final = SLOTS  # per socket; then the other sockets and the commands have their turn
MIN_PACKET: Final = 12
MAX_PACKET: Final = 1_500
RECEIVE_BUFFER: Final = 4 * 1024 * 1024
SEND_BUFFER: Final = 1024 * 1024
BACKLOG: Final = 128
STREAMS_PER_LEG: Final = 4
FORWARDED: Final = bytes(20 <= first <= 63 or 128 <= first <= 191 for first in range(256))  # DTLS, SRTP: RFC 7983 §7

_Run: TypeAlias = tuple[Path, Path, int, int, int, bool]
"""Consecutive packets of a batch by one path: that, the way out, first slot, end, bytes, whether there is media."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sockets:
    """A UDP socket and a TCP listener for each address, all on one port number."""

    udp: tuple[socket.socket, ...]
    tcp: tuple[socket.socket, ...]

    @property
    def port(self) -> int:
        return int(self.udp[0].getsockname()[1])

    def close(self) -> None:
        for sock in (*self.udp, *self.tcp):
            sock.close()


class Sender(Protocol):
    """What a line is written to: a UDP socket, or a TCP connection that frames."""

    def sendto(self, packet: bytes, address: Address, /) -> int: ...


class Stream(Sender, Protocol):
    """A line that is one connection."""

    def prove(self) -> None: ...
    def close(self) -> None: ...


def bind(hosts: Sequence[str], port: int) -> Sockets:
    """Non-blocking sockets on each host, all on the same port; 0 finds one that is free on every host."""
    for attempt in range(32):
        udp: list[socket.socket] = []
        tcp: list[socket.socket] = []
        try:
            for host in hosts:
                chosen = udp[0].getsockname()[1] if udp else port
                udp.append(_bind_one(host, chosen, socket.SOCK_DGRAM))
                tcp.append(_bind_one(host, udp[0].getsockname()[1], socket.SOCK_STREAM))
            return Sockets(tuple(udp), tuple(tcp))
        except OSError as error:
            for opened in (*udp, *tcp):
                opened.close()
            if port or not udp or attempt == 31:  # a port of our own choosing may be taken elsewhere
                kind = "TCP" if len(udp) > len(tcp) else "UDP"
                where = hosts[len(tcp)]
                raise OSError(error.errno, f"cannot listen on {kind} {where} port {port}: {error.strerror}") from error
    raise AssertionError("unreachable")


def granted(sock: socket.socket) -> int:
    """The receive buffer in bytes that was granted of the ``RECEIVE_BUFFER`` asked for (Linux reports the double)."""
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def _bind_one(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        raise ValueError("one socket per address, never the wildcard")
    sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, kind)
    try:
        sock.setblocking(False)
        if address.version == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind is socket.SOCK_DGRAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            sock.bind((host, port))
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # old connections do not hold the port
            sock.bind((host, port))
            sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _batch(sock: socket.socket) -> Batch | _steady.Batch | None:
    """How this socket is read: many together by the compiled part, or by ctypes, or one by one."""
    if not (AVAILABLE and isinstance(sock, socket.socket)):
        return None
    if state.compiled is None:
        return Batch(sock, MAX_PACKET + 1)
    made: _steady.Batch = state.compiled.Batch(
        sock.fileno(), sock.family, (FORWARDED, MIN_PACKET, MAX_PACKET, FRESH, HASTE)
    )
    return made


class Port:
    """The sockets, the calls, and the tables that lead from a packet to its leg."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        ceiling: Ceiling,
        tell: Callable[[wire.Report], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._udp = tuple(sockets)
        self._senders: dict[int, Sender] = dict(enumerate(sockets))  # by line: the UDP sockets, then TCP connections
        self._routes: dict[int, dict[Address, Path]] = {line: {} for line in self._senders}
        self._batches = [_batch(sock) for sock in self._udp]
        self._known: list[dict[bytes, Path]] = [{} for _ in self._udp]  # the routes by raw address, for batches
        self._streams: dict[int, Stream] = {}
        self._lines = len(sockets)
        self._legs: dict[bytes, Leg] = {}  # by ufrag
        self._calls: dict[int, Call] = {}
        self._ceiling = ceiling
        self._tell = tell
        self._clock = clock
        self._unproven = Budget()
        self._waiting = Waiting()
        self._reported: dict[Leg, Counters] = {}
        self._reported_mutual: dict[Call, int] = {}
        self._reported_totals = wire.Totals(0, 0, {})
        self._past_packets = self._past_bytes = 0  # passed on, from legs that are closed
        self.drops: Counter[str] = Counter()

    # --- the hot path ---

    def read(self, line: int) -> int:
        """The socket of this number is readable: take what is there, but not for ever. Returns how many packets."""
        batch = self._batches[line]
        if batch is None:
            return self._read_singly(line)
        try:
            count = batch.receive()
        except OSError:
            self.drops[Drop.RECEIVE_FAILED] += 1
            return 1
        try:
            if isinstance(batch, Batch):
                self._sort(line, batch, count)
            elif count:
                now = self._clock()
                self._see_to(line, batch, now, batch.forward(self._known[line], line, 0, now, self._clock))
        except Exception:
            self._fault()
        return count

    def linger(self, line: int, epoll: int, gather: float, until: float, *, more: bool = False) -> int:
        """Let packets gather for so many seconds, unless there are ``more`` already; returns how many were read.

        With the compiled part this goes on, for as long as nothing else happens at that epoll than steady packets by
        this socket, up to ``until``."""
        batch = self._batches[line]
        if batch is None or isinstance(batch, Batch):
            if not more:
                time.sleep(gather)
            return 0
        packets = 0
        try:
            packets, now, outcome = batch.linger(self._known[line], line, self._clock, epoll, gather, until)
            self._see_to(line, batch, now, outcome)
        except OSError:
            self.drops[Drop.RECEIVE_FAILED] += 1
        except Exception:
            self._fault()
        return packets

    def feed(self, line: int, packet: bytes, address: Address) -> None:
        """One packet that has come by another way than ``read``."""
        try:
            self._handle(line, packet, address, self._clock())
        except Exception:
            self._fault()

    def _read_singly(self, line: int) -> int:
        receive = self._udp[line].recvfrom
        for count in range(READS_PER_WAKE_UP):
            try:
                packet, address = receive(MAX_PACKET + 1)  # one more, so that a longer one shows
            except BlockingIOError:
                return count
            except OSError:  # the network's complaint about something sent earlier
                self.drops[Drop.RECEIVE_FAILED] += 1
                continue
            self.feed(line, packet, address)
        return READS_PER_WAKE_UP

    def _sort(self, line: int, batch: Batch, count: int) -> None:
        """What comes by a steady path goes on as it lies there; whatever else is looked at one by one, by ``feed``."""
        known, now = self._known[line].get, self._clock()
        runs: list[_Run] = []
        path: Path | None = None  # of the present run
        outlet: Path | None = None
        begin = total = 0
        media = False
        for slot, ((raw,), size, first, second) in enumerate(batch.each(count)):
            found = known(raw) if FORWARDED[first] and MIN_PACKET <= size <= MAX_PACKET else None
            if found is not path or found is None:
                if path is not None and outlet is not None:
                    runs.append((path, outlet, begin, slot, total, media))
                outlet = None if found is None else found.leg.steady(found, now)
                if outlet is None or outlet.line != line:
                    path = None
                    if found is not None and runs:  # in the order they came
                        self._send(runs, batch, now)
                        runs = []
                    if first <= 3 or found is not None:
                        self.feed(line, batch.packet(slot), address_of(batch.raw(slot)))
                    else:  # as ``_handle`` would say, for less: of these there may be a flood
                        known_kind = FORWARDED[first] and MIN_PACKET <= size <= MAX_PACKET
                        self.drops[Drop.UNKNOWN_SOURCE if known_kind else Drop.MALFORMED] += 1
                    continue
                path, begin, total, media = found, slot, 0, False
            total += size
            if first >= 128 and not 64 <= second & 127 <= 95:  # SRTP, but not SRTCP (RFC 5761 §4)
                media = True
        if path is not None and outlet is not None:
            runs.append((path, outlet, begin, count, total, media))
        if runs:
            self._send(runs, batch, now)

    def _send(self, runs: list[_Run], batch: Batch, now: float) -> None:
        """These packets have been looked at, at ``now``; on with them."""
        for path, outlet, begin, end, size, media in runs:
            leg = path.leg
            leg.taken(path, end - begin, size, now)
            batch.queue(outlet.name, begin, end)
            if media and now >= leg.media_again and leg.call.carried(leg, now):
                self._tell(wire.MediaBothWays(leg.call.number))
        # P3.1: a process that was held up since then looks at the deadline again, for each
        refused = batch.send() if self._clock() - now < HASTE else batch.withdraw()
        for first, last in refused:
            path, outlet = next((path, outlet) for path, outlet, begin, end, _, _ in runs if begin <= first < end)
            for slot in range(first, last):
                self._send_singly(path.leg, outlet, batch.packet(slot), self._clock())

    def _see_to(self, line: int, batch: _steady.Batch, now: float, outcome: _steady.Outcome) -> None:
        """What ``_steady.c`` leaves to us of what it does as ``_sort`` and ``_send`` would, at ``now``."""
        while True:
            slot, carriers, refused, unknown, malformed = outcome
            for leg in carriers or ():
                if now >= leg.media_again and leg.call.carried(leg, now):
                    self._tell(wire.MediaBothWays(leg.call.number))
            for path, outlet, first, last in refused or ():
                for each in range(first, last):
                    self._send_singly(path.leg, outlet, batch.packet(each), self._clock())
            if unknown:
                self.drops[Drop.UNKNOWN_SOURCE] += unknown
            if malformed:
                self.drops[Drop.MALFORMED] += malformed
            if slot >= batch.count:
                return
            self.feed(line, batch.packet(slot), address_of(batch.raw(slot)))  # it is not steady
            outcome = batch.forward(self._known[line], line, slot + 1, now, self._clock)

    def _fault(self) -> None:
        """A bug of ours, which costs the packet and nothing else."""
        if not self.drops[Drop.FAULT]:
            log.exception("a packet could not be handled; further ones are only counted")
        self.drops[Drop.FAULT] += 1

    def _handle(self, line: int, packet: bytes, address: Address, now: float) -> None:
        if not MIN_PACKET <= len(packet) <= MAX_PACKET:
            self.drops[Drop.MALFORMED] += 1
            return
        first = packet[0]
        if FORWARDED[first]:
            path = self._routes[line].get(address)
            if path is None:
                self.drops[Drop.UNKNOWN_SOURCE] += 1
            else:
                self._forward(path, packet, now)
        elif first <= 3:
            self._check(line, packet, address, now)
        else:
            self.drops[Drop.MALFORMED] += 1

    def _forward(self, path: Path, packet: bytes, now: float) -> None:
        """DTLS or SRTP from an authenticated 5-tuple: on to the other side, as it is."""
        leg, size = path.leg, len(packet)
        reason = leg.take(path, size, now)
        if reason is not None:
            self.drops[reason] += 1
            if reason is Drop.DEADLINE:
                self._stop(leg.call)
            return
        outlet = leg.peer.outlet(now)
        if outlet is None:
            self._lose(leg, size, Drop.NO_PEER)
            return
        # SRTP, but not SRTCP (RFC 5761 §4), which flows without any media
        if (
            self._send_singly(leg, outlet, packet, now)
            and packet[0] >= 128
            and not 64 <= packet[1] & 127 <= 95
            and leg.call.carried(leg, now)
        ):
            self._tell(wire.MediaBothWays(leg.call.number))

    def _send_singly(self, leg: Leg, outlet: Path, packet: bytes, now: float) -> bool:
        """A packet that was taken; whether it is on its way."""
        if now >= leg.deadline:
            self._lose(leg, len(packet), Drop.DEADLINE)
            self._stop(leg.call)
            return False
        try:
            self._senders[outlet.line].sendto(packet, outlet.address)
        except BlockingIOError:
            self._lose(leg, len(packet), Drop.SEND_FULL)
            return False
        except OSError:
            self._lose(leg, len(packet), Drop.SEND_FAILED)
            return False
        return True

    def _lose(self, leg: Leg, size: int, reason: Drop) -> None:
        leg.lost(size)
        self.drops[reason] += 1

    def _check(self, line: int, packet: bytes, address: Address, now: float) -> None:
        """A packet of the STUN range: answered if it is a check that holds; silence for all else."""
        ufrag = ice.ufrag_of(packet)
        if isinstance(ufrag, ice.Refusal):
            self.drops[ufrag] += 1
            return
        leg = self._legs.get(ufrag)
        password = None if leg is None else leg.password_of(ufrag)
        if leg is None or password is None:
            self.drops[ice.Refusal.UNKNOWN_UFRAG] += 1
            self._waiting.hold(Early(ufrag, line, address, packet, now))
            return
        if now >= leg.deadline:
            self.drops[Drop.DEADLINE] += 1
            self._stop(leg.call)
            return
        # A spoofed source is no proof of owning it: a 5-tuple stays with its leg for as long as that keeps it fresh.
        holder = self._routes[line].get(address)
        held = holder is not None and holder.fresh(now)
        if holder is not None and not held and line in self._streams:
            self._streams[line].close()  # its time is over, and it is nobody else's
            return
        if held and holder is not None and holder.leg is not leg:
            self.drops[Drop.TUPLE_TAKEN] += 1
            return
        source = b"" if held else source_of(address)
        if not (leg.may_check(now) if held else self._unproven.spend(source, leg, now)):
            self.drops[Drop.FLOOD] += 1
            return
        check = ice.verify(packet, ufrag, password)
        if isinstance(check, ice.Refusal):
            self.drops[check] += 1
            return
        before = leg.seen(check.transaction)
        if before is not None and (before.line, before.address) != (line, address):
            self.drops[Drop.REPLAYED] += 1
            return
        if not held:  # proven now, so it is under the leg's own allowance
            if not leg.may_check(now):
                self.drops[Drop.FLOOD] += 1
                return
            self._unproven.give_back(source, leg)
        response = ice.answer(check, address[0], address[1])
        if isinstance(response, ice.Refusal):
            self.drops[response] += 1
            return
        if before is None:  # else: a retransmission, which proves nothing new
            self._admitted(leg, line, address, check, now)
        try:
            self._senders[line].sendto(response, address)
        except BlockingIOError:
            self.drops[Drop.SEND_FULL] += 1
        except OSError:
            self.drops[Drop.SEND_FAILED] += 1

    def _admitted(self, leg: Leg, line: int, address: Address, check: ice.Check, now: float) -> None:
        holder = self._routes[line].get(address)
        if holder is not None and holder.leg is not leg:
            self._unroute(holder.leg.expire(now))
        admission = leg.authenticate(line, address, check, now)
        self._unroute(admission.forgotten)
        self._routes[line][address] = admission.path
        if line < len(self._udp) and self._batches[line] is not None:
            path = admission.path
            path.name = path.name or Name(self._udp[line], address)
            path.raw = path.name.raw
            self._known[line][path.raw] = path
        for ufrag in admission.retired:
            self._legs.pop(ufrag, None)
        stream = self._streams.get(line)
        if stream is not None:
            stream.prove()
            self._unroute(self._excess(leg, admission.path))
        if admission.first:
            self._tell(wire.Up(leg.call.number, leg.role))

    def _excess(self, leg: Leg, newest: Path) -> tuple[Path, ...]:
        """The least recently checked of a leg's connections, when it has too many."""
        paths = [path for path in leg.paths if path.line in self._streams]
        if len(paths) <= STREAMS_PER_LEG:
            return ()
        oldest = min((path for path in paths if path not in (leg.current, newest)), key=lambda path: path.checked)
        leg.forget(oldest)
        return (oldest,)

    # --- TCP connections ---

    def attach(self, stream: Stream) -> int:
        """A connection has come; returns the number of its line."""
        line = self._lines
        self._lines += 1
        self._senders[line] = self._streams[line] = stream
        self._routes[line] = {}
        return line

    def detach(self, line: int) -> None:
        """A connection is gone."""
        del self._senders[line], self._streams[line]
        for path in self._routes.pop(line).values():
            path.leg.forget(path)

    def overdue(self, line: int) -> bool:
        """Whether the deadline of this connection's call is over; then it is stopped."""
        path = next(iter(self._routes[line].values()), None)
        if path is None or self._clock() < path.leg.deadline:
            return False
        self._stop(path.leg.call)
        return True

    # --- commands ---

    def open(self, number: int, deadline: float, ceiling: Ceiling | None = None) -> None:
        """A call whose legs have no credentials yet. A deadline that is over stops it at once."""
        call = Call(number, deadline, ceiling or self._ceiling, secrets.token_bytes(32))
        self._calls[number] = call
        self.stop_overdue()

    def admit(self, number: int, role: Role, credentials: ice.Credentials) -> None:
        call = self._calls.get(number)
        if call is None:  # stopped meanwhile
            return
        leg = call.legs[role]
        if leg.closed:
            return
        for old in leg.admit(credentials):
            self._legs.pop(old, None)
        ufrag = credentials.ufrag.encode()
        self._legs[ufrag] = leg
        for early in self._waiting.take(ufrag, self._clock()):
            if early.line in self._routes:
                self.feed(early.line, early.packet, early.address)

    def set_deadline(self, number: int, deadline: float) -> None:
        call = self._calls.get(number)
        if call is not None:
            call.set_deadline(deadline)
            self.stop_overdue()

    def close(self, number: int, role: Role | None = None, *, by_deadline: bool = False) -> None:
        """Drop one leg, or both: from here on nothing comes from it and nothing goes to it."""
        call = self._calls.get(number)
        if call is None:
            return
        for leg in call.legs.values():
            if role in (None, leg.role) and not leg.closed:
                self._report_leg(leg, final=True)
                self._past_packets += leg.packets_in - leg.packets_lost
                self._past_bytes += leg.bytes_in - leg.bytes_lost
                self._reported.pop(leg, None)
                self._unroute(leg.close())
                for ufrag in leg.ufrags:
                    self._legs.pop(ufrag, None)
        if role is None:
            self._report_call(call)
            self._reported_mutual.pop(call, None)
            del self._calls[number]
            self._tell(wire.Closed(number, by_deadline))

    def drop_all(self) -> None:
        """Every call: this server may not be anybody's home any more."""
        for number in list(self._calls):
            self.close(number)

    # --- time ---

    def next_deadline(self) -> float | None:
        return min((call.deadline for call in self._calls.values()), default=None)

    def stop_overdue(self) -> None:
        """Close the calls whose deadline is over: promptness for the record; the packets have stopped by themselves."""
        now = self._clock()
        for call in [call for call in self._calls.values() if now >= call.deadline]:
            self._stop(call)

    def expire(self) -> None:
        """Forget 5-tuples that have not proven themselves for too long."""
        now = self._clock()
        for call in self._calls.values():
            for leg in call.legs.values():
                self._unroute(leg.expire(now))

    def totals(self) -> wire.Totals:
        """What has been passed on, and what has not."""
        legs = [leg for call in self._calls.values() for leg in call.legs.values() if not leg.closed]
        packets = self._past_packets + sum(leg.packets_in - leg.packets_lost for leg in legs)
        size = self._past_bytes + sum(leg.bytes_in - leg.bytes_lost for leg in legs)
        return wire.Totals(packets, size, dict(self.drops))

    def report(self) -> None:
        """Tell the counters of whatever has changed since they were last told."""
        for call in self._calls.values():
            for leg in call.legs.values():
                if not leg.closed:
                    self._report_leg(leg, final=False)
            self._report_call(call)
        totals = self.totals()
        if totals != self._reported_totals:
            self._reported_totals = totals
            self._tell(totals)

    def _stop(self, call: Call) -> None:
        self.close(call.number, by_deadline=True)

    def _unroute(self, paths: Sequence[Path]) -> None:
        for path in paths:
            routes = self._routes.get(path.line, {})
            if routes.get(path.address) is path:
                del routes[path.address]
            if path.raw and self._known[path.line].get(path.raw) is path:
                del self._known[path.line][path.raw]
            stream = self._streams.get(path.line)
            if stream is not None:  # it has no other use
                stream.close()

    def _report_leg(self, leg: Leg, *, final: bool) -> None:
        counters = leg.counters()
        before = self._reported.get(leg, Counters())
        if counters == before and not final:
            return
        self._reported[leg] = counters
        number, role = leg.call.number, leg.role
        if counters.path_switches != before.path_switches and leg.current is not None:
            self._tell(wire.Switched(number, role, leg.call.alias(leg.current)))
        self._tell(
            wire.LegReport(
                call=number,
                role=role,
                final=final,
                last_check=counters.last_check,
                last_packet=counters.last_packet,
                packets_in=counters.packets_in,
                bytes_in=counters.bytes_in,
                packets_out=counters.packets_out,
                bytes_out=counters.bytes_out,
                dropped=counters.dropped,
                path_switches=counters.path_switches,
            )
        )

    def _report_call(self, call: Call) -> None:
        mutual_ms = call.mutual_ms(self._clock())
        if self._reported_mutual.get(call, 0) != mutual_ms:
            self._reported_mutual[call] = mutual_ms
            self._tell(wire.CallReport(call.number, mutual_ms))
