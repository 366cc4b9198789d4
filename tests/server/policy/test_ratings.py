"""Ratings: who may give one and when, when it is shown, what the shown ones come to (P2.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from server.policy.people import (
    Dossier,
    Occasion,
    OtherRated,
    PersonFact,
    Rating,
    RatingAnswered,
    RatingGiven,
    RatingVoided,
    after,
    dossier,
)
from server.policy.ratings import STARS, TAGS, Mean, answer, counts, mean, rate, shown_at, void
from server.policy.terms import Terms
from signaling.errors import HeadstrtError
from signaling.session import Ms, Role
from tests.server.policy.casebook import DAY, DAY0, KEY, TERMS, WHY

ENDED = Occasion("s1", DAY0 - DAY, True, DAY0, False)
GIVEN = RatingGiven(DAY0, "r1", "s1", Role.EXPERT, "p_client", 4, ("clear",), WHY, DAY0, None)


NOBODY = Dossier()


def ask(rated: Dossier = NOBODY, about: Occasion = ENDED, now: Ms = DAY0, **more: Any) -> RatingGiven:
    said: dict[str, Any] = {
        "rating": "r1", "by": "p_client", "role": Role.EXPERT, "stars": 4, "tags": ("clear",), "text": WHY, **more,
    }  # fmt: skip
    return rate(rated, about, TERMS, now, **said)


def refused(code: str, *args: Any, **more: Any) -> None:
    with pytest.raises(HeadstrtError, match=f"^{code}:"):
        ask(*args, **more)


def test_P2_1_each_who_met_may_rate_the_other() -> None:
    assert ask() == GIVEN
    assert ask(tags=("clear", "kind", "clear")).tags == ("clear", "kind")
    assert ask(other_rated_at=DAY0).other_rated_at == DAY0


def test_P2_1_from_the_end_up_to_but_not_including_seven_days_after_it() -> None:
    assert ask(now=DAY0 + 7 * DAY - 1).at == DAY0 + 7 * DAY - 1
    refused("rating_closed", now=DAY0 + 7 * DAY)
    refused("session_not_over", about=replace(ENDED, ended_at=None))
    refused("never_met", about=replace(ENDED, met_at=None))


def test_P2_1_once() -> None:
    known = dossier([GIVEN])
    refused("already_rated", known, rating="r2")
    refused("already_rated", after(known, [RatingVoided(DAY0, "r1", KEY, WHY)]), rating="r2")  # voided is given
    assert ask(known, replace(ENDED, session="s2"), rating="r2").session == "s2"
    assert ask(known, rating="r2", by="p_other").by == "p_other"


@pytest.mark.parametrize("stars", [0, 6, -1])
def test_P2_1_one_to_five_stars(stars: int) -> None:
    refused("bad_stars", stars=stars)
    assert [ask(stars=good).stars for good in STARS] == [1, 2, 3, 4, 5]


def test_P2_1_tags_are_words_of_a_list_so_that_a_ledger_holds_no_free_text() -> None:
    refused("bad_tags", tags=("clear", "anything"))
    refused("bad_tags", tags=("helpful",), role=Role.CLIENT)
    for role in Role:
        assert ask(tags=TAGS[role], role=role).tags == TAGS[role]


@pytest.mark.parametrize(("given_at", "other", "at"), [
    (0, None, 7 * DAY),  # alone: when the time is over
    (2 * DAY, 3 * DAY, 3 * DAY),  # when both have
    (3 * DAY, 2 * DAY, 3 * DAY),
    (7 * DAY - 1, 7 * DAY - 1, 7 * DAY - 1),
    (0, 8 * DAY, 7 * DAY),
])  # fmt: skip
def test_P2_1_when_it_is_shown(given_at: Ms, other: Ms | None, at: Ms) -> None:
    first = replace(GIVEN, at=DAY0 + given_at)
    when = None if other is None else DAY0 + other
    later: list[PersonFact] = [first] if when is None else [first, OtherRated(when, "r1")]
    for facts in ([replace(first, other_rated_at=when)], later):
        rating = dossier(facts).ratings["r1"]
        assert shown_at(rating, TERMS) == DAY0 + at
        assert not counts(rating, TERMS, DAY0 + at - 1)
        assert counts(rating, TERMS, DAY0 + at)


def test_P2_1_the_rated_side_answers_once_what_it_is_shown() -> None:
    known, shown = dossier([GIVEN]), DAY0 + 7 * DAY
    said = answer(known, "r1", TERMS, shown, WHY)
    assert said == RatingAnswered(shown, "r1", WHY)

    def no(code: str, known: Dossier, now: Ms, rating: str = "r1") -> None:
        with pytest.raises(HeadstrtError, match=f"^{code}:"):
            answer(known, rating, TERMS, now, WHY)

    no("not_found", known, shown - 1)
    no("not_found", known, shown, "r9")
    no("already_answered", after(known, [said]), shown)
    no("rating_voided", after(known, [RatingVoided(shown, "r1", KEY, WHY)]), shown)


def test_P2_1_an_operator_takes_a_rating_out_once() -> None:
    known = dossier([GIVEN])
    gone = void(known, "r1", DAY0, KEY, WHY)
    assert gone == RatingVoided(DAY0, "r1", KEY, WHY)
    assert mean(after(known, [gone]), TERMS, DAY0 + 7 * DAY) is None
    for code, book, rating in (("already_voided", after(known, [gone]), "r1"), ("not_found", known, "r9")):
        with pytest.raises(HeadstrtError, match=f"^{code}:"):
            void(book, rating, DAY0, KEY, WHY)


def test_P2_1_the_mean_is_over_what_is_shown_of_one_role() -> None:
    facts: list[PersonFact] = [
        replace(GIVEN, rating=f"r{stars}", session=f"s{stars}", stars=stars, session_ended_at=DAY0 + stars * DAY)
        for stars in (3, 4, 4, 5)
    ]
    facts.append(replace(GIVEN, rating="c", session="c", role=Role.CLIENT, stars=1))
    known = dossier(facts)
    assert mean(known, TERMS, DAY0 + 9 * DAY) is None
    assert mean(known, TERMS, DAY0 + 10 * DAY) == Mean(1, 3)
    assert mean(known, TERMS, DAY0 + 12 * DAY) == Mean(3, 12)  # the second r4 has the id of the first: it is no other
    assert mean(known, TERMS, DAY0 + 12 * DAY, Role.CLIENT) == Mean(1, 1)
    assert mean(known, Terms(rating_window=DAY * 1), DAY0 + 4 * DAY) == Mean(1, 3)


def test_P2_8_a_mean_is_compared_exactly() -> None:
    assert (Mean(3, 10).hundredths, Mean(3, 10).under(333), Mean(3, 10).under(334)) == (333, False, True)
    assert Mean(2, 7).under(350) is False
    assert Rating(GIVEN).id == "r1"
