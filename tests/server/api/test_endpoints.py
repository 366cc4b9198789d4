"""The doors to what goes out: who may open which, what they take and show, and what they never show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.api.endpoints import EndpointAnswer, EndpointMade
from server.webhooks.delivery import Deliverer
from server.webhooks.egress import Egress
from tests.server.api.conftest import Build, World
from tests.server.api.test_sessions import refused
from tests.server.webhooks.conftest import FAST, LOOPBACK, Receiver, receiver

__all__ = ["receiver"]


class Out:
    """The doors, with the deliverer behind them."""

    def __init__(self, world: World, deliverer: Deliverer) -> None:
        self.world = world
        self.deliverer = deliverer

    async def all_out(self) -> None:
        for _ in range(5):
            await self.deliverer.round()
            await self.deliverer.settled()
            self.world.clock.now += 1_000

    async def call(self, method: str, path: str, expect: int = 200, key: str = "environment-key", **json: Any) -> Any:
        more = {"json": json} if json else {}
        response = await self.world.call(method, path, key, **more)
        assert response.status == expect, await response.text()
        return await response.json() if expect != 204 else None

    async def made(self, receiver: Receiver, **more: Any) -> dict[str, Any]:
        return dict(await self.call("POST", "/v1/endpoints", 201, url=receiver.url, **more))


@pytest.fixture
async def out(build: Build) -> Any:
    world = await build(webhook_allow=LOOPBACK)
    o, egress = world.office, Egress(LOOPBACK)
    deliverer = Deliverer(o.database, egress, o.desk.endpoints.sealing_key, o.clock, schedule=FAST)
    o.desk.endpoints.vet = egress.vet
    await egress.start()
    yield Out(world, deliverer)
    await deliverer.stop()


async def test_a_secret_is_shown_when_it_is_made_and_never_again(out: Out, receiver: Receiver) -> None:
    made = await out.made(receiver, events=["session.*", "refund.requested"], description="the shop")
    EndpointMade.model_validate(made, strict=False)
    assert made["secret"].startswith("whsec_")
    seen = [await out.call("GET", f"/v1/endpoints/{made['id']}"), (await out.call("GET", "/v1/endpoints"))["data"][0]]
    for shown in seen:
        EndpointAnswer.model_validate(shown, strict=False)
        assert "secret" not in shown
        assert shown == {key: value for key, value in made.items() if key != "secret"}
    rotated = await out.call("POST", f"/v1/endpoints/{made['id']}/rotate", overlap_hours=2)
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"] == "2026-11-22T13:00:00.000Z"
    out.world.clock.now += 3 * 3_600_000
    assert (await out.call("GET", f"/v1/endpoints/{made['id']}"))["old_secret_until"] is None


async def test_the_scope_endpoints_and_no_other_may(out: Out, receiver: Receiver) -> None:
    made = await out.made(receiver)
    own = await out.world.key("endpoints")
    await out.call("GET", "/v1/endpoints", key=own)
    for scope in ("sessions", "moderation", "read"):
        key = await out.world.key(scope)
        for method, path in (
            ("GET", "/v1/endpoints"),
            ("GET", f"/v1/endpoints/{made['id']}"),
            ("DELETE", f"/v1/endpoints/{made['id']}"),
            ("GET", f"/v1/endpoints/{made['id']}/deliveries"),
            ("POST", f"/v1/endpoints/{made['id']}/test"),
            ("GET", "/v1/deliveries/dl_1"),
            ("POST", "/v1/deliveries/dl_1/resend"),
        ):
            await refused(await out.world.call(method, path, key), 403, "insufficient_scope")
    await refused(
        await out.world.call("GET", "/v1/events", await out.world.key("moderation")), 403, "insufficient_scope"
    )
    await refused(await out.world.call("GET", "/v1/endpoints", None), 401, "unauthorized")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "url"),
        ({"url": "ftp://a.example/"}, "url"),
        ({"url": "https://a b/"}, "url"),
        ({"url": "https://" + "a" * 3000}, "url"),
        ({"url": "https://a.example/", "events": ["session.none"]}, "events.0"),
        ({"url": "https://a.example/", "events": ["*"]}, "events.0"),
        ({"url": "https://a.example/", "events": "session.booked"}, "events"),
        ({"url": "https://a.example/", "secret": "mine"}, "secret"),
        ({"url": "https://a.example/", "description": "a\x00b"}, "description"),
    ],
)
async def test_what_is_not_an_endpoint_is_refused_with_its_path(out: Out, body: dict[str, Any], path: str) -> None:
    response = await out.world.call("POST", "/v1/endpoints", json=body)
    assert response.status == 422
    assert (await response.json())["errors"][0]["path"] == path


@pytest.mark.parametrize(
    "url", ["https://10.1.2.3/", "https://[::ffff:10.0.0.1]/", "http://0x7f000001/", "https://u:p@a.example/"]
)
async def test_a_private_or_odd_url_is_refused(out: Out, url: str) -> None:
    await refused(await out.world.call("POST", "/v1/endpoints", json={"url": url}), 422, "url_refused")
    assert (await out.call("GET", "/v1/endpoints"))["data"] == []


async def test_changed_stopped_brought_back_and_deleted(out: Out, receiver: Receiver) -> None:
    id_ = (await out.made(receiver))["id"]
    changed = await out.call("PATCH", f"/v1/endpoints/{id_}", events=["refund.*"], description="x")
    assert (changed["events"], changed["description"]) == (["refund.*"], "x")
    assert (await out.call("PATCH", f"/v1/endpoints/{id_}", description=""))["description"] is None
    off = await out.call("PATCH", f"/v1/endpoints/{id_}", enabled=False)
    assert (off["status"], off["disabled_why"]) == ("disabled", "operator")
    await refused(await out.world.call("POST", f"/v1/endpoints/{id_}/test"), 409, "endpoint_disabled")
    on = await out.call("PATCH", f"/v1/endpoints/{id_}", enabled=True)
    assert (on["status"], on["disabled_why"]) == ("enabled", None)
    await out.call("DELETE", f"/v1/endpoints/{id_}", 204)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/deliveries")):
        await refused(await out.world.call(method, f"/v1/endpoints/{id_}{path}"), 404, "endpoint_not_found")


async def test_there_is_an_end_to_endpoints(out: Out, receiver: Receiver) -> None:
    for _ in range(50):
        await out.made(receiver)
    response = await out.world.call("POST", "/v1/endpoints", json={"url": receiver.url})
    await refused(response, 409, "too_many_endpoints")


async def test_every_attempt_can_be_looked_at_and_no_link_is_in_what_is_shown(out: Out, receiver: Receiver) -> None:
    receiver.status = 500
    id_ = (await out.made(receiver))["id"]
    await out.world.book()
    await out.all_out()
    (one,) = (await out.call("GET", f"/v1/endpoints/{id_}/deliveries"))["data"]
    assert (one["type"], one["stream"], one["status"], one["attempts"]) == ("session.booked", "bk_1", "failed", 4)
    assert (await out.call("GET", f"/v1/endpoints/{id_}/deliveries?status=delivered"))["data"] == []
    whole = await out.call("GET", f"/v1/deliveries/{one['id']}")
    assert [each["status"] for each in whole["tried"]] == [500] * 4
    assert {key: whole[key] for key in one} == one
    sent = receiver.heard[0].told
    assert "#t=ey" in json.dumps(sent)  # whoever is sent it has the links
    assert "#t=ey" not in whole["body"]
    assert json.loads(whole["body"])["data"]["session"]["id"] == "bk_1"
    receiver.status = 204
    again = await out.call("POST", f"/v1/deliveries/{one['id']}/resend", 202)
    assert (again["status"], again["sending"]) == ("pending", False)
    await out.all_out()
    assert (await out.call("GET", f"/v1/deliveries/{one['id']}"))["status"] == "delivered"
    await refused(await out.world.call("GET", "/v1/deliveries/dl_none"), 404, "delivery_not_found")
    await refused(await out.world.call("POST", "/v1/deliveries/dl_none/resend"), 404, "delivery_not_found")


async def test_deliveries_come_in_pages_newest_first(out: Out, receiver: Receiver) -> None:
    id_ = (await out.made(receiver))["id"]
    for number in range(5):
        await out.call("POST", f"/v1/endpoints/{id_}/test", 202)
        if number % 2:
            await out.all_out()
    await out.all_out()
    seen, cursor = [], ""
    while True:
        page = await out.call("GET", f"/v1/endpoints/{id_}/deliveries?limit=2{cursor}")
        seen += [each["sequence"] for each in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [5, 4, 3, 2, 1]
    bad = await out.world.call("GET", f"/v1/endpoints/{id_}/deliveries?cursor=bm8")
    assert bad.status == 422


async def test_a_time_is_sent_again(out: Out, receiver: Receiver) -> None:
    id_ = (await out.made(receiver))["id"]
    await out.call("PATCH", f"/v1/endpoints/{id_}", enabled=False)
    await out.world.book("bk_1")
    await out.world.book("bk_2")
    await out.all_out()
    await out.call("PATCH", f"/v1/endpoints/{id_}", enabled=True)
    time = {"from": "2026-11-22T10:00:00Z", "to": "2026-11-22T12:00:00Z"}
    answered = await out.call("POST", f"/v1/endpoints/{id_}/resend", 202, **time)
    assert answered == {"resent": 2}
    await out.all_out()
    assert sorted(heard.told["data"]["session"]["id"] for heard in receiver.heard) == ["bk_1", "bk_2"]
    backwards = {"from": time["to"], "to": time["from"]}
    for body, status, code in (
        (backwards, 422, "invalid"),
        ({**time, "status": "lost"}, 422, "invalid"),
        ({**time, "from": "2026-10-01T00:00:00Z"}, 422, "too_long_ago"),
    ):
        await refused(await out.world.call("POST", f"/v1/endpoints/{id_}/resend", json=body), status, code)


# --- the pull side ----------------------------------------------------------------------------------------------------


async def test_events_are_pulled_in_the_order_of_their_handing_on(out: Out) -> None:
    empty = await out.call("GET", "/v1/events")
    assert empty == {"data": [], "next_after": None, "more": False}
    for number in range(5):
        await out.world.book(f"bk_{number}")
    assert (await out.call("GET", "/v1/events"))["data"] == []  # not handed on yet
    await out.all_out()
    seen, after, more = [], "", True
    while more:
        page = await out.call("GET", f"/v1/events?limit=2{after}")
        seen += [(each["stream"], each["sequence"], each["type"]) for each in page["data"]]
        after, more = f"&after={page['next_after']}", page["more"]
    assert seen == [(f"bk_{number}", 1, "session.booked") for number in range(5)]
    nothing = await out.call("GET", f"/v1/events?{after[1:]}")
    assert (nothing["data"], nothing["more"]) == ([], False)
    assert nothing["next_after"] == after.removeprefix("&after=")  # ask again with it


async def test_events_are_chosen_by_type_and_family(out: Out) -> None:
    await out.world.book()
    await out.world.call("DELETE", "/v1/sessions/bk_1?by=expert")
    await out.all_out()

    async def types(chosen: str) -> list[str]:
        return [each["type"] for each in (await out.call("GET", f"/v1/events?types={chosen}"))["data"]]

    assert await types("refund.*") == ["refund.requested"]
    assert await types("session.cancelled,refund.requested") == ["session.cancelled", "refund.requested"]
    assert await types("session.*") == ["session.booked", "session.cancelled"]
    for wrong in ("none", "session.none", "session.booked,", "%25", "_.*"):
        assert (await out.world.call("GET", f"/v1/events?types={wrong}")).status == 422


async def test_an_event_that_is_gone_says_how_to_begin_again(out: Out) -> None:
    response = await out.world.call("GET", "/v1/events?after=01a205d7-ccda-71ec-8285-c83581c9917b")
    document = await refused(response, 410, "event_unknown")
    assert "without after" in document["detail"]
    assert (await out.world.call("GET", "/v1/events?after=1")).status == 422


async def test_links_are_for_whoever_may_join_and_masked_for_all_others(out: Out) -> None:
    await out.world.book()
    await out.all_out()
    whole = await out.call("GET", "/v1/events", key=await out.world.key("sessions"))
    assert "#t=ey" in json.dumps(whole)
    for scope in ("read", "endpoints"):
        masked = await out.call("GET", "/v1/events", key=await out.world.key(scope))
        assert "#t=ey" not in json.dumps(masked)
        links = masked["data"][0]["data"]["session"]["links"]
        assert links["client"] == "https://calls.example/s/bk_1#t=…"


# --- gauges -----------------------------------------------------------------------------------------------------------


async def test_the_gauges_show_how_sending_fares(out: Out, receiver: Receiver) -> None:
    receiver.status = 410
    await out.made(receiver)
    await out.world.book()
    text = await (await out.world.call("GET", "/metrics")).text()
    assert "headstrt_outbox_unhanded 1.0" in text
    await out.all_out()
    text = await (await out.world.call("GET", "/metrics")).text()
    for line in (
        "headstrt_outbox_unhanded 0.0",
        'headstrt_webhook_deliveries{status="pending"} 1.0',
        "headstrt_webhook_endpoints_disabled 1.0",
        "headstrt_webhook_oldest_due_seconds 0.0",  # what waits for a disabled one is not late
    ):
        assert line in text, line
