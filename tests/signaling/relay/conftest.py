from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.signaling.relay.helpers import Bench, Relay


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    relay = Relay()
    await relay.switchboard.start()
    yield relay
    await relay.switchboard.stop()
