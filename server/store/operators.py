"""Operators' accounts and sign-ins in the store. What lies here opens nothing by itself: secrets are sealed or hashed.

Who may sign in, and what with, is the desk's; this file finds and writes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.policy.operators import OperatorRole
from server.store import tables
from signaling.session import Ms


@dataclass(frozen=True, slots=True)
class Operator:
    """A named account. ``password`` None: it is not set up yet. ``totp_step``: the newest whose code was used."""

    id: str
    name: str
    role: OperatorRole
    password: str | None
    totp_sealed: str | None
    totp_step: int
    misses: int
    locked_until: Ms | None
    setup_hash: str | None
    setup_until: Ms | None
    created_at: Ms
    signed_in_at: Ms | None = None
    revoked_at: Ms | None = None

    @property
    def state(self) -> str:
        if self.revoked_at is not None:
            return "revoked"
        return "invited" if self.password is None else "active"


@dataclass(frozen=True, slots=True)
class SignIn:
    """One browser that is signed in, as an account or with a key. ``hash``: of what its cookie holds."""

    hash: str
    operator: str | None
    key_id: str | None
    key_hash: str | None
    created_at: Ms
    seen_at: Ms
    until: Ms


async def add(connection: AsyncConnection, operator: Operator) -> None:
    await connection.execute(insert(tables.operators).values(_row(operator)))


async def save(connection: AsyncConnection, operator: Operator) -> None:
    o = tables.operators
    await connection.execute(update(o).where(o.c.id == operator.id).values(_row(operator)))


async def find(connection: AsyncConnection, id_or_name: str, *, lock: bool = False) -> Operator | None:
    o = tables.operators
    query = select(o).where((o.c.id == id_or_name) | (o.c.name == id_or_name))
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    return an_operator(row) if row else None


async def by_setup(connection: AsyncConnection, setup_hash: str, *, lock: bool = False) -> Operator | None:
    o = tables.operators
    query = select(o).where(o.c.setup_hash == setup_hash)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    return an_operator(row) if row else None


async def every(connection: AsyncConnection) -> list[Operator]:
    """All there ever were, oldest first."""
    o = tables.operators
    return [an_operator(row) for row in await connection.execute(select(o).order_by(o.c.created_at, o.c.id))]


async def use_step(connection: AsyncConnection, id_: str, step: int, now: Ms) -> bool:
    """Take note of a code that was right. False if that one, or a newer one, was used before: it counts once."""
    o = tables.operators
    done = await connection.execute(
        update(o)
        .where(o.c.id == id_, o.c.totp_step < step)
        .values(totp_step=step, misses=0, locked_until=None, signed_in_at=now)
    )
    return done.rowcount == 1


# --- sign-ins ---------------------------------------------------------------------------------------------------------


async def sign_in(connection: AsyncConnection, made: SignIn) -> None:
    await connection.execute(insert(tables.sign_ins).values({f.name: getattr(made, f.name) for f in fields(made)}))


async def found(connection: AsyncConnection, hash_: str) -> tuple[SignIn, Operator | None] | None:
    """The sign-in, and whose account it is."""
    s, o = tables.sign_ins, tables.operators
    row = (await connection.execute(select(s).where(s.c.hash == hash_))).first()
    if row is None:
        return None
    made = SignIn(row.hash, row.operator, row.key_id, row.key_hash, row.created_at, row.seen_at, row.until)
    if made.operator is None:
        return made, None
    account = (await connection.execute(select(o).where(o.c.id == made.operator))).first()
    return made, an_operator(account) if account else None


async def seen(connection: AsyncConnection, hash_: str, now: Ms) -> None:
    s = tables.sign_ins
    await connection.execute(update(s).where(s.c.hash == hash_, s.c.seen_at < now).values(seen_at=now))


async def sign_out(connection: AsyncConnection, hash_: str) -> None:
    s = tables.sign_ins
    await connection.execute(delete(s).where(s.c.hash == hash_))


async def sign_out_everywhere(connection: AsyncConnection, operator: str | None, key: str | None = None) -> None:
    """Of one account, or of one key."""
    s = tables.sign_ins
    whose = s.c.operator == operator if operator is not None else s.c.key_id == key
    await connection.execute(delete(s).where(whose))


async def keep_newest(connection: AsyncConnection, operator: str | None, key: str | None, most: int) -> None:
    """End the oldest sign-ins of one account or key beyond ``most``."""
    s = tables.sign_ins
    whose = s.c.operator == operator if operator is not None else s.c.key_id == key
    newest = select(s.c.hash).where(whose).order_by(s.c.created_at.desc(), s.c.hash).limit(most)
    kept = [row.hash for row in await connection.execute(newest)]
    await connection.execute(delete(s).where(whose, s.c.hash.not_in(kept)))


async def forget_over(connection: AsyncConnection, now: Ms, idle: Ms) -> int:
    """Take away what is over; how many."""
    s = tables.sign_ins
    return (await connection.execute(delete(s).where((s.c.until <= now) | (s.c.seen_at <= now - idle)))).rowcount


async def admins(connection: AsyncConnection) -> int:
    """How many accounts there are that may do everything, and can be signed in with."""
    o = tables.operators
    query = (
        select(func.count())
        .select_from(o)
        .where(o.c.role == OperatorRole.ADMIN.value, o.c.revoked_at.is_(None), o.c.password.is_not(None))
    )
    return int((await connection.execute(query)).scalar_one())


def an_operator(row: object) -> Operator:
    """A row of ``operators``."""
    r: Any = row
    values = {each.name: getattr(r, each.name) for each in fields(Operator)}
    return Operator(**{**values, "role": OperatorRole(r.role)})


def _row(operator: Operator) -> dict[str, object]:
    return {each.name: getattr(operator, each.name) for each in fields(operator)} | {"role": operator.role.value}
