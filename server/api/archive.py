"""A person's data: all of it handed out, or what names the person taken away (P5.7). Operators' doors."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import BaseModel

from server.api import requests
from server.api.access import CALLER
from server.api.deps import deps


class Export(BaseModel):
    """Everything that is kept of one person; nothing in it names another."""

    person: dict[str, str]
    exported_at: str
    ledger: list[dict[str, Any]]
    texts: list[dict[str, Any]]
    sessions: list[dict[str, Any]]


async def export(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    given = await deps(request).desk.export(request.match_info["id"], request[CALLER].key)
    return web.json_response(
        given,
        headers={"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="person.json"'},
    )


async def erase(request: web.Request) -> web.Response:
    """Names, contact data and texts go; what money or a sanction stands on stays, under a pseudonym."""
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.ReasonBody)
    await deps(request).desk.erase(request.match_info["id"], request[CALLER].key, given.reason)
    return web.Response(status=204)
