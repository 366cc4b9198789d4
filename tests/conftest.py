"""Fixtures for every folder: the real server as a process of its own, people at real browsers, the two stores."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Any

import pytest

from tests import built
from tests.e2e.nodes import server
from tests.e2e.stage import chromium, person, shared_chromium
from tests.stores import cluster, where

__all__ = ["built", "chromium", "cluster", "person", "server", "shared_chromium", "where"]

LONGEST_FIRST = ("trial/", "e2e/", "security/", "year/", "server/")
"""Files that several processes take one by one: who takes a long one last keeps all the others waiting."""


WITHIN = 240.0
"""Seconds that a coroutine may take. What comes too late ends as a failure that can be read, its fixtures torn down
after it; pytest-timeout's signal, which comes later, may strike anywhere and take the process with it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)  # stable: within a folder, and within a file, as before
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.obj = _bounded(item.obj, item)


def _bounded(test: Any, item: pytest.Item) -> Any:
    marker = item.get_closest_marker("timeout")

    @functools.wraps(test)
    async def bounded(*arguments: Any, **named: Any) -> None:
        async with asyncio.timeout(marker.args[0] * 0.9 if marker and marker.args else WITHIN):
            await test(*arguments, **named)

    return bounded


def _rank(item: pytest.Item) -> int:
    path = item.nodeid.removeprefix("tests/")
    return next((n for n, folder in enumerate(LONGEST_FIRST) if path.startswith(folder)), len(LONGEST_FIRST))
