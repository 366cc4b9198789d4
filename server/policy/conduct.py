"""Complaints, what operators make of them, and the sanctions that follow by themselves (P2.2 to P2.7, P4.1).

``file`` and the operators' acts give the one fact that would be next, or refuse with a ``UserError`` that says why.
``consequences`` is what the rules do after every change of a dossier: it lifts what no longer stands on enough people
and imposes what now does, and it is a function of the dossier, the terms and the moment alone, so that replaying a
ledger gives the same sanctions. ``signals`` shows an operator what may be an attack on somebody; it decides nothing.

How sanctions follow (P2.3 to P2.5)
-----------------------------------
1. A complaint *counts* in its category while it is not dismissed, if the two met in that session, and, for ``conduct``
   and ``deception``, if it is about the person as expert. ``privacy`` where written consent stood counts once upheld.
2. A sanction that the rules made is lifted when those of its own complaints that still count come from fewer distinct
   people than it takes. Later complaints do not hold up an earlier sanction, and age does not lift one.
3. Then, unless a permanent sanction or a hold of the category stands, the complaints that no sanction has used up
   bring one, if they come from enough distinct people. One lifted by dismissals gives its complaints back; one lifted
   by an operator or on appeal does not.
4. The first for ``conduct`` is a suspension; after it only complaints count that were filed once it had begun, and the
   next is permanent. One that was lifted by dismissals or on appeal was not a first time.
5. One that takes the place of a suspension just lifted keeps its end: a dismissal in somebody's favour never makes a
   ban longer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from server.policy.people import (
    AppealDecided,
    Basis,
    Category,
    Complaint,
    ComplaintDismissed,
    ComplaintFiled,
    ComplaintRecategorised,
    ComplaintStatus,
    ComplaintUpheld,
    Dossier,
    Lifting,
    MarkContested,
    MarkExcused,
    Measure,
    Occasion,
    PersonFact,
    Sanction,
    SanctionAppealed,
    SanctionImposed,
    SanctionLifted,
    after,
)
from server.policy.terms import Terms
from signaling.errors import NotFound, UserError
from signaling.session import Ms, Role

COUNTED: Mapping[Category, tuple[Role, ...]] = {
    Category.CONDUCT: (Role.EXPERT,),
    Category.DECEPTION: (Role.EXPERT,),
    Category.PRIVACY: (Role.CLIENT, Role.EXPERT),
}
"""The categories that bring sanctions, in which role they are earned, and in which they bind (P2.4)."""


# --- complaints -------------------------------------------------------------------------------------------------------


def file(
    accused: Dossier,
    occasion: Occasion,
    terms: Terms,
    now: Ms,
    *,
    complaint: str,
    category: Category,
    by: str,
    role: Role,
    text: str | None = None,
    safety: bool = False,
) -> ComplaintFiled:
    """``by`` complains about the one whose dossier this is, who was there as ``role`` (P2.2, P3.13)."""
    if occasion.met_at is None and occasion.ended_at is None:
        raise UserError(
            "session_not_met", "You can complain once the two of you have met, or once the session is over."
        )
    if occasion.met_at is None and not occasion.anyone_came:
        raise UserError("nobody_came", "Nobody came to this session, so there is nothing to complain about.")
    if occasion.ended_at is not None and now >= occasion.ended_at + window(category, terms):
        raise UserError("complaint_expired", "The time in which this could be complained about is over.")
    for known in accused.complaints.values():
        filed = known.filed
        if (filed.session, filed.by, filed.category) == (occasion.session, by, category):
            raise UserError("already_complained", f"You have complained about this already: ticket {known.id}.")
    return ComplaintFiled(
        now,
        complaint,
        occasion.session,
        category,
        role,
        by,
        occasion.met_at is not None,
        occasion.consented,
        safety,
        text,
        occasion.ended_at,
    )


def window(category: Category, terms: Terms) -> Ms:
    """How long after the end of a session a complaint of this category may be filed (P2.2)."""
    long = category in (Category.DECEPTION, Category.PRIVACY)
    return terms.complaint_window_long if long else terms.complaint_window


def shown_at(complaint: Complaint, dossier: Dossier, terms: Terms, ended_at: Ms | None) -> Ms | None:
    """From when on the accused may see category and text (P2.1, P2.9); None: not as long as the session goes on.

    ``dossier`` is the accused's: the complainant's own rating in it says whether both have rated.
    """
    if ended_at is None:
        return None
    over = ended_at + terms.rating_window
    for rating in dossier.ratings.values():
        given = rating.given
        if (given.session, given.by) == (complaint.filed.session, complaint.filed.by) and rating.other_rated_at:
            over = min(over, max(given.at, rating.other_rated_at))
    return max(over, complaint.filed.at)


# --- what an operator does. ``by``: its key id; ``reason``: the digest of what it wrote. ------------------------------


def uphold(dossier: Dossier, complaint: str, now: Ms, by: str, reason: str) -> ComplaintUpheld:
    """P2.5. A dismissed complaint may be upheld later."""
    if _complaint(dossier, complaint).status is ComplaintStatus.UPHELD:
        raise UserError("already_upheld", "This complaint has been upheld already.")
    return ComplaintUpheld(now, complaint, by, reason)


def dismiss(dossier: Dossier, complaint: str, now: Ms, by: str, reason: str) -> ComplaintDismissed:
    """P2.5. An upheld complaint may be dismissed later."""
    if _complaint(dossier, complaint).status is ComplaintStatus.DISMISSED:
        raise UserError("already_dismissed", "This complaint has been dismissed already.")
    return ComplaintDismissed(now, complaint, by, reason)


def recategorise(
    dossier: Dossier, complaint: str, category: Category, now: Ms, by: str, reason: str
) -> ComplaintRecategorised:
    """P2.5. Its status stays."""
    if _complaint(dossier, complaint).category is category:
        raise UserError("same_category", f"This complaint is filed under {category.value!r} already.")
    return ComplaintRecategorised(now, complaint, category, by, reason)


def impose(
    terms: Terms,
    now: Ms,
    *,
    sanction: str,
    measure: Measure,
    roles: Collection[Role],
    until: Ms | None,
    by: str,
    reason: str,
    law: str,
) -> SanctionImposed:
    """An operator's own sanction where it is proven: the reason says by what, ``law`` under which country's (P4.1)."""
    if not roles:
        raise UserError("roles_needed", "Name the roles that the sanction binds.", status=422)
    if not (len(law) == 2 and law.isascii() and law.isalpha() and law.isupper()):
        raise UserError("bad_law", "Name the country whose law was broken by its two letters, like 'DE'.", status=422)
    if measure is Measure.SUSPENSION and (until is None or until <= now):
        raise UserError("bad_until", "A suspension needs an end that lies ahead.", status=422)
    if measure is not Measure.SUSPENSION and until is not None:
        raise UserError("bad_until", "Only a suspension has an end.", status=422)
    bound = tuple(role for role in Role if role in roles)
    return SanctionImposed(
        now, sanction, Basis.OPERATOR, measure, bound, until, (), ("P4.1",), terms.hash, by, reason, law, None
    )


def lift(dossier: Dossier, sanction: str, now: Ms, by: str, reason: str) -> SanctionLifted:
    """An operator ends a sanction that is in force. It was a first time all the same (P2.3)."""
    known = _sanction(dossier, sanction)
    if not known.in_force(now):
        raise UserError("sanction_over", "This sanction is over already.")
    return SanctionLifted(now, sanction, Lifting.OPERATOR, by, reason)


def confirm(
    dossier: Dossier, sanction: str, terms: Terms, now: Ms, by: str, reason: str, new_id: Callable[[], str]
) -> tuple[PersonFact, ...]:
    """An operator makes a hold that the rules brought the sanction itself, on the same complaints (P2.3)."""
    held = _sanction(dossier, sanction)
    basis = held.imposed.basis
    if held.imposed.measure is not Measure.HOLD or basis is Basis.OPERATOR:
        raise UserError("nothing_to_confirm", "Only a hold that complaints have brought can be confirmed.")
    if not held.in_force(now):
        raise UserError("sanction_over", "This hold is over already.")
    if held.appealed is not None and held.decided is None:
        raise UserError("appeal_open", "Decide the appeal against this hold first.")
    lifted = SanctionLifted(now, sanction, Lifting.CONFIRMED, by, reason)
    measure = _measure(dossier, Category(basis))
    imposed = _imposed(
        dossier,
        Category(basis),
        measure,
        held.imposed.complaints,
        held.imposed.replaces,
        terms,
        now,
        new_id(),
        by,
        reason,
    )
    return lifted, imposed


def excuse(dossier: Dossier, session: str, starts_at: Ms, now: Ms, by: str, reason: str) -> MarkExcused:
    """An operator takes a slot out of an expert's punctuality (P1.8). Whether there is such a mark the caller knows."""
    if (session, starts_at) in dossier.excused:
        raise UserError("already_excused", "This mark has been excused already.")
    return MarkExcused(now, session, starts_at, by, reason)


# --- what the person does. ``text``: the digest of what it wrote. -----------------------------------------------------


def contest(dossier: Dossier, session: str, starts_at: Ms, now: Ms, text: str) -> MarkContested:
    """The expert contests a mark, once (P1.8). It goes on counting until an operator excuses it."""
    if (session, starts_at) in dossier.excused:
        raise UserError("already_excused", "This mark has been excused; it does not count any more.")
    if (session, starts_at) in dossier.contested:
        raise UserError("already_contested", "You have contested this already; somebody will look at it.")
    return MarkContested(now, session, starts_at, text)


def appeal(dossier: Dossier, sanction: str, terms: Terms, now: Ms, text: str) -> SanctionAppealed:
    """Once, within ``appeal_window`` of the imposition (P2.7); also when its time is over: it was a first time."""
    known = _sanction(dossier, sanction)
    if known.lifted is not None:
        raise UserError("sanction_over", "This sanction has been lifted; there is nothing to appeal.")
    if known.appealed is not None:
        raise UserError("already_appealed", "You have appealed this already.")
    if now >= known.imposed.at + terms.appeal_window:
        raise UserError("appeal_expired", "The time in which this could be appealed is over.")
    return SanctionAppealed(now, sanction, text)


def decide_appeal(
    dossier: Dossier, sanction: str, decision: Literal["granted", "refused"], now: Ms, by: str, reason: str
) -> tuple[PersonFact, ...]:
    """An operator decides an appeal, once; granted, it lifts the sanction if nothing has lifted it since (P2.7)."""
    known = _sanction(dossier, sanction)
    if known.appealed is None:
        raise UserError("not_appealed", "This sanction has not been appealed.")
    if known.decided is not None:
        raise UserError("already_decided", "This appeal has been decided already.")
    decided = AppealDecided(now, sanction, decision, by, reason)
    if decision == "refused" or known.lifted is not None:
        return (decided,)
    return decided, SanctionLifted(now, sanction, Lifting.APPEAL, by, reason)


# --- what follows by itself -------------------------------------------------------------------------------------------


def consequences(dossier: Dossier, terms: Terms, now: Ms, new_id: Callable[[], str]) -> tuple[PersonFact, ...]:
    """What the rules lift and impose now (P2.3 to P2.5). With these in the dossier, nothing more follows."""
    found: list[PersonFact] = []
    for category in COUNTED:
        lifted = _liftings(dossier, category, terms, now)
        dossier = after(dossier, lifted)
        imposed = _imposition(dossier, category, [fact.sanction for fact in lifted], terms, now, new_id)
        dossier = after(dossier, imposed)
        found += [*lifted, *imposed]
    return tuple(found)


def counts(complaint: Complaint, category: Category) -> bool:
    """Whether a complaint counts towards a sanction of ``category`` as it stands (P2.3, P2.4, P5.3)."""
    filed = complaint.filed
    if complaint.category is not category or complaint.status is ComplaintStatus.DISMISSED or not filed.met:
        return False
    if filed.role not in COUNTED.get(category, ()):
        return False
    return category is not Category.PRIVACY or not filed.consented or complaint.status is ComplaintStatus.UPHELD


def in_force(dossier: Dossier, role: Role, now: Ms) -> Sanction | None:
    """The heaviest sanction that binds ``role`` at ``now``; of two alike, the one that lasts longest."""
    binding = [known for known in dossier.sanctions.values() if role in known.imposed.roles and known.in_force(now)]
    return max(binding, key=_weight, default=None)


def barred_from_booking(dossier: Dossier, role: Role, now: Ms) -> Sanction | None:
    """What keeps the person from being booked as ``role``, if anything does (P2.3, P2.6)."""
    return in_force(dossier, role, now)


def barred_from_joining(dossier: Dossier, role: Role, now: Ms, *, met: bool = False) -> Sanction | None:
    """What keeps it from joining. Not where the two have met already: the other side has paid (P2.6). Not a hold."""
    binding = in_force(dossier, role, now)
    return None if met or binding is None or binding.imposed.measure is Measure.HOLD else binding


# --- what an operator should look at ----------------------------------------------------------------------------------

BURST = 3
BURST_WITHIN: Ms = 48 * 60 * 60 * 1_000
STRANGERS = 3
UNFOUNDED = 3


class Suspicion(StrEnum):
    BURST = "burst"  # several people within two days
    STRANGERS = "strangers"  # people who have met nobody here but the accused
    UNFOUNDED = "unfounded"  # people whose complaints were dismissed again and again


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that may be an attack on a person. It decides nothing (P2.5)."""

    kind: Suspicion
    complaints: tuple[str, ...]
    by: tuple[str, ...]


def signals(
    dossier: Dossier, person: str, partners: Mapping[str, Collection[str]], dismissed: Mapping[str, int]
) -> tuple[Signal, ...]:
    """What stands out in the complaints about ``person`` that are not dismissed.

    ``partners``: for each complainant, with whom it has ever met. ``dismissed``: how many complaints of each, about
    anybody, were dismissed. Who is missing there is not suspected.
    """
    open_ = [known for known in dossier.complaints.values() if known.status is not ComplaintStatus.DISMISSED]
    open_.sort(key=lambda known: (known.filed.at, known.id))
    found: list[Signal] = []
    if (burst := _burst(open_)) is not None:
        found.append(burst)
    strangers = [known for known in open_ if set(partners.get(known.filed.by, ())) == {person}]
    if len(_people(strangers)) >= STRANGERS:
        found.append(_signal(Suspicion.STRANGERS, strangers))
    unfounded = [known for known in open_ if dismissed.get(known.filed.by, 0) >= UNFOUNDED]
    if unfounded:
        found.append(_signal(Suspicion.UNFOUNDED, unfounded))
    return tuple(found)


# --- helpers ----------------------------------------------------------------------------------------------------------


def _complaint(dossier: Dossier, complaint: str) -> Complaint:
    if complaint not in dossier.complaints:
        raise NotFound("There is no such complaint.")
    return dossier.complaints[complaint]


def _sanction(dossier: Dossier, sanction: str) -> Sanction:
    if sanction not in dossier.sanctions:
        raise NotFound("There is no such sanction.")
    return dossier.sanctions[sanction]


def _of(dossier: Dossier, category: Category) -> list[Sanction]:
    return [known for known in dossier.sanctions.values() if known.imposed.basis.value == category.value]


def _people(complaints: Iterable[Complaint]) -> set[str]:
    return {known.filed.by for known in complaints}


def _liftings(dossier: Dossier, category: Category, terms: Terms, now: Ms) -> list[SanctionLifted]:
    """P2.5: what stands on too few of its own complaints. Terms that ask for more than it was made on lift nothing."""
    found: list[SanctionLifted] = []
    for known in _of(dossier, category):
        own = [dossier.complaints[id_] for id_ in known.imposed.complaints if id_ in dossier.complaints]
        left = _people(complaint for complaint in own if counts(complaint, category))
        if known.standing and len(left) < min(terms.complaint_threshold, len(_people(own))):
            found.append(SanctionLifted(now, known.id, Lifting.DISMISSALS, None, None))
    return found


def _imposition(
    dossier: Dossier, category: Category, lifted: Collection[str], terms: Terms, now: Ms, new_id: Callable[[], str]
) -> list[SanctionImposed]:
    """P2.3: the sanction that complaints bring which none has used up, if they come from enough people."""
    known = _of(dossier, category)
    if any(one.standing and one.imposed.measure is not Measure.SUSPENSION for one in known):
        return []
    first = _first(dossier, category)
    used = {id_ for one in known if _keeps(one) for id_ in one.imposed.complaints}
    free = [
        complaint
        for complaint in sorted(dossier.complaints.values(), key=lambda complaint: (complaint.filed.at, complaint.id))
        if counts(complaint, category)
        and complaint.id not in used
        and (first is None or complaint.filed.at > first.imposed.at)
    ]
    if len(_people(free)) < terms.complaint_threshold:
        return []
    measure = Measure.HOLD if terms.confirm_sanctions else _measure(dossier, category)
    replaces = next((id_ for id_ in lifted if _end(dossier, id_) is not None), None)
    ids = tuple(complaint.id for complaint in free)
    return [_imposed(dossier, category, measure, ids, replaces, terms, now, new_id(), None, None)]


def _keeps(sanction: Sanction) -> bool:
    """Whether its complaints are used up: not by one that dismissals undid, nor by a hold, whose successor has them."""
    lifted = sanction.lifted
    return lifted is None or _overturned(sanction) or lifted.why not in (Lifting.DISMISSALS, Lifting.CONFIRMED)


def _first(dossier: Dossier, category: Category) -> Sanction | None:
    """The suspension that was a first time, if there was one (P2.3)."""
    for known in _of(dossier, category):
        undone = known.lifted is not None and known.lifted.why is Lifting.DISMISSALS
        if known.imposed.measure is Measure.SUSPENSION and not undone and not _overturned(known):
            return known
    return None


def _overturned(sanction: Sanction) -> bool:
    """On appeal, whatever had lifted it before that was decided."""
    lifted, decided = sanction.lifted, sanction.decided
    on_appeal = lifted is not None and lifted.why is Lifting.APPEAL
    return on_appeal or (decided is not None and decided.decision == "granted")


def _measure(dossier: Dossier, category: Category) -> Measure:
    """What the rules impose, holds aside."""
    first_time = category is Category.CONDUCT and _first(dossier, category) is None
    return Measure.SUSPENSION if first_time else Measure.PERMANENT


def _end(dossier: Dossier, sanction: str | None) -> Ms | None:
    """The end of a suspension, or of the one whose place a hold took."""
    seen: set[str] = set()
    while sanction is not None and sanction in dossier.sanctions and sanction not in seen:
        seen.add(sanction)
        imposed = dossier.sanctions[sanction].imposed
        if imposed.measure is not Measure.HOLD:
            return imposed.until
        sanction = imposed.replaces
    return None


def _imposed(
    dossier: Dossier,
    category: Category,
    measure: Measure,
    complaints: tuple[str, ...],
    replaces: str | None,
    terms: Terms,
    now: Ms,
    id_: str,
    by: str | None,
    reason: str | None,
) -> SanctionImposed:
    until: Ms | None = None
    rules: tuple[str, ...] = ("P2.3", "P2.4")
    if measure is Measure.SUSPENSION:
        kept = _end(dossier, replaces)
        until = now + terms.conduct_ban if kept is None else kept
    if replaces is not None:
        rules = (*rules, "P2.5")
    return SanctionImposed(
        now,
        id_,
        Basis(category),
        measure,
        COUNTED[category],
        until,
        complaints,
        rules,
        terms.hash,
        by,
        reason,
        None,
        replaces,
    )


def _weight(sanction: Sanction) -> tuple[int, bool, Ms, Ms, str]:
    imposed = sanction.imposed
    heavy = (Measure.HOLD, Measure.SUSPENSION, Measure.PERMANENT).index(imposed.measure)
    return heavy, imposed.until is None, imposed.until or 0, -imposed.at, sanction.id


def _burst(complaints: list[Complaint]) -> Signal | None:
    """The largest set of complaints within the time, if enough people made it; the earliest of several."""
    best: list[Complaint] = []
    for number, first in enumerate(complaints):
        near = [known for known in complaints[number:] if known.filed.at < first.filed.at + BURST_WITHIN]
        if len(_people(near)) > len(_people(best)):
            best = near
    return _signal(Suspicion.BURST, best) if len(_people(best)) >= BURST else None


def _signal(kind: Suspicion, complaints: list[Complaint]) -> Signal:
    return Signal(kind, tuple(known.id for known in complaints), tuple(sorted(_people(complaints))))
