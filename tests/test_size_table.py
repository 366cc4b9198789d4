"""How much a browser fetches: the limits hold, and the documentation says what is so."""

from __future__ import annotations

import re

from tests.sizes import TABLE, rows

_ROW = re.compile(r"^\| (.+?) \| ([\d.]+) KB \| (?:([\d.]+) KB)? \|$", re.MULTILINE)


def test_no_page_is_larger_than_it_may_be() -> None:
    limited = [row for row in rows() if row.limit]
    assert len(limited) == 5
    assert [f"{row.what}: {row.bytes} bytes" for row in limited if row.bytes > (row.limit or 0)] == []


def test_the_table_in_the_documentation_is_true() -> None:
    """To a tenth: it is made anew by ``make sizes``, and not at every line of a script."""
    told = {what: float(size) * 1000 for what, size, _ in _ROW.findall(TABLE.read_text())}
    assert list(told) == [row.what for row in rows()], "run `make sizes`"
    off = [row.what for row in rows() if abs(row.bytes - told[row.what]) > max(200, told[row.what] / 10)]
    assert off == [], "run `make sizes`"
