"""Where the CPU time of a piece of work goes: its stack, looked at after every few milliseconds of it.

Decides to which part a look belongs: the innermost function of the stack that the table names, by where it stands.
What other threads spend meanwhile falls to what the main thread does then. Refuses to measure how much time that is.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Final, TypeAlias

from bench.figures import ROOT

Parts: TypeAlias = Mapping[str, tuple[str, ...]]
"""A part's name, and the places that belong to it: ``server/store/`` or ``server/policy/facts.py:encode``."""

EVERY: Final = 0.001
"""Seconds of CPU time; what is less than a tick of the kernel's is a tick."""


@contextmanager
def looking(parts: Parts, rest: str) -> Iterator[Counter[str]]:
    """How often each part was found at work. ``rest``: the part of a stack in which nothing is named."""
    seen: Counter[str] = Counter()

    def look(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            code = frame.f_code
            place = f"{code.co_filename.removeprefix(f'{ROOT}/')}:{code.co_name}"
            for part, places in parts.items():
                if place.startswith(places):
                    seen[part] += 1
                    return
            frame = frame.f_back
        seen[rest] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    try:
        yield seen
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def told(what: str, seen: Mapping[str, int], cost: float, unit: str) -> str:
    """A cost in its parts, the largest first: what a report says of it."""
    looks = sum(seen.values())
    parts = sorted(seen.items(), key=lambda part: -part[1])
    said = ", ".join(f"{part} {cost * count / looks:.2f}" for part, count in parts)
    return (
        f"Where {what} spends its CPU time, in {unit}, by {looks:,} looks at the stack in rounds of their own: {said}."
    )
