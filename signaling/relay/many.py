"""Many datagrams in one system call: recvmmsg(2), sendmmsg(2) and UDP_SEGMENT, which ``socket`` does not offer.

Decides how a batch lies in memory: each datagram in a slot of its own, from which it is also sent, so that a packet
that is forwarded is never a Python object. Consecutive datagrams to one destination that have one size (the last may be
shorter) go through the kernel as one, which cuts them up at the end (udp(7), since Linux 4.18).

Refuses to know: what is in a datagram and who may send it where. Where the system has none of this (``AVAILABLE`` is
false), or refuses a batch, ``port`` sends one by one.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Final

from signaling.relay.flood import Address

SLOTS: Final = 64  # datagrams in a batch
_STRIDE: Final = 2_048  # bytes of a slot
_NAME: Final = struct.Struct("32s")
_RAW_V4: Final = 8  # bytes of struct sockaddr_in that say something
_NAME_SIZES: Final = {socket.AF_INET: 16, socket.AF_INET6: 28}
_HEADER: Final = struct.Struct("=QIxxxxQQQQixxxxIxxxx")  # struct mmsghdr: name, iovec, control, flags; length
_LENGTH_AT: Final = 14  # of a header in 32-bit words: where the kernel writes how long the datagram was
_VECTOR: Final = struct.Struct("=QQ")  # struct iovec
_CONTROL: Final = struct.Struct("=QiiHxxxxxx")  # struct cmsghdr, and what UDP_SEGMENT takes
_UDP_SEGMENT: Final = 103
_MOST_SEGMENTS: Final = 64
_MOST_BYTES: Final = 65_000
_NOT_NOW: Final = frozenset({errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM, errno.EINTR})

_libc = ctypes.CDLL(None, use_errno=True)
AVAILABLE: Final = (
    sys.platform == "linux" and sys.byteorder == "little" and sys.maxsize > 2**32 and hasattr(_libc, "recvmmsg")
)


class Name:
    """A remote address as the kernel writes it, in a place that stays."""

    __slots__ = ("_buffer", "address", "raw")

    def __init__(self, sock: socket.socket, address: Address) -> None:
        host, port = str(address[0]).partition("%")[0], int(address[1])
        self.raw = struct.pack("=H", sock.family) + struct.pack("!H", port)
        if sock.family == socket.AF_INET:
            self.raw += socket.inet_aton(host)
        else:
            flow, scope = address[2:]
            self.raw += struct.pack("!I", flow) + socket.inet_pton(sock.family, host) + struct.pack("=I", scope)
        self._buffer = ctypes.create_string_buffer(self.raw, _NAME.size)
        self.address = ctypes.addressof(self._buffer)


def address_of(raw: bytes) -> Address:
    """A raw address, as ``recvfrom`` gives it."""
    port = raw[2] << 8 | raw[3]
    if len(raw) == _RAW_V4:
        return socket.inet_ntop(socket.AF_INET, raw[4:8]), port
    (flow,), (scope,) = struct.unpack_from("!I", raw, 4), struct.unpack_from("=I", raw, 24)
    return socket.inet_ntop(socket.AF_INET6, raw[8:24]), port, flow, scope


class Batch:
    """What one UDP socket received last, and what of it is to be sent."""

    def __init__(self, sock: socket.socket, longest: int) -> None:
        """A datagram longer than ``longest`` is cut there."""
        self._name_size = _NAME_SIZES[sock.family]
        self._raw = struct.Struct(f"{_RAW_V4}s24x" if sock.family == socket.AF_INET else "28s4x")
        data, names = bytearray(SLOTS * _STRIDE), bytearray(SLOTS * _NAME.size)
        self._data, self._names = memoryview(data), memoryview(names)
        self._headers, self._messages = bytearray(SLOTS * _HEADER.size), bytearray(SLOTS * _HEADER.size)
        vectors, self._vectors = bytearray(SLOTS * _VECTOR.size), bytearray(SLOTS * _VECTOR.size)
        controls = bytearray((longest + 1) * _CONTROL.size)
        self._pinned = vectors, controls
        data_at, names_at, takes = _place(data), _place(names), _place(vectors)
        self._vectors_at, self._controls_at = _place(self._vectors), _place(controls)
        for slot in range(SLOTS):
            for each, size in ((vectors, longest), (self._vectors, 0)):
                _VECTOR.pack_into(each, slot * _VECTOR.size, data_at + slot * _STRIDE, size)
            name, vector = names_at + slot * _NAME.size, takes + slot * _VECTOR.size
            _HEADER.pack_into(self._headers, slot * _HEADER.size, name, self._name_size, vector, 1, 0, 0, 0, 0)
        for size in range(longest + 1):
            _CONTROL.pack_into(controls, size * _CONTROL.size, 18, socket.IPPROTO_UDP, _UDP_SEGMENT, size)
        self._sizes = memoryview(self._headers).cast("I")[_LENGTH_AT :: _HEADER.size // 4]
        self._to_send = memoryview(self._vectors).cast("I")[2 :: _VECTOR.size // 4]
        self._firsts, self._seconds = self._data[::_STRIDE], self._data[1::_STRIDE]
        self._socket = ctypes.c_int(sock.fileno())
        self._receive = self._socket, ctypes.c_void_p(_place(self._headers)), SLOTS, socket.MSG_DONTWAIT, None
        self._messages_at = _place(self._messages)
        self._segments = True  # until the kernel says that it cannot
        self._queued: list[tuple[int, int]] = []  # the slots of each message
        self._to: list[Name] = []  # so that they stay until they are sent

    # --- receiving ---

    def receive(self) -> int:
        """Fill the slots with what is there; how many. ``OSError`` as of ``recvfrom``, but 0 for nothing."""
        count = int(_libc.recvmmsg(*self._receive))
        if count < 0:
            code = ctypes.get_errno()
            if code == errno.EAGAIN:
                return 0
            raise OSError(code, os.strerror(code))
        self._to_send[:count] = self._sizes[:count]
        return count

    def each(self, count: int) -> Iterator[tuple[tuple[bytes], int, int, int]]:
        """The first ``count`` datagrams: raw address, size, and the first two bytes (what was there, if shorter)."""
        names = self._raw.iter_unpack(self._names[: count * _NAME.size])
        sizes = self._sizes[:count].tolist()
        return zip(names, sizes, self._firsts[:count].tolist(), self._seconds[:count].tolist(), strict=True)

    def packet(self, slot: int) -> bytes:
        return bytes(self._data[slot * _STRIDE : slot * _STRIDE + self._sizes[slot]])

    def raw(self, slot: int) -> bytes:
        """The address it came from, as ``Name.raw`` has it."""
        (raw,) = self._raw.unpack_from(self._names, slot * _NAME.size)
        return bytes(raw)

    # --- sending ---

    def queue(self, name: Name, begin: int, end: int) -> None:
        """Send the datagrams in these slots to that address, in their order."""
        self._to.append(name)
        while begin < end:
            stop = self._together(begin, end)
            control = 0
            if stop - begin > 1:
                control = self._controls_at + self._sizes[begin] * _CONTROL.size
            _HEADER.pack_into(
                self._messages,
                len(self._queued) * _HEADER.size,
                name.address,
                self._name_size,
                self._vectors_at + begin * _VECTOR.size,
                stop - begin,
                control,
                _CONTROL.size if control else 0,
                0,
                0,
            )
            self._queued.append((begin, stop))
            begin = stop

    def send(self) -> list[tuple[int, int]]:
        """Send what is queued. Returns the slots of what the kernel did not take."""
        queued, self._queued = self._queued, []
        refused, done = [], 0
        while done < len(queued):
            at = ctypes.c_void_p(self._messages_at + done * _HEADER.size)
            sent = int(_libc.sendmmsg(self._socket, at, len(queued) - done, socket.MSG_DONTWAIT))
            if sent > 0:
                done += sent
                continue
            begin, end = queued[done]
            if end - begin > 1 and ctypes.get_errno() not in _NOT_NOW:
                self._segments = False
            refused.append((begin, end))
            done += 1
        self._to.clear()
        return refused

    def withdraw(self) -> list[tuple[int, int]]:
        """Send nothing of what is queued; returns all of it."""
        queued, self._queued = self._queued, []
        self._to.clear()
        return queued

    def _together(self, begin: int, end: int) -> int:
        """Up to which slot the datagrams from ``begin`` on may go as one."""
        if end - begin == 1 or not self._segments:
            return begin + 1
        sizes = self._sizes[begin:end].tolist()
        first = sizes[0]
        most = min(len(sizes), _MOST_SEGMENTS, _MOST_BYTES // max(1, first))
        for count in range(1, most):
            if sizes[count] != first:
                return begin + count + (sizes[count] < first)
        return begin + most


def _place(buffer: bytearray) -> int:
    """Where it lies in memory; it is never resized."""
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))
