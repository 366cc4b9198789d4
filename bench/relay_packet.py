"""What one forwarded packet costs, in CPU time, with every check of the relay on.

Prints µs per packet of ``Port.read`` between two sockets on loopback, beside a bare loop of recvfrom and sendto in the
same run, and the ratio of the two, which is the figure that can be compared between machines.

    python -m bench.relay_packet
"""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable

from signaling.relay.leg import Ceiling
from tests.signaling.relay.helpers import Bench, Peer

ROUNDS = 60
BATCHES = 40
BATCH = 48  # packets of 1 100 bytes that even a small receive buffer holds
PACKET = bytes([0x80, 111]) + bytes(1_098)


def main() -> None:
    bench = Bench(Ceiling(bits_per_second=100_000_000_000, packets_per_second=100_000_000))
    try:
        client, expert = bench.call()
        bench.port._clock = time.monotonic  # as in the worker: asked once a packet
        bench.port.set_deadline(1, float("inf"))
        plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        plain.bind(("127.0.0.1", 0))
        plain.setblocking(False)
        bare, sealed = [], []
        for _ in range(ROUNDS):  # in turns, so that a busy machine is busy for both
            for peer in (client, expert):
                peer.check()
            bench.turn()
            expert.received(), client.received()
            bare.append(_round(client, plain.getsockname(), expert, lambda: _bare(plain, expert)))
            sealed.append(_round(client, bench.addresses[0], expert, bench.turn))
        plain.close()
        assert not bench.port.drops, bench.port.drops
        reference, ours = statistics.median(bare), statistics.median(sealed)
        print(f"bare recvfrom and sendto  {reference:6.2f} µs per packet (least {min(bare):.2f})")
        print(f"the relay, every check    {ours:6.2f} µs per packet (least {min(sealed):.2f})")
        print(f"ratio                     {ours / reference:6.2f} (of the least {min(sealed) / min(bare):.2f})")
    finally:
        bench.close()


def _round(sender: Peer, to: tuple[str, int], receiver: Peer, work: Callable[[], None]) -> float:
    spent = 0
    for _ in range(BATCHES):
        for _ in range(BATCH):
            sender._socket.sendto(PACKET, to)
        start = time.process_time_ns()
        work()
        spent += time.process_time_ns() - start
        received = len(receiver.received())
        assert received == BATCH, f"{received} of {BATCH} arrived"
    return spent / 1000 / BATCH / BATCHES


def _bare(sock: socket.socket, receiver: Peer) -> None:
    to = receiver._socket.getsockname()
    while True:
        try:
            packet, _ = sock.recvfrom(1501)
        except BlockingIOError:
            return
        sock.sendto(packet, to)


if __name__ == "__main__":
    main()
