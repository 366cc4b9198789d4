"""The call itself, between two Chromiums: what goes from page to page, the own picture, devices that go, keys alone."""

from __future__ import annotations

import asyncio
import json

from tests.e2e.axe import accessible
from tests.e2e.stage import People, Person, Server, until
from tests.e2e.words import calm

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
    "color_scheme": "dark",
}

OTHER_CERTIFICATE = """
const shown = RTCDtlsTransport.prototype.getRemoteCertificates;
RTCDtlsTransport.prototype.getRemoteCertificates = function () {
  const change = (certificate) => new Uint8Array(certificate).map((byte, n) => (n === 40 ? ~byte : byte)).buffer;
  return shown.call(this).map(change);
};
"""
"""As a browser sees it where somebody in between has put in a certificate of its own."""

A_SCREEN = """
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
  setInterval(() => canvas.getContext("2d").fillRect(Math.random() * 600, Math.random() * 300, 40, 40), 50);
  return canvas.captureStream(15);
};
"""
"""A browser without a head has no screen to choose."""

NO_SOUND_BEFORE_A_CLICK = """
let tapped = false;
const isTap = (event) => event.target.closest?.("[data-testid=tap-to-hear]");
addEventListener("click", (event) => (tapped ||= Boolean(isTap(event))), true);
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  const refused = this instanceof HTMLAudioElement && !tapped;
  return refused ? Promise.reject(new DOMException("click first", "NotAllowedError")) : play.call(this);
};
"""
"""Safari's mood, where not even the click on Join has counted."""

PULLABLE = """
window.__devices = { missing: false, tracks: [] };
const devices = navigator.mediaDevices; // which an empty page does not have
const ask = devices?.getUserMedia.bind(devices);
if (devices) {
  devices.getUserMedia = async (wanted) => {
    if (window.__devices.missing && wanted.video) throw new DOMException("none", "NotFoundError");
    const stream = await ask(wanted);
    window.__devices.tracks.push(...stream.getTracks());
    return stream;
  };
  const list = devices.enumerateDevices.bind(devices);
  devices.enumerateDevices = async () =>
    (await list()).filter(({ kind }) => !window.__devices.missing || kind !== "videoinput");
}
window.__pull = (kind) => {
  const track = window.__devices.tracks.filter((each) => each.kind === kind && each.readyState === "live").at(-1);
  track.stop();
  track.dispatchEvent(new Event("ended"));
};
window.__live = (kind) => window.__devices.tracks.filter((e) => e.kind === kind && e.readyState === "live").length;
"""


async def call(server: Server, client: Person, expert: Person) -> None:
    await client.join()
    await expert.join()
    await asyncio.gather(client.sees_video(), expert.sees_video())


async def code(one: Person) -> str:
    """What stands on this side's screen, opened by its lock."""
    if not await one.by("code").is_visible():
        await one.by("safety").click()
    await one.by("code").wait_for(state="visible", timeout=20_000)
    return " ".join((await one.text("code")).split())


async def place(one: Person) -> str | None:
    return str(await one.by("own").get_attribute("data-corner"))


async def focused(one: Person) -> str:
    return str(await one.page.evaluate("document.activeElement?.dataset.testid ?? document.activeElement?.localName"))


async def test_P5_4_P5_6_P5_7_a_call_with_all_that_goes_from_page_to_page(server: Server, person: People) -> None:
    booked = await server.book(starts_in=-10, minutes=10)
    client = await person(booked["links"]["client"], A_SCREEN)
    expert = await person(booked["links"]["expert"], **PHONE)
    await call(server, client, expert)

    # P5.4: the mark over the other's picture names who looks, and the session
    assert await client.text("mark") == "Ada Client · bk_1"
    assert await expert.text("mark") == "Max Expert · bk_1"
    places = {await client.by("mark").get_attribute("data-place")}
    await until(lambda: _other(client, places), 20, "the mark moves")

    # P5.6: the same code on both screens, and checked only when both have said so
    assert await code(client) == await code(expert)
    await client.by("safety-same").click()
    await until(lambda: _says(expert, "Ada Client says that they are the same"), 10)
    assert "not compared" in str(await client.by("safety").get_attribute("aria-label"))
    await expert.by("safety-same").click()
    for one in (client, expert):
        await until(lambda one=one: _says(one, "Checked"), 10)  # type: ignore[misc]
        assert "Checked" in str(await one.by("safety").get_attribute("aria-label"))
        await calm(one)
        await accessible(one)

    # chat and reactions, past the server
    await client.by("chat").click()
    await client.by("chat-input").fill("Can you <b>hear</b> me?")
    await client.by("chat-send").click()
    await until(lambda: _has(expert.by("chat"), "Chat (1)"), 10)
    await expert.by("close-panel").click()
    await expert.by("chat").click()
    await until(lambda: _has(expert.page.get_by_role("log"), "Can you <b>hear</b> me?"), 10)
    await client.by("reactions").click()
    await client.by("react-clap").click()
    await expert.by("reaction").wait_for(state="visible", timeout=10_000)
    await until(lambda: _has(expert.page.locator("[role=status].hidden"), "Ada Client: Applause"), 10)
    await client.page.keyboard.press("Escape")
    assert await focused(client) == "reactions"

    # while something is typed a letter is a letter
    await client.by("chat").click()
    await client.by("chat-input").press_sequentially("mvl")
    assert await client.by("mute").get_attribute("aria-pressed") == "true"
    await client.page.keyboard.press("Escape")
    await client.page.keyboard.press("m")
    await until(lambda: _is(client.by("mute"), "aria-pressed", "false"), 5)
    await client.by("more").click()
    await accessible(client)
    await client.by("shortcuts").uncheck()
    await client.by("close-panel").click()
    await client.page.keyboard.press("m")
    await client.page.keyboard.press("v")
    assert await client.by("camera").get_attribute("aria-pressed") == "true"
    assert await client.by("mute").get_attribute("aria-pressed") == "false"

    # the own picture: dragged, moved by keys, hidden
    await expert.by("close-panel").click()
    assert await place(client) == "bottom right"
    box = await client.by("own").bounding_box()
    await client.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await client.page.mouse.down()
    await client.page.mouse.move(200, 300, steps=5)
    await client.page.mouse.up()
    await until(lambda: _is(client.by("own"), "data-corner", "top left"), 5)
    await client.by("move-own").focus()
    await client.page.keyboard.press("ArrowRight")
    await client.page.keyboard.press("ArrowDown")
    assert await place(client) == "bottom right"
    await client.page.keyboard.press("Enter")
    assert await place(client) == "bottom left"
    await client.by("hide-own").focus()
    await client.page.keyboard.press("Enter")
    await client.by("show-own").wait_for(state="visible")
    assert await focused(client) == "show-own"
    assert await client.by("local-video").count() == 0

    # the screen, with the mark on it; full screen
    await client.by("share").click()
    await until(lambda: _has_class(expert.by("remote-video"), "shared"), 20)
    await until(lambda: expert.page.evaluate("document.querySelector('.remote').videoHeight === 360"), 20)
    assert await expert.by("mark").is_visible()
    await client.by("share").click()
    await until(lambda: _has_class(expert.by("remote-video"), "shared", there=False), 20)
    await client.by("more").click()
    await client.by("tool-fullscreen").click()
    await until(lambda: client.page.evaluate("document.fullscreenElement !== null"), 10)
    await client.by("tool-fullscreen").click()
    await until(lambda: client.page.evaluate("document.fullscreenElement === null"), 10)

    # how it is, for both sides and on both screens; and kept for the operators
    for one in (client, expert):
        for signal in ("signal-own", "signal-other"):
            await until(lambda one=one, signal=signal: _level(one, signal), 30)  # type: ignore[misc]
    assert await expert.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await expert.page.reload()  # joined anew: what was checked was another connection's
    await expert.is_in("call")
    await until(lambda: _is(client.by("safety"), "aria-label", "Safety code, not compared yet"), 30)
    assert await code(expert) == await code(client)
    await server.stop()
    kept = {role: json.loads(text) for role, text in await server.rows("select role, samples from quality")}
    assert set(kept) == {"client", "expert"}
    assert all(sample[4] in ("good", "fair", "poor", "none") for samples in kept.values() for sample in samples)


async def test_P5_6_who_is_shown_another_certificate_sees_another_code(server: Server, person: People) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    client = await person(booked["links"]["client"], OTHER_CERTIFICATE + NO_SOUND_BEFORE_A_CLICK)
    expert = await person(booked["links"]["expert"])
    await call(server, client, expert)
    await client.by("tap-to-hear").click()
    await until(lambda: _gone(client, "tap-to-hear"), 10)
    assert await code(client) != await code(expert)
    await client.page.get_by_text("They are different").click()
    await calm(client)


async def test_devices_that_go_in_the_middle_of_a_call(server: Server, person: People) -> None:
    booked = await server.book(starts_in=-10, minutes=5)
    client = await person(booked["links"]["client"], PULLABLE)
    expert = await person(booked["links"]["expert"])
    await call(server, client, expert)

    await client.page.evaluate("__pull('video')")  # and the next one takes its place
    await until(lambda: _has(client.by("toast"), "You are using another"), 10)
    assert await client.page.evaluate("__live('video')") == 1
    await expert.sees_video()

    await client.page.evaluate("__devices.missing = true; __pull('video')")
    await until(lambda: _has(client.by("toast"), "there is no other"), 10)
    await until(lambda: _has(expert.page.locator(".nobody"), "camera is off"), 10)
    await calm(client)
    await client.page.evaluate(
        "__devices.missing = false; navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
    )  # plugged in again
    await expert.sees_video()
    await until(lambda: _is(client.by("camera"), "aria-pressed", "true"), 10)

    # another microphone: the old track is stopped before the new one is asked for
    before = await client.page.evaluate("__devices.tracks.length")
    await client.by("devices").click()
    picker = client.page.locator("hs-devices select").first
    choices = await until(picker.locator("option").count, 20, "the panel has been fetched and drawn")
    await picker.select_option(index=choices - 1)
    await until(lambda: client.page.evaluate(f"__devices.tracks.length > {before}"), 10)
    assert await client.page.evaluate("__live('audio')") == 1


async def test_a_whole_call_by_keyboard_alone(server: Server, person: People) -> None:
    """Check-in, join, mute, chat, leave, end and rate, without a pointer: only keys, and where the focus is."""
    booked = await server.book(starts_in=-10, minutes=5)
    expert = await person(booked["links"]["expert"])
    await expert.join()
    client = await person(booked["links"]["client"])
    keys = client.page.keyboard
    await client.come()
    await until(lambda: _enabled(client, "accept"), 20)
    await tab_to(client, "accept")
    await keys.press("Space")
    await tab_to(client, "join")
    await keys.press("Enter")
    await client.is_in("call")
    await asyncio.gather(client.sees_video(), expert.sees_video())

    await tab_to(client, "mute")
    await keys.press("Space")
    await until(lambda: _is(client.by("mute"), "aria-pressed", "false"), 10)
    await keys.press("m")
    await until(lambda: _is(client.by("mute"), "aria-pressed", "true"), 10)
    await keys.press("c")
    await until(lambda: _focused(client, "chat-input"), 10)
    await keys.type("Shall we move on?")
    await keys.press("Enter")
    await until(lambda: _has(client.page.get_by_role("log"), "Shall we move on?"), 10)
    await keys.press("Escape")
    assert await focused(client) == "chat"
    await keys.press("k")
    await client.by("code").wait_for(state="visible", timeout=20_000)
    await tab_to(client, "safety-same")
    await keys.press("Enter")
    await until(lambda: _says(client, "You said that they are the same"), 10)
    await keys.press("Escape")
    assert await focused(client) == "safety"
    await tab_to(client, "move-own", back=True)
    await keys.press("ArrowLeft")
    await until(lambda: _is(client.by("own"), "data-corner", "bottom left"), 5)

    await tab_to(client, "leave")
    await keys.press("Enter")
    await until(lambda: _focused(client, "step-out"), 10)
    await keys.press("Escape")  # and stays
    await until(lambda: _focused(client, "leave"), 10)
    await keys.press("l")
    await until(lambda: _focused(client, "step-out"), 10)
    await accessible(client, "light", "dark")
    await tab_to(client, "end-session")
    await keys.press("Enter")
    await client.is_in("ended")
    assert (await server.ended())["end"]["by"] == "client"

    await tab_to(client, "stars-1", "stars-5")
    await keys.press("ArrowLeft")  # round a group of radio buttons, to its last
    await keys.press("ArrowLeft")
    await tab_to(client, "tag-kind")
    await keys.press("Space")
    await tab_to(client, "rate")
    await keys.press("Enter")
    await until(lambda: _has(client.by("card-rating"), "Your rating is kept"), 20)
    [rated] = (await server.call("GET", "/v1/people/e_4"))["ratings"]["data"]
    assert rated["stars"] == 4
    await calm(client)
    await accessible(client, "light", "dark")


async def tab_to(one: Person, *testids: str, back: bool = False) -> None:
    """Press Tab until the focus is there: what cannot be reached so is not there for who has no pointer."""
    seen: list[str] = []
    for _ in range(80):
        await one.page.keyboard.press("Shift+Tab" if back else "Tab")
        seen.append(await focused(one))
        if seen[-1] in testids:
            return
    raise AssertionError(f"no way to {testids} by {seen}")


async def _focused(one: Person, testid: str) -> bool:
    return await focused(one) == testid


async def _enabled(one: Person, testid: str) -> bool:
    return await one.by(testid).is_visible() and await one.by(testid).is_enabled()


async def _other(one: Person, places: set[str | None]) -> bool:
    return await one.by("mark").get_attribute("data-place") not in places


async def _says(one: Person, words: str) -> bool:
    return words in await one.text("safety-state")


async def _has(locator: object, words: str) -> bool:
    return words in str(await locator.inner_text())  # type: ignore[attr-defined]


async def _gone(one: Person, testid: str) -> bool:
    return await one.by(testid).count() == 0


async def _has_class(locator: object, name: str, *, there: bool = True) -> bool:
    return (name in str(await locator.get_attribute("class")).split()) is there  # type: ignore[attr-defined]


async def _is(locator: object, name: str, value: str) -> bool:
    return bool(await locator.get_attribute(name) == value)  # type: ignore[attr-defined]


async def _level(one: Person, signal: str) -> bool:
    shown = one.by(signal)
    return await shown.count() > 0 and await shown.get_attribute("data-level") in ("good", "fair", "poor")
