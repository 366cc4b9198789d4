"""The server calls itself: what comes of it is shown, and touches nobody's record."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.e2e.stage import Server, until


async def test_a_self_test_is_held_shown_and_on_nobodys_record(tmp_path: Path) -> None:
    server = Server(tmp_path, settings={"HEADSTRT_SELF_TEST_EVERY": "3600"})
    await server.start()
    try:

        async def tested() -> dict[str, object] | None:
            found: dict[str, object] | None = (await server.call("GET", "/readyz"))["self_test"]
            return found

        found = await until(tested, 90, "a self-test was held")
        assert found["failed"] is None, server.log()
        assert found["ok"] is True
        assert found["first_frame_seconds"] > 0
        assert found["stop_seconds"] is not None
        metrics = await server.call("GET", "/metrics")
        assert "headstrt_self_test 1.0" in metrics
        assert 'headstrt_self_test_seconds{figure="first_frame"}' in metrics
        assert (await server.call("GET", "/v1/sessions"))["data"] == []
        stored = sqlite3.connect(tmp_path / "e2e.sqlite3")
        assert stored.execute("select status, probe from sessions").fetchall() == [("ended", 1)]
        assert stored.execute("select count(*) from outbox").fetchone() == (0,)
    finally:
        assert await server.stop() == 0


async def test_a_self_test_that_fails_says_what_failed(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"  # the public address leads nowhere: what a wrong proxy looks like from inside
    server = Server(tmp_path, settings={"HEADSTRT_SELF_TEST_EVERY": "3600", "HEADSTRT_PUBLIC_URL": nowhere})
    await server.start()
    try:

        async def tested() -> dict[str, object] | None:
            found: dict[str, object] | None = (await server.call("GET", "/readyz"))["self_test"]
            return found

        found = await until(tested, 90, "a self-test was held")
        assert found["ok"] is False
        assert found["failed"]
        assert "the self-test failed" in server.log()
        assert "headstrt_self_test 0.0" in await server.call("GET", "/metrics")
    finally:
        assert await server.stop() == 0
