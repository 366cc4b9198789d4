"""The words that a party's page never uses, looked for in what stands on the screen."""

from __future__ import annotations

import re

from tests.e2e.stage import Person

NEVER = re.compile(
    r"no.?show|\blost\b|fault|blame|accus|penalt|\bban(ned)?\b|\bbps\b|\bP\d\.\d|anonymous|\bproof\b|dismissed"
    r"|\b\d+ of \d+\b",
    re.IGNORECASE,
)


async def calm(person: Person, devices: tuple[str, ...] = ()) -> None:
    """Nobody is accused of anything on this page, and nothing is counted in front of anybody. ``devices``: names that
    are not ours."""
    text = await person.page.inner_text("body")
    for name in devices:
        text = text.replace(name, "")
    assert len(text) > 20
    found = NEVER.search(text)
    assert found is None, text[max(0, found.start() - 60) : found.end() + 60] if found else ""
