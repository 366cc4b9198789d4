"""The only way out to an address that somebody else has chosen, and what may not be reached on it.

An address is allowed when it is globally routable unicast (our own list: ``ipaddress.is_global`` is true of NAT64,
6to4 and multicast), or when configuration names it. It is asked when an endpoint is registered, again of every address
that its name resolves to at each send, and last of the socket itself, so that no name that changes meanwhile, no
literal and no notation leads past it. Nothing is followed, unpacked, remembered or proxied; a connection to a peer that
was asked about is used again within a breath, so that a burst does not pay for a handshake each.
What is sent, and what follows from the answer, is not known here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TOTAL: Final = 20.0
CONNECT: Final = 5.0
KEEP_ALIVE: Final = 2.0
"""Seconds; shorter than servers leave an idle connection open, or they would close it just as it is used."""

READ_AT_MOST: Final = 64 * 1024
KEPT: Final = 1024
"""Bytes of an answer that are kept for whoever looks for the reason."""

_NEVER: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' NAT
            "127.0.0.0/8",
            "168.63.129.16/32",  # public by number, a cloud's own services by use
            "169.254.0.0/16",  # link-local: where clouds keep their metadata
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # multicast, reserved, broadcast
            "2001::/23",  # Teredo, ORCHID, benchmarking and what else is no host
            "2001:db8::/32",
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
_GLOBAL6: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_NAME: Final = re.compile(r"(?=.{1,253}\.?$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}\.?", re.ASCII)
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)
_MAX_URL: Final = 2048


class Refused(OSError):
    """An address that is not to be reached, or a URL that is none of ours to call. The text may be shown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the beginning of the body as text, and ``Retry-After`` as it was sent."""

    status: int
    beginning: str
    retry_after: str | None


class Unanswered(Exception):
    """Nothing came back; ``why`` is one of a few words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def may_reach(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether this address may be connected to; ``allowed`` are those that configuration names."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return may_reach(address.ipv4_mapped, allowed)
        if address in _NAT64:  # how a machine without IPv4 reaches a host that has nothing else
            return may_reach(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF), allowed)
    if _within(address, allowed):
        return True
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL6:
        return False
    return not _within(address, _NEVER)


def host_of(url: str) -> str:
    """For a log: never the path or the query, which may hold anything."""
    try:
        return URL(url).raw_host or ""
    except ValueError:
        return ""


class Egress:
    """One per process; ``post`` between ``start`` and ``close``. ``resolver`` is for tests: real names are slow."""

    def __init__(
        self, allow: Sequence[str] = (), *, development: bool = False, resolver: AbstractResolver | None = None
    ) -> None:
        self._allowed = tuple(ipaddress.ip_network(each) for each in allow)
        self._development = development
        self._resolver = resolver
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def start(self) -> None:
        if self._resolver is None:
            self._resolver = aiohttp.ThreadedResolver()
        for scheme in ("http", "https"):
            guard = _Guard(self._resolver, self, scheme)
            connector = aiohttp.TCPConnector(
                resolver=guard,
                socket_factory=guard.socket,
                use_dns_cache=False,
                keepalive_timeout=KEEP_ALIVE,
                limit=0,
            )
            self._sessions[scheme] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=TOTAL, connect=CONNECT),
                trust_env=False,
                auto_decompress=False,
                skip_auto_headers=("Accept-Encoding",),
            )

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def vet(self, text: str) -> None:
        """``Refused`` when this URL is not one to send to, as it stands and as its name resolves just now."""
        url = self._parse(text)
        host = url.raw_host or ""
        resolver = self._resolver or aiohttp.ThreadedResolver()
        if not _literal(host):
            try:
                async with asyncio.timeout(CONNECT):
                    await _Guard(resolver, self, url.scheme).resolve(host, url.port or 0)
            except Refused:
                raise
            except (OSError, TimeoutError):
                raise Refused(f"the name {host} does not resolve to an address") from None

    async def post(self, text: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One POST. ``Unanswered`` when nothing came back, ``Refused`` among its reasons."""
        began = time.monotonic()
        try:
            url = self._parse(text)
            session = self._sessions[url.scheme]
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                beginning = await _beginning(response, TOTAL - (time.monotonic() - began))
                return Answer(response.status, beginning, response.headers.get("Retry-After"))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Unanswered(_why(error)) from None

    def allows(self, address: Address, scheme: str) -> bool:
        """In the clear only to what configuration names; in development to whatever may be reached."""
        if scheme == "https" or self._development:
            return may_reach(address, self._allowed)
        return _within(address, self._allowed)

    def _parse(self, text: str) -> URL:
        try:
            url = URL(text)
            host = url.raw_host or ""
        except ValueError:
            raise Refused("this is not a URL") from None
        if len(text) > _MAX_URL or not text.isprintable() or " " in text:
            raise Refused(f"a URL has at most {_MAX_URL} characters, and no blanks among them")
        if url.scheme not in ("https", "http"):
            raise Refused("a URL to send to begins with https://")
        if url.user is not None or url.password is not None:
            raise Refused("a name and a password in a URL end up in logs: verify the signature instead")
        if url.raw_fragment:
            raise Refused("what follows a # is never sent")
        address = _literal(host)
        if address is None and (not _NAME.fullmatch(host) or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2])):
            raise Refused("the host is neither a name nor an address as it is usually written")
        if url.port == 0:
            raise Refused("there is no port 0")
        if address is not None and not self.allows(address, url.scheme):
            raise Refused(_unreachable(url.scheme))
        if url.scheme == "http" and not self._development and not self._allowed:
            raise Refused("a URL to send to begins with https://")
        return url


class _Guard(AbstractResolver):
    """What aiohttp asks for addresses and for sockets. It asks no resolver about literals, but a socket it needs."""

    def __init__(self, resolver: AbstractResolver, egress: Egress, scheme: str) -> None:
        self._resolver = resolver
        self._egress = egress
        self._scheme = scheme

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address, or none: a name that also leads inside is not sent to at all."""
        found = await self._resolver.resolve(host, port, family)
        if not found:
            raise OSError("no address")
        for each in found:
            self._check(each["host"])
        return found

    def socket(self, addr_info: Any) -> socket.socket:
        """The last look, at the very address that is connected to."""
        family, kind, protocol, _, address = addr_info
        self._check(address[0])
        return socket.socket(family=family, type=kind, proto=protocol)

    async def close(self) -> None:
        await self._resolver.close()

    def _check(self, text: str) -> None:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            address = None
        if address is None or getattr(address, "scope_id", None) or not self._egress.allows(address, self._scheme):
            raise Refused(_unreachable(self._scheme))


async def _beginning(response: aiohttp.ClientResponse, within: float) -> str:
    """The first kilobyte. More is read so that the other end is not cut off in its sentence, up to a bound."""
    kept, read = bytearray(), 0
    try:
        async with asyncio.timeout(within):
            while read < READ_AT_MOST and (chunk := await response.content.readany()):
                kept += chunk[: KEPT - len(kept)]
                read += len(chunk)
    except (TimeoutError, aiohttp.ClientError):
        pass  # it has said what counts
    if read >= READ_AT_MOST:
        response.close()
    text = kept.decode(errors="replace")
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _literal(host: str) -> Address | None:
    """The address that this is, written as one usually writes it; with no zone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if getattr(address, "scope_id", None) else address


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _unreachable(scheme: str) -> str:
    if scheme == "http":
        return "without TLS nothing is sent there"
    return "that address is private, reserved or not one host's"


def _why(error: BaseException) -> str:
    """For the record, in a word: what people would do something about."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, Refused):
            return "address_refused"
        seen = seen.__cause__ or seen.__context__
    match error:
        case TimeoutError():
            return "timed_out"
        case aiohttp.ClientConnectorDNSError():
            return "name_not_resolved"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "tls_failed"
        case aiohttp.ClientConnectorError():
            return "not_connected"
        case aiohttp.InvalidURL() | ValueError():
            return "bad_url"
        case _:
            return "broken_off"
