"""Fixtures for every folder: the real server as a process of its own, people at real browsers, the two stores."""

from tests.e2e.stage import chromium, person, server
from tests.stores import cluster, where

__all__ = ["chromium", "cluster", "person", "server", "where"]
