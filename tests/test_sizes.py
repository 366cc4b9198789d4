"""What a visitor's browser has to fetch, gzipped, held to the limits that docs/architecture.md states."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "static" / "dist"
_IMPORTS = re.compile(r"""(?:from|import)\s*\(?\s*["'`]\./([\w.-]+\.js)["'`]""")


def limits() -> dict[str, int]:
    """From the table under "Sizes": what, and how many kB at most."""
    text = (ROOT / "docs" / "architecture.md").read_text().partition("## Sizes")[2].partition("\n## ")[0]
    return {what: int(kilobytes) for what, kilobytes in re.findall(r"^\| `([\w./-]+)` .*\| (\d+) kB \|$", text, re.M)}


def kind(name: str) -> str:
    """``over-CwS-UVqY.js`` -> ``over``: the last eight are its hash."""
    return re.sub(r"-[\w-]{8}\.js$", "", name)


def needed(entry: str, later: set[str]) -> set[str]:
    """The scripts that this one asks for, and they in turn, but for those that come when there is time."""
    found: set[str] = set()
    wanted = [entry]
    while wanted:
        name = wanted.pop()
        if name in found or kind(name) in later:
            continue
        found.add(name)
        wanted += _IMPORTS.findall((DIST / "assets" / name).read_text())
    return found


def gzipped(*paths: Path) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def test_the_scripts_are_as_small_as_is_said() -> None:
    most = limits()
    page = (DIST / "session.html").read_text()
    [entry] = re.findall(r'<script type="module"[^>]* src="/assets/([\w.-]+)"', page)
    languages = {path.stem for path in (ROOT / "static/src/texts").glob("*.ts")} - {"en", "index"}
    later = {what for what in most if "/" not in what and "." not in what} | languages
    first = needed(entry, later)
    assert len(first) > 3  # the imports were found
    sizes = {"session.html": gzipped(*(DIST / "assets" / name for name in first))}
    sizes["embed/v1.js"] = gzipped(DIST / "embed" / "v1.js")
    for what in later & set(most):
        sizes[what] = gzipped(*(path for path in (DIST / "assets").glob(f"{what}-*.js") if kind(path.name) == what))
    print(sizes, sorted(first))
    assert {what: size for what, size in sizes.items() if size == 0 or size > most[what] * 1000} == {}
