"""One mail server: how it is written in the settings, a connection to it, and whose fault it is when it says no.

TLS is checked against the machine's authorities (or one that is named) unless the scheme itself says that there is
none. A refusal of one letter for good (5xx) is ``Refused``, one for now (4xx) ``Deferred``; whatever stands between us
and the server at all (no answer, no TLS, a wrong password) is ``Unreachable`` and no letter's fault. What the server
says in words names addresses, so it is kept from logs and records: the code is enough. It knows no letter.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPRecipientsRefused, SMTPResponseException

from server.mail.address import Mailbox

Security = Literal["starttls", "tls", "none"]

_SCHEMES: dict[str, tuple[Security, int]] = {
    "smtp": ("starttls", 587),
    "smtps": ("tls", 465),
    "smtp+insecure": ("none", 25),
}
_FORM = "must be smtp://user:password@host:port, with special characters percent-encoded"
_ANSWER = 10.0
"""Seconds for each answer of the server."""
CONNECT = 10.0
"""Seconds until it is connected, encrypted and signed in."""
SEND = 20.0
"""Seconds for one letter, from the first command to the last answer."""

_ACCESS = frozenset({530, 534, 535, 538})
"""Refusals that are about us and not about a letter: sign in (RFC 4954)."""


class Refused(Exception):
    """This letter, for good; ``args[0]`` says by what."""


class Deferred(Exception):
    """This letter, for now."""


class Unreachable(Exception):
    """Nothing can be sent there now. What has been sent so far on this connection is sent."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None

    @property
    def shown(self) -> str:
        """Without user and password: with some services they are the same."""
        scheme = next(name for name, (security, _) in _SCHEMES.items() if security == self.security)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{'***@' if self.username else ''}{host}:{self.port}"


def parse_server(url: str, ca: Path | None = None) -> Server:
    """``smtp://user:password@host:587`` (STARTTLS, always), ``smtps://…``, ``smtp+insecure://…``. ``ValueError``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its words may hold a part of the password
        raise ValueError(_FORM) from None
    if parts.scheme not in _SCHEMES:
        raise ValueError("must begin with smtp:// (STARTTLS), smtps:// (TLS) or smtp+insecure:// (neither)")
    security, standard = _SCHEMES[parts.scheme]
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment or not url.isprintable():
        raise ValueError(_FORM)
    if bool(parts.username) != bool(parts.password):
        raise ValueError("user and password go together")
    if security == "none" and parts.username and not _loopback(parts.hostname):
        raise ValueError("a password does not go over the network without TLS: use smtp:// or smtps://")
    username = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return Server(parts.hostname, port or standard, security, username, password, ca)


class Connection:
    """Open, encrypted and signed in."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client

    @property
    def encryption(self) -> str:
        """``TLSv1.3``, or that there is none."""
        made = self._client.get_transport_info("ssl_object")
        return str(made.version()) if made is not None else "no encryption"

    async def send(self, message: EmailMessage, sender: Mailbox, to: Mailbox) -> None:
        """Hand one mail over; when it returns the server has taken it. ``Refused``, ``Deferred`` or ``Unreachable``.

        After ``Unreachable`` nobody knows whether the server has it.
        """
        try:
            async with asyncio.timeout(SEND):
                await self._client.send_message(message, sender=str(sender), recipients=[str(to)])
        except SMTPRecipientsRefused as error:
            raise _refusal(error.recipients[0]) from None
        except SMTPResponseException as error:
            raise _refusal(error) from None
        except aiosmtplib.SMTPNotSupported:
            raise Refused("the server takes no such address") from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Unreachable(type(error).__name__) from None
        except ValueError:  # a header that would have been more than one
            raise Refused("not sendable") from None


@contextlib.asynccontextmanager
async def connected(server: Server, helo: str) -> AsyncIterator[Connection]:
    """A connection to ``server``, which is told that ``helo`` calls. ``Unreachable`` says in a word why not."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        local_hostname=helo,
        timeout=_ANSWER,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=await asyncio.to_thread(_context, server.ca) if server.security != "none" else None,
    )
    try:
        async with asyncio.timeout(CONNECT):
            await client.connect()
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        client.close()
        raise Unreachable(_why(error)) from None
    try:
        yield Connection(client)
    finally:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(1):
                await client.quit()
        client.close()


async def check(server: Server, helo: str) -> str:
    """Connect, sign in, and go without a word: what there is to say of it. ``Unreachable``."""
    async with connected(server, helo) as connection:
        signed_in = ", signed in" if server.username else ""
        return f"answers, {connection.encryption}{signed_in}"


def _context(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise Unreachable(f"SMTP_CA cannot be read ({type(error).__name__})") from None


def _refusal(error: SMTPResponseException) -> Exception:
    if error.code == 421 or error.code in _ACCESS or error.code < 400:
        return Unreachable(str(error.code))
    return (Refused if error.code >= 500 else Deferred)(str(error.code))


def _why(error: BaseException) -> str:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({seen.verify_message})"
        seen = seen.__cause__ or seen.__context__
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return f"it does not take the user and password ({error.code})"
        case SMTPResponseException():
            return f"it answered {error.code}"
        case aiosmtplib.SMTPException() if "STARTTLS" in str(error):
            return "it offers no STARTTLS"
        case TimeoutError():
            return "no answer in time"
        case _:
            return f"no connection ({type(error).__name__})"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
