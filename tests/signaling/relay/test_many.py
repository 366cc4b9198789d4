"""Batches on real sockets: what ``recvfrom`` and ``sendto`` would have done, in fewer system calls."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from signaling.relay import many
from signaling.relay.leg import BATCH_BYTES, BATCH_PACKETS
from signaling.relay.many import SLOTS, Batch, Name, address_of
from signaling.relay.port import MAX_PACKET
from tests.signaling.relay.helpers import LOOPBACKS

LONGEST = 1_501


@pytest.fixture(params=LOOPBACKS)
def sockets(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket, socket.socket]]:
    """One to batch on, and two peers."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    made = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(3)]
    for sock in made:
        sock.bind((request.param, 0))
        sock.settimeout(5)
    made[0].setblocking(False)
    yield made[0], made[1], made[2]
    for sock in made:
        sock.close()


Three = tuple[socket.socket, socket.socket, socket.socket]


def test_a_batch_is_what_recvfrom_would_have_given(sockets: Three) -> None:
    ours, first, second = sockets
    batch = Batch(ours, LONGEST)
    assert batch.receive() == 0
    packets = [b"", b"\x80", bytes([22, 3]) + bytes(500), bytes(range(256)) * 5, bytes([7]) * 3000]
    for packet in packets:
        first.sendto(packet, ours.getsockname())
    second.sendto(b"other", ours.getsockname())
    assert batch.receive() == 6
    assert [batch.packet(slot) for slot in range(6)] == [*(packet[:LONGEST] for packet in packets), b"other"]
    assert [address_of(batch.raw(slot)) for slot in range(6)] == [first.getsockname()] * 5 + [second.getsockname()]
    rows = list(batch.each(6))
    assert [size for _, size, _, _ in rows] == [0, 1, 502, 1280, LONGEST, 5]
    assert [(one, two) for _, _, one, two in rows[2:]] == [(22, 3), (0, 1), (7, 7), (111, 116)]
    names = [Name(ours, sock.getsockname()).raw for sock in (first, second)]
    assert [raw for (raw,), _, _, _ in rows] == [names[0]] * 5 + [names[1]]
    assert batch.receive() == 0


def test_a_batch_takes_no_more_than_a_leg_answers_for(sockets: Three) -> None:
    """``Leg.steady`` vouches for as much as can come together (security.md §1.5: the ceiling)."""
    ours, first, _ = sockets
    batch = Batch(ours, LONGEST)
    for _ in range(SLOTS + 3):
        first.sendto(b"x", ours.getsockname())
    assert (batch.receive(), batch.receive(), batch.receive()) == (SLOTS, 3, 0)
    assert SLOTS <= BATCH_PACKETS
    assert SLOTS * MAX_PACKET <= BATCH_BYTES


SIZES = [
    [100],
    [100, 100, 100],
    [100, 100, 40, 100, 100],
    [100, 120, 120, 7],
    [1500] * 64,
    [1] * 64,
    [300, 200, 100, 200, 300],
]


@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: f"{len(sizes)} from {sizes[0]}")
def test_what_is_sent_arrives_whole_in_order_and_from_our_address(sockets: Three, sizes: list[int]) -> None:
    """Also where the kernel cut it up."""
    ours, first, second = sockets
    batch = Batch(ours, LONGEST)
    packets = [bytes([number]) * size for number, size in enumerate(sizes)]
    for packet in packets:
        first.sendto(packet, ours.getsockname())
    assert batch.receive() == len(sizes)
    batch.queue(Name(ours, second.getsockname()), 0, len(sizes))
    assert batch.send() == []
    for packet in packets:
        assert second.recvfrom(4096)[:2] == (packet, ours.getsockname())


def test_slots_that_are_not_queued_are_not_sent(sockets: Three) -> None:
    ours, first, second = sockets
    batch = Batch(ours, LONGEST)
    for number in range(10):
        first.sendto(bytes([number]) * 50, ours.getsockname())
    batch.receive()
    batch.queue(Name(ours, second.getsockname()), 2, 4)
    batch.queue(Name(ours, first.getsockname()), 6, 7)
    assert batch.withdraw() == [(2, 4), (6, 7)]
    batch.queue(Name(ours, second.getsockname()), 8, 9)
    batch.queue(Name(ours, first.getsockname()), 1, 2)
    assert batch.send() == []
    assert second.recv(100) == bytes([8]) * 50
    assert first.recv(100) == bytes([1]) * 50
    second.setblocking(False)
    with pytest.raises(BlockingIOError):
        second.recv(100)


def test_what_the_kernel_refuses_is_given_back_and_the_rest_is_sent(sockets: Three) -> None:
    ours, first, second = sockets
    batch = Batch(ours, LONGEST)
    for number in range(4):
        first.sendto(bytes([number]) * 50, ours.getsockname())
    batch.receive()
    nowhere = Name(ours, (second.getsockname()[0], 0, *second.getsockname()[2:]))
    batch.queue(nowhere, 0, 1)
    batch.queue(Name(ours, second.getsockname()), 1, 2)
    batch.queue(nowhere, 2, 3)
    batch.queue(Name(ours, second.getsockname()), 3, 4)
    assert batch.send() == [(0, 1), (2, 3)]
    assert [second.recv(100)[0] for _ in range(2)] == [1, 3]


def test_a_kernel_that_cannot_cut_up_is_asked_once(sockets: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "_UDP_SEGMENT", 9_999)  # no kernel knows this one
    ours, first, second = sockets
    batch = Batch(ours, LONGEST)
    for again in range(2):
        for number in range(3):
            first.sendto(bytes([number]) * 50, ours.getsockname())
        batch.receive()
        batch.queue(Name(ours, second.getsockname()), 0, 3)
        assert batch.send() == ([(0, 3)] if not again else [])
    assert [second.recv(100)[0] for _ in range(3)] == [0, 1, 2]
