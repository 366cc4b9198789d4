"""bench/loop.c again, in Python: one recvfrom and one sendto per packet, on one socket, and no questions.

What a relay in Python cannot easily go below. Run as a program, as the other is:

usage: python loop.py DESCRIPTOR < routes
"""

from __future__ import annotations

import socket
import sys


def main() -> None:
    sock = socket.socket(fileno=int(sys.argv[1]))
    sock.setblocking(True)
    pairs = (line.split() for line in sys.stdin)
    routes = {("127.0.0.1", int(source)): ("127.0.0.1", int(to)) for source, to in pairs}
    receive, send, route_of = sock.recvfrom, sock.sendto, routes.get
    while True:
        packet, source = receive(2048)
        route = route_of(source)
        if route is not None:
            send(packet, route)


if __name__ == "__main__":
    main()
