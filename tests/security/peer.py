"""One party of a call in a process of its own, that can tell what a browser never would: its keys.

``python -m tests.security.peer ROLE LINK`` joins as the probe does. It says ``ready`` when it has video. Asked
with a line, it tells, as one line of JSON, what it holds: the keys of both directions, the DTLS master secret, and its
own description with its candidates; when its input ends it leaves. It knows nothing of who looks for them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import aiortc.rtcpeerconnection
from aiortc import rtcdtlstransport

from server.probe import Peer

told: list[dict[str, Any]] = []


class Telling(rtcdtlstransport.RTCDtlsTransport):
    """aiortc's transport, which can say what it exported for SRTP (RFC 5764 §4.2)."""

    def _setup_srtp(self) -> None:
        super()._setup_srtp()
        assert self._ssl is not None
        name = self._ssl.get_selected_srtp_profile()
        profile = next(each for each in rtcdtlstransport.SRTP_PROFILES if each.openssl_profile == name)
        size = 2 * (profile.key_length + profile.salt_length)
        exported = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        self.exported = [profile.get_key_and_salt(exported, index) for index in (0, 1)]
        master = self._ssl.master_key()
        assert master is not None
        told.append(
            {
                "profile": name.decode(),
                "keys": [key.hex() for key in self.exported],
                "master": master.hex(),
            }
        )


async def main(role: str, link: str) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    parts = urlsplit(link)
    peer = Peer(role, parts.fragment.removeprefix("t="), f"{parts.scheme}://{parts.netloc}", lambda _: None)
    await peer.join()
    await peer.first_frame.wait()
    print("ready", flush=True)
    while await reader.readline():
        assert peer.connection is not None
        print(json.dumps({**told[-1], "sdp": peer.connection.localDescription.sdp}), flush=True)
    await peer.close()


if __name__ == "__main__":
    aiortc.rtcpeerconnection.RTCDtlsTransport = Telling  # type: ignore[attr-defined]
    asyncio.run(main(*sys.argv[1:]))
