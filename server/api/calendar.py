"""A session's calendar file as an answer."""

from __future__ import annotations

from aiohttp import web

from server.calendar import FILENAME, event
from server.mail.texts import catalogue
from server.store.views import Record
from signaling.session import Role


def response(record: Record, role: Role, link: str, origin: str) -> web.Response:
    words = catalogue(record.party(role).locale).calendar
    return web.Response(
        body=event(record, role, link, origin, words),
        content_type="text/calendar",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{FILENAME}"'},
    )
