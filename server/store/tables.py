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
    Column("stream", Text, nullable=False),  # a session's id, or "person/" with a pseudonym: each is numbered by itself
    Column("sequence", Long, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),  # frozen here, sent as it is
    Column("created_at", Long, nullable=False),
    Column("position", Long),  # in which order it was handed on; null: not yet
    UniqueConstraint("stream", "sequence"),
    Index("uq_outbox_position", "position", unique=True),
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

people = _table(
    "people",
    Column("pseudonym", Text, primary_key=True),
    Column("person_id", Text, nullable=False),  # the booking system's; after an erasure the pseudonym again (P5.7)
    Column("version", Long, nullable=False),  # the length of its ledger
    Column("head", Text, nullable=False),  # the hash of its last entry
    Column("events", Long, nullable=False),  # how many events have gone to the outbox
    Column("factor_bps", Long, nullable=False),  # as an expert, as of the last change
    Column("punctuality_bps", Long),  # null: nothing counts yet
    Column("counted", Long, nullable=False),
    Column("badge", Long, nullable=False),
    Column("wake_at", Long),  # when its factor changes by itself; null: never
    Column("created_at", Long, nullable=False),
    Column("erased_at", Long),
    Column("trace", Text),  # of one erased while a sanction stands: a keyed hash, to know it again (P5.7)
    UniqueConstraint("person_id"),
    Index(None, "wake_at"),
    Index(None, "trace"),
)

person_ledger = _table(
    "person_ledger",
    Column("pseudonym", Text, ForeignKey("people.pseudonym"), primary_key=True),
    Column("seq", Long, primary_key=True),
    Column("body", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

texts = _table(
    "texts",
    Column("digest", Text, primary_key=True),  # what the ledgers say: sha256 over salt and body
    Column("salt", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("owner", Text, nullable=False),  # who wrote it: a pseudonym, or an operator's key
    Column("about", Text),  # whom it is about: a pseudonym
    Column("created_at", Long, nullable=False),
    Index(None, "owner"),
    Index(None, "about"),
)

marks = _table(
    "marks",  # what one slot of a session says of one party (P1.4), from its ledger
    Column("session_id", Text, ForeignKey("sessions.id"), primary_key=True),
    Column("starts_at", Long, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("person", Text, ForeignKey("people.pseudonym"), nullable=False),
    Column("other", Text, ForeignKey("people.pseudonym"), nullable=False),
    Column("ends_at", Long, nullable=False),
    Column("kind", Text),  # null: nothing can be said
    Column("lateness", Long),
    Column("met", Long, nullable=False),
    Column("no_show", Long, nullable=False),
    Column("at", Long, primary_key=True),  # since when it stands; a revision gives a newer one
    Index(None, "person", "role", "ends_at"),
)

complaints = _table(
    "complaints",  # from the ledgers of the accused, for finding
    Column("id", Text, primary_key=True),
    Column("session_id", Text, nullable=False),
    Column("accused", Text, ForeignKey("people.pseudonym"), nullable=False),
    Column("complainant", Text, ForeignKey("people.pseudonym"), nullable=False),
    Column("role", Text, nullable=False),  # of the accused
    Column("filed_as", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("filed_at", Long, nullable=False),
    Column("decided_at", Long),
    UniqueConstraint("session_id", "complainant", "filed_as"),
    Index(None, "accused", "filed_at"),
    Index(None, "complainant"),
    Index(None, "status", "filed_at"),
)

ratings = _table(
    "ratings",  # from the ledgers of the rated
    Column("id", Text, primary_key=True),
    Column("session_id", Text, nullable=False),
    Column("role", Text, nullable=False),  # of the rated
    Column("rated", Text, ForeignKey("people.pseudonym"), nullable=False),
    Column("rater", Text, ForeignKey("people.pseudonym"), nullable=False),
    Column("stars", Long, nullable=False),
    Column("voided", Long, nullable=False),
    Column("given_at", Long, nullable=False),
    UniqueConstraint("session_id", "role"),
    Index(None, "rated"),
)

sanctions = _table(
    "sanctions",  # from the ledgers of the sanctioned
    Column("id", Text, primary_key=True),
    Column("person", Text, ForeignKey("people.pseudonym"), nullable=False),
    Column("basis", Text, nullable=False),
    Column("measure", Text, nullable=False),
    Column("roles", Text, nullable=False),  # space-separated
    Column("imposed_at", Long, nullable=False),
    Column("until", Long),  # null: permanent
    Column("lifted_at", Long),
    Column("appeal", Text),  # null, pending, granted, refused
    Index(None, "person"),
    Index(None, "imposed_at"),
)

audit = _table(
    "audit",  # every act of an operator, hash-chained (P2.7)
    Column("seq", Long, primary_key=True),
    Column("at", Long, nullable=False),
    Column("who", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index(None, "subject"),
)

signing_keys = _table(
    "signing_keys",  # what signs receipts; no row is ever deleted
    Column("kid", Text, primary_key=True),
    Column("public", Text, nullable=False),
    Column("private_sealed", Text),  # null once it is retired
    Column("created_at", Long, nullable=False),
    Column("retired_at", Long),
)

removals = _table(
    "removals",  # chains whose time was over: gone whole, their heads kept (P5.7)
    Column("kind", Text, primary_key=True),  # session, person
    Column("id", Text, primary_key=True),
    Column("seq", Long, nullable=False),
    Column("head", Text, nullable=False),
    Column("removed_at", Long, nullable=False),
)

alive = _table(
    "alive",
    Column("node", Text, primary_key=True),
    Column("at", Long, nullable=False),  # the last sign of life (P3.9)
)

nodes = _table(
    "nodes",  # servers that share this database: one row per life of one; a lease that is over is never renewed
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("process", Text, nullable=False),  # by which its connections, and its messages, are known
    Column("load", Long, nullable=False),  # sessions it is home of
    Column("drain", Long, nullable=False),  # 1: it takes no more
    Column("drain_until", Long),  # what it still has then is moved
    Column("started_at", Long, nullable=False),
    Column("renewed_at", Long, nullable=False),
    Column("lease_until", Long, nullable=False),  # by the database's clock, as all times here
)

homes = _table(
    "homes",  # which node a session lives on: its legs, its sockets' messages, its time
    Column("session_id", Text, primary_key=True),
    Column("node", Text),  # null: none now
    Column("epoch", Long, nullable=False),  # one more with each new home
    Column("lost_at", Long),  # the home before was lost, and gave its last sign then: not yet on the ledger (P3.9)
    Index(None, "node"),
)

endpoints = _table(
    "endpoints",  # where events are sent to
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("description", Text),
    Column("events", Text, nullable=False),  # types, space-separated; empty: all
    Column("secret_sealed", Text, nullable=False),
    Column("old_secret_sealed", Text),  # signs beside the new one until
    Column("old_secret_until", Long),
    Column("status", Text, nullable=False),  # enabled, disabled
    Column("disabled_why", Text),  # gone, failing, operator, secret_lost
    Column("failing_since", Long),  # null: the last attempt succeeded, or there was none
    Column("failures", Long, nullable=False),  # in a row
    Column("paused_until", Long),  # one attempt then, not many
    Column("tests", Long, nullable=False),  # how many events there were of its own stream
    Column("created_at", Long, nullable=False),
    Column("updated_at", Long, nullable=False),
)

deliveries = _table(
    "deliveries",  # one event to one endpoint
    Column("id", Text, primary_key=True),
    Column("event", Text, ForeignKey("outbox.id"), nullable=False),
    Column("endpoint", Text, ForeignKey("endpoints.id"), nullable=False),
    Column("stream", Text, nullable=False),
    Column("position", Long, nullable=False),  # the event's: in which order they are sent when several are due
    Column("status", Text, nullable=False),  # pending, delivered, failed
    Column("attempts", Long, nullable=False),
    Column("tried", Long, nullable=False),  # of these, since it was last asked for: where on the schedule it is
    Column("due_at", Long),  # null: never by itself; while it is being sent: until when that lasts at most
    Column("lease", Text),  # who is sending it now
    Column("created_at", Long, nullable=False),
    Column("finished_at", Long),
    UniqueConstraint("event", "endpoint"),
    Index(None, "endpoint", "due_at"),
    Index(None, "endpoint", "created_at", "id"),
    Index(None, "created_at"),
)

attempts = _table(
    "attempts",
    Column("delivery", Text, ForeignKey("deliveries.id"), primary_key=True),
    Column("number", Long, primary_key=True),
    Column("at", Long, nullable=False),
    Column("took", Long, nullable=False),  # milliseconds
    Column("status", Long),  # null: no answer
    Column("error", Text),
    Column("answer", Text),  # the beginning of it
)

letters = _table(
    "letters",  # one mail to one party; whom it goes to is looked up when it is sent
    Column("id", Text, primary_key=True),  # its Message-ID
    Column("session_id", Text, ForeignKey("sessions.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("cause", Text, nullable=False),  # an event's id, or the slot whose time brings it
    Column("starts_at", Long),  # the slot that it is about
    Column("about", Text),  # the ticket of a report
    Column("status", Text, nullable=False),  # planned, sent, failed, dropped
    Column("why", Text),  # it was dropped or failed, in a word
    Column("attempts", Long, nullable=False),
    Column("due_at", Long),  # null: it is finished; while it is being sent: until when that lasts at most
    Column("lease", Text),  # who is sending it now
    Column("created_at", Long, nullable=False),
    Column("finished_at", Long),
    UniqueConstraint("session_id", "role", "kind", "cause"),
    Index(None, "due_at"),
    Index(None, "finished_at"),
)

quality = _table(
    "quality",  # what one side's page measured of a call between two visits to the disk (P5.7)
    Column("session_id", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("since", Long, primary_key=True),
    Column("until", Long, nullable=False),
    Column("samples", Text, nullable=False),  # a JSON array of [at, round trip, loss, bitrate, level, what it sends]
    Index(None, "until"),
)

sources = _table(
    "sources",  # booking systems that post to us
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # standard, calcom, calendly
    Column("secret_sealed", Text),  # null: it was deleted, and takes nothing
    Column("old_secret_sealed", Text),  # counts beside the new one until
    Column("old_secret_until", Long),
    Column("person_key_sealed", Text, nullable=False),  # what persons' ids are made with, for good
    Column("fee_amount", Long),  # of a booking that names none
    Column("fee_currency", Text),
    Column("wait_for_payment", Long, nullable=False),
    Column("late_by", Long, nullable=False),  # how old a message may be that only says itself when it was sent
    Column("events", Long, nullable=False),  # how many have gone to the outbox
    Column("created_at", Long, nullable=False),
    Column("updated_at", Long, nullable=False),
)

inbox = _table(
    "inbox",  # every message that was verified: it counts once
    Column("source", Text, ForeignKey("sources.name"), primary_key=True),
    Column("message", Text, primary_key=True),
    Column("digest", Text, nullable=False),  # of its body, which is not kept
    Column("uid", Text),  # the booking it is about, by its system's own id
    Column("outcome", Text, nullable=False),  # taken, waiting, ignored, refused
    Column("code", Text),
    Column("detail", Text),
    Column("session_id", Text),
    Column("received_at", Long, nullable=False),
    Index(None, "source", "received_at"),
    Index(None, "received_at"),
)

heard = _table(
    "heard",  # what messages said of bookings, in our words: kept for as long as the session
    Column("source", Text, ForeignKey("sources.name"), primary_key=True),
    Column("message", Text, primary_key=True),
    Column("uid", Text, nullable=False),
    Column("other", Text),  # the booking that this one replaces, or is replaced by
    Column("body", Text, nullable=False),
    Column("received_at", Long, nullable=False),
    Index(None, "source", "uid"),
    Index(None, "source", "other"),
    Index(None, "received_at"),
)

bookings = _table(
    "bookings",  # which session a booking became: the bookings of one chain share one
    Column("source", Text, ForeignKey("sources.name"), primary_key=True),
    Column("uid", Text, primary_key=True),
    Column("session_id", Text),  # null: none yet
    Column("wake_at", Long),  # when it is looked at again though nothing is heard; null: never
    Index(None, "session_id"),
    Index(None, "wake_at"),
)

operators = _table(
    "operators",  # named accounts of the dashboard
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text),  # Argon2id, as PHC; null: not set up yet
    Column("totp_sealed", Text),
    Column("totp_step", Long, nullable=False),  # the newest step whose code was used: none counts twice
    Column("misses", Long, nullable=False),  # right passwords with wrong codes, in a row
    Column("locked_until", Long),
    Column("setup_hash", Text),  # of the link it is set up with, while that may be used
    Column("setup_until", Long),
    Column("created_at", Long, nullable=False),
    Column("signed_in_at", Long),  # last
    Column("revoked_at", Long),
    UniqueConstraint("name"),
    UniqueConstraint("setup_hash"),
)

sign_ins = _table(
    "sign_ins",  # who is at the dashboard: an account, or a program's key in a browser
    Column("hash", Text, primary_key=True),  # of what the cookie holds
    Column("operator", Text, ForeignKey("operators.id")),
    Column("key_id", Text),
    Column("key_hash", Text),  # of the key itself: another one of the same name is not it
    Column("created_at", Long, nullable=False),
    Column("seen_at", Long, nullable=False),
    Column("until", Long, nullable=False),
    Index(None, "operator"),
    Index(None, "until"),
)

notes = _table(
    "notes",  # what operators write for each other; never on a ledger, so that it can go
    Column("id", Text, primary_key=True),
    Column("session_id", Text, ForeignKey("sessions.id")),
    Column("person", Text, ForeignKey("people.pseudonym")),
    Column("body", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("created_at", Long, nullable=False),
    Index(None, "session_id", "created_at"),
    Index(None, "person", "created_at"),
)

cases = _table(
    "cases",  # what waits for an operator: opened and closed by what is on record, in the same transaction
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # refund, complaint, appeal, hold, flag, contest
    Column("subject", Text, nullable=False),
    Column("session_id", Text),
    Column("person", Text),  # whom it is about: a pseudonym
    Column("status", Text),  # of the refund, or the category
    Column("state", Text, nullable=False),  # open, waiting, closed
    Column("assignee", Text),
    Column("opened_at", Long, nullable=False),
    Column("due_at", Long, nullable=False),
    Column("closed_at", Long),
    Column("version", Long, nullable=False),
    UniqueConstraint("kind", "subject"),
    Index(None, "state", "due_at", "id"),
    Index(None, "session_id"),
    Index(None, "person"),
)

outcomes = _table(
    "outcomes",  # what the ledgers of sessions that are over say, in columns: for lists and sums
    Column("session_id", Text, ForeignKey("sessions.id"), primary_key=True),
    Column("starts_at", Long, nullable=False),
    Column("ended_at", Long, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text),
    Column("cause", Text),
    Column("booked", Long, nullable=False),
    Column("client_present", Long, nullable=False),
    Column("expert_present", Long, nullable=False),
    Column("mutual", Long),  # null: not measured
    Column("client_kind", Text),
    Column("client_lateness", Long),
    Column("expert_kind", Text),
    Column("expert_lateness", Long),
    Column("flags", Text, nullable=False),  # space-separated
    Column("basis", Text, nullable=False),
    Column("currency", Text),
    Column("possible", Long, nullable=False),
    Column("requested", Long),
    Column("approved", Long),
    Index(None, "starts_at"),
)

outages = _table(
    "outages",  # spans for which an operator has declared that this service was away (P3.9)
    Column("id", Text, primary_key=True),
    Column("begins_at", Long, nullable=False),
    Column("ends_at", Long, nullable=False),
    Column("reason", Text, nullable=False),  # a digest
    Column("who", Text, nullable=False),
    Column("declared_at", Long, nullable=False),
)

outage_sessions = _table(
    "outage_sessions",  # what was done for each session: once
    Column("outage", Text, ForeignKey("outages.id"), primary_key=True),
    Column("session_id", Text, ForeignKey("sessions.id"), primary_key=True),
    Column("done_at", Long, nullable=False),
    Index(None, "session_id"),
)
