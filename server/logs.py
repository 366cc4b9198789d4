"""Logging: structlog, one line per transition, for eyes or for machines.

No token, address, name or message body ever gets in: the libraries that would print them are kept quiet here
(engineio logs packet bodies at INFO; aiohttp's access log prints queries and is replaced by our own).
"""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import Literal, TextIO, cast

import structlog

_QUIET = (
    "engineio",
    "engineio.server",
    "socketio",
    "socketio.server",
    "aiohttp.access",
    "apscheduler",
    "alembic",
    "aioice",
)


def configure(format_: Literal["console", "json"], level: str) -> None:
    """Set up once per process; everything goes to stderr, so that a command's own output stays clean."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: list[structlog.typing.Processor]
    if format_ == "json":
        renderer = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # plain: the pretty tracebacks print local variables, and those hold tokens
        plain = structlog.dev.plain_traceback
        renderer = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Unfailing(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Unfailing:
    """stderr, for those who must go on when its disk is full: a line that cannot be written is lost, and no more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()
