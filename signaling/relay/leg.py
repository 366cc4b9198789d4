"""One side of a call, and the two sides together: which packets it may send, and where packets for it go.

Decides what a leg's credentials are, which 5-tuples have proven themselves, which of them is the current path and when
that may change, whether a packet is within the deadline and the ceiling, and what is known of the party being alive.
All of it is in memory and in monotonic seconds passed in, so each rule of security.md §1.4 and §1.5 is a test without
a clock.

Refuses to know: sockets (a local address is a number here), what is in a packet beyond its class, and the session's
name.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from signaling.relay.ice import Check, Credentials
from signaling.relay.state import LegState, PathState
from signaling.session import Role

Address: TypeAlias = tuple[Any, ...]
"""A remote address as the socket gives it, of whatever family; the first two members are host and port."""

FRESH: Final = 30.0  # a 5-tuple may send for this long after its last check (RFC 7675 §5.1)
ALIVE: Final = 3.0  # the current path counts as alive for this long after its last packet
SWITCH_EVERY: Final = 1.0  # at most one switch of path in this time
MAX_PATHS: Final = 8
MAX_CREDENTIALS: Final = 4
BURST: Final = 1.0  # the token bucket holds what may flow in this time
ROUNDING: Final = 1e-6
HASTE: Final = 0.005  # seconds before the deadline, in which each packet is compared with it on its own
BATCH_PACKETS: Final = 64  # that may be taken together, and what these can have at most
BATCH_BYTES: Final = BATCH_PACKETS * 1_500
CHECKS_PER_SECOND: Final = 50.0  # that hold; Chromium needs 25, with bursts of 60
CHECK_BURST: Final = 120.0
REMEMBERED_FOR: Final = 60.0  # transactions of checks (RFC 8445 §19.2), whatever comes
REMEMBERED: Final = 1_024  # and the last so many beyond that: about 40 minutes of a browser's checks


class Drop(StrEnum):
    """Why a packet that is not STUN was not forwarded; each is a counter."""

    MALFORMED = "malformed"  # neither STUN nor DTLS nor SRTP, or of a size that is none of theirs
    UNKNOWN_SOURCE = "unknown_source"
    STALE_SOURCE = "stale_source"  # authenticated, but too long ago
    DEADLINE = "deadline"
    CEILING = "ceiling"
    NO_PEER = "no_peer"  # the other side has no authenticated 5-tuple
    TUPLE_TAKEN = "tuple_taken"  # a check from a 5-tuple that belongs to another leg
    REPLAYED = "replayed"  # a check that has come before, from elsewhere
    FLOOD = "flood"  # more checks than their source, their leg or all together may cost
    STREAM_REFUSED = "stream_refused"  # a TCP connection too many
    STREAM_UNPROVEN = "stream_unproven"  # a TCP connection without a check that holds
    BAD_FRAME = "bad_frame"  # of TCP
    SEND_FULL = "send_full"
    SEND_FAILED = "send_failed"
    RECEIVE_FAILED = "receive_failed"
    FAULT = "fault"  # a bug of ours


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What one leg may send."""

    bits_per_second: int
    packets_per_second: int


TEST_CEILING: Final = Ceiling(bits_per_second=2_000_000, packets_per_second=300)
"""Of a network test (``loopback.py``): enough to show that a good call would go."""


class Path(PathState):
    """A 5-tuple that has passed a check: a local address (by number) and a remote one."""

    __slots__ = ("address", "before", "name")
    leg: Leg

    def __init__(self, leg: Leg, line: int, address: Address) -> None:
        self.leg = leg
        self.line = line
        self.address = address
        self.checked = float("-inf")
        self.before = float("-inf")  # the check before the last
        self.heard = 0.0
        self.raw = b""
        self.name: Any = None  # the port's own note of the address

    def fresh(self, now: float) -> bool:
        return now - self.checked < FRESH

    def twice(self, now: float) -> bool:
        """Two checks of its own that are both fresh."""
        return now - self.before < FRESH


@dataclass(frozen=True, slots=True)
class Admission:
    """What an authenticated check has changed: for the one who keeps the routing tables."""

    path: Path
    first: bool  # the first check of this leg
    forgotten: tuple[Path, ...]
    retired: tuple[bytes, ...]  # ufrags


@dataclass(frozen=True, slots=True)
class Counters:
    """What is known of one leg. Times are monotonic seconds."""

    last_check: float | None = None
    last_packet: float | None = None
    packets_in: int = 0
    bytes_in: int = 0
    packets_out: int = 0
    bytes_out: int = 0
    dropped: int = 0
    path_switches: int = 0


class Leg(LegState):
    """One side. ``peer`` is the other one; ``current`` is where packets for this side are sent."""

    __slots__ = (
        "_check_filled",
        "_check_tokens",
        "_credentials",
        "_place",
        "_seen",
        "_switched",
        "bytes_lost",
        "call",
        "closed",
        "dropped",
        "last_check",
        "media_second",
        "packets_lost",
        "path_switches",
        "paths",
        "role",
    )
    peer: Leg
    current: Path | None
    wanted: Path | None

    def __init__(self, call: Call, role: Role, deadline: float, ceiling: Ceiling) -> None:
        self.call = call
        self.role = role
        self.peer = self  # until the call puts the two together
        self.deadline = deadline
        self.closed = False
        self.current = None
        self.paths: list[Path] = []
        self.wanted = None
        self._place: tuple[int, Address] | None = None  # of the current path, or of the last one there was
        self._switched = float("-inf")
        self._credentials: list[tuple[bytes, bytes]] = []
        self.per_byte = 8 / ceiling.bits_per_second  # seconds
        self.per_packet = 1 / ceiling.packets_per_second
        self.bytes_until = self.packets_until = 0.0  # so far the ceiling is used up; see _spend
        room = BURST - max(BATCH_BYTES * self.per_byte, BATCH_PACKETS * self.per_packet)
        self.room = room if room >= 0 else float("-inf")  # how far it may be before a whole batch
        self._check_tokens = CHECK_BURST
        self._check_filled = 0.0
        self._seen: OrderedDict[bytes, tuple[float, Path]] = OrderedDict()  # by transaction, the oldest first
        self.media_second: int | None = None
        self.media_again = float("-inf")  # from when on ``Call.carried`` is to be told again
        self.last_check: float | None = None
        self.last_packet = float("-inf")
        self.packets_in = self.bytes_in = 0
        self.packets_lost = self.bytes_lost = 0  # of these, what was not passed on
        self.dropped = self.path_switches = 0

    # --- credentials ---

    def admit(self, credentials: Credentials) -> tuple[bytes, ...]:
        """Take credentials of a new generation; returns the ufrags that make room for them.

        The old ones stay valid until the new ones are used: the page has yet to receive and apply them, and lives on
        its old path until then; without answers there it would give the call up. Once a check comes under the new
        ones the page has moved on, and the old ones would serve nobody but a thief.
        """
        self._credentials.append((credentials.ufrag.encode(), credentials.password.encode()))
        excess = self._credentials[1 : len(self._credentials) - MAX_CREDENTIALS + 1]
        self._credentials = [known for known in self._credentials if known not in excess]
        return tuple(ufrag for ufrag, _ in excess)

    def password_of(self, ufrag: bytes) -> bytes | None:
        return next((password for known, password in self._credentials if known == ufrag), None)

    @property
    def ufrags(self) -> tuple[bytes, ...]:
        return tuple(ufrag for ufrag, _ in self._credentials)

    # --- checks ---

    def may_check(self, now: float) -> bool:
        """Token bucket of the checks that hold; it also bounds what is remembered of them."""
        tokens = min(CHECK_BURST, self._check_tokens + (now - self._check_filled) * CHECKS_PER_SECOND)
        self._check_filled = now
        self._check_tokens = tokens - 1 if tokens >= 1 else tokens
        return tokens >= 1

    def seen(self, transaction: bytes) -> Path | None:
        """By which 5-tuple this transaction has come before. A lite agent makes no check of its own, so a captured one
        would prove any address to it (RFC 8445 §19.2)."""
        known = self._seen.get(transaction)
        return None if known is None else known[1]

    # --- paths ---

    def authenticate(self, line: int, address: Address, check: Check, now: float) -> Admission:
        """Take a check that holds and was not ``seen``: the 5-tuple may send, and may become the current path."""
        retired = self._retire(check.ufrag)
        forgotten = self.expire(now)
        path = next((path for path in self.paths if path.line == line and path.address == address), None)
        if path is None:
            forgotten += self._make_room()
            path = Path(self, line, address)
            self.paths.append(path)
        self._remember(check.transaction, path, now)
        path.before = path.checked
        path.checked = path.heard = now
        first = self.last_check is None
        self.last_check = now
        if check.nominates or self.current is None:
            self.wanted = path
        self._consider(now)  # in any case: an earlier nomination may have had to wait
        return Admission(path, first, forgotten, retired)

    def expire(self, now: float) -> tuple[Path, ...]:
        """Forget the 5-tuples whose last check is too old; returns them."""
        expired = tuple(path for path in self.paths if not path.fresh(now))
        for path in expired:
            self.forget(path)
        return expired

    def forget(self, path: Path) -> None:
        self.paths.remove(path)
        if self.current is path:
            self.current = None
        if self.wanted is path:
            self.wanted = None

    def close(self) -> tuple[Path, ...]:
        """For good: forget every 5-tuple; returns them."""
        self.closed = True
        self._seen.clear()
        forgotten = tuple(self.paths)
        for path in forgotten:
            self.forget(path)
        return forgotten

    def outlet(self, now: float) -> Path | None:
        """Where a packet for this side goes: nowhere without an authenticated 5-tuple."""
        current = self.current
        return current if current is not None and current.fresh(now) else None

    # --- packets ---

    def take(self, path: Path, size: int, now: float) -> Drop | None:
        """A DTLS or SRTP packet has come by ``path``: the reason not to forward it, or None."""
        if now >= self.deadline:  # P3.1: decided here, whatever timers do
            self.dropped += 1
            return Drop.DEADLINE
        if not path.fresh(now):
            self.dropped += 1
            return Drop.STALE_SOURCE
        path.heard = self.last_packet = now
        self.packets_in += 1
        self.bytes_in += size
        if path is not self.wanted or path is not self.current:
            self.wanted = path
            self._consider(now)
        if not self._spend(size, now):
            self.lost(size)
            return Drop.CEILING
        return None

    def lost(self, size: int) -> None:
        """A packet was taken, and then not passed on."""
        self.dropped += 1
        self.packets_lost += 1
        self.bytes_lost += size

    def steady(self, path: Path, now: float) -> Path | None:
        """The way out for what comes by ``path`` now, if ``take`` had nothing to refuse and nothing to change for a
        whole batch of it. None means no more than that ``take`` is to be asked, for each packet."""
        peer = self.peer.current
        if (
            path is not self.current
            or path is not self.wanted
            or peer is None
            or now >= self.deadline - HASTE
            or now - path.checked >= FRESH
            or now - peer.checked >= FRESH
            or self.bytes_until - now > self.room
            or self.packets_until - now > self.room
        ):
            return None
        return peer

    def taken(self, path: Path, packets: int, size: int, now: float) -> None:
        """So many packets have come by a ``steady`` path, of this size together."""
        path.heard = self.last_packet = now
        self.packets_in += packets
        self.bytes_in += size
        until = self.bytes_until
        self.bytes_until = (until if until > now else now) + size * self.per_byte
        until = self.packets_until
        self.packets_until = (until if until > now else now) + packets * self.per_packet

    def counters(self) -> Counters:
        return Counters(
            self.last_check,
            None if self.last_packet == float("-inf") else self.last_packet,
            self.packets_in,
            self.bytes_in,
            self.peer.packets_in - self.peer.packets_lost,
            self.peer.bytes_in - self.peer.bytes_lost,
            self.dropped,
            self.path_switches,
        )

    # --- helpers ---

    def _retire(self, used: bytes) -> tuple[bytes, ...]:
        position = next((index for index, (ufrag, _) in enumerate(self._credentials) if ufrag == used), 0)
        retired, self._credentials = self._credentials[:position], self._credentials[position:]
        return tuple(ufrag for ufrag, _ in retired)

    def _remember(self, transaction: bytes, path: Path, now: float) -> None:
        self._seen[transaction] = (now, path)
        while len(self._seen) > REMEMBERED and now - next(iter(self._seen.values()))[0] >= REMEMBERED_FOR:
            self._seen.popitem(last=False)

    def _make_room(self) -> tuple[Path, ...]:
        if len(self.paths) < MAX_PATHS:
            return ()
        oldest = min((path for path in self.paths if path is not self.current), key=lambda path: path.checked)
        self.forget(oldest)
        return (oldest,)

    def _consider(self, now: float) -> None:
        """Make the wanted path the current one, if security.md §1.4 lets it."""
        wanted, current = self.wanted, self.current
        if wanted is None or wanted is current:
            return
        if current is None or not current.fresh(now):  # nothing is given up for it, so it need not wait
            self._move(wanted)
            return
        enough = wanted.twice(now) if now - current.heard < ALIVE else wanted.fresh(now)
        if enough and now - self._switched >= SWITCH_EVERY:
            self._switched = now
            self._move(wanted)

    def _move(self, path: Path) -> None:
        self.current = path
        place = (path.line, path.address)
        if self._place not in (None, place):
            self.path_switches += 1
        self._place = place

    def _spend(self, size: int, now: float) -> bool:
        """A token bucket for bytes and one for packets, each as the time until which its flow at the ceiling's rate is
        used up: never more than ``BURST`` ahead (the "virtual scheduling" of ITU-T I.371)."""
        bytes_until = max(self.bytes_until, now) + size * self.per_byte
        packets_until = max(self.packets_until, now) + self.per_packet
        if max(bytes_until, packets_until) > now + BURST + ROUNDING:
            return False
        self.bytes_until, self.packets_until = bytes_until, packets_until
        return True


class Call:
    """The two legs of one generation of a session, and the time they had media from each other (P3.16)."""

    __slots__ = ("_began", "_key", "_mutual_second", "_mutual_seconds", "legs", "number")

    def __init__(self, number: int, deadline: float, ceiling: Ceiling, key: bytes) -> None:
        self.number = number
        self.legs: Mapping[Role, Leg] = {role: Leg(self, role, deadline, ceiling) for role in Role}
        for role in Role:
            self.legs[role].peer = self.legs[role.other]
        self._began: float | None = None  # when media had gone both ways for the first time; seconds count from there
        self._mutual_second: int | None = None
        self._mutual_seconds = 0
        self._key = key

    @property
    def deadline(self) -> float:
        return self.legs[Role.CLIENT].deadline

    def set_deadline(self, deadline: float) -> None:
        for leg in self.legs.values():
            leg.deadline = deadline

    def carried(self, sender: Leg, now: float) -> bool:
        """SRTP of ``sender`` has been forwarded; whether media has now gone both ways for the first time.

        Once a second is enough: see ``Leg.media_again``."""
        began = self._began
        if began is None:
            sender.media_second = -1  # before the first second
            if sender.peer.media_second is None:
                return False
            self._began = now
            sender.media_second = 0
            return True
        second = int(now - began)
        sender.media_second = second
        sender.media_again = began + second + 1
        if sender.peer.media_second == second and self._mutual_second != second:
            self._mutual_second = second
            self._mutual_seconds += 1
        return False

    def mutual_ms(self, now: float) -> int:
        """For how long both had media from each other: seconds with SRTP both ways, up to ``now`` and the deadline."""
        if self._began is None or self._mutual_second is None:
            return 0
        past = self._began + self._mutual_second + 1 - min(now, self.deadline)  # of the last of these seconds
        return 1_000 * self._mutual_seconds - max(0, min(1_000, round(1_000 * past)))

    def alias(self, path: Path) -> str:
        """A path's name for the record: the address cannot be had from it once the call and its key are gone."""
        name = f"{path.line} {path.address[0]} {path.address[1]}".encode()
        return hmac.new(self._key, name, hashlib.sha256).hexdigest()[:12]
