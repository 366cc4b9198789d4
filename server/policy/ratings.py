"""Ratings: who may give one and when, when it is shown, and what the ones that are shown come to (P2.1).

Each of the two who met may rate the other once within ``rating_window`` of the end. It is shown to the rated side when
both have rated or the window is over; until then it counts for nothing either. A text is free and is kept elsewhere;
tags are words of a fixed list, so that a ledger holds no free text. This module knows nothing of fees and complaints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.policy.people import Dossier, Occasion, Rating, RatingAnswered, RatingGiven, RatingVoided
from server.policy.terms import Terms
from signaling.errors import NotFound, UserError
from signaling.session import Ms, Role

STARS = range(1, 6)

TAGS: Mapping[Role, tuple[str, ...]] = {
    Role.EXPERT: ("helpful", "clear", "prepared", "kind", "unclear", "unprepared", "unkind", "technical_trouble"),
    Role.CLIENT: ("prepared", "clear", "kind", "unprepared", "unclear", "unkind", "technical_trouble"),
}
"""What can be said of the one who is rated, by its role (*ours*)."""


@dataclass(frozen=True, slots=True)
class Mean:
    """``hundredths`` is rounded down for people to read; comparisons use ``stars`` and ``count``, which are exact."""

    count: int
    stars: int

    @property
    def hundredths(self) -> int:
        return self.stars * 100 // self.count

    def under(self, floor: int) -> bool:
        """Whether the mean is under ``floor`` hundredths."""
        return self.stars * 100 < floor * self.count


def rate(
    rated: Dossier,
    occasion: Occasion,
    terms: Terms,
    now: Ms,
    *,
    rating: str,
    by: str,
    role: Role,
    stars: int,
    tags: tuple[str, ...] = (),
    text: str | None = None,
    other_rated_at: Ms | None = None,
) -> RatingGiven:
    """``by`` rates the one whose dossier this is, who was there as ``role``; ``text`` is a digest.

    ``other_rated_at``: when the rated one had rated ``by`` for this session, if it had.
    """
    if occasion.met_at is None:
        raise UserError("never_met", "You can rate a session in which the two of you met.")
    if occasion.ended_at is None:
        raise UserError("session_not_over", "You can rate this session once it is over.")
    if now >= occasion.ended_at + terms.rating_window:
        raise UserError("rating_closed", "The time in which this session could be rated is over.")
    if stars not in STARS:
        raise UserError("bad_stars", "Give between 1 and 5 stars.", status=422)
    if unknown := [tag for tag in tags if tag not in TAGS[role]]:
        raise UserError("bad_tags", f"There is no tag {unknown[0]!r}; choose from {', '.join(TAGS[role])}.", status=422)
    if any(known.given.session == occasion.session and known.given.by == by for known in rated.ratings.values()):
        raise UserError("already_rated", "You have rated this session already.")
    unique = tuple(dict.fromkeys(tags))
    return RatingGiven(now, rating, occasion.session, role, by, stars, unique, text, occasion.ended_at, other_rated_at)


def answer(dossier: Dossier, rating: str, terms: Terms, now: Ms, text: str) -> RatingAnswered:
    """The rated side answers, once; ``text`` is a digest."""
    known = _known(dossier, rating)
    if now < shown_at(known, terms):
        raise NotFound("There is no such rating.")  # it is not told before its time that there is one
    if known.voided is not None:
        raise UserError("rating_voided", "This rating was taken out; there is nothing to answer.")
    if known.answered is not None:
        raise UserError("already_answered", "You have answered this rating already.")
    return RatingAnswered(now, rating, text)


def void(dossier: Dossier, rating: str, now: Ms, by: str, reason: str) -> RatingVoided:
    """An operator takes a rating out, with a reason (a digest)."""
    if _known(dossier, rating).voided is not None:
        raise UserError("already_voided", "This rating was taken out already.")
    return RatingVoided(now, rating, by, reason)


def shown_at(rating: Rating, terms: Terms) -> Ms:
    """From when on the rated side sees it, and it counts: both have rated, or the window is over (P2.1)."""
    over = rating.given.session_ended_at + terms.rating_window
    if rating.other_rated_at is None:
        return over
    return min(over, max(rating.given.at, rating.other_rated_at))


def counts(rating: Rating, terms: Terms, moment: Ms) -> bool:
    """Whether it is shown at ``moment`` and was not taken out."""
    return rating.voided is None and shown_at(rating, terms) <= moment


def mean(dossier: Dossier, terms: Terms, moment: Ms, role: Role = Role.EXPERT) -> Mean | None:
    """Over all ratings of the person as ``role`` that count at ``moment``; None without any."""
    stars = [r.given.stars for r in dossier.ratings.values() if r.given.role is role and counts(r, terms, moment)]
    return Mean(len(stars), sum(stars)) if stars else None


def _known(dossier: Dossier, rating: str) -> Rating:
    if rating not in dossier.ratings:
        raise NotFound("There is no such rating.")
    return dossier.ratings[rating]
