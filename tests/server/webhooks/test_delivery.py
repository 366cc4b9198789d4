"""Events on their way out, to a real server: what arrives, how often, in which order, and what is on record of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence

import pytest
import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection
from standardwebhooks.webhooks import Webhook

from server.desk.endpoints import KEPT, Change
from server.store import outbox
from server.store.outbox import Event
from server.webhooks.backoff import Schedule
from server.webhooks.delivery import CEILING, LANES, LEASE
from server.webhooks.egress import Egress
from signaling.errors import Busy, NotFound, UserError
from signaling.session import Accept, Join, Ms, Role, Whom
from tests.builders import NOON, Clock, booking
from tests.server.webhooks.conftest import FAST, Heard, Post, Receiver, posting, receiving

MINUTE: Ms = 60_000
DAY: Ms = 24 * 60 * MINUTE


@pytest.fixture
async def other() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def book(post: Post, number: int, first: int = 0) -> None:
    for n in range(first, first + number):
        await post.office.desk.book(booking(f"bk_{n}", starts_at=post.clock.now))


async def live(post: Post, id_: str = "bk_0") -> None:
    """Several events of one session."""
    for role in Role:
        await post.office.desk.report(id_, Join(role, f"{id_}-{role}"), post.clock())


# --- handing on -------------------------------------------------------------------------------------------------------


async def test_a_booking_arrives_signed_at_whoever_wants_it(post: Post, receiver: Receiver, other: Receiver) -> None:
    post.clock.now = time.time_ns() // 1_000_000  # the public library knows no other clock
    _, secret = await post.endpoint(receiver, "session.*")
    await post.endpoint(other, "refund.eligible")
    at = post.clock.now
    await post.office.desk.book(booking(starts_at=at + 60 * MINUTE, accepted=()))
    await post.all_out()
    (heard,) = receiver.heard
    ((id_, body),) = await post.office.rows("select id, body from outbox")
    assert (heard.id, heard.body.decode()) == (id_, body)
    assert heard.told["type"] == "session.booked"
    assert (heard.headers["content-type"], heard.headers["user-agent"][:18]) == (
        "application/json",
        "headstrt-sessions/",
    )
    Webhook(secret).verify(heard.body, heard.headers)
    assert other.heard == []
    assert await post.deliveries() == [("delivered", 1)]


async def test_no_types_are_all_types(post: Post, receiver: Receiver) -> None:
    await post.endpoint(receiver)
    await book(post, 1)
    await live(post)
    await post.all_out()
    stored = await post.office.rows("select type from outbox order by position")
    assert receiver.types == [type_ for (type_,) in stored]
    assert {"session.booked", "party.joined", "session.live"} <= set(receiver.types)


async def test_events_have_positions_without_holes_and_a_stream_has_its_order(post: Post) -> None:
    await book(post, 3)
    await live(post)
    await post.turn()
    await live(post, "bk_1")
    await post.turn()
    rows = await post.office.rows("select position, stream, sequence from outbox order by position")
    assert [position for position, _, _ in rows] == list(range(1, len(rows) + 1))
    for stream in ("bk_0", "bk_1", "bk_2"):
        mine = [sequence for _, of, sequence in rows if of == stream]
        assert mine == sorted(mine)
        assert len(mine) == mine[-1]


async def test_who_hands_on_for_others_does_so_in_the_same_transaction(post: Post, receiver: Receiver) -> None:
    told: list[tuple[str, int]] = []
    failing = [True]

    async def note(connection: AsyncConnection, events: Sequence[Event]) -> None:
        if failing[0]:
            raise RuntimeError("not now")
        told.extend((event.type, event.position) for event in events)

    post.deliverer.handed_on.append(note)
    await post.endpoint(receiver)
    await book(post, 1)
    with pytest.raises(RuntimeError):
        await post.turn()
    assert await post.office.rows("select position from outbox") == [(None,)]  # undone with it
    assert receiver.heard == []
    failing[0] = False
    await post.all_out()
    assert told == [("session.booked", 1)]
    assert receiver.types == ["session.booked"]


async def test_hundreds_at_once_are_handed_on_in_several_rounds(post: Post) -> None:
    async def many(connection: AsyncConnection) -> None:
        for n in range(1, 1101):
            await outbox.add(connection, "source/shop", n, "booking.refused", "{}", NOON)

    await post.office.database.write(many)
    waits = [await post.deliverer.round() for _ in range(3)]
    assert waits[:2] == [0, 0]
    assert waits[2] > 0
    assert await post.office.rows("select count(distinct position), max(position) from outbox") == [(1100, 1100)]
    assert await post.office.rows("select count(*) from outbox where position <> sequence") == [(0,)]


# --- again and again --------------------------------------------------------------------------------------------------


async def test_what_is_not_taken_is_sent_again_with_the_same_id_and_body_and_another_time(
    post: Post, receiver: Receiver
) -> None:
    receiver.status = 500
    await post.endpoint(receiver)
    await book(post, 1)
    for _ in range(4):
        await post.all_out()
        post.clock.now += 1_100
    assert len(receiver.heard) == 4
    assert len({(heard.id, heard.body) for heard in receiver.heard}) == 1
    assert len({heard.headers["webhook-timestamp"] for heard in receiver.heard}) == 4
    assert len({heard.headers["webhook-signature"] for heard in receiver.heard}) == 4
    assert await post.deliveries() == [("failed", 4)]
    post.clock.now += 30 * DAY - 60_000
    await post.all_out()
    assert len(receiver.heard) == 4  # kept, and never by itself again
    tried = await post.office.rows("select number, status, error, answer from attempts order by number")
    assert tried == [(n, 500, None, "so it is") for n in range(1, 5)]


async def test_it_is_due_when_the_schedule_says_and_not_before(where: str, receiver: Receiver) -> None:
    async with posting(where, Schedule(jitter=0)) as post:
        receiver.status = 503
        await post.endpoint(receiver)
        await book(post, 1)
        waits = []
        for wait in Schedule().retries:
            await post.all_out()
            before = len(receiver.heard)
            post.clock.now += wait - 1
            await post.turn()
            assert len(receiver.heard) == before
            post.clock.now += 1_001  # an attempt takes some milliseconds, and is late by them
            await post.turn()
            waits.append(len(receiver.heard) - before)
        assert waits == [1] * 9
        assert await post.deliveries() == [("failed", 10)]


async def test_retry_after_is_honoured(where: str, receiver: Receiver) -> None:
    async with posting(where) as post:
        receiver.status, receiver.headers = 429, {"Retry-After": "600"}
        await post.endpoint(receiver)
        await book(post, 1)
        await post.turn()
        post.clock.now += 599_000
        await post.turn()
        assert len(receiver.heard) == 1
        post.clock.now += 2_000
        receiver.status = 204
        await post.turn()
        assert await post.deliveries() == [("delivered", 2)]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_a_failure_and_is_said_to_be_one(post: Post, receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Location": f"{receiver.url}/elsewhere"}
    await post.endpoint(receiver)
    await book(post, 1)
    await post.turn()
    assert len(receiver.heard) == 1
    assert await post.office.rows("select status, error from attempts") == [(status, "redirected")]


async def test_nobody_there_is_a_failure_with_a_reason(post: Post) -> None:
    async with receiving() as gone:
        await post.endpoint(gone)
    await book(post, 1)
    await post.turn()
    assert await post.office.rows("select status, error, answer from attempts") == [(None, "not_connected", None)]
    assert post.deliverer.outcomes == {"not_connected": 1}


async def test_an_answer_is_kept_as_text_whatever_it_is(post: Post, receiver: Receiver) -> None:
    async def rude(heard: Heard) -> web.Response:
        return web.Response(status=400, body=b"a\x00b\x1b]0;c\x07\xff\xfe" + b"x" * 5000)

    receiver.reply = rude
    await post.endpoint(receiver)
    await book(post, 1)
    await post.turn()
    ((answer,),) = await post.office.rows("select answer from attempts")
    assert answer.startswith("a\ufffdb\ufffd]0;c\ufffd\ufffd\ufffdxxx")
    assert len(answer) <= 1024


# --- one at a time ----------------------------------------------------------------------------------------------------


async def test_two_at_a_time_to_one_endpoint_and_one_of_each_stream(post: Post, receiver: Receiver) -> None:
    now: dict[str, int] = {}
    most = [0, 0]

    async def slow(heard: Heard) -> web.Response:
        stream = heard.told["data"]["session"]["id"]
        now[stream] = now.get(stream, 0) + 1
        most[0], most[1] = max(most[0], sum(now.values())), max(most[1], *now.values())
        await asyncio.sleep(0.01)
        now[stream] -= 1
        return web.Response(status=204)

    receiver.reply = slow
    await post.endpoint(receiver)
    await book(post, 6)
    for n in range(6):
        await live(post, f"bk_{n}")
    for _ in range(100):
        await post.deliverer.round()
        await asyncio.sleep(0.01)
    await post.all_out()
    assert most == [LANES, 1]
    for n in range(6):
        mine = [heard.told["sequence"] for heard in receiver.heard if heard.told["data"]["session"]["id"] == f"bk_{n}"]
        assert mine == list(range(1, len(mine) + 1))  # in order, where nothing fails
        assert len(mine) > 3


async def test_a_dead_endpoint_starves_nobody(post: Post, receiver: Receiver, other: Receiver) -> None:
    never = asyncio.Event()

    async def hang(heard: Heard) -> web.Response:
        await never.wait()
        return web.Response(status=204)

    receiver.reply = hang
    await post.endpoint(receiver)
    await post.endpoint(other)
    await book(post, 40)
    for _ in range(200):
        await post.deliverer.round()
        if len(other.heard) == 40:
            break
        await asyncio.sleep(0.01)
    assert len(other.heard) == 40
    assert len(receiver.heard) == LANES
    never.set()
    await post.deliverer.settled()


async def test_the_ceiling_holds_over_all_endpoints(post: Post) -> None:
    never, most = asyncio.Event(), [0, 0]

    async def hang(heard: Heard) -> web.Response:
        most[0] += 1
        most[1] = max(most)
        await never.wait()
        most[0] -= 1
        return web.Response(status=204)

    async with receiving() as slow:
        slow.reply = hang
        for _ in range(CEILING):
            await post.endpoint(slow)
        await book(post, 3)
        for _ in range(20):
            await post.deliverer.round()
            await asyncio.sleep(0.01)
        assert most[1] == CEILING
        never.set()
        await post.all_out()
    assert await post.office.rows("select distinct status from deliveries") == [("delivered",)]


async def test_after_five_failures_it_is_asked_once_at_a_time_and_one_success_ends_that(
    where: str, receiver: Receiver
) -> None:
    async with posting(where, Schedule(jitter=0)) as post:
        receiver.status = 500
        await post.endpoint(receiver)
        await book(post, 20)
        for _ in range(5):
            await post.turn()
        five = len(receiver.heard)
        assert 5 <= five <= 6  # the two lanes may each have had one under way
        for wanted in range(five + 1, five + 4):
            post.clock.now += 6 * MINUTE
            await post.turn()
            await post.turn()
            assert len(receiver.heard) == wanted
        receiver.status = 204
        post.clock.now += 6 * MINUTE
        await post.all_out()
        post.clock.now += 10 * MINUTE
        await post.all_out()
        assert {status for status, _ in await post.deliveries()} == {"delivered"}
        assert await post.office.rows("select failures, failing_since, paused_until from endpoints") == [
            (0, None, None)
        ]


async def test_a_lease_that_is_over_lets_another_send_and_whoever_comes_late_settles_nothing(
    post: Post, receiver: Receiver
) -> None:
    first, free = asyncio.Event(), asyncio.Event()

    async def once_slow(heard: Heard) -> web.Response:
        if len(receiver.heard) == 1:
            first.set()
            await free.wait()
            return web.Response(status=500)
        return web.Response(status=204)

    receiver.reply = once_slow
    await post.endpoint(receiver)
    await book(post, 1)
    await post.deliverer.round()
    await first.wait()
    await post.deliverer.round()
    assert len(receiver.heard) == 1  # it is still somebody's
    post.clock.now += LEASE + 1
    await post.deliverer.round()
    while len(receiver.heard) < 2 or await post.deliveries() != [("delivered", 1)]:
        await asyncio.sleep(0.01)
    free.set()
    await post.deliverer.settled()
    assert await post.deliveries() == [("delivered", 1)]
    assert receiver.heard[0].id == receiver.heard[1].id
    assert await post.office.rows("select number, status from attempts") == [(1, 204)]


async def test_what_a_process_had_in_its_hands_is_sent_by_the_next_one_at_once(where: str, receiver: Receiver) -> None:
    clock = Clock(NOON)
    async with posting(where, clock=clock) as post:
        await post.endpoint(receiver)
        await book(post, 3)
        await post.deliverer._database.write(post.deliverer._work)  # claimed, and then it is killed
        assert await post.office.rows("select count(*) from deliveries where lease is not null") == [(3,)]
        key = post.office.desk.endpoints.sealing_key
    async with posting(where, clock=clock) as post:
        post.deliverer._sealing_key = key
        await post.deliverer.start()
        for _ in range(500):
            if len(receiver.heard) == 3:
                break
            await asyncio.sleep(0.01)
        assert len(receiver.heard) == 3
        assert clock.now == NOON


async def test_what_could_not_be_written_down_is_sent_again_when_the_lease_is_over(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post.endpoint(receiver)
    await book(post, 3)
    settle = post.deliverer._settle

    async def away(*_: object) -> set[str]:
        raise Busy()

    monkeypatch.setattr(post.deliverer, "_settle", away)
    await post.turn()
    assert len(receiver.heard) == 3
    assert set(await post.deliveries()) == {("pending", 0)}
    monkeypatch.setattr(post.deliverer, "_settle", settle)
    await post.turn()
    assert len(receiver.heard) == 3  # nobody knows what came of it, and it is still somebody's
    post.clock.now += LEASE + 1
    await post.all_out()
    assert len(receiver.heard) == 6
    assert len({heard.id for heard in receiver.heard}) == 3
    assert set(await post.deliveries()) == {("delivered", 1)}


# --- an endpoint's life -----------------------------------------------------------------------------------------------


async def test_410_disables_at_once_and_what_was_pending_goes_on_when_it_is_back(
    post: Post, receiver: Receiver, other: Receiver
) -> None:
    receiver.status = 410
    endpoint, _ = await post.endpoint(receiver)
    await post.endpoint(other)
    await book(post, 2)
    with structlog.testing.capture_logs() as logs:
        await post.all_out()
    assert len(receiver.heard) in (1, 2)
    assert await post.office.rows(f"select status, disabled_why from endpoints where id = '{endpoint.id}'") == [
        ("disabled", "gone")
    ]
    assert [line["why"] for line in logs if line["event"] == "an endpoint is disabled"] == ["gone"]
    asked = len(receiver.heard)
    await book(post, 2, first=2)
    post.clock.now += MINUTE
    await post.all_out()
    assert len(receiver.heard) == asked
    assert len(other.heard) == 4  # another's trouble is its own
    pending = await post.office.rows(f"select count(*) from deliveries where endpoint = '{endpoint.id}'")
    assert pending == [(2,)]  # what came while it was off is not kept for it
    receiver.status = 204
    await post.on(endpoint)
    await post.all_out()
    assert len({heard.id for heard in receiver.heard}) == 2
    assert await post.office.desk.endpoints.resend(endpoint.id, NOON, NOON + DAY, "missed") == 2
    await post.all_out()
    assert {heard.id for heard in receiver.heard} == {heard.id for heard in other.heard}


async def test_five_days_of_failures_disable_it(where: str, receiver: Receiver) -> None:
    async with posting(where, Schedule(jitter=0)) as post:
        receiver.status = 500
        await post.endpoint(receiver)
        for day in range(5):
            await book(post, 1, first=day)
            await post.turn()
            assert await post.office.rows("select status from endpoints") == [("enabled",)]
            post.clock.now += DAY
        post.clock.now += MINUTE  # an attempt takes some milliseconds, and the first one may have taken more
        await post.turn()
        assert await post.office.rows("select status, disabled_why from endpoints") == [("disabled", "failing")]


async def test_a_secret_that_cannot_be_opened_stops_the_endpoint_until_it_is_rotated(
    post: Post, receiver: Receiver
) -> None:
    endpoint, _ = await post.endpoint(receiver)
    await book(post, 1)
    own = post.office.desk.endpoints.sealing_key
    post.deliverer._sealing_key = post.office.desk.endpoints.sealing_key = bytes(32)  # the server's secret was changed
    await post.all_out()
    assert receiver.heard == []
    assert await post.office.rows("select status, disabled_why from endpoints") == [("disabled", "secret_lost")]
    with pytest.raises(UserError) as error:
        await post.on(endpoint)
    assert error.value.code == "secret_lost"
    await post.office.desk.endpoints.rotate(endpoint.id, 0, "key_1")
    await post.on(endpoint)
    await post.all_out()
    assert len(receiver.heard) == 1
    assert own != post.office.desk.endpoints.sealing_key


async def test_a_secret_lies_sealed_and_bound_to_its_endpoint(post: Post, receiver: Receiver) -> None:
    first, secret = await post.endpoint(receiver)
    second, _ = await post.endpoint(receiver)
    stored = str(await post.office.rows("select * from endpoints"))
    assert secret not in stored
    assert secret.removeprefix("whsec_") not in stored
    sql = f"update endpoints set secret_sealed = '{first.secret}' where id = '{second.id}'"
    await post.office.database.write(lambda c: c.exec_driver_sql(sql))
    await book(post, 1)
    await post.all_out()
    states = dict(await post.office.rows("select id, disabled_why from endpoints"))
    assert states == {first.id: None, second.id: "secret_lost"}


async def test_both_secrets_sign_during_the_overlap_and_the_new_one_alone_after_it(
    post: Post, receiver: Receiver
) -> None:
    post.clock.now = time.time_ns() // 1_000_000
    endpoint, old = await post.endpoint(receiver)
    _, new = await post.office.desk.endpoints.rotate(endpoint.id, 60_000, "key_1")
    await post.office.desk.endpoints.test(endpoint.id)
    await post.turn()
    await post.turn()
    for secret in (old, new):
        Webhook(secret).verify(receiver.heard[0].body, receiver.heard[0].headers)
    post.clock.now += 60_000
    await post.office.desk.endpoints.test(endpoint.id)
    await post.turn()
    await post.turn()
    assert len(receiver.heard) == 2
    Webhook(new).verify(receiver.heard[1].body, receiver.heard[1].headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(old).verify(receiver.heard[1].body, receiver.heard[1].headers)


async def test_a_test_goes_to_that_endpoint_alone_whatever_it_chose(
    post: Post, receiver: Receiver, other: Receiver
) -> None:
    endpoint, _ = await post.endpoint(receiver, "refund.*")
    await post.endpoint(other)
    ids = [await post.office.desk.endpoints.test(endpoint.id) for _ in range(2)]
    await post.all_out()
    assert [heard.id for heard in receiver.heard] == ids
    assert [heard.told["sequence"] for heard in receiver.heard] == [1, 2]
    assert receiver.heard[0].told["data"] == {"endpoint": {"id": endpoint.id, "url": receiver.url}}
    assert other.heard == []
    await post.off(endpoint)
    with pytest.raises(UserError) as error:
        await post.office.desk.endpoints.test(endpoint.id)
    assert error.value.code == "endpoint_disabled"


async def test_deleted_means_nothing_more_is_sent(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver)
    receiver.status = 500
    await book(post, 2)
    await post.office.desk.endpoints.test(endpoint.id)
    await post.turn()
    asked = len(receiver.heard)
    await post.office.desk.endpoints.remove(endpoint.id, "key_1")
    post.clock.now += DAY
    await post.all_out()
    assert len(receiver.heard) == asked
    for table in ("endpoints", "deliveries", "attempts"):
        assert await post.office.rows(f"select count(*) from {table}") == [(0,)]
    assert await post.office.rows("select count(*) from outbox") == [(2,)]  # the events stay
    with pytest.raises(NotFound):
        await post.office.desk.endpoints.remove(endpoint.id, "key_1")


async def test_a_private_url_is_refused_at_registration_and_at_every_change(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver)
    for url in ("https://10.0.0.1/", "http://169.254.169.254/latest", "https://localhost.invalid/"):
        with pytest.raises(UserError) as error:
            await post.office.desk.endpoints.create(url, (), None, "key_1")
        assert (error.value.code, error.value.status) == ("url_refused", 422)
        with pytest.raises(UserError):
            await post.office.desk.endpoints.change(endpoint.id, Change(url=url), "key_1")
    assert await post.office.rows("select url from endpoints") == [(receiver.url,)]


async def test_an_address_that_is_refused_only_now_is_a_failed_attempt_and_nothing_is_sent(
    where: str, receiver: Receiver
) -> None:
    async with posting(where) as post:
        await post.endpoint(receiver)
        post.deliverer._egress = strict = Egress(["10.0.0.1"])  # the setting was taken back
        await strict.start()
        await book(post, 1)
        await post.turn()
        assert receiver.heard == []
        assert await post.office.rows("select status, error from attempts") == [(None, "address_refused")]


async def test_no_log_line_has_a_url_a_secret_or_a_link(post: Post, receiver: Receiver) -> None:
    receiver.status = 500
    receiver.url += "/token-in-path?key=in-query"
    with structlog.testing.capture_logs() as logs:
        endpoint, secret = await post.endpoint(receiver)
        _, rotated = await post.office.desk.endpoints.rotate(endpoint.id, 0, "key_1")
        await book(post, 1)
        await post.all_out()
        await post.office.desk.endpoints.remove(endpoint.id, "key_1")
    text = json.dumps(logs, default=str)
    assert "an event was not taken" in text
    for hidden in ("token-in-path", "in-query", secret, rotated, "#t=", "whsec_", "hooks"):
        assert hidden not in text


# --- once more --------------------------------------------------------------------------------------------------------


async def test_one_is_sent_again_by_its_id_from_the_beginning_of_the_schedule(post: Post, receiver: Receiver) -> None:
    receiver.status = 500
    await post.endpoint(receiver)
    await book(post, 1)
    for _ in range(4):
        await post.all_out()
        post.clock.now += 1_000
    ((id_, status),) = await post.deliveries("id, status")
    assert status == "failed"
    receiver.status = 204
    await post.office.desk.endpoints.resend_one(id_)
    await post.all_out()
    assert await post.deliveries() == [("delivered", 5)]
    await post.office.desk.endpoints.resend_one(id_)  # also what was taken: its receiver may have lost it
    await post.all_out()
    assert await post.deliveries() == [("delivered", 6)]
    assert len({heard.id for heard in receiver.heard}) == 1
    assert await post.office.rows("select number from attempts order by number") == [(n,) for n in range(1, 7)]
    with pytest.raises(NotFound):
        await post.office.desk.endpoints.resend_one("dl_none")


@pytest.mark.parametrize(
    ("which", "ids"),
    [("missed", ["bk_1", "bk_2"]), ("failed", ["bk_1"]), ("delivered", ["bk_0"]), ("all", ["bk_0", "bk_1", "bk_2"])],
)
async def test_a_time_is_sent_again_by_what_became_of_it(
    post: Post, receiver: Receiver, which: str, ids: list[str]
) -> None:
    endpoint, _ = await post.endpoint(receiver, "session.booked")
    await book(post, 1)
    await post.all_out()
    post.clock.now += MINUTE
    receiver.status = 500
    await book(post, 1, first=1)
    for _ in range(4):
        await post.all_out()
        post.clock.now += 1_000
    await post.off(endpoint)
    await book(post, 1, first=2)
    await post.turn()
    end = post.clock.now + 1
    await post.on(endpoint)
    await book(post, 1, first=3)
    receiver.status = 204
    await post.all_out()
    receiver.heard.clear()
    assert await post.office.desk.endpoints.resend(endpoint.id, NOON, end - 1, which) == len(ids) - ("bk_2" in ids)  # type: ignore[arg-type]
    assert await post.office.desk.endpoints.resend(endpoint.id, NOON, end, which) >= len(ids) - 1  # type: ignore[arg-type]
    await post.all_out()
    assert sorted({heard.told["data"]["session"]["id"] for heard in receiver.heard} - {"bk_3"}) == ids


async def test_no_time_further_back_than_deliveries_are_kept(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver)
    with pytest.raises(UserError) as error:
        await post.office.desk.endpoints.resend(endpoint.id, NOON - KEPT - 1, NOON, "all")
    assert error.value.code == "too_long_ago"


# --- what goes --------------------------------------------------------------------------------------------------------


async def test_P5_7_deliveries_go_after_thirty_days_and_events_stay(post: Post, receiver: Receiver) -> None:
    endpoint, _ = await post.endpoint(receiver)
    await book(post, 2)
    await post.office.desk.endpoints.test(endpoint.id)
    await post.all_out()
    post.clock.now += KEPT
    assert await post.office.desk.endpoints.tidy() == 0
    post.clock.now += MINUTE
    await book(post, 1, first=2)
    await post.all_out()
    assert await post.office.desk.endpoints.tidy() == 3
    assert await post.office.rows("select count(*) from deliveries") == [(1,)]
    assert await post.office.rows("select count(*) from attempts") == [(1,)]
    types = [type_ for (type_,) in await post.office.rows("select type from outbox order by position")]
    assert types == ["session.booked"] * 3  # the test went with its delivery


async def test_P5_7_a_session_whose_time_is_over_takes_what_was_sent_of_it_along(
    post: Post, receiver: Receiver
) -> None:
    await post.endpoint(receiver)
    await book(post, 1)
    await post.office.desk.cancel("bk_0", Whom.CLIENT)
    await post.all_out()
    assert len(receiver.heard) >= 2
    post.clock.now += post.office.desk.rules.terms.keep_records + 400 * DAY
    assert (await post.office.desk.retain()).sessions == 1
    for table in ("outbox", "deliveries", "attempts"):
        assert await post.office.rows(f"select count(*) from {table}") == [(0,)]


async def test_P5_7_an_erased_person_is_in_no_answer_and_no_body_that_is_sent_again(
    post: Post, receiver: Receiver
) -> None:
    async def echo(heard: Heard) -> web.Response:
        return web.Response(status=500, body=heard.body)

    receiver.reply = echo
    await post.endpoint(receiver)
    await book(post, 1)
    await post.turn()
    ((answer,),) = await post.office.rows("select answer from attempts")
    assert "Ada Client" in answer
    await post.office.desk.cancel("bk_0", Whom.OPERATOR)
    await post.office.desk.erase("c_9", "key_1", "asked to")
    assert "Ada Client" not in str(await post.office.rows("select answer from attempts"))
    receiver.reply, receiver.status = None, 204
    receiver.heard.clear()
    post.clock.now += MINUTE
    await post.all_out()
    assert receiver.heard
    assert all(b"Ada Client" not in heard.body for heard in receiver.heard)


# --- the task ---------------------------------------------------------------------------------------------------------


async def test_a_poke_after_the_commit_is_enough_and_a_stop_is_a_stop(where: str, receiver: Receiver) -> None:
    async with posting(where, FAST) as post:
        await post.endpoint(receiver)
        await post.deliverer.start()
        await book(post, 1)
        for _ in range(500):
            if receiver.heard:
                break
            await asyncio.sleep(0.01)
        assert receiver.types == ["session.booked"]
        await post.office.desk.report("bk_0", Accept(Role.CLIENT, "2026-11"), post.clock())
        await asyncio.wait_for(post.deliverer.stop(), 10)
        await book(post, 1, first=1)
        await asyncio.sleep(0.1)
        assert len(receiver.heard) == 1
