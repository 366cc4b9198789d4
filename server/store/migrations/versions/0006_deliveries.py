"""Events out: the order in which they are handed on, the endpoints, and each delivery with its attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("outbox", sa.Column("position", Long))
    op.create_index("uq_outbox_position", "outbox", ["position"], unique=True)
    op.create_table(
        "endpoints",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("secret_sealed", sa.Text, nullable=False),
        sa.Column("old_secret_sealed", sa.Text),
        sa.Column("old_secret_until", Long),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("disabled_why", sa.Text),
        sa.Column("failing_since", Long),
        sa.Column("failures", Long, nullable=False),
        sa.Column("paused_until", Long),
        sa.Column("tests", Long, nullable=False),
        sa.Column("created_at", Long, nullable=False),
        sa.Column("updated_at", Long, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endpoints"),
        sqlite_strict=True,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("position", Long, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", Long, nullable=False),
        sa.Column("tried", Long, nullable=False),
        sa.Column("due_at", Long),
        sa.Column("lease", sa.Text),
        sa.Column("created_at", Long, nullable=False),
        sa.Column("finished_at", Long),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["event"], ["outbox.id"], name="fk_deliveries_event"),
        sa.ForeignKeyConstraint(["endpoint"], ["endpoints.id"], name="fk_deliveries_endpoint"),
        sa.UniqueConstraint("event", "endpoint", name="uq_deliveries_event_endpoint"),
        sqlite_strict=True,
    )
    op.create_index("ix_deliveries_endpoint_due_at", "deliveries", ["endpoint", "due_at"])
    op.create_index("ix_deliveries_endpoint_created_at_id", "deliveries", ["endpoint", "created_at", "id"])
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
    op.create_table(
        "attempts",
        sa.Column("delivery", sa.Text, nullable=False),
        sa.Column("number", Long, nullable=False),
        sa.Column("at", Long, nullable=False),
        sa.Column("took", Long, nullable=False),
        sa.Column("status", Long),
        sa.Column("error", sa.Text),
        sa.Column("answer", sa.Text),
        sa.PrimaryKeyConstraint("delivery", "number", name="pk_attempts"),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], name="fk_attempts_delivery"),
        sqlite_strict=True,
    )
