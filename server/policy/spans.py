"""Arithmetic of half-open time spans (milliseconds), and nothing else.

A set of time is a tuple of ``Interval`` in order of time. What the spans mean is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from signaling.session import Ms


@dataclass(frozen=True, slots=True)
class Interval:
    """``[start, end)``. An empty one says that somebody was there at that instant and is worth no time."""

    start: Ms
    end: Ms

    @property
    def length(self) -> Ms:
        return max(0, self.end - self.start)


Spans: TypeAlias = tuple[Interval, ...]


def total(spans: Iterable[Interval]) -> Ms:
    return sum(span.length for span in spans)


def clip(spans: Iterable[Interval], start: Ms, end: Ms) -> Spans:
    """What of ``spans`` lies in ``[start, end)``; the empty rest is left out."""
    cut = (Interval(max(span.start, start), min(span.end, end)) for span in spans)
    return tuple(span for span in cut if span.length)


def union(spans: Iterable[Interval]) -> Spans:
    """The same time, each moment once, touching spans joined."""
    joined: list[Interval] = []
    for span in sorted((span for span in spans if span.length), key=lambda span: span.start):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def minus(spans: Iterable[Interval], holes: Iterable[Interval]) -> Spans:
    """The time in ``spans`` that is not in ``holes``."""
    left = list(union(spans))
    for hole in union(holes):
        cut: list[Interval] = []
        for span in left:
            cut += [Interval(span.start, min(span.end, hole.start)), Interval(max(span.start, hole.end), span.end)]
        left = [span for span in cut if span.length]
    return tuple(left)


def common(one: Iterable[Interval], other: Iterable[Interval]) -> Spans:
    """The time that is in both."""
    theirs = union(other)
    return tuple(span for mine in union(one) for span in clip(theirs, mine.start, mine.end))
