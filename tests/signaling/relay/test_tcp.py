"""security.md §1.10: the relay over TCP, with hostile and slow peers, on real sockets and a clock set by hand."""

from __future__ import annotations

import random
import socket

import pytest

from signaling.relay import wire
from signaling.relay.ice import Credentials, Refusal
from signaling.relay.leg import FRESH, Drop
from signaling.relay.port import MAX_PACKET, STREAMS_PER_LEG
from signaling.relay.tcp import KERNEL_BUFFER, MAX_UNPROVEN_FRAMES, PER_SOURCE, PROVEN_WITHIN, WRITE_BUFFER, Stream
from signaling.session import Role
from tests.signaling.relay.helpers import DTLS, SRTP, Bench, TcpPeer, credentials, request


def mixed(bench: Bench, deadline: float = 5000.0, receive_buffer: int = 0) -> tuple[TcpPeer, TcpPeer]:
    """A call with both sides on TCP: client, expert."""
    bench.port.open(1, deadline)
    pair = []
    for role in Role:
        bench.port.admit(1, role, credentials(role))
        peer = bench.tcp(credentials(role), receive_buffer=receive_buffer)
        peer.check()
        bench.flow()
        assert len(peer.received()) == 1
        pair.append(peer)
    return pair[0], pair[1]


def stream_of(bench: Bench, role: Role) -> Stream:
    path = bench.port._calls[1].legs[role].current
    assert path is not None
    stream = bench.port._senders[path.line]
    assert isinstance(stream, Stream)
    return stream


def test_packets_go_verbatim_between_tcp_and_tcp(bench: Bench) -> None:
    client, expert = mixed(bench)
    packets = [DTLS, SRTP, bytes([63]) * 12, bytes([191]) * MAX_PACKET]
    for packet in packets:
        client.send(packet)
        expert.send(packet)
    bench.flow()
    assert client.received() == expert.received() == packets


def test_packets_go_verbatim_between_tcp_and_udp(bench: Bench) -> None:
    _, expert = bench.call()
    client = bench.tcp(credentials("1client"))
    for _ in range(2):
        client.check(nominate=True)
    bench.now += 1
    client.send(SRTP)
    bench.flow()
    assert expert.received() == [SRTP]
    expert.send(DTLS)
    bench.flow()
    assert client.received()[2:] == [DTLS]


def test_frames_come_through_however_they_are_cut(bench: Bench) -> None:
    client, expert = mixed(bench)
    packets = [bytes([128, 111]) + bytes([number]) * (20 + 70 * number) for number in range(20)]
    data = b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)
    dice = random.Random(1)
    while data:
        size = dice.choice((1, 1, 2, 3, 500, 4000))
        client.raw(data[:size])
        data = data[size:]
        bench.flow(0.001)
    bench.flow()
    assert expert.received() == packets


def test_one_without_a_valid_check_within_5_s_is_closed(bench: Bench) -> None:
    """Slowloris: silent, half a frame, garbage that looks like frames, checks that do not hold."""
    mixed(bench)
    silent, half, unknown, forged = (bench.tcp(credentials("client")) for _ in range(4))
    half.raw(request(credentials("client"))[:1])
    unknown.send(request(credentials("nobody")))
    forged.send(request(Credentials(credentials("client").ufrag, "?" * 24), nominate=True))
    bench.flow()
    assert len(bench.streams) == 6
    bench.now += PROVEN_WITHIN - 0.01
    half.raw(b"\x00")
    bench.flow()
    bench.streams.sweep()
    assert len(bench.streams) == 6
    bench.now += 0.01
    bench.streams.sweep()
    assert len(bench.streams) == 2  # those two that have proven themselves
    for peer in (silent, half, unknown, forged):
        assert peer.received(1.0) == []
        assert peer.closed
    assert bench.port.drops[Drop.STREAM_UNPROVEN] == 4
    assert (bench.port.drops[Refusal.UNKNOWN_UFRAG], bench.port.drops[Refusal.BAD_INTEGRITY]) == (1, 1)


def test_garbage_is_closed_at_once(bench: Bench) -> None:
    for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01" + bytes(500), b"\xff" * 4000):
        peer = bench.tcp(credentials("client"))
        peer.raw(data)
        bench.flow()
        assert peer.received() == []
        assert peer.closed
    assert len(bench.streams) == 0
    assert bench.port.drops[Drop.BAD_FRAME] == 3


def test_a_frame_over_1500_bytes_ends_even_a_proven_one(bench: Bench) -> None:
    client, expert = mixed(bench)
    client.send(SRTP)
    client.raw((MAX_PACKET + 1).to_bytes(2, "big"))
    bench.flow()
    assert expert.received() == [SRTP]
    client.received()
    assert client.closed
    assert bench.port._calls[1].legs[Role.CLIENT].paths == []
    expert.send(SRTP)
    bench.flow()
    assert bench.port.drops == {Drop.BAD_FRAME: 1, Drop.NO_PEER: 1}


def test_one_that_keeps_sending_what_proves_nothing_is_closed(bench: Bench) -> None:
    stranger = bench.tcp(credentials("nobody"))
    for _ in range(MAX_UNPROVEN_FRAMES):
        stranger.send(b"")
    bench.flow()
    assert stranger.received() == []
    assert stranger.closed


def test_a_stranger_neither_sends_nor_receives(bench: Bench) -> None:
    client, expert = mixed(bench)
    stranger = bench.tcp(credentials("client"))
    for packet in (DTLS, SRTP):
        stranger.send(packet)
    expert.send(SRTP)
    bench.flow()
    assert (stranger.received(), client.received(), expert.received()) == ([], [SRTP], [])
    assert bench.port.drops == {Drop.UNKNOWN_SOURCE: 2}


def test_a_leg_has_4_connections_and_the_least_recently_checked_makes_room(bench: Bench) -> None:
    client, expert = mixed(bench)
    more = []
    for _ in range(STREAMS_PER_LEG):
        bench.now += 1
        peer = bench.tcp(client.known)
        peer.check()
        more.append(peer)
        client.check()  # the present one stays
        bench.flow()
    assert len(bench.port._calls[1].legs[Role.CLIENT].paths) == STREAMS_PER_LEG
    assert [peer.received(0.1) == [] or peer.closed for peer in more] == [True, False, False, False]
    client.received()
    expert.send(SRTP)
    bench.flow()
    assert client.received() == [SRTP]


def test_a_source_has_20_connections_and_those_that_go_make_room(bench: Bench) -> None:
    peers = [bench.tcp(credentials("nobody")) for _ in range(PER_SOURCE + 3)]
    bench.flow()
    assert len(bench.streams) == PER_SOURCE
    assert bench.port.drops == {Drop.STREAM_REFUSED: 3}
    for peer in peers:
        peer.close()
    bench.flow()
    assert len(bench.streams) == 0
    assert bench.streams._by_source == {}
    bench.tcp(credentials("nobody"))
    bench.flow()
    assert len(bench.streams) == 1


def test_when_all_places_are_taken_the_oldest_unproven_one_makes_room(bench: Bench) -> None:
    bench.streams._limit = 3
    client, expert = mixed(bench)
    first, second = bench.tcp(credentials("nobody")), bench.tcp(credentials("nobody"))
    bench.flow()
    assert len(bench.streams) == 3
    assert [peer.received() == [] and peer.closed for peer in (first, second)] == [True, False]
    second.check(known=client.known)
    bench.flow()
    assert len(second.received()) == 1
    third = bench.tcp(credentials("nobody"))  # all have proven themselves: nobody makes room
    bench.flow()
    assert third.received() == []
    assert third.closed
    client.send(SRTP)
    bench.flow()
    assert expert.received() == [SRTP]


def test_one_that_never_reads_costs_its_own_packets_and_no_waiting(bench: Bench) -> None:
    client, expert = mixed(bench, receive_buffer=4096)
    packet = bytes([128, 111]) + bytes(1400)
    sent = 0
    while not bench.port.drops[Drop.SEND_FULL]:
        for _ in range(50):
            client.send(packet)
        sent += 50
        bench.flow(0.001)
        assert sent < 5000
    assert len(stream_of(bench, Role.EXPERT)._out) <= WRITE_BUFFER
    expert.check()  # it is answered behind all that; the other direction flows as ever
    expert.send(SRTP)
    bench.flow()
    assert client.received() == [SRTP]
    through = 0
    for _ in range(200):
        through += expert.received(0.01).count(packet)
        bench.flow(0.001)
    assert through == sent - bench.port.drops[Drop.SEND_FULL]  # in order, whole, and the rest was dropped
    client.send(SRTP)
    bench.flow()
    assert expert.received(0.1)[-1] == SRTP


def test_the_deadline_holds_on_tcp_and_for_what_is_still_in_the_buffer(bench: Bench) -> None:
    """P3.1, security.md §1.7."""
    client, expert = mixed(bench, deadline=1010.0, receive_buffer=4096)
    while not bench.port.drops[Drop.SEND_FULL]:
        client.send(bytes([128, 111]) + bytes(1400))
        bench.flow(0)
    stream = stream_of(bench, Role.EXPERT)
    left = len(stream._out)
    assert left > WRITE_BUFFER - 1500
    bench.now = 1010.0
    expert.received()  # it begins to read, so that there is room to write
    bench._poll.turn(1.0)
    assert stream.closed
    assert len(stream._out) == left
    assert bench.told[-1] == wire.Closed(1, True)
    bench.flow()
    client.received(0.1)
    while not expert.closed:
        expert.received(1.0)
    assert client.closed
    assert len(bench.streams) == 0


def test_a_packet_at_the_deadline_is_not_forwarded(bench: Bench) -> None:
    client, expert = mixed(bench, deadline=1010.0)
    bench.now = 1009.99
    client.send(SRTP)
    bench.flow()
    assert expert.received() == [SRTP]
    bench.now = 1010.0
    client.send(SRTP)
    bench.flow()
    assert expert.received() == client.received() == []
    assert bench.port.drops[Drop.DEADLINE] == 1
    assert client.closed
    assert expert.closed


def test_a_connection_that_breaks_takes_its_path_along(bench: Bench) -> None:
    client, expert = mixed(bench)
    client.close()
    bench.flow()
    assert len(bench.streams) == 1
    expert.send(SRTP)
    bench.flow()
    assert bench.port.drops == {Drop.NO_PEER: 1}
    again = bench.tcp(client.known)
    again.check()
    expert.send(SRTP)
    bench.flow()
    again.received()
    expert.send(SRTP)
    bench.flow()
    assert again.received() == [SRTP]


def test_one_that_stops_checking_is_closed_after_30_s(bench: Bench) -> None:
    client, expert = mixed(bench)
    bench.now += FRESH
    client.send(SRTP)
    client.check()  # too late: its consent has run out
    bench.flow()
    assert client.received() == []
    assert client.closed
    bench.port.expire()
    assert len(bench.streams) == 0
    assert expert.received() == []
    assert expert.closed
    assert Drop.FAULT not in bench.port.drops


def test_closing_a_leg_closes_its_connections(bench: Bench) -> None:
    client, expert = mixed(bench)
    bench.port.close(1, Role.CLIENT)
    assert client.received(1.0) == []
    assert client.closed
    assert len(bench.streams) == 1
    bench.port.close(1)
    assert expert.received(1.0) == []
    assert expert.closed
    assert bench.port._senders.keys() == bench.port._routes.keys() == {0}


def test_an_early_check_is_answered_unless_its_connection_is_gone(bench: Bench) -> None:
    bench.port.open(1, 5000.0)
    client, gone = bench.tcp(credentials("c")), bench.tcp(credentials("c"))
    for peer in (client, gone):
        peer.check()
    bench.flow()
    gone.close()
    bench.flow()
    bench.port.admit(1, Role.CLIENT, credentials("c"))
    bench.flow()
    assert len(client.received()) == 1
    assert Drop.FAULT not in bench.port.drops


def test_a_stolen_check_is_worth_nothing_over_tcp_either(bench: Bench) -> None:
    client, _ = mixed(bench)
    thief = bench.tcp(client.known)
    captured = request(client.known, nominate=True)
    client.send(captured)
    bench.flow()
    thief.send(captured)
    bench.flow()
    assert thief.received() == []
    assert bench.port.drops == {Drop.REPLAYED: 1}


def test_sockets_are_set_as_they_should_be(bench: Bench) -> None:
    mixed(bench)
    sock = stream_of(bench, Role.CLIENT)._socket
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert not sock.getblocking()
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * KERNEL_BUFFER


@pytest.mark.parametrize("seed", range(5))
def test_noise_over_tcp_is_never_fatal(bench: Bench, seed: int) -> None:
    client, expert = mixed(bench)
    dice = random.Random(seed)
    for _ in range(100):
        noisy = bench.tcp(credentials("nobody"))
        data = bytearray()
        for _ in range(dice.randrange(1, 6)):
            packet = bytearray(request(client.known)) if dice.random() < 0.5 else bytearray(dice.randbytes(60))
            packet[dice.randrange(len(packet))] ^= 1 << dice.randrange(8)
            data += len(packet).to_bytes(2, "big") + packet
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        noisy.raw(bytes(data[: dice.randrange(1, len(data) + 1)]))
        bench.flow(0)
        assert noisy.received() == []
        noisy.close()
    bench.flow()
    assert Drop.FAULT not in bench.port.drops
    assert len(bench.streams) == 2
    client.send(SRTP)
    bench.flow()
    assert expert.received() == [SRTP]
