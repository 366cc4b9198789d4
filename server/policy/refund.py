"""A refund's way, as a table (P3.12). The booking system decides and pays; this only says what may follow what.

``refund_state`` folds the ledger; ``request``, ``decide``, ``settled`` and ``expire`` give the fact that would be
next, or refuse with a ``UserError`` that says why. Amounts are minor units of the settlement's currency. How much
may be asked back at most is the settlement's to say, not this module's.

A review is answered by the same decision as a request (*ours*): approved, it becomes eligible up to the amount that
was allowed, and the client may ask within a refund window of its own; declined, with the reason, it is none. A claim
for a cause (P3.17) brings to review what was not asked for yet, with the whole fee as its bound; declined, it leaves
what could be asked for before. A decline may be disputed once, and what is decided then is final (P3.12).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from server.policy.facts import (
    AnyFact,
    CauseClaimed,
    Priced,
    RefundDecided,
    RefundDisputed,
    RefundExpired,
    RefundFact,
    RefundPaid,
    RefundRequested,
    Revised,
    Settled,
)
from server.policy.terms import Terms
from server.policy.verdict import RefundStatus
from signaling.errors import UserError
from signaling.session import Ms

S = RefundStatus

MOVES: Mapping[S, Mapping[str, S]] = {
    S.NONE: {"claim": S.REVIEW, "open": S.ELIGIBLE, "close": S.NONE},
    S.ELIGIBLE: {
        "request": S.REQUESTED,
        "expire": S.EXPIRED,
        "claim": S.REVIEW,
        "open": S.ELIGIBLE,
        "close": S.NONE,
    },
    S.REQUESTED: {"approve": S.APPROVED, "decline": S.DECLINED},
    S.REVIEW: {"approve": S.ELIGIBLE, "decline": S.NONE, "open": S.ELIGIBLE, "close": S.NONE},
    S.APPROVED: {"pay": S.SETTLED},
    S.DECLINED: {"dispute": S.DISPUTED, "open": S.ELIGIBLE},
    S.DISPUTED: {"approve": S.APPROVED, "decline": S.DECLINED},
    S.SETTLED: {},
    S.EXPIRED: {"open": S.ELIGIBLE},
}
"""P3.12: from a status, by an act, to a status. What is not here is refused."""


@dataclass(frozen=True, slots=True)
class RefundState:
    """Where a refund stands. Amounts in minor units; ``until``: eligible until then."""

    status: RefundStatus = S.NONE
    max_amount: int = 0
    currency: str | None = None
    requested: int | None = None
    requested_at: Ms | None = None
    approved: int | None = None
    until: Ms | None = None
    note: str | None = None
    reference: str | None = None
    ended_at: Ms | None = None
    fee: int = 0
    claimed: bool = False
    owed: int = 0  # what could be asked for before the claim: a claim that fails takes nothing away
    disputed: bool = False
    declined_at: Ms | None = None


def refund_state(facts: Sequence[AnyFact], terms: Terms) -> RefundState:
    """Fold the ledger. What the table does not allow changes nothing (a duplicate is no second request)."""
    state, fee = RefundState(), 0
    for fact in facts:
        match fact:
            case Priced():
                fee = fact.fee.amount if fact.fee else 0
            case Settled():
                state = replace(_opened(fact), fee=fee)
            case (
                RefundRequested()
                | RefundDecided()
                | RefundPaid()
                | RefundExpired()
                | RefundDisputed()
                | CauseClaimed()
                | Revised()
            ):
                state = _followed(state, fact, terms)
            case _:
                pass
    return state


def next_refund_deadline(state: RefundState) -> Ms | None:
    """When something happens to the refund with nobody's doing."""
    return state.until if state.status is S.ELIGIBLE else None


def request(
    state: RefundState, amount: int | None, now: Ms, by: Literal["client", "platform"] = "client"
) -> RefundRequested:
    """The client asks, once, for ``amount`` or (None) for the most there is (P3.4, P3.12)."""
    if state.status is S.EXPIRED or (state.status is S.ELIGIBLE and state.until is not None and now >= state.until):
        raise UserError("refund_expired", "The time in which a refund could be asked for is over.")
    _allow(state, "request")
    return RefundRequested(now, _amount(amount, state.max_amount), by)


def decide(
    state: RefundState, decision: Literal["approved", "declined"], amount: int | None, note: str | None, now: Ms
) -> RefundDecided:
    """The booking system's answer to a request, or the answer to a review. A decline needs its reason."""
    _allow(state, "approve" if decision == "approved" else "decline")
    note = note.strip() or None if note is not None else None
    if decision == "declined":
        if note is None:
            raise UserError("note_needed", "Say why the refund is declined; the client will read it.", status=422)
        return RefundDecided(now, decision, None, note)
    most = state.max_amount if state.requested is None else state.requested
    return RefundDecided(now, decision, _amount(amount, most), note)


def settled(state: RefundState, reference: str, now: Ms) -> RefundPaid:
    """What was approved has been paid."""
    _allow(state, "pay")
    if not reference.strip():
        raise UserError("reference_needed", "Name the payment by which this was settled.", status=422)
    return RefundPaid(now, reference.strip())


def claim(state: RefundState, terms: Terms, cause: str, text: str | None, now: Ms) -> CauseClaimed:
    """The client says, after the session, that it could not be held (P3.17): once, while nothing is asked for yet."""
    if state.ended_at is None:
        raise UserError("session_not_over", "This can be said once the session is over.")
    if now >= state.ended_at + terms.refund_window:
        raise UserError("refund_expired", "The time in which this could be said is over.")
    if state.claimed:
        raise UserError("already_claimed", "You have said this already; somebody will look at it.")
    if not state.fee:
        raise UserError("refund_not_possible", "Nothing was paid for this session.")
    _allow(state, "claim")
    return CauseClaimed(now, cause, text)


def dispute(state: RefundState, terms: Terms, text: str | None, now: Ms) -> RefundDisputed:
    """The client does not accept a decline; once, and in time (P3.12)."""
    if state.disputed:
        raise UserError("already_disputed", "This was decided a second time, and that decision is final.")
    _allow(state, "dispute")
    if not may_dispute(state, terms, now):
        raise UserError("dispute_expired", "The time in which the decision could be disputed is over.")
    return RefundDisputed(now, text)


def may_claim(state: RefundState, terms: Terms, now: Ms) -> bool:
    """Whether ``claim`` would be accepted."""
    ended = state.ended_at
    open_ = ended is not None and now < ended + terms.refund_window and not state.claimed and state.fee > 0
    return open_ and "claim" in MOVES[state.status]


def may_dispute(state: RefundState, terms: Terms, now: Ms) -> bool:
    """Whether ``dispute`` would be accepted."""
    declined = state.declined_at
    in_time = declined is not None and now < declined + terms.dispute_window
    return in_time and not state.disputed and "dispute" in MOVES[state.status]


def expire(state: RefundState, now: Ms) -> RefundExpired:
    """Nobody asked in time (P3.4)."""
    _allow(state, "expire")
    if state.until is None or now < state.until:
        raise UserError("refund_not_due", "The refund can still be asked for.")
    return RefundExpired(now)


# --- helpers ----------------------------------------------------------------------------------------------------------


def _opened(fact: Settled) -> RefundState:
    refund = fact.settlement.refund
    ended_at = fact.settlement.ended_at
    state = RefundState(refund.status, refund.max_amount, refund.currency, until=refund.until, ended_at=ended_at)
    if refund.status is S.REQUESTED:  # P3.9, P3.10: with no click
        state = replace(state, requested=refund.max_amount, requested_at=fact.at)
    return state


def _followed(state: RefundState, fact: RefundFact, terms: Terms) -> RefundState:
    match fact:
        case RefundRequested():
            act = "request"
            changed = replace(state, requested=fact.amount, requested_at=fact.at, until=None)
        case RefundDecided(decision="approved") if state.status is S.REVIEW:
            act = "approve"
            allowed = state.max_amount if fact.amount is None else fact.amount
            changed = replace(state, max_amount=allowed, until=fact.at + terms.refund_window, note=fact.note)
        case RefundDecided(decision="approved"):
            act = "approve"
            changed = replace(state, approved=fact.amount, note=fact.note)
        case RefundDecided() if state.status is S.REVIEW and state.owed:
            act = "approve"
            changed = replace(state, max_amount=state.owed, until=fact.at + terms.refund_window, note=fact.note, owed=0)
        case RefundDecided():
            act = "decline"
            changed = replace(state, note=fact.note, declined_at=fact.at)
        case RefundDisputed():
            act = "dispute"
            changed = replace(state, disputed=True)
        case CauseClaimed():
            act = "claim"
            owed = state.max_amount if state.status is S.ELIGIBLE else 0
            changed = replace(state, claimed=True, owed=owed, max_amount=state.fee, until=None)
        case Revised(refund_max=None):
            return state
        case Revised(refund_max=0):
            act = "close"
            changed = replace(state, max_amount=0, until=None)
        case Revised():
            act = "open"
            most = min(fact.refund_max or 0, state.fee)
            changed = replace(state, max_amount=most, until=fact.at + terms.refund_window, requested=None)
        case RefundPaid():
            act = "pay"
            changed = replace(state, reference=fact.reference)
        case RefundExpired():
            act = "expire"
            changed = state
    to = MOVES[state.status].get(act)
    return state if to is None else replace(changed, status=to)


def _allow(state: RefundState, act: str) -> None:
    if act not in MOVES[state.status]:
        raise UserError("refund_not_possible", f"This cannot be done while the refund is {state.status.value!r}.")


def _amount(amount: int | None, most: int) -> int:
    if amount is None:
        return most
    if amount <= 0:
        raise UserError("amount_not_positive", "Name an amount above zero.", status=422)
    if amount > most:
        raise UserError("amount_too_high", f"At most {most} (in minor units) can be named here.", status=422)
    return amount
