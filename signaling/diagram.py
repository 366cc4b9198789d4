"""The state machine as a picture: Mermaid drawn from ``TRANSITIONS``, so that it cannot say anything else.

``python -m signaling.diagram > docs/session-machine.md`` writes the page; a test holds the file to this.
It knows names and arrows, and nothing of what they mean.
"""

from __future__ import annotations

import sys

from signaling.session import TRANSITIONS, Phase

_HEAD = """# The session machine

One booked call, as `signaling/session.py` has it (rules P0 to P3). An arrow is an event that the rules accept and that
leads to another phase; what is accepted without a change of phase stands in the table below, and everything else is a
duplicate that changes nothing or is refused with a reason. Time does three things by itself: at `starts_at` two who are
both there have met, at `ends_at` the session ends, and whoever is alone may leave once the other's grace, or
`no_show_after`, is over. An event that comes late meets what time has done in between.

This page is drawn from the table in the code: `python -m signaling.diagram > docs/session-machine.md`.
"""


def mermaid() -> str:
    """A Mermaid state diagram: one arrow for each pair of phases, with the events that lead from one to the other."""
    arrows: dict[tuple[Phase, Phase], list[str]] = {}
    for phase, events in TRANSITIONS.items():
        for event, rows in events.items():
            for row in rows:
                if row.to is not None and row.to is not phase:
                    names = arrows.setdefault((phase, row.to), [])
                    if event.__name__ not in names:
                        names.append(event.__name__)
    for phase in (Phase.SCHEDULED, Phase.WAITING, Phase.LIVE, Phase.HELD):
        arrows.setdefault((phase, Phase.ENDED), []).append("ends_at")
    lines = ["stateDiagram-v2", "    [*] --> scheduled: book"]
    lines += [f"    {one} --> {two}: {', '.join(names)}" for (one, two), names in arrows.items()]
    lines += [f"    {phase} --> [*]" for phase in (Phase.ENDED, Phase.CANCELLED)]
    return "\n".join(lines) + "\n"


def table() -> str:
    """Every row of the table: phase, event, guard, act, and the phase it leads to."""
    lines = ["| phase | event | if | then | phase after |", "|---|---|---|---|---|"]
    for phase, events in TRANSITIONS.items():
        for event, rows in events.items():
            for row in rows:
                guard, act = (name.__name__.replace("_", " ") for name in (row.when, row.act))
                lines.append(f"| {phase} | {event.__name__} | {guard} | {act} | {row.to or phase} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """``docs/session-machine.md``, whole."""
    return f"{_HEAD}\n```mermaid\n{mermaid()}```\n\nEach row, first match first:\n\n{table()}"


if __name__ == "__main__":
    sys.stdout.write(page())
