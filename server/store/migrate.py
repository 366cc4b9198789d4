"""Brings a database to the newest schema. Alembic does the work; this file finds the scripts and the connection.

Nearly every start finds nothing to do, and then Alembic, which costs more than all our own modules, is not imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from server.store.database import Database

_SCRIPTS = Path(__file__).parent / "migrations"

_OTHER_ORDER = text(
    "select table_name, column_name from information_schema.columns where table_schema = current_schema() "
    "and data_type = 'text' and collation_name is distinct from 'C' order by 1, 2"
)


async def upgrade(database: Database) -> tuple[str | None, str]:
    """Run what is missing, in one transaction; returns the revisions before and after. Call before anything else.

    Processes that start at once take turns (on PostgreSQL, by an advisory lock), and all but the first find it done.
    """

    def run(connection: Any) -> tuple[str | None, str]:
        before = revision_of(connection)
        if before != newest():
            _migrate(connection)
        return before, newest()

    revisions = await database.run_sync(run)
    await database.run_sync(_sort_by_bytes)
    return revisions


async def ready(database: Database) -> None:
    """Open ``database`` for a command, migrated. ``Locked`` when that takes being alone and a server is running."""
    if database.shared:
        await database.start(alone=False)
        if await revision(database) == newest():
            return
        await database.close()
    await database.start()
    try:
        await upgrade(database)
    except BaseException:
        await database.close()
        raise


async def revision(database: Database) -> str | None:
    """The revision that the database has; None when it has nothing yet."""
    async with database.read() as connection:
        return await connection.run_sync(revision_of)


def revision_of(connection: Connection) -> str | None:
    """The same, of a connection that is not async."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar_one_or_none()


def newest() -> str:
    """The revision that this program is written for: the last of the scripts, which are numbered."""
    return max(path.name for path in (_SCRIPTS / "versions").glob("*.py")).partition("_")[0]


def _sort_by_bytes(connection: Any) -> None:
    """On PostgreSQL, give every text the order that SQLite has, whatever the database's own: same ledger, same answer.

    In a transaction of its own: a table with changes that are still to be checked cannot be altered.
    """
    if connection.dialect.name == "postgresql":
        for table, column in connection.execute(_OTHER_ORDER).all():
            connection.exec_driver_sql(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE text COLLATE "C"')


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
