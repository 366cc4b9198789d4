"""``python -m bench [NAME ...]`` prints what it measures; without a name it measures all and writes docs/figures.md.

Decides the order only. A target that is missed is printed as such and is not an error; a measurement that could not be
made is, and the others are made all the same.
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
    failed: list[str] = []
    for name in names or ALL:
        try:
            report = asyncio.run(importlib.import_module(f"bench.{name}").measure())
        except (RuntimeError, AssertionError) as error:
            failed.append(name)
            report = Report(name, f"**Could not be measured** this time: {str(error).splitlines()[0]}", ())
        reports.append(report)
        print(f"\n## {name}\n\n{reports[-1].text()}", flush=True)
    if not names:
        write(reports)
        print(f"\nwritten to {PAGE.relative_to(ROOT)}")
    if failed:
        raise SystemExit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
