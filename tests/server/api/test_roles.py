"""Default deny, for every role on every route: a table written by hand, beside the one that the doors obey.

A route that is new is in no column until somebody has thought about it, and then this fails.
"""

from __future__ import annotations

from typing import Any

import pytest

from server.api.route import Open
from server.api.routes import ROUTES
from server.policy.operators import OperatorRole
from tests.server.api.conftest import ALL as EVERY_SCOPE
from tests.server.api.conftest import World
from tests.server.api.operators import Browser, operator

S, T, F, A = OperatorRole.SUPPORT, OperatorRole.TRUST, OperatorRole.FINANCE, OperatorRole.ADMIN
ALL, NOBODY = {S, T, F, A}, set[OperatorRole]()

MAY: dict[str, set[OperatorRole]] = {
    # sessions
    "PUT /v1/sessions/{id}": NOBODY,
    "GET /v1/sessions/{id}": ALL,
    "GET /v1/sessions": ALL,
    "GET /v1/sessions.csv": ALL,
    "DELETE /v1/sessions/{id}": {S, T, A},
    "POST /v1/sessions/{id}/end": {S, T, A},
    "POST /v1/sessions/{id}/remove/{role}": {S, T, A},
    "POST /v1/sessions/{id}/links": {S, A},
    "POST /v1/sessions/{id}/excuse": {T, A},
    "POST /v1/sessions/{id}/revise": {T, A},
    "POST /v1/sessions/{id}/refund/decision": {F, A},
    "POST /v1/sessions/{id}/refund/settled": {F, A},
    "GET /v1/sessions/{id}/ledger": ALL,
    "GET /v1/sessions/{id}/receipt": ALL,
    "GET /v1/sessions/{id}/calendar.ics": NOBODY,
    "GET /v1/sessions/{id}/story": ALL,
    "GET /v1/sessions/{id}/deliveries": ALL,
    "GET /v1/sessions/{id}/quality": ALL,
    # the desk
    "GET /v1/overview": ALL,
    "GET /v1/live": ALL,
    "GET /v1/health": ALL,
    "GET /v1/statistics": ALL,
    "GET /v1/sessions/{id}/notes": ALL,
    "POST /v1/sessions/{id}/notes": ALL,
    "GET /v1/people/{id}/notes": ALL,
    "POST /v1/people/{id}/notes": ALL,
    "DELETE /v1/notes/{id}": ALL,
    "GET /v1/cases": ALL,
    "GET /v1/cases/{id}": ALL,
    "PATCH /v1/cases/{id}": ALL,
    "POST /v1/bulk/cancel": {S, A},
    "POST /v1/bulk/refunds": {F, A},
    "POST /v1/bulk/outage": {A},
    # persons
    "GET /v1/people/{id}": ALL,
    "GET /v1/people": ALL,
    "GET /v1/people/{id}/punctuality": ALL,
    "POST /v1/people/{id}/sanctions": {T, A},
    "GET /v1/sanctions": ALL,
    "POST /v1/sanctions/{id}/lift": {T, A},
    "POST /v1/sanctions/{id}/confirm": {T, A},
    "POST /v1/sanctions/{id}/appeal": {T, A},
    "POST /v1/sanctions/{id}/appeal/decision": {T, A},
    "GET /v1/complaints": ALL,
    "POST /v1/complaints/{id}/uphold": {T, A},
    "POST /v1/complaints/{id}/dismiss": {T, A},
    "POST /v1/complaints/{id}/recategorise": {T, A},
    "POST /v1/ratings/{id}/void": {T, A},
    "GET /v1/audit": ALL,
    "GET /v1/people/{id}/export": {A},
    "POST /v1/people/{id}/erase": {A},
    # what goes out, and comes in
    "POST /v1/endpoints": {A},
    "GET /v1/endpoints": ALL,
    "GET /v1/endpoints/{id}": ALL,
    "PATCH /v1/endpoints/{id}": {A},
    "DELETE /v1/endpoints/{id}": {A},
    "POST /v1/endpoints/{id}/rotate": {A},
    "POST /v1/endpoints/{id}/test": {A},
    "POST /v1/endpoints/{id}/resend": {A},
    "GET /v1/endpoints/{id}/deliveries": ALL,
    "GET /v1/deliveries/{id}": ALL,
    "POST /v1/deliveries/{id}/resend": {A},
    "GET /v1/events": NOBODY,
    "POST /v1/sources": {A},
    "GET /v1/sources": {A},
    "GET /v1/sources/{name}": {A},
    "PATCH /v1/sources/{name}": {A},
    "DELETE /v1/sources/{name}": {A},
    "POST /v1/sources/{name}/rotate": {A},
    "GET /v1/sources/{name}/messages": {A},
    # who operates
    "GET /v1/operators": ALL,
    "POST /v1/operators": {A},
    "PATCH /v1/operators/{id}": {A},
    "POST /v1/operators/{id}/reset": {A},
    "POST /v1/operators/{id}/revoke": {A},
    "POST /v1/operators/{id}/sign-out": {A},
    "GET /v1/keys": {A},
    "POST /v1/keys": {A},
    "DELETE /v1/keys/{id}": {A},
    "GET /metrics": NOBODY,
}

GUARDED = {f"{route.method} {route.path}": route for route in ROUTES if isinstance(route.access, frozenset)}
NO_KEY_MAY = {name for name, route in GUARDED.items() if not route.access}


def test_every_guarded_route_was_thought_about() -> None:
    assert set(GUARDED) == set(MAY)


def test_what_is_open_to_everyone_is_known() -> None:
    """Beside the pages, what probes ask and what is signed: the dashboard's door, which asks by itself."""
    opened = {f"{r.method} {r.path}" for r in ROUTES if r.access is Open.EVERYONE and "dashboard" in r.path}
    assert opened == {
        "POST /dashboard/sign-in",
        "POST /dashboard/setup",
        "POST /dashboard/setup/confirm",
        "GET /dashboard/live",
        "GET /dashboard",
        "GET /dashboard/{view:.*}",
    }
    assert {f"{r.method} {r.path}" for r in ROUTES if r.access is Open.SIGNED_IN} == {
        "GET /dashboard/me",
        "POST /dashboard/sign-out",
    }


@pytest.mark.parametrize("role", OperatorRole)
async def test_each_role_may_what_it_may_and_nothing_else(world: World, role: OperatorRole) -> None:
    browser = await operator(world, role)
    wrong = []
    for name in GUARDED:
        method, path = name.split(" ")
        for field, value in (("{id}", "T-NOBODY"), ("{role}", "client"), ("{name}", "nobody")):
            path = path.replace(field, value)
        response = await browser.call(method, path, **({"json": {}} if method not in ("GET", "DELETE") else {}))
        let_in = not (response.status == 403 and (await response.json())["code"] == "not_allowed")
        assert response.status not in (401, 500), (name, await response.text())
        if let_in != (role in MAY[name]):
            wrong.append((name, response.status))
    assert wrong == []


@pytest.mark.parametrize("scope", ["sessions", "moderation", "endpoints", "read"])
async def test_a_key_makes_no_account_and_no_key(world: World, scope: str) -> None:
    secret = await world.key(scope)
    for name in sorted(NO_KEY_MAY):
        method, path = name.split(" ")
        more: dict[str, Any] = {"json": {}} if method not in ("GET", "DELETE") else {}
        response = await world.call(method, path.replace("{id}", "x"), secret, **more)
        assert (response.status, (await response.json())["code"]) == (403, "insufficient_scope"), name
    assert {name for name in MAY if "/v1/keys" in name or ("/v1/operators" in name and "POST" in name)} | {
        "PATCH /v1/operators/{id}"
    } == NO_KEY_MAY


async def test_a_key_in_a_browser_makes_none_either(world: World) -> None:

    browser = Browser(world)
    await browser.enter(key=EVERY_SCOPE)
    for name in sorted(NO_KEY_MAY):
        method, path = name.split(" ")
        more: dict[str, Any] = {"json": {}} if method not in ("GET", "DELETE") else {}
        response = await browser.call(method, path.replace("{id}", "x"), **more)
        assert (response.status, (await response.json())["code"]) == (403, "insufficient_scope"), name
