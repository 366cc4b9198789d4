"""The fold over a chain of bookings: what was said decides, and never when or how often it was heard."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.policy.money import Money
from server.store.sessions import Party
from server.webhooks.booking.chain import (
    FOR_BOOKING,
    FOR_PAYMENT,
    Heard,
    Offer,
    State,
    What,
    decode,
    encode,
    fold,
)
from signaling.session import MINUTE, Role, Whom
from tests.builders import NOON

ADA, GRACE = Party("c_9", "Ada", "ada@x.example", metadata=(("booking", "A"),)), Party("e_4", "Grace")
UIDS = ("A", "B", "C", "D")


def offer(starts_at: int = NOON, fee: int | None = None, *, due: bool = False) -> Offer:
    return Offer(starts_at, 30 * MINUTE, ADA, GRACE, fee=Money(fee, "USD") if fee else None, due=due)


def heard(what: What, uid: str = "A", at: int = 0, **more: object) -> Heard:
    """A booking or a move has an offer, the others have none."""
    made = Heard(f"{what}-{uid}-{at}", what, uid, at, offer() if what in (What.BOOKED, What.MOVED) else None)
    return replace(made, **more)  # type: ignore[arg-type]


messages = st.builds(
    lambda n, what, uid, at, other, forward, by, fee, due: Heard(
        message=f"m{n}",
        what=what,
        uid=uid,
        at=at,
        offer=offer(NOON + at * MINUTE, fee, due=due) if what not in (What.GIVEN_UP, What.CANCELLED) else None,
        before=other if not forward and what is What.MOVED else None,
        after=other if forward and what is What.GIVEN_UP else None,
        by=by,
    ),
    n=st.integers(0, 10**6),
    what=st.sampled_from(What),
    uid=st.sampled_from(UIDS),
    at=st.integers(0, 12),
    other=st.sampled_from((*UIDS, None)),
    forward=st.booleans(),
    by=st.sampled_from((None, Whom.CLIENT, Whom.EXPERT)),
    fee=st.sampled_from((None, 100, 200)),
    due=st.booleans(),
)
chains = st.lists(messages, min_size=1, max_size=9, unique_by=lambda each: each.message)


@given(chains, st.booleans(), st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=600, deadline=None)
def test_order_and_repetition_mean_nothing(said: list[Heard], wait: bool, patient: bool, chance: random.Random) -> None:
    shuffled = [*said, *chance.sample(said, chance.randint(0, len(said)))]
    chance.shuffle(shuffled)
    wanted = fold(said, wait_for_payment=wait, patient=patient)
    assert fold(shuffled, wait_for_payment=wait, patient=patient) == wanted


@given(chains, st.booleans())
@settings(max_examples=600, deadline=None)
def test_whatever_is_said_comes_to_something_that_holds_together(said: list[Heard], wait: bool) -> None:
    for patient in (True, False):
        wanted = fold(said, wait_for_payment=wait, patient=patient)
        assert len(set(wanted.path)) == len(wanted.path)  # a circle of moves ends, too
        assert (wanted.offer is None) == (wanted.waits_for is not None)
        assert wanted.state is not State.WAITING or wanted.offer is None
        of_last = [each.what for each in said if each.uid == wanted.uid]
        assert (wanted.state is State.CANCELLED) <= (What.CANCELLED in of_last)
        assert (wanted.state is State.GIVEN_UP) <= (What.GIVEN_UP in of_last)


@given(chains)
@settings(max_examples=300, deadline=None)
def test_what_is_kept_is_what_was_said(said: list[Heard]) -> None:
    assert [decode(encode(each)) for each in said] == said


def test_everything_of_an_offer_is_kept() -> None:
    whole = heard(
        What.BOOKED,
        offer=replace(offer(fee=5), title="É", accepted=((Role.CLIENT, "2026-11", NOON),)),
        before="Z",
        by=Whom.OPERATOR,
    )
    assert decode(encode(whole)) == whole


@given(st.permutations(UIDS), st.integers(1, 4), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_of_a_chain_the_last_booking_counts_and_cancelled_ones_before_it_do_not(
    uids: list[str], length: int, chance: random.Random
) -> None:
    path = uids[:length]
    said = [heard(What.BOOKED, path[0])]
    for n, (old, new) in enumerate(pairwise(path), start=1):
        said.append(heard(chance.choice((What.CANCELLED, What.GIVEN_UP)), old, n, by=Whom.EXPERT))
        said.append(heard(What.MOVED, new, n, before=old, offer=offer(NOON + n * MINUTE)))
    chance.shuffle(said)
    wanted = fold(said)
    assert wanted.state is State.BOOKED
    assert wanted.path == tuple(path)
    assert wanted.offer is not None
    assert wanted.offer.starts_at == NOON + (length - 1) * MINUTE


@pytest.mark.parametrize(
    "lonely",
    [
        heard(What.MOVED, before="Z"),
        heard(What.PAID, offer=offer()),
        heard(What.CHANGED, offer=offer()),
        heard(What.CANCELLED),
        heard(What.GIVEN_UP),
    ],
    ids=lambda each: each.what,
)
def test_what_follows_upon_a_booking_waits_for_it(lonely: Heard) -> None:
    wanted = fold([lonely])
    assert wanted.offer is None
    assert wanted.waits_for == FOR_BOOKING
    impatient = fold([lonely], patient=False)
    assert (impatient.offer is not None) == (lonely.offer is not None)
    booking = heard(What.BOOKED, lonely.before or "A")
    assert fold([lonely, booking]).offer is not None


def test_a_payment_counts_for_all_slots_of_a_chain() -> None:
    booked = heard(What.BOOKED, offer=offer(fee=5, due=True))
    moved = heard(What.MOVED, "B", 2, before="A", offer=offer(NOON + MINUTE, due=True))
    assert fold([booked], wait_for_payment=True).waits_for == FOR_PAYMENT
    assert fold([booked], wait_for_payment=True, patient=False).waits_for == FOR_PAYMENT
    wanted = fold([booked, moved, heard(What.PAID, "A", 1)], wait_for_payment=True)
    assert wanted.state is State.BOOKED
    assert wanted.offer is not None
    assert wanted.offer.fee == Money(5, "USD")  # the move named none
    assert fold([booked]).state is State.BOOKED  # a source that does not wait


def test_who_moved_it_is_who_says_so_or_who_gave_the_slot_up() -> None:
    booked, left = heard(What.BOOKED), heard(What.GIVEN_UP, "A", 1, by=Whom.EXPERT)
    moved = heard(What.MOVED, "B", 2, before="A")
    assert fold([booked, left, moved]).mover is Whom.EXPERT
    assert fold([booked, left, replace(moved, by=Whom.CLIENT)]).mover is Whom.CLIENT
    assert fold([booked, left]).by is Whom.EXPERT
