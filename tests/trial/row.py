"""One row of the table: what was done, what came of it, what was wanted; and the page that keeps the newest of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import ROOT, renew, stamp

PAGE = ROOT / "docs" / "trials.md"
HEAD = """# Trials

Made by `make trial`; do not edit. Each row breaks something on purpose, on real servers, and says what came
of it beside what was wanted ([running.md](running.md)). What falls short stays here.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """``ok`` says whether the figure meets the target; ``problems`` are what a reader must see when it does not."""

    fault: str
    figure: str
    target: str
    ok: bool
    problems: tuple[str, ...] = ()


def table(rows: Sequence[Row]) -> str:
    """The rows under each other, and the problems of those that fell short."""
    cells = [("fault", "figure", "target", "verdict")]
    cells += [(row.fault, row.figure, row.target, "ok" if row.ok else "SHORT") for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    for row in rows:
        lines += [f"{row.fault}: {problem}" for problem in row.problems[:20]]
    return "\n".join(lines)


def write(command: str, row: Row, page: Path = PAGE) -> None:
    """This trial's section of docs/trials.md, anew; the others stay as they are, with their own dates.

    ``command``: its name, and what else it was called with.
    """
    lines = [
        f"`.venv/bin/python -m tests.trial {command}`",
        "",
        "| fault | figure | target | |",
        "|---|---|---|---|",
        f"| {row.fault} | {row.figure} | {row.target} | {'met' if row.ok else '**short**'} |",
        "",
        f"{stamp()}.",
    ]
    renew(page, HEAD, command.partition(" ")[0], "\n".join(lines))
