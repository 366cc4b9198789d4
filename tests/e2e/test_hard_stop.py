"""The call ends for both at the booked end, whatever a page would rather do (P3.1)."""

from __future__ import annotations

import asyncio

from signaling.messages import from_rfc3339
from tests.e2e.stage import People, Server, until

REPORTED = 1.5
"""Seconds after which the relay's last counters are in the metrics."""

WATCHED = """
window.__tones = 0;
window.OscillatorNode = class extends window.OscillatorNode {
  constructor(...args) { super(...args); window.__tones += 1; }
};
new MutationObserver(() => {
  if (document.body?.dataset.state === "ended") window.__ended ??= Date.now();
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] });
"""
"""Counts what is heard, and takes the time when the summary comes."""

HOSTILE = """
// A client that will not go: nothing in this page can close a connection, stop a track, or hear from the server.
Real.prototype.close = function () {};
MediaStreamTrack.prototype.stop = function () {};
Object.defineProperty(HTMLMediaElement.prototype, "pause", { value: function () {} });
const RealSocket = window.WebSocket;
window.WebSocket = class extends RealSocket {
  set onmessage(handler) {
    super.onmessage = (event) => {
      if (typeof event.data === "string" && event.data.startsWith('42["ended"')) return;
      handler(event);
    };
  }
  get onmessage() { return super.onmessage; }
};
"""


async def test_P3_1_both_see_each_other_and_at_the_end_the_summary(server: Server, person: People) -> None:
    booked = await server.book(starts_in=-10, minutes=1)
    client = await person(booked["links"]["client"], WATCHED)
    expert = await person(booked["links"]["expert"])
    await client.join()
    assert "t=" not in client.page.url  # the token is out of the address bar at once
    await expert.join()
    await asyncio.gather(client.is_in("call"), expert.is_in("call"))
    await asyncio.gather(client.sees_video(), expert.sees_video())

    # P3.2: seen, announced, in the name of the tab, and heard once
    tones = await client.page.evaluate("__tones")
    await client.by("warning").wait_for(state="visible", timeout=90_000)
    assert "seconds left" in await client.text("warning")
    assert "seconds left" in await client.page.title()
    assert await client.page.get_by_role("alert").filter(has=client.by("warning")).count() == 1
    await asyncio.sleep(1)
    assert await client.page.evaluate("__tones") == tones + 1

    await asyncio.gather(client.is_in("summary", "ended", within=90), expert.is_in("summary", "ended", within=90))
    late = await client.page.evaluate("__ended") - from_rfc3339((await server.session())["ends_at"])
    print(f"the summary came {late} ms after the booked end")
    assert -1_000 < late < 20_000  # by the same clock, and by itself
    assert await client.by("summary-heading").is_visible()
    assert await expert.by("summary-heading").is_visible()

    session = await server.ended()
    assert session["end"]["reason"] == "completed"
    assert session["end"]["at"] == session["ends_at"]
    assert session["refund"]["status"] == "none"
    assert session["end"]["mutual_seconds"] > 0

    await asyncio.sleep(REPORTED)
    after = await server.relayed()
    assert after > 0
    await asyncio.sleep(1)
    assert await server.relayed() == after  # not one packet more

    again = await person(booked["links"]["client"])  # the same link still shows the summary
    await again.page.goto(again.link)
    await again.is_in("summary", "ended")


async def test_P3_1_a_page_that_will_not_hang_up_is_stopped_all_the_same(server: Server, person: People) -> None:
    booked = await server.book(starts_in=-10, minutes=1)
    client = await person(booked["links"]["client"], HOSTILE)
    expert = await person(booked["links"]["expert"], HOSTILE)
    await client.join()
    await expert.join()
    await asyncio.gather(client.sees_video(), expert.sees_video())
    session = await server.ended(within=90)
    assert session["end"]["reason"] == "completed"
    await asyncio.sleep(REPORTED)
    after = await server.relayed()
    frames = await client.frames(), await expert.frames()

    async def still_sending() -> bool:
        """The hostile page goes on sending; so it is the relay that stopped, not the page."""
        sent = await client.page.evaluate(
            """async () => {
              const sent = async () => {
                let bytes = 0;
                for (const pc of window.__connections)
                  for (const row of (await pc.getStats()).values())
                    if (row.type === "outbound-rtp") bytes += row.packetsSent || 0;
                return bytes;
              };
              const before = await sent();
              await new Promise((done) => setTimeout(done, 500));
              return (await sent()) - before;
            }"""
        )
        return int(sent) > 0

    await until(still_sending, 10, "the hostile page is still sending")
    await asyncio.sleep(1)
    assert await server.relayed() == after
    late = await client.frames(), await expert.frames()
    assert late[0] - frames[0] <= 5  # what was in the jitter buffer, and no more
    assert late[1] - frames[1] <= 5
