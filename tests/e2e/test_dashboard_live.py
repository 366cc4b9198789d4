"""The dashboard beside a call that really takes place: two people in browsers, and an operator who watches by hints
alone, reloads nothing, and ends it."""

from __future__ import annotations

import re

from playwright.async_api import Browser, expect

from tests.e2e.desk import loaded
from tests.e2e.stage import API_KEY, People, Server

SOON = 30_000


async def test_an_operator_sees_a_call_come_and_go_without_a_reload_and_ends_it(
    server: Server, person: People, chromium: Browser
) -> None:
    context = await chromium.new_context(locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{server.origin}/dashboard")
    await page.get_by_test_id("other-way").click()
    await page.get_by_label("API key").fill(API_KEY)
    await page.keyboard.press("Enter")
    await loaded(page)
    await expect(page.get_by_test_id("empty")).to_contain_text("Nobody is in a session now")
    await page.evaluate("window.__here = true")  # gone after a reload

    booked = await server.book(starts_in=-5, minutes=30)
    client = await person(booked["links"]["client"])
    expert = await person(booked["links"]["expert"])
    await client.join()
    row = page.locator("tbody tr")
    await expect(row).to_contain_text("Waiting", timeout=SOON)
    await expect(row).to_contain_text("not here yet")
    await expert.join()
    await expect(row).to_contain_text("Live", timeout=SOON)
    await client.sees_video()
    await row.locator("a.row-link").click()
    await expect(page.locator(".mark.met")).to_be_visible(timeout=SOON)
    await expect(page.locator(".mark.media_flowed")).to_be_visible(timeout=SOON)
    assert await page.get_by_test_id("lanes").locator(".span.connected").count() == 2

    await page.get_by_test_id("end").click()
    await page.get_by_label("Why").fill("asked to by both sides")
    await page.get_by_test_id("ask-confirm").click()
    for each in (client, expert):
        await each.is_in("summary", "ended")
    await expect(page.get_by_test_id("ending")).to_have_text("Ended by an operator", timeout=SOON)
    await expect(page.get_by_test_id("ledger")).to_contain_text("asked to by both sides")
    await expect(page.locator(".why .tick.yes")).to_have_count(3)
    await expect(page.get_by_test_id("records").locator(".tick.yes")).to_have_count(2)
    await expect(page.get_by_test_id("refund")).to_contain_text("In review")
    await page.get_by_test_id("nav-audit").click()
    await expect(page.locator("tbody tr", has_text="session.end")).to_contain_text(re.compile("bk_1"))
    assert await page.evaluate("window.__here")
    await context.close()
