"""What strangers may cost: a budget of HMACs in each second, and a short wait for checks that came too early.

Decides how many unproven checks are worth an HMAC: so many from one source (an IPv4 address, an IPv6 /64), so many for
one leg (whoever knows one ufrag must not spend what others need), so many in all. A check that holds gives back what it
took, so that thousands of honest people behind one NAT never feel it. All counts begin anew each second, which also
bounds them: there are never more entries than the budget in all has units.

Refuses to know: sockets, clocks, what a check says.
"""

from __future__ import annotations

import socket
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Address: TypeAlias = tuple[Any, ...]

PER_SOURCE: Final = 50  # HMACs a second
PER_LEG: Final = 50
IN_ALL: Final = 1_000
MAX_EARLY: Final = 128
EARLY_FOR: Final = 2.0  # seconds
EARLY_SIZE: Final = 548  # bytes; browsers' checks have about 100


def source_of(address: Address) -> bytes:
    """Whom an address is counted under: all of an IPv4 address, the first 64 bits of an IPv6 one."""
    host = str(address[0])
    if ":" in host:
        return socket.inet_pton(socket.AF_INET6, host.partition("%")[0])[:8]
    return socket.inet_pton(socket.AF_INET, host)


class Budget:
    """What unproven checks have taken in this second."""

    __slots__ = ("_in_all", "_second", "_spent")

    def __init__(self) -> None:
        self._second = 0
        self._in_all = 0
        self._spent: dict[Hashable, int] = {}

    def spend(self, source: bytes, leg: Hashable, now: float) -> bool:
        """Whether this check is worth an HMAC; if so it is paid for."""
        second = int(now)
        if second != self._second:
            self._second = second
            self._in_all = 0
            self._spent.clear()
        by_source, for_leg = self._spent.get(source, 0), self._spent.get(leg, 0)
        if self._in_all >= IN_ALL or by_source >= PER_SOURCE or for_leg >= PER_LEG:
            return False
        self._in_all += 1
        self._spent[source] = by_source + 1
        self._spent[leg] = for_leg + 1
        return True

    def give_back(self, source: bytes, leg: Hashable) -> None:
        """For a check that was paid for a moment ago, and held."""
        self._in_all -= 1
        for who in (source, leg):
            left = self._spent.pop(who) - 1
            if left:
                self._spent[who] = left

    def __len__(self) -> int:
        return len(self._spent)


@dataclass(frozen=True, slots=True)
class Early:
    """A check under a ufrag that nobody has told us of yet."""

    ufrag: bytes
    line: int
    address: Address
    packet: bytes
    came: float


class Waiting:
    """Checks that came before their credentials: the last one of each source, few, and not for long.

    A page is told of its credentials and the worker, too, but by different ways; and a new worker hears of its calls
    while the sockets it has inherited are full.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[int, Address], Early] = OrderedDict()

    def hold(self, early: Early) -> None:
        if len(early.packet) > EARLY_SIZE:
            return
        key = (early.line, early.address)
        self._held.pop(key, None)
        self._held[key] = early
        if len(self._held) > MAX_EARLY:
            self._held.popitem(last=False)

    def take(self, ufrag: bytes, now: float) -> list[Early]:
        """Those that wait for this ufrag, and forget those that have waited too long."""
        found = [early for early in self._held.values() if early.ufrag == ufrag and now - early.came < EARLY_FOR]
        for key in [key for key, early in self._held.items() if early.ufrag == ufrag or now - early.came >= EARLY_FOR]:
            del self._held[key]
        return found

    def __len__(self) -> int:
        return len(self._held)
