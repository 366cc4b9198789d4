"""The drawer with the endpoints: where events are sent to, under which secret, and what is sent again.

A secret is made here, sealed into the store and shown once. A URL is vetted before it is kept, and again by whoever
sends. Nothing is sent here: ``posted`` wakes who does. What is told, and when it is tried again, is not known here.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import endpoints, outbox, people
from server.store.database import Database, at_length
from server.store.endpoints import Endpoint
from server.store.locks import exclusively
from server.store.sealing import pack, seal, unpack, unseal
from server.webhooks import events, signature
from server.webhooks.delivery import is_for
from server.webhooks.egress import Egress, Refused, host_of
from signaling.errors import NotFound, UserError
from signaling.ports import Clock
from signaling.session import Ms

log = structlog.get_logger("endpoints")

MOST: Final = 50
"""Endpoints at a time: each is looked at for each event."""

KEPT: Final[Ms] = 30 * 24 * 60 * 60 * 1_000
"""How long deliveries are kept, with their attempts; no further back can anything be sent again."""

_AT_ONCE: Final = 500
_TIDY_ROUNDS: Final = 40

Resend = Literal["missed", "failed", "delivered", "all"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is another now; None leaves it. ``description`` may be taken away by an empty one."""

    url: str | None = None
    events: tuple[str, ...] | None = None
    description: str | None = None
    enabled: bool | None = None


class Endpoints:
    """One per desk. Without a ``sealing_key`` of its server's its secrets end with this process."""

    def __init__(self, database: Database, sealing_key: bytes, clock: Clock) -> None:
        self.sealing_key = sealing_key
        self.vet: Callable[[str], Awaitable[None]] = Egress().vet
        self.posted: Callable[[], None] = lambda: None
        self._database = database
        self._clock = clock

    async def create(self, url: str, types: Sequence[str], description: str | None, who: str) -> tuple[Endpoint, str]:
        """A new endpoint and its secret, which nobody can ask for again. ``UserError`` for a URL that is none."""
        await self._vetted(url)
        now, id_, secret = self._clock(), f"ep_{secrets.token_hex(8)}", signature.new_secret()
        sealed = self._sealed(id_, secret)
        made = Endpoint(id_, url, description, tuple(dict.fromkeys(types)), sealed, now, now)

        async def work(connection: AsyncConnection) -> None:
            await exclusively(connection, "endpoints", "number")
            if len(await endpoints.every(connection)) >= MOST:
                raise UserError("too_many_endpoints", f"There are {MOST} endpoints; delete one of them.")
            await endpoints.add(connection, made)
            await people.add_audit(connection, who, "endpoint.create", id_, {}, now)

        await self._database.write(work)
        log.info("a new endpoint", endpoint=id_, host=host_of(url), by=who)
        return made, signature.shown(secret)

    async def change(self, id_: str, wanted: Change, who: str) -> Endpoint:
        """Another URL, other types, off or on again. What was pending goes on; what it missed is resent by time."""
        if wanted.url is not None:
            await self._vetted(wanted.url)
        now = self._clock()

        async def work(connection: AsyncConnection) -> Endpoint:
            before = await _found(connection, id_, lock=True)
            after = self._changed(before, wanted, now)
            if after != before:
                after = replace(after, updated_at=now)
                await endpoints.save(connection, after)
                await people.add_audit(connection, who, "endpoint.change", id_, {"status": after.status}, now)
            return after

        after = await self._database.write(work)
        log.info("an endpoint was changed", endpoint=id_, host=host_of(after.url), status=after.status, by=who)
        self.posted()
        return after

    def _changed(self, before: Endpoint, wanted: Change, now: Ms) -> Endpoint:
        after = before
        if wanted.url is not None:
            after = replace(after, url=wanted.url)
        if wanted.events is not None:
            after = replace(after, events=tuple(dict.fromkeys(wanted.events)))
        if wanted.description is not None:
            after = replace(after, description=wanted.description or None)
        if wanted.enabled is False and before.status == "enabled":
            after = replace(after, status="disabled", disabled_why="operator")
        if wanted.enabled and before.status == "disabled":
            if unseal(self.sealing_key, before.id, unpack(before.secret)) is None:
                raise UserError("secret_lost", "Its secret was sealed under another one of the server's: rotate it.")
            after = replace(after, status="enabled", disabled_why=None)
        if after.url != before.url or after.status != before.status:  # it begins anew
            after = replace(after, failing_since=None, failures=0, paused_until=None)
        return after

    async def rotate(self, id_: str, overlap: Ms, who: str) -> tuple[Endpoint, str]:
        """A new secret; for ``overlap`` milliseconds the old one signs beside it."""
        now, secret = self._clock(), signature.new_secret()

        async def work(connection: AsyncConnection) -> Endpoint:
            before = await _found(connection, id_, lock=True)
            after = replace(
                before,
                secret=self._sealed(id_, secret),
                old_secret=before.secret if overlap else None,
                old_secret_until=now + overlap if overlap else None,
                updated_at=now,
            )
            await endpoints.save(connection, after)
            await people.add_audit(connection, who, "endpoint.rotate", id_, {}, now)
            return after

        after = await self._database.write(work)
        log.info("an endpoint has a new secret", endpoint=id_, host=host_of(after.url), by=who)
        return after, signature.shown(secret)

    async def remove(self, id_: str, who: str) -> None:
        """With its deliveries; the events stay."""
        now = self._clock()

        async def work(connection: AsyncConnection) -> Endpoint:
            found = await _found(connection, id_, lock=True)
            await endpoints.remove(connection, found)
            await people.add_audit(connection, who, "endpoint.remove", id_, {}, now)
            return found

        gone = await self._database.write(work)
        log.info("an endpoint is deleted", endpoint=id_, host=host_of(gone.url), by=who)

    async def test(self, id_: str, who: str | None = None) -> str:
        """An ``endpoint.test`` for it alone; the event's id. ``who``: the operator, if it was one's own act."""
        now = self._clock()

        async def work(connection: AsyncConnection) -> str:
            endpoint = _enabled(await _found(connection, id_, lock=True))
            number = endpoint.tests + 1
            await endpoints.save(connection, replace(endpoint, tests=number))
            about = {"endpoint": {"id": id_, "url": endpoint.url}}
            row = events.frozen("endpoint.test", now, number, about)
            if who is not None:
                await people.add_audit(connection, who, "endpoint.test", id_, {}, now)
            return await outbox.add(connection, endpoint.stream, number, row.type, row.body, now)

        event = await self._database.write(work)
        self.posted()
        return event

    async def resend_one(self, delivery: str, who: str | None = None) -> tuple[str, str]:
        """One delivery once more, whatever became of it; its event and its endpoint."""
        now = self._clock()

        async def work(connection: AsyncConnection) -> tuple[str, str]:
            found = await outbox.find(connection, delivery)
            if found is None:
                raise NotFound("There is no delivery with this id.", code="delivery_not_found")
            event, endpoint = found
            _enabled(await _found(connection, endpoint, lock=True))
            await outbox.again(connection, endpoint, [event], now)
            if who is not None:
                await people.add_audit(connection, who, "delivery.resend", delivery, {}, now)
            return found

        found = await self._database.write(work)
        self.posted()
        return found

    async def resend(self, id_: str, start: Ms, end: Ms, which: Resend, who: str | None = None) -> int:
        """What happened in this time, once more; ``missed``: all that it has not taken. Returns how many.

        Begun again after a failure it does no harm. ``UserError`` for a time of which no deliveries are kept.
        """
        if start < self._clock() - KEPT:
            raise UserError("too_long_ago", "Deliveries are kept for 30 days: begin later.", status=422)
        if who is not None:
            asked = {"from": start, "to": end, "which": which}
            await self._database.write(lambda c: people.add_audit(c, who, "endpoint.resend", id_, asked, self._clock()))
        resent, position = 0, 0
        while True:
            count, last = await self._database.write(
                at_length(lambda c, after=position: self._resend_some(c, id_, start, end, which, after))  # type: ignore[misc]
            )
            resent += count
            if last is None:
                break
            position = last
        log.info("events are sent again", endpoint=id_, events=resent)
        self.posted()
        return resent

    async def tidy(self) -> int:
        """Take away deliveries whose time is over (P5.7), some in each transaction. Returns how many."""
        before, gone = self._clock() - KEPT, 0
        for _ in range(_TIDY_ROUNDS):  # the next hour goes on
            some = await self._database.write(lambda c: outbox.forget_older(c, before, _AT_ONCE))
            gone += some
            if some < _AT_ONCE:
                break
        return gone

    async def _resend_some(
        self, connection: AsyncConnection, id_: str, start: Ms, end: Ms, which: Resend, after: int
    ) -> tuple[int, int | None]:
        endpoint, now = _enabled(await _found(connection, id_, lock=True)), self._clock()
        found = await outbox.between(connection, start, end, after, _AT_ONCE)
        mine = [event for event in found if is_for(event.stream, event.type, endpoint)]
        known = await outbox.delivered_to(connection, id_, [event.id for event in mine])
        new = [event for event in mine if event.id not in known] if which in ("missed", "all") else []
        again = [event.id for event in mine if _is(which, known.get(event.id))]
        await outbox.deliver(connection, [(event, id_) for event in new], now)
        count = await outbox.again(connection, id_, again, now)
        return len(new) + count, found[-1].position if len(found) == _AT_ONCE else None

    async def _vetted(self, url: str) -> None:
        try:
            await self.vet(url)
        except Refused as error:
            raise UserError("url_refused", f"Nothing is sent to this URL: {error}.", status=422) from None

    def _sealed(self, id_: str, secret: bytes) -> str:
        return pack(seal(self.sealing_key, id_, secret))


async def _found(connection: AsyncConnection, id_: str, *, lock: bool = False) -> Endpoint:
    endpoint = await endpoints.find(connection, id_, lock=lock)
    if endpoint is None:
        raise NotFound("There is no endpoint with this id.", code="endpoint_not_found")
    return endpoint


def _enabled(endpoint: Endpoint) -> Endpoint:
    if endpoint.status == "disabled":
        raise UserError("endpoint_disabled", "This endpoint is disabled; enable it first (PATCH enabled: true).")
    return endpoint


def _is(which: Resend, status: str | None) -> bool:
    """Of a delivery that there is. What is pending goes out by itself, and at once when somebody asks for it."""
    match which:
        case "missed":
            return status in ("failed", "pending")
        case "all":
            return status is not None
        case _:
            return status == which
