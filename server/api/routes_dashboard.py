"""The rows of the table of routes that the dashboard brings (``routes.py`` is the table).

Those under ``/dashboard`` are for its own page alone and stand in no document; those under ``/v1`` are part of the API.
"""

from __future__ import annotations

from server.api import dashboard
from server.api.route import Open, Route

OWN: tuple[Route, ...] = (
    Route("POST", "/dashboard/sign-in", dashboard.sign_in, Open.EVERYONE),
    Route("POST", "/dashboard/sign-out", dashboard.sign_out, Open.SIGNED_IN),
    Route("GET", "/dashboard/me", dashboard.me, Open.SIGNED_IN),
    Route("POST", "/dashboard/setup", dashboard.setup, Open.EVERYONE),
    Route("POST", "/dashboard/setup/confirm", dashboard.confirm, Open.EVERYONE),
    Route("GET", "/dashboard", dashboard.page, Open.EVERYONE),
    Route("GET", "/dashboard/{view:.*}", dashboard.page, Open.EVERYONE),
)
