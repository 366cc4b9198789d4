"""The load tool's other half: hands sockets to load.c and reads what it saw.

Decides nothing about what is measured; it is where Python's clock and sockets meet the C program.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signaling.relay.ice import Credentials
from tests.signaling.relay.helpers import request

SIZE: Final = 1_100
"""Bytes of a packet: a full one of video."""


@dataclass(frozen=True, slots=True)
class Line:
    """One party's socket: where its packets go, and what is put before each.

    Or what they are: ``packets`` is a descriptor with all of them, one after the other, as RTP that is sealed. Then the
    party's peer, the line before it or behind it, has such ones, too, and what came is known by its sequence number,
    which in the peer's first packet is ``first`` on arrival.
    """

    socket: socket.socket
    to: tuple[str, int]
    head: bytes = b""
    packets: int = -1
    first: int = 0

    def row(self) -> str:
        head = self.head.hex() or "-"
        return f"{self.socket.fileno()} {self.to[0]} {self.to[1]} {head} {self.packets} {self.first}\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of one line. ``last`` is seconds after the mark; ``after`` is how many packets came after it."""

    sent: int
    got: int
    after: int
    last: float


@dataclass(frozen=True, slots=True)
class Run:
    """All lines, and how long packets were on their way, in seconds."""

    lines: tuple[Seen, ...]
    median: float
    p99: float


def udp(host: str = "127.0.0.1") -> socket.socket:
    """A socket with room for a burst."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    made.bind((host, 0))
    return made


def checked(line: Line, known: Credentials) -> None:
    """Pass an authenticated, nominating check from the line's socket; who forwards has it when it answers."""
    for _ in range(50):
        line.socket.sendto(request(known, nominate=True), line.to)
        with contextlib.suppress(TimeoutError):
            line.socket.settimeout(0.2)
            if line.socket.recv(2048)[:2] == b"\x01\x01":
                return
    raise RuntimeError(f"nobody at {line.to} answers a check")


async def run(
    program: Path,
    lines: Sequence[Line],
    *,
    rate: int,
    burst: int = 1,
    size: int = SIZE,
    start: float,
    seconds: float,
    mark: float,
) -> Run:
    """Send ``rate`` packets a second on each line from ``start`` (wall clock) for so long; what each line saw.

    ``burst`` of them go back to back. Whatever comes later than ``mark`` (wall clock) is counted apart.
    """
    words = [str(rate), str(burst), str(size), *(str(int(at * 1e9)) for at in (start, start + seconds, mark))]
    process = await asyncio.create_subprocess_exec(
        program,
        *words,
        pass_fds=[fd for line in lines for fd in (line.socket.fileno(), line.packets) if fd >= 0],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate("".join(line.row() for line in lines).encode())
    if process.returncode != 0:
        raise RuntimeError(f"the load tool ended with {process.returncode}")
    *rows, (median, p99) = (row.split() for row in out.decode().splitlines())
    seen = (Seen(int(sent), int(got), int(after), int(last) / 1e9) for sent, got, after, last in rows)
    return Run(tuple(seen), int(median) / 1e9, int(p99) / 1e9)


def soon() -> float:
    """When a load that is started now can begin."""
    return time.time() + 0.3
