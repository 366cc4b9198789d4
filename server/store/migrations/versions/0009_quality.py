"""Quality: what each side's page measured of a call, kept for a while as evidence (P5.7)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "quality",
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("since", Long, nullable=False),
        sa.Column("until", Long, nullable=False),
        sa.Column("samples", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "role", "since", name="pk_quality"),
        sqlite_strict=True,
    )
    op.create_index("ix_quality_until", "quality", ["until"])
