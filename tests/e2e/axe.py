"""axe-core on whatever stands on the screen, in light and in dark: what it finds serious or critical."""

from __future__ import annotations

from functools import cache
from typing import Any

from playwright.async_api import Page

from tests.e2e.stage import ROOT

AXE = ROOT / "static" / "node_modules" / "axe-core" / "axe.min.js"

RUN = """
async () => {
  await Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {})));
  const { violations, passes } = await axe.run(document, { resultTypes: ["violations"], elementRef: false });
  return {
    passed: passes.length,
    found: violations.map(({ id, impact, help, nodes }) => ({
      id, impact, help, where: nodes.slice(0, 5).map(({ html, failureSummary }) => html + " | " + failureSummary),
    })),
  };
}
"""


@cache
def _axe() -> str:
    return AXE.read_text()


async def found(page: Page, where: str, *, dark: bool = True) -> list[str]:
    """What is serious or critical here. ``where`` is the name of the state, for whoever reads of it."""
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(_axe())  # past the page's policy, which lets no script in
    lines: list[str] = []
    for scheme in ("light", "dark") if dark else ("light",):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        told: dict[str, Any] = await page.evaluate(RUN)
        assert told["passed"] > 5, f"axe looked at nothing in {where}"
        lines += [
            f"{where}, {scheme}: {each['id']} ({each['impact']}): {each['help']}\n    " + "\n    ".join(each["where"])
            for each in told["found"]
            if each["impact"] in ("serious", "critical")
        ]
    return lines
