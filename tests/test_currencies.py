"""The dashboard writes money with the decimals of the server's own table."""

from __future__ import annotations

import re
from pathlib import Path

from server.policy.money import EXPONENTS

FORMAT = Path(__file__).parents[1] / "static" / "src" / "dashboard" / "format.ts"


def test_the_dashboard_knows_every_currency_that_has_not_two_decimals() -> None:
    found = re.search(r"EXPONENTS[^{]*\{([^}]*)\}", FORMAT.read_text())
    assert found
    table = {code: int(digits) for code, digits in re.findall(r"([A-Z]{3}): (\d)", found[1])}
    assert table == {code: digits for code, digits in EXPONENTS.items() if digits != 2}
