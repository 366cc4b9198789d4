"""``headstrt verify``: a receipt without the server, a ledger's export, and every ledger in a database (P0.4)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from server import receipts, verify
from server.policy.facts import decode, encode
from server.policy.terms import Terms, parse_terms
from server.receipts import Names
from server.store.database import parse_url
from server.store.sealing import derive_sealing_key
from signaling.ledger import Entry, canonical, extend
from signaling.messages import to_rfc3339
from signaling.session import MINUTE, HangUp, Join, MediaUp, Role
from tests.builders import NOON, Clock, Office, booking, office

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
SEED = bytes(range(32))


async def hold(o: Office, id_: str, ends: float | None = 20) -> None:
    """A session whose expert hangs up so many minutes after noon (None: it goes on)."""
    o.clock.at(-60)
    await o.desk.book(booking(id_))
    for role in Role:
        await o.desk.report(id_, Join(role, f"join-of-{role}"), o.clock.at(0))
    await o.desk.report(id_, MediaUp(), o.clock.at(0))
    if ends is not None:
        await o.desk.report(id_, HangUp(EXPERT), o.clock.at(ends))


# --- a receipt and its ledger -----------------------------------------------------------------------------------------


class Case:
    """The files that somebody keeps of one settled session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    @property
    def page(self) -> dict[str, Any]:
        page: dict[str, Any] = json.loads((self.folder / "ledger.json").read_text())
        return page

    def run(self, **files: str | None) -> int:
        """The exit code; what was printed is in ``said``."""
        given: dict[str, str | None] = dict.fromkeys(("ledger", "terms", "database"))
        given |= {"receipt": str(self.folder / "receipt.jws"), "jwks": str(self.folder / "jwks.json")}
        self.said = []
        return verify.run(self.said.append, **{**given, **files})

    @property
    def text(self) -> str:
        return "\n".join(self.said)


@pytest.fixture
async def case(tmp_path: Path) -> Case:
    """An early leave, with its receipt, its key set and its ledger as the API exports it."""
    made = Case(tmp_path)
    async with office(tmp_path / "a.db") as o:
        await hold(o, "bk_1")
        record = await o.desk.record("bk_1")
    assert record.head is not None
    names = Names("Ada Client", "Max Expert", "Mentoring")
    claims = receipts.claims(record.facts, record.terms, "bk_1", record.head, CLIENT, names, "https://calls.example")
    made.write("receipt.jws", receipts.sign(claims, SEED) + "\n")
    made.write("jwks.json", json.dumps({"keys": [receipts.jwk(receipts.public_of(SEED))]}))
    entries = extend("bk_1", None, map(encode, record.facts))
    made.write("ledger.json", json.dumps({"data": [shown(each) for each in entries], "next_cursor": None}))
    return made


def shown(entry: Entry) -> dict[str, Any]:
    """An entry as ``GET /v1/sessions/{id}/ledger`` answers it."""
    fact = json.loads(entry.body)
    return {
        "seq": entry.seq,
        "at": to_rfc3339(fact["at"]),
        "kind": fact["kind"],
        "role": fact.get("role"),
        "data": entry.body,
        "hash": entry.hash,
    }


def test_a_receipt_is_said_in_plain_words(case: Case) -> None:
    assert case.run() == verify.WHOLE
    for line in (
        "Receipt of the client, Ada Client, issued by https://calls.example",
        "Session bk_1 (Mentoring)",
        "Ended: hung_up, by: expert",
        "Not delivered: 10 min 0.0 s (P3.4)",
        "Fee: 120.00 USD",
        "Refund: eligible, at most 40.00 USD",
        "The signature is good",
    ):
        assert line in case.text


def test_P0_4_with_its_ledger_everything_is_checked_again(case: Case) -> None:
    assert case.run(ledger=str(case.folder / "ledger.json")) == verify.WHOLE
    assert "The ledger is whole" in case.text
    assert "gives the same settlement" in case.text


@pytest.mark.parametrize("form", ["entries", "pages", "lines"])
def test_an_export_may_be_pages_or_entries(case: Case, form: str) -> None:
    data = case.page["data"]
    pages = [{"data": data[:4], "next_cursor": "x"}, {"data": data[4:], "next_cursor": None}]
    text = {
        "entries": json.dumps(data),
        "pages": json.dumps(pages, indent=1),
        "lines": "\n".join(map(json.dumps, pages)),
    }[form]
    assert case.run(ledger=case.write("export.json", text)) == verify.WHOLE


def test_one_character_changed_anywhere_in_an_export_names_the_entry(case: Case) -> None:
    count = len(case.page["data"])
    tried = 0
    for number in range(count):
        for field in ("seq", "at", "kind", "role", "data", "hash"):
            page = case.page
            value = page["data"][number][field]
            if value is None:
                continue
            for changed in [value + 1] if field == "seq" else flips(value):
                page["data"][number][field] = changed
                assert case.run(ledger=case.write("wrong.json", json.dumps(page))) == verify.BROKEN
                assert f"entry {number + 1}:" in case.text, (field, changed)
                tried += 1
    assert tried > count * 6


def flips(text: str) -> list[str]:
    """The text with one character changed: at the beginning, in the middle, at the end."""
    return [text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :] for at in {0, len(text) // 2, len(text) - 1}]


def test_what_is_dropped_swapped_or_added_is_named(case: Case) -> None:
    data = case.page["data"]
    for entries, number in (
        (data[:3] + data[4:], 4),
        ([*data[:2], data[3], data[2], *data[4:]], 3),
        ([*data[:5], data[4], *data[5:]], 6),
        (data[1:], 1),
    ):
        assert case.run(ledger=case.write("wrong.json", json.dumps(entries))) == verify.BROKEN
        assert f"entry {number}:" in case.text
    assert case.run(ledger=case.write("short.json", json.dumps(data[:-1]))) == verify.BROKEN
    assert "ends at entry" in case.text


def test_another_whole_ledger_is_not_the_one_that_the_receipt_was_made_from(case: Case) -> None:
    facts = [decode(each["data"]) for each in case.page["data"]]
    del facts[1]
    entries = extend("bk_1", None, map(encode, facts))
    longer = extend("bk_1", entries[-1], [entries[-1].body])
    text = json.dumps([shown(each) for each in [*entries, *longer]])
    assert case.run(ledger=case.write("other.json", text)) == verify.BROKEN
    assert "not the ledger that the receipt was made from" in case.text


def test_a_ledger_that_went_on_still_has_the_receipts_head_in_it(case: Case) -> None:
    data = case.page["data"]
    head = Entry(data[-1]["seq"], data[-1]["data"], data[-1]["hash"])
    more = extend("bk_1", head, ['{"amount":4000,"at":1795350000000,"by":"client","kind":"refund_requested"}'])
    text = json.dumps([*data, *(shown(each) for each in more)])
    assert case.run(ledger=case.write("longer.json", text)) == verify.WHOLE


def test_P0_4_a_settlement_that_does_not_follow_from_its_ledger_is_found(case: Case) -> None:
    data = case.page["data"]
    bodies = [each["data"] for each in data]
    assert '"max_amount":4000' in bodies[-1]
    bodies[-1] = bodies[-1].replace('"max_amount":4000', '"max_amount":12000')
    entries = extend("bk_1", None, bodies)  # whoever has the database can chain anew
    facts = [decode(body) for body in bodies]
    names = Names("Ada Client", "Max Expert", "Mentoring")
    said = receipts.claims(facts, Terms(), "bk_1", entries[-1], CLIENT, names, "https://calls.example")
    case.write("receipt.jws", receipts.sign(said, SEED))  # and, with the secret, sign anew
    ledger = case.write("forged.json", json.dumps([shown(each) for each in entries]))
    assert case.run(ledger=ledger) == verify.BROKEN
    assert f"entry {len(entries)}: settled again, it gives another settlement" in case.text


def test_a_receipt_that_says_something_else_than_its_ledger_is_found(case: Case) -> None:
    keys = receipts.keys_of(json.loads((case.folder / "jwks.json").read_text()))
    said = receipts.read((case.folder / "receipt.jws").read_text(), keys)
    case.write("receipt.jws", receipts.sign({**said, "mutual_ms": 1}, SEED))
    assert case.run() == verify.WHOLE  # the key did sign it
    assert case.run(ledger=str(case.folder / "ledger.json")) == verify.BROKEN
    assert "about: mutual_ms" in case.text


def test_forged_changed_and_unknown_receipts(case: Case) -> None:
    good = (case.folder / "receipt.jws").read_text().strip()
    header, payload, signature = good.split(".")
    other = receipts.sign(
        receipts.read(good, {receipts.key_id(receipts.public_of(SEED)): receipts.public_of(SEED)}), b"x" * 32
    )
    none = receipts._pack(b'{"alg":"none","typ":"headstrt-receipt+jwt"}')
    for text, why in (
        (f"{none}.{payload}.", "alg 'none'"),
        (f"{header}.{payload[:-8]}{payload[-8:].swapcase()}.{signature}", "the signature does not fit"),
        (other, "not among the keys"),
        ("hello", "three parts"),
    ):
        assert case.run(receipt=case.write("wrong.jws", text)) == verify.BROKEN
        assert why in case.text


def test_what_cannot_be_found_out_is_said_to_be_so(case: Case) -> None:
    nowhere = str(case.folder / "nowhere")
    for files in (
        {"receipt": nowhere},
        {"jwks": nowhere},
        {"jwks": None},
        {"jwks": case.write("not.json", "{")},
        {"jwks": "http://keys.example/jwks.json"},
        {"jwks": "ftp://localhost/jwks.json"},
        {"ledger": nowhere},
        {"ledger": case.write("half.json", '{"data": [')},
        {"ledger": str(case.folder / "ledger.json"), "terms": case.write("t.toml", "reconnect_grace = 5\n")},
        {"ledger": str(case.folder / "ledger.json"), "terms": case.write("u.toml", "no_such_key = 5\n")},
    ):
        assert case.run(**files) == verify.UNCHECKED, files
        assert "could not be checked" in case.text


async def test_other_terms_than_the_defaults_have_to_be_given(tmp_path: Path) -> None:
    case = Case(tmp_path)
    toml = "reconnect_grace = 45\n"
    async with office(tmp_path / "a.db", terms=parse_terms(toml)) as o:
        await hold(o, "bk_1")
        record = await o.desk.record("bk_1")
    assert record.head is not None
    names = Names("Ada Client", "Max Expert", None)
    said = receipts.claims(record.facts, record.terms, "bk_1", record.head, EXPERT, names, "https://calls.example")
    case.write("receipt.jws", receipts.sign(said, SEED))
    case.write("jwks.json", json.dumps({"keys": [receipts.jwk(receipts.public_of(SEED))]}))
    ledger = case.write(
        "ledger.json", json.dumps([shown(each) for each in extend("bk_1", None, map(encode, record.facts))])
    )
    assert case.run(ledger=ledger) == verify.UNCHECKED
    assert record.terms.hash in case.text
    assert case.run(ledger=ledger, terms=case.write("terms.toml", toml)) == verify.WHOLE
    assert case.run(ledger=ledger, terms=case.write("terms.json", record.terms.to_json())) == verify.WHOLE


# --- a database -------------------------------------------------------------------------------------------------------


class Stored:
    """A database of three sessions and two persons, to be looked through and spoiled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[str] = []

    def run(self) -> int:
        self.said = []
        return verify.run(
            self.said.append, receipt=None, jwks=None, ledger=None, terms=None, database=f"sqlite:///{self.path}"
        )

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    @contextmanager
    def spoiled(self, sql: str, *values: Any) -> Iterator[None]:
        """As it is after this statement, past every trigger; put back afterwards."""
        before = self.path.read_bytes()
        raw = sqlite3.connect(self.path)
        raw.execute("PRAGMA foreign_keys=OFF")
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        changed = raw.execute(sql, values).rowcount
        raw.commit()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
        assert changed > 0, sql
        yield
        self.path.write_bytes(before)

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raw = sqlite3.connect(self.path)
        try:
            return raw.execute(sql, values).fetchall()
        finally:
            raw.close()


@pytest.fixture
async def stored(tmp_path: Path) -> Stored:
    path = tmp_path / "stored.db"
    async with office(path, Clock(NOON - 60 * MINUTE)) as o:
        for id_, ends in (("bk_1", 20), ("bk_4", 25), ("bk_7", None)):
            await hold(o, id_, ends)
    raw = sqlite3.connect(path)
    entries = extend("p_1", None, ['{"at":1,"kind":"erased"}', '{"at":2,"kind":"erased"}'])
    raw.execute(
        "INSERT INTO people (pseudonym, person_id, version, head, events, factor_bps, counted, badge, created_at)"
        " VALUES ('p_1', 'one', 2, ?, 0, 10000, 0, 0, 0)",
        (entries[-1].hash,),
    )
    raw.executemany("INSERT INTO person_ledger VALUES ('p_1', ?, ?, ?)", [(e.seq, e.body, e.hash) for e in entries])
    acts = [("key_1", "uphold", "c_1"), ("key_2", "excuse", "bk_1")]
    said = [{"at": NOON, "who": who, "act": act, "subject": subject, "reason": "r"} for who, act, subject in acts]
    for (who, act, subject), e in zip(acts, extend("audit", None, map(canonical, said)), strict=True):
        raw.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", (e.seq, NOON, who, act, subject, e.body, e.hash))
    salt, words = b"s" * 16, "my words"
    digest = hashlib.sha256(salt + words.encode()).hexdigest()
    raw.execute("INSERT INTO texts VALUES (?, ?, ?, 'p_1', NULL, 0)", (digest, salt.hex(), words))
    raw.commit()
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    return Stored(path)


def test_a_database_that_is_in_order(stored: Stored) -> None:
    assert stored.run() == verify.WHOLE, stored.text
    assert "Looked at 3 sessions" in stored.text
    assert "1 texts" in stored.text


async def test_it_looks_and_changes_nothing_also_beside_a_running_server(stored: Stored) -> None:
    async with office(stored.path) as o:
        before = stored.ask("SELECT count(*) FROM ledger")
        assert await asyncio.to_thread(stored.run) == verify.WHOLE
        await o.desk.book(booking("bk_8"))
        assert await asyncio.to_thread(stored.run) == verify.WHOLE
        assert "Looked at 4 sessions" in stored.text
        assert stored.ask("SELECT count(*) FROM ledger") > before


async def test_P0_4_either_store_is_walked_and_its_broken_entry_named(where: str) -> None:
    async with office(where) as o:
        await hold(o, "bk_1")
        await hold(o, "bk_2", ends=None)
    said: list[str] = []
    await verify.check_database(said.append, where)
    assert "Looked at 2 sessions, 2 persons, 0 texts." in said
    engine = create_async_engine(parse_url(where))
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(sqlalchemy.text("ALTER TABLE ledger DISABLE TRIGGER USER"))
        else:
            await connection.execute(sqlalchemy.text("DROP TRIGGER ledger_no_update"))
        await connection.execute(
            sqlalchemy.text(
                "UPDATE ledger SET body = replace(body, 'expert', 'client') WHERE session_id = 'bk_1' AND seq = 5"
            )
        )
    await engine.dispose()
    with pytest.raises(verify.Wrong, match="the first: session 'bk_1': entry 5: does not match its hash"):
        await verify.check_database(said.append, where)


ANOTHER = "iif(head LIKE '0%', '1', '0') || substr(head, 2)"
FLIP = "CAST(substr(CAST({c} AS BLOB), 1, ?) || ? || substr(CAST({c} AS BLOB), ? + 2) AS TEXT)"


def flipped(value: str, at: int, bit: int) -> tuple[int, bytes, int]:
    return at, bytes([value.encode()[at] ^ bit]), at


def test_P0_4_one_byte_changed_in_any_column_of_any_entry_names_the_entry(stored: Stored) -> None:
    tried = 0
    for table, owner, kind in (("ledger", "session_id", "session"), ("person_ledger", "pseudonym", "person")):
        rows = stored.ask(f"SELECT {owner}, seq, body, hash FROM {table} WHERE {owner} IN ('bk_4', 'p_1')")
        for id_, seq, body, hash_ in rows:
            for column, value in (("body", body), ("hash", hash_), (owner, id_)):
                at = seq * 7 % len(value.encode())
                bit = 0x80 if seq % 2 else 1  # no letter at all, or another one
                sql = f"UPDATE {table} SET {column} = {FLIP.format(c=column)} WHERE {owner} = ? AND seq = ?"
                with stored.spoiled(sql, *flipped(value, at, bit), id_, seq):
                    assert stored.run() == verify.BROKEN, (column, at)
                    assert f"{kind} '{id_}': entry {seq}: " in stored.text, (column, at, stored.text)
                tried += 1
            with stored.spoiled(f"UPDATE {table} SET seq = seq + 1000 WHERE {owner} = ? AND seq = ?", id_, seq):
                assert stored.run() == verify.BROKEN
                assert f"{kind} '{id_}': entry {seq}: is missing" in stored.text
    assert tried > 40


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (f"UPDATE sessions SET head = {ANOTHER} WHERE id = 'bk_4'", "session 'bk_4': its head"),
        ("UPDATE sessions SET version = version + 1 WHERE id = 'bk_4'", "session 'bk_4': entry {last}: is missing"),
        ("UPDATE sessions SET version = version - 1 WHERE id = 'bk_4'", "session 'bk_4': entry {top}: was added"),
        ("DELETE FROM ledger WHERE session_id = 'bk_4' AND seq = {top}", "session 'bk_4': entry {top}: is missing"),
        ("DELETE FROM ledger WHERE session_id = 'bk_4' AND seq = 3", "session 'bk_4': entry 3: is missing"),
        ("DELETE FROM ledger WHERE session_id = 'bk_4'", "session 'bk_4': entry 1: is missing"),
        ("DELETE FROM sessions WHERE id = 'bk_4'", "session 'bk_4': entry 1: there is no such session"),
        ("UPDATE ledger SET session_id = 'bk_9' WHERE session_id = 'bk_4'", "session 'bk_4': entry 1: is missing"),
        ("UPDATE ledger SET seq = -seq WHERE session_id = 'bk_4' AND seq IN (4, 5)", "session 'bk_4': entry 1: "),
        ("UPDATE terms SET body = replace(body, '90000', '90001')", "its terms"),
        (f"UPDATE people SET head = {ANOTHER} WHERE pseudonym = 'p_1'", "person 'p_1': its head"),
        ("DELETE FROM person_ledger WHERE seq = 2", "person 'p_1': entry 2: is missing"),
        ("UPDATE audit SET body = replace(body, 'uphold', 'dismiss') WHERE seq = 1", "the operators' log: entry 1: "),
        ("UPDATE audit SET act = 'dismiss' WHERE seq = 1", "the operators' log: entry 1: its columns"),
        ("UPDATE audit SET at = at + 1 WHERE seq = 2", "the operators' log: entry 2: its columns"),
        ("DELETE FROM audit WHERE seq = 1", "the operators' log: entry 1: is missing"),
        ("UPDATE texts SET body = 'your words'", "it was changed"),
        ("UPDATE texts SET salt = 'zz'", "it was changed"),
    ],
)
def test_what_is_dropped_added_or_changed_around_a_ledger_is_named(stored: Stored, sql: str, says: str) -> None:
    ((top,),) = stored.ask("SELECT version FROM sessions WHERE id = 'bk_4'")
    with stored.spoiled(sql.format(top=top)):
        assert stored.run() == verify.BROKEN
        assert says.format(top=top, last=top + 1) in stored.text, stored.text


def test_two_entries_swapped_are_named(stored: Stored) -> None:
    other = "SELECT o.body FROM ledger o WHERE o.session_id = ledger.session_id AND o.seq = 9 - ledger.seq"
    swap = f"UPDATE ledger SET body = ({other})"
    with stored.spoiled(f"{swap} WHERE session_id = 'bk_1' AND seq IN (4, 5)"):
        assert stored.run() == verify.BROKEN
        assert "session 'bk_1': entry 4: does not match its hash" in stored.text


def test_P0_4_a_settlement_chained_anew_is_found_by_settling_again(stored: Stored) -> None:
    rows = stored.ask("SELECT seq, body FROM ledger WHERE session_id = 'bk_1' ORDER BY seq")
    bodies = [row[1].replace('"max_amount":4000', '"max_amount":1') for row in rows]
    entries = extend("bk_1", None, bodies)
    last = entries[-1]
    with stored.spoiled("UPDATE sessions SET head = ? WHERE id = 'bk_1'", last.hash):
        raw = sqlite3.connect(stored.path)
        raw.executemany(
            "UPDATE ledger SET body = ?, hash = ? WHERE session_id = 'bk_1' AND seq = ?",
            [(each.body, each.hash, each.seq) for each in entries],
        )
        raw.commit()
        raw.close()
        assert stored.run() == verify.BROKEN
        assert f"session 'bk_1': entry {last.seq}: settled again, it gives another settlement" in stored.text


def test_all_that_is_wrong_is_listed_and_the_first_is_named(stored: Stored) -> None:
    with stored.spoiled("UPDATE ledger SET body = body || ' ' WHERE seq = 2 AND session_id <> 'bk_7'"):
        assert stored.run() == verify.BROKEN
        assert "2 of them; the first: session 'bk_1': entry 2: does not match its hash" in stored.said[-1]


def test_a_database_that_is_not_there_could_not_be_checked(tmp_path: Path) -> None:
    said: list[str] = []
    run: Callable[..., int] = verify.run
    url = f"sqlite:///{tmp_path}/none.db"
    assert run(said.append, receipt=None, jwks=None, ledger=None, terms=None, database=url) == verify.UNCHECKED
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "none.db").write_bytes(b"this is no database at all" * 100)
    assert run(said.append, receipt=None, jwks=None, ledger=None, terms=None, database=url) == verify.UNCHECKED


def test_the_sealing_key_is_another_one_for_each_secret() -> None:
    assert derive_sealing_key("a" * 32) != derive_sealing_key("b" * 32)
