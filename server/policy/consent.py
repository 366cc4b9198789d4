"""Written consent to record with a device of one's own (P5.3): asked, given by typing a name, refused, withdrawn.

``consents`` folds a session's ledger; ``ask``, ``give``, ``refuse`` and ``withdraw`` give the fact that would be next,
or refuse with a ``UserError``. What was written (scope, purpose, the typed name) is known here by its digest alone.
The server records nothing, whatever stands here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from server.policy.facts import AnyFact, ConsentAsked, ConsentGiven, ConsentRefused, ConsentWithdrawn
from signaling.errors import UserError
from signaling.session import Ms, Role, Session

MOST = 5
"""Requests of one party in one session: asking again and again is no way to a free consent."""


class ConsentStatus(StrEnum):
    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Consent:
    """One request of ``by``: what became of it. ``text`` is the digest of scope and purpose, ``name`` of the name."""

    id: str
    by: Role
    status: ConsentStatus
    text: str
    asked_at: Ms
    name: str | None = None
    given_at: Ms | None = None
    closed_at: Ms | None = None


def consents(facts: Iterable[AnyFact]) -> tuple[Consent, ...]:
    """Every request in its order; a duplicate, or an answer to nothing, changes nothing."""
    found: dict[str, Consent] = {}
    for fact in facts:
        match fact:
            case ConsentAsked():
                asked = Consent(fact.request, fact.role, ConsentStatus.ASKED, fact.text, fact.at)
                found.setdefault(fact.request, asked)
            case ConsentGiven() if _open(found, fact.request):
                old = found[fact.request]
                found[fact.request] = replace(old, status=ConsentStatus.GIVEN, name=fact.text, given_at=fact.at)
            case ConsentRefused() if _open(found, fact.request):
                old = found[fact.request]
                found[fact.request] = replace(old, status=ConsentStatus.REFUSED, closed_at=fact.at)
            case ConsentWithdrawn() if fact.request in found and found[fact.request].closed_at is None:
                old = found[fact.request]
                found[fact.request] = replace(old, status=ConsentStatus.WITHDRAWN, closed_at=fact.at)
            case _:
                pass
    return tuple(found.values())


def stood(facts: Iterable[AnyFact], recorder: Role) -> bool:
    """Whether ``recorder`` had the other's consent at any time: a complaint about it counts only once upheld (P5.3)."""
    return any(consent.by is recorder and consent.given_at is not None for consent in consents(facts))


def ask(facts: Iterable[AnyFact], session: Session, role: Role, request: str, text: str, now: Ms) -> ConsentAsked:
    """``role`` asks; one request at a time, while the two are in session with each other."""
    if session.over or session.met_at is None:
        raise UserError("not_in_session", "You can ask for this while you are in the session together.")
    mine = [consent for consent in consents(facts) if consent.by is role]
    if any(consent.status is ConsentStatus.ASKED for consent in mine):
        raise UserError("already_asked", "You have asked already; wait for the answer.")
    if any(consent.status is ConsentStatus.GIVEN for consent in mine):
        raise UserError("already_given", "You have the other person's consent already.")
    if len(mine) >= MOST:
        raise UserError("asked_too_often", "You have asked often enough in this session.")
    return ConsentAsked(now, role, request, text)


def give(facts: Iterable[AnyFact], session: Session, role: Role, request: str, name: str, now: Ms) -> ConsentGiven:
    """``role``, who was asked, agrees in writing."""
    _answerable(facts, session, role, request)
    return ConsentGiven(now, role, request, name)


def refuse(facts: Iterable[AnyFact], session: Session, role: Role, request: str, now: Ms) -> ConsentRefused:
    _answerable(facts, session, role, request)
    return ConsentRefused(now, role, request)


def withdraw(facts: Iterable[AnyFact], role: Role, request: str, now: Ms) -> ConsentWithdrawn:
    """By the one who gave it, at any time; or by the one who asked."""
    found = _find(facts, request)
    if found.closed_at is not None or (found.by is not role and found.status is not ConsentStatus.GIVEN):
        raise UserError("nothing_to_withdraw", "There is no consent of yours to withdraw.")
    return ConsentWithdrawn(now, role, request)


def _answerable(facts: Iterable[AnyFact], session: Session, role: Role, request: str) -> None:
    found = _find(facts, request)
    if found.by is role:
        raise UserError("not_yours", "Only the other person can answer this.", status=403)
    if found.status is not ConsentStatus.ASKED:
        raise UserError("already_answered", "This was answered already.")
    if session.over:
        raise UserError("session_over", "The session is over; nothing can be agreed to anymore.")


def _find(facts: Iterable[AnyFact], request: str) -> Consent:
    for consent in consents(facts):
        if consent.id == request:
            return consent
    raise UserError("no_such_request", "There is no such request.", status=404)


def _open(found: dict[str, Consent], request: str) -> bool:
    return request in found and found[request].status is ConsentStatus.ASKED
