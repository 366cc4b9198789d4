"""``python -m bench [NAME ...]`` prints what it measures; without a name it measures all and writes docs/figures.md.

Decides the order only. A target that is missed is printed as such and is not an error; a measurement that could not be
made is.
"""

from __future__ import annotations

import asyncio
import importlib
import sys

from bench.figures import PAGE, ROOT, Report, write

ALL = ("relay", "hardstop", "join")


def main(names: list[str]) -> None:
    unknown = set(names) - set(ALL)
    if unknown:
        raise SystemExit(f"{', '.join(sorted(unknown))}: there is {', '.join(ALL)}")
    reports: list[Report] = []
    for name in names or ALL:
        reports.append(asyncio.run(importlib.import_module(f"bench.{name}").measure()))
        print(f"\n## {name}\n\n{reports[-1].text()}", flush=True)
    if not names:
        write(reports)
        print(f"\nwritten to {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
