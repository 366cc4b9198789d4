"""Who calls: an API key with its scopes, a party with its join token, or whoever is signed in; and where from.

A sign-in is a cookie, which a browser also sends when another site bids it to. So it counts for a write only beside the
token that our own answers gave (``X-CSRF-Token``), and from our own origin; and a program's key, where one is shown,
counts before it. Accounts may do what their role's rights say, default deny; a sign-in with a key what its scopes say.

One answer for unknown, expired and wrong. Ten wrong ones from an address shut it out for a while: then no key is looked
at from there, and of links only a genuine one gets in. A link cannot be guessed, and whoever shares an address with a
stranger (a company, a mobile network) must not be made a no-show by them.
It knows what a caller is, not what it may do to a session: that is the desk's.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias, TypeVar

from aiohttp import web

from server.api.deps import deps
from server.api.problems import Refusal
from server.desk.operators import Signed
from server.policy.operators import RIGHTS, Right
from signaling.errors import Denied
from signaling.ports import Admission

T = TypeVar("T")
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_MAX_SECRET = 4096
_MAX_COOKIE = 128


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that holds an API key, or somebody at the dashboard. ``key``: what the operators' log says of it."""

    key: str
    scopes: frozenset[str]
    signed: Signed | None = None

    @property
    def operator(self) -> str | None:
        """Who it is in the operators' log, if it is somebody at the dashboard."""
        return self.signed.id if self.signed else None


CALLER = web.RequestKey("caller", Caller)
ADMISSION = web.RequestKey("admission", Admission)


_READS = ("GET", "HEAD")
COOKIE = "headstrt"


async def by_key(request: web.Request, scopes: frozenset[str], right: Right | None = None) -> Caller:
    """The caller, who has one of ``scopes``, or an account with ``right``. ``Denied``; ``Refusal`` 403 or 429."""
    if "Authorization" not in request.headers and cookie_of(request) is not None:
        caller = await by_sign_in(request)
    else:
        caller = Caller(*await _prove(request, deps(request).desk.authenticate, shut=True))
    signed = caller.signed
    if signed is not None and signed.role is not None:
        if right is None or right not in signed.rights:
            roles = [role for role in RIGHTS if right in RIGHTS[role]]
            who = f"it takes the role {' or '.join(roles)}" if roles else "no account may"
            raise Refusal(403, "not_allowed", f"Your account may not do this: {who}.")
    elif not scopes & caller.scopes:
        wanted = f"it takes one with the scope {' or '.join(sorted(scopes))}" if scopes else "it takes an account"
        raise Refusal(403, "insufficient_scope", f"This key may not do this; {wanted}.")
    return caller


async def by_sign_in(request: web.Request) -> Caller:
    """Whoever is signed in at the dashboard; a write shows the page's own token. ``Denied``; ``Refusal`` 403."""
    cookie = cookie_of(request)
    if cookie is None:
        raise Denied(detail="You are not signed in.")
    signed = await deps(request).desk.operators.signed_in(cookie)
    if request.method not in _READS:
        from_here(request)
        shown = request.headers.getall("X-CSRF-Token", [])
        if len(shown) != 1 or not hmac.compare_digest(shown[0].encode(), signed.csrf.encode()):
            raise Refusal(403, "csrf", "Send X-CSRF-Token with what GET /dashboard/me says, from the dashboard alone.")
    return Caller(signed.id, signed.scopes, signed)


def from_here(request: web.Request) -> None:
    """The request comes from a page of our own origin, which every browser says of a write. ``Refusal`` 403."""
    origin = deps(request).settings.origin
    if request.headers.getall("Origin", []) != [origin]:
        raise Refusal(403, "wrong_origin", f"The dashboard is at {origin}/dashboard: open it there.")


def cookie_name(request: web.Request) -> str:
    """``__Host-`` where there is TLS: then no subdomain and no http can have set it (RFC 6265bis §4.1.3.2)."""
    return f"__Host-{COOKIE}" if deps(request).settings.origin.startswith("https://") else COOKIE


def cookie_of(request: web.Request) -> str | None:
    """What the sign-in's cookie holds, if it can be one."""
    held = request.cookies.get(cookie_name(request))
    return held if held and len(held) <= _MAX_COOKIE and held.isascii() else None


async def by_token(request: web.Request) -> Admission:
    """The party. ``Denied``; ``Refusal`` 429."""
    return await _prove(request, deps(request).desk.admit, shut=False)


def in_pace(request: web.Request) -> None:
    """What this party does now goes on record. ``Refusal`` 429 when it does so without end."""
    who = request[ADMISSION]
    if wait := deps(request).limiter.pace(f"{who.session}/{who.role}"):
        raise _wait("too_many_requests", "This was asked for too often; wait a moment.", wait)


async def _prove(request: web.Request, check: Callable[[str], Awaitable[T]], *, shut: bool) -> T:
    """``shut``: while the address is shut out nothing is even looked at."""
    limiter, address = deps(request).limiter, client_address(request)
    wait = limiter.shut(address)
    if wait and shut:
        raise too_many(wait)
    secret = _bearer(request)
    if secret is None:  # nothing was tried, so nothing is counted
        raise too_many(wait) if wait else Denied()
    try:
        return await check(secret)
    except Denied:
        if wait:
            raise too_many(wait) from None
        limiter.failed(address)
        raise


def too_many(wait: float) -> Refusal:
    """429: nothing is looked at from here for so many seconds."""
    return _wait("too_many_attempts", "Too many wrong links or keys came from your address; wait a while.", wait)


def _wait(code: str, detail: str, wait: float) -> Refusal:
    return Refusal(429, code, detail, headers={"Retry-After": str(math.ceil(wait))})


def _bearer(request: web.Request) -> str | None:
    given = request.headers.getall("Authorization", [])
    if len(given) != 1:
        return None
    scheme, _, secret = given[0].partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not 0 < len(secret) <= _MAX_SECRET or not secret.isascii():
        return None
    return secret


def client_address(request: web.Request) -> str:
    """The caller's address. ``X-Forwarded-For`` is believed from trusted proxies only, and read from its end."""
    trusted = deps(request).settings.trusted_proxies
    address = _parse(request.remote or "")
    if address is None:
        return "local"  # a unix socket
    hops = [hop for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
    while hops and _within(address, trusted):
        before = _parse(hops.pop())
        if before is None:
            break
        address = before
    return str(address)


def is_trusted(remote: str, proxies: Sequence[str]) -> bool:
    """Whether the other end of a connection is a proxy that speaks for others."""
    address = _parse(remote)
    return address is not None and _within(address, proxies)


def _within(address: Address, networks: Sequence[str]) -> bool:
    return any(address in network for network in _networks(tuple(networks)))


def _parse(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


@cache
def _networks(texts: tuple[str, ...]) -> list[Network]:
    return [ipaddress.ip_network(text) for text in texts]
