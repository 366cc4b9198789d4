"""Doors to persons: their standing, sanctions and appeals, ratings, and the operators' log.

Each reads its request, calls the desk and shows what came of it. The operator is the key that calls, and always says
why. A key that may only book sees of a person what it needs to know why somebody cannot be booked, and nobody's words.
"""

from __future__ import annotations

from aiohttp import web

from server.api import requests
from server.api.access import CALLER
from server.api.deps import deps
from server.api.sessions import answer
from server.policy.people import Sanction
from server.policy.punctuality import Mark
from server.policy.punctuality import series as punctuality_series
from server.standing import (
    AuditList,
    PersonList,
    PersonRef,
    PersonSummary,
    SanctionAnswer,
    SanctionList,
    audit_entry,
    person_answer,
    rating_answer,
    recent_answer,
    sanction_answer,
    series_answer,
)
from server.store import views, views_desk
from server.store.views import File, PersonRow

RECENT = 20
"""How many of an expert's slots a list shows."""

SEES_ALL = frozenset({"read", "moderation"})


async def get(request: web.Request) -> web.Response:
    """Everything about a person, with the reasons (P1.5 to P1.8, P2.8)."""
    id_ = requests.person_id(request)
    requests.query(request, requests.NoQuery)
    here = deps(request)
    found = await here.desk.standing(id_)
    names = (await views.shelf(here.database, [found.file.person.pseudonym])).names
    whole = bool(SEES_ALL & request[CALLER].scopes)
    terms, now = here.desk.rules.terms, here.clock()
    shown = person_answer(found.file, found.factor, found.signals, found.texts, names, terms, now, whole=whole)
    called = await views_desk.called(here.database, [found.file.person.person_id])
    return answer(shown.model_copy(update={"name": called.get(found.file.person.person_id)}))


async def many(request: web.Request) -> web.Response:
    asked = requests.query(request, requests.PeopleQuery)
    after = requests.person_cursor(asked.cursor)
    here = deps(request)
    found = await views.people_page(
        here.database, asked.role, asked.sort, here.clock(), after, asked.limit + 1, asked.q
    )
    shown = found[: asked.limit]
    last = requests.pack_cursor(shown[-1].key, shown[-1].pseudonym) if len(found) > asked.limit else None
    names = await views_desk.called(here.database, [row.person_id for row in shown])
    series = await views_desk.marks(here.database, [row.pseudonym for row in shown], RECENT) if asked.series else {}
    data = tuple(_summary(row, names.get(row.person_id), series.get(row.pseudonym)) for row in shown)
    return answer(PersonList(data=data, next_cursor=last))


async def series(request: web.Request) -> web.Response:
    """An expert's last slots with what each made of its punctuality (P1.5), for a plot."""
    id_ = requests.person_id(request)
    asked = requests.query(request, requests.SeriesQuery)
    here = deps(request)
    file = (await here.desk.standing(id_)).file
    pseudonym, terms = file.person.pseudonym, here.desk.rules.terms
    found = await views_desk.marks(here.database, [pseudonym], asked.limit + 10 * terms.window)
    points = punctuality_series(found[pseudonym], file.dossier.excused, terms, here.clock(), asked.limit)
    return answer(series_answer(points, terms))


# --- sanctions --------------------------------------------------------------------------------------------------------


async def sanctions(request: web.Request) -> web.Response:
    asked = requests.query(request, requests.SanctionsQuery)
    after = requests.list_cursor(asked.cursor)
    here = deps(request)
    terms, now = here.desk.rules.terms, here.clock()
    found, shelf = await views.sanctions_page(
        here.database, open_=asked.open, now=now, after=after, limit=asked.limit + 1
    )
    shown, last = found[: asked.limit], None
    data = tuple(
        sanction_answer(file, file.dossier.sanctions[id_], shelf.texts, terms, now)
        for file, id_ in ((shelf.files[person], id_) for person, id_ in shown)
    )
    if len(found) > asked.limit:
        last = requests.pack_cursor(data[-1].imposed_at, data[-1].id)
    return answer(SanctionList(data=data, next_cursor=last))


async def impose(request: web.Request) -> web.Response:
    """An operator's own sanction (P4.1)."""
    id_ = requests.person_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.SanctionBody)
    file = await deps(request).desk.impose(
        id_,
        request[CALLER].key,
        measure=given.measure,
        roles=given.roles,
        until=given.until,
        law=given.law,
        reason=given.reason,
    )
    return answer(await _sanction(request, file, _newest(file, request[CALLER].key)), 201)


async def lift(request: web.Request) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.WhyBody)
    file = await deps(request).desk.decide_sanction(id_, "lift", request[CALLER].key, given.reason)
    return answer(await _sanction(request, file, file.dossier.sanctions[id_]))


async def confirm(request: web.Request) -> web.Response:
    """A hold becomes the sanction itself (P2.3), which is what is answered."""
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.WhyBody)
    file = await deps(request).desk.decide_sanction(id_, "confirm", request[CALLER].key, given.reason)
    return answer(await _sanction(request, file, _newest(file, request[CALLER].key)))


async def appeal(request: web.Request) -> web.Response:
    """One that came to the operators by another way, filed for the person (P2.7)."""
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.TextBody)
    file = await deps(request).desk.appeal_for(id_, request[CALLER].key, given.text)
    return answer(await _sanction(request, file, file.dossier.sanctions[id_]), 201)


async def decide_appeal(request: web.Request) -> web.Response:
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.AppealDecisionBody)
    desk, key = deps(request).desk, request[CALLER].key
    if given.decision == "granted":
        file = await desk.decide_sanction(id_, "appeal.granted", key, given.reason)
    else:
        file = await desk.decide_sanction(id_, "appeal.refused", key, given.reason)
    return answer(await _sanction(request, file, file.dossier.sanctions[id_]))


# --- ratings, and the operators' log ----------------------------------------------------------------------------------


async def void(request: web.Request) -> web.Response:
    """Take a rating out (P2.1)."""
    id_ = requests.record_id(request)
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, requests.WhyBody)
    here = deps(request)
    file = await here.desk.void_rating(id_, request[CALLER].key, given.reason)
    shelf = await views.shelf(here.database, [file.person.pseudonym])
    rating, terms = file.dossier.ratings[id_], here.desk.rules.terms
    return answer(rating_answer(rating, shelf.texts, shelf.names, terms, here.clock()))


async def audit(request: web.Request) -> web.Response:
    """Every act of an operator, hash-chained (P2.7)."""
    asked = requests.query(request, requests.AuditQuery)
    after = requests.number_cursor(asked.cursor)
    here = deps(request)
    entries, texts = await views.audit(
        here.database, asked.wanted(), after=asked.after if after is None else after, limit=asked.limit + 1
    )
    data = tuple(audit_entry(entry, texts) for entry in entries[: asked.limit])
    names = await views_desk.names(here.database, (entry.who for entry in data))
    last = requests.pack_cursor(data[-1].seq) if len(entries) > asked.limit else None
    named = tuple(entry.model_copy(update={"name": names.get(entry.who)}) for entry in data)
    return answer(AuditList(data=named, next_cursor=last))


# --- helpers ----------------------------------------------------------------------------------------------------------


async def _sanction(request: web.Request, file: File, sanction: Sanction) -> SanctionAnswer:
    here = deps(request)
    shelf = await views.shelf(here.database, [file.person.pseudonym])
    return sanction_answer(file, sanction, shelf.texts, here.desk.rules.terms, here.clock())


def _newest(file: File, by: str) -> Sanction:
    """The one that this operator imposed last, as they stand on the ledger."""
    return [each for each in file.dossier.sanctions.values() if each.imposed.by == by][-1]


def _summary(row: PersonRow, name: str | None, marks: list[Mark] | None) -> PersonSummary:
    return PersonSummary(
        **dict(PersonRef(id=row.person_id, pseudonym=row.pseudonym)),
        name=name,
        badge=row.badge,
        punctuality_bps=row.punctuality_bps,
        counted=row.counted,
        fee_factor_bps=row.factor_bps,
        complaints=row.complaints,
        sanctioned=row.sanctioned,
        erased_at=row.erased_at,
        recent=recent_answer(marks) if marks is not None else None,
    )
