"""Every word of the letters, in English. Plain sentences; nobody is accused of anything.

What anybody wrote (a report, a reason, a note) is never in them: it stays on the page, where it can be taken away.
"""

from __future__ import annotations

from datetime import datetime

from server.mail.letters import Kind
from server.mail.texts.words import Told, Words
from signaling.messages import Money, Refund
from signaling.session import Role, Whom

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905

_OPEN = "Open the session"
_PAGE = "Open your page"
_LAW = "Your rights by law remain."


class English:
    """Fallback for every locale that has no language of its own."""

    code = "en"

    def letter(self, told: Told) -> Words:
        match told.kind:
            case Kind.BOOKED | Kind.LINK | Kind.MOVED | Kind.CANCELLED:
                return _appointment(told)
            case Kind.REMINDER | Kind.WAITING | Kind.STILL_WAITING:
                return _near(told)
            case (
                Kind.REPORT_FILED
                | Kind.REPORT_UPHELD
                | Kind.REPORT_DISMISSED
                | Kind.ABOUT_ME_FILED
                | Kind.ABOUT_ME_UPHELD
                | Kind.ABOUT_ME_DISMISSED
            ):
                return _report(told)
            case _:
                return _refund_client(told) if told.role is Role.CLIENT else _refund_expert(told)

    def details(self, told: Told, title: str | None, *, named: bool) -> tuple[tuple[str, str], ...]:
        rows = [("When", f"{_day(told.starts)}, {_time(told.starts)} to {_end(told)}"), ("Time zone", told.zone)]
        if named:
            rows.append(("With", told.other))
        if title:
            rows.append(("About", title))
        return tuple(rows)

    def other(self, role: Role) -> str:
        return f"your {role.value}"

    def small(self, host: str) -> str:
        return (
            f"You get this mail because you are booked for this session at {host}. The link is yours alone: "
            "whoever opens it comes as you, so please do not pass it on."
        )


# --- the booking ------------------------------------------------------------------------------------------------------


def _appointment(told: Told) -> Words:
    body: tuple[str, ...]
    other, when = told.other, f"{_short_day(told.starts)}, {_time(told.starts)}"
    doors = f"You can join from {_time(told.opens)} on."
    check = "Camera and microphone can be tried on the same page at any time before."
    over = told.view.end is not None
    match told.kind:
        case Kind.BOOKED:
            heading = f"Your session with {other} is booked"
            return Words(f"Booked: session with {other}, {when}", heading, (doors, check), _OPEN)
        case Kind.LINK:
            body = ("Please use this link from now on. An earlier one, if you had one, no longer works.",)
            subject = f"Your link for the session with {other}, {when}"
            if over:
                return Words(subject, "Here is your link", body, _PAGE)
            return Words(subject, "Here is your link", (*body, doors), _OPEN)
        case Kind.MOVED:
            heading = f"Your session with {other} has a new time"
            body = ("Your link stays the same.", doors)
            return Words(f"New time: session with {other}, {when}", heading, body, _OPEN)
        case _:
            heading, detail = _cancelled(told)
            return Words(f"Cancelled: session with {other}, {when}", heading, (detail,), _PAGE)


def _cancelled(told: Told) -> tuple[str, str]:
    by = told.view.end.by if told.view.end else None
    mine = by is not None and by.value == told.role.value
    theirs = by is not None and by.value == told.role.other.value
    if mine and told.role is Role.CLIENT:
        return "You cancelled this session", "The terms of your booking apply."
    if mine:
        return "You cancelled this session", f"{told.other} has been told."
    if theirs:
        return f"{told.other} cancelled this session", "There is nothing for you to do."
    if by is Whom.OPERATOR:
        return "This session was cancelled by our team", "There is nothing for you to do."
    if by is Whom.BOTH:
        return "This session was cancelled by agreement", "There is nothing for you to do."
    return "This session was cancelled", "It cannot take place. If there is more to know, your page says it."


def _near(told: Told) -> Words:
    body: tuple[str, ...]
    other, start = told.other, _time(told.starts)
    match told.kind:
        case Kind.REMINDER:
            heading = f"Your session with {other} is coming up"
            body = (f"It starts at {start}; you can join from {_time(told.opens)} on.",)
            return Words(f"{start}: session with {other}", heading, body, _OPEN)
        case Kind.WAITING:
            body = (f"Your session starts now, at {start}. {other} is in the waiting room.",)
            return Words(f"{other} is here: your session starts now", f"{other} is waiting for you", body, "Join now")
        case _:
            body = (
                f"Your session began at {start}, and {other} is still there.",
                "If you are on your way, you can say so on the page with one tap.",
            )
            return Words(f"{other} is still waiting for you", f"{other} is still waiting for you", body, "Join now")


# --- refunds ----------------------------------------------------------------------------------------------------------


def _refund_client(told: Told) -> Words:
    body: tuple[str, ...]
    refund = told.view.refund
    assert refund is not None
    about = f"session of {_short_day(told.starts)}"
    match refund.status:
        case "eligible":
            until = f" until {_day(told.until)}, {_time(told.until)}" if told.until else ""
            body = (f"You may ask back up to {_money(refund.max)}{until}. Whether you do is for you alone to decide.",)
            return Words(f"You may ask for money back: {about}", "You may ask for money back", body, _PAGE)
        case "requested":
            body = (
                f"{_money(refund.requested)} has been asked back. There is nothing more for you to do.",
                "You will hear from your booking service.",
            )
            return Words(f"Asked back: {about}", "Your money has been asked back", body, _PAGE)
        case "review":
            body = ("Somebody is looking at what happened. You will hear about the fee.",)
            return Words(f"We are looking at your {about}", "We are looking at what happened", body, _PAGE)
        case "approved":
            body = (f"{_money(refund.approved)} will be paid back to you. The money is on its way.",)
            return Words(f"Approved: money back, {about}", "Your money back is approved", body, _PAGE)
        case "declined":
            more = ", and so is how to ask for a second look" if told.view.may.dispute else ""
            body = (f"Your booking service declined. Its reason is on your page{more}.", _LAW)
            return Words(f"An answer about your {about}", "Your booking service has decided", body, _PAGE)
        case "disputed":
            body = ("You asked for a second look. You will hear about it.",)
            return Words(f"A second look at your {about}", "Your booking service looks again", body, _PAGE)
        case "settled":
            body = (f"{_money(refund.approved)} has been paid back to you.",)
            return Words(f"Paid back: {about}", "Your money has been paid back", body, _PAGE)
        case "expired":
            body = (f"The time for asking money back has passed. {_LAW}",)
            return Words(f"The time for asking has passed: {about}", "The time for asking has passed", body, _PAGE)
        case _:  # a review that opened nothing
            body = (
                "Somebody looked at what happened. Why it was decided so is on your page.",
                "Our rules give no refund here; your rights by law remain.",
            )
            return Words(f"An answer about your {about}", "What happened has been looked at", body, _PAGE)


def _refund_expert(told: Told) -> Words:
    refund = told.view.refund
    assert refund is not None
    about = f"session of {_short_day(told.starts)}"
    subject = f"The fee of your {about}"
    more = "How it was computed is on your page."
    match refund.status:
        case "requested":
            heading, line = "Money is asked back", f"{_money(refund.requested)} is asked back for the client."
        case "approved":
            heading, line = "A refund was approved", _approved(refund)
        case "declined":
            heading, line = "A refund was declined", "The booking service declined a refund to the client."
            more = "Your page says where it stands."
        case "disputed":
            heading, line = "A second look at the fee", "The client asked for a second look at what was decided."
            more = "Your page says where it stands."
        case _:
            heading, line = "A refund was paid", f"{_money(refund.approved)} was paid back to the client."
    return Words(subject, heading, (line, more), _PAGE)


def _approved(refund: Refund) -> str:
    return f"The booking service approved a refund of {_money(refund.approved)} to the client."


# --- reports ----------------------------------------------------------------------------------------------------------


def _report(told: Told) -> Words:
    body: tuple[str, ...]
    about = f"session of {_short_day(told.starts)}"
    mine = f"Your report {told.ticket}"
    match told.kind:
        case Kind.REPORT_FILED:
            body = (
                f"Its number is {told.ticket}. Somebody on our team looks at it, and you will hear from us.",
                "We do not give your name; what you wrote may show who you are.",
            )
            return Words(f"We received your report {told.ticket}", "We received your report", body, _PAGE)
        case Kind.REPORT_UPHELD:
            body = ("We looked at it and found that our guidelines were not kept. Why is on your page.",)
            return Words(f"{mine}: our answer", "We looked at your report", body, _PAGE)
        case Kind.REPORT_DISMISSED:
            body = (f"We looked at it and found no breach of our guidelines. Why is on your page. {_LAW}",)
            return Words(f"{mine}: our answer", "We looked at your report", body, _PAGE)
        case Kind.ABOUT_ME_FILED:
            body = ("What it says is on your page. Nothing has been decided.",)
            return Words(f"There is a report about your {about}", "There is a report about your session", body, _PAGE)
        case Kind.ABOUT_ME_UPHELD:
            body = (
                "We looked at it and found that our guidelines were not kept. "
                "What it says, why we decided so, and what follows from it is on your page.",
            )
            return Words(f"A report about your {about}: what we found", "A report was looked at", body, _PAGE)
        case _:
            body = ("We looked at it and found no breach of our guidelines. It does not count against you.",)
            return Words(f"A report about your {about}: what we found", "A report was looked at", body, _PAGE)


# --- how things are said ----------------------------------------------------------------------------------------------


def _day(at: datetime) -> str:
    return f"{_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year}"


def _short_day(at: datetime) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]}"


def _time(at: datetime) -> str:
    return f"{at:%H:%M}"


def _end(told: Told) -> str:
    same = told.starts.date() == told.ends.date()
    return _time(told.ends) if same else f"{_day(told.ends)}, {_time(told.ends)}"


def _money(money: Money | None) -> str:
    """``120.00 USD``: the code is clear everywhere, a sign is not."""
    if money is None:
        return "the fee"
    whole, exponent = str(money.amount).rjust(money.exponent + 1, "0"), money.exponent
    number = f"{whole[:-exponent]}.{whole[-exponent:]}" if exponent else whole
    return f"{number} {money.currency}"
