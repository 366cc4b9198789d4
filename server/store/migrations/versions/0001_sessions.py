"""Sessions, parties, ledger, terms, outbox, keys, signs of life."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.migrations.append_only import append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "terms",
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_terms"),
        sqlite_strict=True,
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", Long, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sa.Column("events", Long, nullable=False),
        sa.Column("starts_at", Long, nullable=False),
        sa.Column("ends_at", Long, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("fee_amount", Long),
        sa.Column("fee_currency", sa.Text),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("refund_status", sa.Text),
        sa.Column("end_reason", sa.Text),
        sa.Column("end_by", sa.Text),
        sa.Column("wake_at", Long),
        sa.Column("created_at", Long, nullable=False),
        sa.Column("updated_at", Long, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["terms"], ["terms.hash"], name="fk_sessions_terms"),
        sqlite_strict=True,
    )
    op.create_index("ix_sessions_wake_at", "sessions", ["wake_at"])
    op.create_index("ix_sessions_status_starts_at", "sessions", ["status", "starts_at"])
    op.create_index("ix_sessions_starts_at_id", "sessions", ["starts_at", "id"])
    op.create_table(
        "parties",
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("time_zone", sa.Text),
        sa.Column("locale", sa.Text),
        sa.Column("country", sa.Text),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("token_version", Long, nullable=False),
        sa.Column("token_issued_at", Long, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "role", name="pk_parties"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_parties_session_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_parties_person_id_role", "parties", ["person_id", "role"])
    op.create_table(
        "ledger",
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("seq", Long, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "seq", name="pk_ledger"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_ledger_session_id"),
        sqlite_strict=True,
    )
    append_only("ledger")
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("sequence", Long, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", Long, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("session_id", "sequence", name="uq_outbox_session_id_sequence"),
        sqlite_strict=True,
    )
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.create_table(
        "keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("created_at", Long, nullable=False),
        sa.Column("revoked_at", Long),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
        sa.UniqueConstraint("hash", name="uq_keys_hash"),
        sqlite_strict=True,
    )
    op.create_table(
        "alive",
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("at", Long, nullable=False),
        sa.PrimaryKeyConstraint("node", name="pk_alive"),
        sqlite_strict=True,
    )
