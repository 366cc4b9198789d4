"""security.md §1.4, sentence by sentence, with packets: who may send, where packets go, and who cannot divert them."""

from __future__ import annotations

import random

import pytest

from signaling.relay import wire
from signaling.relay.ice import Credentials, Refusal
from signaling.relay.leg import ALIVE, FRESH, MAX_PATHS, SWITCH_EVERY, Drop
from signaling.session import Role
from tests.signaling.relay.helpers import DTLS, SRTP, Bench, Peer, TcpPeer, credentials, request


def number(value: int) -> bytes:
    """An SRTP packet that can be told from others."""
    return SRTP + value.to_bytes(4, "big")


def arrives(bench: Bench, sender: Peer, *receivers: Peer | TcpPeer) -> list[int]:
    """How many of ten packets of ``sender`` come to each."""
    for receiver in receivers:
        receiver.received()
    for value in range(10):
        sender.send(number(value))
    bench.flow(0.01)
    return [sum(packet[: len(SRTP)] == SRTP for packet in receiver.received()) for receiver in receivers]


def keep_alive(bench: Bench, *peers: Peer) -> None:
    for peer in peers:
        peer.check()
    bench.turn()
    for peer in peers:
        peer.received()


def test_dtls_is_forwarded_after_the_first_check_and_before_any_nomination(bench: Bench) -> None:
    client, expert = bench.call()  # neither has nominated
    client.send(DTLS)
    bench.turn()
    assert expert.received() == [DTLS]


def test_any_tuple_of_a_leg_that_was_checked_in_the_last_30_s_may_send(bench: Bench) -> None:
    client, expert = bench.call()
    second = bench.peer(client.known)
    second.check()
    bench.turn()
    for peer in (client, second, client):
        assert arrives(bench, peer, expert) == [10]
    bench.now += FRESH - 0.01
    keep_alive(bench, client, expert)
    assert arrives(bench, second, expert) == [10]
    bench.now += 0.01
    assert arrives(bench, second, expert) == [0]
    assert arrives(bench, client, expert) == [10]


def test_packets_go_to_one_tuple_only(bench: Bench) -> None:
    client, expert = bench.call()
    others = [bench.peer(client.known) for _ in range(MAX_PATHS - 1)]
    keep_alive(bench, *others, *others)
    assert arrives(bench, expert, client, *others) == [10] + [0] * len(others)


def test_the_one_that_nominates_gets_them_after_two_fresh_checks_while_the_other_lives(bench: Bench) -> None:
    client, expert = bench.call()
    second = bench.peer(client.known)
    second.check(nominate=True)
    bench.turn()
    assert arrives(bench, expert, client, second) == [10, 0]
    second.check(nominate=True)
    bench.turn()
    assert arrives(bench, expert, client, second) == [0, 10]


def test_the_one_that_nominates_gets_them_after_one_check_when_the_other_is_silent(bench: Bench) -> None:
    client, expert = bench.call()
    second = bench.peer(client.known)
    bench.now += ALIVE - 0.01
    second.check(nominate=True)
    bench.turn()
    assert arrives(bench, expert, client, second) == [10, 0]
    third = bench.peer(client.known)
    bench.now += 0.01
    third.check(nominate=True)
    bench.turn()
    assert arrives(bench, expert, client, second, third) == [0, 0, 10]


def test_media_keeps_a_path_alive_and_moves_the_stream_to_where_it_comes_from(bench: Bench) -> None:
    client, expert = bench.call()
    for _ in range(4):  # checks come rarely: it is the media that shows it alive
        bench.now += ALIVE - 0.5
        client.send(SRTP)
        bench.turn()
    second = bench.peer(client.known)
    second.check(nominate=True)
    bench.turn()
    assert arrives(bench, expert, client, second) == [10, 0]
    second.check()
    bench.turn()
    second.send(SRTP)
    assert arrives(bench, expert, client, second) == [0, 10]
    bench.now += SWITCH_EVERY
    client.check()
    client.send(SRTP)
    assert arrives(bench, expert, client, second) == [10, 0]


def test_a_leg_has_8_tuples_and_the_least_recently_checked_makes_room(bench: Bench) -> None:
    client, expert = bench.call()
    others = []
    for _ in range(MAX_PATHS):
        bench.now += 0.1
        others.append(bench.peer(client.known))
        keep_alive(bench, others[-1])
    keep_alive(bench, client, expert)
    assert [arrives(bench, peer, expert)[0] for peer in others] == [0] + [10] * (MAX_PATHS - 1)
    assert bench.port.drops == {Drop.UNKNOWN_SOURCE: 10}


def test_one_switch_a_second_and_each_on_record_without_an_address(bench: Bench) -> None:
    client, expert = bench.call()
    second = bench.peer(client.known)
    for peer in (client, second, second):
        keep_alive(bench, peer)
    began = bench.now
    while bench.now < began + 10:
        for peer in (client, second):
            peer.send(SRTP)
            bench.turn()
        bench.now += 0.05
        bench.port.report()
    keep_alive(bench, expert)
    switches = [report for report in bench.told if isinstance(report, wire.Switched)]
    assert 9 <= len(switches) <= 11
    assert len({report.path for report in switches}) == 2
    for report in switches:
        assert report.role is Role.CLIENT
        assert "127" not in report.path


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_use_candidate_from_a_stranger_diverts_nothing(bench: Bench, over: str) -> None:
    client, expert = bench.call()
    other_client, other_expert = bench.call(2)
    nobody = credentials("nobody")
    forged = Credentials(client.known.ufrag, "?" * 24)
    swapped = Credentials(client.known.ufrag, expert.known.password)
    captured = request(client.known, nominate=True)
    client.send(captured)
    bench.turn()
    strangers = [bench.peer(nobody) if over == "udp" else bench.tcp(nobody) for _ in range(5)]
    for second in range(20):
        bench.now += 1
        keep_alive(bench, client, expert)
        if second % 5 == 4:
            bench.now += ALIVE  # also while it is silent
        for stranger, known in zip(strangers, (nobody, forged, swapped), strict=False):
            stranger.send(request(known, nominate=True))
        strangers[3].send(captured)
        strangers[4].send(request(client.known, integrity=False, nominate=True))
        bench.flow(0.001)
        strangers[0].send(SRTP)
        assert arrives(bench, expert, client, *strangers, other_client, other_expert) == [10] + [0] * 7
    for stranger in strangers:
        assert stranger.received() == []
    assert bench.port.drops[Refusal.BAD_INTEGRITY] == 60
    assert bench.port.drops[Drop.REPLAYED] == 20


def test_a_party_cannot_divert_the_others_stream_with_its_own_credentials(bench: Bench) -> None:
    client, expert = bench.call()
    second = bench.peer(expert.known)
    for _ in range(3):
        second.check(nominate=True)
    bench.turn()
    assert arrives(bench, expert, client, second) == [10, 0]  # what comes from the expert's leg goes to the client
    assert arrives(bench, client, expert, second) == [0, 10]  # the expert's own stream is its own to move


def test_dtls_and_srtp_from_unknown_tuples_are_never_forwarded(bench: Bench) -> None:
    client, expert = bench.call()
    dice = random.Random(1)
    for _ in range(100):
        stranger = bench.peer(client.known)
        for _ in range(5):
            first = dice.choice([*range(20, 64), *range(128, 192)])
            stranger.send(bytes([first]) + dice.randbytes(dice.randrange(11, 1500)))
        bench.turn()
        assert stranger.received() == client.received() == expert.received() == []
        stranger.close()
    assert bench.port.drops == {Drop.UNKNOWN_SOURCE: 500}


def test_a_tuple_is_known_on_the_address_where_it_was_checked_and_on_no_other() -> None:
    bench = Bench(hosts=("127.0.0.1", "127.0.0.2"))
    try:
        client, expert = bench.call()
        client._socket.sendto(SRTP, bench.addresses[1])
        bench.turn()
        assert expert.received() == []
        assert bench.port.drops == {Drop.UNKNOWN_SOURCE: 1}
    finally:
        bench.close()
