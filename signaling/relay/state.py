"""What the packet path keeps of a path and of a leg, where its compiled part (`_steady.c`) finds it, if there is one.

Decides which of the two it is, once, at import: a struct that C and Python both see, or plain slots. The attributes are
the same and so is every rule (leg.py); where nothing was compiled, or HEADSTRT_PURE_RELAY=1 says so, Python does all of
it. A name here is a member there; a test compares them.

Refuses to know: what the numbers mean.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

PURE_VARIABLE: Final = "HEADSTRT_PURE_RELAY"
PURE: Final = os.environ.get(PURE_VARIABLE, "").lower() in ("1", "true", "t", "yes", "y", "on")


class PurePath:
    """Of a path."""

    __slots__ = ("checked", "heard", "leg", "line", "raw")
    leg: Any
    raw: bytes  # its address as the kernel writes it; none on TCP
    line: int
    checked: float  # its last check
    heard: float  # last packet of any kind


class PureLeg:
    """Of a leg."""

    __slots__ = (
        *("bytes_in", "bytes_until", "current", "deadline", "last_packet", "media_again", "packets_in"),
        *("packets_until", "peer", "per_byte", "per_packet", "room", "wanted"),
    )
    peer: Any
    current: Any  # path, or None
    wanted: Any  # path, or None
    deadline: float
    bytes_until: float  # so far the ceiling is used up; see Leg._spend
    packets_until: float
    per_byte: float  # seconds of the ceiling
    per_packet: float
    room: float  # how far that may be before a whole batch
    last_packet: float
    media_again: float  # from when on ``Call.carried`` is to be told again
    packets_in: int
    bytes_in: int


compiled: ModuleType | None = None
PathState = PurePath
LegState = PureLeg
if not (PURE or TYPE_CHECKING):
    try:
        from signaling.relay import _steady as compiled
    except ImportError:
        pass  # built without a C compiler: see docs/relay.md
    else:
        PathState = compiled.Path
        LegState = compiled.Leg
