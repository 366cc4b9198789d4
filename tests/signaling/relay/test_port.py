"""The hot path on real sockets, without a loop and timers, with a clock set by hand: what gets through, what not."""

from __future__ import annotations

import random
import socket

import pytest

from signaling.relay import port as udp
from signaling.relay import wire
from signaling.relay.flood import EARLY_FOR, PER_SOURCE
from signaling.relay.ice import Credentials, Refusal
from signaling.relay.leg import CHECK_BURST, FRESH, Ceiling, Drop
from signaling.relay.many import Batch
from signaling.session import Role
from tests.signaling.relay.helpers import DTLS, LOOPBACKS, PLENTY, SRTCP, SRTP, Bench, credentials, request

pytestmark = pytest.mark.usefixtures("packet_path")


def test_packets_go_verbatim_to_the_other_side_and_nowhere_else(bench: Bench) -> None:
    client, expert = bench.call()
    stranger_client, stranger_expert = bench.call(2)
    for packet in (DTLS, SRTP, SRTCP, bytes([63]) * 12, bytes([191]) * 1500):
        client.send(packet)
        bench.turn()
        assert expert.received() == [packet]
        expert.send(packet)
        bench.turn()
        assert client.received() == [packet]
    assert stranger_client.received() == stranger_expert.received() == []
    assert bench.port.totals().packets == 10


@pytest.mark.parametrize(
    "packet",
    [b"", b"\x80", bytes([22]) * 11, bytes([22]) * 1501, bytes([22]) * 3000]
    + [bytes([first]) * 40 for first in (4, 19, 64, 79, 127, 192, 255)],
)
def test_what_is_neither_stun_nor_dtls_nor_srtp_is_dropped(bench: Bench, packet: bytes) -> None:
    client, expert = bench.call()
    client.send(packet)
    bench.turn()
    assert expert.received() == []
    assert bench.port.drops == {Drop.MALFORMED: 1}


def test_a_stranger_gets_neither_through_nor_an_answer(bench: Bench) -> None:
    client, expert = bench.call()
    stranger = bench.peer(credentials("unknown"))
    for packet in (DTLS, SRTP, request(credentials("unknown"), nominate=True), request(client.known, integrity=False)):
        stranger.send(packet)
    bench.turn()
    assert stranger.received() == client.received() == expert.received() == []
    assert bench.port.drops == {Drop.UNKNOWN_SOURCE: 2, Refusal.UNKNOWN_UFRAG: 1, Refusal.BAD_INTEGRITY: 1}
    expert.send(SRTP)
    bench.turn()
    assert client.received() == [SRTP]


def test_nothing_goes_to_a_side_that_has_not_proven_itself(bench: Bench) -> None:
    bench.port.open(1, 5000.0)
    bench.port.admit(1, Role.CLIENT, credentials("c"))
    client = bench.peer(credentials("c"))
    client.check()
    client.send(DTLS)
    bench.turn()
    assert bench.port.drops == {Drop.NO_PEER: 1}


def test_a_5_tuple_belongs_to_one_leg(bench: Bench) -> None:
    """With a spoofed source, a party of one call could otherwise take another's path away."""
    client, expert = bench.call(1)
    other, _ = bench.call(2)
    client.check(known=other.known)
    bench.turn()
    assert client.received() == []
    assert bench.port.drops == {Drop.TUPLE_TAKEN: 1}
    expert.send(SRTP)
    bench.turn()
    assert client.received() == [SRTP]
    bench.now += FRESH  # but not for ever: a NAT gives ports out again
    client.check(known=other.known)
    bench.turn()
    assert len(client.received()) == 1


def test_a_silent_5_tuple_is_forgotten(bench: Bench) -> None:
    client, expert = bench.call()
    bench.now += FRESH
    client.send(SRTP)
    bench.turn()
    assert bench.port.drops == {Drop.STALE_SOURCE: 1}
    bench.port.expire()
    client.send(SRTP)
    bench.turn()
    assert bench.port.drops == {Drop.STALE_SOURCE: 1, Drop.UNKNOWN_SOURCE: 1}
    for peer in (client, expert):
        peer.check()
    client.send(SRTP)
    bench.turn()
    assert expert.received()[-1] == SRTP


def test_the_deadline_holds_without_any_timer(bench: Bench) -> None:
    """P3.1, security.md §1.7: the packet itself is compared with the deadline."""
    client, expert = bench.call(deadline=1010.0)
    bench.now = 1009.999
    client.send(SRTP)
    bench.turn()
    assert expert.received() == [SRTP]
    bench.now = 1010.0
    client.send(SRTP)
    expert.send(SRTP)
    client.check()
    bench.turn()
    assert client.received() == expert.received() == []
    assert bench.told[-1] == wire.Closed(1, True)
    assert bench.port.drops[Drop.DEADLINE] == 1
    bench.port.set_deadline(1, 9999.0)  # too late
    client.send(SRTP)
    client.check()
    bench.turn()
    assert client.received() == expert.received() == []


def test_a_check_at_the_deadline_is_not_answered(bench: Bench) -> None:
    client, _ = bench.call(deadline=1010.0)
    bench.now = 1010.0
    client.check()
    bench.turn()
    assert client.received() == []
    assert bench.told[-1] == wire.Closed(1, True)


def test_the_deadline_moves_both_ways(bench: Bench) -> None:
    client, expert = bench.call(deadline=1010.0)
    bench.port.set_deadline(1, 1020.0)
    bench.now = 1015.0
    client.send(SRTP)
    bench.turn()
    assert expert.received() == [SRTP]
    bench.port.set_deadline(1, 1015.0)
    assert bench.told[-1] == wire.Closed(1, True)
    client.send(SRTP)
    bench.turn()
    assert expert.received() == []


def test_a_call_opened_too_late_is_stopped_at_once(bench: Bench) -> None:
    bench.port.open(1, bench.now)
    bench.port.admit(1, Role.CLIENT, credentials("c"))
    assert bench.told[-1] == wire.Closed(1, True)
    peer = bench.peer(credentials("c"))
    peer.check()
    bench.turn()
    assert peer.received() == []


def test_a_closed_call_lets_nothing_more_through(bench: Bench) -> None:
    client, expert = bench.call()
    for _ in range(5):
        client.send(SRTP)
    bench.port.close(1)
    bench.turn()
    client.check()
    bench.turn()
    assert client.received() == expert.received() == []
    finals = [report for report in bench.told if isinstance(report, wire.LegReport) and report.final]
    assert {report.role for report in finals} == set(Role)
    assert bench.told[-1] == wire.Closed(1, False)


def test_one_closed_leg_leaves_the_other_its_proof_of_life(bench: Bench) -> None:
    client, expert = bench.call()
    bench.port.close(1, Role.EXPERT)
    client.check()
    expert.check()
    client.send(SRTP)
    expert.send(SRTP)
    bench.turn()
    assert len(client.received()) == 1
    assert expert.received() == []
    assert bench.port.drops == {Drop.NO_PEER: 1, Refusal.UNKNOWN_UFRAG: 1, Drop.UNKNOWN_SOURCE: 1}
    bench.port.close(1)
    finals = [report.role for report in bench.told if isinstance(report, wire.LegReport) and report.final]
    assert sorted(finals) == ["client", "expert"]


def test_the_ceiling_is_each_legs_own() -> None:
    bench = Bench(Ceiling(bits_per_second=1_000_000, packets_per_second=10))
    try:
        client, expert = bench.call()
        for _ in range(30):
            client.send(SRTP)
        expert.send(SRTP)
        bench.turn()
        assert len(expert.received()) == 10
        assert client.received() == [SRTP]
        assert bench.port.drops == {Drop.CEILING: 20}
        for _ in range(60):  # Chromium's burst
            client.check()
        bench.turn()
        assert len(client.received()) == 60
    finally:
        bench.close()


def test_a_restart_disturbs_nobody(bench: Bench) -> None:
    client, expert = bench.call()
    old, new = client.known, credentials("new")
    bench.port.admit(1, Role.CLIENT, new)
    client.check(known=old)
    client.check(known=new)
    client.check(known=old)
    client.send(SRTP)
    bench.turn()
    assert len(client.received()) == 2  # the old ones are gone with the first use of the new
    assert expert.received() == [SRTP]


def test_a_rebound_side_is_found_again_by_its_checks_and_its_media(bench: Bench) -> None:
    client, expert = bench.call()
    client.move()
    client.send(SRTP)
    expert.send(SRTP)
    bench.turn()
    assert expert.received() == client.received() == []
    bench.now += 1
    client.check()
    client.check()
    client.send(SRTP)
    expert.send(SRTP)
    bench.turn()
    assert expert.received() == [SRTP]
    assert client.received()[-1] == SRTP
    bench.port.report()
    assert [type(report) for report in bench.told].count(wire.Switched) == 1


def test_reports_tell_what_has_changed_and_only_that(bench: Bench) -> None:
    client, expert = bench.call()
    assert [report for report in bench.told if isinstance(report, wire.Up)] == [
        wire.Up(1, Role.CLIENT),
        wire.Up(1, Role.EXPERT),
    ]
    bench.port.report()
    bench.told.clear()
    bench.port.report()
    assert bench.told == []
    client.send(SRTCP)
    expert.send(SRTCP)
    bench.turn()
    assert bench.told == []  # SRTCP is not media
    client.send(SRTP)
    expert.send(SRTP)
    bench.turn()
    assert bench.told == [wire.MediaBothWays(1)]
    client.send(SRTP)
    bench.turn()
    bench.now += 1
    bench.port.report()
    reports = {report.role: report for report in bench.told if isinstance(report, wire.LegReport)}
    assert reports[Role.CLIENT].packets_in == reports[Role.EXPERT].packets_out == 3
    assert reports[Role.CLIENT].bytes_in == 2 * len(SRTP) + len(SRTCP)
    assert reports[Role.CLIENT].last_packet == bench.now - 1
    assert wire.CallReport(1, 1000) in bench.told


def test_mutual_time_ends_with_the_deadline_however_late_it_is_told(bench: Bench) -> None:
    client, expert = bench.call(deadline=1002.25)
    for _ in range(9):
        for peer in (client, expert):
            peer.send(SRTP)
        bench.turn()
        bench.now += 0.25
    bench.now = 1004.0
    bench.port.stop_overdue()
    assert [report.mutual_ms for report in bench.told if isinstance(report, wire.CallReport)] == [2250]


@pytest.mark.parametrize("second", ["127.0.0.2", *LOOPBACKS[1:]])
def test_two_local_addresses_answer_each_from_its_own(second: str) -> None:
    """Whatever family the two sides speak."""
    bench = Bench(hosts=("127.0.0.1", second))
    try:
        bench.port.open(1, 5000.0)
        peers = []
        for line, role in enumerate(Role):
            bench.port.admit(1, role, credentials(role))
            peers.append(bench.peer(credentials(role), line))
        for peer in peers:
            peer._socket.connect(bench.addresses[peers.index(peer)])  # takes nothing from any other address
            peer._socket.send(request(peer.known))
        bench.turn()
        assert [len(peer.received()) for peer in peers] == [1, 1]
        for sender, receiver in (peers, reversed(peers)):
            sender._socket.send(SRTP)
            bench.turn()
            assert receiver.received() == [SRTP]
        tcp = bench.tcp(credentials(Role.CLIENT), 1)
        tcp.check()
        bench.flow()
        assert len(tcp.received()) == 1
    finally:
        bench.close()


# --- replay: security.md §1.3 ---


def test_a_captured_check_sent_again_from_elsewhere_gets_nothing(bench: Bench) -> None:
    client, expert = bench.call()
    thief = bench.peer(client.known)
    captured = [request(client.known, nominate=True) for _ in range(4)]
    for check in captured:
        client.send(check)
    bench.turn()
    assert len(client.received()) == 4
    for later in (0.0, 1.0, 5.0, 20.0, 29.0):  # the side itself may be silent meanwhile
        bench.now = 1000.0 + later
        for check in captured:
            thief.send(check)
        bench.turn()
    assert thief.received() == []
    assert bench.port.drops == {Drop.REPLAYED: 20}
    thief.send(SRTP)
    expert.check()
    expert.send(SRTP)
    bench.turn()
    assert client.received() == [SRTP]
    assert thief.received() == []
    assert bench.port.drops == {Drop.REPLAYED: 20, Drop.UNKNOWN_SOURCE: 1}


def test_a_retransmission_is_answered_and_proves_nothing_new(bench: Bench) -> None:
    client, expert = bench.call()
    other = bench.peer(client.known)
    once = request(client.known, nominate=True)
    for _ in range(5):
        other.send(once)
    expert.send(SRTP)
    bench.turn()
    assert [packet[:2] for packet in other.received()] == [b"\x01\x01"] * 5
    assert client.received() == [SRTP]  # a living path is left for two checks, and this was one
    bench.now += FRESH
    other.send(once)
    other.send(SRTP)
    bench.turn()
    assert bench.port.drops == {Drop.STALE_SOURCE: 1}


# --- flood: security.md §1.9 ---


def test_strangers_get_so_many_hmacs_a_second_and_no_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    client, _ = bench.call()
    tried = 0
    verify = udp.ice.verify

    def counting(packet: bytes, ufrag: bytes, password: bytes) -> object:
        nonlocal tried
        tried += 1
        return verify(packet, ufrag, password)

    monkeypatch.setattr(udp.ice, "verify", counting)
    stranger = bench.peer(client.known)
    forged = request(Credentials(client.known.ufrag, "?" * 24))
    for _ in range(10):
        for _ in range(30):
            stranger.send(forged)
        bench.turn()
    assert tried == PER_SOURCE
    assert bench.port.drops == {Refusal.BAD_INTEGRITY: PER_SOURCE, Drop.FLOOD: 300 - PER_SOURCE}
    for _ in range(60):  # whoever has proven itself is not under that budget, though its address is the same
        client.check()
    bench.turn()
    assert len(client.received()) == 60
    bench.now += 1
    newcomer = bench.peer(client.known)
    newcomer.check()
    bench.turn()
    assert len(newcomer.received()) == 1
    assert stranger.received() == []


def test_a_party_cannot_spend_without_end_from_ever_new_sources(bench: Bench) -> None:
    client, _ = bench.call()
    answered = 0
    for _ in range(300):
        peer = bench.peer(client.known)
        peer.check()
        bench.turn()
        answered += len(peer.received())
        peer.close()
    assert answered == CHECK_BURST - 1
    assert bench.port.drops == {Drop.FLOOD: 300 - answered}


def test_a_check_that_comes_before_its_credentials_is_answered_when_they_come(bench: Bench) -> None:
    bench.port.open(1, 5000.0)
    client = bench.peer(credentials("c"))
    expert = bench.peer(credentials("e"))
    client.check()
    expert.check()
    bench.turn()
    assert client.received() == expert.received() == []
    bench.port.admit(1, Role.CLIENT, client.known)
    assert len(client.received()) == 1
    bench.now += EARLY_FOR
    bench.port.admit(1, Role.EXPERT, expert.known)
    assert expert.received() == []
    assert bench.port.drops == {Refusal.UNKNOWN_UFRAG: 2}


def test_an_early_check_must_hold_all_the_same(bench: Bench) -> None:
    bench.port.open(1, 5000.0)
    stranger = bench.peer(Credentials(credentials("c").ufrag, "?" * 24))
    stranger.check()
    bench.turn()
    bench.port.admit(1, Role.CLIENT, credentials("c"))
    assert stranger.received() == []
    assert bench.port.drops[Refusal.BAD_INTEGRITY] == 1


# --- many at once ---


def played(bench: Bench, seed: int) -> list[object]:
    """A scene of two calls and a stranger, by dice: what everybody got, what was told, what was dropped."""
    dice = random.Random(seed)
    bench.port.open(1, 1_001.5)
    bench.port.open(2, 5_000.0)
    names = [f"{call}{role}" for call in (1, 2) for role in Role]
    for name in names:
        bench.port.admit(int(name[0]), Role(name[1:]), credentials(name))
    peers = [bench.peer(credentials(name)) for name in names]
    stranger = bench.peer(credentials("stranger"))
    outcome: list[object] = []
    packets = [
        DTLS,
        SRTP,
        SRTCP,
        SRTP + bytes(40),
        bytes([4]) * 40,
        bytes([0x80]) * 11,
        bytes([0x90, 1]) + bytes(1_499),
    ]
    for turn in range(120):
        for _ in range(dice.randrange(12)):
            peer = dice.choice([*peers, *peers, stranger])
            match dice.randrange(8):
                case 0:
                    nominate = dice.random() < 0.5
                    transaction = dice.randbytes(12)
                    peer.send(request(peer.known, nominate=nominate, transaction=transaction))
                case 1 if turn > 60 and dice.random() < 0.1:
                    peer.move()
                case _:
                    packet = dice.choice(packets)
                    for _ in range(dice.choice((1, 3, 9, 20))):
                        peer.send(packet + bytes(dice.choice((0, 0, 0, 1))))
        if turn == 100:
            bench.port.close(2, Role.EXPERT)
        bench.turn()
        bench.port.report()
        for peer in (*peers, stranger):
            got = peer.received()
            outcome.append([packet for packet in got if packet[0] > 3])
            outcome.append([packet[:20] for packet in got if packet[0] <= 3])  # an answer says more: the port
        bench.now += dice.choice((0.0, 0.001, 0.05, 0.05))
    for number in (1, 2):
        bench.port.close(number)
    outcome += [report for report in bench.told if not isinstance(report, wire.Switched)]  # their names are random
    return [*outcome, bench.port.drops, bench.port.totals()]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ceiling", [PLENTY, Ceiling(bits_per_second=2_000_000, packets_per_second=66)], ids=str)
def test_packets_fare_the_same_together_and_one_by_one(
    seed: int, ceiling: Ceiling, packet_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline, the ceiling, path switches and all: for whoever has no recvmmsg, and for the rule as such."""
    together = Bench(ceiling)
    monkeypatch.setattr(udp, "AVAILABLE", False)
    singly = Bench(ceiling)
    try:
        assert [isinstance(batch, Batch) for batch in together.port._batches] == [packet_path == "pure"]
        assert all(together.port._batches)
        assert not any(singly.port._batches)
        assert played(together, seed) == played(singly, seed)
        drops = set(together.port.drops)
        assert {Drop.DEADLINE, Drop.UNKNOWN_SOURCE, Drop.MALFORMED} <= drops
        assert (Drop.CEILING in drops) == (ceiling is not PLENTY)
    finally:
        together.close()
        singly.close()


def test_a_worker_held_up_between_looking_and_sending_looks_again(bench: Bench) -> None:
    """P3.1: at the deadline nothing is forwarded, also not what was let through before it."""
    client, expert = bench.call(deadline=1_010.0)
    times = iter([1_009.9])
    bench.port._clock = lambda: next(times, 1_010.0)
    for _ in range(3):
        client.send(SRTP)
    bench.turn()
    assert expert.received() == []
    assert bench.port.drops[Drop.DEADLINE] == 3
    assert wire.Closed(1, True) in bench.told


def test_a_worker_held_up_far_from_any_deadline_sends_all_the_same(bench: Bench) -> None:
    client, expert = bench.call()
    times = iter([1_009.9])
    bench.port._clock = lambda: next(times, 1_010.0)
    for _ in range(3):
        client.send(SRTP)
    bench.turn()
    assert expert.received() == [SRTP] * 3
    assert bench.port.totals().packets == 3
    assert not bench.port.drops


def test_packets_of_many_calls_in_one_batch_go_each_its_own_way(bench: Bench) -> None:
    pairs = [bench.call(number) for number in range(1, 6)]
    everybody = [(sender, receiver) for pair in pairs for sender, receiver in (pair, pair[::-1])]
    for turn in range(6):
        for number, (sender, _) in enumerate(everybody):
            sender.send(SRTP + bytes([turn, number]))
    bench.turn()
    for number, (_, receiver) in enumerate(everybody):
        assert receiver.received() == [SRTP + bytes([turn, number]) for turn in range(6)]


# --- the sockets ---


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_wildcard_is_never_bound(host: str) -> None:
    with pytest.raises(ValueError, match="wildcard"):
        udp.bind([host], 0)


def test_a_port_that_is_taken_is_named(bench: Bench) -> None:
    with pytest.raises(OSError, match=r"UDP 127\.0\.0\.1 port"):
        udp.bind(["127.0.0.1"], bench.addresses[0][1])
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match=r"TCP 127\.0\.0\.1 port"):
        udp.bind(["127.0.0.1"], taken.getsockname()[1])


def test_udp_and_tcp_have_one_port_number_on_every_address() -> None:
    sockets = udp.bind(["127.0.0.2", *LOOPBACKS], 0)
    try:
        assert {sock.getsockname()[1] for sock in (*sockets.udp, *sockets.tcp)} == {sockets.port}
        assert [sock.getsockname()[0] for sock in sockets.tcp] == ["127.0.0.2", *LOOPBACKS]
    finally:
        sockets.close()


def test_noise_from_an_authenticated_side_is_never_fatal(bench: Bench) -> None:
    client, expert = bench.call()
    dice = random.Random(1)
    valid = request(client.known)
    for _ in range(3000):
        packet = bytearray(valid if dice.random() < 0.7 else dice.randbytes(dice.randrange(1, 1600)))
        for _ in range(dice.randrange(1, 5)):
            packet[dice.randrange(len(packet))] = dice.randrange(256)
        client.send(bytes(packet))
        bench.turn()
    assert bench.port.drops[Drop.FAULT] == 0
    client.received(), expert.received()
    expert.send(SRTP)
    bench.turn()
    assert client.received() == [SRTP]
