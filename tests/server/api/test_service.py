"""Headers, pages, probes, gauges, the control socket's keys, and the document that describes it all."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from server import wire
from server.api.control import control_app
from server.api.openapi import build as build_document
from server.api.routes import ROUTES, Open
from tests.server.api.conftest import Build, World
from tests.server.api.test_sessions import refused

# --- headers (security §3) ---


async def test_every_answer_has_its_security_headers(world: World) -> None:
    for method, path in (("GET", "/v1/me"), ("GET", "/nothing"), ("PATCH", "/v1/me"), ("GET", "/healthz")):
        headers = (await world.call(method, path, None)).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert "camera=()" in headers["Permissions-Policy"]
        assert headers["Strict-Transport-Security"].startswith("max-age=")
        assert "Server" not in headers


async def test_no_hsts_without_tls(build: Build) -> None:
    world = await build(public_url="http://localhost:8080")
    assert "Strict-Transport-Security" not in (await world.call("GET", "/healthz")).headers


# --- pages ---


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "dist"
    (made / "assets").mkdir(parents=True)
    (made / "home.html").write_text("<!doctype html>home")
    (made / "session.html").write_text("<!doctype html><head></head>session")
    (made / "embed").mkdir()
    (made / "embed" / "v1.js").write_text("export {}")
    (made / "embed" / "v1.d.ts").write_text("export {}")
    (made / "assets" / "main-0a1b2c.js").write_text("export {}")
    monkeypatch.setenv("HEADSTRT_PAGES", str(made))
    return made


@pytest.mark.usefixtures("dist")
async def test_the_pages(world: World) -> None:
    home = await world.call("GET", "/", None)
    assert (await home.text(), home.content_type) == ("<!doctype html>home", "text/html")
    assert "camera=()" in home.headers["Permissions-Policy"]
    call = await world.call("GET", "/s/no-such-session", None)
    assert await call.text() == "<!doctype html><head></head>session"
    assert call.headers["Cache-Control"] == "no-store"
    assert "camera=(self)" in call.headers["Permissions-Policy"]
    policy = call.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "connect-src 'self' wss://calls.example" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    script = await world.call("GET", "/assets/main-0a1b2c.js", None)
    assert "immutable" in script.headers["Cache-Control"]
    assert script.content_type in ("text/javascript", "application/javascript")


@pytest.mark.usefixtures("dist")
async def test_embedders_may_frame_a_session_and_nothing_else(build: Build) -> None:
    world = await build(embed_origins="https://shop.example")
    call = await world.call("GET", "/s/bk_1", None)
    assert "frame-ancestors https://shop.example" in call.headers["Content-Security-Policy"]
    assert 'microphone=(self "https://shop.example")' in call.headers["Permissions-Policy"]
    assert '<meta name="embedders" content="https://shop.example" />' in await call.text()
    for path in ("/", "/docs", "/s/bk_1/receipt", "/embed/v1.js", "/v1/me", "/nothing"):
        assert "frame-ancestors 'none'" in (await world.call("GET", path, None)).headers["Content-Security-Policy"]


@pytest.mark.usefixtures("dist")
async def test_a_page_that_nobody_may_frame_names_no_embedder(world: World) -> None:
    assert "embedders" not in await (await world.call("GET", "/s/bk_1", None)).text()


@pytest.mark.usefixtures("dist")
async def test_the_element_may_be_loaded_by_any_site(world: World) -> None:
    script = await world.call("GET", "/embed/v1.js", None)
    assert (script.status, script.content_type) == (200, "text/javascript")
    assert script.headers["Access-Control-Allow-Origin"] == "*"
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    types = await world.call("GET", "/embed/v1.d.ts", None)
    assert (types.status, types.content_type) == (200, "application/typescript")
    assert "Access-Control-Allow-Origin" not in (await world.call("GET", "/", None)).headers


async def test_without_the_build_there_is_no_element(build: Build, tmp_path: Path) -> None:
    world = await build(pages=tmp_path)
    await refused(await world.call("GET", "/embed/v1.js", None), 404, "not_found")


@pytest.mark.usefixtures("dist")
@pytest.mark.parametrize(
    "path",
    ["../home.html", "..%2fhome.html", "%2e%2e/home.html", "nothing.js", "%00", "x" * 5000, "%2fetc%2fpasswd", ""],
)
async def test_an_asset_is_one_or_nothing(world: World, path: str) -> None:
    response = await world.client.request("GET", f"/assets/{path}")
    assert response.status == 404
    assert response.content_type == "application/problem+json"


async def test_pages_that_were_not_built_say_so(build: Build, tmp_path: Path) -> None:
    world = await build(pages=tmp_path / "nowhere")
    for path in ("/", "/s/bk_1"):
        response = await world.call("GET", path, None)
        assert response.status == 503
        assert "make setup" in await response.text()


async def test_the_demos_links_are_shown_in_demo_mode_only(world: World) -> None:
    await refused(await world.call("GET", "/demo.json", None), 404, "not_found")
    world.demo.append({"title": "x", "client": "https://a", "expert": "https://b"})
    response = await world.call("GET", "/demo.json", None)
    assert await response.json() == world.demo
    assert response.headers["Cache-Control"] == "no-store"


# --- probes and gauges ---


async def test_ready_is_ready_only_when_everything_is(world: World) -> None:
    assert await (await world.call("GET", "/healthz", None)).json() == {"status": "ok"}
    well = {"ready": True, "draining": False, "database": True, "relay": True, "self_test": None, "node": None}

    async def ready() -> tuple[int, dict[str, Any]]:
        response = await world.call("GET", "/readyz", None)
        return response.status, await response.json()

    assert await ready() == (200, well)
    world.draining = True
    assert await ready() == (503, {**well, "ready": False, "draining": True})
    world.draining, world.relay.workers = False, 0
    assert await ready() == (503, {**well, "ready": False, "relay": False})
    world.relay.workers = 1
    await world.office.desk.sign_of_life()
    assert (await ready())[0] == 200
    world.clock.at(30)  # no sign of life could be written since
    assert await ready() == (503, {**well, "ready": False, "database": False})


async def test_a_database_that_is_gone_is_not_ready(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("disk on fire")

    monkeypatch.setattr(world.office.database, "read", fail)
    response = await world.call("GET", "/readyz", None)
    assert (response.status, (await response.json())["database"]) == (503, False)


async def test_metrics_take_a_key(world: World) -> None:
    await refused(await world.call("GET", "/metrics", None), 401, "unauthorized")
    await refused(await world.call("GET", "/metrics", await world.key("sessions")), 403, "insufficient_scope")
    await world.book()
    await world.office.desk.sign_of_life()
    text = await (await world.call("GET", "/metrics", await world.key("read"))).text()
    for line in (
        'headstrt_sessions{phase="scheduled"} 1.0',
        'headstrt_sessions{phase="live"} 0.0',
        'headstrt_relay{figure="packets"} 3.0',
        'headstrt_relay_drops{why="late"} 5.0',
        "headstrt_outbox_events 1.0",
        "headstrt_sign_of_life_age_seconds 0.0",
    ):
        assert line in text


async def test_version(world: World) -> None:
    assert set(await (await world.call("GET", "/version", None)).json()) == {"version", "protocol"}


# --- keys over the control socket ---


async def test_keys_are_made_listed_and_revoked(world: World) -> None:
    async with TestClient(TestServer(control_app(world.office.desk, world.office.database.back_up))) as control:
        made = await control.post("/keys", json={"name": "shop", "scopes": ["sessions", "read"]})
        assert made.status == 201
        key = await made.json()
        assert (await world.call("GET", "/v1/sessions", key["secret"])).status == 200
        listed = (await (await control.get("/keys")).json())["data"]
        assert [each["id"] for each in listed] == [key["id"]]
        assert "secret" not in listed[0]
        assert (await control.delete(f"/keys/{key['id']}")).status == 204
        await refused(await control.delete(f"/keys/{key['id']}"), 404, "key_not_found")
        await refused(await world.call("GET", "/v1/sessions", key["secret"]), 401, "unauthorized")
        await refused(await control.post("/keys", json={"name": "x", "scopes": ["root"]}), 422, "unknown_scope")
        await refused(await control.post("/keys", json={"name": "x", "scopes": []}), 422, "unknown_scope")
        await refused(await control.post("/keys", json={}), 422, "invalid")


# --- the document ---


async def test_the_document_names_every_door_and_only_those(world: World) -> None:
    response = await world.call("GET", "/openapi.json", None)
    document = await response.json()
    assert document["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, each in document["paths"].items() for method in each}
    assert described == {(route.method, route.path) for route in ROUTES if route.documented}
    used = set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(document)))
    assert used <= set(document["components"]["schemas"])
    assert len({each["operationId"] for path in document["paths"].values() for each in path.values()}) == len(described)


def test_the_bounds_are_in_the_schema() -> None:
    schemas = build_document(ROUTES)["components"]["schemas"]
    booking = schemas["BookingBody"]
    assert booking["additionalProperties"] is False
    minutes = booking["properties"]["duration_minutes"]
    assert (minutes["type"], minutes["minimum"], minutes["maximum"]) == ("integer", 1, 480)
    assert booking["properties"]["starts_at"]["format"] == "date-time"
    amount = schemas["MoneyBody"]["properties"]["amount"]
    assert (amount["minimum"], amount["maximum"]) == (0, wire.MAX_AMOUNT)


def test_every_route_that_is_not_for_everyone_says_who_may() -> None:
    open_ = {route.path for route in ROUTES if route.access is Open.EVERYONE}
    signed = {"/v1/hooks/{name}"}  # by the secret of its source
    assert {path for path in open_ if path.startswith("/v1")} == signed


async def test_the_docs_can_be_read_without_a_script_or_a_network(world: World) -> None:
    response = await world.call("GET", "/docs", None)
    text = await response.text()
    assert response.content_type == "text/html"
    assert "style-src 'self'" in response.headers["Content-Security-Policy"]
    assert "<script" not in text
    assert "style=" not in text
    assert not re.findall(r"(?:src|href)=['\"]https?:", text)
    for link in set(re.findall(r"href='#([^']+)'", text)):
        assert f"id='{link}'" in text, link
    for route in ROUTES:
        if route.documented:
            assert escape(route.summary) in text
    style = await world.call("GET", "/docs/style.css", None)
    assert (style.status, style.content_type) == (200, "text/css")


def test_the_guide_explains_every_code_that_the_document_promises() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    document = json.dumps(build_document(ROUTES)["paths"])
    promised = {code for text in re.findall(r"Codes: ([^\"]+)", document) for code in re.findall(r"`(\w+)`", text)}
    assert len(promised) > 15
    assert {code for code in promised if f"`{code}`" not in guide} == set()
    for route in ROUTES:
        if route.documented and route.path.startswith("/v1/me"):
            assert f"{route.method} {route.path}`" in guide
