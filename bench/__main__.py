"""``python -m bench [NAME ...]`` measures those, or all, prints it, and renews those sections of docs/figures.md.

Decides the order only. A target that is missed is printed as such and is not an error; a measurement that could not be
made is, and the others are made all the same.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
import time
import traceback

import structlog

from bench.figures import Report, write

ALL = ("relay", "hardstop", "join", "replay", "api", "webhooks", "signaling", "installed", "cost", "homes")


def main(names: list[str]) -> None:
    unknown = set(names) - set(ALL)
    if unknown:
        raise SystemExit(f"{', '.join(sorted(unknown))}: there is {', '.join(ALL)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    failed: list[str] = []
    for name in names or ALL:
        began = time.monotonic()
        try:
            report = asyncio.run(importlib.import_module(f"bench.{name}").measure())
        except Exception as error:  # whatever it is, the others are measured
            traceback.print_exc()
            failed.append(name)
            why = str(error).partition("\n")[0] or type(error).__name__
            report = Report(name, f"**Could not be measured** this time: {why}", ())
        print(f"\n## {name}\n\n{report.text()}", flush=True)
        if report.figures:
            write(report, time.monotonic() - began)
    if failed:
        raise SystemExit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
