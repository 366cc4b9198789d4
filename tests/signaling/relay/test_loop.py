"""The worker's loop, on socketpairs."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from signaling.relay.loop import Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


Pair = tuple[socket.socket, socket.socket]


def test_what_is_ready_is_called_until_it_is_read(loop: Loop, pair: Pair) -> None:
    ours, theirs = pair
    called: list[str] = []
    loop.add_reader(ours, called.append, "reader")
    loop.turn(0)
    assert called == []
    theirs.send(b"x")
    loop.turn(5)
    loop.turn(0)
    assert called == ["reader", "reader"]
    ours.recv(10)
    loop.turn(0)
    assert len(called) == 2


def test_reading_and_writing_are_apart(loop: Loop, pair: Pair) -> None:
    ours, theirs = pair
    called: list[str] = []
    loop.add_writer(ours, called.append, "writer")
    loop.turn(5)
    loop.add_reader(ours, called.append, "reader")
    theirs.send(b"x")
    loop.turn(5)
    assert called == ["writer", "reader", "writer"]
    loop.remove_writer(ours)
    loop.remove_writer(ours)
    loop.turn(5)
    assert called[3:] == ["reader"]
    loop.remove_reader(ours)
    loop.turn(0)
    assert len(called) == 4


def test_the_other_ends_end_is_something_to_read(loop: Loop, pair: Pair) -> None:
    ours, theirs = pair
    read: list[bytes] = []
    loop.add_reader(ours, lambda: read.append(ours.recv(10)))
    theirs.close()
    loop.turn(5)
    assert read == [b""]


def test_what_a_callback_has_taken_away_is_not_called(loop: Loop, pair: Pair) -> None:
    ours, theirs = pair
    called: list[str] = []

    def closes() -> None:
        called.append("reader")
        loop.remove_reader(ours)
        loop.remove_writer(ours)
        ours.close()

    loop.add_reader(ours, closes)
    loop.add_writer(ours, called.append, "writer")
    theirs.send(b"x")
    loop.turn(5)
    loop.turn(0)
    assert called == ["reader"]
