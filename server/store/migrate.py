"""Brings a database to the newest schema. Alembic does the work; this file finds the scripts and the connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from server.store.database import Database

_SCRIPTS = Path(__file__).parent / "migrations"


async def upgrade(database: Database) -> tuple[str | None, str]:
    """Run what is missing, in one transaction; returns the revisions before and after. Call before anything else."""

    def run(connection: Any) -> tuple[str | None, str]:
        context = MigrationContext.configure(connection)
        before = context.get_current_revision()
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, newest()

    return await database.run_sync(run)


def newest() -> str:
    """The revision that this program is written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config
