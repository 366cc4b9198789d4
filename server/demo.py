"""``headstrt demo``: the real server on a fresh database, with sample bookings around now and their links printed.

Nothing in it is special: the bookings go through the desk like any other. For trying out, not for keeping: the database
and the secrets are made anew each time. ``--phone`` adds TLS, without which a phone gives no camera to a LAN address.
Where the sources are, the sample marketplace runs beside it, a process of its own that knows what anybody would.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import segno
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server import config, logs, tokens
from server.app import Service, serve, wall_clock
from server.config import ConfigError, Settings, throwaway_secret
from server.demo_history import live_a_month
from server.desk import Booking, Rules
from server.desk.operators import COMMAND
from server.policy.money import Money
from server.policy.operators import OperatorRole
from server.policy.terms import Terms
from server.store.sealing import derive_sealing_key
from server.store.sessions import Party
from signaling.session import MINUTE, Role

FOLDER = Path("var/demo")
MARKET = Path(__file__).parent.parent / "examples" / "marketplace" / "market.py"


def run_demo(*, phone: bool, port: int, history: bool = True) -> int:
    """Serve until stopped; returns the exit code."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    market_port = port + 1
    market = f"http://localhost:{market_port}"
    overrides: dict[str, object] = {
        "env": "development",
        "port": port,
        "webhook_allow": ("127.0.0.1",),
        "database_url": f"sqlite:///{FOLDER}/demo.sqlite3",
        "secret": throwaway_secret(),
        "api_key": f"demo_{secrets.token_urlsafe(24)}",
    }
    if phone:
        address = lan_address()
        cert, key = self_signed(address, FOLDER)
        overrides |= {"host": "0.0.0.0", "public_url": f"https://{address}:{port}", "tls_cert": cert, "tls_key": key}  # noqa: S104
        market = f"https://{address}:{market_port}"
    try:
        settings = config.load(**overrides, embed_origins=(market,))
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2

    if history:
        print("A month of sample sessions is being lived through, for the dashboard …", flush=True)
        logs.configure("console", "warning")
        secret = settings.secret
        rules = Rules(
            Terms(),
            settings.guidelines_version,
            settings.origin,
            tokens.derive_key(secret),
            sealing_key=derive_sealing_key(secret),
        )
        asyncio.run(live_a_month(settings.database_url, rules, wall_clock()))

    with contextlib.ExitStack() as stack:

        async def announce(service: Service) -> None:
            service.demo = await book_samples(service)
            made, setup = await service.desk.operators.add("demo", OperatorRole.ADMIN, COMMAND)
            print_links(service, settings.api_key, phone=phone)
            print_dashboard(settings, made.name, setup)
            if MARKET.is_file():
                process = stack.enter_context(marketplace(settings, market_port))
                if await answers(market_port) and process.poll() is None:
                    print(f"  A sample marketplace with sessions inside its pages: {market}\n", flush=True)

        return serve(settings, ready=announce)


@contextlib.contextmanager
def marketplace(settings: Settings, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The sample marketplace, beside the server for as long as this lasts. What it has to say it says itself."""
    told = {
        "MARKET_SERVER": settings.origin,
        "MARKET_API_KEY": settings.api_key,
        "MARKET_HOST": settings.host,
        "MARKET_PORT": str(port),
    }
    if settings.tls_cert and settings.tls_key:
        told |= {"MARKET_TLS_CERT": str(settings.tls_cert), "MARKET_TLS_KEY": str(settings.tls_key)}
    process = subprocess.Popen([sys.executable, str(MARKET)], env={**os.environ, **told})  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


async def answers(port: int) -> bool:
    """Whether somebody on this machine listens there, within ten seconds."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        await asyncio.sleep(0.1)
    return False


async def book_samples(service: Service) -> list[dict[str, str]]:
    """Two sessions: one that is going on, one that starts in two minutes."""
    this_minute = service.clock() // MINUTE * MINUTE
    mira = Party("demo-mira", "Mira Castellanos", time_zone="Europe/Madrid", locale="en")
    jonas = Party("demo-jonas", "Jonas Feld", time_zone="Europe/Berlin", locale="en")
    asha = Party("demo-asha", "Asha Raman", time_zone="Asia/Kolkata", locale="en")
    tom = Party("demo-tom", "Tom Becker", time_zone="America/Chicago", locale="en")
    soon, now = this_minute + 2 * MINUTE, this_minute
    samples = (
        Booking("demo-now", now, 30 * MINUTE, mira, jonas, "Career mentoring", Money(12000, "EUR")),
        Booking("demo-soon", soon, 15 * MINUTE, tom, asha, "Portfolio review", Money(9000, "USD")),
    )
    shown = []
    for booking in samples:
        record = (await service.desk.book(booking)).record
        shown.append(
            {
                "title": booking.title or "",
                "client": service.desk.link(record, Role.CLIENT),
                "expert": service.desk.link(record, Role.EXPERT),
            }
        )
    return shown


def print_links(service: Service, api_key: str, *, phone: bool) -> None:
    """What a person needs to try it."""
    origin = service.settings.origin
    print(f"\nHeadstrt Sessions runs at {origin}  (docs: {origin}/docs)\n")
    for sample in service.demo:
        print(f"  {sample['title']}\n    client  {sample['client']}\n    expert  {sample['expert']}\n")
    print("  Open both links of one session, in two windows, to hold a call.")
    print(f"  API key: {api_key}\n", flush=True)
    if phone:
        print("  Scan to join the first session as its client (accept the certificate made for this trial):\n")
        segno.make(service.demo[0]["client"]).terminal(compact=True)


def print_dashboard(settings: Settings, name: str, setup: str) -> None:
    """How to see what operators see: with the key at once, or as an account of one's own, as it would really be."""
    page = f"{settings.origin}/dashboard"
    print(f"  Dashboard: {page}\n    sign in with the API key above, or make the admin account {name!r} yours,")
    print(f"    with a password and an authenticator: {page}/setup#s={setup}\n", flush=True)


def lan_address() -> str:
    """The address under which others on this network see this machine; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: an address that leads nowhere
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def self_signed(address: str, folder: Path) -> tuple[Path, Path]:
    """A certificate for ``address`` that lasts a week, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Headstrt Sessions demo")])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address)), x509.DNSName("localhost")]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_path, key_path
