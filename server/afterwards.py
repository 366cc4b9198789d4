"""What a party's page shows of persons: consent, ratings, reports, sanctions, and what it may still say of them.

Pure. It is given the record, both dossiers and the texts that are still kept, and makes the messages of the view. What
is hidden until both have rated (P2.1) is left out here, the other's complaints with it (P2.9); nobody's name is in any
of it but the one a person typed itself to consent. Which words the page uses for it is the page's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from server.policy import conduct, ratings
from server.policy import consent as consents_policy
from server.policy.facts import AnyFact, CauseClaimed, Settled
from server.policy.people import Category, Complaint, Dossier, Rating, Sanction, occasion
from server.policy.refund import may_claim, may_dispute, refund_state
from server.policy.settlement import settle
from server.policy.terms import Terms
from server.policy.verdict import AttendanceKind, Settlement
from server.store.sessions import Record
from signaling import messages
from signaling.errors import HeadstrtError
from signaling.session import HungUp, Ms, Role


@dataclass(frozen=True, slots=True)
class Said:
    """What the ledgers of both persons hold, and the texts behind the digests. ``terms``: those in force now."""

    client: Dossier = field(default_factory=Dossier)
    expert: Dossier = field(default_factory=Dossier)
    texts: Mapping[str, str] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)

    def of(self, role: Role) -> Dossier:
        return self.client if role is Role.CLIENT else self.expert


def digests(record: Record, client: Dossier, expert: Dossier) -> list[str | None]:
    """The texts that a view of this session may need."""
    wanted: list[str | None] = []
    for each in consents_policy.consents(record.facts):
        wanted += [each.text, each.name]
    for dossier in (client, expert):
        for rating in dossier.ratings.values():
            if rating.given.session == record.id:
                wanted += [rating.given.text, rating.answered.text if rating.answered else None]
        for complaint in dossier.complaints.values():
            if complaint.filed.session == record.id:
                wanted += [complaint.filed.text, *(act.reason for act in complaint.acts)]
        for sanction in dossier.sanctions.values():
            wanted += [sanction.imposed.reason, sanction.decided.reason if sanction.decided else None]
    return wanted


def consents(record: Record, texts: Mapping[str, str]) -> tuple[messages.Consent, ...]:
    """Every request for written consent, for both to see (P5.3)."""
    found: list[messages.Consent] = []
    for each in consents_policy.consents(record.facts):
        asked = json.loads(texts[each.text]) if each.text in texts else {}
        found.append(
            messages.Consent(
                id=each.id,
                by=each.by,
                status=each.status.value,
                scope=asked.get("scope"),
                purpose=asked.get("purpose"),
                name=texts.get(each.name) if each.name else None,
                asked_at=each.asked_at,
                given_at=each.given_at,
                closed_at=each.closed_at,
            )
        )
    return tuple(found)


def afterwards(record: Record, role: Role, said: Said, now: Ms) -> messages.Afterwards | None:
    """What ``role`` said and is told; None while the session goes on."""
    if not record.session.over:
        return None
    mine, theirs = said.of(role), said.of(role.other)
    given = _rating(theirs, record.id, role.other)
    got = _rating(mine, record.id, role)
    shown = got is not None and now >= ratings.shown_at(got, said.terms)
    ended_at = record.session.end.at if record.session.end else None
    bound = [sanction for sanction in mine.sanctions.values() if role in sanction.imposed.roles]
    slot = (record.id, record.session.slot.starts_at)
    return messages.Afterwards(
        rating=_told_rating(given, said.texts) if given else None,
        rating_of_me=_told_rating(got, said.texts) if got and shown and got.voided is None else None,
        rate_until=ended_at + said.terms.rating_window if ended_at is not None and record.session.met_at else None,
        reports=tuple(
            _report(complaint, said.texts, mine=True)
            for complaint in theirs.complaints.values()
            if complaint.filed.session == record.id and complaint.filed.role is role.other
        ),
        reports_of_me=tuple(
            _report(complaint, said.texts, mine=False)
            for complaint in mine.complaints.values()
            if complaint.filed.session == record.id
            and complaint.filed.role is role
            and _shown(conduct.shown_at(complaint, mine, said.terms, ended_at), now)
        ),
        sanctions=tuple(_sanction(sanction, mine, said, now) for sanction in bound),
        excused=slot in mine.excused,
        contested=slot in mine.contested,
    )


def veiled(record: Record, role: Role, said: Said, now: Ms) -> Record:
    """The record as ``role`` may know it by now: without what the client claims for a cause of its own (P2.1, P3.17).

    Until both have rated, or the time for it is over. It reads as if the claim had not been made, refund and all.
    """
    end = record.session.end
    if role is not Role.EXPERT or end is None or now >= _told_at(record, said, end.at):
        return record
    facts: list[AnyFact] = []
    for fact in record.facts:
        match fact:
            case CauseClaimed():
                continue
            case HungUp(role=Role.CLIENT, cause=str()):
                facts.append(replace(fact, cause=None))
            case Settled():
                facts.append(replace(fact, settlement=settle(facts, record.terms, record.fee)))
            case _:
                facts.append(fact)
    return replace(record, facts=tuple(facts))


def _told_at(record: Record, said: Said, ended_at: Ms) -> Ms:
    got = _rating(said.expert, record.id, Role.EXPERT)
    return ratings.shown_at(got, said.terms) if got else ended_at + said.terms.rating_window


def may_rate(record: Record, role: Role, said: Said, now: Ms) -> bool:
    """P2.1."""
    rated, me = said.of(role.other), record.who(role).pseudonym
    what = occasion(record.id, record.facts, role)
    return _accepted(lambda: ratings.rate(rated, what, said.terms, now, rating="", by=me, role=role.other, stars=5))


def may_answer(record: Record, role: Role, said: Said, now: Ms) -> bool:
    """The rated side may answer once, when it is shown (P2.1)."""
    got = _rating(said.of(role), record.id, role)
    return got is not None and _accepted(lambda: ratings.answer(said.of(role), got.id, said.terms, now, ""))


def may_report(record: Record, role: Role, said: Said, now: Ms) -> tuple[messages.Category, ...]:
    """P2.2: what the other may be reported for now."""
    accused, me = said.of(role.other), record.who(role).pseudonym
    what = occasion(record.id, record.facts, role)

    def may(category: Category) -> bool:
        return _accepted(
            lambda: conduct.file(
                accused, what, said.terms, now, complaint="", category=category, by=me, role=role.other
            )
        )

    return tuple(category.value for category in Category if may(category))


def may_contest(record: Record, role: Role, said: Said, verdict: Settlement | None) -> bool:
    """An expert, of a mark that lowers what it gets, once (P1.8)."""
    slot = (record.id, record.session.slot.starts_at)
    mine = said.of(role)
    if role is not Role.EXPERT or verdict is None or slot in mine.contested or slot in mine.excused:
        return False
    return verdict.expert.attendance.kind in (AttendanceKind.LATE, AttendanceKind.NO_SHOW)


def before_claim(record: Record, role: Role, said: Said, now: Ms) -> tuple[AnyFact, ...]:
    """The facts as ``role`` may know them: what the client claims is not shown to the expert before its time (P2.1)."""
    if role is Role.CLIENT or others_word_is_shown(record, said, now):
        return record.facts
    claimed = next((n for n, fact in enumerate(record.facts) if isinstance(fact, CauseClaimed)), len(record.facts))
    return record.facts[:claimed]


def others_word_is_shown(record: Record, said: Said, now: Ms) -> bool:
    """P2.1: once both have rated, or the time for it is over."""
    end = record.session.end
    both = all(_rating(said.of(role), record.id, role) is not None for role in Role)
    return both or (end is not None and now >= end.at + said.terms.rating_window)


def claims(record: Record, role: Role, now: Ms) -> tuple[bool, bool]:
    """Whether the client may say that it could not be held (P3.17), and dispute a decline (P3.12)."""
    if role is not Role.CLIENT:
        return False, False
    state = refund_state(record.facts, record.terms)
    return may_claim(state, record.terms, now), may_dispute(state, record.terms, now)


# --- helpers ----------------------------------------------------------------------------------------------------------


def _accepted(act: Callable[[], object]) -> bool:
    """Whether the policy would take it: what a page offers and what the desk allows cannot differ."""
    try:
        act()
    except HeadstrtError:
        return False
    return True


def _shown(at: Ms | None, now: Ms) -> bool:
    return at is not None and now >= at


def _rating(dossier: Dossier, session: str, role: Role) -> Rating | None:
    """The rating of ``role`` in ``session``."""
    for rating in dossier.ratings.values():
        if rating.given.session == session and rating.given.role is role:
            return rating
    return None


def _text(texts: Mapping[str, str], digest: str | None) -> str | None:
    return texts.get(digest) if digest else None


def _told_rating(rating: Rating, texts: Mapping[str, str]) -> messages.Rating:
    return messages.Rating(
        id=rating.id,
        stars=rating.given.stars,
        tags=rating.given.tags,
        text=_text(texts, rating.given.text),
        answer=_text(texts, rating.answered.text) if rating.answered else None,
        given_at=rating.given.at,
    )


def _report(complaint: Complaint, texts: Mapping[str, str], *, mine: bool) -> messages.Report:
    last = complaint.acts[-1] if complaint.acts else None
    return messages.Report(
        ticket=complaint.id,
        category=complaint.filed.category.value if mine else complaint.category.value,
        status=complaint.status.value,
        text=_text(texts, complaint.filed.text),
        why=_text(texts, last.reason) if last else None,
        filed_at=complaint.filed.at,
        decided_at=last.at if last else None,
    )


def _sanction(sanction: Sanction, mine: Dossier, said: Said, now: Ms) -> messages.Sanction:
    imposed = sanction.imposed
    appeal_until = imposed.at + said.terms.appeal_window
    open_ = sanction.appealed is None and sanction.lifted is None and now < appeal_until
    behind = [mine.complaints[id_].filed.session for id_ in imposed.complaints if id_ in mine.complaints]
    appeal = None if sanction.appealed is None else "pending" if sanction.decided is None else sanction.decided.decision
    return messages.Sanction(
        id=sanction.id,
        basis=imposed.basis.value,
        measure=imposed.measure.value,
        roles=imposed.roles,
        imposed_at=imposed.at,
        until=imposed.until,
        lifted_at=sanction.lifted.at if sanction.lifted else None,
        sessions=tuple(dict.fromkeys(behind)),
        rules=imposed.rules,
        reason=_text(said.texts, imposed.reason),
        law=imposed.law,
        appeal=appeal,
        appeal_reason=_text(said.texts, sanction.decided.reason) if sanction.decided else None,
        appeal_until=appeal_until if open_ else None,
    )
