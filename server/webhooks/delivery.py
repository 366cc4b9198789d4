"""Events out: each is handed on once, sent to every endpoint that wants it until one answer is good, and signed.

One transaction hands on what is new and claims what is due; then it is sent; what came of it is one more, by compare
and set on the lease. A process that is killed in between sends again: at least once, with the same id and body. Per
endpoint two connections, per endpoint and stream one delivery at a time; an endpoint that fails is asked once at a
time, so that it starves nobody.

What is told, when to try again and what may be reached is decided in ``events``, ``backoff`` and ``egress``.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Final

import structlog
import uuid_utils
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import endpoints, outbox
from server.store.database import Database
from server.store.endpoints import Endpoint
from server.store.outbox import Attempt, Claim, Event, Result
from server.store.sealing import unpack, unseal
from server.webhooks import backoff, signature
from server.webhooks.backoff import After, Health, Outcome, Schedule, Why
from server.webhooks.egress import TOTAL, Egress, Unanswered, host_of
from server.webhooks.events import wanted
from signaling.errors import Stale
from signaling.ports import Clock
from signaling.session import Ms

log = structlog.get_logger("webhooks")

LEASE: Final[Ms] = 30_000
"""For so long what was claimed is ours. A send begins only while all of it fits in."""

LANES: Final = 2
"""Connections to one endpoint at a time, each with deliveries of other streams, one after another."""

IN_LANE: Final = 50
CEILING: Final = 32
"""Lanes at a time, to all endpoints together."""

HANDED_AT_ONCE: Final = 500
EVERY: Final = 1.0
"""Seconds between two looks when nobody pokes: what a lost poke costs."""

TOGETHER: Final = 0.01
"""Seconds that a poke waits for company."""

LEAVING: Final = 3.0

HandedOn = Callable[[AsyncConnection, Sequence[Event]], Awaitable[None]]
"""Runs in the transaction that hands events on; what it raises undoes that."""


@dataclass(slots=True)
class _Lane:
    """Deliveries of one endpoint that one connection after another takes out, in their order."""

    endpoint: Endpoint
    claims: list[Claim]
    until: float  # monotonic: when the lease is over
    lease: str


@dataclass(frozen=True, slots=True)
class _Sent:
    """One attempt that was made and is not on record yet."""

    endpoint: str
    claim: Claim
    attempt: Attempt
    outcome: Outcome


class Deliverer:
    """One per process; ``poke`` says that there may be something new. ``outcomes`` counts attempts since the start."""

    def __init__(
        self,
        database: Database,
        egress: Egress,
        sealing_key: bytes,
        clock: Clock,
        *,
        schedule: Schedule | None = None,
        lease: Ms = LEASE,
        alone: bool = True,
    ) -> None:
        self.handed_on: list[HandedOn] = []
        self.outcomes: Counter[str] = Counter()
        self._database = database
        self._egress = egress
        self._sealing_key = sealing_key
        self._clock = clock
        self._schedule = schedule or Schedule()
        self._lease = lease
        self._alone = alone
        self._poked = asyncio.Event()
        self._leaving = False
        self._task: asyncio.Task[None] | None = None
        self._lanes: dict[asyncio.Task[None], _Lane] = {}
        self._unwritten: list[tuple[_Sent, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Alone on the database: what the one before it had in its hands was not sent. Else that may be another's."""
        await self._egress.start()
        now = self._clock()
        held = await self._database.write(lambda c: outbox.release(c, now)) if self._alone else 0
        if held:
            log.info("deliveries of the process before this one are due again", deliveries=held)
        self._leaving = False
        self._task = asyncio.create_task(self._deliver_forever(), name="webhooks")

    async def stop(self) -> None:
        """What is being sent gets a moment; the rest is for the next process."""
        self._leaving = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._lanes:
            _, slow = await asyncio.wait(self._lanes, timeout=LEAVING)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
        if self._writing is not None:
            await self._writing
        await self._egress.close()

    def poke(self) -> None:
        """Something was committed that may be news; may be called from anywhere on the loop."""
        self._poked.set()

    # --- rounds ---

    async def _deliver_forever(self) -> None:
        while not self._leaving:
            try:
                wait = await self.round()
            except Stale as error:
                log.warning("events wait for the store", code=error.code)
                wait = EVERY
            except Exception:
                log.exception("a round of deliveries failed; the next one tries again")
                wait = EVERY
            try:
                async with asyncio.timeout(wait):
                    await self._poked.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(TOGETHER)
            self._poked.clear()

    async def round(self) -> float:
        """Hand on what is new, claim what is due, begin to send it. Seconds until the next look, if nobody pokes."""
        now = self._clock()
        async with self._database.read(brief=True) as connection:
            due = await outbox.waiting(connection, now)
        if due is None or due > now:
            return min(EVERY, (due - now) / 1000) if due is not None else EVERY
        if len(self._lanes) >= CEILING and not await self._anything_new():
            return EVERY
        handed, lanes = await self._database.write(self._work)
        for lane in lanes:
            task = asyncio.create_task(self._send_all(lane), name=f"webhooks {lane.endpoint.id}")
            self._lanes[task] = lane
            task.add_done_callback(self._sent)
        return 0 if handed == HANDED_AT_ONCE else EVERY

    async def settled(self) -> None:
        """Until nothing is being sent."""
        while self._lanes:
            await asyncio.wait(self._lanes)

    async def _anything_new(self) -> bool:
        async with self._database.read() as connection:
            return await outbox.unhanded(connection)

    async def _work(self, connection: AsyncConnection) -> tuple[int, list[_Lane]]:
        now, begun = self._clock(), time.monotonic()  # a lease runs from here, however long handing on takes
        known = await endpoints.every(connection)
        events = await outbox.hand_on(connection, HANDED_AT_ONCE)
        enabled = [each for each in known if each.status == "enabled"]
        pairs = [(event, each.id) for event in events for each in enabled if is_for(event.stream, event.type, each)]
        await outbox.deliver(connection, pairs, now)
        for told in self.handed_on if events else ():
            await told(connection, events)
        lanes: list[_Lane] = []
        wait = await outbox.endpoints_due(connection, now) if enabled else set()
        due = [each for each in enabled if each.id in wait]
        for endpoint in random.sample(due, len(due)):  # none is always the first
            free = CEILING - len(self._lanes) - len(lanes)
            if free > 0:
                lanes += await self._claim(connection, endpoint, min(free, LANES), now, begun)
        return len(events), lanes

    async def _claim(
        self, connection: AsyncConnection, endpoint: Endpoint, most: int, now: Ms, begun: float
    ) -> list[_Lane]:
        """Up to ``most`` lanes of what is due there; one delivery alone where the last ones failed."""
        busy = await outbox.under_way(connection, endpoint.id, now)
        careful = backoff.broken(self._schedule, _health(endpoint))
        free = min(most, (1 if careful else LANES) - len({lease for _, lease in busy}))
        if free <= 0:
            return []
        limit = 1 if careful else free * IN_LANE
        waiting = await outbox.due(connection, endpoint.id, now, {stream for stream, _ in busy}, limit)
        lanes = []
        for ids in _spread(waiting, free):
            lease = uuid_utils.uuid7().hex
            claims = await outbox.claim(connection, ids, lease, now + self._lease, now)
            if claims:
                lanes.append(_Lane(endpoint, claims, begun + self._lease / 1000, lease))
        return lanes

    # --- one lane ---

    async def _send_all(self, lane: _Lane) -> None:
        keys = self._keys(lane.endpoint)
        if not keys:
            await self._database.write(lambda c: _disable(c, lane.endpoint.id, "secret_lost", self._clock()))
        recorded: list[asyncio.Future[bool]] = []
        try:
            for claimed in lane.claims if keys else ():
                if self._leaving or time.monotonic() + min(TOTAL, self._lease / 1500) > lane.until:
                    break
                if any(each.done() and not each.result() for each in recorded):  # stopped or deleted meanwhile
                    break
                sent = await self._send(lane.endpoint, claimed, keys)
                recorded.append(self._record(sent))
                if not sent.outcome.ok and not await recorded[-1]:
                    break
        finally:
            if recorded:
                await asyncio.wait(recorded)
        if len(recorded) < len(lane.claims):
            await self._database.write(lambda c: outbox.release(c, self._clock(), [lane.lease]))
        for error in [each.exception() for each in recorded]:  # all are asked, or the loop complains of the others
            if error is not None:
                raise error

    async def _send(self, endpoint: Endpoint, claimed: Claim, keys: Sequence[bytes]) -> _Sent:
        """One attempt."""
        body, at = claimed.body.encode(), self._clock()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            **signature.headers(claimed.event, at // 1000, body, keys),
        }
        began = time.monotonic()
        answer: str | None = None
        try:
            got = await self._egress.post(endpoint.url, body, headers)
        except Unanswered as error:
            outcome = Outcome(None, error.why)
        else:
            redirected = "redirected" if 300 <= got.status < 400 else None
            outcome = Outcome(got.status, redirected, backoff.asked_for(got.retry_after, self._clock()))
            answer = got.beginning
        took = round((time.monotonic() - began) * 1000)
        self.outcomes[outcome.error or f"{(outcome.status or 0) // 100}xx"] += 1
        return _Sent(endpoint.id, claimed, Attempt(at, took, outcome.status, outcome.error, answer), outcome)

    # --- what came of it ---

    def _record(self, sent: _Sent) -> asyncio.Future[bool]:
        """Done once it is written: False when no more is to be sent to this endpoint in this lane."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._unwritten.append((sent, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_down(), name="webhooks, what came of them")
        return done

    async def _write_down(self) -> None:
        """Whatever has come while the last ones were written, in one transaction."""
        while self._unwritten:
            some, self._unwritten = self._unwritten, []
            try:
                go_on = await self._database.write(lambda c, some=some: self._settle(c, [sent for sent, _ in some]))  # type: ignore[misc]
            except Exception as error:
                for _, done in some:
                    done.set_exception(error)
            else:
                for sent, done in some:
                    done.set_result(sent.endpoint in go_on)
        self._writing = None

    async def _settle(self, connection: AsyncConnection, sent: Sequence[_Sent]) -> set[str]:
        """Results on record, each if it is still ours; the endpoints to which more may be sent as before."""
        known = await endpoints.lock(connection, {each.endpoint for each in sent})
        held = await outbox.held(connection, [each.claim for each in sent])
        fares, results = dict(known), []
        for each in sent:
            endpoint = fares.get(each.endpoint)
            if endpoint is None or each.claim.id not in held:
                continue
            now = each.attempt.at + each.attempt.took
            tried = each.claim.tried + 1
            then = backoff.after(self._schedule, tried, _health(endpoint), each.outcome, now, random.random)
            results.append(Result(each.claim, each.attempt, then.status, then.due_at))
            fares[each.endpoint] = _as_it_fares(endpoint, then, now)
            if then.status != "delivered":
                _say(each, endpoint, final=then.status == "failed")
        await outbox.settle(connection, results)
        for id_, endpoint in fares.items():
            if endpoint != known[id_]:
                await endpoints.save(connection, endpoint)
        well = {id_ for id_, each in fares.items() if each.status == "enabled"}
        return {id_ for id_ in well if not backoff.broken(self._schedule, _health(fares[id_]))}

    def _keys(self, endpoint: Endpoint) -> list[bytes]:
        """What signs: the secret, and beside it the one before while it is being exchanged. None: it cannot be read."""
        current = unseal(self._sealing_key, endpoint.id, unpack(endpoint.secret))
        if current is None:
            return []
        old = None
        if endpoint.old_secret is not None and (endpoint.old_secret_until or 0) > self._clock():
            old = unseal(self._sealing_key, endpoint.id, unpack(endpoint.old_secret))
        return [current] if old is None else [current, old]

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._lanes.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            if isinstance(error, Stale):
                log.warning("what came of a delivery could not be written; it is sent again", code=error.code)
            else:
                log.error("a lane failed; what it had is sent again", exc_info=error)
        self._poked.set()


def is_for(stream: str, type_: str, endpoint: Endpoint) -> bool:
    """Whether an event goes to this endpoint: its own stream always, another endpoint's never, else as it chose."""
    if stream.startswith("endpoint/"):
        return stream == endpoint.stream
    return wanted(type_, endpoint.events)


def _say(sent: _Sent, endpoint: Endpoint, *, final: bool) -> None:
    log.info(
        "an event was not taken",
        delivery=sent.claim.id,
        endpoint=endpoint.id,
        host=host_of(endpoint.url),
        status=sent.outcome.status,
        error=sent.outcome.error,
        attempt=sent.claim.attempts + 1,
        final=final,
    )


def _health(endpoint: Endpoint) -> Health:
    return Health(endpoint.failing_since, endpoint.failures, endpoint.paused_until)


def _as_it_fares(endpoint: Endpoint, then: After, now: Ms) -> Endpoint:
    health = then.health
    after = replace(
        endpoint,
        failing_since=health.failing_since,
        failures=health.failures,
        paused_until=health.paused_until,
    )
    if then.disable is None or endpoint.status == "disabled":
        return after
    return _disabled(after, then.disable, now)


async def _disable(connection: AsyncConnection, id_: str, why: Why, now: Ms) -> None:
    endpoint = await endpoints.find(connection, id_, lock=True)
    if endpoint is not None and endpoint.status == "enabled":
        await endpoints.save(connection, _disabled(endpoint, why, now))


def _disabled(endpoint: Endpoint, why: Why, now: Ms) -> Endpoint:
    log.error("an endpoint is disabled", endpoint=endpoint.id, host=host_of(endpoint.url), why=why)
    return replace(endpoint, status="disabled", disabled_why=why, updated_at=now)


def _spread(waiting: Sequence[tuple[str, str]], lanes: int) -> list[list[str]]:
    """Over the lanes, each stream whole in one of them and in its order."""
    spread: list[list[str]] = [[] for _ in range(lanes)]
    lane_of: dict[str, list[str]] = {}
    for id_, stream in waiting:
        lane_of.setdefault(stream, min(spread, key=len)).append(id_)
    return [ids[:IN_LANE] for ids in spread if ids]


_USER_AGENT: Final = f"headstrt-sessions/{metadata.version('headstrt-sessions')}"
