"""``make sizes``: what a browser fetches for each page, gzipped, from what the build left, as a table in the docs.

The call page counts whole: every script that is fetched before its first picture, and the words of one language. What
is fetched later stands by itself. Kilobytes are of 1 000 bytes.
"""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DIST = ROOT / "static" / "dist"
TABLE = ROOT / "docs" / "sizes.md"

LANGUAGES = {"en": "English", "es": "Spanish", "de": "German", "hi": "Hindi"}
PAGES = {"session": "the call page", "home": "the home page", "receipt": "the record's page"}
LATER = {
    "panels": "the panels of the call",
    "safety": "the safety code",
    "over": "the summary",
    "afterwards": "what is said after a session",
}
"""By the name of the script."""


@dataclass(frozen=True)
class Row:
    """``limit``: what it must not exceed; None where there is none."""

    what: str
    bytes: int
    limit: int | None = None


def rows() -> list[Row]:
    """Everything that has a size, as it is now."""
    manifest: dict[str, Any] = json.loads((DIST / ".vite" / "manifest.json").read_text())
    words = {code: _size(manifest[f"src/texts/{code}.ts"]["file"]) for code in LANGUAGES}
    found = []
    for page, name in PAGES.items():
        entries = (f"{page}.html", f"src/pages/{page}/main.ts")
        scripts = sum(_size(file) for file in _closure(manifest, entries, "file"))
        styles = sum(_size(file) for file in _closure(manifest, entries, "css"))
        if page == "session":
            found += [
                Row(f"{name}'s script, in {LANGUAGES[code]}", scripts + words[code], 60_000) for code in LANGUAGES
            ]
        else:
            more = _size(manifest["src/texts/en-later.ts"]["file"])
            found.append(Row(f"{name}'s script, in English", scripts + words["en"] + more))
        found.append(Row(f"{name}'s styles", styles))
    found.append(Row("`embed/v1.js`", _size("embed/v1.js"), 5_000))
    for code, name in LANGUAGES.items():
        later = sum(_size(manifest[f"src/texts/{code}-{part}.ts"]["file"]) for part in ("later", "afterwards"))
        found += [Row(f"{name}: the words up to the call", words[code]), Row(f"{name}: the words after it", later)]
    named = {chunk["name"]: chunk["file"] for chunk in manifest.values() if chunk["file"].endswith(".js")}
    return [*found, *(Row(f"fetched later: {what}", _size(named[name])) for name, what in LATER.items())]


def table(of: list[Row]) -> str:
    """As it stands in the documentation."""
    lines = ["| what | gzipped | at most |", "|---|---:|---:|"]
    lines += [f"| {row.what} | {row.bytes / 1000:.1f} KB | {_limit(row)} |" for row in of]
    return "\n".join(lines)


def _limit(row: Row) -> str:
    return f"{row.limit / 1000:g} KB" if row.limit else ""


def _closure(manifest: dict[str, Any], entries: tuple[str, ...], what: str) -> set[str]:
    """The files of these and of everything that they import at once."""
    seen: set[str] = set()
    found: set[str] = set()
    left = list(entries)
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            chunk = manifest[name]
            found |= {chunk["file"]} if what == "file" else set(chunk.get("css", ()))
            left += chunk.get("imports", ())
    return found


def _size(file: str) -> int:
    return len(gzip.compress((DIST / file).read_bytes(), 9, mtime=0))


if __name__ == "__main__":
    text = TABLE.read_text()
    head, _, rest = text.partition("<!-- sizes -->\n")
    _, _, tail = rest.partition("<!-- /sizes -->")
    TABLE.write_text(f"{head}<!-- sizes -->\n{table(rows())}\n<!-- /sizes -->{tail}")
    sys.stdout.write(table(rows()) + "\n")
