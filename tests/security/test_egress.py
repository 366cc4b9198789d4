"""What no event may ever reach: hostile targets in every notation, by name and by rebinding, beside a real listener.

The listener is on every address of this machine, so that whatever slips through is counted and not merely timed out.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import random
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from server.api.route import Handler
from server.webhooks import egress as module
from server.webhooks.egress import Egress, Refused, Unanswered, host_of, may_reach

PUBLIC = "93.184.216.34"
PUBLIC6 = "2606:2800:220:1:248:1893:25c8:1946"

ADDRESSES = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::127.0.0.1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
)
NOTATIONS = (
    "2130706433",
    "0x7f000001",
    "0X7F.1",
    "017700000001",
    "0177.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.01",
    "127.0.0.1.",
    "0",
    "0x0",
    "1.2.3.4.5",
    "256.256.256.256",
    "2852039166",
    "0xa9.254.169.254",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "%31%32%37.0.0.1",
    "[fe80::1%25lo]",
    "[::1%25lo]",
    "127.0.0.1%00.shop.example",
    "[::]",
    "[0:0:0:0:0:ffff:7f00:0001]",
)
SHAPES = (
    "https://shop.example@{inside}/",
    "https://user:secret@shop.example/",
    "https://shop.example#@{inside}/",
    "https://shop.example\\@{inside}/",
    "ftp://{inside}/",
    "file:///etc/passwd",
    "gopher://{inside}/",
    "//{inside}/",
    "{inside}",
    "https://",
    "https:///path",
    "https://[::1",
    "https://shop.example:99999/",
    "https://shop.example:0/",
    "https://shop example/",
    "https://shop.example/\nHost: inside",
    "http://shop.example/",
    "unix:///var/run/docker.sock",
    "https://" + "a" * 64 + ".example/",
    "https://shop.example/" + "x" * 2048,
)


class Names(AbstractResolver):
    """Names as a hostile owner has them: each question takes the next answer, the last one for good."""

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self.answers = {name: list(each) for name, each in names.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = self.answers.get(host.rstrip("."), [()])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=each,
                port=port,
                family=socket.AF_INET6 if ":" in each else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for each in found
        ]

    async def close(self) -> None:
        pass


@dataclass
class Listener:
    """Whoever gets through to this machine, on any address of it."""

    port: int = 0
    reached: list[str] = field(default_factory=list)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.reached.append(str(writer.get_extra_info("sockname")))
        writer.close()

    while True:  # until a port is free in both families
        both = await asyncio.start_server(accepted, "::", 0, family=socket.AF_INET6)
        made.port = both.sockets[0].getsockname()[1]
        try:
            four = await asyncio.start_server(accepted, "0.0.0.0", made.port, family=socket.AF_INET)
        except OSError:
            both.close()
        else:
            break
    yield made
    await asyncio.sleep(0)
    for server in (both, four):
        server.close()


@contextlib.asynccontextmanager
async def going_out(
    names: Mapping[str, Sequence[Sequence[str]]] | None = None, **options: bool
) -> AsyncIterator[Egress]:
    made = Egress(resolver=Names(names or {}), **options)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


async def refused_twice(egress: Egress, url: str) -> str:
    """At registration, and at sending though nobody had asked at registration; the reason on record."""
    with pytest.raises(Refused):
        await egress.vet(url)
    with pytest.raises(Unanswered) as error:
        await egress.post(url, b"{}", {})
    return error.value.why


def at(host: str, port: int, scheme: str = "https") -> str:
    return f"{scheme}://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}/hook"


def test_there_are_enough_of_them() -> None:
    assert len({*ADDRESSES, *NOTATIONS, *SHAPES}) >= 90


@pytest.mark.parametrize("development", [False, True])
async def test_no_address_is_reached_as_a_literal(listener: Listener, development: bool) -> None:
    async with going_out(development=development) as egress:
        for address in ADDRESSES:
            for scheme in ("https", "http"):
                assert await refused_twice(egress, at(address, listener.port, scheme)) == "address_refused", address
    assert listener.reached == []


async def test_no_notation_of_an_address_is_taken(listener: Listener) -> None:
    async with going_out({"shop.example": [[PUBLIC]]}, development=True) as egress:
        for host in NOTATIONS:
            assert await refused_twice(egress, at(host, listener.port)) in ("address_refused", "bad_url"), host
    assert listener.reached == []


async def test_no_shape_of_a_url_leads_astray(listener: Listener) -> None:
    async with going_out({"shop.example": [[PUBLIC]]}) as egress:
        for shape in SHAPES:
            url = shape.format(inside=f"127.0.0.1:{listener.port}")
            assert await refused_twice(egress, url) in ("address_refused", "bad_url"), url
    assert listener.reached == []


async def test_no_name_leads_to_such_an_address(listener: Listener) -> None:
    names = {f"n{number}.example": [[address]] for number, address in enumerate(ADDRESSES)}
    async with going_out(names) as egress:
        for name in names:
            assert await refused_twice(egress, at(name, listener.port)) == "address_refused", names[name]
            assert await refused_twice(egress, at(f"{name}.", listener.port)) == "address_refused"
    assert listener.reached == []


@pytest.mark.parametrize(
    "mixed", [[PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], [PUBLIC6, "::1"], [PUBLIC, "::ffff:7f00:1"]]
)
async def test_a_name_that_also_leads_inside_is_not_sent_to_at_all(listener: Listener, mixed: list[str]) -> None:
    async with going_out({"both.example": [mixed]}) as egress:
        assert await refused_twice(egress, at("both.example", listener.port)) == "address_refused"
    assert listener.reached == []


@pytest.mark.parametrize("inside", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "169.254.169.254"])
async def test_a_name_that_changes_between_the_check_and_the_connect_leads_nowhere(
    listener: Listener, inside: str
) -> None:
    async with going_out({"turn.example": [[PUBLIC], [inside]]}, development=True) as egress:
        url = at("turn.example", listener.port, "http")
        await egress.vet(url)  # an honest name, just then
        with pytest.raises(Unanswered) as error:
            await egress.post(url, b"{}", {})
        assert error.value.why == "address_refused"
    assert listener.reached == []


async def test_the_socket_itself_is_the_last_to_refuse(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every check before it were gone: of the URL, and of what a name resolves to."""
    monkeypatch.setattr(
        module._Guard, "resolve", lambda self, host, port=0, family=0: self._resolver.resolve(host, port)
    )
    monkeypatch.setattr(Egress, "_parse", lambda self, text: module.URL(text))
    names = {f"n{number}.example": [[address]] for number, address in enumerate(ADDRESSES)}
    async with going_out(names) as egress:
        for host in (*ADDRESSES, *names):
            with pytest.raises(Unanswered) as error:
                await egress.post(at(host, listener.port, "https"), b"{}", {})
            assert error.value.why == "address_refused", host
    assert listener.reached == []


async def test_a_redirect_is_an_answer_and_is_not_followed(listener: Listener) -> None:
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        status = int(request.path.rpartition("/")[2])
        return web.Response(status=status, headers={"Location": f"http://127.0.0.2:{listener.port}/inside"})

    async with _serving(redirect) as (port, _):
        egress = Egress(["127.0.0.1"])
        await egress.start()
        for status in (301, 302, 303, 307, 308):
            answer = await egress.post(f"http://127.0.0.1:{port}/{status}", b"{}", {})
            assert answer.status == status
        await egress.close()
    assert asked == [f"/{status}" for status in (301, 302, 303, 307, 308)]
    assert listener.reached == []


async def test_no_proxy_cookie_or_unpacking(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.port}")
    seen: list[Mapping[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        packed = {"Set-Cookie": "who=me", "Content-Encoding": "gzip", "Content-Type": "text/plain"}
        return web.Response(status=200, headers=packed, body=b"\x1f\x8b not packed at all")

    async with _serving(take) as (port, connections):
        egress = Egress(["127.0.0.1"])
        await egress.start()
        answers = [await egress.post(f"http://127.0.0.1:{port}/", b"{}", {"X-A": "b"}) for _ in range(3)]
        await egress.close()
        assert len(connections) == 1  # one peer, which was looked at
    assert [answer.status for answer in answers] == [200] * 3
    assert all("Cookie" not in headers and "Accept-Encoding" not in headers for headers in seen)
    assert listener.reached == []


async def test_an_answer_is_read_to_a_bound_and_kept_as_text() -> None:
    sent = 0

    async def pour(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            await response.write(b"\x00\x1b[31mred\xff\r\n")
            while sent < 50 * 1024 * 1024:
                await response.write(b"x" * 65_536)
                sent += 65_536
        return response

    async with _serving(pour) as (port, _):
        egress = Egress(["127.0.0.1"])
        await egress.start()
        answer = await egress.post(f"http://127.0.0.1:{port}/", b"{}", {})
        await egress.close()
    assert len(answer.beginning) <= module.KEPT
    assert answer.beginning.startswith("\ufffd\ufffd[31mred\ufffd\ufffd\nxxx")
    assert sent < 50 * 1024 * 1024


async def test_whoever_says_nothing_or_dribbles_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOTAL", 0.5)

    async def hang(request: web.Request) -> web.StreamResponse:
        if request.path == "/headers":
            await asyncio.sleep(60)
        response = web.StreamResponse(status=202)
        await response.prepare(request)
        await response.write(b"so")
        await asyncio.sleep(60)
        return response

    async with _serving(hang) as (port, _):
        egress = Egress(["127.0.0.1"])
        await egress.start()
        with pytest.raises(Unanswered) as error:
            await egress.post(f"http://127.0.0.1:{port}/headers", b"{}", {})
        assert error.value.why == "timed_out"
        answer = await egress.post(f"http://127.0.0.1:{port}/body", b"{}", {})
        assert (answer.status, answer.beginning) == (202, "so")  # it has said what counts
        await egress.close()


async def test_only_what_configuration_names_is_reached_and_that_without_tls_too() -> None:
    async def take(request: web.Request) -> web.Response:
        return web.Response(status=204)

    async with _serving(take) as (port, _):
        names = Names(
            {"inside.example": [["127.0.0.1"]], "outside.example": [[PUBLIC]], "near.example": [["127.0.0.2"]]}
        )
        egress = Egress(["127.0.0.1/32"], resolver=names)
        await egress.start()
        await egress.vet(f"http://inside.example:{port}/")
        assert (await egress.post(f"http://inside.example:{port}/", b"{}", {})).status == 204
        await egress.vet("https://outside.example/")
        for url in (f"http://127.0.0.2:{port}/", f"http://near.example:{port}/", "http://outside.example/"):
            assert await refused_twice(egress, url) == "address_refused"
        await egress.close()


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "223.255.255.255", PUBLIC6,
                "2a00:1450:4001::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)  # fmt: skip
def test_what_is_public_may_be_reached(address: str) -> None:
    assert may_reach(ipaddress.ip_address(address))


def test_whatever_the_library_says_is_private_is_private_here() -> None:
    """Ours is the stricter list: of a hundred thousand addresses none is reached that Python calls not global."""
    dice = random.Random(1)
    for _ in range(50_000):
        for address in (
            ipaddress.IPv4Address(dice.getrandbits(32)),
            ipaddress.IPv6Address(
                dice.choice((0x2001 << 112, 0x2000 << 112, 0xFC00 << 112, 0)) | dice.getrandbits(113)
            ),
        ):
            if may_reach(address):
                assert address.is_global, address
                assert not address.is_multicast, address


def test_a_log_has_the_host_and_nothing_else() -> None:
    assert host_of("https://user:secret@shop.example:8443/hooks/token?key=secret#x") == "shop.example"
    assert host_of("https://[::1") == ""


@contextlib.asynccontextmanager
async def _serving(take: Handler) -> AsyncIterator[tuple[int, list[object]]]:
    connections: list[object] = []
    app = web.Application()

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.transport not in connections:
            connections.append(request.transport)
        return await handler(request)

    app.middlewares.append(count)
    app.router.add_route("*", "/{any:.*}", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1], connections
    finally:
        await runner.cleanup()
