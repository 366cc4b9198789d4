"""People: pseudonyms, their ledgers, marks, complaints, ratings, sanctions, texts, the audit log."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from server.store.migrations.append_only import append_only
from signaling.ledger import genesis

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("pseudonym", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("version", Long, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sa.Column("events", Long, nullable=False),
        sa.Column("factor_bps", Long, nullable=False),
        sa.Column("punctuality_bps", Long),
        sa.Column("counted", Long, nullable=False),
        sa.Column("badge", Long, nullable=False),
        sa.Column("wake_at", Long),
        sa.Column("created_at", Long, nullable=False),
        sa.Column("erased_at", Long),
        sa.PrimaryKeyConstraint("pseudonym", name="pk_people"),
        sa.UniqueConstraint("person_id", name="uq_people_person_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_people_wake_at", "people", ["wake_at"])
    op.create_table(
        "person_ledger",
        sa.Column("pseudonym", sa.Text, nullable=False),
        sa.Column("seq", Long, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", "seq", name="pk_person_ledger"),
        sa.ForeignKeyConstraint(["pseudonym"], ["people.pseudonym"], name="fk_person_ledger_pseudonym"),
        sqlite_strict=True,
    )
    append_only("person_ledger")
    op.create_table(
        "texts",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("about", sa.Text),
        sa.Column("created_at", Long, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_texts"),
        sqlite_strict=True,
    )
    op.create_index("ix_texts_owner", "texts", ["owner"])
    op.create_index("ix_texts_about", "texts", ["about"])
    op.create_table(
        "marks",
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("starts_at", Long, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("other", sa.Text, nullable=False),
        sa.Column("ends_at", Long, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("lateness", Long),
        sa.Column("met", Long, nullable=False),
        sa.Column("no_show", Long, nullable=False),
        sa.Column("at", Long, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "starts_at", "role", "at", name="pk_marks"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_marks_session_id"),
        sa.ForeignKeyConstraint(["person"], ["people.pseudonym"], name="fk_marks_person"),
        sa.ForeignKeyConstraint(["other"], ["people.pseudonym"], name="fk_marks_other"),
        sqlite_strict=True,
    )
    op.create_index("ix_marks_person_role_ends_at", "marks", ["person", "role", "ends_at"])
    op.create_table(
        "complaints",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("accused", sa.Text, nullable=False),
        sa.Column("complainant", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("filed_as", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("filed_at", Long, nullable=False),
        sa.Column("decided_at", Long),
        sa.PrimaryKeyConstraint("id", name="pk_complaints"),
        sa.UniqueConstraint(
            "session_id", "complainant", "filed_as", name="uq_complaints_session_id_complainant_filed_as"
        ),
        sa.ForeignKeyConstraint(["accused"], ["people.pseudonym"], name="fk_complaints_accused"),
        sa.ForeignKeyConstraint(["complainant"], ["people.pseudonym"], name="fk_complaints_complainant"),
        sqlite_strict=True,
    )
    op.create_index("ix_complaints_accused_filed_at", "complaints", ["accused", "filed_at"])
    op.create_index("ix_complaints_complainant", "complaints", ["complainant"])
    op.create_index("ix_complaints_status_filed_at", "complaints", ["status", "filed_at"])
    op.create_table(
        "ratings",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("rated", sa.Text, nullable=False),
        sa.Column("rater", sa.Text, nullable=False),
        sa.Column("stars", Long, nullable=False),
        sa.Column("voided", Long, nullable=False),
        sa.Column("given_at", Long, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ratings"),
        sa.UniqueConstraint("session_id", "role", name="uq_ratings_session_id_role"),
        sa.ForeignKeyConstraint(["rated"], ["people.pseudonym"], name="fk_ratings_rated"),
        sa.ForeignKeyConstraint(["rater"], ["people.pseudonym"], name="fk_ratings_rater"),
        sqlite_strict=True,
    )
    op.create_index("ix_ratings_rated", "ratings", ["rated"])
    op.create_table(
        "sanctions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("imposed_at", Long, nullable=False),
        sa.Column("until", Long),
        sa.Column("lifted_at", Long),
        sa.Column("appeal", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_sanctions"),
        sa.ForeignKeyConstraint(["person"], ["people.pseudonym"], name="fk_sanctions_person"),
        sqlite_strict=True,
    )
    op.create_index("ix_sanctions_person", "sanctions", ["person"])
    op.create_index("ix_sanctions_imposed_at", "sanctions", ["imposed_at"])
    op.create_table(
        "audit",
        sa.Column("seq", Long, nullable=False),
        sa.Column("at", Long, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])
    append_only("audit")
    _rename_stream()
    _name_everyone()


def _rename_stream() -> None:
    """The outbox tells of persons too: what it numbers by is a stream, no longer always a session."""
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_strict": True}) as batch:
        batch.drop_constraint("uq_outbox_session_id_sequence", type_="unique")
        batch.alter_column("session_id", new_column_name="stream")
    with op.batch_alter_table("outbox", table_kwargs={"sqlite_strict": True}) as batch:  # a new name counts from here
        batch.create_unique_constraint("uq_outbox_stream_sequence", ["stream", "sequence"])


def _name_everyone() -> None:
    """A pseudonym for each person of the bookings that are here already."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT p.person_id, min(s.created_at) AS at FROM parties p JOIN sessions s ON s.id = p.session_id"
            " GROUP BY p.person_id"
        )
    ).all()
    for person_id, at in rows:
        pseudonym = f"p_{secrets.token_hex(10)}"
        connection.execute(
            sa.text(
                "INSERT INTO people (pseudonym, person_id, version, head, events, factor_bps, counted, badge,"
                " created_at) VALUES (:pseudonym, :person, 0, :head, 0, 10000, 0, 0, :at)"
            ),
            {"pseudonym": pseudonym, "person": person_id, "head": genesis(pseudonym), "at": at},
        )
