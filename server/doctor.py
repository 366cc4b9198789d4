"""``headstrt doctor``: what this environment would run with, and which of its parts work.

It only looks: nothing is written, migrated or bound for longer than the look takes. Secrets are never shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from server.config import Settings
from server.mail.smtp import Server, Unreachable, check
from server.policy.terms import Terms, TermsError, parse_terms
from server.store.database import Locked, open_database, shown_url
from server.store.migrate import newest, revision
from server.store.postgres import CONNECTIONS, PostgreSQL
from server.store.sqlite import take_lock
from signaling.errors import Busy

Say = Callable[[str], None]
Finding = tuple[bool, str]
"""Whether it is good, and what it is."""


async def examine(settings: Settings, say: Say) -> bool:
    """Print settings and findings; True when nothing is in the way of ``serve``."""
    say("settings")
    for name, value in settings.masked().items():
        say(f"  {name:<32} {value}")
    say("findings")
    healthy = True
    database = open_database(settings.database_url)
    if isinstance(database, PostgreSQL):
        running, findings = await _postgres(database)
    else:
        running, findings = await asyncio.to_thread(_sqlite, Path(database.url.database or ""))
    findings += await asyncio.to_thread(lambda: list(_findings(settings, running)))
    if settings.mail_server is not None:
        findings.append(await _mail(settings, settings.mail_server))
    for good, finding in findings:
        healthy = healthy and good
        say(f"  {'ok  ' if good else 'FAIL'} {finding}")
    return healthy


def _findings(settings: Settings, running: bool) -> Iterator[Finding]:
    yield True, f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
    if not running:
        yield _port(socket.SOCK_STREAM, settings.host, settings.port, "HTTP")
        for address in settings.media_bind or ("127.0.0.1",):
            for port in settings.media_ports:
                yield _port(socket.SOCK_DGRAM, address, port, "relay")
                yield _port(socket.SOCK_STREAM, address, port, "relay")
    yield _terms(settings)
    yield _clock()
    pages = (settings.pages / "session.html").is_file()
    yield pages, f"pages in {settings.pages}" if pages else f"no pages in {settings.pages}: run `make setup`"
    if settings.tls_cert is not None and settings.tls_key is not None:
        there = settings.tls_cert.is_file() and settings.tls_key.is_file()
        yield there, "TLS certificate and key" if there else "TLS_CERT or TLS_KEY is not a file"
    if settings.env == "production" and not settings.origin.startswith("https://"):
        yield True, "PUBLIC_URL is not https: browsers give camera and microphone to https pages (and localhost) only"


async def _mail(settings: Settings, server: Server) -> Finding:
    """Connects and signs in; nothing is sent."""
    try:
        found = await check(server, urlsplit(settings.origin).hostname or "localhost")
    except Unreachable as error:
        return False, f"mail server {server.shown}: {error}"
    return True, f"mail server {server.shown}: {found}"


async def _postgres(database: PostgreSQL) -> tuple[bool, list[Finding]]:
    """Whether a server runs on it, and what is to be said of it."""
    name = f"database {shown_url(database.url)}"
    try:
        await database.start(alone=False)
        facts, found = await database.facts(), await revision(database)
    except (OSError, Busy) as error:
        return False, [(False, str(error))]
    finally:
        await database.close()
    findings = [(True, f"{name}: PostgreSQL {facts.version}, {_schema(found)}")]
    if facts.served:
        findings.append((True, f"{name} is in use by a running server"))
    if not facts.fsync:
        findings.append((False, f"{name}: fsync is off: what was acknowledged can be lost"))
    if facts.connections < CONNECTIONS + 5:
        findings.append((False, f"{name}: max_connections is {facts.connections}; a server takes {CONNECTIONS}"))
    return facts.served, findings


def _sqlite(path: Path) -> tuple[bool, list[Finding]]:
    if _in_use(path):
        return True, [(True, f"database {path} is in use by a running server")]
    return False, [_database(path)]


def _in_use(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        take_lock(path).close()
    except Locked:
        return True
    return False


def _database(path: Path) -> tuple[bool, str]:
    if not path.exists():
        parent = path.absolute().parent
        return parent.is_dir(), f"database {path} will be made" if parent.is_dir() else f"{parent} does not exist"
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        return False, f"database {path}: {error}"
    return verdict == "ok", f"database {path}: {verdict}, {_schema(found[0] if found else None)}"


def _schema(found: str | None) -> str:
    later = "" if found == newest() else f", which `serve` will migrate to {newest()}"
    return f"schema {found or 'nothing'}{later}"


def _port(kind: socket.SocketKind, host: str, port: int, what: str) -> tuple[bool, str]:
    protocol = "TCP" if kind is socket.SOCK_STREAM else "UDP"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return False, f"{what}: {protocol} {host}:{port}: {error.strerror}"
    return True, f"{what}: {protocol} {host}:{port} is free"


def _terms(settings: Settings) -> tuple[bool, str]:
    try:
        terms = parse_terms(settings.terms.read_text()) if settings.terms else Terms()
    except OSError as error:
        return False, f"terms: {error}"
    except TermsError as error:
        return False, "terms: " + "; ".join(error.problems)
    return True, f"terms {terms.hash[:12]}" + ("" if settings.terms else " (defaults)")


def _clock() -> tuple[bool, str]:
    year = time.gmtime().tm_year
    return year >= 2026, f"clock says {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}"
