"""The process: the only module that constructs. Parts start in order and are torn down in reverse.

``Service`` wires database, desk, relay, attendant, timers and the HTTP app; ``serve`` runs it until SIGTERM or SIGINT
and then leaves within ten seconds, hurting no call's record: what it cannot know anymore is an outage (P3.9).
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import signal
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import structlog
import uvloop
from aiohttp import web

from server import logs, tokens
from server.api.access import client_address
from server.api.control import control_app
from server.api.deps import NodeState
from server.api.doorstep import Runner
from server.api.health import METRICS
from server.api.hints import Hints
from server.api.hub import Hub
from server.api.limiter import Limiter
from server.api.routes import SERVER_OPTIONS, Deps, build_app
from server.config import Settings, throwaway_secret
from server.control import socket_path
from server.desk import Desk, Rules
from server.homes import Homes
from server.mail.address import parse as mailbox
from server.mail.render import Sheet
from server.mail.sender import Sender
from server.policy.terms import Terms, TermsError, parse_terms
from server.pulse import Pulse
from server.selftest import SelfTest
from server.store.database import Database, Locked, open_database
from server.store.migrate import upgrade
from server.store.sealing import derive_sealing_key
from server.store.sqlite import SQLite
from server.timers import Timers
from server.vitals import Vitals
from server.webhooks.delivery import Deliverer
from server.webhooks.egress import Egress
from signaling.attendant import COME_BACK_MS, Attendant
from signaling.bus import Bus
from signaling.cluster import ClusterFanout, ClusterGateway
from signaling.fanout import Fanout
from signaling.gateway import Gateway
from signaling.relay.switchboard import RelaySettings, Switchboard
from signaling.session import MINUTE, Ms

log = structlog.get_logger("app")

DRAIN_WITHIN_MS = 2_000
"""Over how long the pages spread their coming back after a restart."""


def wall_clock() -> Ms:
    """UTC in milliseconds: for the record and for deadlines."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Cluster:
    """What one of several servers has besides."""

    bus: Bus
    homes: Homes
    gateway: ClusterGateway
    hints: Hints

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            await self.bus.start()
            stack.push_async_callback(self.bus.stop)
            await self.homes.start()
            stack.push_async_callback(self.homes.stop)
            await self.gateway.start()
            stack.push_async_callback(self.gateway.stop)
            await self.hints.start()
            stack.push_async_callback(self.hints.stop)
            yield

    def state(self) -> NodeState:
        """For /readyz and the metrics."""
        return NodeState(
            name=self.homes.name,
            lease=self.homes.living,
            redis=not self.bus.deaf,
            sessions=len(self.homes.held()),
            nodes=len(self.homes.nodes),
            given_up=self.homes.lost,
            dropped=self.bus.dropped,
        )


class Service:
    """Everything that runs in this process. ``async with service.running():`` starts and stops it."""

    def __init__(self, settings: Settings, clock: Callable[[], Ms] = wall_clock) -> None:
        self.settings = settings
        self.clock = clock
        self.draining = False
        self.demo: list[dict[str, str]] = []
        terms = parse_terms(settings.terms.read_text()) if settings.terms else Terms()
        secret = settings.secret or throwaway_secret()
        rules = Rules(
            terms=terms,
            guidelines_version=settings.guidelines_version,
            origin=settings.origin,
            token_key=tokens.derive_key(secret),
            api_key=settings.api_key,
            sealing_key=derive_sealing_key(secret),
        )
        together = bool(settings.redis_url)
        self.database = open_database(settings.database_url, together=together)
        self.desk = Desk(self.database, rules, clock)
        egress = Egress(settings.webhook_allow, development=settings.env == "development")
        self.deliverer = Deliverer(self.database, egress, self.desk.endpoints.sealing_key, clock, alone=not together)
        self.mail = self._mail(settings)
        if self.mail is not None:
            self.deliverer.handed_on.append(self.mail.handed_on)
        self.desk.endpoints.vet = egress.vet
        self.desk.posted = self.desk.endpoints.posted = self.deliverer.poke
        self.switchboard = Switchboard(
            RelaySettings(
                port=settings.media_port,
                bind=settings.media_bind,
                advertise=settings.media_advertise,
                workers=settings.media_workers,
                pure=settings.pure_relay,
            ),
            on_media=lambda session: self.attendant.media(session),  # noqa: PLW0108 - it is made below
            on_stopped=lambda session: self.attendant.stopped(session),  # noqa: PLW0108
        )
        kind = ClusterFanout if together else Fanout
        self.fanout = kind(monotonic=time.monotonic, address_of=client_address, origins=(settings.origin,))
        self.attendant = Attendant(
            self.desk,
            self.fanout,
            self.switchboard,
            clock=clock,
            monotonic=time.monotonic,
            ice_servers=settings.ice_servers,
        )
        limiter, hub = Limiter(), Hub()  # a limiter for both doors
        self.cluster: Cluster | None = None
        if isinstance(self.fanout, ClusterFanout):
            self.cluster = self._cluster(settings, secret, self.fanout, limiter, hub)
        else:
            self.gateway = Gateway(self.desk, self.attendant, self.fanout, clock, guard=limiter)
        self.timers = Timers(self.desk.wake, self.desk.sweep, clock, tidy=self.desk.retain)
        self.self_test = SelfTest(self.desk, settings.origin, clock, settings.self_test_every)
        self.pulse = Pulse(self.desk, clock, mutual=self.attendant.mutuals, on_step=self._stepped)
        self.vitals = Vitals(self.switchboard.stats, lambda: len(self.fanout.everyone()), clock)
        self.desk.catch_up = self.pulse.catch_up
        self.desk.mutual = self.switchboard.mutual_ms
        self.desk.alarm = self.timers.wake_at
        self.desk.listeners.append(self.attendant)
        self.desk.listeners.append(hub)
        self.desk.operators.signed_out = hub.end
        if self.cluster is not None:
            self.desk.listeners += [self.cluster.gateway, self.cluster.hints]
            self.desk.operators.signed_out = self.cluster.hints.end
        self.app = build_app(
            Deps(
                desk=self.desk,
                database=self.database,
                settings=settings,
                attendant=self.cluster.gateway if self.cluster else self.attendant,
                switchboard=self.switchboard,
                clock=clock,
                draining=lambda: self.draining,
                demo=lambda: self.demo,
                sockets=lambda: len(self.fanout.own()),
                held=self._held,
                limiter=limiter,
                hub=hub,
                self_test=lambda: self.self_test.newest,
                attempts=lambda: self.deliverer.outcomes,
                node=lambda: self.cluster.state() if self.cluster else None,
                vitals=lambda: self.vitals.history,
            )
        )
        self.fanout.attach(self.app)
        self.database.observe = self.app[METRICS].transactions.observe
        self.app[METRICS].steps.set_function(lambda: self.pulse.steps)
        self.app[METRICS].outages.set_function(lambda: self.pulse.outages)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Up when entered: the database migrated, what was overdue closed, the doors open."""
        async with contextlib.AsyncExitStack() as stack:
            await self.database.start()
            stack.push_async_callback(self.database.close)
            stack.push_async_callback(self.desk.finish)
            before, after = await upgrade(self.database)
            if before != after:
                log.info("migrated", before=before, after=after)
            await self.switchboard.start()
            stack.push_async_callback(self.switchboard.stop)
            if self.cluster is not None:
                await stack.enter_async_context(self.cluster.running())
            await self.attendant.start()
            stack.push_async_callback(self.attendant.stop)
            await self.desk.reconcile()  # before any timer: what fell into an outage must be known as that first (P3.9)
            await self.timers.start()
            stack.push_async_callback(self.timers.stop)
            await self.pulse.start()
            stack.push_async_callback(self.pulse.stop)
            await self.deliverer.start()
            stack.push_async_callback(self.deliverer.stop)
            if self.mail is not None:
                await self.mail.start()
                stack.push_async_callback(self.mail.stop)
            await stack.enter_async_context(self._control())
            await stack.enter_async_context(self._http())
            await self.vitals.start()
            stack.push_async_callback(self.vitals.stop)
            await self.self_test.start()
            stack.push_async_callback(self.self_test.stop)
            yield

    def _mail(self, settings: Settings) -> Sender | None:
        """Who sends letters, if a mail server is configured."""
        if settings.mail_server is None:
            return None
        reply_to = mailbox(settings.mail_reply_to) if settings.mail_reply_to else None
        return Sender(
            self.database,
            settings.mail_server,
            Sheet(mailbox(settings.mail_from), reply_to, settings.origin),
            seen=self.desk.seen,
            link=self.desk.link,
            clock=self.clock,
            rating_window=self.desk.rules.terms.rating_window,
            reminder=settings.mail_reminder_minutes * MINUTE,
            alone=not settings.redis_url,
        )

    def _cluster(self, settings: Settings, secret: str, fanout: ClusterFanout, limiter: Limiter, hub: Hub) -> Cluster:
        """What there is besides where several servers share a database."""
        from server.store.postgres import PostgreSQL

        assert isinstance(self.database, PostgreSQL)
        process = self.database.name
        bus = Bus(settings.redis_url, process, _space(secret, self.database))
        homes = Homes(
            self.database,
            self.desk,
            self.attendant,
            bus,
            name=settings.node or f"{socket.gethostname()}-{process[-4:]}",
            process=process,
            monotonic=time.monotonic,
            relay=self.switchboard.lease,
            draining=self._drains,
        )
        fanout.bus = bus
        gateway = ClusterGateway(
            self.desk,
            self.attendant,
            fanout,
            self.clock,
            places=homes,
            bus=bus,
            monotonic=time.monotonic,
            guard=limiter,
        )
        self.desk.homes = homes
        self.desk.relinked = gateway.relinked
        self.desk.measure = gateway.mutual_ms
        return Cluster(bus, homes, gateway, Hints(hub, bus))

    def _held(self) -> dict[str, int]:
        """What is remembered of sockets: whoever is gone is in none of it."""
        gateway = self.cluster.gateway if self.cluster is not None else self.gateway
        return {**self.fanout.held(), "admitted": gateway.held, "lived": self.attendant.held}

    def _drains(self) -> None:
        """``headstrt drain``: no more are taken here; those that are stay to their end."""
        if not self.draining:
            log.info("draining")
        self.draining = True

    async def drain(self) -> None:
        """Take no more sessions, and tell the pages to come back in a moment (here, or to another node)."""
        self.draining = True
        if self.cluster is not None:  # their pages find the next home as soon as they come back
            self.attendant.draining = True
            await self.cluster.homes.leave(self.clock())
        await self.attendant.drain(DRAIN_WITHIN_MS if self.cluster is None else COME_BACK_MS)

    def _stepped(self, by: Ms) -> None:
        """The wall clock is not where it was: whatever was set by it is set again."""
        self.timers.rearm()
        self.attendant.rearm()

    @contextlib.asynccontextmanager
    async def _http(self) -> AsyncIterator[None]:
        settings = self.settings
        context = None
        if settings.tls_cert is not None and settings.tls_key is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(settings.tls_cert, settings.tls_key)
        runner = Runner(self.app, **SERVER_OPTIONS, shutdown_timeout=2, handle_signals=False)
        await runner.setup()
        try:
            site = web.TCPSite(runner, settings.host, settings.port, ssl_context=context, reuse_address=True)
            await site.start()
            log.info("listening", host=settings.host, port=self.http_port(runner), media_port=self.switchboard.port)
            yield
        finally:
            await runner.cleanup()

    def http_port(self, runner: web.AppRunner) -> int:
        """The real port, also when the settings asked for any."""
        self.port = int(runner.addresses[0][1])
        return self.port

    @contextlib.asynccontextmanager
    async def _control(self) -> AsyncIterator[None]:
        if not isinstance(self.database, SQLite):  # commands write beside us
            yield
            return
        path = socket_path(self.database.path)
        path.unlink(missing_ok=True)  # we hold the lock: whoever made it is gone
        runner = web.AppRunner(control_app(self.desk, self.database.back_up), access_log=None, shutdown_timeout=1)
        await runner.setup()
        before = os.umask(0o177)
        try:
            await web.UnixSite(runner, str(path)).start()
        finally:
            os.umask(before)
        try:
            yield
        finally:
            await runner.cleanup()
            path.unlink(missing_ok=True)


def _space(secret: str, database: Database) -> str:
    """Under what name these servers meet in Redis: others that use the same one have another secret or database."""
    return hmac.new(secret.encode(), f"redis\0{database.url.database}".encode(), "sha256").hexdigest()[:16]


def serve(settings: Settings, ready: Callable[[Service], Awaitable[None]] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    logs.configure(settings.log_format, settings.log_level)

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, stop.set)
        service = Service(settings)
        service.database.replaced = stop.set
        async with service.running():
            if ready is not None:
                await ready(service)
            await stop.wait()
            log.info("draining")
            await service.drain()
        log.info("stopped")

    try:
        uvloop.run(main())
    except (Locked, TermsError, OSError) as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    return 0
