"""axe-core in the page as it stands: nothing that its rules call serious or critical, in light and in dark."""

from __future__ import annotations

from typing import Any, Literal

from playwright.async_api import Page

from tests.e2e.stage import ROOT, Person

SCRIPT = ROOT / "static" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """
async () => {
  const found = await window.axe.run(document, { resultTypes: ["violations"] });
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => [id, nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`)]);
}
"""
Scheme = Literal["light", "dark"]


async def accessible(person: Person, *schemes: Scheme) -> None:
    """Nothing serious, in each of these colour schemes; none named: as it is."""
    for scheme in schemes or (None,):
        if scheme is not None:
            await person.page.emulate_media(color_scheme=scheme)
        found = await violations(person.page)
        assert found == [], (scheme, found)


async def violations(page: Page) -> list[Any]:
    """What is serious or critical, with the elements."""
    await page.evaluate(SCRIPT.read_text())
    return list(await page.evaluate(_RUN))
