"""The worker's loop: waits in epoll(7) and calls back what is ready. It has no tasks, no futures and no timers.

Decides nothing but that. It is not asyncio's, nor uvloop's, because the worker has nothing to await, and a wake-up of
either costs more than the packet that caused it (`python -m bench relay`).
Refuses to know: what it calls, and when to stop; whoever turns it sees to that.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import TypeAlias

_Callback: TypeAlias = tuple[Callable[..., object], tuple[object, ...]]


class Loop:
    """Callbacks for sockets, one for reading and one for writing each; level-triggered."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, _Callback] = {}
        self._writers: dict[int, _Callback] = {}

    def add_reader(self, fd: socket.socket, callback: Callable[..., object], /, *args: object) -> None:
        self._add(self._readers, fd.fileno(), (callback, args))

    def remove_reader(self, fd: socket.socket, /) -> None:
        self._remove(self._readers, fd.fileno())

    def add_writer(self, fd: socket.socket, callback: Callable[..., object], /, *args: object) -> None:
        self._add(self._writers, fd.fileno(), (callback, args))

    def remove_writer(self, fd: socket.socket, /) -> None:
        self._remove(self._writers, fd.fileno())

    def turn(self, timeout: float) -> None:
        """Wait for so many seconds at most, and call back what is ready."""
        readers, writers = self._readers, self._writers
        for fd, events in self._epoll.poll(timeout):
            if events & ~select.EPOLLOUT and fd in readers:  # an error or an end shows when it is read
                callback, args = readers[fd]
                callback(*args)
            if events & ~select.EPOLLIN and fd in writers:  # as it is now: reading may have closed it
                callback, args = writers[fd]
                callback(*args)

    def fileno(self) -> int:
        return self._epoll.fileno()

    def close(self) -> None:
        self._epoll.close()

    def _add(self, table: dict[int, _Callback], fd: int, callback: _Callback) -> None:
        before = self._events(fd)
        table[fd] = callback
        if before:
            self._epoll.modify(fd, self._events(fd))
        else:
            self._epoll.register(fd, self._events(fd))

    def _remove(self, table: dict[int, _Callback], fd: int) -> None:
        if table.pop(fd, None) is None:
            return
        events = self._events(fd)
        if events:
            self._epoll.modify(fd, events)
        else:
            self._epoll.unregister(fd)

    def _events(self, fd: int) -> int:
        return (select.EPOLLIN if fd in self._readers else 0) | (select.EPOLLOUT if fd in self._writers else 0)
