"""What a language gives: every sentence of the letters, as data.

A further language is a module beside ``en`` with a ``Catalogue`` that has everything, and a line in ``texts``. Which
sentence a letter takes is ``composing``'s; how times and money are said is ``formats``'s, in every language.

In a sentence may stand: ``{other}``, the other one's name or, where that cannot be shown, what it is to the reader;
``{Other}``, the same where a sentence begins with it; ``{with_other}``; ``{about}``, the session by its day; ``{day}``
and ``{time}`` of the start; ``{clock}``, the same time as it is said in a sentence, and so ``{opens}``; ``{until}``;
``{money}``; ``{ticket}``; ``{host}``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from server import calendar
from server.mail.letters import Kind
from signaling.messages import View
from signaling.session import Role


@dataclass(frozen=True, slots=True)
class Told:
    """What a letter is about: ``other`` as it may be shown (None: not at all), the times in the reader's own zone."""

    kind: Kind
    role: Role
    view: View
    other: str | None
    opens: datetime
    starts: datetime
    ends: datetime
    until: datetime | None
    ticket: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """A letter in plain sentences; ``button`` is what stands on its link."""

    subject: str
    heading: str
    body: tuple[str, ...]
    button: str


@dataclass(frozen=True, slots=True)
class Text:
    """A letter before it is filled in."""

    subject: str
    heading: str
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Whoever:
    """Instead of a name that cannot be shown: inside a sentence, where one begins, and as company."""

    inside: str
    begins: str
    beside: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language, whole."""

    code: str
    """As in BCP 47."""
    direction: Literal["ltr", "rtl"]
    variant: str
    """Where a locale names no country: whose habits are followed in writing times and numbers."""

    # what surrounds each letter
    client: Whoever
    expert: Whoever
    beside: str
    """With ``{name}``."""
    when: str
    """``{day}``, ``{start}`` and ``{end}``."""
    when_label: str
    zone_label: str
    with_label: str
    about_label: str
    about: str
    """The session by its ``{day}``, inside a sentence."""
    open_button: str
    page_button: str
    join_button: str
    small: str
    clock: str
    """A ``{time}`` in the middle of a sentence: ``13:00 Uhr``, ``las 13:00``."""
    clock_at_one: str
    """The same at one o'clock, which some languages count by itself."""
    fee: str
    """Instead of an amount that is not known."""

    # the booking
    booked: Text
    link: Text
    link_over: Text
    moved: Text
    cancelled_subject: str
    cancelled_by_me: tuple[str, str]
    cancelled_by_me_expert: tuple[str, str]
    cancelled_by_other: tuple[str, str]
    cancelled_by_team: tuple[str, str]
    cancelled_by_both: tuple[str, str]
    cancelled: tuple[str, str]
    reminder: Text
    waiting: Text
    still_waiting: Text

    # refunds, as the client reads of them
    eligible: Text
    eligible_until: Text
    requested: Text
    review: Text
    approved: Text
    declined: Text
    declined_disputable: Text
    disputed: Text
    settled: Text
    expired: Text
    nothing: Text
    """A review that opened nothing."""

    # and the expert
    expert_requested: Text
    expert_approved: Text
    expert_declined: Text
    expert_disputed: Text
    expert_settled: Text

    # reports
    report_filed: Text
    report_upheld: Text
    report_dismissed: Text
    about_me_filed: Text
    about_me_upheld: Text
    about_me_dismissed: Text

    calendar: calendar.Words
