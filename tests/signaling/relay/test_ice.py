"""security.md §1.1 and §1.2, a datagram at a time."""

from __future__ import annotations

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from signaling.relay import ice
from signaling.relay.ice import Check, Refusal
from tests.signaling.relay.helpers import credentials, request

OURS = credentials("A")


def judge(datagram: bytes) -> Check | Refusal:
    """As the port does: the ufrag first, and an HMAC for a known one only."""
    ufrag = ice.ufrag_of(datagram)
    if isinstance(ufrag, Refusal):
        return ufrag
    if ufrag != OURS.ufrag.encode():
        return Refusal.UNKNOWN_UFRAG
    return ice.verify(datagram, ufrag, OURS.password.encode())


def test_a_check_is_answered_with_its_source() -> None:
    check = judge(request(OURS))
    assert isinstance(check, Check)
    assert not check.nominates
    answer = ice.answer(check, "192.0.2.7", 4711)
    assert isinstance(answer, bytes)
    message = stun.parse_message(answer)
    assert message.message_class is stun.Class.RESPONSE
    assert message.transaction_id == check.transaction
    assert message.attributes["XOR-MAPPED-ADDRESS"] == ("192.0.2.7", 4711)
    assert message.check_message_integrity(OURS.password.encode())
    assert answer[-8:-4] == b"\x80\x28\x00\x04"


def test_use_candidate_nominates() -> None:
    check = judge(request(OURS, nominate=True))
    assert isinstance(check, Check)
    assert check.nominates


def test_an_answer_is_smaller_than_its_request() -> None:
    check = judge(request(OURS))
    assert isinstance(check, Check)
    for address in ("192.0.2.7", "2001:db8::7"):
        answer = ice.answer(check, address, 4711)
        assert isinstance(answer, bytes)
        assert len(answer) < check.size


def test_a_request_too_small_for_its_answer_gets_none() -> None:
    check = Check(OURS.ufrag.encode(), OURS.password.encode(), bytes(12), False, 64)
    assert ice.answer(check, "192.0.2.7", 4711) is Refusal.AMPLIFYING


@pytest.mark.parametrize(
    ("datagram", "refusal"),
    [
        (request(credentials("B")), Refusal.UNKNOWN_UFRAG),
        (request(ice.Credentials(OURS.ufrag, "x" * 24)), Refusal.BAD_INTEGRITY),
        (request(OURS, integrity=False), Refusal.BAD_INTEGRITY),
        (request(OURS, fingerprint=False), Refusal.NO_FINGERPRINT),
        (request(OURS, role="ICE-CONTROLLED"), Refusal.CONTROLLED),
        (request(OURS, method=stun.Method.ALLOCATE), Refusal.NOT_A_REQUEST),
        (request(OURS, kind=stun.Class.INDICATION), Refusal.NOT_A_REQUEST),
        (request(OURS, kind=stun.Class.RESPONSE), Refusal.NOT_A_REQUEST),
        (request(OURS, kind=stun.Class.ERROR), Refusal.NOT_A_REQUEST),
        (request(OURS)[:-1], Refusal.MALFORMED),
        (request(OURS) + bytes(4), Refusal.MALFORMED),
        (b"", Refusal.MALFORMED),
        (bytes(1500), Refusal.MALFORMED),
    ],
    ids=lambda value: value.name if isinstance(value, Refusal) else "",
)
def test_everything_else_is_silence(datagram: bytes, refusal: Refusal) -> None:
    assert judge(datagram) is refusal


def test_a_wrong_fingerprint_is_refused() -> None:
    datagram = bytearray(request(OURS))
    datagram[-1] ^= 1
    assert judge(bytes(datagram)) is Refusal.MALFORMED


def test_nothing_is_looked_up_for_what_cannot_be_a_check() -> None:
    assert ice.ufrag_of(request(OURS, fingerprint=False)) is Refusal.NO_FINGERPRINT
    assert ice.ufrag_of(request(OURS, kind=stun.Class.RESPONSE)) is Refusal.NOT_A_REQUEST


@pytest.mark.parametrize("position", range(len(request(OURS))))
def test_no_bit_can_be_changed(position: int) -> None:
    datagram = bytearray(request(OURS))
    datagram[position] ^= 0x10
    assert isinstance(judge(bytes(datagram)), Refusal)


@given(st.binary(max_size=300))
def test_noise_is_refused(datagram: bytes) -> None:
    assert isinstance(judge(datagram), Refusal)


@given(st.lists(st.tuples(st.sampled_from([a[0] for a in stun.ATTRIBUTES]), st.binary(max_size=24)), max_size=8))
def test_any_attributes_are_refused_without_the_key(attributes: list[tuple[int, bytes]]) -> None:
    """Well-framed, with our ufrag and a right FINGERPRINT: the codec must not get an exception out of ``check``."""
    body = b""
    for kind, value in [(6, f"{OURS.ufrag}:x".encode()), *attributes]:
        body += kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value + bytes(-len(value) % 4)
    head = b"\x00\x01" + (len(body) + 8).to_bytes(2, "big") + stun.COOKIE.to_bytes(4, "big") + bytes(12)
    crc = stun.message_fingerprint(head + body)
    datagram = head + body + b"\x80\x28\x00\x04" + crc.to_bytes(4, "big")
    assert isinstance(judge(datagram), Refusal)


@given(st.integers(0, 99), st.binary(min_size=1, max_size=40))
def test_mutations_are_refused(position: int, noise: bytes) -> None:
    datagram = bytearray(request(OURS, transaction=bytes(12)))
    original = bytes(datagram)
    position %= len(datagram)
    datagram[position : position + len(noise)] = noise
    result = judge(bytes(datagram))
    assert isinstance(result, Refusal) or bytes(datagram) == original
