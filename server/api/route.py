"""The shape of a row in the table of routes, which the router and the OpenAPI document both read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from aiohttp import web
from pydantic import BaseModel

from server.api.requests import NoQuery
from server.policy.operators import Right

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Open(Enum):
    """Who may call, when it is not the holder of a key with certain scopes (a ``frozenset`` of them)."""

    EVERYONE = "everyone"
    PARTY = "party"
    SIGNED_IN = "signed in"


Access: TypeAlias = Open | frozenset[str]


@dataclass(frozen=True, slots=True)
class Route:
    """``answers``: status to a model, or to a media type, or to None for no body. ``refusals``: ``status code``.

    ``right``: what an account of the dashboard needs; None: no account may, whatever its role.
    """

    method: str
    path: str
    handler: Handler
    access: Access
    summary: str = ""
    tag: str = ""
    answers: tuple[tuple[int, type[BaseModel] | str | None], ...] = ()
    refusals: tuple[str, ...] = ()
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] | None = None
    right: Right | None = None
    etag: bool = False
    signed: bool = False  # takes a body in somebody else's words, and its signature over the bytes

    @property
    def documented(self) -> bool:
        return bool(self.summary)
