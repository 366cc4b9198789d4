"""A page's socket as the server sees it, and nothing more: Engine.IO frames on a bare transport.

Thousands of them must not be what a trial measures, so there is no client library, no task for a socket, and no message
is parsed but an answer. It knows no rule, and it does not reconnect.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import struct
from typing import Any, Final

from signaling.messages import PROTOCOL_VERSION

_TEXT, _CLOSE = 1, 8
_NO_MASK: Final = b"\0\0\0\0"  # a mask a client must send; of zeros it leaves every byte as it is
_SILENT: Final = b"\x88\x80" + _NO_MASK


class Gone(Exception):
    """The socket is dead, or was refused; why, as far as it said so."""


class Wire(asyncio.Protocol):
    """``connect`` it, ask it ``command``s, then ``cut`` it without a word or ``close`` it in good manners."""

    def __init__(self, token: str) -> None:
        self.ended = False  # the server said that the session is over
        self._token = token
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._http = True
        self._numbers = itertools.count(1)
        self._name = base64.b32encode(os.urandom(10)).decode()
        loop = self._loop = asyncio.get_running_loop()
        self._welcome: asyncio.Future[None] = loop.create_future()
        self._asked: dict[int, asyncio.Future[tuple[dict[str, Any], float]]] = {}
        self.lost: asyncio.Future[None] = loop.create_future()

    @classmethod
    async def connect(cls, port: int, address: str, token: str, within: float = 30.0) -> Wire:
        """From ``address``, of which loopback has many: a server lets in so many sockets of each."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: cls(token), "127.0.0.1", port, local_addr=(address, 0))
        try:
            async with asyncio.timeout(within):
                await wire._welcome
        except BaseException:
            wire.cut()
            raise
        return wire

    async def command(self, name: str, within: float = 30.0, **data: Any) -> tuple[dict[str, Any], float]:
        """The answer, and the seconds until it was here. ``TimeoutError`` or ``Gone`` when there is none."""
        number = next(self._numbers)
        answer: asyncio.Future[tuple[dict[str, Any], float]] = self._loop.create_future()
        if self.lost.done():
            raise Gone("before it was asked")
        self._asked[number] = answer
        asked = self._loop.time()
        self._say(f"42{number}{json.dumps([name, {'command_id': f'{self._name}{number}', **data}])}")
        try:
            async with asyncio.timeout(within):
                body, at = await answer
        finally:
            self._asked.pop(number, None)
        return body, at - asked

    def cut(self) -> None:
        """As a network does: no close, no farewell."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """As a browser does."""
        if self._transport is not None and not self.lost.done():
            self._transport.write(_SILENT)
            self._transport.close()

    # --- the transport's side ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port = transport.get_extra_info("peername")[:2]
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if self._http:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._refuse(head.partition(b"\r\n")[0].decode("latin-1"))
                return
            self._http, self._buffer = False, rest
        while len(self._buffer) >= 2:
            code, size, start = self._buffer[0] & 15, self._buffer[1], 2
            if size == 126:
                if len(self._buffer) < 4:
                    return
                size, start = int.from_bytes(self._buffer[2:4]), 4
            elif size == 127:
                self._refuse("a frame larger than any of ours")
                return
            if len(self._buffer) < start + size:
                return
            frame, self._buffer = self._buffer[start : start + size], self._buffer[start + size :]
            if code == _TEXT:
                self._take(frame)
            elif code == _CLOSE:
                self.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._welcome.done():
            self._refuse(f"closed: {error}")
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(Gone("before it was answered"))
        if not self.lost.done():
            self.lost.set_result(None)

    # --- Engine.IO and Socket.IO ---

    def _take(self, frame: bytes) -> None:
        match frame[:1], frame[1:2]:
            case b"2", _:
                self._say("3")
            case b"0", _:
                self._say("40" + json.dumps({"token": self._token, "protocol": PROTOCOL_VERSION}))
            case b"4", b"0":
                if not self._welcome.done():
                    self._welcome.set_result(None)
            case b"4", b"4":
                self._refuse(frame[2:].decode())
            case b"4", b"3":
                number, bracket, body = frame[2:].partition(b"[")
                answer = self._asked.get(int(number))
                if answer is not None and not answer.done():
                    answer.set_result((json.loads(bracket + body)[0], self._loop.time()))
            case b"4", b"2":
                self.ended = self.ended or frame.startswith(b'42["ended"')

    def _say(self, text: str) -> None:
        assert self._transport is not None
        body = text.encode()
        size = (
            struct.pack("!BB", 0x81, 0x80 | len(body))
            if len(body) < 126
            else struct.pack("!BBH", 0x81, 0xFE, len(body))
        )
        self._transport.write(size + _NO_MASK + body)

    def _refuse(self, why: str) -> None:
        if not self._welcome.done():
            self._welcome.set_exception(Gone(why))
            with contextlib.suppress(BaseException):
                self._welcome.exception()  # whoever waits has it
        self.cut()
