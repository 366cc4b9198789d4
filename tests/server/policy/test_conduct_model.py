"""Any order of complaints, operators' acts, appeals and changes of the terms: what holds of sanctions always (P2.3).

The machine only knows what may be done; the invariants are written from the rules and not from the code.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from server.policy import conduct
from server.policy.people import (
    Basis,
    Category,
    ComplaintStatus,
    Dossier,
    Lifting,
    Measure,
    Sanction,
    SanctionImposed,
    SanctionLifted,
    decode,
    dossier,
    encode,
)
from server.policy.terms import Terms
from signaling.errors import HeadstrtError
from signaling.ledger import extend, verify
from signaling.session import Ms, Role
from tests.server.policy.casebook import DAY, DAY0, Casebook, behind

WHO = st.sampled_from("abcdef")
K = st.sampled_from([Category.CONDUCT, Category.CONDUCT, Category.DECEPTION, Category.PRIVACY, Category.OTHER])
ANY = st.integers(0, 50)
LEAST = 3  # distinct complainants; small, so that sanctions come and go often


class Conduct(RuleBasedStateMachine):
    """One person's record, lived through day by day."""

    @initialize(confirm=st.booleans(), people=st.sets(WHO, min_size=2), category=K)
    def begin(self, confirm: bool, people: set[str], category: Category) -> None:
        self.book = Casebook(Terms(complaint_threshold=LEAST, confirm_sanctions=confirm))
        self.now: Ms = DAY0
        self.ends: dict[str, Ms] = {}
        self.complain_together(people, category)

    @rule(hours=st.sampled_from([0, 0, 1, 24, 24 * 29, 24 * 31]))
    def time_goes_by(self, hours: int) -> None:
        self.now += hours * DAY // 24

    @rule(
        by=WHO, category=K, role=st.sampled_from([Role.EXPERT] * 4 + [Role.CLIENT]),
        met=st.sampled_from([True] * 6 + [False]), consented=st.sampled_from([False] * 3 + [True]),
    )  # fmt: skip
    def complain(self, by: str, category: Category, role: Role, met: bool, consented: bool) -> None:
        self.book.complain(by, self.now, category, role=role, met=met, consented=consented)

    @rule(people=st.sets(WHO, min_size=2, max_size=4), category=K)
    def complain_together(self, people: set[str], category: Category) -> None:
        for by in sorted(people):
            self.book.complain(by, self.now, category)

    @rule(which=ANY, what=st.sampled_from(["dismiss", "dismiss", "uphold"]))
    def decide(self, which: int, what: str) -> None:
        done = ComplaintStatus.DISMISSED if what == "dismiss" else ComplaintStatus.UPHELD
        known = self.book.dossier.complaints
        self.act(which, [id_ for id_, one in known.items() if one.status is not done], what)

    @rule(which=ANY, category=K)
    def recategorise(self, which: int, category: Category) -> None:
        self.act(which, self.book.dossier.complaints, "recategorise", category)

    @rule(which=ANY, what=st.sampled_from(["lift", "confirm", "confirm", "appeal", "grant", "refuse"]))
    def judge(self, which: int, what: str) -> None:
        known = self.book.dossier.sanctions
        self.act(which, [id_ for id_, one in known.items() if one.standing or one.appealed], what)

    @rule(confirm=st.booleans())
    def other_terms(self, confirm: bool) -> None:
        self.book.terms = Terms(complaint_threshold=LEAST, confirm_sanctions=confirm)

    def act(self, which: int, among: Any, what: str, *more: str) -> None:
        if ids := sorted(among, reverse=True):
            before = list(self.book.bodies)
            try:
                self.book.act(self.now, [what, ids[which % len(ids)], *more])
            except HeadstrtError:
                assert self.book.bodies == before  # what is refused leaves no trace

    # --- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def a_sanction_stands_while_enough_people_stand_behind_it(self) -> None:
        for basis, known in self.by_rules():
            people = behind(self.book.dossier, known.imposed.complaints, Category(basis))
            if known.standing:
                assert len(people) >= LEAST
            elif known.lifted is not None and known.lifted.why is Lifting.DISMISSALS:
                assert known.lifted.by is None

    @invariant()
    def nothing_is_left_undone(self) -> None:
        """Where enough people complain of something that no sanction has used up, one stands."""
        book = self.book.dossier
        for category in (Category.DECEPTION, Category.PRIVACY):
            mine = [known for basis, known in self.by_rules() if basis.value == category.value]
            used = {id_ for known in mine if not self.gave_back(known) for id_ in known.imposed.complaints}
            free = {
                one.filed.by for one in book.complaints.values() if self.counts(category, one) and one.id not in used
            }
            assert len(free) < LEAST or any(known.standing for known in mine)

    @invariant()
    def never_two_of_one_category(self) -> None:
        for category in conduct.COUNTED:
            standing = [known for basis, known in self.by_rules() if basis.value == category.value and known.standing]
            heavy = [known for known in standing if known.imposed.measure is not Measure.SUSPENSION]
            assert len(heavy) <= 1
            assert len(standing) - len(heavy) <= 1
            if category is not Category.CONDUCT:
                assert len(standing) == len(heavy)

    @invariant()
    def a_complaint_is_used_up_once(self) -> None:
        """One that was recategorised stays on the list of what it brought, and counts for something else alone."""
        complaints = self.book.dossier.complaints
        used = [
            id_
            for basis, known in self.by_rules()
            for id_ in known.imposed.complaints
            if known.standing and conduct.counts(complaints[id_], Category(basis))
        ]
        assert len(used) == len(set(used))

    @invariant()
    def the_second_time_is_permanent_and_the_first_is_not(self) -> None:
        standing = [known for basis, known in self.by_rules() if basis is Basis.CONDUCT and known.standing]
        last = {known.id for known in standing if known.imposed.measure is Measure.PERMANENT}
        for fact in self.book.facts:
            if isinstance(fact, SanctionImposed) and fact.sanction in last and fact.by is None:
                first = [one for one in self.suspensions_before(fact) if self.first_time(one, fact)]
                assert first
                for id_ in fact.complaints:
                    assert self.book.dossier.complaints[id_].filed.at > first[-1].at

    @invariant()
    def an_end_is_set_once_and_a_dismissal_moves_none(self) -> None:
        for known in self.book.dossier.sanctions.values():
            imposed = known.imposed
            if imposed.measure is Measure.SUSPENSION:
                assert imposed.until is not None
                assert imposed.until <= imposed.at + self.book.terms.conduct_ban
                assert self.ends.setdefault(known.id, imposed.until) == imposed.until

    @invariant()
    def replays_are_equal_and_nothing_more_follows(self) -> None:
        book = self.book
        assert dossier(decode(encode(fact)) for fact in book.facts) == book.dossier
        if book.bodies:
            entries = extend("p_x", None, book.bodies)
            assert verify("p_x", entries) == entries[-1].hash
        untouched = Terms(complaint_threshold=LEAST, confirm_sanctions=not book.terms.confirm_sanctions)
        for terms in (book.terms, untouched):
            assert conduct.consequences(book.dossier, terms, self.now, lambda: "new") == ()
        self.imposed_by_the_rules_are_what_the_rules_impose()

    # --- helpers ------------------------------------------------------------------------------------------------------

    def imposed_by_the_rules_are_what_the_rules_impose(self) -> None:
        """Without what followed by itself, the last step follows again, to the byte (P0.4)."""
        bodies, facts = self.book.bodies, self.book.facts
        count = 0
        while count < len(facts) and self.by_itself(facts[len(facts) - 1 - count]):
            count += 1
        if not count or count == len(facts):
            return
        rest, last = facts[: len(facts) - count], facts[len(facts) - count :]
        if rest[-1].at != last[0].at:
            return
        ids = iter([fact.sanction for fact in last if isinstance(fact, SanctionImposed)])
        terms = {
            terms.hash: terms
            for terms in (Terms(complaint_threshold=LEAST, confirm_sanctions=c) for c in (False, True))
        }
        under = next((terms[fact.terms] for fact in last if isinstance(fact, SanctionImposed)), self.book.terms)
        again = conduct.consequences(dossier(rest), under, last[0].at, lambda: next(ids))
        assert [encode(fact) for fact in again] == bodies[len(bodies) - count :]

    def by_itself(self, fact: object) -> bool:
        lifted = isinstance(fact, SanctionLifted) and fact.by is None
        return lifted or (isinstance(fact, SanctionImposed) and fact.by is None)

    def by_rules(self) -> list[tuple[Basis, Sanction]]:
        return [(known.imposed.basis, known) for known in self.book.dossier.sanctions.values()]

    def gave_back(self, known: Sanction) -> bool:
        granted = known.decided is not None and known.decided.decision == "granted"
        return known.lifted is not None and known.lifted.why in (Lifting.DISMISSALS, Lifting.CONFIRMED) and not granted

    def counts(self, category: Category, one: Any) -> bool:
        """P2.3, P2.4, P5.3, said again."""
        open_ = one.category is category and one.status is not ComplaintStatus.DISMISSED and one.filed.met
        if category is Category.PRIVACY:
            return bool(open_ and (not one.filed.consented or one.status is ComplaintStatus.UPHELD))
        return bool(open_ and one.filed.role is Role.EXPERT)

    def suspensions_before(self, last: SanctionImposed) -> list[SanctionImposed]:
        found: list[SanctionImposed] = []
        for fact in self.book.facts:
            if fact == last:
                return found
            if isinstance(fact, SanctionImposed) and (fact.basis, fact.measure) == (Basis.CONDUCT, Measure.SUSPENSION):
                found.append(fact)
        return found

    def first_time(self, one: SanctionImposed, before: SanctionImposed) -> bool:
        """Not undone by dismissals or on appeal when the second came."""
        facts = self.book.facts
        then: Dossier = dossier(facts[: facts.index(before)])
        lifted = then.sanctions[one.sanction].lifted
        return lifted is None or lifted.why is Lifting.OPERATOR


TestConduct = Conduct.TestCase
TestConduct.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
