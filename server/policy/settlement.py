"""What an ended session means: the table of ends (P3) as data, and the parts of a refund as arithmetic on spans.

``settle`` is given the facts of one ledger, the terms and the fee, and gives the ``Settlement``. The end itself
(why, by whom, as of when) is the machine's and is taken as it is; this module says who attended, what was not
delivered, and what may be asked back. It reads no clock, and the same facts give the same settlement for ever
(P0.4).

How it goes
-----------
1. Each end is one line of ``ENDS``: what becomes of the refund, and by which rules. *Parts*: what P3.18 measures
   may be asked for. *Rest*: the same, but it opens by itself, for nobody is to blame. *Whole*: nothing was
   delivered, the fee is asked for by itself. *Review*: a person decides.
2. Two things overrule the line, both to a review: media never flowed both ways after they met (P3.17: then every
   end is for a cause, and nobody hung up), and the client ended the call saying that it could not be held.
3. ``_absences`` lists what was not delivered, each span with its rule, every moment once (P3.18). A moment that
   falls under two rules goes to the one that blames less: the end, then our own outages, then gaps past the grace,
   then bridged gaps beyond the allowance, then lateness.
4. The most that may be refunded is ``ceil(fee * absence / duration)``, never over the fee. In a review nothing
   measured can be the bound (one who was there all the time may not have been heard), so there it is the fee; the
   measured parts are listed all the same. A maximum of 0 is no refund (P3.12).

Where the rules leave something open
------------------------------------
- An expert's gap does not count while the client was away first: not yet arrived, or itself lost past its grace.
  The expert could have left freely then (P1.3, P3.8), and one who stays and loses the line must not stand worse
  than one who leaves. Gaps that this service made, and a client's gaps that are bridged, take nothing from the
  client.
- Interrupted before they met: the rest is all that the expert did not stand ready for. A client who waited for an
  expert who had not come gets the whole fee back, as it would have without the outage.
- How long an expert needs to come back after our outage, within the new grace, belongs to the outage (P3.9), not to
  its own gaps.
- A client's cause counts when it is said in ending the call. What a later hang-up says changes nothing (P3.11).
- A cancellation after the start is flagged, whoever made it: somebody may have been waiting, and the table gives the
  one who waited nothing to show for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from server.policy.attendance import NOTHING, Story, attended, end_of, read
from server.policy.facts import AnyFact, Revised
from server.policy.money import Money
from server.policy.spans import Interval, Spans, clip, common, minus, total, union
from server.policy.terms import Terms
from server.policy.verdict import (
    Attendance,
    AttendanceKind,
    EarlierSlot,
    Gap,
    Part,
    Party,
    Refund,
    RefundStatus,
    Settlement,
)
from signaling.session import (
    Ended,
    EndReason,
    How,
    HungUp,
    Ms,
    Role,
    Slot,
    Whom,
)

__all__ = [
    "ENDS",
    "Attendance",
    "AttendanceKind",
    "Party",
    "Refund",
    "RefundStatus",
    "Settlement",
    "Standing",
    "absences",
    "if_expert_left",
    "revised",
    "settle",
    "standing",
]


class Gives(StrEnum):
    """What an end gives back."""

    NOTHING = "nothing"
    PARTS = "parts"
    REST = "rest"
    WHOLE = "whole"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table of ends."""

    gives: Gives
    rules: tuple[str, ...]


R, C, E = EndReason, Whom.CLIENT, Whom.EXPERT

ENDS: Mapping[tuple[EndReason, Whom | None], Line] = {
    (R.COMPLETED, None): Line(Gives.PARTS, ("P3.1",)),
    (R.HUNG_UP, E): Line(Gives.PARTS, ("P3.4",)),
    (R.HUNG_UP, C): Line(Gives.PARTS, ("P3.3",)),
    (R.LOST, E): Line(Gives.PARTS, ("P3.6",)),
    (R.LEFT_PAGE, E): Line(Gives.PARTS, ("P3.6",)),
    (R.LOST, C): Line(Gives.PARTS, ("P3.7",)),
    (R.LEFT_PAGE, C): Line(Gives.PARTS, ("P3.7",)),
    (R.NO_SHOW, E): Line(Gives.WHOLE, ("P1.3", "P3.10")),
    (R.NO_SHOW, C): Line(Gives.NOTHING, ("P1.3", "P3.10")),
    (R.NO_SHOW, Whom.BOTH): Line(Gives.NOTHING, ("P1.3", "P3.10")),
    (R.NEVER_MET, None): Line(Gives.REVIEW, ("P3.10", "P3.17")),
    (R.INTERRUPTED, None): Line(Gives.REST, ("P3.9",)),
    (R.SAFETY, C): Line(Gives.REVIEW, ("P3.13",)),
    (R.SAFETY, E): Line(Gives.REVIEW, ("P3.13",)),
    (R.REMOVED, C): Line(Gives.REVIEW, ("P0.3",)),
    (R.REMOVED, E): Line(Gives.REVIEW, ("P0.3",)),
    (R.ENDED_BY_OPERATOR, Whom.OPERATOR): Line(Gives.REVIEW, ("P0.3",)),
    (R.CANCELLED, C): Line(Gives.NOTHING, ("P0.3",)),
    (R.CANCELLED, E): Line(Gives.WHOLE, ("P3.10",)),
    (R.CANCELLED, Whom.PLATFORM): Line(Gives.WHOLE, ("P3.10",)),
    (R.CANCELLED, Whom.OPERATOR): Line(Gives.WHOLE, ("P3.10",)),
    (R.CANCELLED, Whom.BOTH): Line(Gives.NOTHING, ("P0.3",)),  # by agreement: as the client's own
}
"""Every end there can be, and what it gives back. Attendance is P1's, whatever the end (``attendance.py``)."""


def settle(facts: Sequence[AnyFact], terms: Terms, fee: Money | None) -> Settlement:
    """The verdict on an ended session. ``ValueError`` if it has not ended (P3.15)."""
    end = end_of(facts)
    if end is None:
        raise ValueError("a session that has not ended cannot be settled")
    case = _Case.of(facts, terms, end)
    line = ENDS[end.reason, end.by]
    cause = _cause(case)
    refund = _refund(case, line, cause, fee)
    hung_up = end.reason is R.HUNG_UP and cause != NO_MEDIA
    flags = _flags(case)
    rules = [*line.rules, *refund.rules]
    rules += [rule for who in (case.client, case.expert) for rule in _attendance_rules(who.attendance)]
    rules += ["P3.17"] if cause is not None else []
    rules += ["P3.16"] if LOW_MUTUAL in flags else []
    rules += ["P0.1"] if case.earlier else []
    return Settlement(
        reason=end.reason,
        by=end.by,
        as_of=end.as_of,
        ended_at=end.at,
        starts_at=case.slot.starts_at,
        ends_at=case.slot.ends_at,
        met_at=case.met_at,
        terms=terms.hash,
        client=case.client,
        expert=case.expert,
        mutual=case.mutual,
        unlapsed=max(0, case.slot.ends_at - end.as_of) if hung_up else None,
        hung_up_by=Role(end.by) if hung_up and end.by is not None else None,
        first_out=_first_out(case),
        cause=cause,
        flags=flags,
        earlier=case.earlier,
        refund=refund,
        rules=tuple(dict.fromkeys(rules)),
    )


def revised(verdict: Settlement, fact: Revised) -> Settlement:
    """The verdict as an operator revised it (P3.15). Its refund moves in ``refund.refund_state``, as any does."""
    client, expert = verdict.client, verdict.expert
    if fact.client is not None:
        client = replace(client, attendance=fact.client)
    if fact.expert is not None:
        expert = replace(expert, attendance=fact.expert)
    return replace(verdict, client=client, expert=expert, rules=(*verdict.rules, "P3.15"))


@dataclass(frozen=True, slots=True)
class Standing:
    """The numbers of a settlement for a session that still goes on: so far, and no verdict."""

    client: Party
    expert: Party
    mutual: Ms | None
    earlier: tuple[EarlierSlot, ...]

    def party(self, role: Role) -> Party:
        return self.client if role is Role.CLIENT else self.expert


def standing(facts: Sequence[AnyFact], terms: Terms, now: Ms) -> Standing:
    """Who has attended and been present so far; of an ended session, up to its end."""
    end = end_of(facts)
    story = read(facts, terms, now if end is None else end.at)
    return Standing(_party(story, Role.CLIENT), _party(story, Role.EXPERT), _mutual(story), _earlier(story))


def absences(facts: Sequence[AnyFact], terms: Terms) -> tuple[tuple[Interval, str], ...]:
    """Of an ended session: every span that was not delivered, with its rule (P3.18), whatever the end gives for it."""
    end = end_of(facts)
    if end is None:
        raise ValueError("a session that has not ended has no absences")
    return _absences(_Case.of(facts, terms, end))


def if_expert_left(facts: Sequence[AnyFact], terms: Terms, fee: Money | None, now: Ms) -> Refund:
    """What the client could ask back if the expert hung up now: what its button says beforehand (P3.4)."""
    ended = Ended(now, R.HUNG_UP, E, now)
    return settle([*facts, HungUp(now, Role.EXPERT, None), ended], terms, fee).refund


# --- the case: everything that is read from the facts once ------------------------------------------------------------

NO_MEDIA = "no_media"
LOW_MUTUAL = "low_mutual"
NOBODY_CAME = "nobody_came"
CANCELLED_AFTER_START = "cancelled_after_start"

UNSURE: Ms = 5_000
"""The relay counts whole seconds and is heard twice a second: of less than this its count says nothing."""


@dataclass(frozen=True, slots=True)
class _Case:
    story: Story
    terms: Terms
    slot: Slot
    end: Ended
    stop: Ms  # the end as it is measured by: when it was decided, never after the window
    met_at: Ms | None
    client: Party
    expert: Party
    mutual: Ms | None
    earlier: tuple[EarlierSlot, ...]
    outages: Spans

    @classmethod
    def of(cls, facts: Sequence[AnyFact], terms: Terms, end: Ended) -> _Case:
        story = read(facts, terms, end.at)
        expert = _party(story, Role.EXPERT)
        stop = min(end.at, story.slot.ends_at)
        return cls(
            story=story,
            terms=terms,
            slot=story.slot,
            end=end,
            stop=stop,
            met_at=story.met_at,
            client=_party(story, Role.CLIENT),
            expert=expert,
            mutual=_mutual(story),
            earlier=_earlier(story),
            outages=_outages(story, expert, stop),
        )

    def present(self, role: Role) -> Spans:
        """Presence inside the window, up to the end (P0.7)."""
        return clip(self.story.track(role).stays, self.slot.starts_at, self.stop)


def _party(story: Story, role: Role) -> Party:
    slot, track = story.slot, story.track(role)
    stop = min(story.until, slot.ends_at)
    inside = tuple(
        Gap(max(gap.start, slot.starts_at), min(gap.end, stop), gap.how, gap.lapsed, gap.returned)
        for gap in track.gaps
        if gap.end > slot.starts_at
        and gap.start < stop
        # one who left before the start and came back late was late (P1.1); that is no gap
        and (gap.start > slot.starts_at or (gap.returned and not gap.lapsed))
    )
    return Party(attended(story, role), total(clip(track.stays, slot.starts_at, stop)), inside)


def _mutual(story: Story) -> Ms | None:
    """What was measured since they met (P3.16): 0 if media never flowed both ways, None if nobody measured.

    The relay counts from the first packet: what it had counted when they met was early, and no part of it (P0.5).
    Never more than both were present in the window, for the relay counts whole seconds.
    """
    if story.counted is None:
        return None if story.flowed_at is not None else 0
    slot = story.slot
    both = common(story.client.stays, story.expert.stays)
    return min(story.counted, total(clip(both, slot.starts_at, min(story.until, slot.ends_at))))


def _earlier(story: Story) -> tuple[EarlierSlot, ...]:
    """The slots that were left behind after their start (P0.1); one moved in time says nothing of anybody."""
    found: list[EarlierSlot] = []
    for booking in story.bookings:
        if booking.until is not None and not booking.in_time:
            then = read(booking.facts, story.terms, booking.until)
            who = attended(then, Role.CLIENT), attended(then, Role.EXPERT)
            found.append(
                EarlierSlot(booking.slot.starts_at, booking.slot.ends_at, booking.until, booking.by, who[0], who[1])
            )
    return tuple(found)


# --- what else an end says --------------------------------------------------------------------------------------------


def _cause(case: _Case) -> str | None:
    """P3.17."""
    if case.met_at is not None and not _media_flowed(case, case.met_at):
        return NO_MEDIA
    if case.end.reason is R.HUNG_UP and case.end.by is C:
        return case.story.hung_up.cause or None if case.story.hung_up is not None else None
    return None


def _media_flowed(case: _Case, met_at: Ms) -> bool:
    """Whether media went both ways at any time after they met; of an early talk's it must have gone on (P0.5)."""
    counted, flowed_at = case.story.counted, case.story.flowed_at
    if counted:
        return True
    if flowed_at is None or flowed_at >= met_at or counted is None:
        return flowed_at is not None
    return case.end.at - met_at <= UNSURE


def _first_out(case: _Case) -> Role | None:
    """Of two that had met: whose last departure, or hang-up, came first, and was no doing of this service."""
    end = case.end
    if case.met_at is None:
        return None
    out: dict[Role, Ms] = {}
    for role in Role:
        party = case.client if role is Role.CLIENT else case.expert
        if party.gaps and not party.gaps[-1].returned and party.gaps[-1].how is not How.SERVICE:
            out[role] = party.gaps[-1].start
    if end.reason in (R.HUNG_UP, R.SAFETY) and end.by in (C, E):
        out.setdefault(Role(end.by), end.as_of)
    return min(out, key=lambda role: out[role]) if out else None


def _flags(case: _Case) -> tuple[str, ...]:
    """What an operator should look at."""
    flags: list[str] = []
    if case.end.reason is R.NO_SHOW and case.end.by is Whom.BOTH:
        flags.append(NOBODY_CAME)  # nobody should be paid in silence
    if case.end.reason is R.CANCELLED and case.end.as_of >= case.slot.starts_at:
        flags.append(CANCELLED_AFTER_START)
    if case.end.reason is R.COMPLETED and case.mutual is not None:
        both = total(clip(common(case.present(Role.CLIENT), case.present(Role.EXPERT)), _counted_from(case), case.stop))
        if case.mutual * 100 < both * case.terms.mutual_floor:
            flags.append(LOW_MUTUAL)  # P3.16
    return tuple(flags)


def _counted_from(case: _Case) -> Ms:
    """A restart forgets what the relay had counted: presence before it has nothing to be held against (P3.9)."""
    return case.slot.starts_at if case.story.back_at is None else case.story.back_at


def _attendance_rules(attended: Attendance) -> tuple[str, ...]:
    if attended == NOTHING:
        return ("P1.4",)
    return ("P1.3",) if attended.kind is AttendanceKind.NO_SHOW else ("P1.1", "P1.2")


# --- the refund -------------------------------------------------------------------------------------------------------


def _refund(case: _Case, line: Line, cause: str | None, fee: Money | None) -> Refund:
    gives, basis = line.gives, case.end.reason.value
    if case.end.by in (C, E, Whom.BOTH, Whom.PLATFORM) or case.end.reason is R.CANCELLED:
        basis = f"{basis}_{case.end.by}"
    rules = list(line.rules)
    if cause is not None and gives is not Gives.REVIEW:  # P3.17
        gives, basis = Gives.REVIEW, "for_cause"
        rules.append("P3.17")
    parts: tuple[Part, ...] = ()
    if gives is Gives.WHOLE:
        parts = (Part(case.slot.duration, "P3.10"),)
    elif gives is not Gives.NOTHING:
        parts = tuple(Part(span.length, rule) for span, rule in _absences(case))
    paid = fee.amount if fee is not None else 0
    absence = sum(part.span for part in parts)
    measured = min(paid, -(-paid * absence // case.slot.duration))  # P3.18
    most = paid if gives is Gives.REVIEW else measured
    status = _STATUS[gives] if most else RefundStatus.NONE  # P3.12
    rules += [part.rule for part in parts] + (["P3.18"] if parts else [])
    until = case.end.at + case.terms.refund_window if status is RefundStatus.ELIGIBLE else None
    currency = fee.currency if fee is not None else None
    return Refund(status, basis, most, currency, paid, parts, until, tuple(dict.fromkeys(rules)))


_STATUS: Mapping[Gives, RefundStatus] = {
    Gives.NOTHING: RefundStatus.NONE,
    Gives.PARTS: RefundStatus.ELIGIBLE,
    Gives.REST: RefundStatus.REQUESTED,
    Gives.WHOLE: RefundStatus.REQUESTED,
    Gives.REVIEW: RefundStatus.REVIEW,
}


def _absences(case: _Case) -> tuple[tuple[Interval, str], ...]:
    """P3.18: every span of the window that was not delivered, in order of time, each moment once, with its rule."""
    found: list[tuple[Interval, str]] = []
    for spans, rule in (
        _by_the_end(case),
        (case.outages, "P3.9"),
        (_lapsed(case), "P3.5"),
        (_beyond_allowance(case), "P3.5"),
        (_late(case), "P3.18"),
    ):
        if not spans:
            continue
        inside = clip(spans, case.slot.starts_at, case.slot.ends_at)
        found += [(span, rule) for span in minus(inside, [known for known, _ in found])]
    joined: list[tuple[Interval, str]] = []
    for span, rule in sorted(found, key=lambda item: item[0].start):
        if joined and joined[-1][1] == rule and joined[-1][0].end == span.start:
            joined[-1] = Interval(joined[-1][0].start, span.end), rule
        else:
            joined.append((span, rule))
    return tuple(joined)


def _by_the_end(case: _Case) -> tuple[Spans, str]:
    """From the end to the hard stop, where the end took it from the client."""
    end, stop = case.end, case.slot.ends_at
    rest = (Interval(end.as_of, stop),)
    if end.reason is R.HUNG_UP and end.by is E:
        return rest, "P3.4"
    if end.reason in (R.LOST, R.LEFT_PAGE) and end.by is E:
        return minus(rest, _client_away_before(case, end.as_of)), "P3.6"
    if end.reason is R.INTERRUPTED:
        if case.met_at is None:
            ready = clip(case.present(Role.EXPERT), case.slot.starts_at, end.as_of)
            return minus((Interval(case.slot.starts_at, stop),), ready), "P3.9"
        return rest, "P3.9"
    return (), ""


def _outages(story: Story, expert: Party, stop: Ms) -> Spans:
    """The time that this service was away, and that an expert then took, within the grace, to come back (P3.9)."""
    back = [Interval(gap.start, gap.end) for gap in expert.gaps if gap.how is How.SERVICE and not gap.lapsed]
    ours = [Interval(span.start, min(span.end, stop)) for span in story.away]
    return union([*ours, *back])


def _lapsed(case: _Case) -> Spans:
    """An expert's gaps past the grace, whole, come back or not (P3.5)."""
    return tuple(span for gap in case.expert.gaps if gap.lapsed for span in _counted(case, gap))


def _beyond_allowance(case: _Case) -> Spans:
    """An expert's bridged gaps, from the point where together they exceed the allowance (P3.5)."""
    left = case.terms.gap_allowance
    found: list[Interval] = []
    for gap in case.expert.gaps:
        if gap.lapsed or gap.how is How.SERVICE:
            continue
        for span in minus(_counted(case, gap), case.outages):
            free = min(left, span.length)
            left -= free
            found.append(Interval(span.start + free, span.end))
    return tuple(found)


def _late(case: _Case) -> Spans:
    """An expert's lateness beyond the grace while the client was there, if the terms count it (P3.18)."""
    attended = case.expert.attendance
    if not case.terms.refund_lateness or attended.kind is not AttendanceKind.LATE or attended.arrived_at is None:
        return ()
    known = max(case.slot.starts_at, case.story.bookings[-1].since)
    return common((Interval(known + case.terms.late_grace, attended.arrived_at),), case.present(Role.CLIENT))


def _counted(case: _Case, gap: Gap) -> Spans:
    """What of an expert's gap counts: none of it while the client was away first."""
    return minus((Interval(gap.start, gap.end),), _client_away_before(case, gap.start))


def _client_away_before(case: _Case, at: Ms) -> Spans:
    """When the client, who was not there ``at``, had not come yet or was itself lost past its grace."""
    arrived = case.client.attendance.arrived_at
    not_yet = Interval(case.slot.starts_at, case.stop if arrived is None else arrived)
    own = [Interval(gap.start, gap.end) for gap in case.client.gaps if gap.lapsed and gap.how is not How.SERVICE]
    return tuple(span for span in (not_yet, *own) if span.start < at < span.end)
