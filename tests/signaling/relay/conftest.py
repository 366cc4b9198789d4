from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.signaling.relay.helpers import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()
