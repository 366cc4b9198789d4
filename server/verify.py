"""``headstrt verify``: check a receipt without asking the server, or every stored ledger without changing it.

A receipt: its signature by a key of the set that was given, and what it says, in plain words. With the ledger's export,
also that the chain is whole, that the receipt was made from it, and that settling it again under the same terms gives
the same settlement (P0.4). A database: every chain, entry by entry; what does not fit is named, with its number.

It trusts nothing that it reads, and takes neither keys nor addresses from the receipt itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server import receipts
from server.policy.facts import AnyFact, Priced, Settled, decode
from server.policy.settlement import settle
from server.policy.terms import Terms, TermsError, parse_terms
from server.receipts import Json, Names, Untrusted
from signaling.ledger import Broken, Entry, verify
from signaling.messages import from_rfc3339
from signaling.session import Role

Print = Callable[[str], None]

WHOLE, BROKEN, UNCHECKED = 0, 1, 2
"""Exit codes: everything holds; something does not; it could not be found out."""

_MAX_FILE = 64 * 1024 * 1024
_MAX_KEYS = 1024 * 1024


class Unchecked(Exception):
    """It cannot be found out, and why: a file that is missing, an address that does not answer."""


class Wrong(Exception):
    """What was checked does not hold; the text names the place."""


def run(
    out: Print,
    *,
    receipt: str | None,
    jwks: str | None,
    ledger: str | None,
    terms: str | None,
    database: str | None,
) -> int:
    """Do what the command line asks for; prints, and returns the exit code."""
    try:
        if receipt is not None:
            if jwks is None:
                raise Unchecked("give the keys: --jwks FILE, or the address of the server's /.well-known/jwks.json")
            check_receipt(out, receipt, jwks, ledger, terms)
        if receipt is None or database is not None:
            assert database is not None
            asyncio.run(check_database(out, database))
    except (Wrong, Untrusted) as error:
        out(f"NOT IN ORDER: {error}")
        return BROKEN
    except Unchecked as error:
        out(f"could not be checked: {error}")
        return UNCHECKED
    return WHOLE


# --- a receipt --------------------------------------------------------------------------------------------------------


def check_receipt(out: Print, receipt: str, jwks: str, ledger: str | None = None, terms: str | None = None) -> None:
    """Print what a receipt says, if one of the keys has signed it. ``Untrusted``, ``Wrong``, ``Unchecked``."""
    try:
        keys = receipts.keys_of(json.loads(_fetched(jwks)))
    except ValueError as error:
        raise Unchecked(f"{jwks}: {error}") from None
    said = receipts.read(_read(receipt), keys)
    for line in describe(said):
        out(line)
    out("")
    out("The signature is good: one of the keys given has signed exactly this.")
    if ledger is None:
        return
    entries = export(_read(ledger))
    text = _read(terms) if terms is not None else None
    for line in check_ledger(said, entries, text):
        out(line)


def describe(said: Json) -> list[str]:
    """What a receipt says, for people."""
    session, end = said["session"], said["end"]
    title = f" ({session['title']})" if session["title"] else ""
    lines = [
        f"Receipt of the {said['role']}, {said[said['role']]['name']}, issued by {said['iss']}",
        f"Session {session['id']}{title}",
        f"Booked: {session['starts_at']} to {session['ends_at']}",
    ]
    lines += [_attended(said, role) for role in Role]
    if said["mutual_ms"] is not None:
        lines.append(f"Both had sound or picture of each other for {_span(said['mutual_ms'])}")
    by = f", by: {end['by']}" if end["by"] else ""
    lines.append(f"Ended: {end['reason']}{by}, as of {end['as_of']} (decided {end['decided_at']})")
    lines += [f"Not delivered: {_span(part['ms'])} ({part['rule']})" for part in said["not_delivered"]]
    if said["fee"]:
        lines.append(f"Fee: {_amount(said['fee'])}")
    if said["role"] == Role.CLIENT.value:
        refund = said["refund"]
        most = f", at most {_amount(refund['max'])}" if refund["max"] else ""
        lines.append(f"Refund: {refund['status']}{most}")
    elif said["fee_factor_bps"] is not None:
        pay = f", which makes {_amount(said['expert_fee'])}" if said["expert_fee"] else ""
        lines.append(f"The expert's fee factor: {said['fee_factor_bps']} of 10000{pay}")
    for consent in said["consents"]:
        lines.append(f"Consent to record, asked by the {consent['asked_by']}: {consent['status']}")
    lines.append(f"Rules: {', '.join(said['rules'])}; terms {said['terms']}")
    lines.append(f"Made from the ledger up to entry {said['ledger']['seq']}, {said['ledger']['hash']}")
    return lines


@dataclass(frozen=True, slots=True)
class Exported:
    """One entry of ``GET /v1/sessions/{id}/ledger``; ``shown`` are the fields that are there for reading."""

    entry: Entry
    shown: dict[str, Any]


def export(text: str) -> list[Exported]:
    """The entries of a ledger's export: one page, a list of pages or of entries, or pages one after the other."""
    documents: list[Any] = []
    decoder, rest = json.JSONDecoder(), text.strip()
    try:
        while rest:
            document, end = decoder.raw_decode(rest)
            documents += document if isinstance(document, list) else [document]
            rest = rest[end:].lstrip()
    except ValueError as error:
        raise Unchecked(f"the ledger's export is not JSON: {error}") from None
    found: list[Exported] = []
    for document in documents:
        page = document.get("data") if isinstance(document, dict) else None
        listed = page if isinstance(page, list) else [document]
        for each in listed:
            number = len(found) + 1
            fields = each if isinstance(each, dict) else {}
            seq, data, hash_ = fields.get("seq"), fields.get("data"), fields.get("hash")
            if type(seq) is not int or not isinstance(data, str) or not isinstance(hash_, str):
                raise Wrong(f"entry {number}: it has no seq, data and hash")
            found.append(Exported(Entry(seq, data, hash_), {k: fields.get(k) for k in ("at", "kind", "role")}))
    return found


def check_ledger(said: Json, exported: Sequence[Exported], terms_text: str | None) -> list[str]:
    """That the chain holds, leads to the receipt, and settles as it was settled. ``Wrong``; ``Unchecked``."""
    session, head = said["session"]["id"], Entry(said["ledger"]["seq"], "", said["ledger"]["hash"])
    entries = [each.entry for each in exported]
    _whole(f"the ledger of {session}", session, entries)
    for each in exported:
        _shown_is_true(each)
    if len(entries) < head.seq:
        raise Wrong(f"the export ends at entry {len(entries)}; the receipt was made from entry {head.seq} on")
    if entries[head.seq - 1].hash != head.hash:
        raise Wrong(f"entry {head.seq}: this is not the ledger that the receipt was made from")
    lines = [f"The ledger is whole: {len(entries)} entries, each chained to the one before."]
    lines.append(f"The receipt was made from it, at entry {head.seq}.")
    facts = _decoded(f"the ledger of {session}", entries[: head.seq])
    terms = _terms(said["terms"], terms_text)
    _settles(f"the ledger of {session}", entries, facts, terms)
    names = Names(said["client"]["name"], said["expert"]["name"], said["session"]["title"])
    again = receipts.claims(facts, terms, session, head, Role(said["role"]), names, said["iss"])
    differs = sorted(key for key in {*said, *again} if said.get(key) != again.get(key))
    if differs:
        raise Wrong(f"the ledger says something else than the receipt about: {', '.join(differs)}")
    lines.append("Settled again under the same terms, it gives the same settlement, and what the receipt says.")
    return lines


def _shown_is_true(each: Exported) -> None:
    fact = json.loads(each.entry.body)
    at = each.shown["at"]
    try:
        same = at is None or from_rfc3339(at) == fact["at"]
    except (ValueError, TypeError, AttributeError):
        same = False
    if not same or any(each.shown[key] not in (None, fact.get(key)) for key in ("kind", "role")):
        raise Wrong(f"entry {each.entry.seq}: what it shows is not what was hashed")


def _terms(wanted: str, text: str | None) -> Terms:
    """The terms of this hash: those given, or the defaults if it is theirs."""
    if text is None:
        if Terms().hash == wanted:
            return Terms()
        raise Unchecked(f"settling it again takes the terms {wanted}: give them with --terms")
    try:
        if hashlib.sha256(text.strip().encode()).hexdigest() == wanted:
            return Terms.from_json(text.strip())
        terms = parse_terms(text)
    except TermsError as error:
        raise Unchecked("the terms cannot be read: " + "; ".join(error.problems)) from None
    if terms.hash != wanted:
        raise Unchecked(f"these are the terms {terms.hash}; the session was judged by {wanted}")
    return terms


# --- a database -------------------------------------------------------------------------------------------------------


async def check_database(out: Print, url: str) -> None:
    """Every stored chain, and every settlement once more. ``Wrong`` after all were looked at; ``Unchecked``."""
    from sqlalchemy.exc import DBAPIError

    from server.store.chains import looking

    try:
        async with looking(url) as connection:
            await check_chains(out, connection)
    except (OSError, DBAPIError) as error:
        raise Unchecked(f"the database cannot be read: {error}") from None


async def check_chains(out: Print, connection: Any) -> None:
    """The same of what this connection sees."""
    counted = {"session": 0, "person": 0, "audit": 0, "text": 0}
    problems: list[str] = []
    async for kind, problem in _looked_through(connection):
        counted[kind] += 1
        if problem is not None:
            problems.append(problem)
            out(problem)
    out(f"Looked at {counted['session']} sessions, {counted['person']} persons, {counted['text']} texts.")
    if problems:
        raise Wrong(f"{len(problems)} of them; the first: {problems[0]}")
    out("Every ledger is whole, and every settlement is what its ledger gives.")


async def _looked_through(connection: Any) -> AsyncIterator[tuple[str, str | None]]:
    """(kind, what is wrong with it or None), one for each chain and text."""
    from server.store import chains

    async for chain in chains.chains(connection):
        try:
            _stored(chain)
        except Wrong as error:
            yield chain.kind, str(error)
        else:
            yield chain.kind, None
    async for text in chains.written(connection):
        yield "text", None if _fits(text.digest, text.salt, text.body) else f"text {text.digest}: it was changed"


def _stored(chain: Any) -> None:
    """``Wrong`` names the first entry of a stored chain that is not as it was written."""
    name = f"{chain.kind} {chain.id!r}" if chain.kind != "audit" else "the operators' log"
    last = _whole(name, chain.id, chain.entries)
    if chain.kind == "audit":
        for entry, columns in zip(chain.entries, chain.columns, strict=True):
            said = json.loads(entry.body)
            if any(said.get(key) != value for key, value in columns.items()):
                raise Wrong(f"{name}: entry {entry.seq}: its columns are not what was hashed")
        return
    if chain.version is None:
        raise Wrong(f"{name}: entry {chain.entries[0].seq}: there is no such {chain.kind}")
    if len(chain.entries) < chain.version:
        raise Wrong(f"{name}: entry {len(chain.entries) + 1}: is missing")
    if len(chain.entries) > chain.version:
        raise Wrong(f"{name}: entry {chain.version + 1}: was added")
    if chain.head != last:
        raise Wrong(f"{name}: its head is not the hash of entry {len(chain.entries)}")
    if chain.kind == "session":
        facts = _decoded(name, chain.entries)
        hash_, text = chain.terms
        if hashlib.sha256(text.encode()).hexdigest() != hash_:
            raise Wrong(f"{name}: its terms {hash_} are not there, or were changed")
        _settles(name, chain.entries, facts, Terms.from_json(text))


def _fits(digest: str, salt: str, body: str) -> bool:
    try:
        return hashlib.sha256(bytes.fromhex(salt) + body.encode()).hexdigest() == digest
    except ValueError:
        return False


# --- what both have in common -----------------------------------------------------------------------------------------


def _whole(name: str, ledger_id: str, entries: Sequence[Entry]) -> str:
    try:
        return verify(ledger_id, entries)
    except Broken as error:
        raise Wrong(f"{name}: {error}") from None


def _decoded(name: str, entries: Sequence[Entry]) -> list[AnyFact]:
    found: list[AnyFact] = []
    for entry in entries:
        try:
            found.append(decode(entry.body))
        except ValueError:
            raise Wrong(f"{name}: entry {entry.seq}: is no fact that this program knows") from None
    return found


def _settles(name: str, entries: Sequence[Entry], facts: Sequence[AnyFact], terms: Terms) -> None:
    """P0.4: the same ledger, the same terms, the same answer; and it was made from the ledger before it."""
    fee = None
    for number, fact in enumerate(facts):
        if isinstance(fact, Priced):
            fee = fact.fee
        if isinstance(fact, Settled):
            if number == 0 or fact.head != entries[number - 1].hash:
                raise Wrong(f"{name}: entry {number + 1}: the settlement was made from another ledger")
            try:
                again = settle(facts[:number], terms, fee)
            except (ValueError, LookupError) as error:  # nothing that a session of ours can leave behind
                raise Wrong(
                    f"{name}: entry {number + 1}: nothing can be settled from what is before: {error}"
                ) from None
            if again != fact.settlement:
                raise Wrong(f"{name}: entry {number + 1}: settled again, it gives another settlement")


def _read(path: str) -> str:
    try:
        file = Path(path)
        if file.stat().st_size > _MAX_FILE:
            raise Unchecked(f"{path} is too large")
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Unchecked(f"{path} cannot be read: {error}") from None


def _fetched(where: str) -> str:
    """A key set from a file, or by https (http on this machine only: keys that anyone could exchange prove nothing)."""
    if "://" not in where:
        return _read(where)
    parts = urllib.parse.urlsplit(where)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")):
        raise Unchecked(f"{where}: keys are fetched by https only")
    try:
        with _opener().open(where, timeout=10) as answer:
            body: bytes = answer.read(_MAX_KEYS)
            return body.decode()
    except (OSError, ValueError) as error:
        raise Unchecked(f"{where} does not give the keys: {error}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect)


def _attended(said: Json, role: Role) -> str:
    party = said[role.value]
    came = f"arrived {party['arrived_at']}" if party["arrived_at"] else "did not join"
    late = f", {_span(party['lateness_ms'])} after the start" if party["lateness_ms"] else ""
    kind = f" ({party['attendance']})" if party["attendance"] else ""
    return f"The {role.value}, {party['name']}: {came}{late}{kind}; there for {_span(party['present_ms'])}"


def _span(ms: int) -> str:
    seconds = ms / 1000
    return f"{int(seconds // 60)} min {seconds % 60:.1f} s"


def _amount(money: Json) -> str:
    exponent = money["exponent"]
    return f"{money['amount'] / 10**exponent:.{exponent}f} {money['currency']}"
