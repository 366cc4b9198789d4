"""Several servers on one database: which there are, and which of them each session lives on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "nodes",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("load", Long, nullable=False),
        sa.Column("drain", Long, nullable=False),
        sa.Column("drain_until", Long),
        sa.Column("started_at", Long, nullable=False),
        sa.Column("renewed_at", Long, nullable=False),
        sa.Column("lease_until", Long, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_nodes"),
        sqlite_strict=True,
    )
    op.create_table(
        "homes",
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("node", sa.Text),
        sa.Column("epoch", Long, nullable=False),
        sa.Column("lost_at", Long),
        sa.PrimaryKeyConstraint("session_id", name="pk_homes"),
        sqlite_strict=True,
    )
    op.create_index("ix_homes_node", "homes", ["node"])
