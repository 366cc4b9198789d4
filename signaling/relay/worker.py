"""The process the relay runs in, so that no fsync, JSON or TLS of the server holds up a packet (security.md §1.8).

Decides when things are done: sockets when they are readable, commands when they come, deadlines when they ring, reports
twice a second; and that on a busy port packets gather before they are read, as many as are read at once and for a
moment at most, for a wake-up costs more than a packet. It lives exactly as long as the other end of its socketpair:
when the server is gone, however it went, the worker closes its sockets and exits, and nothing is forwarded any more.

Refuses to know: sessions, parties, configuration. It imports nothing of the server, nor aiortc. Signals meant for the
server's process group (Ctrl-C, a service manager's SIGTERM) are not for it: calls go on while the server drains.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import socket
import sys
import time
from typing import Final

from signaling.relay import state, wire
from signaling.relay.ice import Credentials
from signaling.relay.leg import TEST_CEILING, Ceiling
from signaling.relay.loop import Loop
from signaling.relay.port import READS_PER_WAKE_UP, Port
from signaling.relay.tcp import MAX_STREAMS, Streams

SPARE_DESCRIPTORS: Final = 128
REPORT_EVERY: Final = 0.5  # seconds
MAX_BACKLOG: Final = 1024 * 1024  # of reports to a server that does not read them; counters are told later instead
BUSY: Final = 2_000  # packets a second, of all calls together, from which on they gather before they are read
GATHER: Final = 0.005  # for so many seconds at most, as browsers' own pacing does
JUDGE_EVERY: Final = 0.1  # seconds, whether it is busy
_READ: Final = 64 * 1024


class Worker:
    """The worker's end of the socketpair, and all that hangs on it."""

    def __init__(self, link: socket.socket) -> None:
        self._loop = Loop()
        self._link = link
        self._decoder = wire.Decoder()
        self._unsent = bytearray()
        self._sockets: list[socket.socket] = []
        self._port: Port | None = None
        self._streams: Streams | None = None
        self._parent = os.getppid()
        self._gone = False
        self._tick_at = self._alarm_at = self._lease_until = float("inf")
        self._lapsed = False  # the lease is over: nothing is forwarded until there is another
        self._since, self._packets = 0.0, 0  # what has come by UDP, and since when
        self._gather = 0.0  # for so long, at the rate they come at
        self._line = 0  # by which packets came last
        self._more = False  # whether a socket had more packets than were read

    def run(self) -> None:
        """Work until the other end of the link is closed."""
        self._link.setblocking(False)
        self._loop.add_reader(self._link, self._hear)
        while not self._gone:
            wait = min(self._tick_at, self._alarm_at, self._lease_until) - time.monotonic()
            self._more = False
            self._loop.turn(min(max(0.0, wait), 3600.0))
            now = time.monotonic()
            if now >= self._alarm_at and self._port is not None:
                self._port.stop_overdue()
                self._arm()
            if now >= self._lease_until:
                self._lapse()
            if now >= self._tick_at:
                self._tick(now)
            if self._unsent:
                self._flush()
            if now - self._since >= JUDGE_EVERY:
                self._gather = gathering(self._packets / (now - self._since))
                self._since, self._packets = now, 0
            if self._gather and not self._gone and self._port is not None:
                until = min(self._tick_at, self._alarm_at, self._lease_until, now + JUDGE_EVERY)
                self._packets += self._port.linger(
                    self._line, self._loop.fileno(), self._gather, until, more=self._more
                )
        self._shut()

    # --- the socketpair ---

    def _hear(self) -> None:
        try:
            data = self._link.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._gone = True
            return
        for message in self._decoder.feed(data):
            self._obey(message)
        self._arm()

    def _tell(self, report: wire.Report) -> None:
        self._unsent += wire.encode(report)

    def _flush(self) -> None:
        """What the other end does not read now is sent by a later turn; there is one at each tick."""
        try:
            sent = self._link.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self._gone = True
            return
        del self._unsent[:sent]

    # --- what it does ---

    def _obey(self, message: wire.Message) -> None:
        if isinstance(message, wire.Start):
            self._start(message)
            return
        port = self._port
        if port is None:
            raise ValueError(f"{type(message).__name__} before Start")
        match message:
            case wire.Open(call, deadline, test):
                port.open(call, deadline, TEST_CEILING if test else None)
                if self._lapsed:
                    port.close(call)
            case wire.Admit(call, role, ufrag, password):
                port.admit(call, role, Credentials(ufrag, password))
            case wire.SetDeadline(call, deadline):
                port.set_deadline(call, deadline)
            case wire.Close(call, role):
                port.close(call, role)
            case wire.Lease(until):
                self._lapsed, self._lease_until = False, until
            case _:
                raise ValueError(f"{type(message).__name__} is not a command")

    def _start(self, start: wire.Start) -> None:
        self._sockets = [socket.socket(fileno=descriptor) for descriptor in start.sockets]
        listeners = [socket.socket(fileno=descriptor) for descriptor in start.listeners]
        self._port = Port(self._sockets, Ceiling(start.bits_per_second, start.packets_per_second), self._tell)
        for line, sock in enumerate(self._sockets):
            self._loop.add_reader(sock, self._read, line)
        self._streams = Streams(self._port, self._loop, limit=_streams())
        for listener in listeners:
            self._streams.listen(listener)
        self._tick_at = time.monotonic() + REPORT_EVERY
        self._tell(wire.Ready(os.getpid(), state.compiled is not None))

    def _lapse(self) -> None:
        """The lease is over: whoever it was given to may be nobody's home any more."""
        self._lapsed, self._lease_until = True, float("inf")
        if self._port is not None:
            self._port.drop_all()
            self._arm()

    def _read(self, line: int) -> None:
        if self._lease_until < float("inf") and time.monotonic() >= self._lease_until:
            self._lapse()  # we were held up, and what is read now came since then
        if self._port is not None:
            packets = self._port.read(line)
            self._packets += packets
            self._line = line
            self._more = self._more or packets >= READS_PER_WAKE_UP

    def _tick(self, now: float) -> None:
        self._tick_at = now + REPORT_EVERY
        if self._port is None:
            return
        if os.getppid() != self._parent:  # it is gone, and somebody else still holds its end of the socketpair
            self._gone = True
            return
        self._port.stop_overdue()
        self._port.expire()
        if self._streams is not None:
            self._streams.sweep()
        if len(self._unsent) < MAX_BACKLOG:
            self._port.report()
            self._tell(wire.Alive())

    def _arm(self) -> None:
        """For the next deadline."""
        deadline = self._port.next_deadline() if self._port is not None else None
        self._alarm_at = float("inf") if deadline is None else deadline

    def _shut(self) -> None:
        for sock in self._sockets:
            self._loop.remove_reader(sock)
            sock.close()
        if self._streams is not None:
            self._streams.close()


def gathering(rate: float) -> float:
    """For how many seconds packets are to gather that come at this rate a second: until there are as many as are read
    at once, which also keeps them from filling a small receive buffer."""
    return 0.0 if rate < BUSY else min(GATHER, READS_PER_WAKE_UP / rate)


def _streams() -> int:
    """How many TCP connections there may be: each takes a descriptor, and some are needed for the rest."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_STREAMS + SPARE_DESCRIPTORS
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(0, allowed - SPARE_DESCRIPTORS)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format="relay worker: %(message)s")
    gc.collect()
    gc.freeze()  # what is here now stays; the collector need not walk it between packets
    Worker(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
