"""The whole OpenAPI document against the running doors, by every check there is: no 5xx, no answer that the document
does not promise, nothing wrong that is taken, nothing right that cannot be read, and no door without its lock.

The application runs on a loopback port in a thread of its own; the cases are bounded so that this takes seconds.
"""

from __future__ import annotations

import asyncio
import base64
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from aiohttp import web
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

from server.api.deps import Deps
from server.api.limiter import Limiter
from server.api.openapi import build
from server.api.routes import ROUTES, SERVER_OPTIONS, build_app
from server.config import Settings
from server.desk.operators import csrf_of
from server.policy.operators import STEP, OperatorRole, code_at
from server.webhooks.delivery import Deliverer
from server.webhooks.egress import Egress
from signaling.session import MINUTE, Role
from tests.builders import Clock, Office, booking, office
from tests.server.api.conftest import ALL, Stats

EXAMPLES = int(os.environ.get("HEADSTRT_TEST_API_CASES", "12"))
"""Cases for each call; more of them take a longer ``--timeout`` (``tests/security/fuzz.py`` knows how)."""

OURS = "https://calls.example"
schema = schemathesis.openapi.from_dict(dict(build(ROUTES)))
# What can be read is done, or refused for a reason that no schema can say: a rule, a time, a state.
schema.config.checks.positive_data_acceptance.expected_statuses = ["2xx", "401", "404", "409", "410", "412", "422"]
load_all_checks()
EVERY = list(CHECKS.get_all())


class _Nobody:
    """A relay and an attendant with nothing to do, and a limiter that lets everyone guess."""

    async def expel(self, session: str, role: Role) -> None:
        pass

    def leaving(self, *_: object) -> None:
        pass

    def stats(self) -> Stats:
        return Stats()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, dict[str, str]]]:
    """``(base url, join token, ids by path)`` of a server with something in it."""
    ready: list[tuple[str, str, dict[str, str]]] = []
    loop = asyncio.new_event_loop()
    stop, up = asyncio.Event(), threading.Event()

    async def main(folder: Path) -> None:
        async with office(folder / "fuzz.db", Clock()) as made:
            await made.desk.book(booking("bk_812"))  # the examples' id
            record = (await made.desk.book(booking("party"))).record  # another one, or its link would be renewed
            token = made.desk.link(record, Role.CLIENT).partition("#t=")[2]
            ids = await _post(made) | await _operators(made)
            nobody: Any = _Nobody()
            app = build_app(
                Deps(
                    desk=made.desk,
                    database=made.database,
                    settings=Settings(env="development", public_url=OURS),
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
            ready.append((f"http://127.0.0.1:{runner.addresses[0][1]}", token, ids))
            up.set()
            await stop.wait()
            await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main(tmp_path_factory.mktemp("fuzz"))))
    thread.start()
    assert up.wait(20)
    yield ready[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)


async def _post(made: Office) -> dict[str, str]:
    """An endpoint with a delivery, and a source of the examples' name."""

    async def anywhere(url: str) -> None:
        """Nothing is sent."""

    made.desk.endpoints.vet = anywhere
    endpoint, _ = await made.desk.endpoints.create("https://shop.example/hooks", (), None, "key_1")
    await made.desk.sources.create(
        "shop", "standard", None, fee=None, wait_for_payment=False, late_by=60 * MINUTE, who="key_1"
    )
    deliverer = Deliverer(made.database, Egress(), made.desk.endpoints.sealing_key, made.clock)
    await deliverer.round()
    await deliverer.stop()
    ((delivery,),) = await made.rows("select id from deliveries limit 1")
    return {"/v1/endpoints/": endpoint.id, "/v1/deliveries/": delivery}


async def _operators(made: Office) -> dict[str, str]:
    """An admin who is signed in, and one to be changed."""
    desk = made.desk.operators
    _, setup = await desk.add("ann", OperatorRole.ADMIN, "command")
    secret = await desk.begin_setup(setup)
    code = code_at(base64.b32decode(secret.secret + "=" * (-len(secret.secret) % 8)), made.clock() // STEP)
    cookie, _ = await desk.finish_setup(setup, "a quiet harbour at dawn", code)
    other, _ = await desk.add("ben", OperatorRole.TRUST, "command")
    return {"cookie": cookie, "/v1/operators/": other.id}


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
)
def test_no_case_escapes(case: schemathesis.Case, server: tuple[str, str, dict[str, str]]) -> None:
    base, token, ids = server
    known = next((id_ for path, id_ in ids.items() if path in case.path), None)
    as_it_should_be = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if known and as_it_should_be and case.method != "DELETE" and len(str(case.path_parameters.get("id", ""))) % 2:
        case.path_parameters["id"] = known  # else it would never be met
    secret = token if case.path.startswith("/v1/me") else ALL
    headers = {"Authorization": f"Bearer {secret}"}
    if case.operation.definition.raw.get("security") == [{"sign_in": []}]:
        headers = {"X-CSRF-Token": csrf_of(ids["cookie"]), "Origin": OURS}
        if as_it_should_be or _with_the_cookie(case):
            headers["Cookie"] = f"__Host-headstrt={ids['cookie']}"
    case.call_and_validate(
        base_url=base,
        headers=headers,
        checks=EVERY,
        excluded_checks=[checks.positive_data_acceptance] if _unquoted(case) else [],
    )


def _with_the_cookie(case: schemathesis.Case) -> bool:
    """It is not the cookie, or its absence, that is tried."""
    part = case.meta.components.get(ParameterLocation.COOKIE) if case.meta else None
    return "__Host-headstrt" in (case.cookies or {}) and (part is None or part.mode is GenerationMode.POSITIVE)


def _unquoted(case: schemathesis.Case) -> bool:
    """A tag that the generator has taken for JSON, and written without the quotes that its pattern asks for."""
    tag = str((case.headers or {}).get("If-Match", "*"))
    return tag != "*" and not tag.startswith('"')
