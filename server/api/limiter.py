"""Guessing costs time: ten bad tokens or keys in five minutes shut an address out for fifteen. So does flooding.

It counts what it is told was wrong, per address (per /64 for IPv6, which is what one household gets), and how often a
party asks for something that goes on record; both in bounded memory. Time is passed in as a function of monotonic
seconds. It knows no HTTP; the doors for requests and for sockets share one.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

TRIES = 10
WINDOW = 5 * 60.0
SHUT_FOR = 15 * 60.0
ROOM = 10_000
RECORDS_BURST, RECORDS_A_SECOND = 60.0, 0.2
"""What one party may put on record: far more than any page asks for, far less than what would choke a session."""


@dataclass(slots=True)
class _Record:
    failures: list[float] = field(default_factory=list)
    until: float = 0.0
    last: float = 0.0


class Limiter:
    """``shut(address)`` before looking at a secret, ``failed(address)`` when it was wrong."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, room: int = ROOM) -> None:
        self._clock = clock
        self._room = room
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._paces: OrderedDict[str, tuple[float, float]] = OrderedDict()  # by party: what is left, as of when

    def shut(self, address: str) -> float:
        """Seconds for which nothing from this address is looked at; 0 when it is free to try."""
        record = self._records.get(household(address))
        return max(0.0, record.until - self._clock()) if record else 0.0

    def failed(self, address: str) -> None:
        """One more wrong token or key from this address."""
        now, key = self._clock(), household(address)
        record = self._records.setdefault(key, _Record())
        self._records.move_to_end(key)
        record.failures = [at for at in record.failures if now - at < WINDOW]
        record.failures.append(now)
        record.last = now
        if len(record.failures) >= TRIES:
            record.until, record.failures = now + SHUT_FOR, []
        for old, known in list(self._records.items()):  # an address is kept no longer than it is needed (P5.7)
            if now - known.last < SHUT_FOR:
                break
            del self._records[old]
        while len(self._records) > self._room:  # whoever has been quiet longest is forgotten
            self._records.popitem(last=False)

    def pace(self, party: str, cost: float = 1.0) -> float:
        """Count what a party asks for, by what it costs (one entry on record: 1); the seconds to wait, or 0."""
        now = self._clock()
        left, at = self._paces.pop(party, (RECORDS_BURST, now))
        left = min(RECORDS_BURST, left + (now - at) * RECORDS_A_SECOND)
        wait = (cost - left) / RECORDS_A_SECOND if left < cost else 0.0
        self._paces[party] = (left if wait else left - cost, now)
        while len(self._paces) > self._room:
            self._paces.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._records)


def household(address: str) -> str:
    """What is counted as one: an address, or a network of IPv6 that one customer gets."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
