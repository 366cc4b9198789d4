"""The languages that letters are written in."""

from __future__ import annotations

from server.mail.texts.composing import details, letter
from server.mail.texts.de import GERMAN
from server.mail.texts.en import ENGLISH
from server.mail.texts.es import SPANISH
from server.mail.texts.formats import Formats, formats
from server.mail.texts.hi import HINDI
from server.mail.texts.words import Catalogue, Told, Words

CATALOGUES: tuple[Catalogue, ...] = (ENGLISH, SPANISH, GERMAN, HINDI)


def catalogue(locale: str | None) -> Catalogue:
    """The language that this locale asks for (``de``, ``de-AT``); English where there is none such."""
    wanted = (locale or "").replace("_", "-").partition("-")[0].lower()
    return next((each for each in CATALOGUES if each.code == wanted), ENGLISH)


__all__ = ["CATALOGUES", "Catalogue", "Formats", "Told", "Words", "catalogue", "details", "formats", "letter"]
