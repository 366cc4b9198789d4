"""Errors that cross a door, sorted by whose fault they are.

Each carries a stable ``code`` (for programs), a ``detail`` (a sentence for people that says what to do)
and a ``status`` hint for HTTP. Anything that is not one of these is a bug and is never swallowed.
"""

from __future__ import annotations


class HeadstrtError(Exception):
    """The base: never raised itself."""

    status = 500

    def __init__(self, code: str, detail: str, *, status: int | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        if status is not None:
            self.status = status


class UserError(HeadstrtError):
    """The person (or the booking system) asked for what the rules do not give, and can act on it."""

    status = 409


class ProtocolError(HeadstrtError):
    """The program at the other end sent what it never should."""

    status = 400


class NotFound(HeadstrtError):
    """There is no such thing, or not for this caller."""

    status = 404

    def __init__(self, detail: str, *, code: str = "not_found") -> None:
        super().__init__(code, detail)


class Denied(HeadstrtError):
    """The caller is not who may do this. One answer for unknown, expired and wrong."""

    status = 401

    def __init__(self, code: str = "unauthorized", detail: str = "This link or key is not valid.") -> None:
        super().__init__(code, detail)


class Stale(HeadstrtError):
    """Somebody else was first; load again and try again."""

    status = 409

    def __init__(self, detail: str = "This changed in the meantime; load it again.", *, code: str = "stale") -> None:
        super().__init__(code, detail)


class Busy(Stale):
    """The server cannot write just now: a full or frozen disk, a file that somebody else has locked."""

    status = 503

    def __init__(self, detail: str = "The server cannot take this just now; try again in a moment.") -> None:
        super().__init__(detail, code="busy")


class Elsewhere(Stale):
    """This session lives on another server now, and this one may not say any more what happens in it."""

    def __init__(self) -> None:
        super().__init__("This call has moved to another server; connect again.", code="elsewhere")
        self.status = 503
