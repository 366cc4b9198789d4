"""Ten thousand hostile frames, seeded; ``HEADSTRT_TEST_FRAMES`` says how many more (100 000 take minutes)."""

from __future__ import annotations

import os

import pytest

from tests.security.fuzz import Figures, fuzz_frames

FRAMES = int(os.environ.get("HEADSTRT_TEST_FRAMES", "10000"))


def nothing_escaped(figures: Figures, frames: int) -> None:
    assert figures.sent >= frames
    assert (figures.internal, figures.errors, figures.ghosts) == (0, [], [])
    assert figures.alive >= 1
    assert figures.answered["ok"] > frames / 50  # much of it got as far as the desk and the relay,
    assert figures.answered["bad_command"] > frames / 50  # much to the parser,
    assert figures.closed["frame"] > frames / 100  # and much no further than the door


@pytest.mark.timeout(120 if FRAMES <= 10_000 else 0)
async def test_no_frame_escapes_hurts_or_haunts() -> None:
    nothing_escaped(await fuzz_frames(FRAMES), FRAMES)


async def test_nor_in_the_whole_service_with_its_database() -> None:
    nothing_escaped(await fuzz_frames(500, seed=2, whole=True), 500)
