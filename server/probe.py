"""``headstrt probe``: an aiortc client and expert hold a short call through a running server, and print what happened.

It comes in by the same doors as everyone: it books through the API, joins with the links, talks through the relay, is
stopped at the booked end, and then reads the ledger and the settlement back. It shares no state with the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import socketio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from signaling.ledger import Entry, verify
from signaling.messages import PROTOCOL_VERSION, from_rfc3339, to_rfc3339
from signaling.session import Ms

Say = Callable[[str], None]


class ProbeFailed(RuntimeError):
    """The call did not go as it must; the message says at which step."""


@dataclass(frozen=True, slots=True)
class Held:
    """A call that went as it must. Seconds: from the joins to video on both sides; from the booked end to the last
    frame that either decoded (below zero: before it)."""

    first_frame: float
    stop: float


@dataclass(slots=True)
class Peer:
    """One party of the probe's call, in the terms of the socket's protocol."""

    role: str
    token: str
    origin: str
    say: Say
    socket: Any = field(default_factory=lambda: socketio.AsyncClient(reconnection=False))
    connection: RTCPeerConnection | None = None
    first_frame: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Future[dict[str, Any]] = field(default_factory=asyncio.Future)
    frames: int = 0
    last_frame: float = 0.0
    joining: bool = False
    answered: int = -1  # the generation whose offer it has answered
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _commands: int = 0

    async def join(self) -> None:
        """Connect and take the seat."""
        for name in ("snapshot", "peer", "held", "resumed", "moved", "warning", "replaced", "draining"):
            self.socket.on(name, self._heard(name))
        self.socket.on("negotiate", self._negotiate)
        self.socket.on("description", self._description)
        self.socket.on("ended", self._ended)
        await self.socket.connect(
            self.origin, auth={"token": self.token, "protocol": PROTOCOL_VERSION}, transports=["websocket"]
        )
        me = await self._me()
        self.joining = True
        answer = await self.command("join", guidelines=me["guidelines"]["version"])
        self.say(f"{self.role} joined ({answer['join']})")

    async def command(self, name: str, **data: Any) -> dict[str, Any]:
        """Send a command and wait for its acknowledgement, which comes after the commit."""
        self._commands += 1
        answer: dict[str, Any] = await self.socket.call(name, {"command_id": f"c{self._commands}", **data}, timeout=10)
        if not answer.get("ok"):
            raise ProbeFailed(f"{self.role}: {name} was refused: {answer.get('code')}: {answer.get('detail')}")
        return answer

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self.connection is not None:
            await self.connection.close()
        await self.socket.disconnect()

    async def _me(self) -> dict[str, Any]:
        async with aiohttp.ClientSession() as http:
            answer = await http.get(f"{self.origin}/v1/me", headers={"Authorization": f"Bearer {self.token}"})
            answer.raise_for_status()
            me: dict[str, Any] = await answer.json()
            return me

    def _heard(self, name: str) -> Callable[[dict[str, Any]], Any]:
        async def heard(data: dict[str, Any]) -> None:
            if name != "snapshot":
                shown = " ".join(f"{k}={v}" for k, v in data.items() if v is not None and k != "version")
                self.say(f"{self.role} is told: {name} {shown}")

        return heard

    def _new_connection(self) -> RTCPeerConnection:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))

        @connection.on("track")
        def on_track(track: Any) -> None:
            if track.kind == "video":
                task = asyncio.ensure_future(self._watch(track))
                self._tasks.add(task)

        self.connection = connection
        return connection

    async def _watch(self, track: Any) -> None:
        with contextlib.suppress(Exception):  # the track ends with the call
            while True:
                await track.recv()
                self.frames += 1
                self.last_frame = time.time()
                self.first_frame.set()

    async def _negotiate(self, data: dict[str, Any]) -> None:
        connection = self._new_connection()
        connection.addTrack(AudioStreamTrack())
        connection.addTrack(VideoStreamTrack())
        connection.createDataChannel("chat")
        await connection.setLocalDescription(await connection.createOffer())
        await self._describe(data["generation"])

    async def _description(self, data: dict[str, Any]) -> None:
        if data["type"] == "offer":
            # An offer that waits is shown before the join, for a page to get ready, and again with it. It is answered
            # once, for a second answer would be of another connection than the first.
            if not self.joining or self.answered == data["generation"]:
                return
            self.answered = data["generation"]
            connection = self._new_connection()
            await connection.setRemoteDescription(RTCSessionDescription(data["sdp"], "offer"))
            connection.addTrack(AudioStreamTrack())
            connection.addTrack(VideoStreamTrack())
            await connection.setLocalDescription(await connection.createAnswer())
            await self._describe(data["generation"])
        elif self.connection is not None:
            await self.connection.setRemoteDescription(RTCSessionDescription(data["sdp"], "answer"))

    async def _describe(self, generation: int) -> None:
        assert self.connection is not None
        local = self.connection.localDescription
        await self.command("describe", type=local.type, sdp=local.sdp, generation=generation)

    async def _ended(self, data: dict[str, Any]) -> None:
        if not self.ended.done():
            self.ended.set_result(data)


async def run(origin: str, api_key: str, say: Say, *, session: str | None = None, seconds: int = 20) -> None:
    """Hold one call of about ``seconds``, to its hard stop. ``ProbeFailed`` if anything is not as it must be."""
    session = session or f"probe-{int(time.time() * 1000)}"
    headers = {"Authorization": f"Bearer {api_key}"}
    async with aiohttp.ClientSession(base_url=origin, headers=headers) as http:
        now = int(time.time() * 1000)
        starts_at = now - 60_000 + seconds * 1000  # a minute is the shortest booking; most of it has passed
        booked = await _call(
            http,
            "PUT",
            f"/v1/sessions/{session}",
            json={
                "starts_at": to_rfc3339(starts_at),
                "duration_minutes": 1,
                "title": "Probe",
                "client": {"id": "probe-client", "name": "Probe client"},
                "expert": {"id": "probe-expert", "name": "Probe expert"},
                "fee": {"amount": 6000, "currency": "USD"},
            },
        )
        say(f"booked {session}, ends at {booked['ends_at']}")
        await hold(origin, booked["links"], from_rfc3339(booked["ends_at"]), say)
        await _account(http, session, say)


async def hold(origin: str, links: Mapping[str, str], ends_at: Ms, say: Say) -> Held:
    """Both sides of one call, from joining to the hard stop at ``ends_at``. ``ProbeFailed`` names what went wrong."""
    async with _peers(origin, links, say) as (client, expert):
        began = time.monotonic()
        await asyncio.gather(client.join(), expert.join())
        try:
            await asyncio.wait_for(asyncio.gather(client.first_frame.wait(), expert.first_frame.wait()), 15)
        except TimeoutError:
            raise ProbeFailed(f"no video within 15 s (client {client.frames} frames, expert {expert.frames})") from None
        first_frame = time.monotonic() - began
        say(f"both see video after {first_frame:.2f} s")
        left = max(0.0, ends_at / 1000 - time.time())
        try:
            told = await asyncio.wait_for(asyncio.gather(client.ended, expert.ended), left + 20)
        except TimeoutError:
            raise ProbeFailed("the hard stop did not come") from None
        reason = told[0]["view"]["end"]["reason"]
        say(f"told the end: {reason}")
        await asyncio.sleep(0.5)
        say(f"frames: client {client.frames}, expert {expert.frames}")
        if reason != "completed":
            raise ProbeFailed(f"it should have been completed, but was {reason}")
        stop = max(client.last_frame, expert.last_frame) - ends_at / 1000
        return Held(round(first_frame, 3), round(stop, 3))


async def _account(http: aiohttp.ClientSession, session: str, say: Say) -> None:
    """Read back what is on record, and check the chain."""
    ledger = await _call(http, "GET", f"/v1/sessions/{session}/ledger")
    say("ledger:")
    entries = []
    for entry in ledger["data"]:
        say(f"  {entry['seq']:>3} {entry['at']} {entry['kind']:<14} {entry.get('role') or '':<7} {entry['hash'][:12]}")
        entries.append(Entry(entry["seq"], entry["data"], entry["hash"]))
    head = verify(session, entries)
    say(f"the chain holds, head {head[:16]}")
    answer = await _call(http, "GET", f"/v1/sessions/{session}")
    end, refund = answer["end"], answer["refund"]
    say(f"settlement: {end['reason']} at {end['at']}, mutual {end['mutual_seconds']} s, refund {refund['status']}")
    for role in ("client", "expert"):
        say(f"  {role}: {answer[role]['attendance']}, present {end['present_seconds'][role]} s")


@contextlib.asynccontextmanager
async def _peers(origin: str, links: Mapping[str, str], say: Say) -> AsyncIterator[tuple[Peer, Peer]]:
    client, expert = (
        Peer(role, urlsplit(links[role]).fragment.removeprefix("t="), origin, say) for role in ("client", "expert")
    )
    try:
        yield client, expert
    finally:
        await asyncio.gather(client.close(), expert.close(), return_exceptions=True)


async def _call(http: aiohttp.ClientSession, method: str, path: str, **options: Any) -> dict[str, Any]:
    async with http.request(method, path, **options) as answer:
        body: dict[str, Any] = await answer.json()
        if answer.status >= 400:
            raise ProbeFailed(f"{method} {path}: {answer.status} {body.get('code')}: {body.get('detail')}")
        return body


async def _as_told() -> dict[str, Any]:
    """For ``server.selftest``: what to do comes on stdin, for links are secrets and a command line is not."""
    task = json.load(sys.stdin)
    try:
        held = await hold(task["origin"], task["links"], task["ends_at"], lambda line: None)
    except Exception as error:  # whatever it is, it is the test's result
        return {"failed": str(error) or type(error).__name__}
    return {"first_frame": held.first_frame, "stop": held.stop}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_as_told())))
