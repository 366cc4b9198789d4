"""Whatever is sent, the answer is a problem document that says where it hurts, and never a 5xx."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from signaling.errors import Stale
from tests.server.api.conftest import World, body
from tests.server.api.test_sessions import refused

JSON = {"Content-Type": "application/json"}
PUT = ("PUT", "/v1/sessions/bk_1")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"title": NaN}',
        b'{"title": Infinity}',
        b'{"title": 1, "title": 2}',
        b'{"client": {"id": "a", "id": "b"}}',
        b"[" * 100_000,
        b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
        b'{"title": "\xc3\x28"}',
        b'{"duration_minutes": ' + b"9" * 5_000 + b"}",
        b'{"title": "\\ud800"}',
    ],
    ids=range(13),
)
async def test_what_is_not_json_is_a_400(world: World, raw: bytes) -> None:
    await refused(await world.call(*PUT, data=raw, headers=JSON), 400, "bad_json")


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"x"', b"7", b"true"])
async def test_a_body_is_an_object(world: World, raw: bytes) -> None:
    await refused(await world.call(*PUT, data=raw, headers=JSON), 422, "invalid")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"starts_at": 0}, "starts_at"),
        ({"starts_at": False}, "starts_at"),
        ({"starts_at": "2026-11-22T15:00:00"}, "starts_at"),
        ({"starts_at": "2026-11-22"}, "starts_at"),
        ({"starts_at": "20261122T150000Z"}, "starts_at"),
        ({"starts_at": "2026-02-30T15:00:00Z"}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+23:59"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-23:59"}, "starts_at"),
        ({"starts_at": "2200-01-01T00:00:00Z"}, "starts_at"),
        ({"duration_minutes": 0}, "duration_minutes"),
        ({"duration_minutes": 481}, "duration_minutes"),
        ({"duration_minutes": 30.5}, "duration_minutes"),
        ({"duration_minutes": "30"}, "duration_minutes"),
        ({"duration_minutes": True}, "duration_minutes"),
        ({"duration_minutes": 1e300}, "duration_minutes"),
        ({"client": {"id": "c", "name": ""}}, "client.name"),
        ({"client": {"id": "c", "name": "a\nb"}}, "client.name"),
        ({"client": {"id": "c", "name": "a\u0000b"}}, "client.name"),
        ({"client": {"id": "c", "name": "x" * 201}}, "client.name"),
        ({"client": {"id": "c d", "name": "x"}}, "client.id"),
        ({"client": {"id": "c", "name": "x", "email": "nobody"}}, "client.email"),
        ({"client": {"id": "c", "name": "x", "email": "a@b\r\nBcc: c@d"}}, "client.email"),
        ({"client": {"id": "c", "name": "x", "time_zone": "Mars/Olympus"}}, "client.time_zone"),
        ({"client": {"id": "c", "name": "x", "time_zone": "../../etc/passwd"}}, "client.time_zone"),
        ({"client": {"id": "c", "name": "x", "locale": "en_US"}}, "client.locale"),
        ({"client": {"id": "c", "name": "x", "country": "Germany"}}, "client.country"),
        ({"client": {"id": "c", "name": "x", "metadata": {str(n): "" for n in range(17)}}}, "client.metadata"),
        ({"client": {"id": "c", "name": "x", "metadata": {"k": 1}}}, "client.metadata.k"),
        ({"client": {"id": "c", "name": "x", "role": "admin"}}, "client.role"),
        ({"fee": {"amount": -1, "currency": "USD"}}, "fee.amount"),
        ({"fee": {"amount": 10**13, "currency": "USD"}}, "fee.amount"),
        ({"fee": {"amount": 12.5, "currency": "USD"}}, "fee.amount"),
        ({"fee": {"amount": 1, "currency": "usd"}}, "fee.currency"),
        ({"fee": {"amount": 1, "currency": "XXX"}}, "fee.currency"),
        ({"fee": 12000}, "fee"),
        ({"by": "platform"}, "by"),
        ({"guidelines": {"client": {"version": "1"}}}, "guidelines.client.accepted_at"),
        ({"status": "ended"}, "status"),
    ],
)
async def test_what_does_not_fit_is_a_422_with_its_path(world: World, changes: dict[str, Any], path: str) -> None:
    document = await refused(await world.call(*PUT, json=body(**changes)), 422, "invalid")
    assert path in [error["path"] for error in document["errors"]]


async def test_all_mistakes_are_named_at_once(world: World) -> None:
    document = await refused(await world.call(*PUT, json={"duration_minutes": 0}), 422, "invalid")
    paths = [error["path"] for error in document["errors"]]
    assert sorted(paths) == ["client", "duration_minutes", "expert", "starts_at"]


async def test_what_was_sent_is_never_sent_back(world: World) -> None:
    response = await world.call(*PUT, json=body(client={"id": "c", "name": "secret\u0007secret"}))
    assert "secret" not in await response.text()


@pytest.mark.parametrize("id_", ["a b", "ä", "x" * 65, "a/b", "a%00b", "..%2f..", "%2e%2e", "a;b", "a%0d%0ab"])
async def test_an_id_that_cannot_be_one(world: World, id_: str) -> None:
    response = await world.call("PUT", f"/v1/sessions/{id_}", json=body())
    assert response.status in (404, 405, 422), await response.text()
    assert response.content_type == "application/problem+json"


async def test_every_id_that_the_api_allows_works(world: World) -> None:
    for id_ in ("A.b_c:d~e-f", "x" * 64, "0"):
        answer = await world.book(id_)
        assert answer["id"] == id_
        assert (await world.call("GET", f"/v1/sessions/{id_}")).status == 200


async def test_a_body_that_is_too_large(world: World) -> None:
    raw = json.dumps(body(title="x" * 300_000)).encode()
    await refused(await world.call(*PUT, data=raw, headers=JSON), 413, "body_too_large")


@pytest.mark.parametrize("raw", [zlib.compress(b" " * 10_000_000), b"not deflated"], ids=["bomb", "junk"])
async def test_nothing_is_unpacked(world: World, raw: bytes) -> None:
    response = await world.call(*PUT, data=raw, headers={**JSON, "Content-Encoding": "deflate"})
    await refused(response, 415, "unsupported_media_type")
    assert response.headers["Accept-Encoding"] == "identity"


async def test_a_body_that_is_not_what_its_headers_say(world: World) -> None:
    for type_ in ("text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "nonsense"):
        response = await world.call(*PUT, data=json.dumps(body()), headers={"Content-Type": type_})
        await refused(response, 415, "unsupported_media_type")


# --- aiohttp's own errors ---


async def test_an_unknown_path(world: World) -> None:
    await refused(await world.call("GET", "/v1/nothing"), 404, "not_found")
    await refused(await world.call("POST", "/wp-login.php"), 404, "not_found")


async def test_a_method_that_is_not_taken_keeps_allow(world: World) -> None:
    response = await world.call("PATCH", "/v1/sessions/bk_1")
    await refused(response, 405, "method_not_allowed")
    assert set(response.headers["Allow"].split(",")) == {"PUT", "GET", "HEAD", "DELETE"}


async def test_expect(world: World) -> None:
    response = await world.call(*PUT, json=body(), headers={"Expect": "a miracle"})
    await refused(response, 417, "expectation_failed")
    assert (await world.call(*PUT, json=body(), expect100=True)).status == 201


async def test_head_is_get_without_a_body(world: World) -> None:
    await world.book()
    response = await world.call("HEAD", "/v1/sessions/bk_1")
    assert (response.status, await response.read()) == (200, b"")
    assert response.headers["ETag"]


# --- bugs ---


async def test_a_bug_is_a_500_with_an_id_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(world.office.desk, "record", fail)
    response = await world.call("GET", "/v1/sessions/bk_1")
    document = await refused(response, 500, "internal")
    assert len(document["id"]) == 12
    assert "hunter2" not in await response.text()


async def test_whoever_was_second_may_try_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def late(*_: object) -> None:
        raise Stale()

    monkeypatch.setattr(world.office.desk, "end", late)
    await refused(await world.call("POST", "/v1/sessions/bk_1/end", json={"reason": "x"}), 409, "stale")
