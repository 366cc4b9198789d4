"""The keys that sign receipts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text, nullable=False),
        sa.Column("public", sa.Text, nullable=False),
        sa.Column("private_sealed", sa.Text),
        sa.Column("created_at", Long, nullable=False),
        sa.Column("retired_at", Long),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
        sqlite_strict=True,
    )
