"""The hash-chained ledger (P0.4): a list of facts in which nothing can be changed, dropped or slipped in unseen.

An entry is one fact in canonical JSON (sorted keys, no spaces, integers only) with its sequence number, and a hash over
the hash before it and those bytes. Whoever knows the last hash, the *head*, can check everything before it.
This module knows how entries are chained; it does not know what any fact means, nor where entries are kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LABEL = b"headstrt-ledger-1"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a ledger: ``body`` is the fact's canonical JSON, ``hash`` is hex SHA-256."""

    seq: int
    body: str
    hash: str


class Broken(ValueError):
    """The chain does not hold; ``seq`` names the first entry that does not fit."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"entry {seq}: {why}")
        self.seq = seq


def genesis(ledger_id: str) -> str:
    """The hash before the first entry: chains of two ledgers can never be exchanged."""
    return hashlib.sha256(LABEL + b"\0" + ledger_id.encode()).hexdigest()


def canonical(data: Mapping[str, Any]) -> str:
    """The one spelling of a fact. ``TypeError`` on a float: a record holds integers only."""
    _only_exact(data)
    return _ENCODER.encode(data)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def link(previous: str, seq: int, body: str) -> Entry:
    """The entry that follows the one with the hash ``previous``."""
    return Entry(seq, body, _digest(bytes.fromhex(previous), seq, body).hex())


def _digest(previous: bytes, seq: int, body: str) -> bytes:
    return hashlib.sha256(b"%s\0%s\0%d\0%s" % (LABEL, previous, seq, body.encode())).digest()


def extend(ledger_id: str, head: Entry | None, bodies: Iterable[str]) -> list[Entry]:
    """The entries for ``bodies`` after ``head`` (None: an empty ledger), numbered from 1."""
    previous, seq = (head.hash, head.seq) if head else (genesis(ledger_id), 0)
    entries: list[Entry] = []
    for body in bodies:
        seq += 1
        entry = link(previous, seq, body)
        entries.append(entry)
        previous = entry.hash
    return entries


def verify(ledger_id: str, entries: Iterable[Entry]) -> str:
    """The head's hash of an unbroken ledger; ``Broken`` names the first entry that was changed, dropped or added."""
    head = genesis(ledger_id)
    previous = bytes.fromhex(head)
    for expected, entry in enumerate(entries, start=1):
        if entry.seq != expected:
            raise Broken(expected, f"is missing or out of place (found {entry.seq})")
        previous = _digest(previous, entry.seq, entry.body)
        head = previous.hex()
        if head != entry.hash:
            raise Broken(entry.seq, "does not match its hash")
    return head


def _only_exact(value: Any) -> None:
    if value is None or isinstance(value, str | int):  # nearly all of them
        return
    if isinstance(value, float):
        raise TypeError("a ledger holds no floats")
    if isinstance(value, Mapping):
        for item in value.values():
            _only_exact(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _only_exact(item)
