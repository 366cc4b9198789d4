"""What a language gives: the words of every letter, and how times and money are said in it.

A further language is a module beside ``en`` with everything that ``Language`` names, and a line in ``texts``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.mail.letters import Kind
from signaling.messages import View
from signaling.session import Role


@dataclass(frozen=True, slots=True)
class Told:
    """What a letter is about: ``other`` as it may be shown, the times in the reader's own ``zone``."""

    kind: Kind
    role: Role
    view: View
    other: str
    opens: datetime
    starts: datetime
    ends: datetime
    until: datetime | None
    zone: str
    ticket: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """A letter in plain sentences; ``button`` is what stands on its link."""

    subject: str
    heading: str
    body: tuple[str, ...]
    button: str


class Language(Protocol):
    """One language."""

    @property
    def code(self) -> str:
        """As in BCP 47."""
        ...

    def letter(self, told: Told) -> Words:
        """The words of a letter."""
        ...

    def details(self, told: Told, title: str | None, *, named: bool) -> tuple[tuple[str, str], ...]:
        """When, with whom (if ``named``) and about what: labels with what they stand for."""
        ...

    def other(self, role: Role) -> str:
        """Instead of a name that cannot be shown: whoever is ``role`` for the reader."""
        ...

    def small(self, host: str) -> str:
        """Why this came, and what to mind."""
        ...
