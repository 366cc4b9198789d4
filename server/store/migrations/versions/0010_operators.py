"""Operators: their accounts and sign-ins, notes, the case queue, outcomes in columns, declared outages."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _table(
        "operators",
        _text("id"),
        _text("name"),
        _text("role"),
        _text("password", null=True),
        _text("totp_sealed", null=True),
        _long("totp_step"),
        _long("misses"),
        _long("locked_until", null=True),
        _text("setup_hash", null=True),
        _long("setup_until", null=True),
        _long("created_at"),
        _long("signed_in_at", null=True),
        _long("revoked_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_operators"),
        sa.UniqueConstraint("name", name="uq_operators_name"),
        sa.UniqueConstraint("setup_hash", name="uq_operators_setup_hash"),
    )
    _table(
        "sign_ins",
        _text("hash"),
        _text("operator", null=True),
        _text("key_id", null=True),
        _text("key_hash", null=True),
        _long("created_at"),
        _long("seen_at"),
        _long("until"),
        sa.PrimaryKeyConstraint("hash", name="pk_sign_ins"),
        sa.ForeignKeyConstraint(["operator"], ["operators.id"], name="fk_sign_ins_operator"),
        indexes=(("operator",), ("until",)),
    )
    _table(
        "notes",
        _text("id"),
        _text("session_id", null=True),
        _text("person", null=True),
        _text("body"),
        _text("who"),
        _long("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_notes_session_id"),
        sa.ForeignKeyConstraint(["person"], ["people.pseudonym"], name="fk_notes_person"),
        indexes=(("session_id", "created_at"), ("person", "created_at")),
    )
    _table(
        "cases",
        _text("id"),
        _text("kind"),
        _text("subject"),
        _text("session_id", null=True),
        _text("person", null=True),
        _text("status", null=True),
        _text("state"),
        _text("assignee", null=True),
        _long("opened_at"),
        _long("due_at"),
        _long("closed_at", null=True),
        _long("version"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("kind", "subject", name="uq_cases_kind_subject"),
        indexes=(("state", "due_at", "id"), ("session_id",), ("person",)),
    )
    _table(
        "outcomes",
        _text("session_id"),
        _long("starts_at"),
        _long("ended_at"),
        _text("reason"),
        _text("by", null=True),
        _text("cause", null=True),
        _long("booked"),
        _long("client_present"),
        _long("expert_present"),
        _long("mutual", null=True),
        _text("client_kind", null=True),
        _long("client_lateness", null=True),
        _text("expert_kind", null=True),
        _long("expert_lateness", null=True),
        _text("flags"),
        _text("basis"),
        _text("currency", null=True),
        _long("possible"),
        _long("requested", null=True),
        _long("approved", null=True),
        sa.PrimaryKeyConstraint("session_id", name="pk_outcomes"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_outcomes_session_id"),
        indexes=(("starts_at",),),
    )
    _table(
        "outages",
        _text("id"),
        _long("begins_at"),
        _long("ends_at"),
        _text("reason"),
        _text("who"),
        _long("declared_at"),
        sa.PrimaryKeyConstraint("id", name="pk_outages"),
    )
    _table(
        "outage_sessions",
        _text("outage"),
        _text("session_id"),
        _long("done_at"),
        sa.PrimaryKeyConstraint("outage", "session_id", name="pk_outage_sessions"),
        sa.ForeignKeyConstraint(["outage"], ["outages.id"], name="fk_outage_sessions_outage"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_outage_sessions_session_id"),
        indexes=(("session_id",),),
    )


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=null)


def _long(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Long, nullable=null)


def _table(name: str, *parts: Any, indexes: tuple[tuple[str, ...], ...] = ()) -> None:
    op.create_table(name, *parts, sqlite_strict=True)
    for columns in indexes:
        op.create_index(f"ix_{name}_{'_'.join(columns)}", name, list(columns))
