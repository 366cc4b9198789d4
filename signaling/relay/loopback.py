"""A page's call with itself, for its network test: two legs of the relay between two connections of one page.

Decides who may have such a pair, for how long, and what the two connections are told of each other. What passes is what
would pass in a call (authenticated checks, then DTLS), but under a ceiling of its own (``leg.TEST_CEILING``), for
``TEST_SECONDS`` by the deadline in the packet path, one pair per party, ``MAX_TESTS`` in all. A test carries one data
channel and no media, and both of its ends must hold one certificate: it is no way from one person to another.

The first connection's offer is given to the second with our ICE part, the second's answer to the first. Nothing is kept
of a test, nobody else hears of it, and no session is touched: it serves before the doors open as well. If the worker
dies, so do its tests; the page begins another one.

Refuses to know: sessions, parties (a test has a name), packets, and what the page makes of its figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from signaling.errors import ProtocolError, Stale
from signaling.relay import sdp, wire
from signaling.relay.ice import Credentials
from signaling.session import Role

TEST_SECONDS: Final = 15.0
MAX_TESTS: Final = 16  # all of them at their ceiling are what some ten calls may send


class Lane(Protocol):
    """A worker's place, as far as it matters here."""

    @property
    def candidates(self) -> Sequence[sdp.Candidate]: ...

    def send(self, command: wire.Command, /) -> None: ...


@dataclass(slots=True, eq=False)
class _Test:
    number: int
    lane: Lane | None
    deadline: float
    credentials: dict[Role, Credentials]
    offer: sdp.Description | None = None
    answered: bool = False


class Loopbacks:
    """All tests that run now, by name. Nothing here waits."""

    def __init__(
        self,
        number: Callable[[], int],
        lane: Callable[[], Lane | None],
        credentials: Callable[[], Credentials],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``number`` gives numbers of calls, ``lane`` the worker with the least to do, ``clock`` monotonic seconds."""
        self._number = number
        self._lane = lane
        self._credentials = credentials
        self._clock = clock
        self._tests: dict[str, _Test] = {}

    def __len__(self) -> int:
        self._forget_overdue()
        return len(self._tests)

    def open(self, name: str) -> None:
        """A pair of legs for ``TEST_SECONDS``; one that this name had is closed. ``Stale`` when there are too many."""
        self.close(name)
        if len(self) >= MAX_TESTS:
            raise Stale("Many people are testing their network just now; try again in a moment.", code="tests_full")
        test = _Test(
            self._number(), self._lane(), self._clock() + TEST_SECONDS, {role: self._credentials() for role in Role}
        )
        self._tests[name] = test
        _send(test, wire.Open(test.number, test.deadline, test=True))
        for role, known in test.credentials.items():
            _send(test, wire.Admit(test.number, role, known.ufrag, known.password))

    def describe(self, name: str, text: str) -> str:
        """The offer of one connection, then the answer of the other; what its opposite is to be told.

        ``ProtocolError``: not_testing, bad_sdp, not_itself, already_described.
        """
        self._forget_overdue()
        test = self._tests.get(name)
        if test is None:
            raise ProtocolError("not_testing", "No network test is running; begin one with test_open.")
        if test.offer is None:
            test.offer = self._accept(text, "offer")
            return self._present(test, Role.CLIENT, test.offer)
        if test.answered:
            raise ProtocolError("already_described", "Both sides of this network test have been described.")
        answer = self._accept(text, "answer")
        if answer.fingerprint != test.offer.fingerprint:
            raise ProtocolError("not_itself", "Both sides of a network test have the same certificate.")
        test.answered = True
        return self._present(test, Role.EXPERT, answer)

    def close(self, name: str) -> None:
        """Nothing of it passes any more. No error when there is none."""
        test = self._tests.pop(name, None)
        if test is not None:
            _send(test, wire.Close(test.number))

    def drop(self, lane: Lane) -> None:
        """The worker there is gone, and with it its tests."""
        self._tests = {name: test for name, test in self._tests.items() if test.lane is not lane}

    def _accept(self, text: str, type: sdp.Type) -> sdp.Description:
        description = sdp.accept(text, type=type)
        if [media.kind for media in description.media] != ["application"]:
            raise ProtocolError("bad_sdp", "A network test has one data channel, and no media.")
        return description

    def _present(self, test: _Test, to: Role, description: sdp.Description) -> str:
        candidates = [] if test.lane is None else test.lane.candidates
        return sdp.present(description, test.credentials[to], candidates)

    def _forget_overdue(self) -> None:
        now = self._clock()  # the worker has closed them by itself
        self._tests = {name: test for name, test in self._tests.items() if test.deadline > now}


def _send(test: _Test, command: wire.Command) -> None:
    if test.lane is not None:
        test.lane.send(command)
