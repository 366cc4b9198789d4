from __future__ import annotations

import pytest

from signaling.relay import wire
from signaling.session import Role

MESSAGES: list[wire.Message] = [
    wire.Start((3, 4), (5,), 1, 2),
    wire.Open(1, 12.5),
    wire.Open(2, float("inf")),
    wire.Admit(1, Role.CLIENT, "u" * 12, "p" * 24),
    wire.SetDeadline(1, 13.5),
    wire.Close(1),
    wire.Close(1, Role.EXPERT),
    wire.Lease(14.5),
    wire.Ready(7, True),
    wire.Alive(),
    wire.Up(1, Role.CLIENT),
    wire.MediaBothWays(1),
    wire.Switched(1, Role.EXPERT, "abc"),
    wire.LegReport(1, Role.CLIENT, True, None, 1.5, 1, 2, 3, 4, 5, 6),
    wire.CallReport(1, 3),
    wire.Closed(1, True),
    wire.Totals(1, 2, {"deadline": 3}),
]


def test_every_kind_of_message_is_in_this_test() -> None:
    assert {type(message) for message in MESSAGES} == set(wire._KINDS.values())


@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_messages_come_through_however_they_are_cut(chunk: int) -> None:
    stream = b"".join(map(wire.encode, MESSAGES))
    decoder = wire.Decoder()
    received = [
        message for start in range(0, len(stream), chunk) for message in decoder.feed(stream[start : start + chunk])
    ]
    assert received == MESSAGES
    assert all(type(message.role) is Role for message in received if isinstance(message, wire.Admit))


@pytest.mark.parametrize("frame", [b"\xff" * 8, b'\x00\x00\x00\x09["Nope"]\n', b'\x00\x00\x00\x08["Open"]'])
def test_what_cannot_be_read_is_raised(frame: bytes) -> None:
    with pytest.raises(ValueError, match=r"frame|unknown"):
        list(wire.Decoder().feed(frame))
