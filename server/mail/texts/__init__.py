"""The languages that letters are written in."""

from __future__ import annotations

from server.mail.texts.en import English
from server.mail.texts.words import Language, Told, Words

_LANGUAGES: tuple[Language, ...] = (English(),)


def language(locale: str | None) -> Language:
    """The one that this locale asks for (``de``, ``de-AT``); English where there is none such."""
    wanted = (locale or "").partition("-")[0].lower()
    return next((each for each in _LANGUAGES if each.code == wanted), _LANGUAGES[0])


__all__ = ["Language", "Told", "Words", "language"]
