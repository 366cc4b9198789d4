"""The dashboard's own door: its page, signing in and out, setting an account up, and who one is.

A sign-in is a cookie that no script can read (HttpOnly), that no other site can send (SameSite=Strict), that goes over
TLS alone where there is TLS; each is a new one, and the browser's old one is over. What a page must show beside it to
write is in the answer. All that is guessed here costs time, per address and per name. It is not part of the API that
others build on, so it is in no document of it.
"""

from __future__ import annotations

from typing import Literal

import segno
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from server.api import pages, requests
from server.api.access import CALLER, client_address, cookie_name, cookie_of, from_here, too_many
from server.api.deps import deps
from server.api.requests_dashboard import ConfirmBody, SetupBody, SignInBody, SignOutBody
from server.api.sessions import answer
from server.desk.operators import Signed
from server.policy.operators import IDLE, LONGEST, OperatorRole, Right
from signaling.errors import Denied, HeadstrtError
from signaling.messages import Seconds, Time

_WRONG = "Name, password or code is not right, or this account cannot sign in just now."

_OVER = "This link does not count, or not any more: ask an admin for another one."


class MeAnswer(BaseModel):
    """Who is signed in, and what may be done; ``csrf`` goes into ``X-CSRF-Token`` with every write."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["operator", "key"]
    id: str
    name: str
    role: OperatorRole | None
    rights: tuple[Right, ...]
    csrf: str
    signed_in_at: Time
    until: Time
    idle_seconds: Seconds
    server_time: Time


class SetupAnswer(BaseModel):
    """What an authenticator takes, for the only time."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: OperatorRole
    secret: str
    uri: str
    qr: str
    until: Time


async def page(request: web.Request) -> web.StreamResponse:
    """The same for every view: which one it is, the page finds in its address."""
    return pages.dashboard(request)


async def me(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    signed = request[CALLER].signed
    assert signed is not None
    return answer(_me(request, signed))


async def sign_in(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    from_here(request)
    given = await requests.body(request, SignInBody)
    operators, before = deps(request).desk.operators, cookie_of(request)
    if given.key is not None:
        key = given.key
        with _Guessing(request, None):
            cookie, signed = await operators.sign_in_with_key(key, before)
    else:
        name, password, code = given.name, given.password, given.code
        assert name is not None
        assert password is not None
        assert code is not None
        with _Guessing(request, name):
            cookie, signed = await operators.sign_in(name, password, code, before)
    return _let_in(request, cookie, signed)


async def sign_out(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    given = await requests.body(request, SignOutBody)
    operators, signed, cookie = deps(request).desk.operators, request[CALLER].signed, cookie_of(request)
    assert signed is not None
    assert cookie is not None
    if given.everywhere:
        await operators.sign_out_everywhere(signed)
    else:
        await operators.sign_out(cookie)
    response = web.Response(status=204)
    name, secure = cookie_name(request), deps(request).settings.origin.startswith("https://")
    response.del_cookie(name, path="/", secure=secure, httponly=True, samesite="Strict")
    return response


async def setup(request: web.Request) -> web.Response:
    """A new secret for the authenticator, as long as the link counts."""
    requests.query(request, requests.NoQuery)
    from_here(request)
    given = await requests.body(request, SetupBody)
    with _Guessing(request, None, _OVER):
        made = await deps(request).desk.operators.begin_setup(given.setup)
    qr = segno.make(made.uri, error="m", micro=False).svg_data_uri(scale=4, border=2)
    return answer(
        SetupAnswer(name=made.name, role=made.role, secret=made.secret, uri=made.uri, qr=qr, until=made.until)
    )


async def confirm(request: web.Request) -> web.Response:
    """The password, and a code that shows that the authenticator has it: signed in."""
    requests.query(request, requests.NoQuery)
    from_here(request)
    given = await requests.body(request, ConfirmBody)
    with _Guessing(request, None, _OVER):
        cookie, signed = await deps(request).desk.operators.finish_setup(given.setup, given.password, given.code)
    return _let_in(request, cookie, signed)


# --- helpers ----------------------------------------------------------------------------------------------------------


class _Guessing:
    """Around a try: refused while the address or the name is shut out, counted when it was wrong."""

    def __init__(self, request: web.Request, name: str | None, wrong: str = _WRONG) -> None:
        self.wrong = wrong
        self.limiter = deps(request).limiter
        self.who = [client_address(request), *([f"operator {name}"] if name is not None else [])]

    def __enter__(self) -> None:
        if wait := max(self.limiter.shut(each) for each in self.who):
            raise too_many(wait)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, HeadstrtError) and error.code in ("unauthorized", "wrong_code"):
            for each in self.who:
                self.limiter.failed(each)
        if isinstance(error, Denied):
            raise Denied(detail=self.wrong) from None


def _let_in(request: web.Request, cookie: str, signed: Signed) -> web.Response:
    response = answer(_me(request, signed))
    response.set_cookie(
        cookie_name(request),
        cookie,
        path="/",
        max_age=LONGEST // 1000,
        httponly=True,
        samesite="Strict",
        secure=deps(request).settings.origin.startswith("https://"),
    )
    return response


def _me(request: web.Request, signed: Signed) -> MeAnswer:
    return MeAnswer(
        kind="key" if signed.role is None else "operator",
        id=signed.id,
        name=signed.name,
        role=signed.role,
        rights=tuple(right for right in Right if right in signed.rights),
        csrf=signed.csrf,
        signed_in_at=signed.since,
        until=signed.until,
        idle_seconds=IDLE,
        server_time=deps(request).clock(),
    )
