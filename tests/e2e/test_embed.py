"""A session inside another site's page: what the element tells and does, and what nobody else can make it tell or do.

The shop is a real site on another host than the server (``localhost`` beside ``127.0.0.1``), so that the frame is a
third party's, for which both browsers keep nothing. In Chromium whole calls; in Firefox all but the media.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.e2e.market import ONE_PROCESS, Guest
from tests.e2e.stage import ROOT, WATCH_CONNECTIONS, Server, free_port, until
from tests.e2e.test_browsers import FIREFOX

BUILT = ROOT / "static" / "dist" / "embed"
LIMIT = 5_000
"""Bytes of the element, as it travels."""

SHOP = """<!doctype html>
<html><head><title>The shop</title></head>
<body>
<script type="module" src="{server}/embed/v1.js"></script>
<script>
  window.told = [];
  window.put = (id, src, token, lang) => {{
    const one = document.createElement("headstrt-session");
    one.id = id;
    for (const name of ["ready", "precheck", "waiting", "join", "leave", "peer-join", "peer-leave", "warning",
                        "quality", "reconnecting", "ended", "rated", "error"])
      one.addEventListener(name, (event) => window.told.push([id, name, event.detail]));
    one.lang = lang;
    one.src = src;
    if (token) one.token = token;
    document.body.append(one);
  }};
</script>
</body></html>
"""


@dataclass
class Site:
    """A site that serves what it is given, on a host and port of its own; what pages say back is in ``heard``."""

    pages: dict[str, str] = field(default_factory=dict)
    host: str = "localhost"
    port: int = field(default_factory=free_port)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def _answer(self, request: web.Request) -> web.Response:
        page = self.pages.get(request.path)
        if page is None:
            raise web.HTTPNotFound
        return web.Response(text=page, content_type="text/html", headers=self.headers)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Site]:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, self.host, self.port).start()
        try:
            yield self
        finally:
            await runner.cleanup()


@pytest.fixture
async def shop() -> AsyncIterator[Site]:
    async with Site().open() as site:
        yield site


@pytest.fixture
async def near() -> AsyncIterator[Site]:
    """One on the server's own host, whose frames may store things."""
    async with Site(host="127.0.0.1").open() as site:
        yield site


@pytest.fixture
async def stranger() -> AsyncIterator[Site]:
    async with Site().open() as site:
        yield site


@pytest.fixture
async def server(tmp_path: Path, shop: Site, near: Site) -> AsyncIterator[Server]:
    """One that lets these two embed, and nobody else."""
    running = Server(tmp_path, settings={"HEADSTRT_EMBED_ORIGINS": f"{shop.origin},{near.origin}"})
    await running.start()
    shop.pages["/"] = near.pages["/"] = SHOP.format(server=running.origin)
    yield running
    await running.stop()
    assert "Traceback" not in running.log(), running.log()


@dataclass
class Visitor(Guest):
    """Somebody at the shop, with one or more elements on the page."""

    id: str = "one"

    async def put(self, link: str, lang: str = "") -> None:
        src, _, token = link.partition("#t=")
        await self.page.evaluate("(given) => window.put(...given)", [self.id, src, token, lang])

    async def told(self, *names: str) -> list[Any]:
        """Names and details of the events so far, of these names or of all but the figures of the call."""
        every = await self.page.evaluate("window.told")
        return [[n, d] for who, n, d in every if who == self.id and (n in names if names else n != "quality")]

    async def hears(self, name: str, within: float = 30) -> Any:
        """The detail of the first event of this name."""

        async def heard() -> list[Any]:
            return await self.told(name)

        try:
            return (await until(heard, within))[0][1]
        except AssertionError:
            raise AssertionError(f"no {name}; told was {await self.told()}") from None

    async def do(self, act: str) -> bool:
        return bool(await self.page.evaluate(f"document.getElementById('{self.id}').{act}()"))


SETTABLE = ("src", "token")
METHODS = ["join", "leave", "src", "toggleCamera", "toggleMicrophone", "token"]

Visitors = Callable[..., Awaitable[Visitor]]


@pytest.fixture
async def visitor(chromium: Browser, server: Server, shop: Site) -> AsyncIterator[Visitors]:
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    async def make(link: str, site: Site = shop) -> Visitor:
        context = await chromium.new_context()
        for origin in (server.origin, site.origin):  # the shop delegates what it has
            await context.grant_permissions(["camera", "microphone"], origin=origin)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.add_init_script(WATCH_CONNECTIONS)
        await page.goto(site.origin)
        one = Visitor(page, context, link)
        if link:
            await one.put(link)
        return one

    yield make
    for context in contexts:
        await context.close()
    assert not problems, problems


# --- what it weighs ---------------------------------------------------------------------------------------------------


def test_the_element_stays_small_and_stands_alone() -> None:
    script = (BUILT / "v1.js").read_bytes()
    assert len(gzip.compress(script, 9)) < LIMIT
    assert b"import" not in script


def test_the_types_are_published_with_it() -> None:
    types = (BUILT / "v1.d.ts").read_text()
    assert "toggleMicrophone(): Promise<boolean>" in types
    assert '"headstrt-session": HeadstrtSession' in types


def test_the_document_names_every_event_and_every_method() -> None:
    details = (BUILT / "v1.d.ts").read_text().partition("interface HeadstrtSessionDetails {")[2].partition("\n}")[0]
    events = re.findall(r'^ {4}"?([a-z-]+)"?: ', details, flags=re.M)
    document = (ROOT / "docs" / "embed.md").read_text()
    tables = document.partition("\n## Events\n")[2].partition("\n## Looks")[0]
    first = [cell for row in re.findall(r"^\| (`.*?) \|", tables, flags=re.M) for cell in re.findall(r"`(.+?)`", row)]
    assert [cell for cell in first if cell in events] == sorted(events, key=first.index)
    assert {cell for cell in first if cell.endswith("()")} == {f"{name}()" for name in METHODS if name not in SETTABLE}


# --- what it tells and does -------------------------------------------------------------------------------------------


async def test_a_call_inside_the_shop_and_all_that_it_tells(server: Server, visitor: Visitors) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    client, expert = await visitor(booked["links"]["client"]), await visitor(booked["links"]["expert"])
    ready = await client.hears("ready")
    assert (ready["session"], ready["role"], ready["startsAt"]) == ("bk_1", "client", booked["starts_at"])
    assert (await expert.hears("ready"))["role"] == "expert"
    checks = await client.hears("precheck")
    assert set(checks["steps"]) == {"camera", "microphone", "speaker", "network"}

    await client.accept_and_join()
    await client.hears("join")
    await client.hears("waiting")
    await expert.hears("peer-join")
    assert not await expert.told("join")
    await expert.accept_and_join()
    await client.hears("peer-join")
    await asyncio.gather(client.sees_video(), expert.sees_video())
    quality = await client.hears("quality")
    assert set(quality) == {"level", "reason", "other"}

    await expert.page.evaluate("document.getElementById('one').remove()")  # gone, but not for good
    await client.hears("peer-leave")
    await expert.put(booked["links"]["expert"])
    await expert.is_in("checkin")
    assert await expert.do("join")
    await client.is_in("call")
    assert [name for name, _ in await client.told("peer-join", "peer-leave")] == [
        "peer-join",
        "peer-leave",
        "peer-join",
    ]

    await client.by("leave").click()
    await client.by("end-session").click()
    ended = await client.hears("ended")
    session = await server.ended()
    assert (ended["reason"], ended["by"], ended["at"]) == ("hung_up", "client", session["end"]["at"])
    assert (await expert.hears("ended"))["by"] == "client"
    assert not await client.told("leave", "error")

    await client.by("stars-5").check()
    await client.by("rate").click()
    await client.hears("rated")
    assert [name for name, _ in await client.told()].count("ended") == 1


async def test_methods_join_step_out_and_switch_and_cannot_end_a_session(server: Server, visitor: Visitors) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    client = await visitor(booked["links"]["client"])
    await client.hears("ready")
    assert await client.do("leave")  # it is out already
    assert not await client.do("join")  # nobody has accepted anything yet
    assert await client.hears("error") == {"code": "guidelines_needed"}
    assert "joined" not in await server.kinds()

    await client.accept_and_join()
    assert await client.do("join")  # it is in already
    assert [await client.do("toggleMicrophone") for _ in range(2)] == [False, True]
    assert [await client.do("toggleCamera") for _ in range(2)] == [False, True]

    assert await client.do("leave")
    assert await client.hears("leave") == {"reason": "stepped_out"}
    await client.is_in("checkin")
    assert (await server.session())["end"] is None
    assert await client.do("join")  # what was accepted stays accepted
    await client.is_in("waiting")
    assert (await server.session())["end"] is None
    public = await client.page.evaluate("Object.getOwnPropertyNames(customElements.get('headstrt-session').prototype)")
    assert [name for name in sorted(public) if name != "constructor" and "Callback" not in name] == METHODS


async def test_P0_6_another_device_takes_over_and_the_embed_says_so(server: Server, visitor: Visitors) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    first, second = await visitor(booked["links"]["client"]), await visitor("")
    await first.accept_and_join()
    await second.put(booked["links"]["client"], lang="de")
    await second.is_in("checkin")
    assert "Lautsprecher" in await second.frame.inner_text("body")
    assert await second.do("join")
    assert await first.hears("leave") == {"reason": "replaced"}


async def test_it_works_where_a_third_party_has_no_storage(server: Server, visitor: Visitors) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    client = await visitor(booked["links"]["client"])
    await client.is_in("checkin")
    assert await client.frame.evaluate(STORAGE) == "SecurityError"
    await client.accept_and_join()
    await client.frame.evaluate("location.reload()")
    await client.is_in("checkin")  # with the token that the element hands over again
    assert len(await client.told("ready")) == 2
    assert await client.do("join")


async def test_the_token_is_in_no_address_and_no_storage(server: Server, near: Site, visitor: Visitors) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    token = booked["links"]["client"].partition("#t=")[2]
    client = await visitor("", near)
    asked: list[str] = []
    client.page.on("request", lambda request: asked.append(request.url))
    await client.put(booked["links"]["client"])
    await client.accept_and_join()
    seen = await client.page.evaluate("document.querySelector('headstrt-session').shadowRoot.innerHTML")
    kept = await client.frame.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, location.href])")
    assert asked
    assert token not in " ".join([*asked, seen, kept])


async def test_a_whole_link_as_src_another_token_and_both_sides_in_one_tab(
    server: Server, near: Site, visitor: Visitors
) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    links = booked["links"]
    one = await visitor("", near)
    await one.page.evaluate("([link]) => window.put('one', link, '')", [links["client"]])
    assert (await one.hears("ready"))["role"] == "client"
    await one.accept_and_join()
    await one.page.evaluate(
        "([token]) => { document.getElementById('one').token = token; }", [links["expert"].partition("#t=")[2]]
    )

    async def roles() -> list[str]:
        return [detail["role"] for _, detail in await one.told("ready")]

    async def became_the_expert() -> bool:
        return await roles() == ["client", "expert"]

    await until(became_the_expert, 30, "the page is the expert's now")
    await one.is_in("checkin")  # the client's seat is not the expert's
    await one.page.evaluate("window.told = []")
    other = Visitor(one.page, one.context, "", id="two")
    await other.put(links["client"])
    assert (await other.hears("ready"))["role"] == "client"
    await other.hears("join")  # as before: this tab was the client, and comes back
    assert not await one.told("ready", "join")


async def test_the_documents_own_example_runs(server: Server, shop: Site, visitor: Visitors) -> None:
    example = re.findall(r"^```html\n(.*?)^```", (ROOT / "docs" / "embed.md").read_text(), flags=re.M | re.S)[0]
    booked = await server.book(starts_in=-10, minutes=5, session_id="bk_812")
    shop.pages["/my/sessions/bk_812/token"] = booked["links"]["client"].partition("#t=")[2]
    shop.pages["/example"] = "<!doctype html>" + example.replace("https://calls.example", server.origin)
    client = await visitor("")
    said: list[str] = []
    client.page.on("console", lambda message: said.append(message.text))
    await client.page.goto(f"{shop.origin}/example")
    await client.accept_and_join()
    await server.call("POST", "/v1/sessions/bk_812/end", json={"reason": "a test is over"})

    async def over() -> bool:
        return "over: ended_by_operator" in said

    await until(over, 30, "the example says that it is over")


async def test_an_address_that_is_none_is_told(visitor: Visitors) -> None:
    one = await visitor("")
    for src in ("javascript:alert(1)", "https://", "data:text/html,x"):
        await one.page.evaluate("([src]) => { window.told = []; window.put('one', src, 'x') }", [src])
        assert await one.hears("error") == {"code": "bad_src"}
    assert await one.page.evaluate("document.querySelectorAll('iframe').length") == 0


async def test_a_link_that_no_longer_holds_is_told(server: Server, visitor: Visitors) -> None:
    await server.book(starts_in=-10, minutes=5)
    one = await visitor(f"{server.origin}/s/bk_1#t=wrong")
    assert await one.hears("error") == {"code": "bad_link"}


# --- who is nobody ----------------------------------------------------------------------------------------------------

FORGE = """
window.forge = (frame, origin) => {
  const token = "forged";
  for (const message of [
    { headstrt: 1, type: "hello", token },
    { headstrt: 1, type: "do", id: 1, act: "join" },
    { headstrt: 1, type: "do", id: 2, act: "leave" },
    { headstrt: 1, type: "do", id: 3, act: "microphone" },
  ]) frame.postMessage(message, origin);
};
window.answers = [];
addEventListener("message", (event) => window.answers.push(event.data));
"""
LISTEN = (
    "<script>window.answers = []; addEventListener('message', (event) => window.answers.push(event.data));</script>"
)


async def test_a_stranger_cannot_frame_the_page_and_is_told_why(
    server: Server, chromium: Browser, stranger: Site
) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    stranger.pages["/"] = SHOP.format(server=server.origin)
    context = await chromium.new_context()
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.goto(stranger.origin)
    one = Visitor(page, context, booked["links"]["client"])
    await one.put(one.link)
    assert await one.hears("error", 40) == {"code": "no_answer"}
    assert "frame-ancestors" in " ".join(complaints)
    assert [name for name, _ in await one.told()] == ["error"]
    assert "opened" not in await server.kinds()
    await context.close()


async def test_a_stranger_around_the_shop_gets_nothing_either(
    server: Server, shop: Site, chromium: Browser, stranger: Site
) -> None:
    """Clickjacking by nesting: every page above the session must be on the list, not only the one beside it."""
    booked = await server.book(starts_in=-10, minutes=5)
    stranger.pages["/"] = f"<iframe src='{shop.origin}/' allow='camera *; microphone *'></iframe>"
    context = await chromium.new_context()
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.goto(stranger.origin)
    inner = page.frames[1]
    await inner.wait_for_function("() => window.put && customElements.get('headstrt-session')")
    src, _, token = booked["links"]["client"].partition("#t=")
    await inner.evaluate("([src, token]) => window.put('one', src, token)", [src, token])

    async def refused() -> bool:
        return "frame-ancestors" in " ".join(complaints)

    await until(refused, 30, "the browser refuses the frame")
    assert await inner.evaluate("window.told.filter(([, name]) => name !== 'error')") == []
    await context.close()


async def done(server: Server) -> list[str]:
    """All but the checks, which a page makes and sends by itself."""
    return [kind for kind in await server.kinds() if kind != "checked"]


async def greet(person: Guest, say: str, token: str) -> None:
    """Say hello until it is heard, as the element does."""

    async def greeted() -> bool:
        await person.page.evaluate(say, {"headstrt": 1, "type": "hello", "token": token})
        return await person.state() == "checkin"

    await until(greeted, 30, "the page has its token")


async def test_no_other_window_makes_the_page_do_anything(
    server: Server, shop: Site, stranger: Site, visitor: Visitors
) -> None:
    """A popup of a stranger, and one of the shop itself, which is the right origin in the wrong window.

    The element's own frame is in its shadow, where no popup finds it; so the shop puts a bare one on its page.
    """
    booked = await server.book(starts_in=-10, minutes=5)
    token = booked["links"]["client"].partition("#t=")[2]
    shop.pages["/bare"] = LISTEN + f"<iframe src='{server.origin}/s/bk_1' allow='camera; microphone'></iframe>"
    client = await visitor("")
    await client.page.goto(f"{shop.origin}/bare")
    say = f"(message) => window[0].postMessage(message, '{server.origin}')"
    await greet(client, say, token)
    await client.accept_and_join()
    before = await done(server)
    for site in (stranger, shop):
        site.pages["/forge"] = f"<!doctype html><title>forger</title><script>{FORGE}</script>"
        async with client.page.expect_popup() as opened:
            await client.page.evaluate("(url) => { window.open(url) }", f"{site.origin}/forge")
        popup = await opened.value
        await popup.wait_for_function("() => window.forge")
        await popup.evaluate(f"window.forge(opener[0], '{server.origin}')")
        await asyncio.sleep(1)
        assert await popup.evaluate("window.answers") == []
        await popup.close()
    assert await client.state() in ("waiting", "call")
    assert await done(server) == before
    # what is refused from there is done from here, so this test would have seen it
    await client.page.evaluate(say, {"headstrt": 1, "type": "do", "id": 1, "act": "leave"})
    await client.is_in("checkin")


async def test_the_elements_frame_is_out_of_a_popups_reach(server: Server, shop: Site, visitor: Visitors) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    client = await visitor(booked["links"]["client"])
    await client.hears("ready")
    assert await client.page.evaluate("window.length") == 0


async def test_a_listed_site_is_not_heard_before_it_says_hello_nor_with_another_version(
    server: Server, shop: Site, visitor: Visitors
) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    shop.pages["/bare"] = LISTEN + f"<iframe src='{server.origin}/s/bk_1' allow='camera; microphone'></iframe>"
    client = await visitor("")
    token = booked["links"]["client"].partition("#t=")[2]
    await client.page.goto(f"{shop.origin}/bare")
    say = f"(message) => window[0].postMessage(message, '{server.origin}')"
    for message in (
        {"headstrt": 2, "type": "hello", "token": token},
        {"type": "hello", "token": token},
        {"headstrt": 1, "type": "hello", "token": 7},
        {"headstrt": 1, "type": "do", "id": 1, "act": "join"},
        {"headstrt": 1, "type": "goodbye"},
        None,
        "hello",
        [1],
    ):
        await client.page.evaluate(say, message)
    await asyncio.sleep(1)
    assert await client.page.evaluate("window.answers") == []
    await greet(client, say, token)
    assert await client.page.evaluate("window.answers[0]") == {"headstrt": 1, "type": "here"}
    await client.page.evaluate(say, {"headstrt": 1, "type": "do", "id": 9, "act": "hang_up"})

    async def answered() -> bool:
        return {"headstrt": 1, "type": "did", "id": 9, "value": False} in await client.page.evaluate("window.answers")

    await until(answered, 10, "an act that there is not is answered with no")


async def test_nobody_else_makes_the_element_tell_anything(
    server: Server, shop: Site, stranger: Site, visitor: Visitors
) -> None:
    """Events that are forged by the shop's other frames, a stranger's and the server's own (another session's)."""
    forged = {"headstrt": 1, "type": "event", "name": "ended", "detail": {"reason": "completed", "by": None, "at": "x"}}
    booked = await server.book(starts_in=-10, minutes=5)
    client = await visitor(booked["links"]["client"])
    await client.accept_and_join()
    for site in (stranger, shop):
        site.pages["/frame"] = "<!doctype html><script>window.there = 1</script>"
        await client.page.evaluate(
            "(url) => new Promise((done) => { const f = document.createElement('iframe'); f.onload = done; f.src = url;"
            " document.body.append(f); })",
            f"{site.origin}/frame",
        )
    for frame in client.page.frames:
        if frame.url.endswith("/frame"):
            await frame.evaluate("(message) => parent.postMessage(message, '*')", forged)
    await client.page.evaluate("(message) => window.postMessage(message, '*')", forged)
    other = Visitor(client.page, client.context, "", id="two")
    second_booking = await server.book(starts_in=-10, minutes=5, session_id="bk_2")
    await other.put(second_booking["links"]["client"])
    await other.hears("ready")
    (second,) = [frame for frame in client.page.frames if frame.url.endswith("/s/bk_2")]
    await second.evaluate("(message) => parent.postMessage(message, '*')", forged)
    assert await other.hears("ended") == forged["detail"]  # its own element hears it, so the forgeries do arrive
    assert not await client.told("ended")


# --- Firefox ----------------------------------------------------------------------------------------------------------

STORAGE = "(() => { try { return sessionStorage.length } catch (error) { return error.name } })()"
STRICT = FIREFOX | ONE_PROCESS | {"network.cookie.cookieBehavior": 2}  # nothing is stored for anybody


async def test_firefox_without_any_storage(server: Server, shop: Site) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    path = shutil.which("firefox-esr")
    assert path, "firefox-esr is missing: `make packages` installs it"
    async with async_playwright() as playwright:
        browser = await playwright.firefox.launch(
            channel="moz-firefox", executable_path=path, firefox_user_prefs=STRICT
        )
        people = []
        for role in ("client", "expert"):
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(shop.origin)
            one = Visitor(page, context, booked["links"][role])
            await one.put(one.link)
            people.append(one)
        client, expert = people
        await client.is_in("checkin")
        assert await client.frame.evaluate(STORAGE) == "SecurityError"
        for one in people:
            await one.accept_and_join()
        await client.hears("waiting")
        await client.hears("peer-join")
        await client.is_in("call")
        assert await expert.do("leave")
        await client.hears("peer-leave")
        assert await client.do("leave")
        await browser.close()
    assert (await server.session())["end"] is None
    assert {"joined", "departed"} & set(await server.kinds())
