"""The guides for Cal.com and Calendly: what is ``sh`` is run as written; what is ``bash`` talks to the provider."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.server.api.test_connect import KEY, ROOT, serving

GUIDES = {"calcom": "calcom:bFJeNb2uX8ANpT3JL5EfXw", "calendly": "calendly:AAAAAAAAAAAAAAAA"}


def blocks(name: str) -> list[str]:
    text = (ROOT / "docs" / f"connect-{name}.md").read_text()
    return re.findall(r"^```sh\n(.*?)^```", text, flags=re.M | re.S)


@pytest.mark.parametrize("name", GUIDES)
async def test_every_line_of_the_guide_does_what_it_says(name: str, tmp_path: Path) -> None:
    settings, *steps = blocks(name)
    assert re.findall(r"^(\w+)=", settings, flags=re.M) == ["BASE", "KEY"]
    assert len(steps) == 5
    async with serving(tmp_path) as base:
        script = "\n".join(["set -euo pipefail", f"BASE={base}", f"KEY={KEY}", *steps])
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", script, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, wrong = (part.decode() for part in await shell.communicate())
    assert (shell.returncode, wrong) == (0, "")
    address, secret, answer, message, link, new_secret = out.splitlines()
    assert address.endswith(f"/v1/hooks/{name}")
    assert answer == f'{{"session":"{GUIDES[name]}","status":"scheduled"}}'
    assert f"`{answer}`" in (ROOT / "docs" / f"connect-{name}.md").read_text()
    booking = GUIDES[name].partition(":")[2]
    assert message == f'{{"booking":"{booking}","outcome":"taken","detail":null}}'
    assert f"/s/{GUIDES[name]}#t=" in link
    assert new_secret != secret
