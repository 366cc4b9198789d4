"""Fixtures for every folder: the real server as a process of its own, and people at real browsers."""

from tests.e2e.stage import chromium, person, server

__all__ = ["chromium", "person", "server"]
