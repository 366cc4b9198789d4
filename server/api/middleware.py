"""Around every request: problem documents for whatever goes wrong, security headers, one line of log.

An error that carries a code becomes its problem document, aiohttp's own 404, 405 and 413 too (with ``Allow`` kept);
anything else is a bug: logged under an id, answered as 500 with that id. It knows no route and no caller.
"""

from __future__ import annotations

import time
import uuid
from http import HTTPStatus

import structlog
from aiohttp import hdrs, web

from server.api import problems
from server.api.access import CALLER
from server.api.deps import DEPS
from server.api.route import Handler
from server.config import Settings
from signaling.errors import HeadstrtError

log = structlog.get_logger("http")

_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    411: "length_required",
    413: "body_too_large",
    415: "unsupported_media_type",
    417: "expectation_failed",
}
_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take this method; Allow lists those that it takes.",
    413: "The body is larger than 256 kB.",
    415: "Send the body as application/json.",
}
_KEEP = ("Allow", "Retry-After", "Location", "WWW-Authenticate")
_CALL = (
    "camera",
    "microphone",
    "display-capture",
    "autoplay",
    "fullscreen",
    "picture-in-picture",
    "screen-wake-lock",
    "speaker-selection",
)
_NEVER = ("geolocation", "payment", "usb", "serial", "hid", "midi", "browsing-topics")
_SOCKET = "/socket.io"  # engineio speaks for itself


@web.middleware
async def say_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path.startswith(_SOCKET):
        try:
            return await handler(request)
        except ConnectionError:  # gone before it was answered
            return web.Response(status=HTTPStatus.BAD_REQUEST)
    try:
        return await handler(request)
    except HeadstrtError as error:
        return problems.of(error)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return _own(error)
    except (web.RequestPayloadError, ConnectionError):  # cut off, or not what its headers said
        return problems.response(400, "bad_request", "The request broke off or could not be read.")
    except Exception:
        id_ = uuid.uuid4().hex[:12]
        log.exception("a bug", id=id_, route=_route(request))
        return problems.response(500, "internal", "Something went wrong here; the id names it in the log.", id_=id_)


@web.middleware
async def log_access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One line per request: its route, never its query, its address or a token (security §2.12)."""
    began, status = time.monotonic(), 0
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        caller = request.get(CALLER)
        log.info(
            f"{request.method if request.method in hdrs.METH_ALL else '?'} {_route(request)}",
            status=status,
            ms=round((time.monotonic() - began) * 1000, 1),
            **({"key": caller.key} if caller else {}),
        )


async def expect(request: web.Request) -> web.StreamResponse | None:
    """``Expect`` (RFC 9110 §10.1.1), whose refusal aiohttp would answer past every middleware."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        return problems.response(417, "expectation_failed", "Only 100-continue can be expected.")
    if request.version >= (1, 1):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # as aiohttp does: the answer has not begun
    return None


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer; a page has set its own policy before, and keeps it."""
    for name, value in security_headers(request.config_dict[DEPS].settings).items():
        response.headers.setdefault(name, value)
    response.headers.popall("Server", None)


def security_headers(settings: Settings) -> dict[str, str]:
    """Security §3: what every answer carries that says nothing else."""
    headers = {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
        "Permissions-Policy": permissions(()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    if settings.origin.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def page_policy(settings: Settings, *, framed: bool) -> str:
    """The Content-Security-Policy of a page of ours: from nothing up. ``framed``: embedders may frame it."""
    socket = settings.origin.replace("http", "ws", 1)  # older Safari does not count wss: as 'self'
    ancestors = " ".join(settings.embed_origins) if framed else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "font-src 'self'",
            "manifest-src 'self'",
            f"connect-src 'self' {socket}",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {ancestors or chr(39) + 'none' + chr(39)}",
        )
    )


def permissions(embedders: tuple[str, ...], *, call: bool = False) -> str:
    """The Permissions-Policy: a call page has what a call needs, everything else has nothing."""
    allowed = "(" + " ".join(("self", *(f'"{origin}"' for origin in embedders))) + ")" if call else "()"
    return ", ".join([*(f"{name}={allowed}" for name in _CALL), *(f"{name}=()" for name in _NEVER)])


def _own(error: web.HTTPException) -> web.Response:
    headers = {name: error.headers[name] for name in _KEEP if name in error.headers}
    status = error.status
    return problems.response(
        status,
        _CODES.get(status, "http_error"),
        _DETAILS.get(status, error.reason),
        headers=headers,
    )


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "(no route)"
