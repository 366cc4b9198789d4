"""Every language of the letters beside English: whole, calm, its own, and through a real mail server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.mail.letters import Kind
from server.mail.texts import CATALOGUES, Catalogue, catalogue, formats
from server.mail.texts.en import ENGLISH
from signaling.messages import Money
from signaling.session import MINUTE, Role
from tests.builders import NOON, Clock, booking, office
from tests.server.mail.post import ADA, MAX, everything, mail_server, part, sender
from tests.server.mail.test_words import LETTERS, Story, Told, made, read, story

__all__ = ["story"]  # a fixture

NEVER = {
    "en": r"no[- ]show|\blost\b|fault|blam|accus|penalt|\bbann?|\bmust\b|anonym|proof|dismiss|protect|\d of \d|!",
    "es": r"ausente|no se present|perdid|culpa|acus|penaliz|sanci|multa|expuls|vetad|bloque|anónim|\bprueba|desestim"
    r"|proteg|\bdebe\b|tiene que\b(?! hacer)|¡|!|\d de \d\b",
    "de": r"nicht erschienen|no-?show|verloren|schuld|vorwurf|vorgeworfen|beschuldig|strafe|gesperrt|sperre|anonym"
    r"|beweis|zurückgewiesen|abgewiesen|geschützt|\bmuss\b|müssen|!|\d von \d",
    "hi": r"नो.?शो|अनुपस्थित|ग़ायब|गायब|खो गय|दोष|आरोप|इल्ज़ाम|दंड|सज़ा|जुर्माना|प्रतिबंध|गुमनाम|सबूत|ख़ारिज|खारिज"
    r"|सुरक्षित|!|\d में से \d",
}
"""What "Words" forbids, and what it would be in each language."""

NO_REFUND = {
    "en": ("no refund", "our rules give no refund here; your rights by law remain"),
    "es": ("reembolso; ", "nuestras reglas no prevén aquí un reembolso; los derechos que le da la ley se mantienen"),
    "de": (
        "keine Erstattung",
        "unsere regeln sehen hier keine erstattung vor; ihre gesetzlichen rechte bleiben bestehen",
    ),
    "hi": ("धन-वापसी नहीं देते", "हमारे नियम यहाँ धन-वापसी नहीं देते; क़ानून से मिले आपके अधिकार बने रहते हैं"),
}
DAYS = {
    "en": "Sunday, 22 November 2026",
    "es": "domingo, 22 de noviembre de 2026",
    "de": "Sonntag, 22. November 2026",
    "hi": "रविवार, 22 नवंबर 2026",
}
ENGLISH_WORDS = re.compile(r"\b(the|your|session|you|time|with|are|and|from|page|looked|money|back)\b", re.IGNORECASE)

OTHERS = tuple(each for each in CATALOGUES if each is not ENGLISH)


def sentences(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a catalogue, by its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from sentences(each, f"{path}/{number}")
    elif is_dataclass(value):
        for field in fields(value):
            yield from sentences(getattr(value, field.name), f"{path}/{field.name}")


def placeholders(sentence: str) -> set[str]:
    return {name.lower() for name in re.findall(r"{(\w*)}", sentence)}


@pytest.mark.parametrize("speech", OTHERS, ids=lambda each: each.code)
def test_a_language_says_all_that_english_says(speech: Catalogue) -> None:
    here, english = dict(sentences(speech)), dict(sentences(ENGLISH))
    assert here.keys() == english.keys()
    assert {place: placeholders(text) for place, text in here.items()} == {
        place: placeholders(text) for place, text in english.items()
    }
    same = {text for place, text in here.items() if text == english[place]}
    assert {text for text in same if re.search(r"[^\W\d_]{2,}", re.sub(r"{\w+}", "", text))} <= {"ltr"}
    assert all(text.strip() == text and text for text in here.values())


def test_there_are_four_and_each_has_its_words_that_are_never_read() -> None:
    assert [each.code for each in CATALOGUES] == list(NEVER) == list(NO_REFUND) == list(DAYS)


@pytest.mark.parametrize(("name", "kind", "roles", "told"), LETTERS, ids=[name for name, *_ in LETTERS])
async def test_every_letter_in_every_language(
    name: str, kind: Kind, roles: tuple[Role, ...], told: Told, story: Story
) -> None:
    await told(story)
    for role in roles:
        record = await story.o.desk.record("bk_1")
        link = story.o.desk.link(record, role)
        for speech in OTHERS:
            code = speech.code
            letter = await made(story, kind, role, code)
            text, page = part(letter, "text/plain"), part(letter, "text/html")
            html = read(page)
            words = f"{letter['Subject']}\n{text.replace(link, '')}"
            found = re.search(NEVER[code], words, re.IGNORECASE)
            assert found is None, words
            mark, whole = NO_REFUND[code]
            assert mark not in words or whole in words.lower()
            assert "None" not in words and "{" not in words  # noqa: PT018 - nothing was left out or unfilled
            english = ENGLISH_WORDS.search(words.replace("Ada Client", "").replace("Max Expert", ""))
            assert english is None, words
            assert [line for line in html.text if line not in text.replace("\n", " ")] == []
            assert DAYS[code] in text
            assert ("lang", code) in html.attributes
            assert ("dir", "ltr") in html.attributes
            assert letter["Content-Language"] == code
            assert letter.as_bytes().isascii()
            assert all(len(line) <= 998 for line in letter.as_bytes().splitlines())


@pytest.mark.parametrize(
    ("locale", "starts", "day"),
    [("es", "las 13:00", "22 de noviembre"), ("de-AT", "13:00 Uhr", "22. November"), ("hi", "1:00 pm", "22 नवंबर")],
)
async def test_a_letter_reaches_its_reader_through_a_mail_server(
    tmp_path: Path, locale: str, starts: str, day: str
) -> None:
    """Its subject as it was written, both parts, the calendar file in the same language."""
    async with office(tmp_path / "a.db", Clock(NOON - 60 * 24 * MINUTE)) as o, mail_server(tmp_path) as post:
        by = sender(o, post)
        name = {"es": "Íñigo Ñandú", "de-AT": "Jörg Größl", "hi": "नेहा शर्मा"}[locale]
        await o.desk.book(booking(client=replace(ADA, locale=locale), expert=replace(MAX, name=name), title=None))
        await everything(o, by)
        o.clock.now = NOON - 60 * MINUTE
        await everything(o, by)
    speech = catalogue(locale)
    booked, reminder = (letter for letter in post.letters if letter["To"].addresses[0].username == "ada")
    assert booked["Subject"] == speech.booked.subject.format(
        with_other=speech.beside.format(name=name), day=day, time=formats(locale, speech).time(at_noon())
    )
    header = next(line for line in post.raw[0].split(b"\r\n") if line.lower().startswith(b"subject:"))
    assert header.isascii()
    assert b"=?utf-8?" in header  # RFC 2047
    assert starts in part(reminder, "text/plain")
    html = part(booked, "text/html")
    assert f'<html lang="{speech.code}" dir="ltr">' in html
    assert name in html
    assert name in part(booked, "text/plain")
    assert speech.calendar.summary.format(other=name) in part(booked, "text/calendar").replace("\r\n ", "")


def at_noon() -> datetime:
    return datetime.fromtimestamp(NOON / 1000, ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("locale", "time", "money", "zone"),
    [
        (None, "13:00", "1,234.50 EUR", "Central European Standard Time (UTC+1)"),
        ("en-US", "1:00 PM", "1,234.50 EUR", "Central European Standard Time (UTC+1)"),
        ("de", "13:00", "1.234,50 EUR", "Mitteleuropäische Normalzeit (UTC+1)"),
        ("es-MX", "1:00 p.m.", "1,234.50 EUR", "hora estándar de Europa central (UTC+1)"),
        ("es-XX", "13:00", "1.234,50 EUR", "hora estándar de Europa central (UTC+1)"),
        ("hi-IN", "1:00 pm", "1,234.50 EUR", "मध्य यूरोपीय मानक समय (UTC+1)"),
    ],
)
def test_times_zones_and_money_are_written_as_in_the_readers_country(
    locale: str | None, time: str, money: str, zone: str
) -> None:
    habits = formats(locale, catalogue(locale))
    assert habits.time(at_noon()) == time
    assert habits.money(Money(amount=123450, currency="EUR", exponent=2)) == money
    assert habits.money(Money(amount=500, currency="JPY", exponent=0)) == "500 JPY"
    assert habits.zone(at_noon()) == zone


def test_large_amounts_lose_nothing() -> None:
    assert (
        formats("hi", catalogue("hi")).money(Money(amount=123456789, currency="INR", exponent=2)) == "12,34,567.89 INR"
    )
    exact = Money(amount=9007199254740993, currency="KWD", exponent=3)
    assert formats("de", catalogue("de")).money(exact) == "9.007.199.254.740,993 KWD"


@pytest.mark.parametrize(
    "locale", ["de-", "de-AT-u-nu-arab", "de-DE-1996", "hi--", "en-\u202e", "es-" + "x" * 60, "../de"]
)
def test_no_locale_breaks_a_letter(locale: str) -> None:
    assert formats(locale, catalogue(locale)).time(at_noon())
