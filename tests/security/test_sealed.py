"""The sealed proof: with all that went through the relay, and all that the server knew, nobody can read the media.

A tap in front of the relay takes down every packet of a call between Chromium and aiortc. Then a tool that knows only
what the server knew (the memory of both its processes, its database, every description and credential) tries to open
the media, and cannot. The same tool, given one party's keys, opens it; let loose on that party's memory it finds them
there by itself. So it can be trusted where it finds none.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import re
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pylibsrtp
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from playwright.async_api import Browser

from tests.e2e.stage import API_KEY, ROOT, People, Person, Server, chromium, person, until

__all__ = ["chromium", "person"]  # fixtures

BEHIND_THE_TAP = "127.0.0.2"
PROFILES = {
    "SRTP_AEAD_AES_256_GCM": (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 32, 12),
    "SRTP_AEAD_AES_128_GCM": (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    "SRTP_AES128_CM_SHA1_80": (pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}
"""By the name that the DTLS hello carries, readable to anyone on the way: profile, bytes of key, bytes of salt."""

# --- the tap ----------------------------------------------------------------------------------------------------------


class Tap(asyncio.DatagramProtocol):
    """Stands at the relay's advertised address, hands everything on in both directions, and keeps a copy."""

    def __init__(self, relay: tuple[str, int]) -> None:
        self.packets: list[bytes] = []
        self._relay = relay
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[Any, asyncio.Future[asyncio.DatagramTransport]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self._front = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.packets.append(data)
        task = asyncio.ensure_future(self._on(data, address))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _on(self, data: bytes, address: Any) -> None:
        if address not in self._backs:
            self._backs[address] = asyncio.get_running_loop().create_future()
            made, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Back(self, address), remote_addr=self._relay
            )
            self._backs[address].set_result(made)
        (await self._backs[address]).sendto(data)

    def back(self, data: bytes, address: Any) -> None:
        self.packets.append(data)
        if self._front is not None:
            self._front.sendto(data, address)

    def close(self) -> None:
        for back in self._backs.values():
            if back.done():
                back.result().close()
        if self._front is not None:
            self._front.close()

    @property
    def media(self) -> list[bytes]:
        """SRTP, without SRTCP (RFC 5761 §4)."""
        return [packet for packet in self.packets if 128 <= packet[0] <= 191 and not 64 <= packet[1] & 127 <= 95]


class _Back(asyncio.DatagramProtocol):
    def __init__(self, tap: Tap, address: Any) -> None:
        self._tap, self._address = tap, address

    def datagram_received(self, data: bytes, _: Any) -> None:
        self._tap.back(data, self._address)


# --- the tool ---------------------------------------------------------------------------------------------------------


def opened(packet: bytes, material: bytes, profile: str) -> bytes | None:
    """The RTP packet, if ``material`` (master key and salt) is what sealed it; its tag tells."""
    number, key, salt = PROFILES[profile]
    policy = pylibsrtp.Policy(
        key=material[: key + salt], ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND, srtp_profile=number
    )
    with contextlib.suppress(pylibsrtp.Error):
        return bytes(pylibsrtp.Session(policy).unprotect(packet))
    return None


def first_opening(packets: list[bytes], materials: Iterable[bytes], profile: str) -> tuple[int, bytes | None]:
    """How many materials were tried, and the first that opens one of the packets."""
    tried = 0
    for tried, material in enumerate(materials, 1):
        if any(opened(packet, material, profile) for packet in packets):
            return tried, material
    return tried, None


def regions(process: int) -> Iterator[tuple[int, bytes]]:
    """What a process can write, with the address of each part: its heap, its stacks, its data."""
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
        for line in maps:
            area, rights, *_ = line.split()
            if not rights.startswith("rw") or "[v" in line:
                continue
            begin, end = (int(part, 16) for part in area.split("-"))
            with contextlib.suppress(OSError, ValueError):  # it has just given it back
                memory.seek(begin)
                yield begin, memory.read(end - begin)


ASCII = bytes(range(128))


def random_looking(process: int, size: int) -> Iterator[bytes]:
    """Every aligned stretch of memory that could be a key: no zeros side by side, no text, hardly a byte twice."""
    seen = set()
    for begin, content in regions(process):
        for chunk in range(0, len(content), 1 << 20):
            at = begin + chunk
            for piece in content[chunk : chunk + (1 << 20) + size].split(b"\0\0"):
                if len(piece) >= size and len(piece.translate(None, ASCII)) >= size // 6:
                    for start in range(-at % 8, len(piece) - size + 1, 8):
                        window = piece[start : start + size]
                        high = len(window.translate(None, ASCII))
                        if size // 6 <= high <= size - size // 6 and len(set(window)) >= size * 3 // 4:
                            seen.add(window)
                at += len(piece) + 2
    yield from seen


def from_words(words: Iterable[str], size: int) -> Iterator[bytes]:
    """What could be made a key of what was said: as it is, decoded, hashed; with itself for a label."""
    for word in words:
        raw = [word.encode()]
        with contextlib.suppress(ValueError):
            raw.append(base64.b64decode(word + "=" * (-len(word) % 4)))
        with contextlib.suppress(ValueError):
            raw.append(bytes.fromhex(word.replace(":", "")))
        for each in raw:
            for material in (each, hashlib.sha256(each).digest(), hashlib.sha512(each).digest()):
                yield (material * size)[:size] if material else bytes(size)


def secrets_of(material: bytes, profile: str) -> list[bytes]:
    """Everything that a holder of this key must have in memory to use it: the master key, or what is derived from it.

    The derivation is RFC 3711 §4.3 with RFC 7714 §11's twelve bytes of salt padded to fourteen.
    """
    _, key, salt = PROFILES[profile]
    master, padded = material[:key], material[key : key + salt].ljust(14, b"\0")
    found = [master]
    for label, size in ((0, key), (1, 20), (3, key)):  # RTP's cipher and authentication, RTCP's cipher
        counter = bytearray(padded + b"\0\0")
        counter[7] ^= label
        stream = Cipher(algorithms.AES(master), modes.CTR(bytes(counter))).encryptor()
        found.append(stream.update(bytes(size)))
    return found


def holds(process: int, needles: list[bytes]) -> list[int]:
    """Which of the needles lie in the memory of a process, at whatever address."""
    found = set()
    for _, content in regions(process):
        found |= {index for index, needle in enumerate(needles) if needle in content}
    return sorted(found)


# --- the call ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """What the expert's own process says of itself."""

    profile: str
    keys: list[bytes]  # of both directions, with their salts
    master: bytes  # DTLS
    sdp: str


@dataclass(slots=True)
class Scene:
    """A call that is on: Chromium is the client, aiortc the expert."""

    server: Server
    tap: Tap
    page: Person
    peer: asyncio.subprocess.Process
    frames: list[str] = field(default_factory=list)  # of the page's socket, both ways
    links: dict[str, str] = field(default_factory=dict)

    @property
    def processes(self) -> list[int]:
        """The server and its relay workers."""
        assert self.server.process is not None
        parent = self.server.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        assert children, "the relay has no worker of its own"
        return [parent, *map(int, children)]

    async def tell(self) -> Told:
        assert self.peer.stdin is not None
        assert self.peer.stdout is not None
        self.peer.stdin.write(b"tell\n")
        told = json.loads(await asyncio.wait_for(self.peer.stdout.readline(), 30))
        keys = [bytes.fromhex(key) for key in told["keys"]]
        return Told(told["profile"], keys, bytes.fromhex(told["master"]), told["sdp"])


@pytest.fixture
async def scene(tmp_path: Path, chromium: Browser, person: People) -> AsyncIterator[Scene]:
    server = Server(tmp_path, settings={"HEADSTRT_MEDIA_BIND": BEHIND_THE_TAP, "HEADSTRT_MEDIA_ADVERTISE": "127.0.0.1"})
    await server.start()
    _, tap = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Tap((BEHIND_THE_TAP, server.media_port)), local_addr=("127.0.0.1", server.media_port)
    )
    booked = await server.book(starts_in=-5, minutes=10)
    page = await person(booked["links"]["client"])
    command = [sys.executable, "-m", "tests.security.peer", "expert", booked["links"]["expert"]]
    pipe = asyncio.subprocess.PIPE
    peer = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe, limit=1 << 20)
    scene = Scene(server, tap, page, peer, links=booked["links"])
    try:

        def opened_socket(socket: Any) -> None:
            for way in ("framereceived", "framesent"):
                socket.on(way, lambda frame: scene.frames.append(str(frame)))

        page.page.on("websocket", opened_socket)
        await page.join()
        assert peer.stdout is not None
        assert await asyncio.wait_for(peer.stdout.readline(), 60) == b"ready\n"
        await until(page.frames, 60, "the page decodes video")
        yield scene
    finally:
        if peer.returncode is None:
            peer.kill()
            await peer.wait()
        tap.close()
        await server.stop()


async def test_P5_1_nothing_that_the_server_had_opens_the_media(scene: Scene) -> None:
    told = await scene.tell()
    size = sum(PROFILES[told.profile][1:])
    streams: dict[bytes, bytes] = {}

    async def both_directions() -> bool:
        for packet in scene.tap.media:
            streams.setdefault(packet[8:12], packet)  # the first of each, by SSRC
        return all(any(opened(each, key, told.profile) for each in streams.values()) for key in told.keys)

    # The tool can open this call: with the keys of one who has them.
    await until(both_directions, 30, "media of both directions on the tap")
    packets = [next(each for each in streams.values() if opened(each, key, told.profile)) for key in told.keys]
    capture = scene.tap.media[:400]
    assert sum(first_opening([each], told.keys, told.profile)[1] is not None for each in capture) == len(capture)
    for packet, key in zip(packets, told.keys, strict=True):
        plain = opened(packet, key, told.profile)
        assert plain is not None
        assert plain[:12] == packet[:12]  # RTP's header is not sealed
        assert plain[12:] not in packet
    # It can also find them, where they are, without being told.
    _, found = await asyncio.to_thread(first_opening, packets, random_looking(scene.peer.pid, size), told.profile)
    assert found in told.keys
    needles = [told.master, *(secret for key in told.keys for secret in secrets_of(key, told.profile))]
    assert await asyncio.to_thread(holds, scene.peer.pid, needles)

    # And the server: the same, while it forwards.
    passwords = [word.encode() for word in re.findall(r"a=ice-pwd:([\w+/]+)", "".join(scene.frames))]
    for process in scene.processes:
        assert await asyncio.to_thread(holds, process, passwords)  # what it knows is found
        assert await asyncio.to_thread(holds, process, needles) == []
        tried, found = await asyncio.to_thread(first_opening, packets, random_looking(process, size), told.profile)
        assert found is None, f"after {tried} tries"
    words = set(re.findall(r"[\w+/:=.-]{8,}", "\n".join([*scene.frames, *scene.links.values(), scene.server.log()])))
    words |= {API_KEY, "an end-to-end test's own secret, long enough"}
    tried, found = first_opening(packets, from_words(words, size), told.profile)
    assert tried > 100
    assert found is None
    kept = b"".join(file.read_bytes() for file in scene.server.folder.rglob("*") if file.is_file())
    assert b"bk_1" in kept
    for needle in needles:
        assert needle not in kept
        assert needle.hex().encode() not in kept.lower()
        assert base64.b64encode(needle) not in kept


STATS = """
async () => {
  const rows = [];
  for (const pc of window.__connections) for (const row of (await pc.getStats()).values()) rows.push(row);
  return rows;
}
"""
DESCRIPTIONS = (
    "() => window.__connections.map((pc) => pc.remoteDescription ? pc.remoteDescription.sdp : '').join('\\n')"
)


async def test_P5_5_a_page_can_read_nothing_of_where_the_other_is(scene: Scene) -> None:
    own = (await scene.tell()).sdp
    candidates = re.findall(r"a=candidate:(\S+ \d \S+ \d+ (\S+) (\d+).*)", own)
    assert candidates  # the server was told them, and a page could have been
    ports = {port for _, _, port in candidates}
    [relay] = {scene.server.media_port}
    rows = await scene.page.page.evaluate(STATS)
    descriptions = await scene.page.page.evaluate(DESCRIPTIONS)
    heard = "\n".join(scene.frames)
    assert "a=candidate" in heard  # the server's own
    for text in (descriptions, heard):
        for port in re.findall(r"a=candidate:\S+ \d \S+ \d+ \S+ (\d+)", text):
            assert port == str(relay)
        for line, _, _ in candidates:
            assert line not in text
        for secret in re.findall(r"a=ice-(?:ufrag|pwd):(\S+)", own):
            assert secret not in text
        assert ".local" not in text
    for address in re.findall(r"(?:c=IN IP4|o=\S+ \S+ \S+ IN IP4) (\S+)", descriptions):
        assert address in ("0.0.0.0", "127.0.0.1")
    far = [row for row in rows if row["type"] == "remote-candidate"]
    assert far
    assert {(row["address"], row["port"]) for row in far} == {("127.0.0.1", relay)}
    assert not ports & {str(row.get("port")) for row in rows}
