"""What complaints bring by themselves, and what takes it back: records in a few lines each (P2.3 to P2.8, P4.1).

Each case is named by the rule it is about. It is played twice, and the two ledgers must be the same to the byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from server.policy import conduct
from server.policy.people import Basis, Lifting, Measure, SanctionImposed, SanctionLifted, dossier
from server.policy.terms import Terms
from signaling.session import Role
from tests.server.policy.casebook import DAY, DAY0, TERMS, Casebook


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    script: str
    terms: Terms = TERMS


CONFIRM = Terms(confirm_sanctions=True)
FIVE = """
    0 conduct a b c d => none; free
    1 conduct e => s1 suspension to 31; barred
"""

# fmt: off
CASES = [
    Case("P2.3 the fifth distinct complainant brings a suspension of 30 days", FIVE + """
        30.999 look => s1 suspension to 31; barred
        31 look => s1 suspension to 31; free
    """),
    Case("P2.3 the same complainant twice counts once", """
        0 conduct a a b c d => none; free
        1 conduct d => none; free
        2 conduct e => s1 suspension to 32; barred
    """),
    Case("P2.3 a session in which the two did not meet counts for nothing", """
        0 conduct a b c d
        1 conduct e unmet => none; free
        2 uphold e1 => none; free
    """),
    Case("P2.3 other never counts", "0 other a b c d e f => none; free"),
    Case("P2.3 categories are counted apart", """
        0 conduct a b c d
        1 deception e f g h => none; free
        2 deception a => s1 permanent; barred
        3 conduct e => s1 permanent, s2 suspension to 33; barred
    """),
    Case("P2.3 deception is permanent the first time", "0 deception a b c d e => s1 permanent; barred"),
    Case("P2.3 privacy is permanent the first time", "0 privacy a b c d e => s1 permanent; barred"),
    Case("P2.3 what a permanent sanction does not stand on brings no second one", """
        0 deception a b c d e => s1 permanent; barred
        1 deception f g h i j k => s1 permanent; barred
    """),
    Case("P2.3 the second is permanent, by five filed after the first began", FIVE + """
        2 conduct f g h i => s1 suspension to 31; barred
        40 conduct j => s1 suspension to 31, s2 permanent; barred
    """),
    Case("P2.3 the same complainants may be among them", FIVE + """
        40 conduct a b c d => s1 suspension to 31; free
        41 conduct e => s1 suspension to 31, s2 permanent; barred
    """),
    Case("P2.5 one that is lifted later gives way to the next five, as a first time, with its end", """
        0 conduct a b c d f
        0 look => s1 suspension to 30; barred
        40 conduct g h i j => s1 suspension to 30; free
        41 dismiss a1 => s2 suspension to 30; free
    """),
    Case("P2.3 filed before the first but dismissed then: no part of the second", """
        0 conduct z
        0 dismiss z1
        1 conduct a b c d e => s1 suspension to 31; barred
        40 conduct f g h i
        41 uphold z1 => s1 suspension to 31; free
        42 conduct j => s1 suspension to 31, s2 permanent; barred
    """),
    Case("P2.3 one lifted by dismissals was not a first time", FIVE + """
        2 dismiss a1 => none; free
        40 conduct f => s2 suspension to 70; barred
    """),
    Case("P2.3 one lifted by an operator was a first time, and uses its complaints up", FIVE + """
        2 lift s1 => none; free
        3 conduct f g h i => none; free
        4 conduct j => s2 permanent; barred
    """),
    Case("P2.4 about the person as client: conduct and deception sanction nobody", """
        0 conduct a b c d e f of client => none; free
        1 deception a b c d e f of client => none; free
    """),
    Case("P2.4 privacy counts in either role, and binds in both", """
        0 privacy a b c of client
        1 privacy d e => s1 permanent; barred
    """),
    Case("P2.5 the fifth is dismissed and upheld again", FIVE + """
        2 dismiss e1 => none; free
        3 uphold e1 => s2 suspension to 33; barred
    """),
    Case("P2.5 it stands on its own complaints alone: more of them do not hold it up, but bring the next", FIVE + """
        2 conduct f => s1 suspension to 31; barred
        3 dismiss a1 => s2 suspension to 31; barred
    """),
    Case("P2.5 one of two complaints of the same person is dismissed", """
        0 conduct a b c d d
        1 conduct e => s1 suspension to 31; barred
        2 dismiss d1 => s1 suspension to 31; barred
        3 dismiss d2 => none; free
    """),
    Case("P2.5 a dismissal never makes a ban longer, nor one that is over begin anew", FIVE + """
        35 conduct f => s1 suspension to 31; free
        36 dismiss a1 => s2 suspension to 31; free
        37 conduct g h i j => s2 suspension to 31; free
        38 conduct k => s2 suspension to 31, s3 permanent; barred
    """),
    Case("P2.5 lifted at once, though its time is over", FIVE + "40 dismiss b1 => none; free"),
    Case("P2.5 age never lifts it", "0 deception a b c d e\n3650 look => s1 permanent; barred"),
    Case("P2.5 recategorised away, and back", FIVE + """
        2 recategorise a1 other => none; free
        3 recategorise a1 conduct => s2 suspension to 33; barred
    """),
    Case("P2.5 recategorised from one category into another", """
        0 conduct a b c d e => s1 suspension to 30; barred
        0 deception f g h i
        1 recategorise e1 deception => s2 permanent; barred
    """),
    Case("P2.5 the same act again is refused", FIVE + """
        2 dismiss a1
        2 dismiss a1 !already_dismissed
        3 uphold a1
        3 uphold a1 !already_upheld
        4 recategorise a1 conduct !same_category
        4 uphold z9 !not_found
        4 lift s9 !not_found
    """),
    Case("P2.5 upholding changes nothing of a sanction", FIVE + "2 uphold a1 => s1 suspension to 31; barred"),
    Case("P5.3 where written consent stood privacy counts once upheld", """
        0 privacy a b c d
        1 privacy e consented => none; free
        2 uphold e1 => s1 permanent; barred
        3 dismiss e1 => none; free
    """),
    Case("P5.3 consent bears on privacy alone", "0 conduct a b c d e consented => s1 suspension to 30; barred"),
    Case("P2.3 confirm_sanctions: a hold at once, the sanction by confirmation", """
        0 conduct a b c d
        1 conduct e => s1 hold; barred
        2 conduct f => s1 hold; barred
        5 confirm s1 => s2 suspension to 35; barred
        6 confirm s1 !sanction_over
        6 confirm s2 !nothing_to_confirm
        7 dismiss a1 => s3 hold; barred
        8 confirm s3 => s4 suspension to 35; barred
    """, CONFIRM),
    Case("P2.3 confirm_sanctions: the hold falls with dismissals", """
        0 deception a b c d e => s1 hold; barred
        1 dismiss a1 => none; free
        2 uphold a1 => s2 hold; barred
        3 confirm s2 => s3 permanent; barred
        4 dismiss a1 => none; free
        5 uphold a1 => s4 hold; barred
    """, CONFIRM),
    Case("P2.3 confirm_sanctions: a hold that is lifted was no first time, and uses its complaints up", """
        0 conduct a b c d e => s1 hold; barred
        1 lift s1 => none; free
        2 conduct f g h i j => s2 hold; barred
        3 confirm s2 => s3 suspension to 33; barred
    """, CONFIRM),
    Case("P2.3 confirm_sanctions: the second is permanent", """
        0 conduct a b c d e
        0 confirm s1 => s2 suspension to 30; barred
        40 conduct f g h i j => s2 suspension to 30, s3 hold; barred
        41 confirm s3 => s2 suspension to 30, s4 permanent; barred
    """, CONFIRM),
    Case("P2.7 an appeal that is granted lifts it, and it was not a first time", FIVE + """
        2 appeal s1 => s1 suspension to 31; barred
        2 appeal s1 !already_appealed
        3 grant s1 => none; free
        3 grant s1 !already_decided
        4 conduct f g h i => none; free
        5 conduct j => s2 suspension to 35; barred
    """),
    Case("P2.7 an appeal that is refused changes nothing", FIVE + """
        2 refuse s1 !not_appealed
        2 appeal s1
        3 refuse s1 => s1 suspension to 31; barred
        4 appeal s1 !already_appealed
    """),
    Case("P2.7 within 183 days of the imposition, also when its time is over", FIVE + """
        183.999 appeal s1
        184 grant s1 => none; free
    """),
    Case("P2.7 not on the day after", FIVE + "184 appeal s1 !appeal_expired"),
    Case("P2.7 what was lifted is not appealed", FIVE + """
        2 lift s1
        3 appeal s1 !sanction_over
        3 lift s1 !sanction_over
    """),
    Case("P2.7 granted after dismissals had lifted it: its complaints are used up all the same", FIVE + """
        2 appeal s1
        3 dismiss a1 => none; free
        4 grant s1
        5 uphold a1 => none; free
    """),
    Case("P2.7 an open appeal comes before the confirmation", """
        0 conduct a b c d e
        1 appeal s1
        2 confirm s1 !appeal_open
        3 refuse s1
        4 confirm s1 => s2 suspension to 34; barred
    """, CONFIRM),
    Case("P2.3 another threshold", "0 conduct a b => s1 suspension to 30; barred", Terms(complaint_threshold=2)),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_record(case: Case) -> None:
    first, again = Casebook(case.terms).play(case.script), Casebook(case.terms).play(case.script)
    assert first.bodies == again.bodies  # P0.4
    facts = first.facts
    assert dossier([fact for fact in facts for _ in range(2)]) == dossier([*facts, *facts]) == first.dossier


def test_P2_3_what_is_written_down_with_a_sanction() -> None:
    book = Casebook().play(FIVE)
    assert book.facts[-1] == SanctionImposed(
        DAY0 + DAY,
        "s1",
        Basis.CONDUCT,
        Measure.SUSPENSION,
        (Role.EXPERT,),
        DAY0 + 31 * DAY,
        ("a1", "b1", "c1", "d1", "e1"),
        ("P2.3", "P2.4"),
        TERMS.hash,
        None,
        None,
        None,
        None,
    )
    book.play("2 conduct f\n3 dismiss a1")
    lifted, imposed = book.facts[-2:]
    assert lifted == SanctionLifted(DAY0 + 3 * DAY, "s1", Lifting.DISMISSALS, None, None)
    assert isinstance(imposed, SanctionImposed)
    assert (imposed.replaces, imposed.until, imposed.rules) == ("s1", DAY0 + 31 * DAY, ("P2.3", "P2.4", "P2.5"))
    assert imposed.complaints == ("b1", "c1", "d1", "e1", "f1")


def test_P2_3_a_confirmed_sanction_names_who_confirmed_it() -> None:
    book = Casebook(CONFIRM).play("0 conduct a b c d e\n1 confirm s1")
    lifted, imposed = book.facts[-2:]
    assert isinstance(lifted, SanctionLifted)
    assert isinstance(imposed, SanctionImposed)
    assert (lifted.why, lifted.by) == (Lifting.CONFIRMED, "key_1")
    assert (imposed.by, imposed.basis, imposed.complaints) == ("key_1", Basis.CONDUCT, ("a1", "b1", "c1", "d1", "e1"))


def test_P2_4_privacy_binds_in_both_roles_conduct_as_expert_alone() -> None:
    privacy, other = Casebook().play("0 privacy a b c d e"), Casebook().play("0 conduct a b c d e")
    assert [bool(conduct.in_force(privacy.dossier, role, DAY0)) for role in Role] == [True, True]
    assert conduct.in_force(other.dossier, Role.CLIENT, DAY0) is None
    assert conduct.in_force(other.dossier, Role.EXPERT, DAY0) is not None
    assert conduct.in_force(other.dossier, Role.EXPERT, DAY0 - 1) is None


def test_P2_6_a_hold_keeps_from_booking_and_no_sanction_from_coming_back() -> None:
    hold, ban = Casebook(CONFIRM).play("0 conduct a b c d e"), Casebook().play("0 conduct a b c d e")
    for book, joining in ((hold, False), (ban, True)):
        assert conduct.barred_from_booking(book.dossier, Role.EXPERT, DAY0)
        assert bool(conduct.barred_from_joining(book.dossier, Role.EXPERT, DAY0)) is joining
        assert conduct.barred_from_joining(book.dossier, Role.EXPERT, DAY0, met=True) is None


def test_P2_6_the_heaviest_of_several_is_the_one_that_is_named() -> None:
    book = Casebook().play("0 conduct a b c d e\n1 deception a b c d e")
    found = conduct.in_force(book.dossier, Role.EXPERT, DAY0 + DAY)
    assert found is not None
    assert found.imposed.measure is Measure.PERMANENT


def test_terms_that_ask_for_more_than_a_sanction_was_made_on_lift_nothing() -> None:
    """P2.5: dismissals lift, and nothing else by itself."""
    book = Casebook().play(FIVE)
    book.terms = Terms(complaint_threshold=7)
    book.play("2 conduct f => s1 suspension to 31; barred\n3 dismiss a1 => none; free")
