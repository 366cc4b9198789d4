"""A refund's way through its table (P3.12)."""

from __future__ import annotations

from itertools import product

import pytest

from server.policy.facts import AnyFact, RefundExpired, RefundPaid, RefundRequested, Settled
from server.policy.refund import (
    MOVES,
    RefundState,
    decide,
    expire,
    next_refund_deadline,
    refund_state,
    request,
    settled,
)
from server.policy.verdict import RefundStatus
from signaling.errors import UserError
from tests.server.policy.script import START, TERMS, lines, play, verdict
from tests.server.policy.test_truth_table import BOTH

S = RefundStatus
DAYS = 86_400_000


def after(script: str, *facts: AnyFact, media: bool = True) -> tuple[list[AnyFact], RefundState]:
    player = play(lines(script), media=media)
    ledger = [*player.facts, Settled(START + 31 * 60_000, verdict(player), "00"), *facts]
    return ledger, refund_state(ledger, TERMS)


def refused(code: str) -> pytest.RaisesExc[UserError]:
    return pytest.raises(UserError, match=f"^{code}:")


HUNG_UP = BOTH + "15:00 expert hangs up"
ENDED = START + 15 * 60_000


def test_before_the_settlement_there_is_none() -> None:
    assert refund_state(play(lines(HUNG_UP)).facts, TERMS) == RefundState()


def test_P3_4_eligible_for_the_whole_window_and_then_expired() -> None:
    _, state = after(HUNG_UP)
    assert (state.status, state.max_amount, state.currency) == (S.ELIGIBLE, 6_000, "USD")
    until = next_refund_deadline(state)
    assert until == state.until == ENDED + 14 * DAYS
    assert request(state, None, until - 1) == RefundRequested(until - 1, 6_000, "client")
    with refused("refund_expired"):
        request(state, None, until)
    with refused("refund_not_due"):
        expire(state, until - 1)
    _, state = after(HUNG_UP, expire(state, until))
    assert (state.status, next_refund_deadline(state)) == (S.EXPIRED, None)
    with refused("refund_expired"):
        request(state, 1, until + 1)


def test_P3_12_less_may_be_asked_for_and_only_once() -> None:
    _, state = after(HUNG_UP)
    for amount, code in ((0, "amount_not_positive"), (-1, "amount_not_positive"), (6_001, "amount_too_high")):
        with refused(code):
            request(state, amount, ENDED)
    asked = request(state, 5_000, ENDED + 1)
    _, state = after(HUNG_UP, asked)
    assert (state.status, state.requested, next_refund_deadline(state)) == (S.REQUESTED, 5_000, None)
    with refused("refund_not_possible"):
        request(state, 5_000, ENDED + 2)
    _, twice = after(HUNG_UP, asked, RefundRequested(ENDED + 2, 6_000, "client"))
    assert twice == state


def test_P3_12_approved_and_paid() -> None:
    asked = RefundRequested(ENDED, 5_000, "client")
    _, state = after(HUNG_UP, asked)
    with refused("amount_too_high"):
        decide(state, "approved", 5_001, None, ENDED)
    with refused("refund_not_possible"):
        settled(state, "re_1", ENDED)
    said = decide(state, "approved", 4_000, None, ENDED)
    _, state = after(HUNG_UP, asked, said)
    assert (state.status, state.approved) == (S.APPROVED, 4_000)
    with refused("reference_needed"):
        settled(state, " ", ENDED)
    _, state = after(HUNG_UP, asked, said, settled(state, "re_1", ENDED))
    assert (state.status, state.reference) == (S.SETTLED, "re_1")


def test_P3_12_a_decline_needs_a_reason() -> None:
    asked = RefundRequested(ENDED, 5_000, "client")
    _, state = after(HUNG_UP, asked)
    for note in (None, "", "  "):
        with refused("note_needed"):
            decide(state, "declined", None, note, ENDED)
    _, state = after(HUNG_UP, asked, decide(state, "declined", None, " They spoke on by phone. ", ENDED))
    assert (state.status, state.note, state.approved) == (S.DECLINED, "They spoke on by phone.", None)


def test_P3_10_what_opens_by_itself_is_requested_already() -> None:
    _, state = after("-1:00 client joins")
    assert (state.status, state.requested) == (S.REQUESTED, 12_000)
    assert decide(state, "approved", None, None, ENDED).amount == 12_000
    _, again = after("-1:00 client joins", RefundRequested(ENDED, 12_000, "platform"))
    assert again == state


def test_P3_17_a_review_becomes_eligible_or_none() -> None:
    _, state = after(HUNG_UP, media=False)
    assert (state.status, state.max_amount, next_refund_deadline(state)) == (S.REVIEW, 12_000, None)
    with refused("refund_not_possible"):
        request(state, None, ENDED)
    with refused("note_needed"):
        decide(state, "declined", None, None, ENDED)
    yes = decide(state, "approved", 9_000, None, ENDED + 5 * DAYS)
    _, allowed = after(HUNG_UP, yes, media=False)
    assert (allowed.status, allowed.max_amount, allowed.until) == (S.ELIGIBLE, 9_000, ENDED + 19 * DAYS)
    _, none = after(HUNG_UP, decide(state, "declined", None, "Both were heard.", ENDED), media=False)
    assert none.status is S.NONE


def test_P3_12_what_is_not_in_the_table_is_refused() -> None:
    assert set(MOVES) == set(S)
    acts = {
        "request": lambda state: request(state, None, 5),
        "approve": lambda state: decide(state, "approved", None, None, 5),
        "decline": lambda state: decide(state, "declined", None, "why", 5),
        "pay": lambda state: settled(state, "re", 5),
        "expire": lambda state: expire(state, 5),
    }
    for status, (name, act) in product(S, acts.items()):
        state = RefundState(status, 10, "USD", requested=10, until=5 if name == "expire" else 9)
        if name in MOVES[status]:
            act(state)
        else:
            with pytest.raises(UserError):
                act(state)


def test_a_stray_fact_changes_nothing() -> None:
    _, state = after(HUNG_UP)
    _, same = after(HUNG_UP, RefundPaid(ENDED, "re"))
    assert same == state
    _, none = after(BOTH, RefundExpired(ENDED))
    assert none.status is S.NONE
