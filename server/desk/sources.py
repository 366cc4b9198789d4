"""The drawer with the sources: the booking systems that post to us, each with its secret and what it leaves out.

A secret is given by the provider or made here; it is sealed into the store and shown once, when it was made here. The
key that persons' ids are made with is made with the source and never changes: the same person books again under the
same id. What a source sends is ``inbound``'s.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy.money import Money
from server.store import people, sources
from server.store.database import Database
from server.store.locks import exclusively
from server.store.sealing import pack, seal, unpack, unseal
from server.store.sources import Source
from server.webhooks import verify
from server.webhooks.booking import DIALECTS
from signaling.errors import HeadstrtError, NotFound, UserError
from signaling.ports import Clock
from signaling.session import Ms

log = structlog.get_logger("sources")

MOST = 50
"""Sources at a time."""

LATE_BY: Ms = 24 * 60 * 60 * 1_000
SHORTEST_SECRET = 16
_KEY = 32


@dataclass(frozen=True, slots=True)
class SourceChange:
    """What is another now; None leaves it. ``no_fee`` takes the fee away."""

    fee: Money | None = None
    no_fee: bool = False
    wait_for_payment: bool | None = None
    late_by: Ms | None = None


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source with its secrets open, those that count now, and the key that makes its persons' ids."""

    source: Source
    secrets: tuple[bytes, ...]
    person_key: bytes

    def person_of(self, mail: str) -> str:
        """The id of whoever has this (normalised) address: nobody can tell the address from it."""
        made = hmac.new(self.person_key, mail.encode(), hashlib.sha256).hexdigest()
        return f"{DIALECTS[self.source.kind].prefix}:{made[:32]}"


class Sources:
    """One per desk. Without a ``sealing_key`` of its server's its secrets end with this process."""

    def __init__(self, database: Database, sealing_key: bytes, clock: Clock) -> None:
        self._database = database
        self._sealing_key = sealing_key
        self._clock = clock

    async def create(
        self,
        name: str,
        kind: str,
        secret: str | None,
        *,
        fee: Money | None = None,
        wait_for_payment: bool = False,
        late_by: Ms = LATE_BY,
        who: str,
    ) -> tuple[Source, str | None]:
        """A new source, or one of this name that was deleted, taken up again. With its secret, if that is made here."""
        given, shown = self._secret(kind, secret)
        now = self._clock()

        async def work(connection: AsyncConnection) -> Source:
            await exclusively(connection, "sources", "names")
            before = await sources.find(connection, name)
            if before is not None and (before.secret is not None or before.kind != kind):
                raise UserError("source_exists", "There is, or was, another source of this name; choose another name.")
            if sum(each.secret is not None for each in await sources.every(connection)) >= MOST:
                raise UserError("too_many_sources", f"There are {MOST} sources; delete one of them.")
            key = before.person_key if before else self._sealed(name, "person", secrets.token_bytes(_KEY))
            made = Source(
                name=name,
                kind=kind,
                secret=self._sealed(name, "secret", given),
                person_key=key,
                fee=fee,
                wait_for_payment=wait_for_payment,
                late_by=late_by,
                created_at=before.created_at if before else now,
                updated_at=now,
            )
            await (sources.save if before else sources.add)(connection, made)
            await people.add_audit(connection, who, "source.create", name, {"kind": kind}, now)
            return made

        made = await self._database.write(work)
        log.info("a new source", source=name, kind=kind, by=who)
        return made, shown

    async def change(self, name: str, wanted: SourceChange, who: str) -> Source:
        """Another fee, another patience. What was booked stays as it is."""

        named = {"fee": wanted.fee, "wait_for_payment": wanted.wait_for_payment, "late_by": wanted.late_by}
        known: dict[str, Any] = {key: value for key, value in named.items() if value is not None}

        def change(before: Source) -> Source:
            return replace(before, **known | ({"fee": None} if wanted.no_fee else {}))

        return await self._change(name, change, "change", who)

    async def rotate(self, name: str, secret: str | None, overlap: Ms, who: str) -> tuple[Source, str | None]:
        """Another secret; for ``overlap`` milliseconds the old one counts beside it."""
        async with self._database.read() as connection:
            kind = (await _found(connection, name)).kind
        given, shown = self._secret(kind, secret)

        def change(before: Source) -> Source:
            old = self._unsealed(before, "secret", before.secret)
            kept = self._sealed(name, "old", old) if old is not None and overlap else None
            until = self._clock() + overlap if kept is not None else None
            new = self._sealed(name, "secret", given)
            key = before.person_key
            if self._unsealed(before, "person", key) is None:
                log.warning("the key of a source's persons is lost: they have other ids from now on", source=name)
                key = self._sealed(name, "person", secrets.token_bytes(_KEY))
            return replace(before, secret=new, old_secret=kept, old_secret_until=until, person_key=key)

        return await self._change(name, change, "rotate", who), shown

    async def remove(self, name: str, who: str) -> None:
        """It takes nothing any more. What it booked stays, and its name is kept for it."""

        def change(before: Source) -> Source:
            return replace(before, secret=None, old_secret=None, old_secret_until=None)

        await self._change(name, change, "remove", who)

    async def open(self, name: str) -> OpenSource:
        """The source, to check and to read what it sends. ``NotFound``, or an error of 503."""
        async with self._database.read() as connection:
            source = await sources.find(connection, name)
        if source is None:
            raise no_source()
        if source.secret is None:
            raise HeadstrtError("source_deleted", "This source was deleted; it takes nothing any more.", status=404)
        secret = self._unsealed(source, "secret", source.secret)
        key = self._unsealed(source, "person", source.person_key)
        if secret is None or key is None:
            log.error("a source's secret cannot be unsealed: was the server's own secret changed?", source=name)
            raise HeadstrtError("secret_lost", "This source cannot be checked: rotate its secret.", status=503)
        counts = source.old_secret_until is not None and self._clock() < source.old_secret_until
        old = self._unsealed(source, "old", source.old_secret) if counts else None
        return OpenSource(source, (secret,) if old is None else (secret, old), key)

    async def _change(self, name: str, change: Callable[[Source], Source], act: str, who: str) -> Source:
        now = self._clock()

        async def work(connection: AsyncConnection) -> Source:
            after = replace(change(await _found(connection, name, lock=True)), updated_at=now)
            await sources.save(connection, after)
            await people.add_audit(connection, who, f"source.{act}", name, {}, now)
            return after

        after = await self._database.write(work)
        log.info("a source is another now", source=name, act=act, by=who)
        return after

    def _secret(self, kind: str, given: str | None) -> tuple[bytes, str | None]:
        """The secret, and how to show it where it is made here."""
        if kind == "standard":
            if given is None:
                made = secrets.token_bytes(_KEY)
                return made, verify.show_secret(made)
            try:
                return verify.read_secret(given), None
            except ValueError as error:
                raise UserError("bad_secret", f"This is no secret: {error}.", status=422) from None
        made_here = secrets.token_urlsafe(_KEY) if given is None else None
        text = given or made_here or ""
        if not SHORTEST_SECRET <= len(text) <= 256 or not text.isascii() or not text.isprintable():
            raise UserError("bad_secret", f"A secret has {SHORTEST_SECRET} to 256 printable characters.", status=422)
        return text.encode(), made_here

    def _sealed(self, name: str, what: str, plain: bytes) -> str:
        return pack(seal(self._sealing_key, f"source {name} {what}", plain))

    def _unsealed(self, source: Source, what: str, sealed: str | None) -> bytes | None:
        if sealed is None:
            return None
        return unseal(self._sealing_key, f"source {source.name} {what}", unpack(sealed))


async def _found(connection: AsyncConnection, name: str, *, lock: bool = False) -> Source:
    source = await sources.find(connection, name, lock=lock)
    if source is None or source.secret is None:
        raise no_source()
    return source


def no_source() -> NotFound:
    return NotFound("There is no source of this name.", code="source_not_found")
