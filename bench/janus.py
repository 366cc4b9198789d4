"""Janus as a forwarder: calls of two by its videocall plugin, each party a socket that did ICE and DTLS with it.

Knows what Janus wants to be told (configuration, API, descriptions) and how a party comes to its SRTP keys. What the
load tool sends is sealed with them beforehand, so its own work is what it is beside the others. Refuses to measure.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import aiohttp
import ifaddr
from aioice import stun
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_256_GCM,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)

from bench.load import SIZE, Line, checked, udp
from signaling.relay.ice import Credentials

PROGRAM: Final = shutil.which("janus")
PATIENCE: Final = 30  # seconds
SEAL: Final = 16  # bytes, by AES-256-GCM, which Janus takes if it may choose (RFC 7714)
LIBRARIES: Final = next(Path("/usr/lib").glob("*/janus"), Path("/usr/lib/janus"))
PARTS: Final = {"plugins": "libjanus_videocall.so", "transports": "libjanus_websockets.so"}
CONFIGURATION: Final = """
general: {{
    plugins_folder = "{folder}/plugins"
    transports_folder = "{folder}/transports"
    debug_level = 2
    session_timeout = 0
    event_loops = 1
}}
nat: {{
    ice_lite = true
    ice_enforce_list = "{host}"
}}
"""
API: Final = 'general: {{ json = "compact", ws = true, ws_ip = "127.0.0.1", ws_port = {port} }}'
VIDEO: Final = 96  # its payload type
DESCRIPTION: Final = f"""v=0
o=- 1 1 IN IP4 {{host}}
s=-
t=0 0
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF {VIDEO}
c=IN IP4 {{host}}
a=mid:0
a=sendrecv
a=rtcp-mux
a=ice-ufrag:theirs
a=ice-pwd:{{password}}
a=fingerprint:sha-256 {{fingerprint}}
a=setup:active
a=rtpmap:{VIDEO} VP8/90000
a=ssrc:{{source}} cname:{{source}}
a=candidate:1 1 udp 2130706431 {{host}} {{port}} typ host
"""
"""One video, both ways; no feedback (no copies are kept to be sent again) and no header extensions: the least work."""


def address() -> str | None:
    """One of this machine's that is not loopback, for Janus has no candidates there. Its packets never leave either."""
    ips = (each.ip for adapter in ifaddr.get_adapters() for each in adapter.ips)
    return next((ip for ip in ips if isinstance(ip, str) and not ip.startswith(("127.", "169.254."))), None)


class Api:
    """Janus' API over a WebSocket: one session of it, with a handle for each party."""

    def __init__(self, web: aiohttp.ClientWebSocketResponse) -> None:
        self._web = web
        self._events: list[dict[str, Any]] = []
        self._numbers = itertools.count()
        self._session: dict[str, int] = {}

    async def made(self, what: str, **more: object) -> int:
        """The session, or a handle."""
        mark = await self._told(what, **more)
        while (answer := await self._heard()).get("transaction") != mark:
            self._events.append(answer)
        made = int(answer["data"]["id"])
        if what == "create":
            self._session["session_id"] = made
        return made

    async def tell(self, handle: int, body: dict[str, str], jsep: dict[str, str] | None = None) -> None:
        await self._told("message", handle_id=handle, body=body, **({"jsep": jsep} if jsep else {}))

    async def hear(self, handle: int, name: str) -> str:
        """Wait for the plugin's event of this name; the description that comes with it."""
        while True:
            for event in self._events:
                told = event.get("plugindata", {}).get("data", {})
                if "error" in told:
                    raise RuntimeError(f"Janus refuses: {told['error']}")
                if event.get("sender") == handle and told.get("result", {}).get("event") == name:
                    self._events.remove(event)
                    return str(event.get("jsep", {}).get("sdp", ""))
            self._events.append(await self._heard())

    async def _told(self, what: str, **more: object) -> str:
        mark = str(next(self._numbers))
        await self._web.send_json({"janus": what, "transaction": mark, **self._session, **more})
        return mark

    async def _heard(self) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await self._web.receive_json(timeout=PATIENCE)
        except (TimeoutError, TypeError) as gone:  # TypeError: it closed the socket
            raise RuntimeError("Janus does not answer any more") from gone
        if answer["janus"] == "error":
            raise RuntimeError(f"Janus refuses: {answer['error']}")
        return answer


class Way:
    """What aiortc's DTLS wants of ICE: a way to send, and what comes in that is DTLS. Answers Janus' own checks."""

    role = "controlling"

    def __init__(self, line: Line, password: str) -> None:
        self._line = line
        self._password = password.encode()

    async def _send(self, packet: bytes) -> None:
        self._line.socket.sendto(packet, self._line.to)

    async def _recv(self) -> bytes:
        while True:
            packet = await asyncio.get_running_loop().sock_recv(self._line.socket, 2048)
            if 19 < packet[0] < 64:  # RFC 7983
                return packet
            if packet[:2] == b"\x00\x01":
                await self._send(self._answer(stun.parse_message(packet)))

    def _answer(self, check: stun.Message) -> bytes:
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, check.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = self._line.to
        answer.add_message_integrity(self._password)
        answer.add_fingerprint()
        return bytes(answer)


class Party:
    """One side of a call: its socket, and once it is connected its keys."""

    certificate = RTCCertificate.generateCertificate()

    def __init__(self, host: str, source: int) -> None:
        self._socket = udp(host)
        self._source = source
        self._password = secrets.token_hex(12)
        self._sealed = 0
        self.line = Line(self._socket, ("", 0))
        self.handle = 0

    def description(self, kind: str) -> dict[str, str]:
        host, port = self._socket.getsockname()
        (fingerprint,) = (each.value for each in self.certificate.getFingerprints() if each.algorithm == "sha-256")
        sdp = DESCRIPTION.format(
            host=host, port=port, source=self._source, fingerprint=fingerprint, password=self._password
        )
        return {"type": kind, "sdp": sdp.replace("\n", "\r\n")}

    async def connect(self, sdp: str) -> None:
        """Do ICE and DTLS with the side of Janus that this describes."""
        told = dict(re.findall(r"^a=(ice-ufrag|ice-pwd|fingerprint|candidate):(.+?)\r?$", sdp, re.MULTILINE))
        _, _, _, _, host, port, *_ = told["candidate"].split()
        self.line = Line(self._socket, (host, int(port)))
        await asyncio.to_thread(checked, self.line, Credentials(told["ice-ufrag"], told["ice-pwd"]))
        self._socket.setblocking(False)
        dtls = RTCDtlsTransport(Way(self.line, self._password), [self.certificate])
        dtls._set_role("client")
        dtls._srtp_profiles = [SRTP_AEAD_AES_256_GCM]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await dtls.start(RTCDtlsParameters([RTCDtlsFingerprint("sha-256", told["fingerprint"].split()[1])]))
        if dtls.state != "connected":
            raise RuntimeError("Janus and aiortc found no keys")
        dtls._task.cancel()  # from now on it is not DTLS that reads the socket
        self._keys = dtls._tx_srtp, dtls._rx_srtp

    def packet(self) -> bytes:
        """The next one of its video, sealed; its sequence number is in the header and under the seal."""
        number = self._sealed
        self._sealed += 1
        header = struct.pack("!BBHII", 0x80, VIDEO, number, number * 450, self._source)
        body = number.to_bytes(2, "big") + bytes(SIZE - 14 - SEAL)
        return bytes(self._keys[0].protect(header + body))

    async def wake(self, other: Party) -> None:
        """Send until one arrives. Janus numbers packets anew: the other opens it, to know which number the next has."""
        for _ in range(50):
            self._socket.sendto(self.packet(), self.line.to)
            try:
                async with asyncio.timeout(0.2):
                    while len(got := await asyncio.get_running_loop().sock_recv(other._socket, 2048)) != SIZE:
                        pass
            except TimeoutError:
                continue
            opened = other._keys[1].unprotect(got)
            arrived, sent = (int.from_bytes(opened[at : at + 2], "big") for at in (2, 12))
            other.line = replace(other.line, first=(arrived - sent + self._sealed) % 65_536)
            return
        raise RuntimeError("nothing gets through Janus")

    def prepare(self, count: int) -> None:
        """So many packets for the load tool to send."""
        packets = os.memfd_create("packets")
        with open(packets, "wb", closefd=False) as file:
            file.writelines(self.packet() for _ in range(count))
        self.line = replace(self.line, packets=packets)

    def close(self) -> None:
        self._socket.close()
        if self.line.packets >= 0:
            os.close(self.line.packets)


async def lines(calls: int, count: int, folder: Path) -> AsyncGenerator[tuple[int, list[Line]], None]:
    """Janus' process with so many calls that are up, and a line for each party with ``count`` packets to send."""
    host = address() or ""
    process, port = _started(folder, host)
    parties = [Party(host, 0x10000 + number) for number in range(2 * calls)]
    try:
        async with aiohttp.ClientSession() as client, await _connected(client, port) as web:
            api = Api(web)
            await api.made("create")
            pairs = list(zip(parties[::2], parties[1::2], strict=True))
            told = [await _called(api, *pair) for pair in pairs]
            await asyncio.gather(
                *(party.connect(sdp) for party, sdp in zip(parties, itertools.chain(*told), strict=True))
            )
            for caller, callee in pairs:
                await caller.wake(callee)
                await callee.wake(caller)
            for party in parties:
                party.prepare(count)
            yield process.pid, [party.line for party in parties]
    finally:
        for party in parties:
            party.close()
        process.kill()
        process.wait()


def _started(folder: Path, host: str) -> tuple[subprocess.Popen[bytes], int]:
    """Its process, with the plugin and the API that are used here and no other; and the API's port."""
    own = Path(tempfile.mkdtemp(prefix="janus", dir=folder))
    for part, library in PARTS.items():
        (own / part).mkdir()
        (own / part / library).symlink_to(LIBRARIES / part / library)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (own / "janus.jcfg").write_text(CONFIGURATION.format(folder=own, host=host))
    (own / "janus.transport.websockets.jcfg").write_text(API.format(port=port))
    command = [PROGRAM or "", f"--config={own}/janus.jcfg", f"--configs-folder={own}", "--disable-stdout"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), port


async def _connected(client: aiohttp.ClientSession, port: int) -> aiohttp.ClientWebSocketResponse:
    for _ in range(10 * PATIENCE):  # it takes a moment to start
        try:
            return await client.ws_connect(f"http://127.0.0.1:{port}", protocols=["janus-protocol"])
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.1)
    raise RuntimeError("Janus does not answer")


async def _called(api: Api, caller: Party, callee: Party) -> tuple[str, str]:
    """Have the one call the other, who accepts; what Janus describes to each."""
    for party in (caller, callee):
        party.handle = await api.made("attach", plugin="janus.plugin.videocall")
        await api.tell(party.handle, {"request": "register", "username": str(party.handle)})
        await api.hear(party.handle, "registered")
    await api.tell(caller.handle, {"request": "call", "username": str(callee.handle)}, caller.description("offer"))
    offer = await api.hear(callee.handle, "incomingcall")
    await api.tell(callee.handle, {"request": "accept"}, callee.description("answer"))
    return await api.hear(caller.handle, "accepted"), offer
