"""The stories of a call are told on one server, and in the long form once more on two nodes.

And for who is not root: tests with a network of their own run once more, inside one, each in a pytest of its own.
"""

from __future__ import annotations

import pytest

from tests.e2e.network import again, within_reach
from tests.e2e.nodes import ALONE, TWO

STORIES = ("test_call", "test_consent", "test_dashboard_live", "test_hard_stop", "test_leaving", "test_network")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rpartition(".")[2] in STORIES and "server" in metafunc.fixturenames:
        alone = pytest.param(ALONE, id=pytest.HIDDEN_PARAM)
        metafunc.parametrize(
            "server", [alone, pytest.param(TWO, id="two-nodes", marks=pytest.mark.long)], indirect=True
        )


@pytest.hookimpl(trylast=True)  # after those that are not wanted are out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not within_reach():
        items[:] = [_elsewhere(item) if "network" in getattr(item, "fixturenames", ()) else item for item in items]


def _elsewhere(item: pytest.Item) -> pytest.Item:
    """The same test by the same name, which is to be run inside; what it needs is made there."""
    made: pytest.Item = pytest.Function.from_parent(
        item.parent, name=item.name, callobj=lambda: again(item.nodeid, item.config.rootpath)
    )
    made.add_marker(pytest.mark.timeout(300))  # the one inside is the one that counts
    return made
