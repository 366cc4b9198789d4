"""What `_steady.c` offers, when it has been built."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

SLOTS: Final[int]

class Path:
    leg: Any
    raw: bytes
    line: int
    checked: float
    heard: float

class Leg:
    peer: Any
    current: Any
    wanted: Any
    deadline: float
    bytes_until: float
    packets_until: float
    per_byte: float
    per_packet: float
    room: float
    last_packet: float
    media_again: float
    packets_in: int
    bytes_in: int

Outcome: TypeAlias = tuple[int, list[Any] | None, list[tuple[Any, Any, int, int]] | None, int, int]
"""The first slot that is not steady (or how many there are); legs whose media ``Call.carried`` is to hear of; what was
taken and not sent (path, way out, first slot, end); packets of strangers; packets that are no packets."""

class Batch:
    count: int  # of what was received last
    def __init__(self, descriptor: int, family: int, rules: tuple[bytes, int, int, float, float], /) -> None: ...
    def receive(self) -> int: ...
    def packet(self, slot: int, /) -> bytes: ...
    def raw(self, slot: int, /) -> bytes: ...
    def forward(
        self, known: dict[bytes, Any], line: int, begin: int, now: float, clock: Callable[[], float], /
    ) -> Outcome: ...
    def linger(
        self,
        known: dict[bytes, Any],
        line: int,
        clock: Callable[[], float],
        epoll: int,
        gather: float,
        until: float,
        /,
    ) -> tuple[int, float, Outcome]: ...
