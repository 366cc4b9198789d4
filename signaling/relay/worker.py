"""The process the relay runs in, so that no fsync, JSON or TLS of the server holds up a packet (security.md §1.8).

Decides when things are done: sockets when they are readable, commands when they come, deadlines when they ring, reports
twice a second. It lives exactly as long as the other end of its socketpair: when the server is gone, however it went,
the worker closes its sockets and exits, and nothing is forwarded any more.

Refuses to know: sessions, parties, configuration. It imports nothing of the server, nor aiortc. Signals meant for the
server's process group (Ctrl-C, a service manager's SIGTERM) are not for it: calls go on while the server drains.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
import time
from typing import Final, cast

import uvloop

from signaling.relay import wire
from signaling.relay.ice import Credentials
from signaling.relay.leg import Ceiling
from signaling.relay.port import Port
from signaling.relay.tcp import MAX_STREAMS, Streams

SPARE_DESCRIPTORS: Final = 128
REPORT_EVERY: Final = 0.5  # seconds
MAX_BACKLOG: Final = 1024 * 1024  # of reports to a server that does not read them; counters are told later instead


class Worker(asyncio.Protocol):
    """The worker's end of the socketpair, and all that hangs on it."""

    def __init__(self) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._decoder = wire.Decoder()
        self._transport: asyncio.Transport | None = None
        self._sockets: list[socket.socket] = []
        self._port: Port | None = None
        self._streams: Streams | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._parent = os.getppid()

    # --- the socketpair ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of the kind, but not of the class

    def data_received(self, data: bytes) -> None:
        for message in self._decoder.feed(data):
            self._obey(message)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._shut()

    def _tell(self, report: wire.Report) -> None:
        if self._transport is not None:
            self._transport.write(wire.encode(report))

    # --- what it does ---

    def _obey(self, message: wire.Message) -> None:
        if isinstance(message, wire.Start):
            self._start(message)
            return
        port = self._port
        if port is None:
            raise ValueError(f"{type(message).__name__} before Start")
        match message:
            case wire.Open(call, deadline):
                port.open(call, deadline)
            case wire.Admit(call, role, ufrag, password):
                port.admit(call, role, Credentials(ufrag, password))
            case wire.SetDeadline(call, deadline):
                port.set_deadline(call, deadline)
            case wire.Close(call, role):
                port.close(call, role)
            case _:
                raise ValueError(f"{type(message).__name__} is not a command")

    def _start(self, start: wire.Start) -> None:
        loop = asyncio.get_running_loop()
        self._sockets = [socket.socket(fileno=descriptor) for descriptor in start.sockets]
        listeners = [socket.socket(fileno=descriptor) for descriptor in start.listeners]
        self._port = Port(self._sockets, Ceiling(start.bits_per_second, start.packets_per_second), self._tell)
        for line, sock in enumerate(self._sockets):
            loop.add_reader(sock, self._port.read, line)
        self._streams = Streams(self._port, loop, limit=_streams())
        for listener in listeners:
            self._streams.listen(listener)
        loop.call_later(REPORT_EVERY, self._tick)
        self._tell(wire.Ready(os.getpid()))

    def _tick(self) -> None:
        if self._port is None:
            return
        if os.getppid() != self._parent:  # it is gone, and somebody else still holds its end of the socketpair
            self._shut()
            return
        self._port.stop_overdue()
        self._port.expire()
        if self._streams is not None:
            self._streams.sweep()
        if self._transport is not None and self._transport.get_write_buffer_size() < MAX_BACKLOG:
            self._port.report()
            self._tell(wire.Alive())
        asyncio.get_running_loop().call_later(REPORT_EVERY, self._tick)

    def _arm(self) -> None:
        """One timer, for the next deadline."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        deadline = self._port.next_deadline() if self._port is not None else None
        if deadline is not None and deadline != float("inf"):
            delay = max(0.0, deadline - time.monotonic())
            self._alarm = asyncio.get_running_loop().call_later(min(delay, 3600.0), self._ring)

    def _ring(self) -> None:
        if self._port is not None:
            self._port.stop_overdue()
            self._arm()

    def _shut(self) -> None:
        loop = asyncio.get_running_loop()
        for sock in self._sockets:
            loop.remove_reader(sock)
            sock.close()
        self._sockets = []
        if self._streams is not None:
            self._streams.close()
        self._streams = self._port = None
        if not self.gone.done():
            self.gone.set_result(None)


def _streams() -> int:
    """How many TCP connections there may be: each takes a descriptor, and some are needed for the rest."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_STREAMS + SPARE_DESCRIPTORS
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(0, allowed - SPARE_DESCRIPTORS)


async def run(link: socket.socket) -> None:
    """Work until the other end of ``link`` is closed."""
    _, worker = await asyncio.get_running_loop().create_unix_connection(Worker, sock=link)
    gc.collect()
    gc.freeze()  # what is here now stays; the collector need not walk it between packets
    await worker.gone


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format="relay worker: %(message)s")
    link = socket.socket(fileno=int(sys.argv[1]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(link))


if __name__ == "__main__":
    main()
