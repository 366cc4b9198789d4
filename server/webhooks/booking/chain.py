"""What a booking system said of one appointment, and what it wants it to be by now: the fold over a chain of bookings.

Pure. A booking system may give a moved appointment a new id; the bookings that became one another are a chain. Its
messages come in any order, late, twice, or not at all, so nothing here depends on the order of arrival: what was said
is sorted by when the system said it, and the newest booking of the chain counts.

- A cancellation of a booking that another one has replaced is a move, and no cancellation.
- A slot that was given up, with another one to follow, is neither cancelled nor moved yet.
- What follows upon a booking that has not been heard of waits for it; ``patient=False`` gives up waiting.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from server.policy.money import Money
from server.store.sessions import Party
from signaling.session import Ms, Role, Whom


class What(StrEnum):
    """What a message says of a booking."""

    BOOKED = "booked"
    MOVED = "moved"  # to another slot: it replaces the booking that it names as ``before``, or itself
    CHANGED = "changed"  # who or what, but not when
    PAID = "paid"
    GIVEN_UP = "given_up"  # its slot; another booking is to follow
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Offer:
    """A booking as its system describes it. ``due``: it has a price that is not known to be paid yet."""

    starts_at: Ms
    duration: Ms
    client: Party
    expert: Party
    title: str | None = None
    fee: Money | None = None
    due: bool = False
    accepted: tuple[tuple[Role, str, Ms], ...] = ()  # guidelines accepted at booking: role, version, when


@dataclass(frozen=True, slots=True)
class Heard:
    """One message. ``uid`` is the booking's own id, ``at`` is when its system says that this happened.

    ``before``: the booking that this one replaces; ``after``: the one that replaces it. ``by``: who did it.
    """

    message: str
    what: What
    uid: str
    at: Ms
    offer: Offer | None = None
    before: str | None = None
    after: str | None = None
    by: Whom | None = None

    @property
    def other(self) -> str | None:
        """The other booking that this message names."""
        return self.before or self.after


class State(StrEnum):
    WAITING = "waiting"
    BOOKED = "booked"
    GIVEN_UP = "given_up"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an appointment is to be. ``path``: its bookings from the first on, the last is the one that counts.

    ``mover`` chose the slot, at ``chosen_at``; ``by`` cancelled it or gave it up. Without an ``offer`` there is nothing
    that could be booked yet: ``waits_for`` says why.
    """

    state: State
    path: tuple[str, ...]
    at: Ms
    offer: Offer | None = None
    by: Whom | None = None
    mover: Whom | None = None
    chosen_at: Ms | None = None
    waits_for: str | None = None

    @property
    def uid(self) -> str:
        return self.path[-1]


FOR_BOOKING = "its booking has not come yet"
FOR_PAYMENT = "its payment has not come yet"


def fold(heard: Iterable[Heard], *, wait_for_payment: bool = False, patient: bool = True) -> Wanted:
    """What the messages of one chain, at least one, come to; the same for every order of them."""
    said = sorted(heard, key=lambda each: (each.at, each.message))
    before = _links(said)
    offers = _offers(said, patient)
    if not offers:
        return Wanted(State.WAITING, (said[-1].uid,), said[-1].at, waits_for=FOR_BOOKING)
    uid = _current(said, before, offers)
    path = (*reversed(_ancestors(uid, before)), uid)
    of_chain = [each for each in said if each.uid in path]
    state, closed = _state([each for each in said if each.uid == uid])
    wanted = Wanted(state, path, closed.at if closed else offers[uid][0], by=closed.by if closed else None)
    if patient and not any(each.what is What.BOOKED and each.uid == path[0] for each in said):
        return _waiting(wanted, FOR_BOOKING)
    if wait_for_payment and _due(of_chain):
        return _waiting(wanted, FOR_PAYMENT)
    offer = _paid_for(offers, path)
    return replace(wanted, offer=offer, mover=_mover(said, path), chosen_at=_chosen_at(said, uid, offer))


def _links(said: list[Heard]) -> dict[str, str]:
    """By booking: the one that it replaced."""
    links = {each.after: each.uid for each in said if each.after is not None}
    links |= {each.uid: each.before for each in said if each.before is not None}
    return links


def _offers(said: list[Heard], patient: bool) -> dict[str, tuple[Ms, Offer]]:
    """By booking: its newest description, and when it was booked. A payment alone is no booking yet."""
    booked = {each.uid: each.at for each in reversed(said) if each.what in (What.BOOKED, What.MOVED) or not patient}
    return {each.uid: (booked[each.uid], each.offer) for each in said if each.offer is not None and each.uid in booked}


def _current(said: list[Heard], before: Mapping[str, str], offers: Mapping[str, tuple[Ms, Offer]]) -> str:
    """The booking that no other one has replaced; of several, one that is still wanted, and then the newest."""
    replaced = {old for uid in offers for old in _ancestors(uid, before)}
    closed = {each.uid for each in said if each.what in (What.CANCELLED, What.GIVEN_UP)}
    return max(offers, key=lambda uid: (uid not in replaced, uid not in closed, offers[uid][0], uid))


def _ancestors(uid: str, before: Mapping[str, str]) -> list[str]:
    """The bookings that this one has come from, nearest first."""
    found = [uid]
    while found[-1] in before and before[found[-1]] not in found:  # nobody keeps a booking system from a circle
        found.append(before[found[-1]])
    return found[1:]


def _state(said: list[Heard]) -> tuple[State, Heard | None]:
    """What the last booking of a chain has come to, and by which message."""
    for what, state in ((What.CANCELLED, State.CANCELLED), (What.GIVEN_UP, State.GIVEN_UP)):
        for each in said:
            if each.what is what:
                return state, each
    return State.BOOKED, None


def _waiting(wanted: Wanted, why: str) -> Wanted:
    state = State.WAITING if wanted.state is State.BOOKED else wanted.state
    return replace(wanted, state=state, waits_for=why)


def _due(said: list[Heard]) -> bool:
    """Nothing in this chain says that it was free, or that it was paid: once is enough for all its slots."""
    paid = any(each.what is What.PAID for each in said)
    return not paid and all(each.offer.due for each in said if each.offer is not None)


def _mover(said: list[Heard], path: tuple[str, ...]) -> Whom | None:
    """Who chose the slot that counts: as the move says, or the giving up of the slot before."""
    moved = [each.by for each in said if each.uid == path[-1] and each.what is What.MOVED]
    left = [each.by for each in said if each.uid in path[-2:-1] and each.what is What.GIVEN_UP]
    return next((by for by in (*reversed(moved), *left) if by is not None), None)


def _chosen_at(said: list[Heard], uid: str, offer: Offer) -> Ms | None:
    """When the last booking came to be at this time: what was said of it later, as that it is paid, did not move it."""
    chosen: Ms | None = None
    for each in said:
        if each.uid == uid and each.offer is not None:
            same = each.offer.starts_at == offer.starts_at
            chosen = None if not same else each.at if chosen is None else chosen
    return chosen


def _paid_for(offers: Mapping[str, tuple[Ms, Offer]], path: tuple[str, ...]) -> Offer:
    """The last booking's description, with the fee that was last named in the chain: a move is not paid again."""
    fees = [offers[uid][1].fee for uid in path if uid in offers]
    return replace(offers[path[-1]][1], fee=next((fee for fee in reversed(fees) if fee is not None), None))


# --- as it is kept ----------------------------------------------------------------------------------------------------


def encode(heard: Heard) -> str:
    """One line of JSON, to be kept beside the message's id."""
    return json.dumps(asdict(heard), separators=(",", ":"), ensure_ascii=False)


def decode(text: str) -> Heard:
    """The inverse."""
    said: dict[str, Any] = json.loads(text)
    return Heard(
        message=said["message"],
        what=What(said["what"]),
        uid=said["uid"],
        at=said["at"],
        offer=_offer(said["offer"]) if said["offer"] is not None else None,
        before=said["before"],
        after=said["after"],
        by=Whom(said["by"]) if said["by"] is not None else None,
    )


def _offer(said: dict[str, Any]) -> Offer:
    return Offer(
        starts_at=said["starts_at"],
        duration=said["duration"],
        client=_party(said["client"]),
        expert=_party(said["expert"]),
        title=said["title"],
        fee=Money(**said["fee"]) if said["fee"] is not None else None,
        due=said["due"],
        accepted=tuple((Role(role), version, at) for role, version, at in said["accepted"]),
    )


def _party(said: dict[str, Any]) -> Party:
    return Party(**{**said, "metadata": tuple((key, value) for key, value in said["metadata"])})
