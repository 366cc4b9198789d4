"""What a figure is, and how it is shown: ours beside a reference that was measured in the same run, and their ratio.

Decides the form of a figure, of the page that holds them all (docs/figures.md), and of the tools in C that are
compiled on the spot. Refuses to judge: whether a target is met is a comparison of two numbers, shown either way.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "figures.md"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what we measured, what it stands beside, and what was aimed at."""

    what: str
    ours: str
    reference: str
    ratio: float | None = None  # ours / reference; None where the reference is a limit, not a measurement
    target: str = ""
    met: bool | None = None  # None where nothing was aimed at

    def cells(self) -> tuple[str, ...]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        met = {True: "met", False: "**missed**", None: ""}[self.met]
        return self.what, self.ours, self.reference, ratio, self.target, met


@dataclass(frozen=True, slots=True)
class Report:
    """What one command measured."""

    name: str  # of the module in bench/
    about: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        head = ("what", "ours", "reference", "ratio", "target", "")
        rows = [head, *(figure.cells() for figure in self.figures)]
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines.insert(1, "|" + "---|" * len(head))
        notes = ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n".join([self.about, "", f"`.venv/bin/python -m bench {self.name}`", "", *lines, *notes])


def machine() -> str:
    """What it was measured on, in a line."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores of {cpu}, Linux {platform.release()}, Python {platform.python_version()}"


def stamp() -> str:
    """When, of which commit, and on what it was measured, in a line."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    when = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC, commit {commit or 'unknown'}"
    load = f"load average {os.getloadavg()[1]:.1f}, of which the benchmark itself is a part"
    if os.nice(0):  # above what else runs here, or below it
        load += f"; at nice {os.nice(0)}"
    return f"{when}; {machine()}; {load}"


HEAD: Final = """# Figures

Made by `make bench`; do not edit. Every figure stands beside a reference measured in the same run, for a
figure alone says as much about the machine as about the program. Figures that miss their target stay here.
"""


def write(report: Report, seconds: float) -> None:
    """The report's section of docs/figures.md, anew. ``seconds``: what the whole section took."""
    renew(PAGE, HEAD, report.name, f"{report.text()}\n\n{stamp()}; in {seconds:.0f} s.")


def renew(page: Path, head: str, name: str, text: str) -> None:
    """This section of a page, anew; the others stay as they are, with their own dates."""
    sections = (
        dict(re.findall(r"^## (\S+)\n\n(.*?)(?=^## |\Z)", page.read_text(), re.M | re.S)) if page.exists() else {}
    )
    sections[name] = text
    page.write_text("\n".join([head, *(f"## {each}\n\n{said.strip()}\n" for each, said in sections.items())]))


def compiled(name: str, folder: Path) -> Path:
    """bench/NAME.c as a program in ``folder``."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise SystemExit("a C compiler is missing (Debian: apt-get install gcc)")
    program = folder / name
    source = ROOT / "bench" / f"{name}.c"
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", str(program), str(source)], check=True)
    return program


def cpu_seconds(process: int) -> float:
    """User and system time of a process and all its threads, to the nanosecond (clock_getcpuclockid(3))."""
    return time.clock_gettime((~process << 3) | 2)


def resident(process: int) -> int:
    """Bytes of memory that are this process's own and in use."""
    rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    private = sum(int(row.split()[1]) for row in rows if row.startswith("Private_"))
    return private * 1024


def percentile(values: list[float], share: float) -> float:
    """The value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
