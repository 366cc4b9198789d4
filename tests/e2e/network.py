"""A network of a test's own: a namespace with one interface beside loopback, whose address can change in mid-call.

Root makes it and its thread enters it, with all that it starts. Anybody else makes it with sudo and runs the test once
more in there, as the same user: a pytest of its own (``again``), for a process that is no root's cannot move itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

RELAY, HERE, ELSEWHERE = "10.79.0.1", "10.77.0.2", "10.78.0.2"
CLONE_NEWNET = 0x40000000
INSIDE: Final = "HEADSTRT_TEST_NETWORK"
"""In the environment of a test that runs in such a network already: its name."""

_KEPT = ("HOME", "LANG", "PATH", "TMPDIR", "XDG_RUNTIME_DIR")


class Network:
    """By its name; ``made`` makes one."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ip(self, command: str) -> None:
        """An ``ip`` command in the namespace."""
        _as_root("ip", "-n", self.name, *command.split())

    def move(self) -> None:
        """Another network: the browsers' address is gone, and there is another one."""
        self.ip(f"address add {ELSEWHERE}/24 dev hs0")
        self.ip(f"address delete {HERE}/24 dev hs0")
        self.ip("route replace default via 10.78.0.1")


def within_reach() -> bool:
    """Whether ``entered`` can do its work in this very process."""
    return os.geteuid() == 0 or INSIDE in os.environ


@contextlib.contextmanager
def made() -> Iterator[Network]:
    network = Network(f"headstrt-{secrets.token_hex(4)}")
    _as_root("ip", "netns", "add", network.name)
    try:
        for command in (
            "link set lo up",
            f"address add {RELAY}/32 dev lo",
            "link add hs0 type veth peer name hs1",
            f"address add {HERE}/24 dev hs0",
            "link set hs0 up",
            "link set hs1 up",
            "route add default via 10.77.0.1",
        ):
            network.ip(command)
        yield network
    finally:
        _as_root("ip", "netns", "delete", network.name)


@contextlib.contextmanager
def entered() -> Iterator[Network]:
    """This thread is in a network of its own, with whatever it starts from here on."""
    if INSIDE in os.environ:
        yield Network(os.environ[INSIDE])
        return
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        with made() as network:
            with open(f"/run/netns/{network.name}") as there:
                _enter(there.fileno())
            try:
                yield network
            finally:
                _enter(home)
    finally:
        os.close(home)


def again(test: str, root: Path) -> None:
    """Run this one test in a network of its own: root opens the door, and the user whose test it is goes in."""
    user = pwd.getpwuid(os.getuid())
    kept = [f"{name}={value}" for name, value in os.environ.items() if name in _KEPT]
    with made() as network:
        door = ["sudo", "-n", "ip", "netns", "exec", network.name]
        drop = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups"]
        is_ = ["env", "-i", *kept, f"USER={user.pw_name}", f"LOGNAME={user.pw_name}", f"{INSIDE}={network.name}"]
        done = subprocess.run(
            [*door, *drop, *is_, sys.executable, "-m", "pytest", "-o", "addopts=-q", "-p", "no:cacheprovider", test],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def _as_root(*command: str) -> None:
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    done = subprocess.run([*sudo, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"a network namespace takes root, or sudo without a password: {done.stderr.strip()}")


def _enter(namespace: int) -> None:
    """setns(2)."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
