"""The dashboard's doors to the queue and the notes: looking, taking, putting off, writing for each other.

Who has a case is an account or a key; what opens and closes it is on record. A note is plain text, and is shown to
whoever operates this, and to nobody else.
"""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from server.answers import Money
from server.api import requests, requests_desk
from server.api.access import CALLER
from server.api.deps import deps
from server.api.sessions import answer
from server.policy.cases import CaseKind
from server.policy.operators import Right
from server.standing import PersonRef
from server.store import views_desk as views
from server.store.views_desk import About, Note
from signaling.errors import NotFound
from signaling.messages import Time
from signaling.session import Ms


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class WhoAnswer(Answer):
    """An account or a key; its name, if there still is one."""

    id: str
    name: str | None


class CaseSummary(Answer):
    """What one wants to see of it in a list."""

    status: str | None = Field(description="of the refund; or what it is about: a category, a measure")
    amount: Money | None = Field(description="of the refund: what was asked for, or may be")
    flags: tuple[str, ...]
    title: str | None


class CaseAnswer(Answer):
    """One matter that waits for an operator."""

    id: str
    kind: CaseKind
    state: Literal["open", "waiting", "closed"]
    opened_at: Time
    due_at: Time
    overdue: bool
    closed_at: Time | None
    assignee: WhoAnswer | None
    subject: str = Field(description="a ticket, a sanction or a session")
    session: str | None
    person: PersonRef | None
    summary: CaseSummary
    version: int


class CaseList(Answer):
    data: tuple[CaseAnswer, ...]
    next_cursor: str | None


class NoteAnswer(Answer):
    """What an operator wrote for the others; plain text."""

    id: str
    session: str | None
    person: str | None
    text: str
    by: WhoAnswer
    at: Time
    mine: bool


class NoteList(Answer):
    data: tuple[NoteAnswer, ...]
    next_cursor: str | None


async def many(request: web.Request) -> web.Response:
    """The soonest due first."""
    asked, here = requests.query(request, requests_desk.CasesQuery), deps(request)
    after, now = requests.list_cursor(asked.cursor), here.clock()
    found = await views.queue(here.database, asked.wanted(request[CALLER].key), now, after, asked.limit + 1)
    shown = found[: asked.limit]
    names = await views.names(here.database, (each.case.assignee for each in shown))
    last = requests.pack_cursor(shown[-1].case.due_at, shown[-1].case.id) if len(found) > asked.limit else None
    return answer(CaseList(data=tuple(_case(each, names, now) for each in shown), next_cursor=last))


async def get(request: web.Request) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    return answer(await _one(request, id_))


async def change(request: web.Request) -> web.Response:
    """Take it, hand it over, put it off, close it."""
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests_desk.CaseBody)
    me = request[CALLER].key
    await deps(request).desk.cases.change(id_, given.value(me), me)
    return answer(await _one(request, id_))


async def of_session(request: web.Request) -> web.Response:
    """Newest first."""
    id_ = requests.session_id(request)
    await deps(request).desk.record(id_)
    return await _notes(request, session=id_)


async def of_person(request: web.Request) -> web.Response:
    id_ = requests.person_id(request)
    found = await views.pseudonym(deps(request).database, id_)
    if found is None:
        raise NotFound("There is no person with this id.", code="person_not_found")
    return await _notes(request, person=found[0])


async def note_session(request: web.Request) -> web.Response:
    id_ = requests.session_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests_desk.NoteBody)
    return await _noted(request, await deps(request).desk.cases.note(given.text, request[CALLER].key, session=id_))


async def note_person(request: web.Request) -> web.Response:
    id_ = requests.person_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests_desk.NoteBody)
    return await _noted(request, await deps(request).desk.cases.note(given.text, request[CALLER].key, person=id_))


async def remove_note(request: web.Request) -> web.Response:
    """One's own; an admin's, anybody's."""
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    caller = request[CALLER]
    any_ = caller.signed is not None and Right.ADMIN in caller.signed.rights
    await deps(request).desk.cases.remove_note(id_, caller.key, any_=any_)
    return web.Response(status=204)


# --- helpers ----------------------------------------------------------------------------------------------------------


async def _one(request: web.Request, id_: str) -> CaseAnswer:
    here = deps(request)
    found = await views.one_case(here.database, id_)
    if found is None:
        raise NotFound("There is no case with this id.", code="case_not_found")
    return _case(found, await views.names(here.database, [found.case.assignee]), here.clock())


def _case(about: About, names: dict[str, str], now: Ms) -> CaseAnswer:
    case = about.case
    money = (
        Money(amount=about.amount, currency=about.currency)
        if case.kind is CaseKind.REFUND and about.amount is not None and about.currency is not None
        else None
    )
    flags = tuple((case.status or "").split()) if case.kind is CaseKind.FLAG else ()
    known = case.person is not None and about.person_id is not None
    return CaseAnswer.model_validate(
        {
            "id": case.id,
            "kind": case.kind,
            "state": case.state,
            "opened_at": case.opened_at,
            "due_at": case.due_at,
            "overdue": case.state != "closed" and case.due_at <= now,
            "closed_at": case.closed_at,
            "assignee": WhoAnswer(id=case.assignee, name=names.get(case.assignee)) if case.assignee else None,
            "subject": case.subject,
            "session": case.session_id,
            "person": PersonRef(id=about.person_id or "", pseudonym=case.person or "") if known else None,
            "summary": CaseSummary(status=None if flags else case.status, amount=money, flags=flags, title=about.title),
            "version": case.version,
        }
    )


async def _notes(request: web.Request, session: str | None = None, person: str | None = None) -> web.Response:
    asked, here = requests.query(request, requests_desk.NotesQuery), deps(request)
    before = requests.list_cursor(asked.cursor)
    found = await views.notes(here.database, session=session, person=person, before=before, limit=asked.limit + 1)
    shown = found[: asked.limit]
    last = requests.pack_cursor(shown[-1].created_at, shown[-1].id) if len(found) > asked.limit else None
    names = await views.names(here.database, (note.who for note in shown))
    me = request[CALLER].key
    return answer(NoteList(data=tuple(_note(note, names, me) for note in shown), next_cursor=last))


async def _noted(request: web.Request, note: Note) -> web.Response:
    names = await views.names(deps(request).database, [note.who])
    return answer(_note(note, names, request[CALLER].key), 201)


def _note(note: Note, names: dict[str, str], me: str) -> NoteAnswer:
    return NoteAnswer(
        id=note.id,
        session=note.session_id,
        person=note.person,
        text=note.body,
        by=WhoAnswer(id=note.who, name=names.get(note.who)),
        at=note.created_at,
        mine=note.who == me,
    )
