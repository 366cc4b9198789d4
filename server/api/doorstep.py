"""The doorstep of HTTP: who may stay connected, and for how long, before a request is looked at.

aiohttp knows no limit on connections and waits for a first request as long as for the next one. Here a connection has
ten seconds to make its first request, there is a cap in all and one per address, and what is no HTTP gets a problem
document like everything else that is refused. A trusted proxy speaks for many: only the cap in all is for it.

It refuses to know routes, callers and sockets: a connection that has made one request is the application's.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from typing import Any

import structlog
from aiohttp import http_parser, web

from server.api import middleware, problems
from server.api.access import is_trusted
from server.api.deps import DEPS
from server.api.limiter import household
from server.config import Settings

log = structlog.get_logger("http")

FIRST_REQUEST_WITHIN = 10.0
IDLE_FOR = 75.0
"""Seconds that a connection may wait between two requests; also the time that the headers of the next may take."""
IDLE_PROXY_FOR = 3630.0
"""The same behind a trusted proxy: longer than it waits, so that it never sends into a connection we just closed."""
CONNECTIONS = 4096
PER_ADDRESS = 100


class Unfit(OSError):
    """This installation must not serve."""


def require_c_parser() -> None:
    """``Unfit`` where aiohttp would parse requests in Python: that parser is lenient, and has been smuggled past."""
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        raise Unfit("aiohttp runs without its C parser (AIOHTTP_NO_EXTENSIONS, or a build without extensions)")


class Runner(web.AppRunner):
    """An ``AppRunner`` with a doorstep. ``refused`` counts the connections that were ended there, by why."""

    def __init__(
        self,
        app: web.Application,
        *,
        connections: int | None = None,
        per_address: int = PER_ADDRESS,
        first_request_within: float = FIRST_REQUEST_WITHIN,
        **options: Any,
    ) -> None:
        self._settings: Settings = app[DEPS].settings
        idle = IDLE_PROXY_FOR if self._settings.trusted_proxies else IDLE_FOR
        super().__init__(app, keepalive_timeout=idle, **options)
        self.refused: Counter[str] = Counter()
        self._limits = (connections or _room(), per_address, first_request_within)

    async def _make_server(self) -> web.Server:
        require_c_parser()
        made = await super()._make_server()
        return _Doorstep(made, self._settings, self.refused, *self._limits, self._kwargs)


class _Doorstep(web.Server):
    """aiohttp's server, which is told of every connection and makes every request."""

    def __init__(
        self,
        made: web.Server,
        settings: Settings,
        refused: Counter[str],
        connections: int,
        per_address: int,
        first_request_within: float,
        options: dict[str, Any],
    ) -> None:
        super().__init__(made.request_handler, request_factory=self._request, **options)
        self.settings = settings
        self._make = made.request_factory
        self._options = options
        self._refused = refused
        self._room, self._per_address, self._within = connections, per_address, first_request_within
        self._addresses: dict[web.RequestHandler, str | None] = {}
        self._per: Counter[str] = Counter()
        self._silent: dict[web.RequestHandler, asyncio.TimerHandle] = {}

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=asyncio.get_running_loop(), **self._options)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        peer = transport.get_extra_info("peername")
        remote = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        trusted = not remote or is_trusted(remote, self.settings.trusted_proxies)
        address = None if trusted else household(remote)
        self._addresses[handler] = address
        if address is not None:
            self._per[address] += 1
        loop = asyncio.get_running_loop()
        if len(self._addresses) > self._room:  # soon, not now: the connection's own task must have begun
            loop.call_soon(self._turn_away, transport, "full")
        elif address is not None and self._per[address] > self._per_address:
            loop.call_soon(self._turn_away, transport, "address")
        elif address is not None:
            self._silent[handler] = loop.call_later(self._within, self._turn_away, transport, "silent")

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._heard(handler)
        address = self._addresses.pop(handler, None)
        if address is not None:
            self._per[address] -= 1
            if not self._per[address]:
                del self._per[address]

    def _request(self, message: Any, payload: Any, protocol: web.RequestHandler, writer: Any, task: Any) -> Any:
        self._heard(protocol)
        return self._make(message, payload, protocol, writer, task)

    def _heard(self, handler: web.RequestHandler) -> None:
        timer = self._silent.pop(handler, None)
        if timer is not None:
            timer.cancel()

    def _turn_away(self, transport: asyncio.Transport, why: str) -> None:
        self._refused[why] += 1
        log.debug("connection ended", why=why)
        transport.abort()


class _Connection(web.RequestHandler):
    """One connection; what aiohttp answers by itself is said in our words, and logged without an address."""

    __slots__ = ("_doorstep",)

    def __init__(self, manager: _Doorstep, **options: Any) -> None:
        super().__init__(manager, **options)
        self._doorstep = manager

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= 500:
            log.error("a bug below the application", exc_info=exc)
            response = _Bare(problems.response(status, "internal", "Something went wrong here."))
        else:
            log.debug("not HTTP", error=type(exc).__name__)
            response = _Bare(problems.response(status, "bad_request", "This is not a request in HTTP/1.1."))
        if request.writer.output_size > 0:
            raise ConnectionError("the answer had begun")
        for name, value in middleware.security_headers(self._doorstep.settings).items():
            response.headers[name] = value
        response.force_close()
        return response


class _Bare(web.Response):
    """An answer past every signal, so that it must lose the ``Server`` header by itself."""

    def __init__(self, like: web.Response) -> None:
        super().__init__(body=like.body, status=like.status, content_type=like.content_type)

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)


def _room() -> int:
    """How many connections at once: the system's limit on open files must leave room for the database and the relay.

    The soft limit, which is 1 024 on many systems, is raised as far as this takes and the hard one lets it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return CONNECTIONS
    wanted = CONNECTIONS * 4 // 3 + 1
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(CONNECTIONS, max(64, soft * 3 // 4))
