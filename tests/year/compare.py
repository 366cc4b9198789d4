"""What model and program say of the same thing, in one form, so that two sentences can be held against each other."""

from __future__ import annotations

from typing import Any

from server.policy import conduct, fees
from server.policy.facts import Settled
from server.policy.punctuality import badge, punctuality
from server.policy.refund import refund_state
from server.policy.settlement import Settlement
from signaling.session import Ms, Role
from tests.year import model, play
from tests.year.play import second


def model_session(call: model.Call) -> dict[str, Any]:
    assert call.end is not None
    assert call.refund is not None
    end, refund = call.end, call.refund
    return {
        "end": (end.reason, end.by if end.by != "operator" or end.reason == "cancelled" else None, end.as_of, end.at),
        "slot": (call.starts, call.ends, call.met),
        "client": call.attendance("client", end.at)[:2],
        "expert": call.attendance("expert", end.at)[:2],
        "parts": refund.parts,
        "most": refund.settled_most,
        "refund": (refund.status, refund.most if refund.status != "none" else 0),
        "marks": [(m.starts, m.ends, m.at, m.kind, m.late, m.met, m.no_show, m.client) for m in call.marks()],
        "bps": call.factor,
    }


def played_session(record: play.Record, file: play.File, terms: Any) -> dict[str, Any]:
    verdict = next(fact.settlement for fact in record.facts if isinstance(fact, Settled))
    state = refund_state(record.facts, terms)
    by = verdict.by.value if verdict.by is not None else None
    mine = [mark for _, mark in file.marks if mark.session == record.id]
    return {
        "end": (
            verdict.reason.value,
            by if by != "operator" or verdict.reason == "cancelled" else None,
            second(verdict.as_of),
            second(verdict.ended_at),
        ),
        "slot": (second(verdict.starts_at), second(verdict.ends_at), verdict.met_at is not None),
        "client": attended(verdict, Role.CLIENT),
        "expert": attended(verdict, Role.EXPERT),
        "parts": parts(verdict),
        "most": verdict.refund.max_amount,
        "refund": (state.status.value, state.max_amount if state.status != "none" else 0),
        "marks": [
            (
                second(m.starts_at),
                second(m.ends_at),
                second(m.at),
                m.kind.value if m.kind else None,
                None if m.lateness is None else m.lateness // 1_000,
                m.met,
                m.no_show,
                m.other,
            )
            for m in sorted(mine, key=lambda m: (m.at, m.starts_at))
        ],
        "bps": record.factor,
    }


def attended(verdict: Settlement, role: Role) -> tuple[str | None, int | None]:
    found = verdict.party(role).attendance
    return found.kind.value if found.kind else None, None if found.lateness is None else found.lateness // 1_000


def parts(verdict: Settlement) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in verdict.refund.parts:
        found[part.rule] = found.get(part.rule, 0) + part.span // 1_000
    return found


def model_person(person: model.Person, now: int, numbers: model.Numbers) -> dict[str, Any]:
    bps, counted = person.punctuality(now, numbers)
    return {
        "factor": person.factor(now, numbers),
        "punctuality": (bps, counted),
        "badge": bps is not None and counted >= numbers.fee_min_slots and bps >= numbers.badge_at,
        "barred": [role for role in ("client", "expert") if person.barred(role, now)],
        "complaints": sorted((c.id, c.category, c.status) for c in person.complaints),
        "sanctions": [
            (s.basis, s.measure, s.roles, s.at, s.until, sorted(s.complaints), s.lifted, s.why, s.appeal)
            for s in person.sanctions
        ],
    }


def played_person(file: play.File, now: Ms, terms: Any) -> dict[str, Any]:
    dossier = file.dossier
    found = punctuality([mark for _, mark in file.marks], dossier.excused, terms, now)
    status = {"filed": "open"}
    return {
        "factor": fees.factor(found, dossier, terms, now).bps,
        "punctuality": (found.bps, len(found.counted)),
        "badge": badge(found, terms),
        "barred": [role.value for role in Role if conduct.barred_from_joining(dossier, role, now)],
        "complaints": sorted(
            (c.id, c.category.value, status.get(c.status.value, c.status.value)) for c in dossier.complaints.values()
        ),
        "sanctions": [
            (
                s.imposed.basis.value,
                s.imposed.measure.value,
                tuple(role.value for role in s.imposed.roles),
                second(s.imposed.at),
                None if s.imposed.until is None else second(s.imposed.until),
                sorted(s.imposed.complaints),
                second(s.lifted.at) if s.lifted else None,
                s.lifted.why.value if s.lifted else None,
                None if s.appealed is None else s.decided.decision if s.decided else "pending",
            )
            for s in dossier.sanctions.values()
        ],
    }
