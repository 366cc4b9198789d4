"""Verdicts made again from stored ledgers (P0.4), under the terms they were made under.

``replayed`` takes one session's entries: the chain is checked, the bodies are decoded, the machine follows the facts,
and settling them again must give the settlement that is stored. Nothing here reads a clock or a store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.policy.facts import AnyFact, Priced, Settled, decode, machine_facts
from server.policy.settlement import Settlement, settle
from server.policy.terms import Terms
from signaling.ledger import Broken, Entry, verify
from signaling.session import Session, replay


@dataclass(frozen=True, slots=True)
class Replayed:
    """One session as its ledger tells it. ``verdict``: None while it has not ended."""

    facts: tuple[AnyFact, ...]
    session: Session
    verdict: Settlement | None


def replayed(session_id: str, entries: Sequence[Entry], terms: Terms) -> Replayed:
    """``Broken`` names the entry that does not fit: the chain, a body that is no fact, or another settlement."""
    verify(session_id, entries)
    facts: list[AnyFact] = []
    fee, verdict = None, None
    for entry in entries:
        try:
            fact = decode(entry.body)
        except ValueError:
            raise Broken(entry.seq, "is no fact that this program knows") from None
        if isinstance(fact, Priced):
            fee = fact.fee
        elif isinstance(fact, Settled):
            if not facts or fact.head != entries[len(facts) - 1].hash:
                raise Broken(entry.seq, "was settled from another ledger")
            verdict = settle(facts, terms, fee)
            if verdict != fact.settlement:
                raise Broken(entry.seq, "settled again, it gives another settlement")
        facts.append(fact)
    return Replayed(tuple(facts), replay(machine_facts(facts)), verdict)
