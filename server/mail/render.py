"""A letter as a mail: plain text and simple HTML with the same words, and the calendar file where it is an appointment.

Pure. No image, no script, nothing from elsewhere, nothing that tells whether it was read. Names and titles come from
other people: they are cleaned of whatever is no letter, escaped, and left out where they pass for a link. The same
letter has the same Message-ID whenever it is sent. When it is sent, and how, is not known here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server import calendar
from server.mail import texts
from server.mail.address import Mailbox
from server.mail.letters import APPOINTMENTS, NAMELESS, Kind
from server.mail.texts import Catalogue, Told, Words
from server.store.letters import Letter
from server.store.sessions import Record
from signaling.messages import View
from signaling.session import Ms

_LONGEST = 80
_LINKLIKE = re.compile(r"://|@|www\.|[a-z0-9-]\.[a-z]{2,}(?:[/\s]|$)", re.IGNORECASE)
_TURNING = set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What every letter of this server has: whom it is from, where answers go, and what links begin with."""

    sender: Mailbox
    reply_to: Mailbox | None
    origin: str


def message(sheet: Sheet, letter: Letter, record: Record, view: View, to: Mailbox, link: str, now: Ms) -> EmailMessage:
    """The mail. ``link``: the party's own, as it works now; ``view``: what its page shows."""
    party = record.party(letter.role)
    speech = texts.catalogue(party.locale)
    formats = texts.formats(party.locale, speech)
    told = _told(letter, record, view)
    words = texts.letter(told, speech, formats)
    title = _shown(record.title or "") or None
    details = texts.details(told, speech, formats, title, named=letter.kind not in NAMELESS)
    small = speech.small.format(host=urlsplit(sheet.origin).hostname or "")
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))  # so that it goes through any server as it is
    mail["From"] = _address(sheet.sender)
    mail["To"] = _address(to)
    if sheet.reply_to is not None:
        mail["Reply-To"] = _address(sheet.reply_to)
    mail["Subject"] = cleaned(words.subject)
    mail["Date"] = format_datetime(datetime.fromtimestamp(now // 1000, UTC))
    mail["Message-ID"] = f"<{letter.id}@{sheet.sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers it
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_text(words, details, link, small), cte="quoted-printable")
    mail.add_alternative(_html(words, details, link, small, speech), subtype="html", cte="quoted-printable")
    if letter.kind in APPOINTMENTS and not (letter.kind == Kind.LINK and view.end is not None):
        mail.add_attachment(
            calendar.event(record, letter.role, link, sheet.origin, speech.calendar),
            maintype="text",
            subtype="calendar",
            filename=calendar.FILENAME,
            params={"charset": "utf-8", "method": "PUBLISH"},
        )
    mail["Content-Language"] = speech.code  # last: what begins with Content- goes along into a part
    return mail


def cleaned(text: str) -> str:
    """One line of letters: no control, no line or paragraph mark, nothing that turns the writing around.

    Nor an encoded word (RFC 2047): what is one already would be decoded on its way into a header, line ends and all.
    """
    kept = (
        " " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp", "Zs") else char
        for char in text
        if char not in _TURNING
    )
    return " ".join("".join(kept).split()).replace("=?", "= ?")


def _told(letter: Letter, record: Record, view: View) -> Told:
    zone = _zone(record.party(letter.role).time_zone)
    until = view.refund.until if view.refund else None
    return Told(
        kind=Kind(letter.kind),
        role=letter.role,
        view=view,
        other=_shown(record.party(letter.role.other).name) or None,
        opens=_local(view.opens_at, zone),
        starts=_local(view.starts_at, zone),
        ends=_local(view.ends_at, zone),
        until=_local(until, zone) if until is not None else None,
        ticket=letter.about,
    )


def _zone(name: str | None) -> ZoneInfo:
    """The reader's, or UTC where it is not known (or not to this machine)."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _local(at: Ms, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at // 1000, zone)


def _shown(name: str) -> str:
    """A name or title as it may stand in a mail; empty where mail programs would make a link of it."""
    name = cleaned(name)
    if _LINKLIKE.search(name):
        return ""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"


def _address(box: Mailbox) -> Address:
    return Address(_shown(box.name), box.local, box.domain)


def _text(words: Words, details: tuple[tuple[str, str], ...], link: str, small: str) -> str:
    rows = "\n".join(f"{label}: {value}" for label, value in details)
    return "\n\n".join((words.heading, *words.body, rows, f"{words.button}:\n{link}", f"-- \n{small}")) + "\n"


def _html(words: Words, details: tuple[tuple[str, str], ...], link: str, small: str, speech: Catalogue) -> str:
    body = "".join(f"<p>{escape(line)}</p>" for line in words.body)
    rows = "".join(f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in details)
    return _PAGE.format(
        code=speech.code,
        direction=speech.direction,
        subject=escape(words.subject),
        style=_STYLE,
        heading=escape(words.heading),
        body=body,
        rows=rows,
        link=escape(link),
        button=escape(words.button),
        small=escape(small),
    )


_STYLE = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 24px 16px; background: #f5f6f8; color: #1d2129; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
.sheet { max-width: 560px; margin: 0 auto; padding: 28px; background: #ffffff; border: 1px solid #dfe3e8; border-radius: 12px; }
h1 { margin: 0 0 16px; font-size: 24px; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
p { margin: 0 0 12px; overflow-wrap: anywhere; }
table { width: 100%; margin: 20px 0; border-collapse: collapse; }
th, td { padding: 8px 0; border-top: 1px solid #dfe3e8; text-align: start; vertical-align: top; overflow-wrap: anywhere; }
th { width: 104px; padding-inline-end: 12px; color: #5b6472; font-weight: 400; white-space: nowrap; }
.button { display: inline-block; padding: 12px 22px; border-radius: 8px; background: #0b6b5d; color: #ffffff; font-weight: 650; text-decoration: none; }
.small { max-width: 560px; margin: 16px auto 0; color: #5b6472; font-size: 13px; }
@media (prefers-color-scheme: dark) {
  body { background: #0f1216; color: #e4e7ec; }
  .sheet { background: #1a1e25; border-color: #2c323c; }
  th, td { border-color: #2c323c; }
  th, .small { color: #9aa4b2; }
  .button { background: #5cc8b5; color: #10201d; }
}
"""  # noqa: E501 - a style sheet

_PAGE = """<!doctype html>
<html lang="{code}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{subject}</title>
<style>{style}</style>
</head>
<body>
<div class="sheet">
<h1>{heading}</h1>
{body}
<table>{rows}</table>
<a class="button" href="{link}">{button}</a>
</div>
<p class="small">{small}</p>
</body>
</html>
"""
