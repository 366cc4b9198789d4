"""Operators' doors to complaints: the queue, and what they make of each (P2.5).

Here, and nowhere on the other side's page, stands who complained (P2.9). How many people's complaints count now, and
how many it takes, is shown with each. What follows from a decision follows in the desk.
"""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from server.api import requests
from server.api.access import CALLER
from server.api.deps import deps
from server.api.sessions import answer
from server.policy.people import Category
from server.standing import ComplaintList, complaint_answer
from server.store import views


async def many(request: web.Request) -> web.Response:
    """Newest first."""
    asked = requests.query(request, requests.ComplaintsQuery)
    after = requests.list_cursor(asked.cursor)
    here = deps(request)
    found, shelf = await views.complaints_page(here.database, asked.wanted(), after, asked.limit + 1)
    terms = here.desk.rules.terms
    data = tuple(
        complaint_answer(file, file.dossier.complaints[id_], shelf.texts, shelf.names, terms)
        for file, id_ in ((shelf.files[accused], id_) for accused, id_ in found[: asked.limit])
    )
    last = requests.pack_cursor(data[-1].filed_at, data[-1].id) if len(found) > asked.limit else None
    return answer(ComplaintList(data=data, next_cursor=last))


async def uphold(request: web.Request) -> web.Response:
    return await _decide(request, "uphold", requests.WhyBody)


async def dismiss(request: web.Request) -> web.Response:
    return await _decide(request, "dismiss", requests.WhyBody)


async def recategorise(request: web.Request) -> web.Response:
    return await _decide(request, "recategorise", requests.RecategoriseBody)


async def _decide(
    request: web.Request, act: Literal["uphold", "dismiss", "recategorise"], model: type[requests.WhyBody]
) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, model)
    category: Category | None = given.category if isinstance(given, requests.RecategoriseBody) else None
    here = deps(request)
    file = await here.desk.decide_complaint(id_, act, request[CALLER].key, given.reason, category)
    shelf = await views.shelf(here.database, [file.person.pseudonym])
    complaint, terms = file.dossier.complaints[id_], here.desk.rules.terms
    return answer(complaint_answer(file, complaint, shelf.texts, shelf.names, terms))
