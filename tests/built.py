"""Imported before all else: the relay's compiled part as its source has it now, not as it was when it was installed."""

from __future__ import annotations

import hatch_build

if not hatch_build.MODULE.exists() or hatch_build.MODULE.stat().st_mtime < hatch_build.SOURCE.stat().st_mtime:
    hatch_build.build()  # where there is no compiler, the tests of the compiled path say so
