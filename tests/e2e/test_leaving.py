"""The ways of leaving, and what follows from each for both sides and the money (P3.3 to P3.10)."""

from __future__ import annotations

import asyncio

from tests.e2e.stage import People, Person, Server, until


async def call(server: Server, person: People, *, begun: float = 25, minutes: int = 2) -> tuple[Person, Person]:
    """Client and expert in a call that began some seconds ago, both with video."""
    booked = await server.book(starts_in=-begun, minutes=minutes)
    client = await person(booked["links"]["client"])
    expert = await person(booked["links"]["expert"])
    await client.join()
    await expert.join()
    await asyncio.gather(client.sees_video(), expert.sees_video())
    await until(lambda: _flowed(server), 10, "media flowed")
    return client, expert


async def may_leave_freely(one: Person) -> None:
    """Open the ways of leaving and wait until one of them is free."""
    await one.by("leave").click()
    assert not await one.by("leave-freely").is_visible()
    await one.by("leave-freely").wait_for(state="visible", timeout=60_000)


async def _flowed(server: Server) -> bool:
    return "media_flowed" in await server.kinds()


async def test_P3_4_expert_leaves_early_and_the_client_asks_for_a_part(server: Server, person: People) -> None:
    client, expert = await call(server, person)
    await expert.by("leave").click()
    await expert.by("leave-early").click()
    amount = await expert.text("leave-early-amount")  # before it is confirmed
    assert any(digit in amount for digit in "123456789"), amount
    await expert.by("leave-early-confirm").click()
    await asyncio.gather(client.is_in("summary", "ended"), expert.is_in("summary", "ended"))

    session = await server.ended()
    end, refund = session["end"], session["refund"]
    assert (end["reason"], end["by"], end["first_out"]) == ("hung_up", "expert", "expert")
    assert refund["status"] == "eligible"
    most = -(-12000 * round(end["unlapsed_seconds"] * 1000) // 120_000)  # P3.18: rounded up
    assert refund["max"] == {"amount": most, "currency": "USD"}
    assert "P3.4" in refund["rules"]
    assert f"{most / 100:.2f}" in await client.text("refund-max")
    assert not await expert.by("refund-request").is_visible()

    await client.by("refund-amount").fill("10.50")
    await client.by("refund-request").click()

    async def requested() -> bool:
        return bool((await server.session())["refund"]["status"] == "requested")

    await until(requested, 10, "the refund is requested")
    assert (await server.session())["refund"]["requested"] == {"amount": 1050, "currency": "USD"}
    await server.call("POST", "/v1/sessions/bk_1/refund/decision", json={"decision": "approved"})
    await server.call("POST", "/v1/sessions/bk_1/refund/settled", json={"reference": "re_77"})
    session = await server.session()
    assert session["refund"]["status"] == "settled"
    assert session["refund"]["approved"] == {"amount": 1050, "currency": "USD"}
    await client.page.reload()
    await client.is_in("summary", "ended")
    assert await client.by("refund-status").is_visible()


async def test_P3_3_client_ends_early_without_penalty_or_refund(server: Server, person: People) -> None:
    client, expert = await call(server, person)
    await client.by("leave").click()
    await client.by("end-session").click()
    await asyncio.gather(client.is_in("summary", "ended"), expert.is_in("summary", "ended"))
    session = await server.ended()
    assert (session["end"]["reason"], session["end"]["by"]) == ("hung_up", "client")
    assert session["refund"]["status"] == "none"
    assert session["client"]["attendance"] == session["expert"]["attendance"] == "on_time"


async def test_P3_6_experts_browser_is_killed_and_the_client_leaves_freely(server: Server, person: People) -> None:
    client, expert = await call(server, person)
    await expert.context.close()
    await client.is_in("held", "call")
    await client.by("held").wait_for(state="visible", timeout=30_000)
    await may_leave_freely(client)  # the grace has passed
    await client.by("leave-freely").click()
    await client.is_in("summary", "ended")
    session = await server.ended()
    assert session["end"]["reason"] in ("lost", "left_page")
    assert session["end"]["by"] == "expert"
    assert session["refund"]["status"] == "eligible"
    departed = [entry for entry in await server.ledger() if entry["kind"] == "departed"]
    assert len(departed) == 1
    ended = next(entry for entry in await server.ledger() if entry["kind"] == "ended")
    assert ended["as_of"] == departed[0]["alive_at"]  # as of the last proof of life
    assert ended["at"] >= departed[0]["grace_until"]


async def test_P3_6_experts_browser_is_killed_and_the_stop_comes(server: Server, person: People) -> None:
    client, expert = await call(server, person, begun=10, minutes=1)
    await expert.context.close()
    session = await server.ended()
    assert (session["end"]["reason"], session["end"]["by"]) in {("lost", "expert"), ("left_page", "expert")}
    assert session["end"]["at"] < session["ends_at"]
    assert session["refund"]["status"] == "eligible"
    await client.is_in("summary", "ended")


async def test_P3_5_the_expert_comes_back_late_and_only_the_gap_is_counted(server: Server, person: People) -> None:
    client, expert = await call(server, person, begun=10, minutes=2)
    link = expert.link
    await expert.context.close()
    await may_leave_freely(client)
    await client.page.keyboard.press("Escape")  # and stays
    again = await person(link)
    await again.join()
    await asyncio.gather(client.sees_video(), again.sees_video())
    await client.by("leave").click()
    await client.by("end-session").click()
    session = await server.ended()
    assert (session["end"]["reason"], session["end"]["by"]) == ("hung_up", "client")
    assert session["refund"]["status"] == "eligible"  # what was not delivered before stays owed
    [departed] = [entry for entry in await server.ledger() if entry["kind"] == "departed"]
    back = [entry for entry in await server.ledger() if entry["kind"] == "joined" and entry["role"] == "expert"][-1]
    gap = (back["at"] - departed["alive_at"]) / 1000
    assert session["refund"]["parts"] == [{"seconds": gap, "rule": "P3.5"}]


async def test_P3_5_a_reload_is_nothing_to_anyone(server: Server, person: People) -> None:
    client, expert = await call(server, person)
    for one, other in ((expert, client), (client, expert)):
        await one.page.reload()
        await one.is_in("call", within=30)
        await asyncio.gather(one.sees_video(), other.sees_video())
    assert "ended" not in await server.kinds()
    await client.by("leave").click()
    await client.by("end-session").click()
    session = await server.ended()
    assert session["refund"]["status"] == "none"
    assert session["refund"]["parts"] == []
    assert session["expert"]["attendance"] == "on_time"


async def test_P0_6_a_second_device_takes_over_and_the_first_is_told(server: Server, person: People) -> None:
    client, expert = await call(server, person)
    other_device = await person(expert.link)
    await other_device.join()
    await expert.is_in("replaced")
    assert await expert.by("replaced").is_visible()
    await asyncio.gather(client.sees_video(), other_device.sees_video())
    kinds = await server.kinds()
    assert "replaced" in kinds
    assert "departed" not in kinds  # never a departure
    await expert.by("take-over").click()
    await other_device.is_in("replaced")
    await asyncio.gather(client.sees_video(), expert.sees_video())


async def test_P0_5_expert_comes_early_goes_and_never_returns(server: Server, person: People) -> None:
    booked = await server.book(starts_in=35, minutes=5)
    client = await person(booked["links"]["client"])
    expert = await person(booked["links"]["expert"])
    await expert.join()
    await client.join()
    await asyncio.gather(client.sees_video(), expert.sees_video())  # who is early may talk
    await expert.by("leave").click()
    assert not await expert.by("leave-early").is_visible()  # until the start there is only Step out
    await expert.by("step-out").click()
    await client.is_in("waiting")
    await may_leave_freely(client)  # start + no_show_after
    await client.by("leave-freely").click()
    session = await server.ended()
    assert (session["end"]["reason"], session["end"]["by"]) == ("no_show", "expert")
    assert session["expert"]["attendance"] == "no_show"
    assert session["client"]["attendance"] == "on_time"
    assert session["refund"]["status"] == "requested"  # P3.10: with no click
    assert session["refund"]["max"] == {"amount": 12000, "currency": "USD"}
