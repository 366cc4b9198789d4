"""What the server and its relay workers say to each other over a socketpair: typed, framed, few.

Decides the messages and their encoding: four bytes of length, then JSON. A *call* is one generation of a session, under
a number of the switchboard's choosing; no session's name, no party's name and no address crosses here.
Refuses to know: what any of it leads to. Both ends are ours: a frame that cannot be read is a bug, and raised as one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from struct import Struct
from typing import Any, Final, TypeAlias

from signaling.session import Role

_LENGTH = Struct("!I")
MAX_FRAME: Final = 64 * 1024


# --- to the worker ---


@dataclass(frozen=True, slots=True)
class Start:
    """The first message: inherited sockets, by descriptor, and the ceiling of each leg of a call."""

    sockets: tuple[int, ...]  # UDP
    listeners: tuple[int, ...]  # TCP
    bits_per_second: int
    packets_per_second: int


@dataclass(frozen=True, slots=True)
class Open:
    """A call, as yet without credentials: nothing can reach it. ``test``: under the ceiling of network tests."""

    call: int
    deadline: float
    test: bool = False


@dataclass(frozen=True, slots=True)
class Admit:
    """Further credentials for one leg."""

    call: int
    role: Role
    ufrag: str
    password: str


@dataclass(frozen=True, slots=True)
class SetDeadline:
    call: int
    deadline: float


@dataclass(frozen=True, slots=True)
class Close:
    """Drop one leg, or the whole call."""

    call: int
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Up to then (monotonic seconds) calls may be forwarded here; then every leg is dropped, unless another one comes.

    For one of several servers alone: without it, none ends.
    """

    until: float


# --- from the worker ---


@dataclass(frozen=True, slots=True)
class Ready:
    process: int
    compiled: bool  # whether packets go by the compiled part


@dataclass(frozen=True, slots=True)
class Alive:
    """Twice a second; a worker that does not say so hangs."""


@dataclass(frozen=True, slots=True)
class Up:
    """The first authenticated check of a leg."""

    call: int
    role: Role


@dataclass(frozen=True, slots=True)
class MediaBothWays:
    call: int


@dataclass(frozen=True, slots=True)
class Switched:
    call: int
    role: Role
    path: str  # an alias; see Call.alias


@dataclass(frozen=True, slots=True)
class LegReport:
    """A leg's counters since it was opened in this worker; ``final`` when it has been closed."""

    call: int
    role: Role
    final: bool
    last_check: float | None
    last_packet: float | None
    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    dropped: int
    path_switches: int


@dataclass(frozen=True, slots=True)
class CallReport:
    call: int
    mutual_ms: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The last word on a call, after its final reports: closed by its deadline, or as commanded."""

    call: int
    by_deadline: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """Since the worker started."""

    packets: int
    bytes: int
    drops: dict[str, int]


Command: TypeAlias = Start | Open | Admit | SetDeadline | Close | Lease
Report: TypeAlias = Ready | Alive | Up | MediaBothWays | Switched | LegReport | CallReport | Closed | Totals
Message: TypeAlias = Command | Report

_KINDS: dict[str, type[Message]] = {
    kind.__name__: kind
    for kind in (
        *(Start, Open, Admit, SetDeadline, Close, Lease),
        *(Ready, Alive, Up, MediaBothWays, Switched, LegReport, CallReport, Closed, Totals),
    )
}


_NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in _KINDS.values()}


def encode(message: Message) -> bytes:
    values = [getattr(message, name) for name in _NAMES[type(message)]]
    body = json.dumps([type(message).__name__, *values], separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


class Decoder:
    """Bytes in, as they come; whole messages out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """``ValueError`` for a frame that cannot be read."""
        self._buffer += data
        position = 0
        try:
            while len(self._buffer) - position >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._buffer, position)
                if length > MAX_FRAME:
                    raise ValueError(f"a frame of {length} bytes")
                end = position + _LENGTH.size + length
                if len(self._buffer) < end:
                    break
                body = bytes(self._buffer[position + _LENGTH.size : end])
                position = end
                yield _decode(body)
        finally:
            del self._buffer[:position]


def _decode(body: bytes) -> Message:
    name, *values = json.loads(body)
    kind = _KINDS.get(name)
    if kind is None or len(values) != len(_NAMES[kind]):
        raise ValueError(f"an unknown message: {body[:80]!r}")
    arguments: dict[str, Any] = dict(zip(_NAMES[kind], values, strict=True))
    if arguments.get("role") is not None:
        arguments["role"] = Role(arguments["role"])
    if kind is Start:
        arguments |= {"sockets": tuple(arguments["sockets"]), "listeners": tuple(arguments["listeners"])}
    return kind(**arguments)
