"""The tables: what is kept, and in what shape.

Times are integer milliseconds, money integer minor units, and every document is canonical text. Names and mail
addresses stand in ``parties`` alone, so that the ledger stays valid when a person is erased (P5.7).
``ledger`` is append-only by trigger. This file knows no query.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Long = BigInteger().with_variant(Integer(), "sqlite")  # SQLite's INTEGER is 64 bits, and STRICT knows no other


def _table(name: str, *columns: Column[object] | Index | UniqueConstraint) -> Table:
    return Table(name, metadata, *columns, sqlite_strict=True)


terms = _table(
    "terms",
    Column("hash", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

sessions = _table(
    "sessions",
    Column("id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("version", Long, nullable=False),  # the length of its ledger
    Column("head", Text, nullable=False),  # the hash of its last entry
    Column("events", Long, nullable=False),  # how many events have gone to the outbox
    Column("starts_at", Long, nullable=False),
    Column("ends_at", Long, nullable=False),
    Column("probe", Long, nullable=False, server_default="0"),  # 1: this server's own test call, nobody's record
    Column("title", Text),
    Column("fee_amount", Long),
    Column("fee_currency", Text),
    Column("terms", Text, ForeignKey("terms.hash"), nullable=False),
    Column("refund_status", Text),
    Column("end_reason", Text),
    Column("end_by", Text),
    Column("wake_at", Long),  # when the desk must look at it again; null: never
    Column("created_at", Long, nullable=False),
    Column("updated_at", Long, nullable=False),
    Index(None, "wake_at"),
    Index(None, "status", "starts_at"),
    Index(None, "starts_at", "id"),
)

parties = _table(
    "parties",
    Column("session_id", Text, ForeignKey("sessions.id"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("time_zone", Text),
    Column("locale", Text),
    Column("country", Text),
    Column("metadata", Text, nullable=False),
    Column("token_version", Long, nullable=False),
    Column("token_issued_at", Long, nullable=False),
    Index(None, "person_id", "role"),
)

ledger = _table(
    "ledger",
    Column("session_id", Text, ForeignKey("sessions.id"), primary_key=True),
    Column("seq", Long, primary_key=True),
    Column("body", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

outbox = _table(
    "outbox",
    Column("id", Text, primary_key=True),  # UUIDv7
    Column("session_id", Text, nullable=False),
    Column("sequence", Long, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),  # frozen here, sent as it is
    Column("created_at", Long, nullable=False),
    UniqueConstraint("session_id", "sequence"),
    Index(None, "created_at"),
)

keys = _table(
    "keys",
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # space-separated
    Column("hash", Text, nullable=False),
    Column("created_at", Long, nullable=False),
    Column("revoked_at", Long),
    UniqueConstraint("hash"),
)

alive = _table(
    "alive",
    Column("node", Text, primary_key=True),
    Column("at", Long, nullable=False),  # the last sign of life (P3.9)
)
