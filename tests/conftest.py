"""Fixtures for every folder: the real server as a process of its own, people at real browsers, the two stores."""

from __future__ import annotations

import pytest

from tests.e2e.stage import chromium, person, server
from tests.stores import cluster, where

__all__ = ["chromium", "cluster", "person", "server", "where"]

LONGEST_FIRST = ("trial/", "e2e/", "security/", "year/", "server/")
"""Files that several processes take one by one: who takes a long one last keeps all the others waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)  # stable: within a folder, and within a file, as before


def _rank(item: pytest.Item) -> int:
    path = item.nodeid.removeprefix("tests/")
    return next((n for n, folder in enumerate(LONGEST_FIRST) if path.startswith(folder)), len(LONGEST_FIRST))
