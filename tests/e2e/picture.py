"""``make screenshot``: every page and state, as a person sees it, phone and desktop, light and dark, with an index.

Runs the real server and two Chromiums, like the tests; looks, and asserts nothing. A further page is a line in a story.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from playwright.async_api import Browser, Page, Playwright, async_playwright

from signaling.messages import to_rfc3339
from tests.e2e.desk import desk_server, loaded, told
from tests.e2e.sitter import picture
from tests.e2e.stage import CHROMIUM_FLAGS, ROOT, WATCH_CONNECTIONS, Person, Server

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
Schemes: TypeAlias = tuple[Literal["light", "dark"], ...]
SCHEMES: Schemes = ("light", "dark")
DARK: Schemes = ("dark",)
PAINTED = """
() => Promise.all([...document.querySelectorAll("video")].filter((each) => each.srcObject && !each.hidden).map(
  (each) => Promise.race([new Promise((done) => each.requestVideoFrameCallback(done)),
                          new Promise((done) => setTimeout(done, 5_000))])))
"""
"""Every picture that moves has been drawn since."""
FRAMES = ("phone", "desktop")
FOLDER = ROOT / "docs" / "pictures"
INDEX = ROOT / "docs" / "pictures.md"
QUALITY = 0.5
ENCODE = """
async ([png, quality]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}
"""
"""WebP: half of what JPEG takes for a page of text, and the browser is there to make it."""
VIEWS = (
    ("live", "live now"),
    ("today", "today"),
    ("sessions", "sessions"),
    ("sessions/bk_812", "one session"),
    ("cases", "cases"),
    ("people", "people"),
    ("complaints", "complaints"),
    ("sanctions", "sanctions"),
    ("overview", "overview"),
    ("webhooks", "webhooks"),
    ("health", "health"),
    ("audit", "audit"),
    ("operators", "operators"),
    ("keys", "keys"),
)
PANELS = (("chat", "Chat"), ("devices", "Devices"), ("more", "More"), ("safety", "Safety code"))
FEE = {"amount": 12000, "currency": "EUR"}

NAMES = """
const NAMES = { videoinput: "Camera", audioinput: "Microphone", audiooutput: "Speakers" };  // not a file's path
const enumerate = MediaDevices.prototype.enumerateDevices;
MediaDevices.prototype.enumerateDevices = async function () {
  const all = await enumerate.call(this);
  return all.map(({ kind, deviceId, label }) => ({ kind, deviceId, label: label && NAMES[kind] }));
};
"""

HEAD = """# Pictures

Every page and state, on a phone and on a desktop, in light and in dark. `make screenshot` makes them from a real call
between two browsers, and from a scripted month for the operators' dashboard; and this index with them. A call is on a
dark ground in either.

"""


@dataclass
class Album:
    """Where the pictures go, and which there are: their titles by name, in the order in which they were first taken."""

    folder: Path
    encoder: Page
    titles: dict[str, str] = field(default_factory=dict)

    async def shoot(
        self, page: Page, frame: str, name: str, title: str, *, whole: bool = False, schemes: Schemes = SCHEMES
    ) -> None:
        """What stands on ``page`` now, in both schemes; ``whole``: also what is below the window."""
        self.titles.setdefault(name, title)
        for scheme in schemes:
            await page.emulate_media(color_scheme=scheme)
            await page.evaluate(PAINTED)
            await asyncio.sleep(0.5)
            file = self.folder / f"{name}-{frame}-{scheme}.webp"
            png = base64.b64encode(await page.screenshot(full_page=whole)).decode()
            file.write_bytes(base64.b64decode(await self.encoder.evaluate(ENCODE, [png, QUALITY])))

    def index(self) -> str:
        """The page that shows them."""
        parts = [HEAD]
        for name, title in self.titles.items():
            cells = [
                f'<a href="pictures/{file}">'
                f'<img src="pictures/{file}" alt="{title}, {frame}, {scheme}" height="320"></a>'
                for frame in FRAMES
                for scheme in SCHEMES
                if (self.folder / (file := f"{name}-{frame}-{scheme}.webp")).is_file()
            ]
            parts.append(f"## {title}\n\n" + "\n".join(cells) + "\n\n")
        return "".join(parts).rstrip("\n") + "\n"


@dataclass(frozen=True)
class Studio:
    """Two browsers, each with a camera of its own, and the server."""

    server: Server
    client: Browser
    expert: Browser

    async def enter(self, role: str, link: str, frame: str) -> Person:
        browser = self.client if role == "client" else self.expert
        options: dict[str, Any] = {**(PHONE if frame == "phone" else DESKTOP)}
        zone = "Europe/Madrid" if role == "client" else "Asia/Kolkata"
        context = await browser.new_context(
            permissions=["camera", "microphone"], locale="en-GB", timezone_id=zone, **options
        )
        page = await context.new_page()
        await page.add_init_script(WATCH_CONNECTIONS + NAMES)
        return Person(page, context, link)

    async def book(self, name: str, starts_in: float) -> dict[str, str]:
        """The links of both; a session of thirty minutes that starts at a whole minute."""
        starts = (int(time.time() + starts_in) // 60) * 60_000
        body = {
            "starts_at": to_rfc3339(starts),
            "duration_minutes": 30,
            "title": "Compilers, an introduction",
            "client": {"id": "c_9", "name": "Mira Castellanos", "time_zone": "Europe/Madrid"},
            "expert": {"id": "e_4", "name": "Asha Raman", "time_zone": "Asia/Kolkata"},
            "fee": FEE,
        }
        booked = await self.server.call("PUT", f"/v1/sessions/{name}", json=body)
        links: dict[str, str] = booked["links"]
        return links


async def before(studio: Studio, album: Album, frame: str) -> None:
    """Until the doors open."""
    links = await studio.book(f"later-{frame}", 3 * 24 * 3600)
    someone = await studio.enter("client", links["client"], frame)
    page, origin = someone.page, studio.server.origin
    await page.goto(origin)
    await page.locator("h1").wait_for()
    await album.shoot(someone.page, frame, "home", "Home")
    await someone.come()
    await someone.by("local-video").wait_for()
    await album.shoot(someone.page, frame, "early", "Check-in, days ahead", whole=True)
    await someone.by("language").select_option("hi")
    await album.shoot(someone.page, frame, "hindi", "The same in Hindi", whole=True)
    await someone.by("language").select_option("en")
    await page.goto("about:blank")
    await page.goto(links["client"].replace("#", "?lang=qps#"))
    await someone.is_in("checkin")
    await page.evaluate("localStorage.clear()")
    await page.reload()
    await someone.is_in("checkin")
    await album.shoot(someone.page, frame, "pseudo", "Right to left, tried with words that are no language", whole=True)
    await page.goto("about:blank")
    await page.goto(f"{origin}/s/later-{frame}#t=nothing")
    await page.get_by_role("alert").locator("h1").wait_for()
    await album.shoot(someone.page, frame, "error", "A link that opens nothing")
    await someone.context.close()


async def meeting(studio: Studio, album: Album, frame: str) -> None:
    """One session, from the check-in to the record."""
    links = await studio.book(f"call-{frame}", -60)
    client = await studio.enter("client", links["client"], frame)
    expert = await studio.enter("expert", links["expert"], frame)
    await client.come()
    await client.by("local-video").wait_for()
    await album.shoot(client.page, frame, "check-in", "Check-in", whole=True)
    await client.join()
    await album.shoot(client.page, frame, "waiting", "Waiting room")
    await expert.join()
    await asyncio.gather(client.sees_video(within=180), expert.sees_video(within=180))
    await asyncio.sleep(6)
    await album.shoot(client.page, frame, "call", "Call", schemes=DARK)
    for panel, title in PANELS:
        if await client.by(panel).is_visible():  # on a phone some are behind "More"
            await client.by(panel).click()
            await client.page.locator(".panel").wait_for()
            await album.shoot(client.page, frame, f"call-{panel}", f"Call: {title}", schemes=DARK)
            await client.by("close-panel").click()
    await ways_out(album, client, expert, frame)
    await after(studio, album, client, expert, frame)


async def ways_out(album: Album, client: Person, expert: Person, frame: str) -> None:
    await client.by("leave").click()
    await album.shoot(client.page, frame, "leave-client", "Leaving, as the client")
    await client.by("leave-report").click()
    await album.shoot(client.page, frame, "leave-report", "Leave and report")
    await client.page.keyboard.press("Escape")
    await expert.by("leave").click()
    await album.shoot(expert.page, frame, "leave-expert", "Leaving, as the expert")
    await expert.by("leave-early").click()
    await album.shoot(expert.page, frame, "leave-confirm", "Leaving early, confirmed in a second step")
    await expert.page.keyboard.press("Escape")


async def after(studio: Studio, album: Album, client: Person, expert: Person, frame: str) -> None:
    link = expert.link
    await expert.context.close()
    await client.by("held").wait_for(state="visible", timeout=60_000)
    await album.shoot(client.page, frame, "held", "The connection is interrupted", schemes=DARK)
    expert = await studio.enter("expert", link, frame)
    await expert.join()
    await client.sees_video(within=180)
    await expert.by("leave").click()
    await expert.by("leave-early").click()
    await expert.by("leave-early-confirm").click()
    await asyncio.gather(client.is_in("ended"), expert.is_in("ended"))
    for person, role in ((client, "client"), (expert, "expert")):
        await person.by("stars-5").wait_for(state="attached")
        await person.by("receipt-link").wait_for()
        await album.shoot(person.page, frame, f"summary-{role}", f"Afterwards, as the {role}", whole=True)
    await client.page.goto(client.link.replace("#", "/receipt#"))
    await client.by("receipt").wait_for()
    await album.shoot(client.page, frame, "record", "The signed record", whole=True)
    for person in (client, expert):
        await person.context.close()


STORIES = (before, meeting)


async def desk(browser: Browser, folder: Path, album: Album, frame: str) -> None:
    """The operators' dashboard, over a scripted month."""
    async with desk_server(folder / "month.sqlite3", folder / f"desk-{frame}") as server:
        options: dict[str, Any] = {**(PHONE if frame == "phone" else DESKTOP)}
        context = await browser.new_context(locale="en-GB", timezone_id="Europe/Berlin", **options)
        page = await context.new_page()
        await page.goto(f"{server.origin}/dashboard")
        await page.get_by_label("Name").wait_for()
        await album.shoot(page, frame, "desk-door", "Dashboard: signing in")
        await server.signed_in(page)
        for view, title in VIEWS:
            await page.goto(f"{server.origin}/dashboard#/{view}")
            await loaded(page)
            name = f"desk-{view.split('/')[0]}" if "/" not in view else f"desk-{view.split('/')[0][:-1]}"
            await album.shoot(page, frame, name, f"Dashboard: {title}", whole="/" in view)
        await context.close()


@asynccontextmanager
async def studio(playwright: Playwright, folder: Path) -> AsyncIterator[Studio]:
    """A server in ``folder`` and two browsers."""
    camera = "--use-file-for-fake-video-capture="
    looks = {
        "client": picture(
            folder / "client.y4m", wall=(214, 196, 170), coat=(46, 84, 96), skin=(201, 152, 118), hair=(58, 40, 32)
        ),
        "expert": picture(
            folder / "expert.y4m", wall=(168, 190, 182), coat=(122, 62, 58), skin=(150, 104, 78), hair=(30, 26, 28)
        ),
    }
    server = Server(folder)
    await server.start()
    try:
        client, expert = [
            await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=[*CHROMIUM_FLAGS, f"{camera}{file}"]
            )
            for file in looks.values()
        ]
        yield Studio(server, client, expert)
        await client.close()
        await expert.close()
    finally:
        await server.stop()


async def main(folder: Path, index: Path, scratch: str) -> None:
    for old in folder.glob("*.webp"):
        old.unlink()
    async with async_playwright() as playwright, studio(playwright, Path(scratch)) as ours:
        album = Album(folder, await ours.client.new_page())
        for frame in FRAMES:
            for story in STORIES:
                await story(ours, album, frame)
            (Path(scratch) / f"desk-{frame}").mkdir()
            await desk(ours.client, Path(scratch), album, frame)
    index.write_text(album.index())
    total = sum(file.stat().st_size for file in folder.glob("*.webp"))
    sys.stdout.write(f"{len(list(folder.glob('*.webp')))} pictures, {total / 1e6:.1f} MB\n")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        told(Path(temporary))
        asyncio.run(main(FOLDER, INDEX, temporary))
