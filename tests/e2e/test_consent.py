"""In the call: written consent to record, from the asking to the withdrawal, and leaving with a report."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.stage import TERMS, Cable, People, Server, until
from tests.e2e.test_leaving import call
from tests.e2e.words import calm


async def test_P5_3_consent_is_asked_given_seen_by_both_and_withdrawn(server: Server, person: People) -> None:
    client, expert = await call(server, person)
    await expert.by("more").click()
    await expert.by("consent-form").locator("summary").click()
    await expert.by("consent-ask").click()
    assert await expert.page.locator(".panel .error:not(:empty)").count() == 2  # nothing was said yet
    await expert.by("scope").fill("the sound of this call")
    await expert.by("purpose").fill("to make an exercise of it")
    await expert.by("consent-ask").click()

    request = client.by("consent-request")
    await request.wait_for()
    asked = await request.inner_text()
    for words in ("Max Expert", "the sound of this call", "to make an exercise of it", "does not record"):
        assert words in asked, asked
    assert not await expert.by("consent-form").is_visible()  # one request at a time
    assert not await client.by("consent-standing").is_visible()
    await client.by("consent-later").click()
    assert not await request.is_visible()  # nobody is pressed
    await client.by("consent-answer").click()
    await client.by("consent-give").click()
    assert "type your name" in await request.inner_text()
    await client.by("name").fill("Ada Client")
    await client.page.keyboard.press("Enter")

    for one in (client, expert):
        await one.by("consent-standing").wait_for()
        assert "the sound of this call" in await one.text("consent-standing")
        assert "may record" in await one.text("consent-standing")
        await calm(one)
    await client.by("consent-details").click()
    assert "Ada Client" in await client.text("consent-state")
    await client.by("consent-withdraw").click()
    for one in (client, expert):
        await one.by("consent-standing").wait_for(state="detached")
        await one.by("consent-news").wait_for()
    assert "stop recording" in await expert.text("consent-news")
    await asyncio.gather(client.sees_video(), expert.sees_video())  # none of it disturbs the call
    kinds = await server.kinds()
    assert [kind for kind in kinds if kind.startswith("consent")] == [
        "consent_asked",
        "consent_given",
        "consent_withdrawn",
    ]
    said = "".join(str(entry) for entry in await server.ledger())
    assert "exercise" not in said  # P0.4: no free text on a ledger


async def test_P5_3_refused_is_refused(server: Server, person: People) -> None:
    client, expert = await call(server, person)
    await client.by("more").click()
    await client.by("consent-form").locator("summary").click()
    await client.by("scope").fill("the screen")
    await client.by("purpose").fill("notes")
    await client.by("consent-ask").click()
    await expert.by("consent-refuse").click()
    await client.by("consent-news").wait_for()
    assert "did not agree" in await client.text("consent-news")
    assert await client.by("consent-form").is_visible()  # and may be asked again
    assert not await expert.by("consent-standing").is_visible()


async def test_P3_13_leave_and_report_is_one_step_for_both(server: Server, person: People) -> None:
    client, expert = await call(server, person)
    await client.by("leave").click()
    await client.by("leave-report").click()
    await client.by("report-and-leave").wait_for()  # its form is fetched
    dialog = client.page.locator("dialog[open]")
    assert "We do not give your name; what you write may show who you are" in await dialog.inner_text()
    await calm(client)
    await client.by("kind-conduct").check()
    await client.by("text").fill("There was shouting.\nI did not feel safe.")
    await client.by("report-and-leave").click()
    await asyncio.gather(client.is_in("summary", "ended"), expert.is_in("summary", "ended"))

    session = await server.ended()
    assert (session["end"]["reason"], session["end"]["by"]) == ("safety", "client")
    assert session["refund"]["status"] == "review"
    assert session["client"]["attendance"] == session["expert"]["attendance"] == "on_time"
    await client.by("own-report").wait_for()
    report = await client.text("own-report")
    assert "T-" in await client.text("ticket")
    assert "I did not feel safe." in report
    await expert.by("card-rating").wait_for()
    text = await expert.page.inner_text("body")
    assert "Ada Client left the session" in text
    assert "shouting" not in text  # P2.9: not before both have rated, or a week
    assert not await expert.by("report-of-me").is_visible()
    for one in (client, expert):
        await calm(one)


async def test_P3_13_a_report_outlives_the_lack_of_a_connection(server: Server, person: People) -> None:
    booked = await server.book(starts_in=-25, minutes=5)
    async with Cable(server.port) as cable:
        client = await person(cable.through(booked["links"]["client"]))
        expert = await person(booked["links"]["expert"])
        await client.join()
        await expert.join()
        await client.is_in("call")
        await client.by("more").click()
        await client.by("leave-and-report").click()
        await client.by("kind-conduct").check()
        await client.by("text").fill("I want to go.")
        await cable.cut()
        await client.by("report-and-leave").click()
        problem = client.page.locator("dialog .problem")
        await until(problem.inner_text, 30, "it says that this has not arrived")
        assert "not reached us yet" in await problem.inner_text()
        assert await client.by("text").input_value() == "I want to go."
        await cable.mend()

        async def gone() -> bool:
            await client.page.evaluate(
                "document.querySelector('[data-testid=report-and-leave]:not(:disabled)')?.click()"
            )
            return await client.state() == "ended"

        await until(gone, 40, "the report arrives when there is a connection again")
        await client.by("own-report").wait_for()
        assert "I want to go." in await client.text("own-report")
        assert (await server.ended())["end"]["reason"] == "safety"


async def test_what_was_typed_is_still_there_when_a_panel_closes_or_the_session_ends(
    server: Server, person: People
) -> None:
    client, expert = await call(server, person)
    await client.by("more").click()
    await client.by("consent-form").locator("summary").click()
    await client.by("scope").fill("the screen")
    await client.by("chat").click()
    await client.by("more").click()
    assert await client.by("scope").input_value() == "the screen"
    await client.by("leave-and-report").click()
    await client.by("kind-deception").check()
    await client.by("text").fill("In the middle of a sen")
    await expert.by("leave").click()
    await expert.by("leave-early").click()
    await expert.by("leave-early-confirm").click()
    await client.is_in("ended")
    report = client.by("report-open")
    await report.get_by_test_id("text").wait_for()
    assert await report.get_by_test_id("text").input_value() == "In the middle of a sen"
    assert await client.by("kind-deception").is_checked()


@pytest.mark.long  # five sessions have to end before it is known
async def test_P1_7_who_is_known_for_being_on_time_carries_a_badge(tmp_path: Path, person: People) -> None:
    server = Server(tmp_path, terms=TERMS + "fee_min_slots = 1\n")
    await server.start()
    await call(server, person, begun=5, minutes=1)
    await server.ended(within=90)  # P1.5: a slot counts from its booked end
    booked = await server.book(starts_in=120, minutes=5, session_id="bk_2")
    for role, shown in (("client", True), ("expert", False)):
        one = await person(booked["links"][role])
        await one.join()
        await one.is_in("waiting")
        assert await one.by("punctual").is_visible() is shown
        await calm(one)
        await one.context.close()
    await server.stop()


async def test_P2_1_each_sees_the_others_rating_when_both_have_rated(server: Server, person: People) -> None:
    client, expert = await call(server, person)
    await client.by("leave").click()
    await client.by("end-session").click()
    await asyncio.gather(client.is_in("summary", "ended"), expert.is_in("summary", "ended"))

    await client.by("rate").click()
    assert "choose between one and five" in await client.text("card-rating")
    await client.by("stars-1").focus()  # which is where the missing choice is
    for _ in range(3):
        await client.page.keyboard.press("ArrowRight")
    assert await client.by("stars-4").is_checked()
    await client.by("tag-helpful").check()
    await client.by("text").first.fill("It helped me a lot.")
    await client.by("rate").click()
    await client.by("rating-shown").wait_for()
    assert "4 stars" in await client.text("card-rating")
    assert await client.page.evaluate("document.activeElement.dataset.card") == "rating"  # read out, and not lost

    await expert.page.reload()
    await expert.by("card-rating").wait_for()
    assert "It helped me a lot." not in await expert.page.inner_text("body")
    await expert.by("stars-2").check(force=True)
    await expert.by("tag-unprepared").check()
    await expert.by("rate").click()
    await expert.by("card-rating-of-me").wait_for()  # now both have
    theirs = await expert.text("card-rating-of-me")
    for words in ("4 stars", "helpful", "It helped me a lot."):
        assert words in theirs, theirs
    await expert.by("card-rating-of-me").get_by_test_id("text").fill("Thank you, Ada.")
    await expert.by("answer-rating").click()
    await until(lambda: expert.page.get_by_text("You answered:").count(), 10, "the answer is kept")
    assert not await expert.by("answer-rating").is_visible()  # once

    await client.page.reload()
    await client.by("card-rating-of-me").wait_for()
    assert "2 stars" in await client.text("card-rating-of-me")
    assert await client.text("answer-of-other") == "Thank you, Ada."
    for one in (client, expert):
        await calm(one)
