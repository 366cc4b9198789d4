"""The whole OpenAPI document against the running doors: no 5xx, and no answer that the document does not promise.

The application runs on a loopback port in a thread of its own; the cases are bounded so that this takes seconds.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from aiohttp import web
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from server.api.deps import Deps
from server.api.limiter import Limiter
from server.api.openapi import build
from server.api.routes import ROUTES, SERVER_OPTIONS, build_app
from server.config import Settings
from signaling.session import Role
from tests.builders import Clock, booking, office
from tests.server.api.conftest import ALL, Stats

EXAMPLES = int(os.environ.get("HEADSTRT_TEST_API_CASES", "12"))
"""Cases for each call; more of them take a longer ``--timeout`` (``tests/security/fuzz.py`` knows how)."""

schema = schemathesis.openapi.from_dict(dict(build(ROUTES)))


class _Nobody:
    """A relay and an attendant with nothing to do, and a limiter that lets everyone guess."""

    async def expel(self, session: str, role: Role) -> None:
        pass

    def leaving(self, *_: object) -> None:
        pass

    def stats(self) -> Stats:
        return Stats()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """``(base url, join token)`` of a server with two sessions in it."""
    ready: list[tuple[str, str]] = []
    loop = asyncio.new_event_loop()
    stop, up = asyncio.Event(), threading.Event()

    async def main(folder: Path) -> None:
        async with office(folder / "fuzz.db", Clock()) as made:
            await made.desk.book(booking("bk_812"))  # the examples' id
            record = (await made.desk.book(booking("party"))).record  # another one, or its link would be renewed
            token = made.desk.link(record, Role.CLIENT).partition("#t=")[2]
            nobody: Any = _Nobody()
            app = build_app(
                Deps(
                    desk=made.desk,
                    database=made.database,
                    settings=Settings(env="development"),
                    attendant=nobody,
                    switchboard=nobody,
                    clock=made.clock,
                    draining=lambda: False,
                    limiter=Limiter(room=0),
                )
            )
            runner = web.AppRunner(app, **SERVER_OPTIONS)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            ready.append((f"http://127.0.0.1:{runner.addresses[0][1]}", token))
            up.set()
            await stop.wait()
            await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main(tmp_path_factory.mktemp("fuzz"))))
    thread.start()
    assert up.wait(20)
    yield ready[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
)
def test_no_case_escapes(case: schemathesis.Case, server: tuple[str, str]) -> None:
    base, token = server
    secret = token if case.path.startswith("/v1/me") else ALL
    case.call_and_validate(
        base_url=base,
        headers={"Authorization": f"Bearer {secret}"},
        checks=[
            not_a_server_error,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_headers_conformance,
            checks.response_schema_conformance,
            checks.negative_data_rejection,
        ],
    )
