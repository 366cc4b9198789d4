"""The rows of the table of routes that the dashboard brings (``routes.py`` is the table).

Those under ``/dashboard`` are for its own page alone and stand in no document; those under ``/v1`` are part of the API.
"""

from __future__ import annotations

from server.api import dashboard, operators, requests
from server.api.route import Open, Route
from server.policy.operators import Right

SEE = frozenset({"read", "moderation"})
NO_KEY: frozenset[str] = frozenset()
_NO_OPERATOR = "404 operator_not_found"
_ENDED = "409 operator_revoked"
_LAST = "409 last_admin"

OWN: tuple[Route, ...] = (
    Route("POST", "/dashboard/sign-in", dashboard.sign_in, Open.EVERYONE),
    Route("POST", "/dashboard/sign-out", dashboard.sign_out, Open.SIGNED_IN),
    Route("GET", "/dashboard/me", dashboard.me, Open.SIGNED_IN),
    Route("POST", "/dashboard/setup", dashboard.setup, Open.EVERYONE),
    Route("POST", "/dashboard/setup/confirm", dashboard.confirm, Open.EVERYONE),
    Route("GET", "/dashboard", dashboard.page, Open.EVERYONE),
    Route("GET", "/dashboard/{view:.*}", dashboard.page, Open.EVERYONE),
)

API: tuple[Route, ...] = (
    Route(
        "GET",
        "/v1/operators",
        operators.many,
        SEE,
        "Accounts of the dashboard",
        "operators",
        ((200, operators.OperatorList),),
        right=Right.LOOK,
    ),
    Route(
        "POST",
        "/v1/operators",
        operators.create,
        NO_KEY,
        "A new account, and the link that it is set up with",
        "operators",
        ((201, operators.OperatorMade),),
        ("409 operator_exists",),
        body=operators.OperatorBody,
        right=Right.ADMIN,
    ),
    Route(
        "PATCH",
        "/v1/operators/{id}",
        operators.change,
        NO_KEY,
        "Another role",
        "operators",
        ((200, operators.OperatorAnswer),),
        (_NO_OPERATOR, _ENDED, _LAST),
        body=operators.RoleBody,
        right=Right.ADMIN,
    ),
    Route(
        "POST",
        "/v1/operators/{id}/reset",
        operators.reset,
        NO_KEY,
        "A new link; password and authenticator are over",
        "operators",
        ((200, operators.OperatorMade),),
        (_NO_OPERATOR, _ENDED),
        right=Right.ADMIN,
    ),
    Route(
        "POST",
        "/v1/operators/{id}/revoke",
        operators.revoke,
        NO_KEY,
        "End an account, for good",
        "operators",
        ((204, None),),
        (_NO_OPERATOR, _ENDED, _LAST),
        right=Right.ADMIN,
    ),
    Route(
        "POST",
        "/v1/operators/{id}/sign-out",
        operators.sign_out,
        NO_KEY,
        "End every sign-in of an account",
        "operators",
        ((204, None),),
        (_NO_OPERATOR,),
        right=Right.ADMIN,
    ),
    Route(
        "GET",
        "/v1/keys",
        operators.keys,
        NO_KEY,
        "API keys, without their secrets",
        "operators",
        ((200, operators.KeyList),),
        right=Right.ADMIN,
    ),
    Route(
        "POST",
        "/v1/keys",
        operators.create_key,
        NO_KEY,
        "A new key; its secret is in this answer alone",
        "operators",
        ((201, operators.KeyMade),),
        ("422 unknown_scope",),
        body=requests.KeyBody,
        right=Right.ADMIN,
    ),
    Route(
        "DELETE",
        "/v1/keys/{id}",
        operators.revoke_key,
        NO_KEY,
        "End a key at once",
        "operators",
        ((204, None),),
        ("404 key_not_found",),
        right=Right.ADMIN,
    ),
)
