"""The load tool's other half: hands sockets to load.c and reads what it saw.

Decides nothing about what is measured; it is where Python's clock and sockets meet the C program.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SIZE: Final = 1_100
"""Bytes of a packet: a full one of video."""


@dataclass(frozen=True, slots=True)
class Line:
    """One party's socket: where its packets go, and what is put before each."""

    socket: socket.socket
    to: tuple[str, int]
    head: bytes = b""


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


def udp() -> socket.socket:
    """A socket on loopback with room for a burst."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    made.bind(("127.0.0.1", 0))
    return made


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
        pass_fds=[line.socket.fileno() for line in lines],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    table = "".join(f"{line.socket.fileno()} {line.to[0]} {line.to[1]} {line.head.hex() or '-'}\n" for line in lines)
    out, _ = await process.communicate(table.encode())
    if process.returncode != 0:
        raise RuntimeError(f"the load tool ended with {process.returncode}")
    *rows, (median, p99) = (row.split() for row in out.decode().splitlines())
    seen = (Seen(int(sent), int(got), int(after), int(last) / 1e9) for sent, got, after, last in rows)
    return Run(tuple(seen), int(median) / 1e9, int(p99) / 1e9)


def soon() -> float:
    """When a load that is started now can begin."""
    return time.time() + 0.3
