"""Every letter's words, each made from a real session through the desk: what must never be read in one, what must, and
that nobody's name can be more than a name."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from typing import cast

import pytest

from server.desk import Desk
from server.mail.address import mailbox
from server.mail.letters import APPOINTMENTS, Kind
from server.mail.render import cleaned, message
from server.mail.texts import catalogue
from server.policy.people import Category
from server.store.letters import Letter
from server.store.sessions import Party
from signaling.session import MINUTE, HangUp, Join, MediaUp, Ms, Role, Whom
from tests.builders import NOON, Clock, Office, booking, office
from tests.server.mail.post import ADA, MAX, SHEET, part

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
DAY: Ms = 24 * 60 * MINUTE

NEVER = re.compile(
    r"no[- ]show|\blost\b|fault|blam|accus|penalt|\bbann?|\bbps\b|P\d\.\d|\d of \d|dismiss|proof|anonym|protect"
    r"|suspen|sanction|mentor|mentee|member|complain|violat|punish|guilt|\bmust\b|!",
    re.IGNORECASE,
)
LAW = "our rules give no refund here; your rights by law remain"


@dataclass
class Story:
    """A desk, and how far things have come."""

    o: Office
    ticket: str | None = None


async def booked(s: Story) -> None:
    s.o.clock.now = NOON - DAY
    await s.o.desk.book(booking(client=ADA, expert=MAX, title="French"))


async def cancelled(s: Story, by: Whom) -> None:
    await booked(s)
    await s.o.desk.cancel("bk_1", by)


async def waited(s: Story) -> None:
    await booked(s)
    s.o.clock.now = NOON


async def held(s: Story, by: Role = EXPERT) -> None:
    await waited(s)
    for role in Role:
        await s.o.desk.report("bk_1", Join(role, f"j-{role}"), NOON)
    await s.o.desk.report("bk_1", MediaUp(), NOON)
    s.o.clock.now = NOON + 20 * MINUTE
    await s.o.desk.report("bk_1", HangUp(by), s.o.clock.now)


async def refund(s: Story, *steps: str) -> None:
    await held(s)
    desk: Desk = s.o.desk
    for step in steps:
        match step:
            case "requested":
                await desk.request_refund("bk_1", CLIENT, None)
            case "approved" | "declined":
                await desk.decide_refund("bk_1", step, None, "Because of max@expert.example")
            case "disputed":
                await desk.dispute("bk_1", CLIENT, "No, because")
            case "settled":
                await desk.refund_settled("bk_1", "pay_1")
            case "expired":
                s.o.clock.now = NOON + 15 * DAY
                await desk.wake("bk_1")


async def reviewed(s: Story, *, declined: bool = False) -> None:
    await held(s, CLIENT)
    await s.o.desk.claim_cause("bk_1", CLIENT, "conduct", "He shouted")
    if declined:
        await s.o.desk.decide_refund("bk_1", "declined", None, "It was not so")


async def reported(s: Story, act: str | None = None) -> None:
    await held(s, CLIENT)
    s.ticket = await s.o.desk.complain("bk_1", CLIENT, Category.CONDUCT, "He shouted")
    await s.o.desk.rate("bk_1", CLIENT, 1, (), None)
    await s.o.desk.rate("bk_1", EXPERT, 5, (), None)
    if act:
        await s.o.desk.decide_complaint(s.ticket, act, "key_1", "Because it was heard")  # type: ignore[arg-type]


Told = Callable[[Story], Awaitable[None]]
K = Kind
LETTERS: tuple[tuple[str, Kind, tuple[Role, ...], Told], ...] = (
    ("booked", K.BOOKED, tuple(Role), booked),
    ("link", K.LINK, tuple(Role), booked),
    ("link afterwards", K.LINK, tuple(Role), held),
    ("moved", K.MOVED, tuple(Role), booked),
    *((f"cancelled by {by}", K.CANCELLED, tuple(Role), lambda s, by=by: cancelled(s, by)) for by in Whom),  # type: ignore[misc]
    ("reminder", K.REMINDER, tuple(Role), booked),
    ("waiting", K.WAITING, tuple(Role), waited),
    ("still waiting", K.STILL_WAITING, tuple(Role), waited),
    ("eligible", K.REFUND_ELIGIBLE, (CLIENT,), lambda s: refund(s)),
    ("requested", K.REFUND_REQUESTED, tuple(Role), lambda s: refund(s, "requested")),
    ("approved", K.REFUND_APPROVED, tuple(Role), lambda s: refund(s, "requested", "approved")),
    ("declined", K.REFUND_DECLINED, tuple(Role), lambda s: refund(s, "requested", "declined")),
    ("disputed", K.REFUND_DISPUTED, tuple(Role), lambda s: refund(s, "requested", "declined", "disputed")),
    (
        "declined for good",
        K.REFUND_DECLINED,
        tuple(Role),
        lambda s: refund(s, "requested", "declined", "disputed", "declined"),
    ),
    ("settled", K.REFUND_SETTLED, tuple(Role), lambda s: refund(s, "requested", "approved", "settled")),
    ("expired", K.REFUND_EXPIRED, (CLIENT,), lambda s: refund(s, "expired")),
    ("review", K.REFUND_REVIEW, (CLIENT,), reviewed),
    ("review without result", K.REFUND_DECLINED, (CLIENT,), lambda s: reviewed(s, declined=True)),
    ("report", K.REPORT_FILED, (CLIENT,), reported),
    ("report upheld", K.REPORT_UPHELD, (CLIENT,), lambda s: reported(s, "uphold")),
    ("report dismissed", K.REPORT_DISMISSED, (CLIENT,), lambda s: reported(s, "dismiss")),
    ("reported", K.ABOUT_ME_FILED, (EXPERT,), reported),
    ("reported, upheld", K.ABOUT_ME_UPHELD, (EXPERT,), lambda s: reported(s, "uphold")),
    ("reported, dismissed", K.ABOUT_ME_DISMISSED, (EXPERT,), lambda s: reported(s, "dismiss")),
)


async def made(s: Story, kind: str, role: Role, locale: str | None = None) -> EmailMessage:
    """The letter, as it is read again from its bytes; in another ``locale`` than the booking's, if one is given."""
    record, view = await s.o.desk.seen("bk_1", role)
    if locale is not None:
        changed = replace(record.party(role), locale=locale)
        record = replace(record, client=changed) if role is CLIENT else replace(record, expert=changed)
    letter = Letter("lt_1", "bk_1", role, kind, NOON, s.ticket, 0, "lease")
    party = record.party(role)
    to = mailbox(party.email or "", party.name)
    assert to is not None
    mail = message(SHEET, letter, record, view, to, s.o.desk.link(record, role), s.o.clock.now)
    return cast(EmailMessage, message_from_bytes(mail.as_bytes(), policy=default))


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with office(tmp_path / "a.db", Clock(NOON - DAY)) as o:
        yield Story(o)


class Reader(HTMLParser):
    """What a reader sees of HTML, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        self._hidden = tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.text.append(data.strip())


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


@pytest.mark.parametrize(("name", "kind", "roles", "told"), LETTERS, ids=[name for name, *_ in LETTERS])
async def test_the_words_of_every_letter(
    name: str, kind: Kind, roles: tuple[Role, ...], told: Told, story: Story
) -> None:
    await told(story)
    for role in roles:
        letter = await made(story, kind, role)
        record = await story.o.desk.record("bk_1")
        link, other_link = (story.o.desk.link(record, each) for each in (role, role.other))
        text, html = part(letter, "text/plain"), read(part(letter, "text/html"))
        words = f"{letter['Subject']}\n{text.replace(link, '')}"
        assert NEVER.search(words.replace("Somebody on our team", "")) is None, words
        if "no refund" in words:
            assert LAW in words.lower()
        assert "None" not in words and "{" not in words  # noqa: PT018 - nothing was left out or unfilled
        assert link in text
        assert ("href", link) in html.attributes
        assert other_link not in letter.as_string()
        assert [line for line in html.text if line not in text.replace("\n", " ")] == []  # the same words in both
        assert "Sunday, 22 November 2026" in text
        assert "French" in text
        zone, start = "Central European Standard Time (UTC+1)", "13:00"
        if role is EXPERT:
            zone, start = "Eastern Standard Time (UTC-5)", "07:00"
        assert zone in text
        assert f"{start} to " in text
        names = {"Ada Client", "Max Expert"} & {n for n in ("Ada Client", "Max Expert") if n in words}
        assert names <= {record.party(role.other).name}
        assert ("text/calendar" in [p.get_content_type() for p in letter.walk()]) == (
            kind in APPOINTMENTS and name != "link afterwards"
        )
        assert all(len(line) <= 998 for line in letter.as_bytes().splitlines())
        assert letter.as_bytes().isascii()


def test_every_kind_is_read_here() -> None:
    assert {kind for _, kind, _, _ in LETTERS} == set(Kind)


async def test_the_writer_of_a_report_is_named_nowhere(story: Story) -> None:
    """P2.9: neither in the words nor in a header."""
    await reported(story)
    letter = await made(story, K.ABOUT_ME_FILED, EXPERT)
    whole = letter.as_string() + part(letter, "text/plain") + part(letter, "text/html")
    assert not any(word in whole for word in ("Ada", "client", "shouted", story.ticket or "T-"))


async def test_headers_say_what_a_mail_program_needs(story: Story) -> None:
    await booked(story)
    letter = await made(story, K.BOOKED, CLIENT)
    assert letter["From"] == "Sample Calls <calls@calls.example>"
    assert letter["Reply-To"] == "help@calls.example"
    assert letter["To"] == "Ada Client <ada@client.example>"
    assert letter["Message-ID"] == "<lt_1@calls.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime.timestamp() * 1000 == story.o.clock.now
    assert [p.get_content_type() for p in letter.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
    ]


async def test_html_brings_nothing_from_elsewhere_and_tells_nobody_that_it_was_read(story: Story) -> None:
    await booked(story)
    html = part(await made(story, K.BOOKED, CLIENT), "text/html")
    assert read(html).tags <= set("html head meta title style body div h1 p table tr th td a".split())  # noqa: SIM905
    assert not re.search(r"url\(|@import|src=|http-equiv", html)
    links = [value for name, value in read(html).attributes if name == "href"]
    assert links == [story.o.desk.link(await story.o.desk.record("bk_1"), CLIENT)]


# --- names that would be more than names ------------------------------------------------------------------------------

HOSTILE = (
    "Eve\r\nBcc: all@client.example",
    "Eve\nSubject: Win",
    "Eve\x0bBcc: x@client.example",
    "Eve\x85Bcc: y",
    "Eve\u2028Bcc: z",
    "Eve\u2029X: y",
    "Eve\x1c\x1d\x1eX: y",
    "=?utf-8?q?Eve=0ABcc:_q?=",
    "=\u202e?utf-8?b?RXZlCkJjYzogcQ==?=",
    "=?utf-8?q?a?= =?utf-8?q?=0D=0ABcc:_q?=",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></table><a href=javascript:alert(1)>Join</a>",
    "{link} {0} {style} %s $x",
    "Pay at http://evil.example/now",
    "www.evil.example",
    "evil.example/login",
    "call evil.example",
    "eve@evil.example",
    "\u202eelpmaxe.live\u202c",
    "Eve\u2066\u2069",
    "E" * 200,
    "é" * 200,
    "नेहा 👩🏽‍🏫",
    ", ; <eve@evil.example>,",
)


@pytest.mark.parametrize("kind", [K.BOOKED, K.WAITING])
async def test_a_name_or_title_is_never_more_than_that(kind: Kind, story: Story) -> None:
    await booked(story)
    record, view = await story.o.desk.seen("bk_1", CLIENT)
    link = story.o.desk.link(record, CLIENT)
    for name in HOSTILE:
        hostile = replace(record, title=name, client=replace(ADA, name=name), expert=Party("e_4", name))
        letter = Letter("lt_1", "bk_1", CLIENT, kind, NOON, None, 0, "lease")
        to = mailbox("ada@client.example", name)
        assert to is not None
        raw = message(SHEET, letter, hostile, view, to, link, NOON).as_bytes()
        only_that(cast(EmailMessage, message_from_bytes(raw, policy=default)), link)


def only_that(mail: EmailMessage, link: str) -> None:
    """No header, address, link or tag that is not ours."""
    allowed = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted"}
    assert set(mail.keys()) <= allowed | {"X-Auto-Response-Suppress", "MIME-Version", "Content-Type"}
    assert len(mail.keys()) == len(set(mail.keys()))
    assert [a.addr_spec for a in mail["To"].addresses] == ["ada@client.example"]
    text, html = part(mail, "text/plain"), read(part(mail, "text/html"))
    assert [value for key, value in html.attributes if key == "href"] == [link]
    assert not {"script", "img"} & html.tags
    assert "evil.example" not in text.replace(link, "")
    assert not any(char in text for char in "\u202e\u2066\u2028\x85\x0b")
    assert len(str(mail["Subject"])) < 200


def test_what_is_left_of_a_name() -> None:
    assert cleaned("  नेहा\t 👩🏽‍🏫 \n") == "नेहा 👩🏽‍🏫"
    assert cleaned("a\u202eb\u2028c\x00d") == "ab c d"


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        *((none, "en") for none in (None, "", "en-GB", "xx", "tlh-Latn")),
        *((german, "de") for german in ("de", "DE", "de-AT", "de_CH")),
        ("es-419", "es"),
        *((hindi, "hi") for hindi in ("hi-IN", "hi-Deva-IN")),
    ],
)
def test_a_locale_is_served_in_its_language_or_in_english(locale: str | None, code: str) -> None:
    assert catalogue(locale).code == code


@pytest.mark.parametrize("zone", [None, "", "Nowhere/Atall", "../../etc/passwd"])
async def test_a_zone_that_is_not_known_is_utc_and_says_so(zone: str | None, story: Story) -> None:
    await booked(story)
    record, view = await story.o.desk.seen("bk_1", CLIENT)
    record = replace(record, client=replace(ADA, time_zone=zone))
    letter = Letter("lt_1", "bk_1", CLIENT, K.BOOKED, NOON, None, 0, "lease")
    box = mailbox("ada@client.example")
    assert box is not None
    mail = message(SHEET, letter, record, view, box, "https://calls.example/s/bk_1#t=x", NOON)
    text = part(mail, "text/plain")
    assert "Time zone: UTC\n" in text
    assert "12:00 to 12:30" in text
