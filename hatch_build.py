"""Builds the relay's compiled part (`signaling/relay/_steady.c`) where there is a C compiler; else it is left out.

Decides how it is compiled: by `cc` or what CC names, against the limited API, so one build does for every CPython from
3.11 on. What fails here fails nothing: the relay then does all of it in Python, for more CPU time.

    python hatch_build.py             # where the source lies, and say so
    python hatch_build.py FILE FLAG...  # elsewhere, with further flags of the compiler
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
SOURCE = ROOT / "signaling" / "relay" / "_steady.c"
MODULE = SOURCE.with_name("_steady.abi3.so")
FLAGS = ("-O2", "-Wall", "-Wextra", "-fPIC", "-shared")


def build(target: Path = MODULE, *flags: str) -> str | None:
    """Compile it to ``target``; why that could not be, or None."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if not sys.platform.startswith("linux") or sys.implementation.name != "cpython":
        return "it is for CPython on Linux"
    if compiler is None:
        return "there is no C compiler (Debian: apt-get install gcc libc6-dev)"
    made = target.with_suffix(f".{os.getpid()}")  # so that a process that runs keeps what it has
    include = sysconfig.get_path("include")
    command = [compiler, *FLAGS, *flags, f"-I{include}", "-o", str(made), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours, every word of it
    if done.returncode != 0:
        made.unlink(missing_ok=True)
        return done.stderr.strip() or f"{compiler} ended with {done.returncode}"
    made.replace(target)
    return None


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a program, where hatchling is not installed
    pass
else:

    class Hook(BuildHookInterface):  # type: ignore[misc,type-arg,unused-ignore]
        """For `pip install`, of a wheel and in place."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            if self.target_name != "wheel":
                return
            MODULE.unlink(missing_ok=True)  # one of an older source would be worse than none
            reason = build()
            if reason is not None:
                self.app.display_warning(f"The relay's compiled part was not built: {reason}")
                return
            build_data["pure_python"] = False
            build_data["tag"] = f"cp311-abi3-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
            build_data["force_include"][str(MODULE)] = "signaling/relay/_steady.abi3.so"


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else MODULE
    problem = build(where, *sys.argv[2:])
    print(f"not built: {problem}" if problem else f"built {where}")
