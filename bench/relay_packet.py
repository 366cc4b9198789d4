"""What one forwarded packet costs, in CPU time, with every check of the relay on.

Prints µs per packet of ``Port.read`` between sockets on loopback, beside a bare Python loop of recvfrom and sendto in
the same run, and the ratio of the two, which is the figure that can be compared between machines. No wake-ups are in
it and nothing else runs between the packets: `python -m bench relay` has those.

    python -m bench.relay_packet
"""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable

from signaling.relay.leg import Ceiling
from tests.signaling.relay.helpers import Bench, Peer

ROUNDS = 40
BATCHES = 40
BATCH = 42  # packets of 1 100 bytes that even a small receive buffer holds
CALLS = 10
FRAMES = {1: "one by one", 7: "frames of 7"}  # of how many packets in a row a party sends
PACKET = bytes([0x80, 111]) + bytes(1_098)


def main() -> None:
    bench = Bench(Ceiling(bits_per_second=100_000_000_000, packets_per_second=100_000_000))
    try:
        pairs = [bench.call(number, float("inf")) for number in range(CALLS)]
        bench.port._clock = time.monotonic  # as in the worker: asked for each batch, and for each packet that has none
        plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        plain.bind(("127.0.0.1", 0))
        plain.setblocking(False)
        bare: dict[int, list[float]] = {frame: [] for frame in FRAMES}
        sealed: dict[int, list[float]] = {frame: [] for frame in FRAMES}
        for _ in range(ROUNDS):  # in turns, so that a busy machine is busy for both
            for peer in (peer for pair in pairs for peer in pair):
                peer.check()
                bench.turn()
                peer.received()
            for frame in FRAMES:
                bare[frame].append(_round(pairs, frame, plain.getsockname(), lambda: _bare(plain, pairs)))
                sealed[frame].append(_round(pairs, frame, bench.addresses[0], bench.turn))
        plain.close()
        assert not bench.port.drops, bench.port.drops
        for frame, name in FRAMES.items():
            reference, ours = statistics.median(bare[frame]), statistics.median(sealed[frame])
            least = min(sealed[frame]), min(bare[frame])
            print(f"{name}: bare recvfrom and sendto {reference:.2f} µs per packet (least {least[1]:.2f}),", end=" ")
            print(f"the relay, every check {ours:.2f} (least {least[0]:.2f}),", end=" ")
            print(f"ratio {ours / reference:.2f} (of the least {least[0] / least[1]:.2f})")
    finally:
        bench.close()


def _round(pairs: list[tuple[Peer, Peer]], frame: int, to: tuple[str, int], work: Callable[[], None]) -> float:
    spent = 0
    for _ in range(BATCHES):
        for number in range(BATCH // frame):
            for _ in range(frame):
                pairs[number % CALLS][0]._socket.sendto(PACKET, to)
        start = time.process_time_ns()
        work()
        spent += time.process_time_ns() - start
        received = sum(len(expert.received()) for _, expert in pairs)
        assert received == BATCH, f"{received} of {BATCH} arrived"
    return spent / 1000 / BATCH / BATCHES


def _bare(sock: socket.socket, pairs: list[tuple[Peer, Peer]]) -> None:
    to = {client._socket.getsockname(): expert._socket.getsockname() for client, expert in pairs}
    while True:
        try:
            packet, source = sock.recvfrom(1501)
        except BlockingIOError:
            return
        sock.sendto(packet, to[source])


if __name__ == "__main__":
    main()
