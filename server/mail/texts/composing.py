"""Which sentence a letter takes, filled in: the same in every language."""

from __future__ import annotations

from server.mail.letters import Kind
from server.mail.texts.formats import Formats
from server.mail.texts.words import Catalogue, Text, Told, Whoever, Words
from signaling.messages import Money, Refund
from signaling.session import Role, Whom


def letter(told: Told, words: Catalogue, formats: Formats) -> Words:
    """The words of a letter."""
    text, button = _chosen(told, words)
    fill = _fill(told, words, formats)
    return Words(
        text.subject.format_map(fill),
        text.heading.format_map(fill),
        tuple(line.format_map(fill) for line in text.body),
        button,
    )


def details(
    told: Told, words: Catalogue, formats: Formats, title: str | None, *, named: bool
) -> tuple[tuple[str, str], ...]:
    """When, with whom (if ``named``) and about what: labels with what they stand for."""
    same = told.starts.date() == told.ends.date()
    end = formats.time(told.ends) if same else f"{formats.day(told.ends)}, {formats.time(told.ends)}"
    when = words.when.format(day=formats.day(told.starts), start=formats.time(told.starts), end=end)
    rows = [(words.when_label, when), (words.zone_label, formats.zone(told.starts))]
    if named:
        rows.append((words.with_label, told.other or _whoever(told, words).inside))
    if title:
        rows.append((words.about_label, title))
    return tuple(rows)


def _whoever(told: Told, words: Catalogue) -> Whoever:
    """What the other one is to the reader."""
    return words.client if told.role is Role.EXPERT else words.expert


def _fill(told: Told, words: Catalogue, formats: Formats) -> dict[str, str]:
    whoever, refund = _whoever(told, words), told.view.refund
    money = _amount(refund) if refund else None
    return {
        "other": told.other or whoever.inside,
        "Other": told.other or whoever.begins,
        "with_other": words.beside.format(name=told.other) if told.other else whoever.beside,
        "about": words.about.format(day=formats.short_day(told.starts)),
        "day": formats.short_day(told.starts),
        "time": formats.time(told.starts),
        "clock": _clock(formats.time(told.starts), words),
        "opens": _clock(formats.time(told.opens), words),
        "until": f"{formats.day(told.until)}, {formats.time(told.until)}" if told.until else "",
        "money": formats.money(money) if money else words.fee,
        "ticket": told.ticket or "",
    }


def _clock(time: str, words: Catalogue) -> str:
    return (words.clock_at_one if time.startswith("1:") else words.clock).format(time=time)


def _amount(refund: Refund) -> Money | None:
    """As far as it has come."""
    match refund.status:
        case "eligible":
            return refund.max
        case "approved" | "settled":
            return refund.approved
        case _:
            return refund.requested


def _chosen(told: Told, words: Catalogue) -> tuple[Text, str]:
    match told.kind:
        case Kind.BOOKED:
            return words.booked, words.open_button
        case Kind.LINK if told.view.end is not None:
            return words.link_over, words.page_button
        case Kind.LINK:
            return words.link, words.open_button
        case Kind.MOVED:
            return words.moved, words.open_button
        case Kind.CANCELLED:
            heading, detail = _cancelled(told, words)
            return Text(words.cancelled_subject, heading, (detail,)), words.page_button
        case Kind.REMINDER:
            return words.reminder, words.open_button
        case Kind.WAITING:
            return words.waiting, words.join_button
        case Kind.STILL_WAITING:
            return words.still_waiting, words.join_button
        case Kind.REPORT_FILED:
            return words.report_filed, words.page_button
        case Kind.REPORT_UPHELD:
            return words.report_upheld, words.page_button
        case Kind.REPORT_DISMISSED:
            return words.report_dismissed, words.page_button
        case Kind.ABOUT_ME_FILED:
            return words.about_me_filed, words.page_button
        case Kind.ABOUT_ME_UPHELD:
            return words.about_me_upheld, words.page_button
        case Kind.ABOUT_ME_DISMISSED:
            return words.about_me_dismissed, words.page_button
        case _:
            refund = told.view.refund
            assert refund is not None
            of = _of_client if told.role is Role.CLIENT else _of_expert
            return of(told, refund, words), words.page_button


def _cancelled(told: Told, words: Catalogue) -> tuple[str, str]:
    by = told.view.end.by if told.view.end else None
    if by is not None and by.value == told.role.value:
        return words.cancelled_by_me if told.role is Role.CLIENT else words.cancelled_by_me_expert
    if by is not None and by.value == told.role.other.value:
        return words.cancelled_by_other
    if by is Whom.OPERATOR:
        return words.cancelled_by_team
    return words.cancelled_by_both if by is Whom.BOTH else words.cancelled


def _of_client(told: Told, refund: Refund, words: Catalogue) -> Text:
    match refund.status:
        case "eligible":
            return words.eligible_until if told.until else words.eligible
        case "requested":
            return words.requested
        case "review":
            return words.review
        case "approved":
            return words.approved
        case "declined":
            return words.declined_disputable if told.view.may.dispute else words.declined
        case "disputed":
            return words.disputed
        case "settled":
            return words.settled
        case "expired":
            return words.expired
        case _:
            return words.nothing


def _of_expert(told: Told, refund: Refund, words: Catalogue) -> Text:
    match refund.status:
        case "requested":
            return words.expert_requested
        case "approved":
            return words.expert_approved
        case "declined":
            return words.expert_declined
        case "disputed":
            return words.expert_disputed
        case _:
            return words.expert_settled
