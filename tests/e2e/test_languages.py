"""Which language a party's page is in: its own choice, else the booking's, else the browser's; another at any time."""

from __future__ import annotations

import time
from typing import Any

from signaling.messages import to_rfc3339
from tests.e2e.stage import People, Person, Server, until


async def book(server: Server, **client: Any) -> str:
    """The client's link of a session that begins in a while."""
    body = {
        "starts_at": to_rfc3339(int(time.time() * 1000) // 60_000 * 60_000 + 600_000),
        "duration_minutes": 30,
        "client": {"id": "c_9", "name": "Ada Client", **client},
        "expert": {"id": "e_4", "name": "Max Expert", "locale": "de-AT"},
    }
    return str((await server.call("PUT", "/v1/sessions/bk_1", json=body))["links"]["client"])


async def language(of: Person) -> list[str]:
    """Of the document, and what is chosen in the picker."""
    found: list[str] = await of.page.evaluate(
        "[document.documentElement.lang, document.documentElement.dir,"
        " document.querySelector('[data-testid=language]').value]"
    )
    return found


async def reads(of: Person, words: str) -> None:
    async def there() -> bool:
        return words in await of.page.inner_text("body")

    await until(there, 20, f"the page says {words!r}")


async def test_a_page_speaks_the_language_of_its_reader(server: Server, person: People) -> None:
    link = await book(server, locale=None)
    austrian = await person(link, locale="de-AT", timezone_id="Europe/Vienna")
    await austrian.come()
    assert await language(austrian) == ["de", "ltr", "de"]
    await reads(austrian, "Wie wir uns hier begegnen")
    await reads(austrian, "Mitteleuropäische Normalzeit")
    assert await austrian.page.title() == "Mit Max Expert"

    # another one, at once, without loading anything again, and what was typed or ticked stays
    await austrian.by("accept").check()
    await austrian.page.evaluate("window.__same = true")
    await austrian.by("language").select_option("es")
    await reads(austrian, "Cómo nos tratamos aquí")
    assert await language(austrian) == ["es", "ltr", "es"]
    assert await austrian.page.evaluate("window.__same")
    assert await austrian.by("accept").is_checked()
    assert await austrian.page.title() == "Con Max Expert"

    # the choice is kept, and is above everything else
    await austrian.page.goto("about:blank")
    await austrian.page.goto(link.replace("#", "?lang=en#"))
    await austrian.is_in("checkin")
    await reads(austrian, "Cómo nos tratamos aquí")

    # the booking's language comes before the browser's, the address's before the booking's
    link = await book(server, locale="hi-IN")
    indian = await person(link, locale="en-IN")
    await indian.come()
    await reads(indian, "यहाँ हम कैसे मिलते हैं")
    assert await language(indian) == ["hi", "ltr", "hi"]
    await indian.page.goto("about:blank")
    await indian.page.goto(link.replace("#", "?lang=en#"))
    await indian.is_in("checkin")
    await reads(indian, "How we meet here")

    # and what is no language of ours is English
    await indian.page.goto("about:blank")
    await indian.page.goto(link.replace("#", "?lang=tlh#"))
    await indian.is_in("checkin")
    await reads(indian, "यहाँ हम कैसे मिलते हैं")


async def test_right_to_left_fits_and_nothing_is_left_outside_the_catalogue(server: Server, person: People) -> None:
    """With words that are no language: long, accented, from right to left."""
    link = (await book(server)).replace("#", "?lang=qps#")
    for width, height in ((390, 844), (1280, 800)):
        someone = await person(link, viewport={"width": width, "height": height})
        await someone.come()
        assert (await language(someone))[:2] == ["qps", "rtl"]
        assert await someone.page.evaluate("document.documentElement.scrollWidth") <= width
        plain: list[str] = await someone.page.evaluate(PLAIN)
        assert plain == []
        offered = await someone.by("language").locator("option").all_inner_texts()
        assert offered == ["English", "Español", "Deutsch", "हिन्दी"]
        await someone.context.close()


PLAIN = """
() => {
  const walker = document.createTreeWalker(document.querySelector("hs-session"), NodeFilter.SHOW_TEXT);
  const left = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest("select")) continue; // devices and languages have names of their own
    const text = node.data.replace(/\\d+:\\d+(:\\d+)?/g, "").trim();
    if (/[a-z]{2}/i.test(text) && !text.includes("⟦")) left.push(text);
  }
  for (const each of document.querySelectorAll("hs-session [aria-label], hs-session [title], hs-session [placeholder]"))
    for (const name of ["aria-label", "title", "placeholder"])
      if (each.hasAttribute(name) && !each.getAttribute(name).includes("⟦")) left.push(each.getAttribute(name));
  return left;
}
"""
"""What is read that has not gone through a catalogue."""
