"""What several servers do at once is done once, nothing of it is lost with one of them, and what one decides holds on
all: two desks on one PostgreSQL, their deliverers, senders of letters and sweeps running beside each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.desk.inbound import PATIENCE
from server.mail import sender as mail
from server.mail.sender import Sender
from server.mail.smtp import parse_server
from server.policy.operators import OperatorRole, code_at
from server.policy.people import Measure
from server.store.quality import Sample
from server.store.sealing import unpack, unseal
from server.store.sessions import Party
from server.webhooks.delivery import LEASE, Deliverer
from server.webhooks.egress import Egress
from signaling.errors import Denied
from signaling.session import MINUTE, HangUp, Join, MediaUp, Ms, Role
from tests.builders import NOON, Clock, Office, booking
from tests.e2e.stage import until
from tests.server.mail.post import ADA, MAX, REMINDER, SHEET, TERMS, MailServer, mail_server
from tests.server.test_homes import node
from tests.server.webhooks.booking.samples import HOUR, SAID
from tests.server.webhooks.booking.test_inbound import CREATED, cal, moved
from tests.server.webhooks.booking.test_orders import a_source, insist, take
from tests.server.webhooks.conftest import FAST, LOOPBACK, Receiver, receiving
from tests.stores import Cluster

DAY: Ms = 24 * 60 * MINUTE


@contextlib.asynccontextmanager
async def both(cluster: Cluster, now: Ms = NOON) -> AsyncIterator[tuple[Office, Office]]:
    url, clock = await cluster.fresh(), Clock(now)
    async with node(url, "a", clock) as a, node(url, "b", clock) as b:
        yield Office(a.desk, a.database, clock), Office(b.desk, b.database, clock)


def a_deliverer(o: Office) -> Deliverer:
    key = o.desk.endpoints.sealing_key
    made = Deliverer(o.database, Egress(LOOPBACK), key, o.clock, schedule=FAST, alone=False)
    o.desk.posted = o.desk.endpoints.posted = made.poke
    o.desk.endpoints.vet = Egress(LOOPBACK).vet
    return made


def a_sender(o: Office, server: MailServer) -> Sender:
    return Sender(
        o.database,
        parse_server(server.url),
        SHEET,
        seen=o.desk.seen,
        link=o.desk.link,
        clock=o.clock,
        rating_window=TERMS.rating_window,
        reminder=REMINDER,
        alone=False,
    )


async def test_events_and_letters_go_out_once_and_none_is_lost_with_a_node(cluster: Cluster, tmp_path: Path) -> None:
    async with (
        both(cluster, NOON - 2 * DAY) as (a, b),
        receiving() as shop,
        mail_server(tmp_path) as post,
        contextlib.AsyncExitStack() as stack,
    ):
        deliverers = [a_deliverer(o) for o in (a, b)]
        senders = [a_sender(o, post) for o in (a, b)]
        await a.desk.endpoints.create(shop.url, (), None, "key_1")
        for deliverer, sender in zip(deliverers, senders, strict=True):
            deliverer.handed_on.append(sender.handed_on)
            await deliverer.start()
            stack.push_async_callback(deliverer.stop)
            await sender.start()
            stack.push_async_callback(sender.stop)

        async def book(o: Office, number: int) -> None:
            ada, max_ = replace(ADA, person_id=f"c_{number}"), replace(MAX, person_id=f"e_{number}")
            await o.desk.book(booking(f"bk_{number}", client=ada, expert=max_))

        await asyncio.gather(*(book((a, b)[number % 2], number) for number in range(24)))
        await until(lambda: _all_out(a), 60, "everything is sent")
        a.clock.now = NOON - REMINDER
        await until(lambda: _sent(post, 96), 60, "everybody is reminded")
        await until(lambda: _all_out(a), 60, "everything is sent")
        await once(a, shop, post)
        assert sum(sum(each.outcomes.values()) for each in deliverers) == len(shop.heard)

        # one of the nodes claims what is there, and is killed with it in its hands
        await deliverers[0].stop()
        await deliverers[1].stop()
        await senders[0].stop()
        await senders[1].stop()
        await asyncio.gather(*(book(a, number) for number in range(24, 32)))
        await b.database.write(deliverers[1]._work)
        held = await a.rows("select count(*) from deliveries where lease is not null")
        letters_due = await b.database.write(lambda c: mail.letters.claim(c, b.clock(), b.clock() + mail.LEASE, 100))
        assert (held, len(letters_due)) == ([(8,)], 16)
        survivor, postman = a_deliverer(a), a_sender(a, post)
        survivor.handed_on.append(postman.handed_on)
        await survivor.start()
        stack.push_async_callback(survivor.stop)
        await postman.start()
        stack.push_async_callback(postman.stop)
        heard = len(shop.heard)
        await asyncio.sleep(1.5)
        assert len(shop.heard) == heard  # they may be on their way
        a.clock.now += max(LEASE, mail.LEASE) + 1
        await until(lambda: _all_out(a), 60, "everything is sent")
        await until(lambda: _sent(post, 112), 60, "every letter is sent")
        await once(a, shop, post)


async def once(o: Office, shop: Receiver, post: MailServer) -> None:
    """What was told is what is in the store, and each of it came once."""
    events = {id_ for (id_,) in await o.rows("select id from outbox where stream not like 'endpoint/%'")}
    heard = Counter(each.id for each in shop.heard)
    assert set(heard) == events
    assert set(heard.values()) == {1}
    letters = Counter(str(letter["Message-ID"]) for letter in post.letters)
    assert set(letters.values()) == {1}
    sent = await o.rows("select count(*) from letters where status = 'sent'")
    assert sent == [(len(letters),)]


async def _all_out(o: Office) -> bool:
    unhanded = await o.rows("select count(*) from outbox where position is null")
    waiting = await o.rows("select count(*) from deliveries where status = 'pending'")
    return unhanded == waiting == [(0,)]


async def _sent(post: MailServer, number: int) -> bool:
    return len(post.letters) >= number


async def test_sweeps_that_meet_do_each_thing_once(cluster: Cluster) -> None:
    async with both(cluster, SAID + HOUR) as (a, b):

        async def sweep() -> None:
            await asyncio.gather(a.desk.sweep(), b.desk.sweep())

        await a_source(a, "calcom")
        first = await take(a, "calcom", cal("", "BOOKING_CREATED", "Z", 0))
        assert first.record is not None
        who = {"measure": Measure.PERMANENT, "roles": (Role.EXPERT,), "until": None, "law": "DE", "reason": "proven"}
        await a.desk.impose(first.record.expert.person_id, "key_1", **who)  # type: ignore[arg-type]
        waits = await take(b, "calcom", moved("B", "A", 1))  # for its booking, and is refused when that has not come
        assert waits.message.outcome == "waiting"
        a.clock.now += PATIENCE
        await sweep()
        assert await a.rows("select count(*) from outbox where type = 'booking.refused'") == [(1,)]
        assert await a.rows("select count(*) from ledger where body like '%\"party_sanctioned\"%'") == [(1,)]

        a.clock.now = NOON - HOUR
        for number in range(8):
            client, expert = Party(f"c_{number}", "Ada Client"), Party(f"e_{number}", "Max Expert")
            await (a, b)[number % 2].desk.book(booking(f"bk_{number}", client=client, expert=expert))
        a.clock.now = NOON + HOUR  # nobody came
        await sweep()
        await sweep()
        for kind in ("ended", "settled"):
            per = "select session_id, count(*) from ledger where session_id like 'bk_%' and body like"
            found = dict(await a.rows(f'{per} \'%"kind":"{kind}"%\' group by 1'))  # type: ignore[arg-type]
            assert set(found.values()) == {1}
            assert len(found) == 8
        ended = await a.rows("select count(*) from outbox where type = 'session.ended' and stream like 'bk_%'")
        assert ended == [(8,)]
        marks = await a.rows("select count(*) from marks where session_id like 'bk_%'")
        assert marks == [(16,)]

        a.clock.now += 5 * 365 * DAY  # P5.7
        await asyncio.gather(a.desk.retain(), b.desk.retain())
        assert await a.rows("select count(*) from sessions") == [(0,)]
        assert await a.rows("select count(*) from removals where kind = 'session'") == [(9,)]


async def test_what_is_decided_on_one_node_holds_on_the_other_at_once(cluster: Cluster) -> None:
    async with both(cluster) as (a, b):
        key, secret = await a.desk.create_key("shop", ("sessions",), None)
        assert (await b.desk.authenticate(secret))[0] == key.id
        await a.desk.revoke_key(key.id)
        with pytest.raises(Denied):
            await b.desk.authenticate(secret)

        account, setup = await a.desk.operators.add("kim", OperatorRole.SUPPORT, "command")
        await a.desk.operators.begin_setup(setup)
        ((sealed,),) = await a.rows("select totp_sealed from operators")
        totp = unseal(a.desk.endpoints.sealing_key, account.id, unpack(sealed))
        assert totp is not None
        code = code_at(totp, a.clock() // 30_000)
        cookie, _ = await b.desk.operators.finish_setup(setup, "a quiet harbour at dawn", code)
        assert (await a.desk.operators.signed_in(cookie)).name == "kim"
        with pytest.raises(Denied):  # a code counts once, on whichever node
            await a.desk.operators.sign_in("kim", "a quiet harbour at dawn", code)
        await a.desk.operators.revoke(account.id, "command")
        with pytest.raises(Denied):
            await b.desk.operators.signed_in(cookie)

        one, two = await asyncio.gather(a.desk.signing.seed(), b.desk.signing.seed())
        assert one == two
        await a.desk.signing.rotate()
        assert await b.desk.signing.seed() != one
        assert await b.desk.signing.seed() == await a.desk.signing.seed()


async def test_P5_7_nothing_comes_after_an_erasure_on_another_node(cluster: Cluster) -> None:
    async with both(cluster, NOON - MINUTE) as (a, b):
        await a.desk.book(booking())
        b.clock.now = NOON
        for role in Role:
            await b.desk.report("bk_1", Join(role, f"join-{role}"), NOON, anywhere=True)
        await b.desk.report("bk_1", MediaUp(), NOON, anywhere=True)
        for role in Role:
            assert b.desk.samples.take("bk_1", role, Sample(NOON, 20, 0, 900, "good"))
        b.clock.now = NOON + MINUTE
        await b.desk.report("bk_1", HangUp(Role.CLIENT), NOON + MINUTE, anywhere=True)
        await a.desk.erase("c_9", "key_1", "asked to")
        await b.desk.samples.write()  # what was on its way to the disk there
        assert await a.rows("select role from quality") == [("expert",)]


async def test_one_message_fifty_times_on_two_nodes_is_one_booking(cluster: Cluster) -> None:
    async with both(cluster, SAID + HOUR) as (a, b):
        await a_source(a, "calcom")
        taken = await asyncio.gather(*(insist((a, b)[n % 2], "calcom", CREATED) for n in range(50)))
        assert {each.message.session for each in taken} == {"src:A"}
        assert await a.rows("select count(*) from inbox") == [(1,)]
        assert await b.rows("select count(*) from outbox where type = 'session.booked'") == [(1,)]
