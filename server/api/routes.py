"""One table of routes, read by the router and by the OpenAPI document alike, and the application made of it.

A row says who may call, what is taken, what is answered and which refusals are to be expected. It decides nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from server.answers import SessionAnswer
from server.api import (
    access,
    archive,
    complaints,
    docs,
    health,
    me,
    middleware,
    openapi,
    pages,
    people,
    receipts,
    requests,
    sessions,
)
from server.api.deps import DEPS, Deps
from server.api.route import Handler, Open, Route
from server.standing import (
    AuditList,
    ComplaintAnswer,
    ComplaintList,
    PersonAnswer,
    PersonList,
    RatingAnswer,
    SanctionAnswer,
    SanctionList,
)
from signaling.messages import View

READ = frozenset({"sessions", "read", "moderation"})
BOOK = frozenset({"sessions"})
OPERATE = frozenset({"sessions", "moderation"})
SEE = frozenset({"read", "moderation"})
MODERATE = frozenset({"moderation"})


_SESSION = ((200, SessionAnswer),)
_GONE = "404 session_not_found"
_OVER = "409 session_over"
_PACE = "429 too_many_requests"
_NO_SANCTION = "404 sanction_not_found"
_NO_COMPLAINT = "404 complaint_not_found"

ROUTES: tuple[Route, ...] = (
    Route(
        "PUT",
        "/v1/sessions/{id}",
        sessions.put,
        BOOK,
        "Book, move or correct a session",
        "sessions",
        ((201, sessions.BookedAnswer), (200, sessions.BookedAnswer)),
        (
            "400 bad_precondition",
            _OVER,
            "409 party_sanctioned",
            "409 slot_started",
            "409 stale",
            "412 precondition_failed",
            "422 same_person",
            "422 slot_over",
            "422 end_too_near",
        ),
        body=requests.BookingBody,
        etag=True,
    ),
    Route("GET", "/v1/sessions/{id}", sessions.get, READ, "One session", "sessions", _SESSION, (_GONE,), etag=True),
    Route(
        "GET",
        "/v1/sessions",
        sessions.many,
        READ,
        "Sessions by start, oldest first",
        "sessions",
        ((200, sessions.SessionList),),
        query=requests.ListQuery,
    ),
    Route(
        "DELETE",
        "/v1/sessions/{id}",
        sessions.cancel,
        BOOK,
        "Cancel a session",
        "sessions",
        _SESSION,
        (_GONE, _OVER, "409 session_started"),
        query=requests.CancelQuery,
        etag=True,
    ),
    Route(
        "POST",
        "/v1/sessions/{id}/end",
        sessions.end,
        OPERATE,
        "End a session as an operator",
        "sessions",
        _SESSION,
        (_GONE, _OVER),
        body=requests.ReasonBody,
        etag=True,
    ),
    Route(
        "POST",
        "/v1/sessions/{id}/remove/{role}",
        sessions.remove,
        OPERATE,
        "Remove a party, which ends the session",
        "sessions",
        _SESSION,
        (_GONE, _OVER),
        body=requests.ReasonBody,
        etag=True,
    ),
    Route(
        "POST",
        "/v1/sessions/{id}/excuse",
        sessions.excuse,
        MODERATE,
        "An expert's mark that does not count",
        "sessions",
        _SESSION,
        (_GONE, "409 not_settled", "409 nothing_to_contest", "409 already_excused", "422 no_such_slot"),
        body=requests.ExcuseBody,
        etag=True,
    ),
    Route(
        "POST",
        "/v1/sessions/{id}/revise",
        sessions.revise,
        MODERATE,
        "Revise a settlement",
        "sessions",
        _SESSION,
        (
            _GONE,
            "409 not_settled",
            "409 refund_not_possible",
            "422 amount_too_high",
            "422 nothing_revised",
            "422 wrong_currency",
        ),
        body=requests.RevisionBody,
        etag=True,
    ),
    Route(
        "POST",
        "/v1/sessions/{id}/links",
        sessions.links,
        BOOK,
        "New join links; the old ones stop working",
        "sessions",
        _SESSION,
        (_GONE,),
        body=requests.LinksBody,
        etag=True,
    ),
    Route(
        "GET",
        "/v1/sessions/{id}/ledger",
        sessions.ledger,
        READ,
        "Everything that happened, hash-chained",
        "sessions",
        ((200, sessions.LedgerPage),),
        (_GONE,),
        query=requests.LedgerQuery,
    ),
    Route(
        "GET",
        "/v1/sessions/{id}/receipt",
        receipts.of_session,
        READ,
        "A party's signed attendance receipt",
        "sessions",
        ((200, receipts.ReceiptAnswer), (200, receipts.JOSE)),
        (_GONE, "409 not_settled"),
        query=receipts.ReceiptQuery,
    ),
    Route(
        "GET",
        "/v1/sessions/{id}/calendar.ics",
        sessions.invitation,
        BOOK,
        "The appointment with a party's link",
        "sessions",
        ((200, "text/calendar"),),
        (_GONE,),
        query=requests.RoleQuery,
    ),
    Route(
        "POST",
        "/v1/sessions/{id}/refund/decision",
        sessions.decide,
        BOOK,
        "Approve or decline a refund",
        "refunds",
        _SESSION,
        (_GONE, "409 refund_not_possible", "422 amount_too_high", "422 note_needed", "422 wrong_currency"),
        body=requests.DecisionBody,
        etag=True,
    ),
    Route(
        "POST",
        "/v1/sessions/{id}/refund/settled",
        sessions.paid,
        BOOK,
        "Say that an approved refund was paid",
        "refunds",
        _SESSION,
        (_GONE, "409 refund_not_possible"),
        body=requests.PaidBody,
        etag=True,
    ),
    Route("GET", "/v1/me", me.get, Open.PARTY, "A party's whole view of its session", "party", ((200, View),)),
    Route(
        "POST",
        "/v1/me/check",
        me.check,
        Open.PARTY,
        "The result of a device check",
        "party",
        ((200, View),),
        (_OVER, _PACE),
        body=requests.CheckBody,
    ),
    Route(
        "POST",
        "/v1/me/guidelines",
        me.guidelines,
        Open.PARTY,
        "Accept or decline the guidelines",
        "party",
        ((200, View),),
        (_OVER, "409 guidelines_changed", _PACE),
        body=requests.AcceptBody,
    ),
    Route(
        "POST",
        "/v1/me/refund",
        me.refund,
        Open.PARTY,
        "Ask for a refund",
        "party",
        ((200, View),),
        (
            "403 not_yours",
            "409 refund_not_possible",
            "409 refund_expired",
            "422 amount_too_high",
            "422 wrong_currency",
            _PACE,
        ),
        body=requests.RefundBody,
    ),
    Route(
        "POST",
        "/v1/me/rating",
        me.rating,
        Open.PARTY,
        "Rate the other party",
        "party",
        ((200, View),),
        ("409 never_met", "409 session_not_over", "409 rating_closed", "409 already_rated", "422 bad_tags", _PACE),
        body=requests.RatingBody,
    ),
    Route(
        "POST",
        "/v1/me/rating/answer",
        me.rating_answer,
        Open.PARTY,
        "Answer one's own rating",
        "party",
        ((200, View),),
        ("404 not_found", "409 already_answered", "409 rating_voided", _PACE),
        body=requests.TextBody,
    ),
    Route(
        "POST",
        "/v1/me/complaints",
        me.complaint,
        Open.PARTY,
        "Complain about the other party",
        "party",
        ((201, me.TicketAnswer),),
        ("409 session_not_met", "409 nobody_came", "409 complaint_expired", "409 already_complained", _PACE),
        body=requests.ComplaintBody,
    ),
    Route(
        "POST",
        "/v1/me/cause",
        me.cause,
        Open.PARTY,
        "Say that the session could not be held",
        "party",
        ((200, View),),
        (
            "403 not_yours",
            "409 session_not_over",
            "409 refund_expired",
            "409 already_claimed",
            "409 refund_not_possible",
            _PACE,
        ),
        body=requests.CauseBody,
    ),
    Route(
        "POST",
        "/v1/me/dispute",
        me.dispute,
        Open.PARTY,
        "Not accept that a refund was declined",
        "party",
        ((200, View),),
        ("403 not_yours", "409 already_disputed", "409 refund_not_possible", "409 dispute_expired", _PACE),
        body=requests.OptionalTextBody,
    ),
    Route(
        "POST",
        "/v1/me/appeal",
        me.appeal,
        Open.PARTY,
        "Appeal against a sanction",
        "party",
        ((200, View),),
        ("404 not_found", "409 sanction_over", "409 already_appealed", "409 appeal_expired", _PACE),
        body=requests.AppealBody,
    ),
    Route(
        "POST",
        "/v1/me/contest",
        me.contest,
        Open.PARTY,
        "Say that one's own attendance is not as it is written",
        "party",
        ((200, View),),
        ("409 not_settled", "409 nothing_to_contest", "409 already_contested", "409 already_excused", _PACE),
        body=requests.TextBody,
    ),
    Route(
        "POST",
        "/v1/me/leaving",
        me.leaving,
        Open.PARTY,
        "This page is closing",
        "party",
        ((204, None),),
        body=requests.LeavingBody,
    ),
    Route(
        "GET",
        "/v1/me/receipt",
        receipts.mine,
        Open.PARTY,
        "One's own signed attendance receipt",
        "party",
        ((200, receipts.ReceiptAnswer), (200, receipts.JOSE)),
        ("409 not_settled",),
    ),
    Route(
        "GET",
        "/v1/people/{id}",
        people.get,
        READ,
        "One person's standing, with all its reasons",
        "people",
        ((200, PersonAnswer),),
        ("404 person_not_found",),
    ),
    Route(
        "GET",
        "/v1/people",
        people.many,
        SEE,
        "Persons, those first who need looking at",
        "people",
        ((200, PersonList),),
        query=requests.PeopleQuery,
    ),
    Route(
        "POST",
        "/v1/people/{id}/sanctions",
        people.impose,
        MODERATE,
        "Sanction a person where it is proven",
        "people",
        ((201, SanctionAnswer),),
        ("404 person_not_found", "422 bad_until"),
        body=requests.SanctionBody,
    ),
    Route(
        "GET",
        "/v1/sanctions",
        people.sanctions,
        SEE,
        "Sanctions, newest first",
        "people",
        ((200, SanctionList),),
        query=requests.SanctionsQuery,
    ),
    Route(
        "POST",
        "/v1/sanctions/{id}/lift",
        people.lift,
        MODERATE,
        "Lift a sanction",
        "people",
        ((200, SanctionAnswer),),
        (_NO_SANCTION, "409 sanction_over"),
        body=requests.WhyBody,
    ),
    Route(
        "POST",
        "/v1/sanctions/{id}/confirm",
        people.confirm,
        MODERATE,
        "Make a hold the sanction itself",
        "people",
        ((200, SanctionAnswer),),
        (_NO_SANCTION, "409 nothing_to_confirm", "409 sanction_over", "409 appeal_open"),
        body=requests.WhyBody,
    ),
    Route(
        "POST",
        "/v1/sanctions/{id}/appeal",
        people.appeal,
        MODERATE,
        "File an appeal for the person",
        "people",
        ((201, SanctionAnswer),),
        (_NO_SANCTION, "409 sanction_over", "409 already_appealed", "409 appeal_expired"),
        body=requests.TextBody,
    ),
    Route(
        "POST",
        "/v1/sanctions/{id}/appeal/decision",
        people.decide_appeal,
        MODERATE,
        "Decide an appeal",
        "people",
        ((200, SanctionAnswer),),
        (_NO_SANCTION, "409 not_appealed", "409 already_decided"),
        body=requests.AppealDecisionBody,
    ),
    Route(
        "GET",
        "/v1/complaints",
        complaints.many,
        SEE,
        "Complaints, newest first",
        "people",
        ((200, ComplaintList),),
        query=requests.ComplaintsQuery,
    ),
    Route(
        "POST",
        "/v1/complaints/{id}/uphold",
        complaints.uphold,
        MODERATE,
        "Uphold a complaint",
        "people",
        ((200, ComplaintAnswer),),
        (_NO_COMPLAINT, "409 already_upheld"),
        body=requests.WhyBody,
    ),
    Route(
        "POST",
        "/v1/complaints/{id}/dismiss",
        complaints.dismiss,
        MODERATE,
        "Dismiss a complaint",
        "people",
        ((200, ComplaintAnswer),),
        (_NO_COMPLAINT, "409 already_dismissed"),
        body=requests.WhyBody,
    ),
    Route(
        "POST",
        "/v1/complaints/{id}/recategorise",
        complaints.recategorise,
        MODERATE,
        "File a complaint under another category",
        "people",
        ((200, ComplaintAnswer),),
        (_NO_COMPLAINT, "409 same_category"),
        body=requests.RecategoriseBody,
    ),
    Route(
        "POST",
        "/v1/ratings/{id}/void",
        people.void,
        MODERATE,
        "Take a rating out",
        "people",
        ((200, RatingAnswer),),
        ("404 rating_not_found", "409 already_voided"),
        body=requests.WhyBody,
    ),
    Route(
        "GET",
        "/v1/audit",
        people.audit,
        SEE,
        "What operators did, hash-chained",
        "people",
        ((200, AuditList),),
        query=requests.AuditQuery,
    ),
    Route(
        "GET",
        "/v1/people/{id}/export",
        archive.export,
        MODERATE,
        "Everything that is kept of a person",
        "people",
        ((200, archive.Export),),
        ("404 person_not_found",),
    ),
    Route(
        "POST",
        "/v1/people/{id}/erase",
        archive.erase,
        MODERATE,
        "Take away what names a person; what money or a sanction stands on stays, under a pseudonym",
        "people",
        ((204, None),),
        ("404 person_not_found", "409 sessions_open"),
        body=requests.ReasonBody,
    ),
    Route(
        "GET",
        "/.well-known/jwks.json",
        receipts.jwks,
        Open.EVERYONE,
        "The keys that receipts are checked with",
        "service",
        ((200, receipts.JwkSet),),
    ),
    Route(
        "GET",
        "/v1/me/calendar.ics",
        me.invitation,
        Open.PARTY,
        "The appointment with one's own link",
        "party",
        ((200, "text/calendar"),),
    ),
    Route("GET", "/healthz", health.healthz, Open.EVERYONE, "The process runs", "service", ((200, health.Alive),)),
    Route(
        "GET",
        "/readyz",
        health.readyz,
        Open.EVERYONE,
        "Whether new sessions should come here",
        "service",
        ((200, health.Ready), (503, health.Ready)),
    ),
    Route("GET", "/version", health.version, Open.EVERYONE, "What runs", "service", ((200, health.Version),)),
    Route(
        "GET",
        "/metrics",
        health.metrics,
        frozenset({"read"}),
        "Gauges for Prometheus",
        "service",
        ((200, "text/plain"),),
    ),
    Route("GET", "/openapi.json", docs.document, Open.EVERYONE),
    Route("GET", "/docs", docs.page, Open.EVERYONE),
    Route("GET", "/docs/style.css", docs.style, Open.EVERYONE),
    Route("GET", "/", pages.home, Open.EVERYONE),
    Route("GET", "/s/{id}", pages.session, Open.EVERYONE),
    Route("GET", "/s/{id}/receipt", pages.receipt, Open.EVERYONE),
    Route("GET", "/assets/{path:.+}", pages.asset, Open.EVERYONE),
    Route("GET", "/demo.json", pages.demo, Open.EVERYONE),
)


def build_app(deps: Deps) -> web.Application:
    """The HTTP application. Sockets may be attached to it; their paths are left alone."""
    app = web.Application(
        client_max_size=requests.MAX_BODY,
        middlewares=[middleware.log_access, middleware.say_problems],
    )
    app[DEPS] = deps
    app[health.METRICS] = health.Metrics()
    app[docs.DOCUMENT] = openapi.build(ROUTES)
    app.on_response_prepare.append(middleware.add_headers)
    for route in ROUTES:
        handler = guarded(route)
        app.router.add_route(route.method, route.path, handler, expect_handler=middleware.expect)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, handler, expect_handler=middleware.expect)
    return app


SERVER_OPTIONS: Mapping[str, Any] = {
    "access_log": None,  # ours has no queries in it (security §2.12)
    "auto_decompress": False,  # no bombs; and a body that does not unpack breaks aiohttp's loop past every middleware
}
"""What ``web.AppRunner`` must be told, so that the doors behave as they say."""


def guarded(route: Route) -> Handler:
    """The route's handler behind the proof of who calls."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if route.access is Open.PARTY:
            request[access.ADMISSION] = await access.by_token(request)
        elif isinstance(route.access, frozenset):
            request[access.CALLER] = await access.by_key(request, route.access)
        return await route.handler(request)

    return handle


__all__ = ["ROUTES", "SERVER_OPTIONS", "Deps", "Open", "Route", "build_app"]
