"""A sample marketplace: two experts, a booking form, the session inside its page, and the events that it is sent.

What a real one would do with Headstrt Sessions, and nothing besides: it books over the API, hands each party's token to
the embed, and takes signed webhooks, from which alone it knows what became of a booking. It keeps everything in memory
and asks nobody to log in: whoever opens a page is taken for the one it is for. Put your accounts there.

    MARKET_API_KEY=… python examples/marketplace/market.py
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, TCPConnector, web
from standardwebhooks import Webhook, WebhookVerificationError

HERE = Path(__file__).parent
FILES = {"market.js": "text/javascript", "market.css": "text/css"}
ROLES = ("client", "expert")
MINUTES = (15, 30, 60)
SOON = (0, 2, 10, 1440)
DELEGATED = ("camera", "microphone", "display-capture", "autoplay", "fullscreen", "screen-wake-lock")
KEPT = 200
"""Events, for the list on the page."""

EXPERTS: dict[str, dict[str, Any]] = {
    "ines": {"name": "Inês Carvalho", "craft": "Boatbuilder", "cents_per_minute": 150, "time_zone": "Europe/Lisbon"},
    "tomasz": {"name": "Tomasz Wilk", "craft": "Bread baker", "cents_per_minute": 120, "time_zone": "Europe/Warsaw"},
}


@dataclass
class Market:
    """The shop's books."""

    server: str
    api_key: str
    hooks: str
    trusted: ssl.SSLContext | None = None
    secret: str = ""
    http: ClientSession = field(init=False)
    bookings: dict[str, dict[str, Any]] = field(default_factory=dict)
    heard: dict[str, dict[str, Any]] = field(default_factory=dict)
    listeners: set[asyncio.Queue[dict[str, Any] | None]] = field(default_factory=set)

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """One call of the API; what it refuses is raised with its own words."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        async with self.http.request(method, self.server + path, json=body, headers=headers) as answer:
            if answer.status == 204:
                return None
            said = await answer.json()
            if answer.status >= 400:
                raise web.HTTPBadGateway(text=said.get("detail", "The session server refused."))
            return said

    async def listen(self) -> None:
        """Have events sent here, under a new secret: the one before went with the process that had it."""
        for endpoint in (await self.call("GET", "/v1/endpoints"))["data"]:
            if endpoint["url"] == self.hooks:
                await self.call("DELETE", f"/v1/endpoints/{endpoint['id']}")
        self.secret = (await self.call("POST", "/v1/endpoints", {"url": self.hooks}))["secret"]

    def take(self, id_: str, event: dict[str, Any]) -> None:
        """An event, once: whatever comes again under its id is known already."""
        if id_ in self.heard:
            return
        session = event["data"].get("session") or {}
        booking = self.bookings.get(session.get("id", ""))
        if booking is not None:
            booking["links"].update(session.get("links") or {})
        end, refund = session.get("end") or {}, session.get("refund") or {}
        row = {
            "id": id_,
            "type": event["type"],
            "at": event["timestamp"],
            "sequence": event["sequence"],
            "session": session.get("id"),
            "status": session.get("status"),
            "end": end.get("reason"),
            "refund": refund.get("status"),
        }
        self.heard[id_] = row
        while len(self.heard) > KEPT:
            del self.heard[next(iter(self.heard))]
        for listener in self.listeners:
            listener.put_nowait(row)


MARKET = web.AppKey("market", Market)


async def page(request: web.Request) -> web.Response:
    """The one page: the shop, or a booking. Its policy lets in the session server, and nobody else."""
    server = request.app[MARKET].server
    headers = {
        "Content-Security-Policy": f"default-src 'none'; script-src 'self' {server}; style-src 'self'; img-src data:;"
        f" connect-src 'self'; frame-src {server}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        "Permissions-Policy": ", ".join(f'{name}=(self "{server}")' for name in DELEGATED),
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    html = (HERE / "index.html").read_text().replace("{{server}}", server)
    return web.Response(text=html, content_type="text/html", headers=headers)


async def file(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    return web.FileResponse(HERE / name, headers={"Content-Type": FILES[name], "Cache-Control": "no-cache"})


async def book(request: web.Request) -> web.Response:
    """Take a booking and push it to the session server, which answers with both links."""
    market, wanted = request.app[MARKET], await request.json()
    expert, name = EXPERTS.get(wanted.get("expert")), str(wanted.get("name", "")).strip()
    minutes, soon = wanted.get("minutes"), wanted.get("in_minutes")
    if expert is None or not 0 < len(name) <= 80 or minutes not in MINUTES or soon not in SOON:
        raise web.HTTPBadRequest(text="Choose an expert, a time and a length, and say your name.")
    id_ = f"order-{secrets.token_hex(5)}"
    body = {
        "starts_at": (datetime.now(UTC) + timedelta(minutes=soon)).isoformat(timespec="milliseconds"),
        "duration_minutes": minutes,
        "title": f"{expert['craft']}’s time",
        "client": {"id": f"client-{secrets.token_hex(5)}", "name": name},
        "expert": {"id": wanted["expert"], "name": expert["name"], "time_zone": expert["time_zone"]},
        "fee": {"amount": expert["cents_per_minute"] * minutes, "currency": "EUR"},
    }
    market.bookings[id_] = {"client": name, "expert": expert["name"], "craft": expert["craft"], "links": {}}
    try:
        booked = await market.call("PUT", f"/v1/sessions/{id_}", body)
    except BaseException:
        del market.bookings[id_]
        raise
    market.bookings[id_]["links"].update(booked["links"])
    return web.json_response({"id": id_}, status=201)


async def seat(request: web.Request) -> web.Response:
    """What the embed needs for one side. A real shop asks here who is logged in."""
    market, role = request.app[MARKET], request.match_info["role"]
    booking = market.bookings.get(request.match_info["id"])
    if booking is None:
        raise web.HTTPNotFound(text="This shop keeps its bookings in memory, and does not know this one.")
    src, _, token = booking["links"][role].partition("#t=")
    other = booking[ROLES[1 - ROLES.index(role)]]
    answer = {"src": src, "token": token, "me": booking[role], "other": other, "craft": booking["craft"]}
    return web.json_response(answer, headers={"Cache-Control": "no-store"})


async def webhook(request: web.Request) -> web.Response:
    """Verify, know again, answer at once. Without a valid signature nothing is believed."""
    market, body = request.app[MARKET], await request.read()
    try:
        Webhook(market.secret).verify(body, dict(request.headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        raise web.HTTPUnauthorized(text="The signature does not hold.") from None
    market.take(request.headers["webhook-id"], json.loads(body))
    return web.Response(status=204)


async def events(request: web.Request) -> web.StreamResponse:
    """What was heard so far, and from now on, as server-sent events."""
    market = request.app[MARKET]
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await stream.prepare(request)
    queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    for known in market.heard.values():
        queue.put_nowait(known)
    market.listeners.add(queue)
    try:
        while (row := await queue.get()) is not None:
            await stream.write(f"data: {json.dumps(row)}\n\n".encode())
    except ConnectionError:
        pass
    finally:
        market.listeners.discard(queue)
    return stream


async def connected(app: web.Application) -> AsyncIterator[None]:
    market = app[MARKET]
    market.http = ClientSession(connector=TCPConnector(ssl=market.trusted or True))
    yield
    await market.http.close()


async def hang_up(app: web.Application) -> None:
    for listener in app[MARKET].listeners:
        listener.put_nowait(None)


def build(market: Market) -> web.Application:
    app = web.Application()
    app[MARKET] = market
    app.cleanup_ctx.append(connected)
    app.on_shutdown.append(hang_up)
    app.router.add_get("/", page)
    app.router.add_get("/bookings/{id}", page)
    app.router.add_get("/bookings/{id}/{role:client|expert}", seat)
    app.router.add_post("/bookings", book)
    app.router.add_post("/webhooks", webhook)
    app.router.add_get("/events", events)
    app.router.add_get("/{name:market[.](?:js|css)}", file)
    return app


async def run(market: Market, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Serve until SIGINT or SIGTERM. With TLS the events come in beside it, on this machine alone."""
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    runner = web.AppRunner(build(market), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        if tls is not None:
            await web.TCPSite(runner, "127.0.0.1", port + 1).start()
        await market.listen()  # once we can take them
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    get = os.environ.get
    host, port = get("MARKET_HOST", "127.0.0.1"), int(get("MARKET_PORT", "8081"))
    cert, key, api_key = get("MARKET_TLS_CERT"), get("MARKET_TLS_KEY"), get("MARKET_API_KEY", "")
    if not api_key:
        print("set MARKET_API_KEY to a key with the scopes sessions and endpoints", file=sys.stderr)
        return 2
    tls = trusted = None
    if cert:
        tls, trusted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context(cafile=cert)
        tls.load_cert_chain(cert, key)
    market = Market(
        server=get("MARKET_SERVER", "http://localhost:8080").rstrip("/"),
        api_key=api_key,
        hooks=get("MARKET_HOOKS", f"http://127.0.0.1:{port + bool(cert)}/webhooks"),
        trusted=trusted,
    )
    try:
        asyncio.run(run(market, host, port, tls))
    except (ClientError, web.HTTPException, OSError) as error:
        print(f"the marketplace cannot start: {getattr(error, 'text', None) or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
