"""Tables that only grow (P0.4): whoever writes, UPDATE and DELETE are refused by the store itself, on both stores.

The refusal is an integrity error: ``the <table> is append-only``. Retention (P5.7) will have a door of its own.
"""

from __future__ import annotations

from alembic import op


def append_only(table: str) -> None:
    """Make ``table`` append-only. For the migration that creates it."""
    if op.get_bind().dialect.name == "postgresql":
        # One function for all of them. 23000 is the class of broken constraints: the same error as SQLite's.
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'the % is append-only', TG_TABLE_NAME USING ERRCODE = '23000'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'the {table} is append-only'); END"
        )
