"""PostgreSQL: a transaction per write, several at once, and never two servers on one database.

READ COMMITTED for writers, with compare-and-set above; a snapshot that cannot write for readers. Every wait has an end:
a server that is frozen, gone or restarting is ``Busy``. A COMMIT that was sent and not answered is neither done nor
undone until the server says which: each transaction leaves a token in a row of its writer's, and that row is asked for.
(``pg_xact_status`` will not do: a server that crashed gives a lost transaction's number to another one.)

Which process is the server of this database stands in a row with an expiry, the lease, and every transaction looks at
it last. A lock of a session (``pg_advisory_lock``) would be gone, unnoticed, with its connection, or be another's
behind a pooler; a row tells the one that was replaced that it was, before it commits anything more.

Several servers (``together``) hold that lease in common: each renews it, and it keeps out one that would be alone, who
keeps them out. Which of them a session lives on is not decided here, but in ``homes``.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from server.store.database import Database, Locked, Unusable, Work, shown_url, whose
from server.store.locks import exclusively
from signaling.errors import Busy, Stale

log = structlog.get_logger("database")

T = TypeVar("T")

WRITERS = 8
"""Transactions that write at once; the others wait for their turn."""

READERS = 8
CONNECTIONS = WRITERS + 2 + READERS
"""The keeper of the lease, and a migration, beside those that write and read."""

ANSWER = 5.0
"""Seconds that a whole transaction may take, its connection included; then it is given up."""

ATTEMPTS = 4
"""How often a write is run that the server undid: two that waited for each other, a connection that had died before."""

LEASE = 10
"""Seconds after which a server that says nothing may be replaced, though it still has connections."""

RENEW = 2.0
"""Seconds between two signs that this one is still here."""

TOGETHER = "headstrt node"
"""Who holds the lease when several servers do; their connections are called so, and then by their own names."""

OLDEST = 130_000
"""PostgreSQL 13: the first with ``pg_current_xact_id_if_assigned``."""

_AGAIN = ("40001", "40P01")
"""Serialization failure and deadlock: undone by the server, and right to try again."""

_NOT_NOW = ("08", "25006", "25P03", "53", "55P03", "57", "58")
"""SQLSTATEs, by how they begin, that say something about the machine, not about what was asked: connection, a standby,
time-outs, resources, locks, an operator or a crash, the system below."""

_BROKEN = (DBAPIError, PoolTimeout, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What comes out when talking to the server fails."""

_SETTINGS = {
    "synchronous_commit": "on",
    "statement_timeout": "4000",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "10000",
    "timezone": "UTC",
}

_MAKE_LEASE = (
    "create table lease (id int primary key check (id = 1), holder text not null, epoch bigint not null, "
    "expires_at timestamptz not null)",
    "create table writers (slot int primary key, token text not null)",
)
_SLOTS = text(
    "insert into writers select slot, '' from generate_series(cast(:first as int), cast(:last as int)) as slot "
    "on conflict do nothing"
)
_NEXT_SLOT = text("select coalesce(max(slot) + 1, 0) from writers")
_GIVE = text("delete from writers where slot between cast(:first as int) and cast(:last as int)")
_WHO = text(
    "select holder, epoch, expires_at, expires_at > clock_timestamp() and exists (select from pg_stat_activity "
    "where application_name = lease.holder or lease.holder = :together and application_name like :together || ' %') "
    "as there from lease"
).bindparams(together=TOGETHER)
_TAKE = text(
    "insert into lease values (1, :holder, 1, clock_timestamp() + make_interval(secs => :lease)) "
    "on conflict (id) do update set holder = excluded.holder, epoch = lease.epoch + 1, "
    "expires_at = excluded.expires_at returning epoch"
)
_RENEW = text("update lease set expires_at = clock_timestamp() + make_interval(secs => :lease) where epoch = :epoch")
_LAST_LOOK = text(
    "with mark as (update writers set token = :token where slot = :slot "
    "and pg_current_xact_id_if_assigned() is not null) select epoch from lease"
)
_FATE = text("select token, (select epoch from lease) as epoch from writers where slot = :slot for update")
"""Waits for a transaction of that slot that is still going on."""

_UNKNOWN = "It could not be seen whether this was written; look before you try again."


_FACTS = text(
    "select current_setting('server_version') as version, current_setting('fsync') = 'on' as fsync, "
    "current_setting('max_connections')::int as connections, to_regclass('lease') is not null as leased"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What ``doctor`` tells of a server. ``served``: some process is the server of this database just now."""

    version: str
    fsync: bool
    connections: int
    served: bool


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """One whose server may not answer its goodbye: then it is dropped, and nobody has to be told."""

    async def close(self, *, timeout: float | None = None) -> None:
        with contextlib.suppress(TimeoutError):  # by then it has been aborted
            await super().close(timeout=timeout)


@dataclass(slots=True)
class _Turn:
    begun: bool = False


class PostgreSQL(Database):
    """One pool that writes, one that reads."""

    shared = True

    def __init__(self, url: URL, *, together: bool = False) -> None:
        super().__init__(url)
        self.answer = ANSWER
        self.together = together
        self.name = f"{TOGETHER if together else 'headstrt'} {uuid.uuid4().hex}"
        self._dsn = _dsn(url)
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None
        self._slots: asyncio.LifoQueue[int] = asyncio.LifoQueue()
        self._first: asyncio.LifoQueue[int] = asyncio.LifoQueue()  # kept free for what stands in no queue
        self._number(0)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._closing = asyncio.Event()
        self._epoch: int | None = None
        self._lost = False
        self._keeper: asyncio.Task[None] | None = None

    async def start(self, *, alone: bool = True) -> None:
        self._closing.clear()
        self._lost = False
        self._writer = self._engine("READ COMMITTED", CONNECTIONS - READERS)
        self._reader = self._engine("REPEATABLE READ", READERS, postgresql_readonly=True)
        try:
            await self._look()
            if alone:
                self._epoch = await self._take()
                self._keeper = asyncio.create_task(self._keep(self._writer, self._epoch), name="database-lease")
        except BaseException as error:
            await self.close()
            if isinstance(error, _BROKEN):
                raise Unusable(f"{shown_url(self.url)}: {_reason(error)}") from error
            raise

    async def run_sync(self, work: Callable[[Any], T]) -> T:
        return await self.alone(lambda connection: connection.run_sync(work))

    async def alone(self, work: Work[T]) -> T:
        """Run what changes the whole database, in one transaction without limits: one process after the other."""
        assert self._writer is not None
        async with self._writer.begin() as connection:
            for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                await connection.exec_driver_sql(f"set local {setting} = 0")  # a migration takes what it takes
            await exclusively(connection, "database", "schema")
            return await work(connection)

    async def write(self, work: Work[T], *, first: bool = False) -> T:
        if self._writer is None:
            raise RuntimeError("the database is not open")
        began = time.monotonic()
        turn = _Turn()
        slots = self._first if first else self._slots
        task = asyncio.create_task(self._in_turn(self._writer, work, turn, slots), name="database-write")
        self._under_way.add(task)
        task.add_done_callback(self._finished)
        try:
            await asyncio.wait({task}, timeout=self.patience)
            if not task.done() and not turn.begun:
                raise Busy()
            result = await asyncio.shield(task)
        finally:
            if not turn.begun:
                task.cancel()  # taken back
        self.observe(time.monotonic() - began)
        return result

    @contextlib.asynccontextmanager
    async def read(self, *, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        if self._reader is None:
            raise RuntimeError("the database is not open")
        try:
            async with asyncio.timeout(self.answer), contextlib.AsyncExitStack() as stack:
                yield await self._fresh(self._reader, stack)
        except _BROKEN as error:
            raise _whose(error) from error

    async def close(self) -> None:
        self._closing.set()
        if self._under_way:
            _, stuck = await asyncio.wait(self._under_way, timeout=self.patience)
            if stuck:
                log.error("the database does not answer; leaving it", writes=len(stuck))
                for task in stuck:
                    task.cancel()
                await asyncio.wait(stuck, timeout=3)
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        writer, reader, self._writer, self._reader = self._writer, self._reader, None, None
        if writer is not None and self._epoch is not None:
            with contextlib.suppress(Busy, *_BROKEN):
                if self.together:
                    await self._give_slots(writer)
                else:
                    await self._renew(writer, self._epoch, lease=0)
        self._epoch = None
        for engine in (writer, reader):
            if engine is not None:
                await engine.dispose()

    async def facts(self) -> Facts:
        """Of a database that was opened as a guest."""
        async with self.read() as connection:
            row = (await connection.execute(_FACTS)).one()
            who = (await connection.execute(_WHO)).first() if row.leased else None
        return Facts(row.version, row.fsync, row.connections, bool(who and who.there))

    # --- one write ---

    async def _in_turn(self, engine: AsyncEngine, work: Work[T], turn: _Turn, slots: asyncio.LifoQueue[int]) -> T:
        slot = await slots.get()
        try:
            for attempt in range(ATTEMPTS):
                try:
                    return await self._attempt(engine, work, turn, slot)
                except _BROKEN as error:
                    undone = not set(_AGAIN).isdisjoint(_states(error))
                    died = isinstance(error, DBAPIError) and error.connection_invalidated
                    if not undone and not died:
                        reason = _whose(error)
                        if isinstance(reason, Busy):
                            log.error("a transaction failed", error=_reason(error))
                        raise reason from error
                    log.warning("a transaction was undone", error=_reason(error), attempt=attempt)
            raise Stale() if undone else Busy()
        finally:
            slots.put_nowait(slot)

    async def _attempt(self, engine: AsyncEngine, work: Work[T], turn: _Turn, slot: int) -> T:
        committing, token = False, uuid.uuid4().hex
        try:
            async with asyncio.timeout(self.answer), self._connection(engine) as connection:
                turn.begun = True
                result = await work(connection)
                if self._epoch is not None:
                    await self._last_look(connection, slot, token)
                committing = True
                await connection.commit()
        except _BROKEN as error:
            if not committing or _refused(error):
                raise
            log.error("a commit was not answered", error=_reason(error))
            if not await self._committed(engine, slot, token):
                raise Busy() from error
        return result

    async def _last_look(self, connection: AsyncConnection, slot: int, token: str) -> None:
        """Whether this is still the server of this database; leaves the token, if there is anything to commit."""
        row = (await connection.execute(_LAST_LOOK, {"slot": slot, "token": token})).first()
        if row is None or row.epoch != self._epoch:
            self._replaced()
        if self._lost:
            raise Busy()

    async def _committed(self, engine: AsyncEngine, slot: int, token: str) -> bool:
        """What became of a transaction whose COMMIT was not answered: asked until it is known, or we close."""
        if self._epoch is None:  # a command, without a slot of its own
            raise Busy(_UNKNOWN)
        while not self._closing.is_set():
            with contextlib.suppress(Busy, *_BROKEN):
                async with asyncio.timeout(self.answer), self._connection(engine) as connection:
                    row = (await connection.execute(_FATE, {"slot": slot})).one()
                if row.epoch != self._epoch:  # the slot is another's now
                    break
                return bool(row.token == token)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), 0.2)
        raise Busy(_UNKNOWN)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it

    # --- connections ---

    def _engine(self, isolation: str, size: int, **options: Any) -> AsyncEngine:
        return create_async_engine(
            self.url.set(query={}),
            async_creator=self._connect,
            isolation_level=isolation,
            execution_options=options,
            hide_parameters=True,  # an error goes into the log, names and links do not
            pool_size=size,
            max_overflow=0,
            pool_timeout=self.answer,
        )

    async def _connect(self) -> asyncpg.Connection:
        settings = {**_SETTINGS, "application_name": self.name}
        return await asyncpg.connect(
            self._dsn, timeout=self.answer, server_settings=settings, connection_class=_Connection
        )

    @contextlib.asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """One of the pool's. ``Busy`` when there is none, whatever the reason: there was one when we started."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(engine.connect())
            except _BROKEN as error:
                log.error("no connection to the database", error=_reason(error))
                raise Busy() from error
            yield connection

    async def _fresh(self, engine: AsyncEngine, stack: contextlib.AsyncExitStack) -> AsyncConnection:
        """A connection that has just answered: who reads cannot be run again when it turns out to be dead."""
        while True:
            connection = await stack.enter_async_context(self._connection(engine))
            try:
                await connection.exec_driver_sql("select 1")
            except DBAPIError as error:
                if not error.connection_invalidated:  # else the pool has dropped all that are as old
                    raise
            else:
                return connection

    async def _look(self) -> None:
        assert self._reader is not None
        query = "select current_setting('server_version_num')::int, current_setting('server_encoding')"
        async with asyncio.timeout(self.answer), self._reader.connect() as connection:
            version, encoding = tuple((await connection.exec_driver_sql(query)).one())
        if version < OLDEST:
            raise Unusable(f"PostgreSQL {version // 10_000} is too old; 13 or newer is needed")
        if encoding != "UTF8":
            raise Unusable(f"the database's encoding is {encoding}; make it with `createdb --encoding=UTF8`")

    # --- the lease ---

    async def _take(self) -> int:
        """Become this database's server. Whoever has no connection left is gone; who renews its lease is not."""
        assert self._writer is not None
        seen = None
        while True:
            async with asyncio.timeout(self.answer), self._writer.begin() as connection:
                await exclusively(connection, "database", "lease")
                if (await connection.exec_driver_sql("select to_regclass('lease')")).scalar() is None:
                    for statement in _MAKE_LEASE:
                        await connection.exec_driver_sql(statement)
                row = (await connection.execute(_WHO)).first()
                if self.together and row is not None and row.there and row.holder == TOGETHER:
                    await self._make_slots(connection)
                    return int(row.epoch)
                if row is None or not row.there:
                    await self._make_slots(connection)
                    holder = TOGETHER if self.together else self.name
                    taken = await connection.execute(_TAKE, {"holder": holder, "lease": LEASE})
                    return int(taken.scalar_one())
            seen = seen or row.expires_at
            if row.expires_at != seen:
                raise Locked(f"{shown_url(self.url)} is in use by another server")
            await asyncio.sleep(0.2)

    async def _make_slots(self, connection: AsyncConnection) -> None:
        """Whoever is alone has always the same; one of several gets its own, for as long as it lives."""
        first = int((await connection.execute(_NEXT_SLOT)).scalar_one()) if self.together else 0
        self._number(max(first, WRITERS if self.together else 0))
        await connection.execute(_SLOTS, {"first": self._from, "last": self._from + WRITERS - 1})

    async def _give_slots(self, engine: AsyncEngine) -> None:
        async with asyncio.timeout(self.answer), self._connection(engine) as connection:
            await connection.execute(_GIVE, {"first": self._from, "last": self._from + WRITERS - 1})
            await connection.commit()

    def _number(self, first: int) -> None:
        self._from = first
        for queue in (self._slots, self._first):
            while not queue.empty():
                queue.get_nowait()
        for slot in range(first, first + WRITERS):
            (self._slots if slot > first else self._first).put_nowait(slot)

    async def _keep(self, engine: AsyncEngine, epoch: int) -> None:
        while not self._lost:
            await asyncio.sleep(RENEW)
            try:
                if not await self._renew(engine, epoch):
                    self._replaced()
            except (Busy, *_BROKEN) as error:
                log.warning("the lease on the database could not be renewed", error=_reason(error))

    async def _renew(self, engine: AsyncEngine, epoch: int, lease: int = LEASE) -> bool:
        async with asyncio.timeout(self.answer), self._connection(engine) as connection:
            done = await connection.execute(_RENEW, {"lease": lease, "epoch": epoch})
            await connection.commit()
            return done.rowcount == 1

    def _replaced(self) -> None:
        if not self._lost:
            self._lost = True
            log.error("another server has taken over this database; this one writes nothing more")
            self.replaced()


def looking(url: URL) -> AsyncEngine:
    """For one long look at one state: as a reader, without a server's limits."""
    return create_async_engine(
        url.set(query={}),
        async_creator=lambda: asyncpg.connect(_dsn(url)),
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )


def _dsn(url: URL) -> str:
    """As libpq writes it: asyncpg reads sslmode, sslrootcert and the rest from there."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _whose(error: Exception) -> Exception:
    return whose(error, _machine)


def _machine(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _state(error).startswith(_NOT_NOW)
    return isinstance(error, PoolTimeout | OSError)


def _refused(error: Exception) -> bool:
    """Whether the server itself said no to a COMMIT, which undoes it."""
    return bool(_state(error)) and not _machine(error)


def _state(error: BaseException) -> str:
    """SQLSTATE, or nothing where it did not come from the server."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) or ""


def _states(error: BaseException) -> list[str]:
    """Of the error and of what led to it."""
    found = []
    seen: BaseException | None = error
    while seen is not None:
        found.append(_state(seen))
        seen = seen.__cause__ or seen.__context__
    return found


def _reason(error: BaseException) -> str:
    """One line that names no statement and no parameter: those may hold names and texts."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}".splitlines()[0] if str(cause) else type(cause).__name__
