"""The command line: ``headstrt serve | demo | probe | migrate | backup | restore | drain | keys | operators``
``| verify | simulate | doctor``.

Each command reads the settings, calls one thing and prints; what is wrong is one clear line on stderr and
exit code 1 or 2.
Heavy parts are imported by the command that needs them, so that the others start at once.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from server import config
from server.config import ConfigError, Settings

app = typer.Typer(
    name="headstrt", help="Headstrt Sessions: paid 1:1 video sessions through a sealed relay.", no_args_is_help=True
)
keys = typer.Typer(help="API keys of booking systems and operators' tools.", no_args_is_help=True)
app.add_typer(keys, name="keys")
operators = typer.Typer(help="Named accounts of the dashboard.", no_args_is_help=True)
app.add_typer(operators, name="operators")


@app.command()
def serve() -> None:
    """Run the server until SIGTERM or SIGINT."""
    from server.app import serve as run

    _exit(run(_settings()))


@app.command()
def demo(
    phone: Annotated[bool, typer.Option(help="TLS with a certificate made here, and a QR code for a phone")] = False,
    port: Annotated[int, typer.Option(help="port for HTTP")] = 8080,
    history: Annotated[bool, typer.Option(help="a month of sample sessions, for the dashboard")] = True,
) -> None:
    """Run the server with sample bookings around now, and print their links."""
    from server.demo import run_demo

    _exit(run_demo(phone=phone, port=port, history=history))


@app.command()
def probe(
    url: Annotated[str, typer.Option(help="where the server answers; default: this environment's")] = "",
    api_key: Annotated[str, typer.Option(envvar="HEADSTRT_API_KEY", help="a key with scope sessions")] = "",
    session: Annotated[str, typer.Option(help="id to book; default: a new one")] = "",
    seconds: Annotated[int, typer.Option(min=5, max=55, help="how long the call lasts")] = 20,
) -> None:
    """Hold a short call through a running server with two aiortc peers, and print what happened."""
    from server.probe import ProbeFailed, run

    if not api_key:
        _fail("give an API key: --api-key, or HEADSTRT_API_KEY")
    origin = url or _settings().origin
    try:
        asyncio.run(run(origin.rstrip("/"), api_key, print, session=session or None, seconds=seconds))
    except (ProbeFailed, OSError) as error:
        _fail(f"the probe failed: {error}")


@app.command()
def migrate(
    copy_from: Annotated[
        str, typer.Option(help="an SQLite database (sqlite:///path) to copy into this empty PostgreSQL")
    ] = "",
    as_it_is: Annotated[bool, typer.Option(help="with --copy-from: also what headstrt verify finds wrong")] = False,
) -> None:
    """Bring the database to the newest schema; or copy a whole SQLite database into it, or nothing at all."""
    from server.store.database import Locked, open_database
    from server.store.migrate import upgrade

    if copy_from:
        from server.moving import copy_from as move

        _move(move(print, _settings().database_url, copy_from, as_it_is=as_it_is))
        return

    async def run() -> None:
        database = open_database(_settings().database_url)
        await database.start()
        try:
            before, after = await upgrade(database)
        finally:
            await database.close()
        print(f"{before or 'nothing'} -> {after}" if before != after else f"already at {after}")

    try:
        asyncio.run(run())
    except Locked as error:
        _fail(f"{error}; a running server migrates by itself when it starts")
    except OSError as error:
        _fail(str(error))


@app.command()
def drain(
    node: Annotated[str, typer.Argument(help="the node's name; default: HEADSTRT_NODE")] = "",
    within: Annotated[int, typer.Option(min=0, max=86_400, help="seconds after which calls are moved")] = 3600,
    wait: Annotated[bool, typer.Option(help="return when nothing is left on it")] = True,
) -> None:
    """Have one of several servers take no more sessions; calls on it go on to their end, or for so long."""
    from server.control import drain as run

    settings = _settings()
    name = node or settings.node
    if not name:
        _fail("name the node: `headstrt drain NAME`, as /readyz shows it", code=2)
    _run(run(settings, name, within, print, wait=wait))


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="a new file, which the server must be able to write")]) -> None:
    """Copy the SQLite database into a new file, also while its server runs, and check every ledger in the copy."""
    from server.moving import back_up

    _move(back_up(print, _settings().database_url, file.absolute()))


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="what headstrt backup has made")]) -> None:
    """Check a backup, and put it to where HEADSTRT_DATABASE_URL says, if nothing is there."""
    from server.moving import restore as put_back

    _move(put_back(print, _settings().database_url, file.absolute()))


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="whose key this is")],
    scope: Annotated[list[str], typer.Option(help="sessions, moderation, endpoints or read; repeatable")],
) -> None:
    """Make a key and print its secret, this once."""
    from server.control import call

    made = _run(call(_settings(), "create", name=name, scopes=scope))
    print(f"{made['id']}  {' '.join(made['scopes'])}")
    print(made["secret"])


@keys.command("list")
def keys_list() -> None:
    """All keys, without their secrets."""
    from server.control import call

    for key in _run(call(_settings(), "list"))["data"]:
        state = f"revoked {key['revoked_at']}" if key["revoked_at"] else "in use"
        print(f"{key['id']}  {key['created_at']}  {state:<32}  {' '.join(key['scopes']):<32}  {key['name']}")


@keys.command("revoke")
def keys_revoke(key_id: Annotated[str, typer.Argument(help="as `keys list` shows it")]) -> None:
    """End a key at once."""
    from server.control import call

    _run(call(_settings(), "revoke", key_id=key_id))
    print(f"{key_id} is revoked")


@keys.command("rotate-signing")
def keys_rotate_signing() -> None:
    """Replace the key that signs receipts; what the old one signed can still be checked."""
    from server.control import call

    print(f"receipts are signed with {_run(call(_settings(), 'rotate-signing'))['kid']} from now on")


@operators.command("add")
def operators_add(
    name: Annotated[str, typer.Argument(help="how they sign in: small letters, digits, dots and dashes")],
    role: Annotated[str, typer.Option(help="support, trust, finance or admin")],
) -> None:
    """Make an account, and print the link that its owner sets it up with: once, within a day."""
    from server.control import call

    _invited(_run(call(_settings(), "add-operator", name=name, role=role)))


@operators.command("list")
def operators_list() -> None:
    """All accounts."""
    from server.control import call

    for each in _run(call(_settings(), "list-operators"))["data"]:
        seen = each["last_signed_in_at"] or "never signed in"
        print(f"{each['id']}  {each['role']:<8}  {each['state']:<8}  {seen:<24}  {each['name']}")


@operators.command("reset")
def operators_reset(operator: Annotated[str, typer.Argument(help="its name or id")]) -> None:
    """A new link: password and authenticator are taken anew with it, and every sign-in is over."""
    from server.control import call

    _invited(_run(call(_settings(), "reset-operator", operator=operator)))


@operators.command("revoke")
def operators_revoke(operator: Annotated[str, typer.Argument(help="its name or id")]) -> None:
    """End an account at once, and for good."""
    from server.control import call

    _run(call(_settings(), "revoke-operator", operator=operator))
    print(f"{operator} is revoked")


def _invited(made: dict[str, Any]) -> None:
    print(f"{made['id']}  {made['role']}  {made['name']}  until {made['setup_until']}")
    print(made["setup_link"])


@app.command()
def verify(
    receipt: Annotated[str, typer.Argument(help="a file with a receipt; none: look through the database")] = "",
    jwks: Annotated[str, typer.Option(help="the keys: a file, or the https address of /.well-known/jwks.json")] = "",
    ledger: Annotated[str, typer.Option(help="a file with the session's ledger, as the API answers it")] = "",
    terms: Annotated[str, typer.Option(help="a file with the terms it was judged by, if not the defaults")] = "",
    database: Annotated[bool, typer.Option("--database", help="look through every stored ledger, read-only")] = False,
) -> None:
    """Check a receipt without asking the server, or every stored ledger. Exit code: 0 in order, 1 not, 2 unknown."""
    from server.verify import run

    url = _settings().database_url if database or not receipt else None
    _exit(
        run(print, receipt=receipt or None, jwks=jwks or None, ledger=ledger or None, terms=terms or None, database=url)
    )


@app.command()
def simulate(
    terms: Annotated[Path, typer.Option(help="a TOML file with the terms to try", exists=True, dir_okay=False)],
    start: Annotated[str, typer.Option("--from", help="count what begins then or later: 2026-11-01, in UTC")] = "",
    end: Annotated[str, typer.Option("--to", help="and before then")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="for programs; amounts in minor units")] = False,
) -> None:
    """What fees, refunds and sanctions would have been under other terms, beside what they were. Changes nothing."""
    from server.policy.terms import TermsError, parse_terms
    from server.simulate import CannotSimulate, instant, run

    url = _settings().database_url
    try:
        tried = parse_terms(terms.read_text())
        edges = {"start": instant(start) if start else None, "end": instant(end) if end else None}
        asyncio.run(run(print, url, tried, as_json=as_json, **edges))
    except TermsError as error:
        _fail("the terms do not work:\n  " + "\n  ".join(error.problems), code=2)
    except CannotSimulate as error:
        _fail(str(error))
    except ValueError as error:
        _fail(f"--from and --to take a date or a time like 2026-11-01T12:00: {error}", code=2)


@app.command()
def doctor() -> None:
    """Effective settings with secrets masked; ports, database, clock, pages: what works and what does not."""
    from server.doctor import examine

    try:
        settings = config.load()
    except ConfigError as error:
        _fail("\n".join(error.problems), code=2)
    healthy = asyncio.run(examine(settings, print))
    raise typer.Exit(0 if healthy else 1)


def main() -> None:
    """The console script's entry."""
    app()


def _settings() -> Settings:
    try:
        return config.load()
    except ConfigError as error:
        _fail("the settings do not work:\n  " + "\n  ".join(error.problems), code=2)


def _run(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    from signaling.errors import HeadstrtError

    try:
        return asyncio.run(work)
    except HeadstrtError as error:
        _fail(f"{error.detail} ({error.code})")
    except OSError as error:
        _fail(str(error))


def _move(work: Coroutine[Any, Any, None]) -> None:
    from server.moving import CannotMove
    from signaling.errors import HeadstrtError

    try:
        asyncio.run(work)
    except CannotMove as error:
        _fail(str(error))
    except HeadstrtError as error:
        _fail(f"{error.detail} ({error.code})")
    except OSError as error:
        _fail(str(error))


def _exit(code: int) -> NoReturn:
    raise typer.Exit(code)


def _fail(message: str, code: int = 1) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(code)
