"""A receipt from a real server, kept in a file, and checked from the command line with nothing but files."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import Any

import aiohttp

from tests.e2e.stage import API_KEY, People, Server
from tests.server.test_cli import headstrt


async def run(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {
        "HEADSTRT_ENV": "development",
        "HEADSTRT_SECRET": "an end-to-end test's own secret, long enough",
        "HEADSTRT_DATABASE_URL": f"sqlite:///{server.folder}/e2e.sqlite3",
    }
    return await asyncio.to_thread(headstrt, server.folder, *arguments, **variables)


async def keep(server: Server, name: str) -> str:
    """The client's receipt in a file."""
    headers = {"Authorization": f"Bearer {API_KEY}", "Accept": "application/jose"}
    url = f"{server.origin}/v1/sessions/bk_1/receipt?role=client"
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
        assert answer.content_type == "application/jose"
        (server.folder / name).write_text(await answer.text())
    return str(server.folder / name)


def write(server: Server, name: str, document: Any) -> str:
    (server.folder / name).write_text(json.dumps(document))
    return str(server.folder / name)


async def test_P0_4_a_receipt_is_checked_offline_with_rotated_keys_and_its_ledger(server: Server) -> None:
    await server.book(starts_in=-60, minutes=10)
    await server.call("GET", "/v1/sessions/bk_1/receipt", 409)
    await server.call("DELETE", "/v1/sessions/bk_1?by=expert")  # after the start: the whole fee, by itself
    old = await keep(server, "old.jws")
    rotated = await run(server, "keys", "rotate-signing")  # through the running server
    assert rotated.returncode == 0, rotated.stderr
    new = await keep(server, "new.jws")
    keys = await server.call("GET", "/.well-known/jwks.json")
    assert len(keys["keys"]) == 2
    assert keys["keys"][1]["kid"] in rotated.stdout
    jwks = write(server, "jwks.json", keys)
    export = await server.call("GET", "/v1/sessions/bk_1/ledger")
    ledger = write(server, "ledger.json", export)
    terms = str(server.folder / "terms.toml")

    for receipt in (old, new):
        good = await run(server, "verify", receipt, "--jwks", jwks, "--ledger", ledger, "--terms", terms)
        assert good.returncode == 0, good.stdout + good.stderr
        assert "Ended: cancelled, by: expert" in good.stdout
        assert "Refund: requested, at most 120.00 USD" in good.stdout
        assert "gives the same settlement" in good.stdout
    by_address = await run(server, "verify", new, "--jwks", f"{server.origin}/.well-known/jwks.json")
    assert by_address.returncode == 0, by_address.stdout
    only_new = write(server, "one.json", {"keys": keys["keys"][1:]})
    unknown = await run(server, "verify", old, "--jwks", only_new)
    assert (unknown.returncode, "not among the keys" in unknown.stdout) == (1, True)
    export["data"][2]["data"] = export["data"][2]["data"].replace('"at":', '"at" :')
    wrong = await run(server, "verify", new, "--jwks", jwks, "--ledger", write(server, "wrong.json", export))
    assert (wrong.returncode, "entry 3: does not match its hash" in wrong.stdout) == (1, True)
    nowhere = await run(server, "verify", str(server.folder / "nowhere.jws"), "--jwks", jwks)
    assert (nowhere.returncode, "Traceback" in nowhere.stderr) == (2, False)

    stored = await run(server, "verify")  # beside the running server
    assert stored.returncode == 0, stored.stdout + stored.stderr
    assert "Looked at 1 sessions" in stored.stdout


async def test_a_receipt_is_the_same_after_a_restart(server: Server) -> None:
    await server.book(starts_in=600, minutes=10)
    await server.call("DELETE", "/v1/sessions/bk_1?by=client")
    before = await keep(server, "before.jws")
    await server.kill()
    offline = await run(server, "verify")
    assert offline.returncode == 0, offline.stdout + offline.stderr
    await server.start()
    after = await keep(server, "after.jws")
    assert (server.folder / before).read_bytes() == (server.folder / after).read_bytes()


async def test_the_summary_leads_to_the_record(server: Server, person: People) -> None:
    booked = await server.book(starts_in=600, minutes=10)
    await server.call("DELETE", "/v1/sessions/bk_1?by=expert")
    client = await person(booked["links"]["client"])
    await client.page.goto(client.link)
    await client.is_in("ended")
    async with client.context.expect_page() as waiting:
        await client.by("receipt-link").click()
    record = await waiting.value
    await record.get_by_test_id("receipt").wait_for()
    assert "Cancelled by Max Expert" in await record.inner_text("main")
