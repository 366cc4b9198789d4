"""When a party that joined is gone, and when it is there again: the evidence of P3.14, as two pure functions.

Two things speak for a party: its socket (connect, message, pong) and its leg of the relay (packet, authenticated
check). One of them alive is enough, with one exception: a page whose leg had been up and stays silent although its
socket lives has lost the call, restart or not. A leg that never was up is not silent, only *not up*.

What this module refuses to know: clocks (monotonic seconds are passed in), sockets, the relay, and why a socket closed:
the library's reason is the same for a closed tab and a pulled cable.
"""

from __future__ import annotations

from dataclasses import dataclass

from signaling.session import How

SILENT = 6.0
"""Seconds. Checks come every 2.7 s from Chromium and up to 5.8 s from Firefox: only after this is it silence."""

CLOSES_WITHIN = 2.0
"""Seconds. A page that is heard later than this after its pagehide did not close (it went to the background, say)."""

LOST = 15.0
"""Seconds of a silent leg beside a living socket; by then the page has had its ICE restart."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for one join; every time is monotonic seconds.

    ``since``: when this presence began (joined, or came back). ``lost``: since when its socket is dead, None while one
    lives. ``heard``: last message or pong. ``leg``: last packet or authenticated check, None if it never was up.
    ``closing``: when a pagehide hint for this very join came, if one did.
    """

    since: float
    lost: float | None
    heard: float
    leg: float | None
    closing: float | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """The party is gone, and was last alive at ``alive`` (monotonic seconds)."""

    how: How
    alive: float


def judge(signs: Signs, now: float) -> Departure | None:
    """Whether this join is gone by now (P3.14); None while something speaks for it."""
    if signs.lost is not None:
        # Without a leg there is only the socket, so its 6 s run from its death: a reload is back long before.
        silent_since = max(signs.leg, signs.since) if signs.leg is not None else signs.lost
        if now - silent_since >= SILENT:
            alive = proof_of_life(signs)
            closed = signs.closing is not None and alive <= signs.closing + CLOSES_WITHIN
            return Departure(How.PAGE if closed else How.CONNECTION, alive)
    elif signs.leg is not None and now - max(signs.leg, signs.since) >= LOST:
        return Departure(How.CONNECTION, proof_of_life(signs))
    return None


def returned(signs: Signs, gone_at: float) -> bool:
    """Whether a party that was declared gone ``gone_at``, its socket alive, shows life on its leg again."""
    return signs.lost is None and signs.leg is not None and signs.leg > gone_at


def proof_of_life(signs: Signs) -> float:
    """The latest of packet, authenticated check, message and pong; the record is backdated to it (P3.14)."""
    return max(signs.since, signs.heard, signs.leg if signs.leg is not None else signs.since)
