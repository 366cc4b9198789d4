"""Sessions as short scripts: ``"19:48 expert hangs up"``. Times are from the booked start; the slot has 30 minutes.

A script is one line per event. ``play`` lets the machine live through it and then through the hard stop. Both have
accepted the guidelines beforehand, and media flows as soon as both are there (``media=False``: never). A line says::

    expert joins [on phone]            the device names the join; without one it is a new join
    expert drops [alive 9:54]          connection lost; noticed now, there until then
    expert closes page                 expert steps out
    expert hangs up [because no sound] expert leaves for safety
    operator removes expert            operator ends
    expert cancels                     also client, platform, operator
    outage since 9:00                  this service was away from then until now
    mutual 10:00                       the relay has counted so much
    moved to 60:00 +30:00 [by client]  also ``+20:00`` alone for another end
    guidelines client                  media                            tick

``!code`` at the end of a line: the rules refuse it with that code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from server.policy.facts import AnyFact
from server.policy.money import Money
from server.policy.settlement import Settlement, settle
from server.policy.terms import Terms
from signaling.errors import UserError
from signaling.session import (
    Accept,
    Cancel,
    Depart,
    EndByOperator,
    Event,
    HangUp,
    How,
    Join,
    LeaveForSafety,
    Measure,
    MediaUp,
    Move,
    Ms,
    Outage,
    Phase,
    Remove,
    Role,
    Session,
    Tick,
    Whom,
    advance,
    book,
)

START: Ms = 1_800_000_000_000
DURATION: Ms = 30 * 60_000
TERMS = Terms()
FEE = Money(12_000, "USD")


def ms(text: str) -> Ms:
    """``-2:00`` -> -120 000; ``9:59.500`` -> 599 500."""
    found = re.fullmatch(r"(-?)(\d+):(\d\d)(?:\.(\d{3}))?", text)
    assert found, f"not a time: {text}"
    sign, minutes, seconds, millis = found.groups()
    value = (int(minutes) * 60 + int(seconds)) * 1000 + int(millis or 0)
    return -value if sign else value


def clock(value: Ms) -> str:
    """The inverse, of a span or of a time from the start."""
    seconds, millis = divmod(abs(value), 1000)
    text = f"{seconds // 60}:{seconds % 60:02d}" + (f".{millis:03d}" if millis else "")
    return f"-{text}" if value < 0 else text


@dataclass(frozen=True, slots=True)
class Line:
    at: Ms
    text: str
    refused: str | None


def lines(script: str) -> list[Line]:
    found = []
    for raw in filter(None, (line.strip() for line in script.strip().splitlines())):
        time, text = raw.split(maxsplit=1)
        text, _, refused = text.partition("!")
        found.append(Line(ms(time), text.strip(), refused.strip() or None))
    return found


class Player:
    """Lets events happen to one session, keeping the facts."""

    def __init__(self, *, terms: Terms = TERMS, media: bool = True, booked: str = "-1440:00", duration: Ms = DURATION):
        self.terms, self.media, self.duration = terms, media, duration
        step = book(terms.slot(START, duration), START + ms(booked))
        self.session: Session = step.session
        self.facts: list[AnyFact] = list(step.facts)
        for role in Role:
            self.happen(Accept(role, "1"), START + ms(booked))

    def happen(self, event: Event, at: Ms) -> None:
        step = advance(self.session, event, at)
        self.session = step.session
        self.facts += step.facts
        if self.media and self.session.phase is Phase.LIVE and not self.session.media:
            self.happen(MediaUp(), at)

    def line(self, line: Line) -> None:
        event, at = self.event(line), START + line.at
        if line.refused is None:
            self.happen(event, at)
        else:
            with pytest.raises(UserError, match=f"^{line.refused}:"):
                self.happen(event, at)

    def event(self, line: Line) -> Event:
        """The event that a line of the script says."""
        match line.text.split():
            case [who, "joins"]:
                return Join(Role(who), f"{who}-{line.at}")
            case [who, "joins", "on", device]:
                return Join(Role(who), f"{who}-{device}")
            case [who, "drops", *rest]:
                alive = START + (ms(rest[1]) if rest else line.at)
                return Depart(Role(who), self.join(who), How.CONNECTION, alive)
            case [who, "closes", "page"]:
                return Depart(Role(who), self.join(who), How.PAGE, START + line.at)
            case [who, "steps", "out"]:
                return Depart(Role(who), self.join(who), How.STEPPED_OUT, START + line.at)
            case [who, "on", device, "drops"]:
                return Depart(Role(who), f"{who}-{device}", How.CONNECTION, START + line.at)
            case [who, "hangs", "up"]:
                return HangUp(Role(who))
            case [who, "hangs", "up", "because", *cause]:
                return HangUp(Role(who), " ".join(cause))
            case [who, "leaves", "for", "safety"]:
                return LeaveForSafety(Role(who))
            case ["operator", "removes", who]:
                return Remove(Role(who), "a reason")
            case ["operator", "ends"]:
                return EndByOperator("a reason")
            case [who, "cancels"]:
                return Cancel(Whom(who))
            case ["outage", "since", time]:
                return Outage(START + ms(time))
            case ["mutual", span]:
                return Measure(ms(span))
            case ["moved", "to", time, span, *by]:
                return Move(self.terms.slot(START + ms(time), ms(span[1:])), Whom(by[1]) if by else None)
            case ["moved", span]:
                return Move(self.terms.slot(self.session.slot.starts_at, ms(span[1:])), None)
            case ["guidelines", who]:
                return Accept(Role(who), "2")
            case ["media"]:
                return MediaUp()
            case ["tick"]:
                return Tick()
            case _:
                raise AssertionError(f"no such line: {line.text}")

    def join(self, who: str) -> str:
        return self.session.seat(Role(who)).join or "none"

    def finish(self) -> None:
        """Whatever is left happens by itself."""
        self.happen(Tick(), self.session.slot.ends_at + 3_600_000)


def play(
    script: Iterable[Line],
    *,
    terms: Terms = TERMS,
    media: bool = True,
    booked: str = "-1440:00",
    duration: Ms = DURATION,
    ticks: bool = False,
    twice: bool = False,
) -> Player:
    """Play a script to its end. ``ticks``: a timer rings before and after every line; ``twice``: all is said twice."""
    player = Player(terms=terms, media=media, booked=booked, duration=duration)
    for line in script:
        if ticks and not line.text.startswith("outage"):  # while we are away no timer rings
            player.happen(Tick(), START + line.at)
        event = player.event(line)
        player.line(line)
        if twice:
            try:
                player.happen(event, START + line.at)
            except UserError:
                pass  # what is over is over: a duplicate may be told so
        if ticks:
            player.happen(Tick(), START + line.at)
    player.finish()
    return player


def verdict(player: Player, fee: Money | None = FEE) -> Settlement:
    return settle(player.facts, player.terms, fee)
