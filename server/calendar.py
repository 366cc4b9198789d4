"""A session as an iCalendar event (RFC 5545): the appointment with its party's own link.

The UID stays and the SEQUENCE rises, so a calendar that imports it again moves the event instead of adding one.
It has no organizer and no attendees: names of mailboxes are nobody's business here. How it travels is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from server.store.sessions import Record
from signaling.session import Ms, Phase, Role

FILENAME = "session.ics"


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in it, in the party's language."""

    summary: str
    """``{other}`` is the other's name."""
    cancelled: str
    join: str
    """``{minutes}`` before the start; the link follows in a line of its own."""


ENGLISH = Words(
    summary="Session with {other}",
    cancelled="This session was cancelled.",
    join="Join here, from {minutes} minutes before the start:",
)


def event(record: Record, role: Role, link: str, origin: str, words: Words = ENGLISH) -> bytes:
    """The calendar file of one party. The same record gives the same bytes."""
    from icalendar import Calendar, Event  # with every time zone there is, for a file that few ask for

    slot = record.session.slot
    other = record.party(role.other).name
    summary = f"{record.title}: {other}" if record.title else words.summary.format(other=other)
    if record.session.phase is Phase.CANCELLED:
        description = words.cancelled
    else:
        description = f"{words.join.format(minutes=slot.opens_before // 60_000)}\n{link}"
    entry = Event()
    entry.add("uid", f"{record.id}@{urlsplit(origin).hostname or 'headstrt'}")
    entry.add("sequence", record.version)
    entry.add("dtstamp", _moment(record.updated_at))
    entry.add("dtstart", _moment(slot.starts_at))
    entry.add("dtend", _moment(slot.ends_at))
    entry.add("summary", summary)
    entry.add("description", description)
    entry.add("url", link)
    entry.add("status", "CANCELLED" if record.session.phase is Phase.CANCELLED else "CONFIRMED")
    calendar = Calendar()
    calendar.add("prodid", "-//Headstrt//Sessions//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(entry)
    made: bytes = calendar.to_ical()
    return made


def _moment(at: Ms) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC)
