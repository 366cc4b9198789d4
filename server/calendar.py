"""A session as an iCalendar event (RFC 5545): the appointment with its party's own link.

The UID stays and the SEQUENCE rises, so a calendar that imports it again moves the event instead of adding one.
It has no organizer and no attendees: names of mailboxes are nobody's business here. How it travels is not known here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from icalendar import Calendar, Event

from server.store.sessions import Record
from signaling.session import Ms, Phase, Role

FILENAME = "session.ics"


def event(record: Record, role: Role, link: str, origin: str) -> bytes:
    """The calendar file of one party. The same record gives the same bytes."""
    slot = record.session.slot
    other = record.party(role.other).name
    summary = f"{record.title}: {other}" if record.title else f"Session with {other}"
    if record.session.phase is Phase.CANCELLED:
        description = "This session was cancelled."
    else:
        description = f"Join here, from {slot.opens_before // 60_000} minutes before the start:\n{link}"
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
