"""Arithmetic of half-open time spans (milliseconds), and nothing else.

A set of time is a tuple of ``Interval`` in order of time. What the spans mean is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
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
    return sum([span.length for span in spans])


def clip(spans: Iterable[Interval], start: Ms, end: Ms) -> Spans:
    """What of ``spans`` lies in ``[start, end)``; the empty rest is left out."""
    found: list[Interval] = []
    for span in spans:
        first, last = max(span.start, start), min(span.end, end)
        if first < last:
            found.append(span if (first, last) == (span.start, span.end) else Interval(first, last))
    return tuple(found)


def union(spans: Iterable[Interval]) -> Spans:
    """The same time, each moment once, touching spans joined."""
    joined: list[Interval] = []
    for span in sorted([span for span in spans if span.start < span.end], key=_start):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


_start = attrgetter("start")


def minus(spans: Iterable[Interval], holes: Iterable[Interval]) -> Spans:
    """The time in ``spans`` that is not in ``holes``."""
    left = union(spans)
    for hole in union(holes) if left else ():
        cut: list[Interval] = []
        for span in left:
            if hole.end <= span.start or span.end <= hole.start:
                cut.append(span)
                continue
            if span.start < hole.start:
                cut.append(Interval(span.start, hole.start))
            if hole.end < span.end:
                cut.append(Interval(hole.end, span.end))
        left = tuple(cut)
    return left


def common(one: Iterable[Interval], other: Iterable[Interval]) -> Spans:
    """The time that is in both."""
    theirs = union(other)
    return tuple(span for mine in union(one) for span in clip(theirs, mine.start, mine.end))
