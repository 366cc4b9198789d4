"""The relay over TCP, for networks that let no UDP out: RFC 6544's passive side, with RFC 4571's framing.

Decides which connections are worth keeping: one that has not carried a check that holds within 5 s is not, nor one with
a frame that no browser would send, nor the 21st of one source. A proven connection is a *line* of the port like a UDP
socket is, so whatever holds there holds here. Nothing waits for a slow reader: past 256 kB its packets are dropped.
What is still in the buffer at the deadline is never sent: the port is asked before each flush, and a close is a reset.

Refuses to know: legs and calls, and the loop, of which it only wants to be told when a socket is ready.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

from signaling.relay.flood import Address, source_of
from signaling.relay.leg import Drop
from signaling.relay.port import MAX_PACKET, Port

PROVEN_WITHIN: Final = 5.0  # seconds
PER_SOURCE: Final = 20
MAX_STREAMS: Final = 2_000
MAX_UNPROVEN_FRAMES: Final = 64
WRITE_BUFFER: Final = 256 * 1024
KERNEL_BUFFER: Final = 128 * 1024  # and not what it would grow to by itself: what waits there is late, too
READ: Final = 16 * 1024  # per wake-up
ACCEPTS_PER_WAKE_UP: Final = 16
_RESET = struct.pack("ii", 1, 0)  # close at once, and throw away what was not sent


class Watcher(Protocol):
    """What is wanted of a loop."""

    def add_reader(self, fd: Any, callback: Callable[..., Any], /, *args: Any) -> Any: ...
    def remove_reader(self, fd: Any, /) -> Any: ...
    def add_writer(self, fd: Any, callback: Callable[..., Any], /, *args: Any) -> Any: ...
    def remove_writer(self, fd: Any, /) -> Any: ...


class Streams:
    """All TCP connections of one worker."""

    def __init__(
        self,
        port: Port,
        watcher: Watcher,
        clock: Callable[[], float] = time.monotonic,
        limit: int = MAX_STREAMS,
    ) -> None:
        self.port = port
        self.watcher = watcher
        self._clock = clock
        self._limit = limit
        self._listeners: list[socket.socket] = []
        self._open: set[Stream] = set()
        self._unproven: dict[Stream, float] = {}  # and when each came, the oldest first
        self._by_source: Counter[bytes] = Counter()

    def listen(self, listener: socket.socket) -> None:
        self._listeners.append(listener)
        self.watcher.add_reader(listener, self._accept, listener)

    def sweep(self) -> None:
        """Close those that have had their time to prove themselves."""
        now = self._clock()
        while self._unproven:
            stream, came = next(iter(self._unproven.items()))
            if now - came < PROVEN_WITHIN:
                return
            self._shed(stream)

    def close(self) -> None:
        for listener in self._listeners:
            self.watcher.remove_reader(listener)
            listener.close()
        for stream in list(self._open):
            stream.close()

    def __len__(self) -> int:
        return len(self._open)

    # --- what streams say ---

    def proven(self, stream: Stream) -> None:
        self._unproven.pop(stream, None)

    def closed(self, stream: Stream) -> None:
        self._unproven.pop(stream, None)
        self._open.discard(stream)
        self._by_source[stream.source] -= 1
        if not self._by_source[stream.source]:
            del self._by_source[stream.source]

    # --- helpers ---

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(ACCEPTS_PER_WAKE_UP):
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:  # gone again, or no descriptor left for it
                if error.errno in (errno.EMFILE, errno.ENFILE) and self._unproven:
                    self._shed(next(iter(self._unproven)))
                return
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            source = source_of(address)
            if self._by_source[source] >= PER_SOURCE or not self._has_room():
                self._count(Drop.STREAM_REFUSED)
                sock.close()
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
            stream = Stream(self, sock, address, source)
            self._open.add(stream)
            self._unproven[stream] = self._clock()
            self._by_source[source] += 1

    def _has_room(self) -> bool:
        """When all places are taken, the oldest connection that has proven nothing makes room."""
        if len(self._open) >= self._limit and self._unproven:
            self._shed(next(iter(self._unproven)))
        return len(self._open) < self._limit

    def _shed(self, stream: Stream) -> None:
        self._count(Drop.STREAM_UNPROVEN)
        stream.close()

    def _count(self, reason: Drop) -> None:
        self.port.drops[reason] += 1


class Stream:
    """One connection: a line of the port, which it writes to as to a UDP socket."""

    __slots__ = ("_address", "_frames", "_in", "_out", "_owner", "_proven", "_socket", "closed", "line", "source")

    def __init__(self, owner: Streams, sock: socket.socket, address: Address, source: bytes) -> None:
        self._owner = owner
        self._socket = sock
        self._address = address
        self.source = source
        self._in = bytearray()
        self._out = bytearray()
        self._frames = 0
        self._proven = False
        self.closed = False
        self.line = owner.port.attach(self)
        owner.watcher.add_reader(sock, self._readable)

    def sendto(self, packet: bytes, address: Address) -> int:
        """``BlockingIOError`` when the other end does not read, ``OSError`` when it is gone: as of a UDP socket."""
        frame = len(packet).to_bytes(2, "big") + packet
        if self._out:
            if len(self._out) + len(frame) > WRITE_BUFFER:
                raise BlockingIOError
            self._out += frame
            return len(packet)
        try:
            sent = self._socket.send(frame)
        except BlockingIOError:
            sent = 0
        if sent < len(frame):
            self._out += frame[sent:]
            self._owner.watcher.add_writer(self._socket, self._writable)
        return len(packet)

    def prove(self) -> None:
        """It has carried a check that holds."""
        if not self._proven:
            self._proven = True
            self._owner.proven(self)

    def close(self) -> None:
        """At once, and with what is in the buffers."""
        if self.closed:
            return
        self.closed = True
        self._owner.watcher.remove_reader(self._socket)
        self._owner.watcher.remove_writer(self._socket)
        self._socket.close()
        self._owner.closed(self)
        self._owner.port.detach(self.line)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self._in += data
        self._parse()

    def _parse(self) -> None:
        port, data, position = self._owner.port, self._in, 0
        while len(data) - position >= 2:
            size = data[position] << 8 | data[position + 1]
            if size > MAX_PACKET:  # a browser would not; and it is not known where the next one begins
                port.drops[Drop.BAD_FRAME] += 1
                self.close()
                return
            end = position + 2 + size
            if len(data) < end:
                break
            port.feed(self.line, bytes(data[position + 2 : end]), self._address)
            position = end
            if self.closed:
                return
            if not self._proven:
                self._frames += 1
                if self._frames >= MAX_UNPROVEN_FRAMES:
                    port.drops[Drop.STREAM_UNPROVEN] += 1
                    self.close()
                    return
        del data[:position]

    def _writable(self) -> None:
        if self._owner.port.overdue(self.line):  # P3.1: also for what has been let through before it
            self.close()
            return
        try:
            sent = self._socket.send(self._out)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        del self._out[:sent]
        if not self._out:
            self._owner.watcher.remove_writer(self._socket)
