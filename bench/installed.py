"""What `pip install` brings: each dependency that pyproject.toml names, its size, and what comes with it alone.

Measured on the files of this environment, without byte code. What a dependency is for stands in docs/dependencies.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from bench.figures import Figure, Report

NAME = "headstrt-sessions"
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(\[[^]]*])?(.*)", re.DOTALL)


async def measure() -> Report:
    direct = dict(_required(distribution(NAME), frozenset()))
    closures = {name: _closure(name, extras) for name, extras in direct.items()}
    everything = set().union(*closures.values())
    total = sum(map(_size, everything))
    rows = []
    for name, closure in closures.items():
        others = set().union(*(closures[other] for other in closures if other != name))
        alone = closure - others
        if name in others:  # it would be there without us
            alone = set()
        rows.append((_size(name), sum(map(_size, alone)), name, len(alone)))
    rows.sort(reverse=True)
    figures = tuple(
        Figure(
            f"`{name}` {distribution(name).version}",
            f"{size / 1e6:.1f} MB; without it {alone / 1e6:.1f} MB less, packages: {count}",
            f"{total / 1e6:.0f} MB in all",
            alone / total,
        )
        for size, alone, name, count in rows
    )
    return Report(
        "installed",
        f"{len(direct)} dependencies, with what they need {len(everything)} packages and {total / 1e6:.0f} MB,\n"
        "without byte code. The ratio is what would be gone with it.",
        figures,
        ("What each is for, and whether it earns its place: [dependencies.md](dependencies.md).",),
    )


def _closure(name: str, extras: frozenset[str]) -> set[str]:
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [(name, extras)]
    while todo:
        each = todo.pop()
        if each in seen:
            continue
        seen.add(each)
        todo += _required(distribution(each[0]), each[1])
    return {name for name, _ in seen}


def _required(of: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """What it needs here: what is not installed is for another system or another Python."""
    for line in of.requires or ():
        requirement, _, marker = line.partition(";")
        wanted = set(re.findall(r"extra\s*==\s*[\"']([^\"']+)", marker))
        if wanted and not wanted & extras:
            continue
        match = _REQUIREMENT.match(requirement.strip())
        assert match
        name = re.sub(r"[-_.]+", "-", match[1]).lower()
        try:
            distribution(name)
        except PackageNotFoundError:
            continue
        yield name, frozenset(part.strip() for part in (match[2] or "[]")[1:-1].split(",") if part.strip())


def _size(name: str) -> int:
    files = distribution(name).files or ()
    paths = (file.locate() for file in files if file.suffix != ".pyc")
    return sum(path.stat().st_size for path in paths if path.is_file())  # type: ignore[attr-defined]
