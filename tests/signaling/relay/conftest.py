from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from signaling.relay import state
from tests.signaling.relay.helpers import Bench, Relay


@pytest.fixture(params=["pure"] if state.PURE else ["compiled", "pure"])
def packet_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways that packets can take, for tests that ask for it: in this process, and in workers started by it."""
    if request.param == "pure":
        monkeypatch.setattr(state, "compiled", None)
        monkeypatch.setenv("HEADSTRT_PURE_RELAY", "1")
    else:
        assert state.compiled is not None, "the compiled part is missing: `make packages` installs what builds it"
    return str(request.param)


@pytest.fixture
def bench(packet_path: str) -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture
async def relay(packet_path: str) -> AsyncIterator[Relay]:
    relay = Relay()
    await relay.switchboard.start()
    yield relay
    await relay.switchboard.stop()
