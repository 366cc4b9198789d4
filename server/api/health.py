"""Whether this server runs, is ready, and how it fares. For probes and for Prometheus; nothing here names a person.

``/healthz`` asks only the process, ``/readyz`` also the database, the relay and whether the server is going down.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from typing import Literal

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from pydantic import BaseModel, Field

from server.api import requests
from server.api.deps import Deps, NodeState, RelayStats, deps
from server.api.sessions import answer
from server.selftest import Outcome
from server.store import views, views_post
from signaling.messages import PROTOCOL_VERSION, Time
from signaling.session import Ms, Phase

STALE_SIGN_MS = 30_000
"""A sign of life is written every two seconds; one this old means that the database takes no writes."""


class Alive(BaseModel):
    status: Literal["ok"] = "ok"


class SelfTest(BaseModel):
    """The newest call that this server held with itself; ``failed`` says what went wrong, if anything did."""

    at: Time
    ok: bool
    first_frame_seconds: float | None
    stop_seconds: float | None = Field(description="from the booked end to the last frame decoded; below 0: before it")
    failed: str | None


class Node(BaseModel):
    """Of one of several servers: its name, whether its lease runs, and whether it hears itself in Redis."""

    name: str
    lease: bool
    redis: bool = Field(description="false decides nothing: calls go on, and what is asked goes by the store")
    sessions: int = Field(description="that live here")
    nodes: int = Field(description="that were alive at its last look")


class Ready(BaseModel):
    """Each part by itself; ``ready`` when all are well. A failing self-test is shown and decides nothing."""

    ready: bool
    draining: bool
    database: bool
    relay: bool
    self_test: SelfTest | None = Field(description="null: none was held, or none is configured")
    node: Node | None = Field(None, description="null: there is but this one server")


class Version(BaseModel):
    version: str = Field(examples=["0.1.0"])
    protocol: int = Field(description="version of the socket's protocol")


class Metrics:
    """The gauges of one application, in a registry of its own; set when they are read."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.sessions = Gauge("headstrt_sessions", "Sessions by phase", ["phase"], registry=own)
        self.sockets = Gauge("headstrt_sockets", "Sockets that are connected", registry=own)
        self.held = Gauge(
            "headstrt_held", "Rows of the tables that sockets stand in; none where nobody is", ["table"], registry=own
        )
        self.relay = Gauge("headstrt_relay", "The relay's totals since its start", ["figure"], registry=own)
        self.drops = Gauge("headstrt_relay_drops", "Packets not forwarded, by why", ["why"], registry=own)
        self.outbox = Gauge("headstrt_outbox_events", "Events for the outside that are kept", registry=own)
        self.attempts = Gauge(
            "headstrt_webhook_attempts",
            "Attempts at sending since the start, by what came of them",
            ["outcome"],
            registry=own,
        )
        self.deliveries = Gauge(
            "headstrt_webhook_deliveries", "Deliveries that are kept and not delivered", ["status"], registry=own
        )
        self.oldest_due = Gauge("headstrt_webhook_oldest_due_seconds", "For how long the oldest waits", registry=own)
        self.unhanded = Gauge("headstrt_outbox_unhanded", "Events that were not handed on yet", registry=own)
        self.disabled = Gauge("headstrt_webhook_endpoints_disabled", "Endpoints that are disabled", registry=own)
        self.letters = Gauge("headstrt_letters", "Letters of 30 days, by what became of them", ["status"], registry=own)
        self.letter_due = Gauge("headstrt_letters_oldest_due_seconds", "For how long one is overdue", registry=own)
        self.alive = Gauge("headstrt_sign_of_life_age_seconds", "Age of the newest sign of life", registry=own)
        self.steps = Gauge("headstrt_clock_steps", "Steps of the wall clock since the start", registry=own)
        self.outages = Gauge("headstrt_outages", "Outages since the start that this process outlived", registry=own)
        self.read = Gauge("headstrt_database_read_seconds", "How long reading these figures took", registry=own)
        self.self_test = Gauge("headstrt_self_test", "The newest self-test: 1 if ok, 0 if not", registry=own)
        self.self_test_seconds = Gauge(
            "headstrt_self_test_seconds",
            "Its time to first frame, and its last frame after the end",
            ["figure"],
            registry=own,
        )
        self.node = Gauge(
            "headstrt_node",
            "Of one of several servers: lease and redis (1: well), sessions and nodes, and since the start calls it "
            "gave up for want of a lease and messages it dropped for want of Redis",
            ["figure"],
            registry=own,
        )
        self.transactions = Histogram(
            "headstrt_transaction_seconds",
            "From asking for a write to its being on the disk",
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=own,
        )

    def show_test(self, outcome: Outcome | None) -> None:
        if outcome is None:
            return
        self.self_test.set(outcome.ok)
        for figure in ("first_frame", "stop"):
            seconds = getattr(outcome, f"{figure}_seconds")
            self.self_test_seconds.labels(figure).set(float("nan") if seconds is None else seconds)

    def show_node(self, state: NodeState | None) -> None:
        if state is not None:
            for figure in ("lease", "redis", "sessions", "nodes", "given_up", "dropped"):
                self.node.labels(figure).set(getattr(state, figure))

    def show_post(self, post: views_post.Post, attempts: Mapping[str, int], now: Ms) -> None:
        self.unhanded.set(post.unhanded)
        self.deliveries.labels("pending").set(post.pending)
        self.deliveries.labels("failed").set(post.failed)
        self.oldest_due.set(0 if post.oldest_due is None else max(0, now - post.oldest_due) / 1000)
        self.disabled.set(post.disabled)
        for outcome, number in attempts.items():
            self.attempts.labels(outcome).set(number)

    def show_letters(self, found: Mapping[str, int], due: Ms | None, now: Ms) -> None:
        for status, name in (("planned", "pending"), ("sent", "sent"), ("failed", "failed"), ("dropped", "dropped")):
            self.letters.labels(name).set(found.get(status, 0))
        self.letter_due.set(0 if due is None else max(0, now - due) / 1000)

    def show(self, relay: RelayStats) -> None:
        for figure in ("sessions", "legs", "tests", "packets", "bytes", "workers", "worker_restarts"):
            self.relay.labels(figure).set(getattr(relay, figure))
        for why, number in relay.drops.items():
            self.drops.labels(why).set(number)


METRICS = web.AppKey("metrics", Metrics)


async def healthz(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    return answer(Alive())


async def readyz(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    given = deps(request)
    draining, relay = given.draining(), given.switchboard.stats().workers > 0
    database = await _takes_writes(given)
    state = given.node()
    ready = database and relay and not draining and (state is None or state.lease)
    tested = given.self_test()
    self_test = SelfTest(**asdict(tested)) if tested else None
    node = None
    if state is not None:
        node = Node(name=state.name, lease=state.lease, redis=state.redis, sessions=state.sessions, nodes=state.nodes)
    detail = Ready(ready=ready, draining=draining, database=database, relay=relay, self_test=self_test, node=node)
    return answer(detail, 200 if ready else 503)


async def version(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    return answer(Version(version=metadata.version("headstrt-sessions"), protocol=PROTOCOL_VERSION))


async def metrics(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    given, gauges = deps(request), request.config_dict[METRICS]
    began = time.monotonic()
    found = await views.phases(given.database)
    gauges.outbox.set(await views.outbox_depth(given.database))
    post = await views_post.post(given.database, given.clock())
    letters = await views.letters(given.database)
    alive = await views.last_alive(given.database)
    gauges.read.set(time.monotonic() - began)
    for phase in Phase:
        gauges.sessions.labels(phase.value).set(found.get(phase.value, 0))
    gauges.alive.set((given.clock() - alive) / 1000 if alive is not None else float("nan"))
    gauges.sockets.set(given.sockets())
    for table, rows in given.held().items():
        gauges.held.labels(table).set(rows)
    gauges.show(given.switchboard.stats())
    gauges.show_test(given.self_test())
    gauges.show_node(given.node())
    gauges.show_letters(*letters, given.clock())
    gauges.show_post(post, given.attempts(), given.clock())
    return web.Response(body=generate_latest(gauges.registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


async def _takes_writes(given: Deps) -> bool:
    try:
        alive = await views.last_alive(given.database)
    except Exception:  # whatever it is, this server is not ready
        return False
    return alive is None or given.clock() - alive < STALE_SIGN_MS
