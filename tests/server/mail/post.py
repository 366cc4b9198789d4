"""A real mail server that keeps what it is given, and the sender beside a desk: what tests of mail need."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import email
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.mail.address import parse
from server.mail.render import Sheet
from server.mail.sender import Sender
from server.mail.smtp import parse_server
from server.policy.terms import Terms
from server.store import outbox
from server.store.sessions import Party
from signaling.session import MINUTE, Ms
from tests.builders import Office

USER, PASSWORD = "poster", "pa:ss/w@rd"
SHEET = Sheet(parse("Sample Calls <calls@calls.example>"), parse("help@calls.example"), "https://calls.example")
ADA = Party("c_9", "Ada Client", email="ada@client.example", time_zone="Europe/Berlin", locale="en-GB")
MAX = Party("e_4", "Max Expert", email="max@expert.example", time_zone="America/New_York")
REMINDER: Ms = 60 * MINUTE
TERMS = Terms()


@dataclass
class MailServer:
    """What it was given. ``answer(command, address)`` gives another answer than yes; ``silent``: it says nothing."""

    url: str = ""
    ca: Path | None = None
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    letters: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    answer: Callable[[str, str], str | None] = lambda command, address: None
    connections: int = 0
    accepted: Callable[[], None] = lambda: None

    # what aiosmtpd calls

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answer("MAIL", address)
        if answer is None:
            envelope.mail_from = address
        return answer or "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answer("RCPT", address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        answer = self.answer("DATA", envelope.rcpt_tos[0])
        if answer is None:
            content = cast(bytes, envelope.content)
            self.raw.append(content)
            self.envelopes.append((cast(str, envelope.mail_from), envelope.rcpt_tos[0]))
            self.letters.append(cast(EmailMessage, email.message_from_bytes(content, policy=default)))
            self.accepted()
        return answer or "250 OK"

    def told(self) -> list[tuple[str, str]]:
        """To whom, and the subject, in the order of arrival."""
        return [(to, str(letter["Subject"])) for (_, to), letter in zip(self.envelopes, self.letters, strict=True)]


@contextlib.asynccontextmanager
async def mail_server(
    folder: Path, tls: Literal["none", "starttls", "tls"] = "none", *, auth: bool = False
) -> AsyncIterator[MailServer]:
    """On a port of its own on this machine, with a certificate of an authority that nobody knows (``ca``)."""
    kept = MailServer()
    context = None
    if tls != "none":
        kept.ca, chain = certificates(folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain)

    def checked(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=given, handled=False)

    def serve() -> SMTP:
        kept.connections += 1
        return SMTP(
            kept,
            hostname="mail.test",
            enable_SMTPUTF8=True,
            tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls",
            authenticator=checked if auth else None,
            auth_required=auth,
            auth_require_tls=tls == "starttls",
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(serve, "127.0.0.1", 0, ssl=context if tls == "tls" else None)
    port = server.sockets[0].getsockname()[1]
    scheme = {"none": "smtp+insecure", "starttls": "smtp", "tls": "smtps"}[tls]
    kept.url = f"{scheme}://{'poster:pa%3Ass%2Fw%40rd@' if auth else ''}localhost:{port}"
    try:
        yield kept
    finally:
        server.close()


def certificates(folder: Path) -> tuple[Path, Path]:
    """An authority, and a chain with its key for localhost that it vouches for."""
    now = dt.datetime.now(dt.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def made(name: str, public: Any, issuer: str, *extensions: x509.ExtensionType) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(ca_key, hashes.SHA256())

    ski = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    ca = made("Test authority", ca_key.public_key(), "Test authority", x509.BasicConstraints(True, None), ski, usage)
    aki = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    leaf = made("localhost", key.public_key(), "Test authority", names, aki)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "chain.pem").write_bytes(private + leaf.public_bytes(pem))
    return folder / "ca.pem", folder / "chain.pem"


def sender(o: Office, server: MailServer, *, reminder: Ms = REMINDER) -> Sender:
    """The sender beside this desk, not running: a test calls its ``round``."""
    return Sender(
        o.database,
        parse_server(server.url, server.ca),
        SHEET,
        seen=o.desk.seen,
        link=o.desk.link,
        clock=o.clock,
        rating_window=TERMS.rating_window,
        reminder=reminder,
        jitter=lambda: 0.0,
    )


async def hand_on(o: Office, to: Sender) -> None:
    """Hand on every event that waits, as the deliverer does."""

    async def work(connection: Any) -> None:
        while events := await outbox.hand_on(connection, 100):
            await to.handed_on(connection, events)

    await o.database.write(work)


async def everything(o: Office, by: Sender) -> int:
    """Hand on and send whatever is due now; how many letters were looked at."""
    await hand_on(o, by)
    count = 0
    while some := await by.round():
        count += some
    return count


def part(letter: EmailMessage, kind: str) -> str:
    """The text of the first part of this kind, as its reader gets it."""
    found = next(each for each in letter.walk() if each.get_content_type() == kind)
    return str(cast(EmailMessage, found).get_content())
