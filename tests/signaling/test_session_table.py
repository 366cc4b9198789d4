"""The table of the machine: total, no row that cannot happen, and drawn as it is."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from signaling import session as machine
from signaling.diagram import mermaid, page
from signaling.errors import UserError
from signaling.session import TRANSITIONS, Event, Phase, Row, Session, always
from tests.server.policy.script import lines, play
from tests.server.policy.test_truth_table import BOTH, CASES

Cell = tuple[Phase, str, int]

DIRECTED = [
    # what the truth table, which is about verdicts, has no reason to go through
    "-60:00 client joins !too_early\n-60:00 operator removes client",
    "-60:00 client drops\n-60:00 client hangs up !not_joined\n-60:00 client leaves for safety !not_met\n-60:00 media",
    "-60:00 outage since -61:00\n-60:00 mutual 0:01\n-60:00 moved to 5:00 +30:00\n40:00 outage since -1:00",
    "-60:00 moved to -90:00 +30:00 !slot_over\n-60:00 moved to 0:00 +30:00\n1:00 moved +1:30 !end_too_near",
    "-5:00 client joins\n-5:00 client joins\n-5:00 client on old drops\n-5:00 expert hangs up !not_joined",
    "-5:00 client joins\n-4:00 media\n-4:00 mutual 0:01\n-4:00 operator removes client",
    "-5:00 client joins\n-4:00 operator ends",
    "-5:00 client joins\n-4:00 moved to -90:00 +30:00 !slot_over\n-4:00 moved to 0:00 +30:00\n"
    "1:00 moved +1:30 !end_too_near",
    "-5:00 client joins\n-4:00 outage since -4:30\n-3:00 client joins\n-2:00 guidelines client",
    "-5:00 client joins\n-4:00 expert joins\n-3:00 client on old drops\n-3:00 moved to 60:00 +30:00",
    "-5:00 client joins\n-4:00 expert joins\n-3:00 operator cancels",
    "-5:00 client joins\n-4:00 expert joins\n-3:00 outage since -3:10",
    "-5:00 client joins\n-4:00 expert joins\n-3:00 moved to -90:00 +30:00 !slot_over\n-3:00 moved to 0:00 +30:00",
    BOTH + "1:00 moved +30:00\n2:00 guidelines client\n3:00 operator removes client",
    BOTH + "1:00 client drops\n1:01 client drops\n1:02 expert joins\n1:03 moved +30:00\n"
    "1:04 moved to 60:00 +30:00 !slot_started",
    BOTH + "1:00 client drops\n1:03 moved +0:30 !slot_over\n1:04 moved +1:30 !end_too_near\n1:05 moved +45:00",
    BOTH
    + "1:00 client drops\n1:03 mutual 0:01\n1:04 media\n1:05 guidelines client\n1:06 expert cancels !session_started",
    BOTH + "1:00 client drops\n1:03 client leaves for safety",
    BOTH + "1:00 client drops\n1:03 operator removes client",
    BOTH + "1:00 client drops\n1:03 operator ends",
    BOTH + "1:00 client drops\n35:00 outage since 1:02",
    BOTH + "1:00 client drops\n1:10 outage since 1:02",
    BOTH + "1:00 moved +0:30 !slot_over\n2:00 media\n2:00 client drops",
    BOTH + "1:00 client hangs up\n1:01 client hangs up\n1:01 expert drops\n1:01 media\n1:01 mutual 0:01\n"
    "1:01 outage since 1:00\n1:02 moved +30:00\n1:02 moved +45:00 !session_over\n1:02 client cancels !session_over\n"
    "1:02 operator ends !session_over\n1:02 operator removes client !session_over\n1:02 tick\n"
    "1:02 client leaves for safety !session_over\n1:02 guidelines client !session_over",
    "-5:00 client cancels\n-4:00 client cancels\n-4:00 client joins !session_over\n-4:00 client drops\n"
    "-4:00 client hangs up !session_over\n-4:00 client leaves for safety !session_over\n"
    "-4:00 mutual 0:01\n-4:00 media\n"
    "-4:00 operator ends !session_over\n-4:00 operator removes client !session_over\n-4:00 outage since -4:30\n"
    "-4:00 moved +30:00\n-4:00 moved +45:00 !session_over\n-4:00 guidelines client !session_over\n-4:00 tick",
]
MUTE = [
    BOTH + "1:00 media\n1:01 media",
    BOTH + "1:00 client drops\n1:01 media\n1:02 media",
]


def test_every_phase_says_something_of_every_event() -> None:
    for phase in Phase:
        assert set(TRANSITIONS[phase]) == set(get_args(Event)), phase


def test_the_last_row_of_every_cell_takes_whatever_comes() -> None:
    for phase, events in TRANSITIONS.items():
        for event, rows in events.items():
            catches_all = rows[-1].when is always or phase in (Phase.LIVE, Phase.HELD)
            assert catches_all, (phase, event)
            assert all(row.when is not always for row in rows[:-1]), (phase, event)


def test_no_row_that_cannot_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    hit: set[Cell] = set()
    row_of = machine._row

    def noted(session: Session, event: Event, now: int) -> Row:
        row = row_of(session, event, now)
        rows = TRANSITIONS[session.phase][type(event)]
        hit.add((session.phase, type(event).__name__, next(n for n, other in enumerate(rows) if other is row)))
        return row

    monkeypatch.setattr(machine, "_row", noted)
    for case in CASES:
        play(
            case.orders()[0], terms=case.terms, media=case.media, booked=case.booked, duration=case.duration, ticks=True
        )
    for script in DIRECTED:
        play(lines(script))
    for script in MUTE:
        play(lines(script), media=False)
    not_accepted(hit)
    every = {
        (phase, event.__name__, number)
        for phase, events in TRANSITIONS.items()
        for event, rows in events.items()
        for number in range(len(rows))
    }
    assert every - hit == set()


def not_accepted(hit: set[Cell]) -> None:
    """Joins without the guidelines, which scripts accept beforehand (P5.2)."""
    from tests.server.policy.script import START, TERMS

    session = machine.book(TERMS.slot(START, 1_800_000), START - 3_600_000).session
    with pytest.raises(UserError, match="guidelines_needed"):
        machine.advance(session, machine.Join(machine.Role.CLIENT, "c"), START)
    session = machine.advance(session, machine.Accept(machine.Role.CLIENT, "1"), START).session
    session = machine.advance(session, machine.Join(machine.Role.CLIENT, "c"), START).session
    with pytest.raises(UserError, match="guidelines_needed"):
        machine.advance(session, machine.Join(machine.Role.EXPERT, "e"), START)
    declined = machine.advance(session, machine.Accept(machine.Role.EXPERT, "1", accepted=False), START).session
    with pytest.raises(UserError, match="guidelines_needed"):
        machine.advance(declined, machine.Join(machine.Role.EXPERT, "e"), START)
    met = machine.advance(session, machine.Accept(machine.Role.EXPERT, "1"), START).session
    met = machine.advance(met, machine.Join(machine.Role.EXPERT, "e"), START).session
    taken_back = machine.advance(met, machine.Accept(machine.Role.EXPERT, "1", accepted=False), START).session
    gone = machine.Depart(machine.Role.EXPERT, "e", machine.How.PAGE, START)
    for session in (taken_back, machine.advance(taken_back, gone, START).session):  # live, held
        with pytest.raises(UserError, match="guidelines_needed"):
            machine.advance(session, machine.Join(machine.Role.EXPERT, "again"), START)


def test_the_diagram_is_current() -> None:
    """If this fails: python -m signaling.diagram > docs/session-machine.md"""
    assert Path("docs/session-machine.md").read_text() == page()
    assert "live --> held: Depart, Outage" in mermaid()
