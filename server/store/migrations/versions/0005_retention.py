"""A door for retention: a chain may go, whole, once its head is kept. A trace of who was erased under a sanction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.migrations.append_only import append_only

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_CHAINS = (("ledger", "session", "session_id"), ("person_ledger", "person", "pseudonym"))


def upgrade() -> None:
    op.create_table(
        "removals",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("seq", Long, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sa.Column("removed_at", Long, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_removals"),
        sqlite_strict=True,
    )
    append_only("removals")
    op.add_column("people", sa.Column("trace", sa.Text))
    op.create_index("ix_people_trace", "people", ["trace"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change_unless_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM removals WHERE kind = TG_ARGV[0] "
            "AND id = to_jsonb(OLD) ->> TG_ARGV[1]) THEN RETURN OLD; END IF; "
            "RAISE EXCEPTION 'the % is append-only', TG_TABLE_NAME USING ERRCODE = '23000'; END $$"
        )
    for table, kind, key in _CHAINS:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {table}_no_change ON {table}")
            op.execute(
                f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION refuse_change_unless_removed('{kind}', '{key}')"
            )
        else:
            op.execute(f"DROP TRIGGER {table}_no_delete")
            kept = f"(SELECT 1 FROM removals WHERE kind = '{kind}' AND id = OLD.{key})"  # noqa: S608 - our own names
            op.execute(
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT EXISTS {kept} "
                f"BEGIN SELECT RAISE(ABORT, 'the {table} is append-only'); END"
            )
