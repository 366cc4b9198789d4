"""Bookings in and events out, looked at by somebody who did not build them: what is lost, blamed, shown, held up."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import text

from server.desk.inbound import INBOX_KEPT, PATIENCE
from server.desk.sources import SourceChange
from signaling.session import Accept, Join, Phase, Role, Whom
from tests.builders import GUIDELINES, NOON, Clock, booking, office
from tests.server.api.conftest import Build, build
from tests.server.api.test_endpoints import Out, out
from tests.server.webhooks.booking.samples import CLIENT, HOST, HOUR, LATER, SAID, calcom, standard
from tests.server.webhooks.booking.test_orders import a_source, take
from tests.server.webhooks.conftest import Heard, Post, Receiver, post, receiver

__all__ = ["Build", "build", "out", "post", "receiver"]

CREATED = calcom("BOOKING_CREATED", "A", n=0, price=5000)


def moved(uid: str, before: str, n: int, starts_at: int = LATER, **more: Any) -> bytes:
    return calcom("BOOKING_RESCHEDULED", uid, n=n, starts_at=starts_at, rescheduleUid=before, **more)


# --- who is blamed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [HOST, None])
async def test_P1_4_a_move_in_time_is_no_no_show_though_heard_too_late(where: str, by: str | None) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        await take(o, "calcom", CREATED)
        o.clock.at(12)
        await o.desk.sweep()
        taken = await take(o, "calcom", moved("B", "A", 1, rescheduledBy=by))
        assert (taken.message.outcome, taken.message.session) == ("taken", "src:A")
        await o.desk.cancel("src:A", Whom.CLIENT)
        assert await o.rows("select count(*) from marks where no_show = 1") == [(0,)]


async def test_P0_1_a_move_after_the_start_leaves_what_was_done_in_the_old_slot(where: str) -> None:
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom", late_by=24 * HOUR)
        await take(o, "calcom", CREATED)
        o.clock.at(12)
        await o.desk.sweep()
        at = (o.clock() - SAID) // 1000
        await take(o, "calcom", moved("B", "A", at, rescheduledBy=HOST))
        await o.desk.cancel("src:A", Whom.CLIENT)
        assert await o.rows("select count(*) from marks where no_show = 1") == [(2,)]


async def test_a_session_in_which_they_have_met_is_nobodys_double(where: str) -> None:
    """A move got lost until the one after it was live: that one is the appointment."""
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        await take(o, "calcom", CREATED)
        await take(o, "calcom", moved("C", "B", 2, NOON - HOUR, price=5000))
        o.clock.now += PATIENCE
        await o.desk.sweep()
        o.clock.now = NOON - HOUR
        for role in Role:
            await o.desk.report("src:B", (Accept(role, GUIDELINES), Join(role, f"join-{role}")), o.clock())
        assert (await o.desk.record("src:B")).session.phase is Phase.LIVE
        taken = await take(o, "calcom", moved("B", "A", 1, price=5000))
        assert (taken.message.outcome, taken.message.session) == ("taken", "src:B")
        await o.desk.sweep()
        await o.desk.sweep()
        assert (await o.desk.record("src:B")).session.phase is Phase.LIVE
        assert (await o.desk.record("src:A")).session.phase is Phase.CANCELLED
        assert await o.rows("select count(*) from bookings where wake_at is not null") == [(0,)]


@pytest.mark.parametrize("by", [HOST, CLIENT])
async def test_a_session_that_there_is_waits_for_no_payment_before_it_is_cancelled(where: str, by: str) -> None:
    """Its source was told to wait for payments after it had been booked."""
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "calcom")
        await take(o, "calcom", CREATED)
        await o.desk.sources.change("src", SourceChange(wait_for_payment=True), "key_1")
        await take(o, "calcom", moved("B", "A", 1, price=5000))
        assert (await o.desk.record("src:A")).session.slot.starts_at == LATER
        await take(o, "calcom", calcom("BOOKING_CANCELLED", "B", n=2, cancelledBy=by))
        assert (await o.desk.record("src:A")).session.phase is Phase.CANCELLED
        new = await take(o, "calcom", calcom("BOOKING_CREATED", "N", n=3, price=5000))
        assert new.message.outcome == "waiting"


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_a_failed_statement_says_nothing_of_what_it_was_given(where: str) -> None:
    """The error's text goes into the log."""
    async with office(where) as o:
        with pytest.raises(Exception) as error:
            await o.database.write(
                lambda c: c.execute(text("insert into nowhere values (:name)"), {"name": "Ada Lovelace"})
            )
        assert "nowhere" in str(error.value)
        assert "Ada" not in str(error.value)
        with pytest.raises(Exception) as error:
            async with o.database.read() as connection:
                await connection.execute(text("select * from nowhere where a = :name"), {"name": "Ada Lovelace"})
        assert "Ada" not in str(error.value)


async def test_an_answer_that_repeats_the_event_is_shown_without_what_opens_a_link(
    out: Out, receiver: Receiver
) -> None:
    async def echo(heard: Heard) -> web.Response:
        body = heard.body[heard.body.index(b'"links"') :]
        return web.Response(status=500, body=body)

    receiver.reply = echo
    made = await out.made(receiver)
    await out.world.book()
    await out.all_out()
    [listed] = (await out.call("GET", f"/v1/endpoints/{made['id']}/deliveries"))["data"]
    tried = (await out.call("GET", f"/v1/deliveries/{listed['id']}"))["tried"]
    assert tried[0]["answer"].startswith('"links"')
    assert "#t=…" in tried[0]["answer"]
    assert (await out.world.token(Role.CLIENT)) not in str(tried)


async def test_deleted_in_the_middle_of_many_means_nothing_more_is_sent(post: Post, receiver: Receiver) -> None:
    """Its links are somebody else's by then."""
    endpoint, _ = await post.endpoint(receiver)

    async def delete(heard: Heard) -> web.Response:
        if len(receiver.heard) == 1:
            await post.office.desk.endpoints.remove(endpoint.id, "key_1")
        while post.deliverer._writing is not None:
            await asyncio.sleep(0.01)
        return web.Response(status=204)

    for n in range(20):
        await post.office.desk.book(booking(f"bk_{n}", starts_at=NOON + n * HOUR))
    receiver.reply = delete
    await post.turn()
    assert len(receiver.heard) <= 4  # two lanes, each with one on its way


# --- what comes again -------------------------------------------------------------------------------------------------


async def test_a_message_that_comes_again_after_its_month_changes_nothing(where: str) -> None:
    """A sender of Standard Webhooks signs anew whenever it sends again."""
    raw = standard("booking.created", "bk_1", n=0, starts_at="2027-02-22T12:00:00Z")
    async with office(where, Clock(SAID + HOUR)) as o:
        await a_source(o, "standard")
        await take(o, "standard", raw)
        ledger = await o.rows("select * from ledger")
        o.clock.now += INBOX_KEPT + 1
        await o.desk.retain()
        assert await o.rows("select count(*) from inbox") == [(0,)]
        assert (await take(o, "standard", raw)).message.outcome == "taken"
        assert await o.rows("select * from ledger") == ledger


# --- what holds up the loop -------------------------------------------------------------------------------------------


async def test_a_statement_that_reads_a_whole_table_does_not_stop_everybody_else(tmp_path: Path) -> None:
    """SQLite: an erasure looks through every event that was ever told. Calls go on meanwhile."""
    async with office(tmp_path / "a.db", Clock(NOON - 24 * HOUR)) as o:
        await o.desk.book(booking("bk_1"))
        await o.desk.cancel("bk_1", Whom.CLIENT)
        await o.database.write(
            lambda c: c.execute(
                text(
                    "insert into outbox (id, stream, sequence, type, body, created_at) with recursive n(i) as "
                    "(select 1 union all select i + 1 from n where i < 20000) "
                    "select 'x' || i, 'source/x', i, 'booking.refused', '{\"data\":{}}', 1 from n"
                )
            )
        )
        steps: dict[bool, int] = {True: 0, False: 0}
        here = threading.get_ident()

        def step() -> None:
            steps[threading.get_ident() == here] += 1

        async def watch(connection: Any) -> None:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            await raw.set_progress_handler(step, 1000)

        await o.database.write(watch)
        await o.desk.erase("c_9", "key_1", "asked to")
        assert steps[False] > 50, steps
        assert steps[True] < 20, steps
