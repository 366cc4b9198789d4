"""What signaling needs from above: who someone is, a place to report to, and what to show.

``server.desk`` is the real one. Everything durable is behind these calls; when ``report`` returns, it is on record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from signaling.messages import Consent, ConsentCommand, QualityCommand, View
from signaling.session import Event, Fact, Ms, Role, Session

Sends: TypeAlias = tuple[bool, bool, bool]
"""What one side says that it is sending: microphone, camera, screen."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A caller whose token holds: one party of one session, and no more."""

    session: str
    role: Role


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an event: the session after it, the facts it gave (none: nothing changed), the ledger's length."""

    session: Session
    facts: tuple[Fact, ...]
    version: int


class Desk(Protocol):
    async def admit(self, token: str) -> Admission:
        """``Denied`` for an unknown, expired, revoked or wrong token: one answer for all of them."""

    async def report(self, session: str, event: Event | tuple[Event, ...], at: Ms) -> Report:
        """Let an event happen that was accepted ``at``; returns after the commit. ``UserError`` if refused.

        Several happen one after the other in one transaction: if one of them is refused, none has happened.
        """

    async def late(self, session: str, role: Role, minutes: int, at: Ms) -> Report:
        """A party says that it is running late; ``UserError`` once the session is over."""

    async def consent(self, session: str, role: Role, act: ConsentCommand, at: Ms) -> tuple[int, tuple[Consent, ...]]:
        """Ask for written consent or answer (P5.3); the version, and all requests as they now stand."""

    def measured(self, session: str, role: Role, said: QualityCommand, at: Ms, sends: Sends | None = None) -> None:
        """A page says how its call is, and what it ``sends`` (microphone, camera, screen), if it has said so: kept for
        a while, if there is room (P5.7). Nothing waits for it.
        """

    async def leave_for_safety(
        self, session: str, role: Role, category: str, text: str | None, at: Ms
    ) -> tuple[Report, str]:
        """End the session at once and open a report with it (P3.13); the report's ticket."""

    async def snapshot(self, session: str, role: Role) -> View:
        """This party's whole view, as of now."""

    async def snapshots(self, session: str, roles: Sequence[Role]) -> tuple[View, ...]:
        """The same, of several at one instant."""


class Listener(Protocol):
    """Who is told, after the commit, what a session's newest facts are: the attendant is one.

    In the order of the commits, perhaps with the session still locked: a listener does not report from within.
    """

    async def __call__(self, session: str, report: Report) -> None: ...


Clock = Callable[[], Ms]
