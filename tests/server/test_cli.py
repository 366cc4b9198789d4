"""The command line as a person meets it: real processes, a database on the disk, a server that runs or does not."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from server.store.migrate import newest
from tests.e2e.stage import API_KEY, ROOT, Server

SECRET = "5f" * 32


def headstrt(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HEADSTRT_SECRET": SECRET,
        "HEADSTRT_DATABASE_URL": f"sqlite:///{folder}/cli.sqlite3",
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_migrate_makes_the_schema_once(tmp_path: Path) -> None:
    first = headstrt(tmp_path, "migrate")
    assert (first.returncode, first.stdout) == (0, f"nothing -> {newest()}\n"), first.stderr
    again = headstrt(tmp_path, "migrate")
    assert again.stdout == f"already at {newest()}\n"
    tables = sqlite3.connect(tmp_path / "cli.sqlite3").execute("select name from sqlite_master where type = 'table'")
    assert {"sessions", "ledger", "outbox", "keys"} <= {row[0] for row in tables}


def test_keys_without_a_running_server(tmp_path: Path) -> None:
    made = headstrt(tmp_path, "keys", "create", "booking system", "--scope", "sessions", "--scope", "read")
    assert made.returncode == 0, made.stderr
    key_id, secret = made.stdout.split("\n")[0].split()[0], made.stdout.split("\n")[1]
    assert secret.startswith("hs_")
    listed = headstrt(tmp_path, "keys", "list").stdout
    assert key_id in listed
    assert "in use" in listed
    assert secret not in listed
    assert headstrt(tmp_path, "keys", "revoke", key_id).returncode == 0
    assert "revoked 20" in headstrt(tmp_path, "keys", "list").stdout
    wrong = headstrt(tmp_path, "keys", "revoke", key_id)
    assert wrong.returncode == 1
    assert "no such key" in wrong.stderr
    unknown = headstrt(tmp_path, "keys", "create", "x", "--scope", "everything")
    assert unknown.returncode == 1
    assert "sessions, moderation, endpoints, read" in unknown.stderr


def test_operators_without_a_running_server(tmp_path: Path) -> None:
    origin = {"HEADSTRT_PUBLIC_URL": "https://calls.example"}
    made = headstrt(tmp_path, "operators", "add", "ines", "--role", "support", **origin)
    assert made.returncode == 0, made.stderr
    first, link = made.stdout.splitlines()
    id_ = first.split()[0]
    assert link.startswith("https://calls.example/dashboard/setup#s=")
    listed = headstrt(tmp_path, "operators", "list").stdout
    assert f"{id_}  support   invited   never signed in" in listed
    assert link.partition("#s=")[2] not in listed
    again = headstrt(tmp_path, "operators", "reset", "ines", **origin).stdout.splitlines()[1]
    assert again != link
    assert headstrt(tmp_path, "operators", "revoke", id_).stdout == f"{id_} is revoked\n"
    assert "revoked" in headstrt(tmp_path, "operators", "list").stdout
    for wrong, said in (
        (("add", "ines", "--role", "admin"), "take another"),
        (("add", "Ines!", "--role", "admin"), "name"),
        (("add", "ben", "--role", "king"), "role"),
        (("reset", "ines"), "was ended"),
        (("revoke", "nobody"), "no such account"),
    ):
        refused = headstrt(tmp_path, "operators", *wrong)
        assert refused.returncode == 1
        assert said in refused.stderr
        assert "Traceback" not in refused.stderr


def test_settings_that_do_not_work_are_all_named(tmp_path: Path) -> None:
    wrong = headstrt(tmp_path, "serve", HEADSTRT_SECRET="short", HEADSTRT_PORT="99999", HEADSTRT_MEDIA_BIND="nowhere")
    assert wrong.returncode == 2
    assert "HEADSTRT_PORT" in wrong.stderr
    assert "HEADSTRT_MEDIA_BIND" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_terms_that_do_not_work_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "terms.toml").write_text("reconnect_graze = 90\n")
    wrong = headstrt(tmp_path, "serve", HEADSTRT_TERMS=str(tmp_path / "terms.toml"))
    assert wrong.returncode == 1
    assert "reconnect_graze" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_doctor_shows_no_secret_and_finds_what_is_missing(tmp_path: Path) -> None:
    answer = headstrt(tmp_path, "doctor", HEADSTRT_PORT="0", HEADSTRT_MEDIA_PORT="0")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert SECRET not in answer.stdout
    assert "HEADSTRT_SECRET" in answer.stdout
    assert "(set)" in answer.stdout
    broken = headstrt(tmp_path, "doctor", HEADSTRT_PORT="0", HEADSTRT_PAGES=str(tmp_path / "none"))
    assert broken.returncode == 1
    assert "make setup" in broken.stdout


async def test_keys_through_the_running_server_and_a_second_server_refused(server: Server) -> None:
    variables = {"HEADSTRT_DATABASE_URL": f"sqlite:///{server.folder}/e2e.sqlite3"}

    async def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(headstrt, server.folder, *arguments, **variables)

    made = await run("keys", "create", "reader", "--scope", "read")
    assert made.returncode == 0, made.stderr
    key_id, secret = made.stdout.split()[0], made.stdout.split("\n")[1]
    await server.book(starts_in=60, minutes=10)
    answer = await server.call("GET", "/v1/sessions/bk_1", headers={"Authorization": f"Bearer {secret}"})
    assert answer["links"] is None  # only keys of scope sessions see these
    await server.call("DELETE", "/v1/sessions/bk_1", 403, headers={"Authorization": f"Bearer {secret}"})
    assert (await run("keys", "revoke", key_id)).returncode == 0
    await server.call("GET", "/v1/sessions/bk_1", 401, headers={"Authorization": f"Bearer {secret}"})
    again = await run("keys", "revoke", key_id)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr
    second = await run("serve")
    assert second.returncode == 1
    assert "in use by another process" in second.stderr
    assert "in use" in (await run("migrate")).stderr
    assert "in use by a running server" in (await run("doctor")).stdout


async def test_probe_holds_a_call_and_prints_its_ledger_and_settlement(server: Server) -> None:
    answer = await asyncio.to_thread(
        headstrt, server.folder, "probe", "--url", server.origin, "--api-key", API_KEY, "--seconds", "8"
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr + server.log()
    for line in ("both see video", "the chain holds", "settlement: completed", "media_flowed", "settled"):
        assert line in answer.stdout
    wrong = await asyncio.to_thread(
        headstrt, server.folder, "probe", "--url", server.origin, "--api-key", "wrong-key-of-some-length"
    )
    assert wrong.returncode == 1
    assert "401" in wrong.stderr


@pytest.mark.parametrize(
    "command",
    ["serve", "demo", "probe", "migrate", "backup", "restore", "keys", "operators", "verify", "simulate", "doctor"],
)
def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    answer = headstrt(tmp_path, command, "--help")
    assert answer.returncode == 0
    assert len(answer.stdout) > 100
