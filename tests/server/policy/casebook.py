"""A person's record as a short script: one line per day, and what stands after it.

Days are counted from ``DAY0``; ids are given in order: the first complaint of ``a`` is ``a1``, the first sanction
``s1``. A line says what happens, and after ``=>`` which sanctions then stand (are not lifted) and whether the person
can be booked as expert::

    1 conduct a b c                   three people complain of conduct, each about a session of its own
    1 privacy a of client             about the person as client; also: ``unmet``, ``consented``
    2 dismiss a1 | uphold a1 | recategorise a1 other
    3 lift s1 | confirm s1 | appeal s1 | grant s1 | refuse s1
    4 look                            nothing happens
    => s1 suspension to 31; barred    => none; free

``!code`` at the end of what happens: the rules refuse it with that code. After each line the rules do what follows by
themselves, and all facts go through the ledger's spelling.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from server.policy import conduct
from server.policy.people import (
    Category,
    Complaint,
    Dossier,
    Occasion,
    PersonFact,
    decode,
    dossier,
    encode,
)
from server.policy.terms import Terms
from signaling.errors import HeadstrtError
from signaling.session import Ms, Role

DAY: Ms = 86_400_000
DAY0: Ms = 1_800_000_000_000
TERMS = Terms()
KEY, WHY = "key_1", "ab" * 32


@dataclass
class Casebook:
    """Lets things happen to one person, keeping the bodies of its ledger."""

    terms: Terms = TERMS
    bodies: list[str] = field(default_factory=list)
    facts: list[PersonFact] = field(default_factory=list)
    dossier: Dossier = field(default_factory=Dossier)
    made: int = 0

    def new_id(self) -> str:
        self.made += 1
        return f"s{self.made}"

    def add(self, *facts: PersonFact) -> None:
        """Put facts on the ledger, and what follows from them."""
        at = max(fact.at for fact in facts)
        self._write(facts)
        self._write(conduct.consequences(self.dossier, self.terms, at, self.new_id))
        assert conduct.consequences(self.dossier, self.terms, at, self.new_id) == ()  # nothing more follows

    def _write(self, facts: Iterable[PersonFact]) -> None:
        bodies = [encode(fact) for fact in facts]
        self.bodies += bodies
        self.facts += [decode(body) for body in bodies]
        self.dossier = dossier(self.facts)

    def complain(
        self,
        by: str,
        at: Ms,
        category: Category = Category.CONDUCT,
        *,
        role: Role = Role.EXPERT,
        met: bool = True,
        consented: bool = False,
        session: str | None = None,
    ) -> str:
        mine = sum(known.filed.by == by for known in self.dossier.complaints.values())
        id_ = f"{by}{mine + 1}"
        about = Occasion(session or f"of_{id_}", at - DAY if met else None, True, at - DAY // 2, consented)
        self.add(conduct.file(self.dossier, about, self.terms, at, complaint=id_, category=category, by=by, role=role))
        return id_

    def act(self, at: Ms, words: list[str]) -> None:
        now = self.dossier
        match words:
            case ["look"]:
                pass
            case ["dismiss", id_]:
                self.add(conduct.dismiss(now, id_, at, KEY, WHY))
            case ["uphold", id_]:
                self.add(conduct.uphold(now, id_, at, KEY, WHY))
            case ["recategorise", id_, category]:
                self.add(conduct.recategorise(now, id_, Category(category), at, KEY, WHY))
            case ["lift", id_]:
                self.add(conduct.lift(now, id_, at, KEY, WHY))
            case ["confirm", id_]:
                self.add(*conduct.confirm(now, id_, self.terms, at, KEY, WHY, self.new_id))
            case ["appeal", id_]:
                self.add(conduct.appeal(now, id_, self.terms, at, WHY))
            case ["grant", id_]:
                self.add(*conduct.decide_appeal(now, id_, "granted", at, KEY, WHY))
            case ["refuse", id_]:
                self.add(*conduct.decide_appeal(now, id_, "refused", at, KEY, WHY))
            case [category, *rest]:
                role = Role(rest[rest.index("of") + 1]) if "of" in rest else Role.EXPERT
                for by in rest:
                    if by in ("of", "client", "expert", "unmet", "consented"):
                        continue
                    self.complain(
                        by, at, Category(category), role=role, met="unmet" not in rest, consented="consented" in rest
                    )
            case _:
                raise AssertionError(f"no such line: {words}")

    def stands(self, at: Ms) -> str:
        """What stands, and whether the person can be booked as expert at ``at``."""
        found = []
        for known in self.dossier.sanctions.values():
            imposed = known.imposed
            to = "" if imposed.until is None else f" to {days(imposed.until)}"
            if known.standing:
                found.append(f"{known.id} {imposed.measure}{to}")
        bar = "barred" if conduct.barred_from_booking(self.dossier, Role.EXPERT, at) else "free"
        return f"{', '.join(found) or 'none'}; {bar}"

    def play(self, script: str) -> Casebook:
        for raw in filter(None, (line.strip() for line in script.strip().splitlines())):
            said, _, expected = raw.partition("=>")
            said, _, refused = said.partition("!")
            day, *words = said.split()
            at = DAY0 + round(float(day) * DAY)
            if refused:
                with pytest.raises(HeadstrtError, match=f"^{refused.strip()}:"):
                    self.act(at, words)
            else:
                self.act(at, words)
            if expected:
                assert self.stands(at) == expected.strip(), raw
        return self


def days(at: Ms) -> str:
    return f"{(at - DAY0) / DAY:g}"


def behind(book: Dossier, complaints: tuple[str, ...], category: Category) -> set[str]:
    """Who stands behind a sanction by those of its complaints that count."""
    own: list[Complaint] = [book.complaints[id_] for id_ in complaints]
    return {known.filed.by for known in own if conduct.counts(known, category)}
