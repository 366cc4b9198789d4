"""Bookings in: sources, what they sent, and the chains of their bookings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("secret_sealed", sa.Text),
        sa.Column("old_secret_sealed", sa.Text),
        sa.Column("old_secret_until", Long),
        sa.Column("person_key_sealed", sa.Text, nullable=False),
        sa.Column("fee_amount", Long),
        sa.Column("fee_currency", sa.Text),
        sa.Column("wait_for_payment", Long, nullable=False),
        sa.Column("late_by", Long, nullable=False),
        sa.Column("events", Long, nullable=False),
        sa.Column("created_at", Long, nullable=False),
        sa.Column("updated_at", Long, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sources"),
        sqlite_strict=True,
    )
    op.create_table(
        "inbox",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("uid", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("session_id", sa.Text),
        sa.Column("received_at", Long, nullable=False),
        sa.PrimaryKeyConstraint("source", "message", name="pk_inbox"),
        sa.ForeignKeyConstraint(["source"], ["sources.name"], name="fk_inbox_source"),
        sqlite_strict=True,
    )
    op.create_index("ix_inbox_source_received_at", "inbox", ["source", "received_at"])
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])
    op.create_table(
        "heard",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("uid", sa.Text, nullable=False),
        sa.Column("other", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("received_at", Long, nullable=False),
        sa.PrimaryKeyConstraint("source", "message", name="pk_heard"),
        sa.ForeignKeyConstraint(["source"], ["sources.name"], name="fk_heard_source"),
        sqlite_strict=True,
    )
    op.create_index("ix_heard_source_uid", "heard", ["source", "uid"])
    op.create_index("ix_heard_source_other", "heard", ["source", "other"])
    op.create_index("ix_heard_received_at", "heard", ["received_at"])
    op.create_table(
        "bookings",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("uid", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text),
        sa.Column("wake_at", Long),
        sa.PrimaryKeyConstraint("source", "uid", name="pk_bookings"),
        sa.ForeignKeyConstraint(["source"], ["sources.name"], name="fk_bookings_source"),
        sqlite_strict=True,
    )
    op.create_index("ix_bookings_session_id", "bookings", ["session_id"])
    op.create_index("ix_bookings_wake_at", "bookings", ["wake_at"])
