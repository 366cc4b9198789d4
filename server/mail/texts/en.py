"""Every word of the letters, in English. Plain sentences; nobody is accused of anything.

What anybody wrote (a report, a reason, a note) is never in them: it stays on the page, where it can be taken away.
"""

from __future__ import annotations

from server import calendar
from server.mail.texts.words import Catalogue, Text, Whoever

_LAW = "Your rights by law remain."
_COMPUTED = "How it was computed is on your page."
_STANDS = "Your page says where it stands."
_NOTHING_TO_DO = "There is nothing for you to do."
_FEE = "The fee of your {about}"

ENGLISH = Catalogue(
    code="en",
    direction="ltr",
    variant="en_150",
    client=Whoever("your client", "Your client", "with your client"),
    expert=Whoever("your expert", "Your expert", "with your expert"),
    beside="with {name}",
    when="{day}, {start} to {end}",
    when_label="When",
    zone_label="Time zone",
    with_label="With",
    about_label="About",
    about="session of {day}",
    open_button="Open the session",
    page_button="Open your page",
    join_button="Join now",
    small=(
        "You get this mail because you are booked for this session at {host}. The link is yours alone: "
        "whoever opens it comes as you, so please do not pass it on."
    ),
    clock="{time}",
    clock_at_one="{time}",
    fee="the fee",
    booked=Text(
        "Booked: session {with_other}, {day}, {time}",
        "Your session {with_other} is booked",
        (
            "You can join from {opens} on.",
            "Camera and microphone can be tried on the same page at any time before.",
        ),
    ),
    link=Text(
        "Your link for the session {with_other}, {day}, {time}",
        "Here is your link",
        (
            "Please use this link from now on. An earlier one, if you had one, no longer works.",
            "You can join from {opens} on.",
        ),
    ),
    link_over=Text(
        "Your link for the session {with_other}, {day}, {time}",
        "Here is your link",
        ("Please use this link from now on. An earlier one, if you had one, no longer works.",),
    ),
    moved=Text(
        "New time: session {with_other}, {day}, {time}",
        "Your session {with_other} has a new time",
        ("Your link stays the same.", "You can join from {opens} on."),
    ),
    cancelled_subject="Cancelled: session {with_other}, {day}, {time}",
    cancelled_by_me=("You cancelled this session", "The terms of your booking apply."),
    cancelled_by_me_expert=("You cancelled this session", "{Other} has been told."),
    cancelled_by_other=("{Other} cancelled this session", _NOTHING_TO_DO),
    cancelled_by_team=("This session was cancelled by our team", _NOTHING_TO_DO),
    cancelled_by_both=("This session was cancelled by agreement", _NOTHING_TO_DO),
    cancelled=(
        "This session was cancelled",
        "It cannot take place. If there is more to know, your page says it.",
    ),
    reminder=Text(
        "{time}: session {with_other}",
        "Your session {with_other} is coming up",
        ("It starts at {clock}; you can join from {opens} on.",),
    ),
    waiting=Text(
        "{Other} is here: your session starts now",
        "{Other} is waiting for you",
        ("Your session starts now, at {clock}. {Other} is in the waiting room.",),
    ),
    still_waiting=Text(
        "{Other} is still waiting for you",
        "{Other} is still waiting for you",
        (
            "Your session began at {clock}, and {other} is still there.",
            "If you are on your way, you can say so on the page with one tap.",
        ),
    ),
    eligible=Text(
        "You may ask for money back: {about}",
        "You may ask for money back",
        ("You may ask back up to {money}. Whether you do is for you alone to decide.",),
    ),
    eligible_until=Text(
        "You may ask for money back: {about}",
        "You may ask for money back",
        ("You may ask back up to {money} until {until}. Whether you do is for you alone to decide.",),
    ),
    requested=Text(
        "Asked back: {about}",
        "Your money has been asked back",
        (
            "{money} has been asked back. There is nothing more for you to do.",
            "You will hear from your booking service.",
        ),
    ),
    review=Text(
        "We are looking at your {about}",
        "We are looking at what happened",
        ("Somebody is looking at what happened. You will hear about the fee.",),
    ),
    approved=Text(
        "Approved: money back, {about}",
        "Your money back is approved",
        ("{money} will be paid back to you. The money is on its way.",),
    ),
    declined=Text(
        "An answer about your {about}",
        "Your booking service has decided",
        ("Your booking service declined. Its reason is on your page.", _LAW),
    ),
    declined_disputable=Text(
        "An answer about your {about}",
        "Your booking service has decided",
        (
            "Your booking service declined. Its reason is on your page, and so is how to ask for a second look.",
            _LAW,
        ),
    ),
    disputed=Text(
        "A second look at your {about}",
        "Your booking service looks again",
        ("You asked for a second look. You will hear about it.",),
    ),
    settled=Text(
        "Paid back: {about}",
        "Your money has been paid back",
        ("{money} has been paid back to you.",),
    ),
    expired=Text(
        "The time for asking has passed: {about}",
        "The time for asking has passed",
        (f"The time for asking money back has passed. {_LAW}",),
    ),
    nothing=Text(
        "An answer about your {about}",
        "What happened has been looked at",
        (
            "Somebody looked at what happened. Why it was decided so is on your page.",
            "Our rules give no refund here; your rights by law remain.",
        ),
    ),
    expert_requested=Text(_FEE, "Money is asked back", ("{money} is asked back for the client.", _COMPUTED)),
    expert_approved=Text(
        _FEE,
        "A refund was approved",
        ("The booking service approved a refund of {money} to the client.", _COMPUTED),
    ),
    expert_declined=Text(
        _FEE, "A refund was declined", ("The booking service declined a refund to the client.", _STANDS)
    ),
    expert_disputed=Text(
        _FEE, "A second look at the fee", ("The client asked for a second look at what was decided.", _STANDS)
    ),
    expert_settled=Text(_FEE, "A refund was paid", ("{money} was paid back to the client.", _COMPUTED)),
    report_filed=Text(
        "We received your report {ticket}",
        "We received your report",
        (
            "Its number is {ticket}. Somebody on our team looks at it, and you will hear from us.",
            "We do not give your name; what you wrote may show who you are.",
        ),
    ),
    report_upheld=Text(
        "Your report {ticket}: our answer",
        "We looked at your report",
        ("We looked at it and found that our guidelines were not kept. Why is on your page.",),
    ),
    report_dismissed=Text(
        "Your report {ticket}: our answer",
        "We looked at your report",
        (f"We looked at it and found no breach of our guidelines. Why is on your page. {_LAW}",),
    ),
    about_me_filed=Text(
        "There is a report about your {about}",
        "There is a report about your session",
        ("What it says is on your page. Nothing has been decided.",),
    ),
    about_me_upheld=Text(
        "A report about your {about}: what we found",
        "A report was looked at",
        (
            "We looked at it and found that our guidelines were not kept. "
            "What it says, why we decided so, and what follows from it is on your page.",
        ),
    ),
    about_me_dismissed=Text(
        "A report about your {about}: what we found",
        "A report was looked at",
        ("We looked at it and found no breach of our guidelines. It does not count against you.",),
    ),
    calendar=calendar.ENGLISH,
)
