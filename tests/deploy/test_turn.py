"""The strictest network: all that a browser sends goes by TURN, through deploy/turnserver.conf as it is, to our relay.

A real coturn, and Chromium told to use relayed candidates alone. The TLS of ``turns:`` is not tried here: Chromium
takes no certificate of ours for it; TURN over TCP is the same but for that. Ports and addresses are the test's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from tests.e2e.stage import People, Server, free_port, until

CONFIG = Path(__file__).parents[2] / "deploy" / "turnserver.conf"

RELAY_ONLY = """
const Watched = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Watched {
  constructor(config, ...rest) {
    const by = (url) => url.endsWith("=PROTOCOL");
    const iceServers = config.iceServers.map((each) => ({ ...each, urls: each.urls.filter(by) }));
    super({ ...config, iceServers, iceTransportPolicy: "relay" }, ...rest);
  }
};
"""
PAIR = """
async () => {
  for (const pc of window.__connections) {
    if (pc.signalingState === "closed") continue;
    const stats = await pc.getStats();
    for (const row of stats.values())
      if (row.type === "transport" && row.selectedCandidatePairId) {
        const pair = stats.get(row.selectedCandidatePairId);
        const local = stats.get(pair.localCandidateId), remote = stats.get(pair.remoteCandidateId);
        return { type: local.candidateType, by: local.relayProtocol, port: remote.port };
      }
  }
}
"""


def config(folder: Path, port: int, allowed: str) -> str:
    """The file that is deployed, with what belongs to a test: its ports, its peer, no certificate."""
    text = CONFIG.read_text()
    changes = (
        (r"^listening-port=.*", f"listening-port={port}\nlistening-ip=127.0.0.1\nrelay-ip=127.0.0.1"),
        (r"^(tls-listening-port|cert|pkey|no-tlsv1|no-tlsv1_1)\b.*\n", ""),
        (r"^allowed-peer-ip=.*", f"allowed-peer-ip={allowed}\nno-tls\nno-dtls\nallow-loopback-peers\ncli-password=x"),
        (r"CHANGE-ME", "of-this-test"),
    )
    for pattern, other in changes:
        text, number = re.subn(pattern, other, text, flags=re.M)
        assert number, f"deploy/turnserver.conf has no {pattern}"
    return f"{text}\nlog-file={folder}/turn.log\nsimple-log\npidfile={folder}/turn.pid\nuserdb={folder}/turndb\n"


@contextlib.asynccontextmanager
async def coturn(folder: Path, *, allowed: str = "127.0.0.1") -> AsyncIterator[int]:
    """Its port. ``allowed`` is the one address that it sends to."""
    program = shutil.which("turnserver")
    assert program, "coturn is missing: `make packages` installs it"
    folder.mkdir(exist_ok=True)
    port = free_port(socket.SOCK_DGRAM)
    (folder / "turnserver.conf").write_text(config(folder, port, allowed))
    process = await asyncio.create_subprocess_exec(
        program, "-c", str(folder / "turnserver.conf"), stdout=asyncio.subprocess.DEVNULL
    )

    async def listens() -> bool:
        assert process.returncode is None, (folder / "turn.log").read_text()
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    try:
        await until(listens, 60, "coturn listens")
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def ice_servers(*urls: str) -> str:
    return json.dumps([{"urls": list(urls), "username": "headstrt", "credential": "of-this-test"}])


def relay_only(by: str) -> str:
    return RELAY_ONLY.replace("PROTOCOL", by)


async def test_both_parties_behind_turn_one_by_udp_and_one_by_tcp(
    server: Server, person: People, tmp_path: Path
) -> None:
    async with coturn(tmp_path / "turn") as port:
        await server.stop()
        turn = f"turn:127.0.0.1:{port}?transport="
        server.settings["HEADSTRT_ICE_SERVERS"] = ice_servers(turn + "udp", turn + "tcp")
        await server.start()
        booked = await server.book(starts_in=-20, minutes=5)
        client = await person(booked["links"]["client"], relay_only("udp"))
        expert = await person(booked["links"]["expert"], relay_only("tcp"))
        await client.join()
        await expert.join()
        await asyncio.gather(client.sees_video(within=60), expert.sees_video(within=60))
        for each, protocol in ((client, "udp"), (expert, "tcp")):
            pair = await each.page.evaluate(PAIR)
            assert pair == {"type": "relay", "by": protocol, "port": server.media_port}


async def test_it_is_nobody_elses_relay(server: Server, person: People, tmp_path: Path) -> None:
    """Its password is known to every party. What keeps it closed is that it sends to one address alone."""
    async with coturn(tmp_path / "turn", allowed="203.0.113.7") as port:
        await server.stop()
        server.settings["HEADSTRT_ICE_SERVERS"] = ice_servers(f"turn:127.0.0.1:{port}?transport=udp")
        await server.start()
        booked = await server.book(starts_in=-20, minutes=5)
        client = await person(booked["links"]["client"], relay_only("udp"))
        expert = await person(booked["links"]["expert"])
        await client.join()
        await expert.join()

        async def refused() -> bool:
            return "peer IP 127.0.0.1 denied" in (tmp_path / "turn" / "turn.log").read_text()

        await until(refused, 60, "coturn has refused a peer")
        assert await client.frames() == 0
