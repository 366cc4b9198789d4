"""What an expert's record does to its pay: the fee factor in bps, always with its reasons (P1.6, P2.8).

``factor`` adds up a row of the table for punctuality, upheld complaints and the mean of the ratings, and keeps the sum
within the terms' bounds. It bears on the expert's pay of sessions booked from then on, and never on the price that a
client agreed to. The reasons say all of it: 10 000 and their parts together are the factor. ``next_change`` says when
time alone may change it. This module does not know which sessions there are, or who was told what.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from server.policy.money import Money
from server.policy.people import Category, Complaint, ComplaintStatus, Dossier
from server.policy.punctuality import FULL, Mark, Punctuality
from server.policy.ratings import mean, shown_at
from server.policy.terms import Terms
from signaling.session import Ms, Role


class Why(StrEnum):
    ROW = "row"  # of: the row's punctuality and factor
    TOO_FEW = "too_few"  # of: slots counted, slots needed
    UPHELD = "upheld"  # of: the complaint
    RATINGS = "ratings"  # of: the mean in hundredths, how many
    FLOOR = "floor"
    CEILING = "ceiling"


@dataclass(frozen=True, slots=True)
class Reason:
    """``bps`` is what it adds or takes; ``of`` names what it was made from."""

    rule: str
    bps: int
    why: Why
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeeFactor:
    """``bps`` = 10 000 + what the reasons add and take. ``punctuality``: which slots, which scores."""

    bps: int
    reasons: tuple[Reason, ...]
    rules: tuple[str, ...]
    terms_hash: str
    punctuality: Punctuality


def factor(punctuality: Punctuality, dossier: Dossier, terms: Terms, moment: Ms) -> FeeFactor:
    """The fee factor of an expert as of ``moment``, from what was on record then."""
    reasons = [_by_punctuality(punctuality, terms), *_by_complaints(dossier, terms, moment)]
    reasons += _by_ratings(dossier, terms, moment)
    total = FULL + sum(reason.bps for reason in reasons)
    bps = max(terms.fee_floor, min(terms.fee_ceiling, total))
    if bps != total:  # P2.8
        why = Why.FLOOR if bps > total else Why.CEILING
        reasons.append(Reason("P2.8", bps - total, why, (str(bps),)))
    rules = ("P1.5", *(reason.rule for reason in reasons))
    return FeeFactor(bps, tuple(reasons), tuple(dict.fromkeys(rules)), terms.hash, punctuality)


def expert_fee(fee: Money, bps: int) -> Money:
    """What the expert is paid, in whole minor units, half up (P1.6)."""
    return Money((fee.amount * bps + FULL // 2) // FULL, fee.currency)


def next_change(dossier: Dossier, terms: Terms, moment: Ms, marks: Iterable[Mark] = ()) -> Ms | None:
    """When, after ``moment``, time alone may next change the factor; None if only new facts can.

    A penalty ends, a rating becomes shown, or the booked end of a slot comes that was settled before it.
    """
    instants = [until for complaint in dossier.complaints.values() for _, until in _penalty(complaint, terms)]
    instants += [
        shown_at(rating, terms)
        for rating in dossier.ratings.values()
        if rating.voided is None and rating.given.role is Role.EXPERT
    ]
    instants += [max(mark.ends_at, mark.at) for mark in marks if mark.role is Role.EXPERT]
    return min((instant for instant in instants if instant > moment), default=None)


# --- helpers ----------------------------------------------------------------------------------------------------------


def _by_punctuality(found: Punctuality, terms: Terms) -> Reason:
    if found.bps is None or len(found.counted) < terms.fee_min_slots:
        return Reason("P1.6", 0, Why.TOO_FEW, (str(len(found.counted)), str(terms.fee_min_slots)))
    bps = found.bps
    reached, gives = next(row for row in terms.fee_table if bps >= row[0])  # the last row asks for 0
    return Reason("P1.6", gives - FULL, Why.ROW, (str(reached), str(gives)))


def _by_complaints(dossier: Dossier, terms: Terms, moment: Ms) -> tuple[Reason, ...]:
    return tuple(
        Reason("P2.8", -terms.conduct_penalty, Why.UPHELD, (complaint.id,))
        for complaint in sorted(dossier.complaints.values(), key=lambda complaint: (complaint.filed.at, complaint.id))
        for since, until in _penalty(complaint, terms)
        if since <= moment < until
    )


def _penalty(complaint: Complaint, terms: Terms) -> tuple[tuple[Ms, Ms], ...]:
    """From when until when a complaint takes from the factor, if it does (P2.8)."""
    mine = complaint.category is Category.CONDUCT and complaint.filed.role is Role.EXPERT
    if not mine or complaint.status is not ComplaintStatus.UPHELD or complaint.upheld_at is None:
        return ()
    return ((complaint.upheld_at, complaint.upheld_at + terms.conduct_penalty_for),)


def _by_ratings(dossier: Dossier, terms: Terms, moment: Ms) -> tuple[Reason, ...]:
    found = mean(dossier, terms, moment)
    if found is None or found.count < terms.rating_min or not found.under(terms.rating_floor):
        return ()
    return (Reason("P2.8", -terms.rating_penalty, Why.RATINGS, (str(found.hundredths), str(found.count))),)
