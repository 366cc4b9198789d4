"""Mail: what is to be sent to whom, and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("starts_at", Long),
        sa.Column("about", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("why", sa.Text),
        sa.Column("attempts", Long, nullable=False),
        sa.Column("due_at", Long),
        sa.Column("lease", sa.Text),
        sa.Column("created_at", Long, nullable=False),
        sa.Column("finished_at", Long),
        sa.PrimaryKeyConstraint("id", name="pk_letters"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_letters_session_id"),
        sa.UniqueConstraint("session_id", "role", "kind", "cause", name="uq_letters_session_id_role_kind_cause"),
        sqlite_strict=True,
    )
    op.create_index("ix_letters_due_at", "letters", ["due_at"])
    op.create_index("ix_letters_finished_at", "letters", ["finished_at"])
