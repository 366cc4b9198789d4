"""Letters through a real mail server, on both stores: who gets which one when, what is tried again and what is not."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from icalendar import Calendar

from server.mail.letters import RETRIES
from server.mail.sender import LEASE
from server.policy.people import Category
from server.store import letters
from signaling.session import MINUTE, Depart, HangUp, How, Join, MediaUp, Ms, Role, Whom
from tests.builders import NOON, Clock, Office, booking, office
from tests.server.mail.post import ADA, MAX, MailServer, everything, hand_on, mail_server, part, sender

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
HOUR: Ms = 60 * MINUTE
DAY: Ms = 24 * HOUR
BOTH = {"ada@client.example", "max@expert.example"}


async def book(o: Office, id_: str = "bk_1", **changes: object) -> None:
    await o.desk.book(booking(id_, **{"client": ADA, "expert": MAX, **changes}))


async def rows(o: Office) -> list[tuple[object, ...]]:
    return await o.rows("select kind, role, status, why, attempts from letters order by kind, role")


def last_two(server: MailServer) -> set[tuple[str, str]]:
    return set(server.told()[-2:])


async def test_booked_both_get_a_letter_with_their_own_link_and_the_appointment(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await book(o)
        await everything(o, post)
        assert {to for to, _ in server.told()} == BOTH
        record = await o.desk.record("bk_1")
        by_to = {to: letter for (_, to), letter in zip(server.envelopes, server.letters, strict=True)}
        for role, to, other, start in (
            (CLIENT, "ada@client.example", "Max Expert", "13:00 to 13:30"),
            (EXPERT, "max@expert.example", "Ada Client", "07:00 to 07:30"),
        ):
            letter, link = by_to[to], o.desk.link(record, role)
            assert str(letter["Subject"]).startswith(f"Booked: session with {other}, 22 November, {start[:5]}")
            for kind in ("text/plain", "text/html"):
                assert link in part(letter, kind)
                assert start in part(letter, kind)
            assert o.desk.link(record, role.other) not in server.raw[0].decode() + part(letter, "text/html")
            event = Calendar.from_ical(part(letter, "text/calendar")).walk("vevent")[0]
            assert str(event["url"]) == link
        assert [s for s, _ in server.envelopes] == ["calls@calls.example"] * 2
        assert await everything(o, post) == 0  # and once only


async def test_a_reminder_comes_before_the_start_and_follows_a_move(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await book(o)
        await everything(o, post)
        o.clock.now = NOON - DAY
        await book(o, starts_at=NOON + 3 * HOUR)
        await everything(o, post)
        assert {subject.partition(":")[0] for _, subject in server.told()[2:]} == {"New time"}
        o.clock.now = NOON - 60 * MINUTE  # when the old slot's would have come
        await everything(o, post)
        assert len(server.letters) == 4
        o.clock.now = NOON + 2 * HOUR
        await everything(o, post)
        assert last_two(server) == {
            ("ada@client.example", "16:00: session with Max Expert"),
            ("max@expert.example", "10:00: session with Ada Client"),
        }
        assert [row[2:] for row in await rows(o) if row[2] == "dropped"] == [("dropped", "moved", 0)] * 6


async def test_nothing_but_the_cancellation_is_sent_for_a_session_that_was_cancelled_in_between(
    where: str, tmp_path: Path
) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await book(o)
        await hand_on(o, post)  # planned, not sent yet
        await o.desk.cancel("bk_1", Whom.EXPERT)
        for now in (NOON - 2 * DAY, NOON - HOUR, NOON, NOON + 3 * MINUTE):
            o.clock.now = now
            await everything(o, post)
        subjects = set(server.told())
        assert subjects == {
            ("ada@client.example", "Cancelled: session with Max Expert, 22 November, 13:00"),
            ("max@expert.example", "Cancelled: session with Ada Client, 22 November, 07:00"),
            ("ada@client.example", "Asked back: session of 22 November"),
            ("max@expert.example", "The fee of your session of 22 November"),
        }
        event = Calendar.from_ical(part(server.letters[0], "text/calendar")).walk("vevent")[0]
        assert str(event["status"]) == "CANCELLED"
        assert {row[3] for row in await rows(o) if row[2] == "dropped"} == {"cancelled"}


async def test_who_is_missing_is_written_to_at_the_start_and_after_three_minutes(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server, reminder=0)
        for id_ in ("both", "nobody", "one", "late", "met"):
            await book(o, id_)
        await everything(o, post)
        server.letters.clear()
        server.envelopes.clear()
        o.clock.now = NOON - MINUTE
        for id_, role in (("both", CLIENT), ("both", EXPERT), ("one", EXPERT), ("late", CLIENT)):
            await o.desk.report(id_, Join(role, f"{id_}-{role}"), o.clock.now)
        o.clock.now = NOON
        await everything(o, post)
        assert sorted(server.told()) == [
            ("ada@client.example", "Max Expert is here: your session starts now"),
            ("max@expert.example", "Ada Client is here: your session starts now"),
        ]
        o.clock.now = NOON + 2 * MINUTE
        await o.desk.report("late", Join(EXPERT, "late-expert"), o.clock.now)
        await o.desk.report("met", Join(EXPERT, "met-expert"), o.clock.now)
        await o.desk.report("met", Join(CLIENT, "met-client"), o.clock.now)
        await o.desk.report("met", Depart(CLIENT, "met-client", How.CONNECTION, o.clock.now), o.clock.now)
        o.clock.now = NOON + 3 * MINUTE
        await everything(o, post)
        assert server.told()[2:] == [("ada@client.example", "Max Expert is still waiting for you")]
        assert "Join now" in part(server.letters[-1], "text/plain")


async def test_one_that_was_away_at_the_start_says_it_once(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server, reminder=0)
        await book(o)
        await everything(o, post)
        o.clock.now = NOON - MINUTE
        await o.desk.report("bk_1", Join(EXPERT, "e"), o.clock.now)
        o.clock.now = NOON + 4 * MINUTE
        await everything(o, post)
        assert [subject for _, subject in server.told()[2:]] == ["Max Expert is still waiting for you"]


async def test_new_links_are_sent_to_whom_they_belong_and_work(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await book(o)
        await everything(o, post)
        await o.desk.renew_links("bk_1", [CLIENT])
        await everything(o, post)
        assert [to for to, _ in server.told()[2:]] == ["ada@client.example"]
        assert o.desk.link(await o.desk.record("bk_1"), CLIENT) in part(server.letters[-1], "text/plain")
        eve = replace(MAX, person_id="e_5", name="Eve Expert", email="eve@expert.example")
        await book(o, expert=eve)
        await everything(o, post)
        assert server.told()[3:] == [
            ("eve@expert.example", "Your link for the session with Ada Client, 22 November, 07:00")
        ]


async def test_a_letter_that_waited_has_the_link_that_works_now(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await book(o)
        await hand_on(o, post)
        old = o.desk.link(await o.desk.record("bk_1"), CLIENT)
        await o.desk.renew_links("bk_1", [CLIENT, EXPERT])
        await everything(o, post)
        assert len(server.letters) == 4
        assert all(old not in part(letter, "text/plain") for letter in server.letters)


# --- what goes wrong --------------------------------------------------------------------------------------------------


async def test_refused_for_now_is_tried_again_and_refused_for_good_is_given_up(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 9 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server, reminder=0)
        codes = {"ada@client.example": "451 try later", "max@expert.example": "550 no such mailbox"}
        server.answer = lambda command, address: codes.get(address) if command == "RCPT" else None
        await book(o)
        await everything(o, post)
        state = {row[1]: row[2:] for row in await rows(o) if row[0] == "booked"}
        assert state == {
            "client": ("planned", "deferred: 451", 1),
            "expert": ("failed", "refused: 550", 1),
        }
        for attempt, wait in enumerate(RETRIES, start=1):
            o.clock.now += wait - 1
            assert await everything(o, post) == 0
            o.clock.now += 1
            if attempt == len(RETRIES):
                codes.clear()
            assert await everything(o, post) == 1
        assert [to for to, _ in server.told()] == ["ada@client.example"]
        assert len({str(letter["Message-ID"]) for letter in server.letters}) == 1


async def test_after_the_last_attempt_it_is_given_up(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 9 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server, reminder=0)
        server.answer = lambda command, address: "452 full" if command == "DATA" else None
        await book(o)
        await everything(o, post)
        for wait in RETRIES:
            o.clock.now += wait
            await everything(o, post)
        assert {row[2:] for row in await rows(o) if row[0] == "booked"} == {("failed", "deferred: 452", 9)}
        assert server.letters == []


async def test_a_server_that_is_away_costs_nothing_but_time(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 9 * DAY)) as o:
        async with mail_server(tmp_path) as server:
            gone = server.url
        post = sender(o, MailServer(gone), reminder=0)
        await book(o)
        await everything(o, post)
        found = {row[2:] for row in await rows(o) if row[0] == "booked"}
        assert found == {("planned", "unreachable: no connection (SMTPConnectError)", 1)}
        async with mail_server(tmp_path) as server:
            o.clock.now += RETRIES[0]
            await everything(o, sender(o, server, reminder=0))
            assert {to for to, _ in server.told()} == BOTH


async def test_a_connection_that_breaks_is_made_anew_for_the_next_letter(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 9 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server, reminder=0)
        answers = iter(["421 going away"])
        server.answer = lambda command, address: next(answers, None) if command == "RCPT" else None
        await book(o)
        await everything(o, post)
        assert len(server.letters) == 1
        o.clock.now += RETRIES[0]
        await everything(o, post)
        assert {to for to, _ in server.told()} == BOTH


async def test_a_server_that_hangs_holds_up_nothing_for_long(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.mail.smtp.CONNECT", 0.2)
    held: list[asyncio.StreamWriter] = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        await reader.read()

    silent = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with office(where, Clock(NOON - 9 * DAY)) as o:
        post = sender(o, MailServer(f"smtp+insecure://localhost:{port}"), reminder=0)
        await book(o)
        await everything(o, post)
        found = {row[2:] for row in await rows(o) if row[0] == "booked"}
        assert found == {("planned", "unreachable: no answer in time", 1)}
        assert len(held) == 1  # both letters in one lane: asked once
    for writer in held:
        writer.close()
    silent.close()


async def test_killed_between_sending_and_recording_it_is_sent_again_under_the_same_id(
    where: str, tmp_path: Path
) -> None:
    """The process is killed the moment the server has the mail; what comes after its lease is the same letter."""
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        await book(o, expert=replace(MAX, email=None))
        await hand_on(o, sender(o, server))
        now = o.clock.now
    async with mail_server(tmp_path) as server:
        command = [sys.executable, "-m", "tests.server.mail.one_round", where, server.url, str(now)]
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
        server.accepted = lambda: os.kill(process.pid, signal.SIGKILL)
        _, errors = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == -signal.SIGKILL, errors.decode()
        server.accepted = lambda: None
        async with office(where, Clock(now)) as o:
            post = sender(o, server)
            await everything(o, post)
            assert len(server.letters) == 1  # it may be under way: its lease is not over
            o.clock.now += LEASE
            await everything(o, post)
        assert [to for to, _ in server.told()] == ["ada@client.example"] * 2
        assert len({str(letter["Message-ID"]) for letter in server.letters}) == 1


async def test_after_a_start_nobody_waits_for_a_lease_of_the_process_before(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await book(o)
        await hand_on(o, post)
        await o.database.write(lambda c: letters.claim(c, o.clock.now, o.clock.now + LEASE, 100))
        assert await post.round() == 0
        arrived = asyncio.Event()
        server.accepted = lambda: arrived.set() if len(server.letters) == 2 else None
        await post.start()
        await asyncio.wait_for(arrived.wait(), 60)
        await post.stop()


async def test_what_two_senders_see_is_sent_by_one(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        posts = [sender(o, server) for _ in range(8)]
        for n in range(10):
            await book(o, f"bk_{n}")
        await hand_on(o, posts[0])
        await asyncio.gather(*(post.round() for post in posts))
        assert len(server.letters) == 20
        assert len({str(letter["Message-ID"]) for letter in server.letters}) == 20


async def test_a_letter_that_cannot_be_made_holds_up_no_other(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        real = o.desk.seen

        async def seen(session: str, role: Role) -> object:
            if role is CLIENT:
                raise RuntimeError("a bug")
            return await real(session, role)

        monkeypatch.setattr(post, "_seen", seen)
        await book(o)
        await everything(o, post)
        assert [to for to, _ in server.told()] == ["max@expert.example"]
        assert ("booked", "client", "planned", "error", 1) in await rows(o)


async def test_it_runs_by_itself_and_stops_at_once(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        arrived = asyncio.Event()
        server.accepted = lambda: arrived.set() if len(server.letters) == 2 else None
        await post.start()
        await book(o)
        await hand_on(o, post)
        await asyncio.wait_for(arrived.wait(), 60)
        await asyncio.wait_for(post.stop(), 60)


# --- money and reports ------------------------------------------------------------------------------------------------


async def held(o: Office, ended_by: Role = EXPERT) -> None:
    """A session that was left after twenty of its thirty minutes."""
    o.clock.now = NOON - DAY
    await book(o)
    o.clock.now = NOON
    for role in Role:
        await o.desk.report("bk_1", Join(role, f"j-{role}"), NOON)
    await o.desk.report("bk_1", MediaUp(), NOON)
    o.clock.now = NOON + 20 * MINUTE
    await o.desk.report("bk_1", HangUp(ended_by), o.clock.now)


def since(server: MailServer, mark: int) -> list[tuple[str, str]]:
    return sorted(server.told()[mark:])


async def test_each_step_of_a_refund_is_told_to_whom_it_concerns(where: str, tmp_path: Path) -> None:
    async with office(where) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await held(o)
        await everything(o, post)
        client = [(to, subject) for to, subject in server.told() if "money" in subject]
        assert client == [("ada@client.example", "You may ask for money back: session of 22 November")]
        assert "40.00 USD" in part(server.letters[-1], "text/plain")
        told = len(server.letters)
        await o.desk.request_refund("bk_1", CLIENT, None)
        await everything(o, post)
        await o.desk.decide_refund("bk_1", "declined", None, "It was agreed upon; max@expert.example")
        await everything(o, post)
        await o.desk.dispute("bk_1", CLIENT, "It was not")
        await everything(o, post)
        await o.desk.decide_refund("bk_1", "approved", None, None)
        await everything(o, post)
        await o.desk.refund_settled("bk_1", "pay_1")
        await everything(o, post)
        of_client = [subject for to, subject in server.told()[told:] if to == "ada@client.example"]
        of_expert = [subject for to, subject in server.told()[told:] if to == "max@expert.example"]
        assert of_client == [
            "Asked back: session of 22 November",
            "An answer about your session of 22 November",
            "A second look at your session of 22 November",
            "Approved: money back, session of 22 November",
            "Paid back: session of 22 November",
        ]
        assert of_expert == ["The fee of your session of 22 November"] * 5
        texts = "".join(part(letter, "text/plain") for letter in server.letters)
        assert not any(word in texts for word in ("agreed upon", "It was not"))  # what anybody wrote stays on the page


async def test_of_steps_that_follow_at_once_the_last_is_told(where: str, tmp_path: Path) -> None:
    async with office(where) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await held(o)
        await o.desk.request_refund("bk_1", CLIENT, None)
        await o.desk.decide_refund("bk_1", "approved", None, None)
        await everything(o, post)
        assert {subject for _, subject in server.told() if "session of" in subject} == {
            "Approved: money back, session of 22 November",
            "The fee of your session of 22 November",
        }


async def test_a_claim_is_not_told_to_the_expert_before_its_time(where: str, tmp_path: Path) -> None:
    """P2.1: until both have rated, or seven days are over; then what stands by then is told."""
    async with office(where) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await held(o, ended_by=CLIENT)
        await everything(o, post)
        mark = len(server.letters)
        await o.desk.claim_cause("bk_1", CLIENT, "not_the_person", "Somebody else sat there")
        await o.desk.decide_refund("bk_1", "approved", None, None)
        await o.desk.request_refund("bk_1", CLIENT, None)
        await everything(o, post)
        assert since(server, mark) == [("ada@client.example", "Asked back: session of 22 November")]
        end = NOON + 20 * MINUTE
        for day in range(1, 7):
            o.clock.now = end + day * DAY
            await everything(o, post)
        assert len(server.letters) == mark + 1
        o.clock.now = end + 7 * DAY
        await everything(o, post)
        assert since(server, mark + 1) == [("max@expert.example", "The fee of your session of 22 November")]


async def test_a_report_is_answered_at_once_and_told_to_the_other_only_when_its_page_shows_it(
    where: str, tmp_path: Path
) -> None:
    async with office(where) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await held(o, ended_by=CLIENT)
        await everything(o, post)
        mark = len(server.letters)
        ticket = await o.desk.complain("bk_1", CLIENT, Category.CONDUCT, "He shouted; write to ada@client.example")
        await everything(o, post)
        assert since(server, mark) == [("ada@client.example", f"We received your report {ticket}")]
        o.clock.now += DAY
        await o.desk.rate("bk_1", CLIENT, 1, (), None)
        await o.desk.rate("bk_1", EXPERT, 5, (), None)  # now both have
        await everything(o, post)
        assert since(server, mark + 1) == [
            ("max@expert.example", "There is a report about your session of 22 November")
        ]
        letter = server.letters[-1]
        for kind in ("text/plain", "text/html"):
            text = part(letter, kind)
            assert not any(word in text for word in ("Ada", "shouted", ticket))  # P2.9
        await o.desk.decide_complaint(ticket, "dismiss", "key_1", "Nothing of it was heard")
        await everything(o, post)
        assert since(server, mark + 2) == [
            ("ada@client.example", f"Your report {ticket}: our answer"),
            ("max@expert.example", "A report about your session of 22 November: what we found"),
        ]


async def test_who_left_for_its_safety_gets_the_number_of_its_report(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await book(o)
        await everything(o, post)
        mark = len(server.letters)
        o.clock.now = NOON
        for role in Role:
            await o.desk.report("bk_1", Join(role, f"j-{role}"), NOON)
        o.clock.now = NOON + 5 * MINUTE
        _, ticket = await o.desk.leave_for_safety("bk_1", EXPERT, "conduct", None, o.clock.now)
        await everything(o, post)
        assert since(server, mark) == [
            ("ada@client.example", "We are looking at your session of 22 November"),
            ("max@expert.example", f"We received your report {ticket}"),
        ]


# --- what is kept -----------------------------------------------------------------------------------------------------


async def test_no_address_means_no_letter_and_an_odd_one_is_not_written_to(where: str, tmp_path: Path) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await book(o, client=replace(ADA, email=None), expert=replace(MAX, email="max>\u2028rcpt,eve@expert.example"))
        await everything(o, post)
        assert server.letters == []
        state = {row[1]: row[2:] for row in await rows(o) if row[0] == "booked"}
        assert state == {"client": ("dropped", "no_address", 0), "expert": ("failed", "address", 0)}


async def test_letters_hold_no_person_and_go_after_their_time_or_with_their_session(where: str, tmp_path: Path) -> None:
    async with office(where) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await held(o)
        await everything(o, post)
        kept = json.dumps(await o.rows("select * from letters"), default=str)
        assert not any(word in kept for word in ("ada", "Ada", "max@", "Max", "c_9", "e_4"))
        o.clock.now = NOON + 29 * DAY
        await o.desk.retain()
        before = len(await rows(o))
        assert before > 0
        o.clock.now = NOON + 32 * DAY
        await o.desk.retain()
        assert await rows(o) == []
        await o.desk.wake("bk_1")  # the time for asking is over
        await hand_on(o, post)
        assert [row[:3] for row in await rows(o)] == [("refund_expired", "client", "planned")]
        o.clock.now = NOON + 900 * DAY
        await o.desk.retain()
        assert await rows(o) == []
        assert await o.rows("select id from sessions") == []


async def test_an_erased_person_is_written_to_no_more(where: str, tmp_path: Path) -> None:
    async with office(where) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        await held(o)
        await hand_on(o, post)
        await o.desk.erase("c_9", "key_1", "asked to")
        await everything(o, post)
        assert not [to for to, _ in server.told() if to == "ada@client.example"]
        assert "Ada" not in "".join(part(letter, "text/plain") for letter in server.letters)


async def test_no_address_or_name_is_logged(where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with office(where, Clock(NOON - 2 * DAY)) as o, mail_server(tmp_path) as server:
        post = sender(o, server)
        server.answer = lambda command, address: f"550 <{address}> is not here" if command == "RCPT" else None
        await book(o)
        await everything(o, post)
    told = capsys.readouterr()
    lines = told.out + told.err
    assert "letter failed" in lines
    assert not any(word in lines for word in ("example>", "client.example", "Ada"))
