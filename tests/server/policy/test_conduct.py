"""Who may complain and until when, operators' own sanctions, what is shown when, and what may be an attack (P2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from server.policy import conduct
from server.policy.conduct import Signal, Suspicion
from server.policy.facts import AnyFact, ConsentGiven
from server.policy.people import (
    Basis,
    Category,
    Complaint,
    ComplaintFiled,
    Dossier,
    MarkContested,
    MarkExcused,
    Measure,
    Occasion,
    OtherRated,
    RatingGiven,
    SanctionImposed,
    after,
    dossier,
    occasion,
)
from signaling.errors import HeadstrtError
from signaling.session import Ms, Role
from tests.server.policy.casebook import DAY, DAY0, KEY, TERMS, WHY, Casebook
from tests.server.policy.script import START, lines, ms, play

HELD = Occasion("s1", DAY0 - DAY, True, DAY0, False)
LIVE = replace(HELD, ended_at=None)
UNMET = replace(HELD, met_at=None)
NOBODY = Dossier()


def ask(accused: Dossier = NOBODY, about: Occasion = HELD, now: Ms = DAY0, **more: Any) -> ComplaintFiled:
    said: dict[str, Any] = {"complaint": "c1", "category": Category.CONDUCT, "by": "p_a", "role": Role.EXPERT, **more}
    return conduct.file(accused, about, TERMS, now, **said)


def refused(code: str, act: Any, *args: Any, **more: Any) -> None:
    with pytest.raises(HeadstrtError, match=f"^{code}:"):
        act(*args, **more)


# --- filing -----------------------------------------------------------------------------------------------------------


def test_P2_2_a_complaint_is_on_record_with_what_counting_needs() -> None:
    assert ask(text=WHY) == ComplaintFiled(
        DAY0, "c1", "s1", Category.CONDUCT, Role.EXPERT, "p_a", True, False, False, WHY, DAY0
    )
    assert ask(about=replace(UNMET, consented=True), safety=True) == ComplaintFiled(
        DAY0, "c1", "s1", Category.CONDUCT, Role.EXPERT, "p_a", False, True, True, None, DAY0
    )


@pytest.mark.parametrize(("about", "code"), [
    (HELD, None),
    (LIVE, None),
    (UNMET, None),  # cancelled, or never met: somebody was there
    (replace(UNMET, ended_at=None), "session_not_met"),  # one waits
    (replace(UNMET, ended_at=None, anyone_came=False), "session_not_met"),
    (replace(UNMET, anyone_came=False), "nobody_came"),
])  # fmt: skip
def test_P2_2_who_may_complain(about: Occasion, code: str | None) -> None:
    if code is None:
        assert ask(about=about).session_ended_at == about.ended_at
    else:
        refused(code, ask, about=about)


@pytest.mark.parametrize(("category", "days"), [
    (Category.CONDUCT, 30), (Category.OTHER, 30), (Category.DECEPTION, 730), (Category.PRIVACY, 730),
])  # fmt: skip
def test_P2_2_until_when_open_at_the_end(category: Category, days: int) -> None:
    assert ask(category=category, now=DAY0 + days * DAY - 1).category is category
    refused("complaint_expired", ask, category=category, now=DAY0 + days * DAY)
    assert ask(about=LIVE, category=category, now=DAY0 + days * DAY).category is category  # not over yet


def test_P2_2_once_per_session_complainant_and_category_as_filed() -> None:
    known = dossier([ask()])
    refused("already_complained", ask, known, complaint="c2")
    assert ask(known, complaint="c2", category=Category.PRIVACY).complaint == "c2"
    assert ask(known, complaint="c2", by="p_b").complaint == "c2"
    assert ask(known, replace(HELD, session="s2"), complaint="c2").complaint == "c2"
    moved = after(known, [conduct.recategorise(known, "c1", Category.OTHER, DAY0, KEY, WHY)])
    refused("already_complained", ask, moved, complaint="c2")
    assert ask(moved, complaint="c2", category=Category.OTHER).complaint == "c2"


def test_P2_2_what_a_sessions_ledger_says_of_it() -> None:
    held = play(lines("-2:00 client joins\n2:00 expert joins"))
    facts: list[AnyFact] = list(held.facts)
    assert occasion("s1", facts, Role.CLIENT) == Occasion("s1", START + ms("2:00"), True, START + ms("30:00"), False)
    facts.append(ConsentGiven(START + ms("3:00"), Role.CLIENT, "q1", WHY))
    assert occasion("s1", facts, Role.CLIENT).consented
    assert not occasion("s1", facts, Role.EXPERT).consented  # the expert has not agreed to be recorded
    empty = play(lines("-60:00 client cancels")).facts
    assert occasion("s1", empty, Role.CLIENT) == Occasion("s1", None, False, START - ms("60:00"), False)
    assert occasion("s1", held.facts[:1], Role.CLIENT) == Occasion("s1", None, False, None, False)


# --- operators --------------------------------------------------------------------------------------------------------


def impose(**more: Any) -> SanctionImposed:
    said: dict[str, Any] = {
        "sanction": "s1", "measure": Measure.PERMANENT, "roles": {Role.EXPERT}, "until": None,
        "by": KEY, "reason": WHY, "law": "DE", **more,
    }  # fmt: skip
    return conduct.impose(TERMS, DAY0, **said)


def test_P4_1_an_operator_sanctions_at_once_naming_the_law() -> None:
    assert impose() == SanctionImposed(
        DAY0,
        "s1",
        Basis.OPERATOR,
        Measure.PERMANENT,
        (Role.EXPERT,),
        None,
        (),
        ("P4.1",),
        TERMS.hash,
        KEY,
        WHY,
        "DE",
        None,
    )
    both = impose(measure=Measure.SUSPENSION, roles=[Role.EXPERT, Role.CLIENT], until=DAY0 + 1)
    assert (both.roles, both.until) == ((Role.CLIENT, Role.EXPERT), DAY0 + 1)


@pytest.mark.parametrize(("code", "more"), [
    ("roles_needed", {"roles": ()}),
    ("bad_law", {"law": "de"}), ("bad_law", {"law": "DEU"}), ("bad_law", {"law": ""}), ("bad_law", {"law": "D1"}),
    ("bad_until", {"measure": Measure.SUSPENSION}),
    ("bad_until", {"measure": Measure.SUSPENSION, "until": DAY0}),
    ("bad_until", {"until": DAY0 + 1}),
    ("bad_until", {"measure": Measure.HOLD, "until": DAY0 + 1}),
])  # fmt: skip
def test_P4_1_what_an_operators_sanction_needs(code: str, more: dict[str, Any]) -> None:
    refused(code, impose, **more)


def test_P4_1_complaints_neither_lift_nor_follow_an_operators_sanction() -> None:
    book = Casebook()
    book.add(impose(sanction="op", measure=Measure.HOLD))
    book.play("""
        0 look => op hold; barred
        1 deception a b c d e => op hold, s1 permanent; barred
        2 dismiss a1 => op hold; barred
        3 confirm op !nothing_to_confirm
        4 lift op => none; free
    """)


def test_P1_8_an_operator_excuses_and_an_expert_contests_a_mark() -> None:
    contested = conduct.contest(NOBODY, "s1", DAY0, DAY0 + 1, WHY)
    excused = conduct.excuse(NOBODY, "s1", DAY0, DAY0 + 2, KEY, WHY)
    assert (contested, excused) == (
        MarkContested(DAY0 + 1, "s1", DAY0, WHY),
        MarkExcused(DAY0 + 2, "s1", DAY0, KEY, WHY),
    )
    known = dossier([contested])
    refused("already_contested", conduct.contest, known, "s1", DAY0, DAY0 + 1, WHY)
    known = after(known, [excused])
    assert ("s1", DAY0) in known.excused
    refused("already_excused", conduct.contest, known, "s1", DAY0, DAY0 + 1, WHY)
    refused("already_excused", conduct.excuse, known, "s1", DAY0, DAY0 + 1, KEY, WHY)
    assert conduct.excuse(known, "s1", DAY0 + 1, DAY0 + 2, KEY, WHY).starts_at == DAY0 + 1


# --- what the accused sees --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("filed", "rated", "other", "ended", "at"), [
    (0, None, None, True, 7),  # when the time to rate is over
    (0, 1, None, True, 7),
    (0, 1, 2, True, 2),  # when both have rated
    (3, 1, 2, True, 3),
    (20, None, None, True, 20),
    (0, None, None, False, None),  # as long as the session goes on
])  # fmt: skip
def test_P2_9_the_accused_sees_it_when_it_sees_a_rating(
    filed: int, rated: int | None, other: int | None, ended: bool, at: int | None
) -> None:
    complaint = Complaint(replace(ask(), at=DAY0 + filed * DAY), Category.CONDUCT)
    known = NOBODY
    if rated is not None:
        given = RatingGiven(DAY0 + rated * DAY, "r1", "s1", Role.EXPERT, "p_a", 1, (), None, DAY0, None)
        known = dossier([given, *([OtherRated(DAY0 + other * DAY, "r1")] if other is not None else [])])
    shown = conduct.shown_at(complaint, known, TERMS, DAY0 if ended else None)
    assert shown == (None if at is None else DAY0 + at * DAY)


# --- signals ----------------------------------------------------------------------------------------------------------


def suspected(script: str, partners: dict[str, set[str]] | None = None, dismissed: dict[str, int] | None = None) -> Any:
    return conduct.signals(Casebook().play(script).dossier, "p_x", partners or {}, dismissed or {})


def test_P2_5_complaints_in_a_burst_are_shown() -> None:
    (found,) = suspected("0 conduct a\n1 conduct b b c")
    assert found == Signal(Suspicion.BURST, ("a1", "b1", "b2", "c1"), ("a", "b", "c"))
    assert suspected("0 conduct a b\n2 conduct c") == ()  # two days are open at the end
    assert suspected("0 conduct a a a b") == ()  # two people
    assert suspected("0 conduct a b\n0 dismiss a1\n1 conduct c") == ()


def test_P2_5_people_who_have_met_nobody_else_are_shown() -> None:
    script, only = "0 conduct a\n10 conduct b\n20 conduct c", {"p_x"}
    (found,) = suspected(script, {"a": only, "b": only, "c": only})
    assert found == Signal(Suspicion.STRANGERS, ("a1", "b1", "c1"), ("a", "b", "c"))
    assert suspected(script, {"a": only, "b": only, "c": {"p_x", "p_y"}}) == ()
    assert suspected(script, {"a": only, "b": only}) == ()  # who is not named is not suspected


def test_P2_5_people_whose_complaints_were_dismissed_again_and_again_are_shown() -> None:
    (found,) = suspected("0 conduct a\n10 conduct b", dismissed={"a": 3, "b": 2})
    assert found == Signal(Suspicion.UNFOUNDED, ("a1",), ("a",))


def test_P2_5_signals_decide_nothing() -> None:
    book = Casebook().play("0 conduct a b c d e => s1 suspension to 30; barred")
    assert len(conduct.signals(book.dossier, "p_x", {who: {"p_x"} for who in "abcde"}, dict.fromkeys("abcde", 9))) == 3
    assert book.stands(DAY0) == "s1 suspension to 30; barred"
