"""The operators' dashboard in real browsers, over a scripted month: found by keyboard, decided once, the same after a
reload, readable on a phone, and never more than the role allows."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.e2e.axe import violations
from tests.e2e.desk import PASSWORD, DeskServer, desk_server, loaded, told

LIMIT = 20_000
WATCH = """
addEventListener("securitypolicyviolation", (e) => console.error("CSP " + e.violatedDirective + " " + e.blockedURI));
"""
VIEWS = (
    "live",
    "today",
    "cases",
    "sessions",
    "people",
    "complaints",
    "sanctions",
    "overview",
    "webhooks",
    "health",
    "audit",
    "operators",
    "keys",
)


@pytest.fixture(scope="module")
def month_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return told(tmp_path_factory.mktemp("month"))


@pytest.fixture
async def desk(month_file: Path, tmp_path: Path) -> AsyncIterator[DeskServer]:
    async with desk_server(month_file, tmp_path) as server:
        yield server


@contextlib.asynccontextmanager
async def opened(browser: Browser, **options: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page, with all that the browser complained about on it but for what a test provokes."""
    found: list[str] = []
    context = await browser.new_context(timezone_id="Europe/Berlin", locale="en-GB", **options)
    context.set_default_timeout(LIMIT)
    page = await context.new_page()
    await page.add_init_script(WATCH)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    yield page, found
    await context.close()


def complaints(found: list[str]) -> list[str]:
    """Without what belongs there: nobody is signed in at first, and a test types what is refused."""
    return [each for each in found if "401" not in each and "422" not in each]


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    async with opened(chromium) as (made, found):
        yield made
        assert complaints(found) == []


async def focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.innerText || document.activeElement.name || ''"))


async def test_one_signs_in_and_finds_everything_by_keyboard_alone(desk: DeskServer, page: Page) -> None:
    name = await desk.account("admin")
    await page.goto(f"{desk.origin}/dashboard#/sessions?outcome=hung_up")
    await expect(page.get_by_label("Name")).to_be_focused()
    for text in (name, PASSWORD, "000000"):
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("door-problem")).to_contain_text("wrong")
    await expect(page.get_by_label("Code")).to_be_focused()  # the rest is still there
    await page.keyboard.type(await desk.code(name, 1))
    await page.keyboard.press("Enter")
    await loaded(page)
    assert "outcome=hung_up" in page.url  # the address was kept
    assert await page.locator("tbody tr").count() == 5

    await page.keyboard.press("Tab")
    assert "Skip" in await focused(page)
    await page.keyboard.press("Enter")
    await page.keyboard.press("j")
    first = await focused(page)
    await page.keyboard.press("j")
    assert await focused(page) != first
    await page.keyboard.press("k")
    assert await focused(page) == first
    await page.keyboard.press("Enter")
    await loaded(page)
    await expect(page.get_by_test_id("ledger")).to_be_visible()
    await page.go_back()
    await loaded(page)
    assert await page.get_by_test_id("filter-outcome").input_value() == "hung_up"
    await page.keyboard.press("/")
    await page.keyboard.type("bk_8")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("q=bk_8"))
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.get_by_test_id("help")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("help")).to_have_count(0)
    await page.keyboard.press("g")
    await page.keyboard.press("a")
    await expect(page.locator("h1")).to_have_text("Audit")
    await expect(page.locator("h1")).to_be_focused()


async def test_filters_are_in_the_address_through_reload_back_and_the_file(
    desk: DeskServer, page: Page, tmp_path: Path
) -> None:
    await desk.signed_in(page, "support", "#/sessions")
    everything = await page.locator("tbody tr").count()
    await page.get_by_test_id("filter-status").select_option("ended")
    await page.get_by_test_id("filter-refund").select_option("review")
    await expect(page).to_have_url(re.compile(r"#/sessions\?refund=review&status=ended"))
    await loaded(page)
    rows = await page.locator("tbody tr").count()
    assert 0 < rows < everything
    await page.reload()
    await loaded(page)
    assert await page.get_by_test_id("filter-refund").input_value() == "review"
    assert await page.locator("tbody tr").count() == rows
    async with page.expect_download() as waiting:
        await page.get_by_test_id("csv").click()
    await (await waiting.value).save_as(tmp_path / "sessions.csv")
    lines = (tmp_path / "sessions.csv").read_text().splitlines()
    assert len(lines) == rows + 1
    await page.go_back()
    await expect(page.get_by_test_id("filter-refund")).to_have_value("")
    await page.get_by_test_id("clear").click()
    await expect(page).to_have_url(re.compile(r"#/sessions$"))
    await page.get_by_test_id("filter-status").select_option("held")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_test_id("filter-by").select_option("platform")
    await expect(page.get_by_test_id("empty")).to_contain_text("Nothing fits")


async def test_a_session_says_what_happened_and_why_and_its_refund_is_decided(desk: DeskServer, page: Page) -> None:
    await desk.signed_in(page, "finance", "#/sessions/bk_812")
    await expect(page.get_by_test_id("lanes")).to_be_visible()
    await expect(page.get_by_test_id("ending")).to_have_text("The expert hung up")
    # a mark lights up its entry, and an entry its mark
    mark = page.locator(".mark.hung_up")
    await mark.focus()
    seq = await mark.get_attribute("data-seq")
    await expect(page.locator(f"#entry-{seq}")).to_have_class(re.compile("lit"))
    await expect(page.get_by_test_id("readout")).to_contain_text("hung up")
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator(f"#entry-{seq}")).not_to_have_class(re.compile("lit"))
    await page.locator(f"#entry-{seq}").hover()
    await expect(mark).to_have_class(re.compile("lit"))
    assert await page.get_by_test_id("lanes").locator(".span.gap").count() == 2
    # why, to the cent, and what stands behind it
    await expect(page.get_by_test_id("sum")).to_contain_text("€120.00 × 12 min 42 s ÷ 30 min")
    await expect(page.get_by_test_id("sum")).to_contain_text("€50.80")
    await expect(page.locator(".why .rule", has_text="P3.4").first).to_be_visible()
    await expect(page.locator(".why .tick.yes")).to_have_count(3)
    await expect(page.get_by_test_id("records").locator(".tick.yes")).to_have_count(2)  # Ed25519, in this browser
    # a decision is asked once, with its words, and needs what it needs
    refund = page.get_by_test_id("refund")
    await refund.get_by_test_id("decline").click()
    await page.get_by_test_id("ask-confirm").click()
    await expect(page.get_by_test_id("ask")).to_contain_text("This is needed.")
    await page.keyboard.press("Escape")
    await refund.get_by_test_id("approve").click()
    await page.get_by_label("How much").fill("999")
    await page.get_by_test_id("ask-confirm").click()
    await expect(page.get_by_test_id("ask-problem")).to_contain_text("At most 5080")
    await page.get_by_label("How much").fill("40.00")
    await page.get_by_test_id("ask-confirm").click()
    await expect(refund).to_contain_text("Approved")
    await expect(page.get_by_test_id("ledger")).to_contain_text("Approved: €40.00")
    await refund.get_by_test_id("paid").click()
    await page.get_by_label("Reference").fill("re_812")
    await page.get_by_test_id("ask-confirm").click()
    await expect(refund).to_contain_text("Paid")
    # a note, kept and read as text
    await page.get_by_label("New note").fill("<b>called</b> the client")
    await page.get_by_test_id("add-note").click()
    await expect(page.get_by_test_id("note")).to_contain_text("<b>called</b> the client")
    assert (await desk.office.desk.record("bk_812")).facts[-1].kind == "refund_paid"


async def test_a_complaint_is_upheld_and_a_role_sees_only_what_it_may(desk: DeskServer, page: Page) -> None:
    await desk.signed_in(page, "trust", "#/complaints?status=filed&category=deception")
    card = page.get_by_test_id("complaint")
    await expect(card).to_have_count(1)
    await expect(card).to_contain_text("1 of 5 different people")
    await card.get_by_test_id("uphold").click()
    await page.get_by_label("Why").fill("the form that was sent in shows it")
    await page.get_by_test_id("ask-confirm").click()
    await expect(page.get_by_test_id("empty")).to_be_visible()  # it is not among the filed any more
    await page.get_by_test_id("filter-status").select_option("upheld")
    await expect(card).to_contain_text("the form that was sent in shows it")
    await page.get_by_test_id("nav-sanctions").click()
    sanction = page.get_by_test_id("sanction-card")
    await expect(sanction).to_contain_text("Appeal waits")
    await sanction.get_by_test_id("decide-appeal").click()
    await page.get_by_label("Decision").select_option("refused")
    await page.get_by_label("Why").fill("the five are strangers to each other")
    await page.get_by_test_id("ask-confirm").click()
    await expect(sanction).to_contain_text("Refused")
    assert await page.get_by_test_id("nav-keys").count() == 0
    await page.get_by_test_id("sign-out").click()
    await expect(page.get_by_test_id("sign-in")).to_be_visible()

    await desk.signed_in(page, "finance", "#/complaints")
    await page.goto(f"{desk.origin}/dashboard#/complaints")
    await expect(card.first).to_be_visible()
    assert await page.get_by_test_id("uphold").count() == 0


async def test_many_are_cancelled_once_they_were_seen(desk: DeskServer, page: Page) -> None:
    await desk.signed_in(page, "support", "#/people/e_ines")
    await page.get_by_test_id("cancel-week").click()
    await page.get_by_label("From").fill("2026-11-22T00:00")
    await page.get_by_label("Until").fill("2026-11-29T00:00")
    await page.get_by_label("Why").fill("the expert is ill")
    await page.get_by_test_id("ask-confirm").click()
    preview = page.get_by_test_id("preview")
    await expect(preview).to_contain_text("2 would be done")
    await expect(preview).to_contain_text("bk_601")
    assert (await desk.office.desk.record("bk_601")).session.end is None  # seen, and not done
    await page.get_by_test_id("ask-back").click()
    await expect(page.get_by_label("Why")).to_have_value("the expert is ill")
    await page.get_by_test_id("ask-confirm").click()
    await expect(preview).to_be_visible()
    await page.get_by_test_id("ask-confirm").click()
    await expect(page.get_by_test_id("said")).to_contain_text("2 sessions cancelled")
    for id_ in ("bk_601", "bk_604"):
        end = (await desk.office.desk.record(id_)).session.end
        assert end is not None
        assert end.reason == "cancelled"


async def test_an_endpoint_is_tried_and_what_it_was_sent_can_be_read(desk: DeskServer, page: Page) -> None:
    await desk.signed_in(page, "admin", "#/webhooks")
    await page.get_by_test_id("add-endpoint").click()
    await page.get_by_label("Address").fill(desk.sink)
    await page.get_by_test_id("ask-confirm").click()
    assert (await page.get_by_test_id("secret").inner_text()).startswith("whsec_")
    await page.get_by_test_id("ask-done").click()
    await page.get_by_role("link", name="sink").click()
    await loaded(page)
    desk.answers = 503
    await page.get_by_test_id("test-endpoint").click()
    await page.get_by_test_id("ask-confirm").click()
    await expect(page.get_by_test_id("said")).to_contain_text("on its way")
    await desk.posted()
    await page.keyboard.press("r")
    await page.get_by_role("link", name="endpoint.test").click()
    await expect(page.get_by_test_id("body")).to_contain_text('"endpoint.test"')
    await expect(page.locator(".attempts")).to_contain_text("503")
    await expect(page.locator(".attempts")).to_contain_text("the shop is closed")
    desk.answers = 204
    desk.office.clock.now += 1_000  # an endpoint that failed is left alone for a moment
    await page.get_by_test_id("resend").click()
    await page.get_by_test_id("ask-confirm").click()
    await expect(page.get_by_test_id("said")).to_have_text("It is on its way.")
    await desk.posted()
    await page.keyboard.press("r")
    await expect(page.locator(".attempts")).to_contain_text("204")
    assert len(desk.heard) == 2


async def test_without_a_line_what_was_there_stays_and_says_from_when_it_is(
    desk: DeskServer, chromium: Browser
) -> None:
    async with opened(chromium) as (page, _):  # what fails on purpose is on its console
        await _without_a_line(desk, page)


async def _without_a_line(desk: DeskServer, page: Page) -> None:
    await desk.signed_in(page, "support", "#/people")
    rows = await page.locator("tbody tr").count()
    await page.route("**/v1/**", lambda route: route.abort())
    await page.keyboard.press("r")
    await expect(page.get_by_test_id("trouble")).to_contain_text("No connection")
    assert await page.locator("tbody tr").count() == rows
    await page.unroute("**/v1/**")
    await page.get_by_test_id("trouble").get_by_role("button").click()
    await expect(page.get_by_test_id("trouble")).to_have_count(0)
    await page.context.clear_cookies()  # signed out elsewhere
    await page.keyboard.press("r")
    await expect(page.get_by_test_id("sign-in")).to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("You were signed out")
    assert page.url.endswith("#/people")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
async def test_every_view_fits_is_accessible_and_breaks_no_policy(
    desk: DeskServer, chromium: Browser, width: int, scheme: Any
) -> None:
    async with opened(chromium, viewport={"width": width, "height": 800}, color_scheme=scheme) as (page, found):
        await desk.signed_in(page, "admin", "#/sessions/bk_812")
        for address in ("sessions/bk_812", "people/e_max", *VIEWS):
            await page.goto(f"{desk.origin}/dashboard#/{address}")
            await loaded(page)
            assert await page.get_by_test_id("trouble").count() == 0, address
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, address
            assert await violations(page) == [], address
        if width < 500:
            await page.get_by_test_id("more").click()
            await expect(page.get_by_test_id("nav-health").first).to_be_visible()
            await page.keyboard.press("Escape")
            await expect(page.locator(".side")).to_be_hidden()
        assert complaints(found) == []


async def test_the_essential_path_in_firefox(desk: DeskServer) -> None:
    path = shutil.which("firefox-esr")
    assert path, "Firefox is missing: `make packages` installs it"
    async with async_playwright() as playwright:
        browser = await playwright.firefox.launch(channel="moz-firefox", executable_path=path)
        async with opened(browser) as (page, found):
            await desk.signed_in(page, "finance", "#/sessions/bk_812")
            await expect(page.get_by_test_id("lanes")).to_be_visible()
            await expect(page.get_by_test_id("sum")).to_contain_text("€50.80")
            await page.get_by_test_id("refund").get_by_test_id("approve").click()
            await page.get_by_test_id("ask-confirm").click()
            await expect(page.get_by_test_id("refund")).to_contain_text("Approved")
            await page.get_by_test_id("nav-overview").click()
            await loaded(page)
            await expect(page.locator("hs-plot canvas").first).to_be_visible()
            assert complaints(found) == []
        await browser.close()
