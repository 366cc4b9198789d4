"""Problem documents (RFC 9457): the one shape in which a door says no.

``code`` is stable and for programs, ``detail`` a sentence for people, ``errors`` names by path what is wrong with a
body. It does not decide what is wrong; it only says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from signaling.errors import HeadstrtError

CONTENT_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One thing that is wrong, and where."""

    model_config = ConfigDict(frozen=True)

    path: str = Field(description="dotted path into the body, or the name of the parameter", examples=["client.email"])
    message: str


class Problem(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(frozen=True)

    type: str = Field("about:blank", description="`code` tells problems apart")
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...] | None = None
    id: str | None = Field(None, description="names an unexpected error in the server's log")


class Refusal(HeadstrtError):
    """A door's own no: with headers that belong to it, and the paths of what is wrong."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, detail, status=status)
        self.errors = errors
        self.headers = headers


def response(
    status: int,
    code: str,
    detail: str,
    *,
    errors: tuple[FieldError, ...] = (),
    headers: Mapping[str, str] | None = None,
    id_: str | None = None,
) -> web.Response:
    """The answer for a problem."""
    document = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, code=code, errors=errors or None, id=id_
    )
    return web.Response(
        body=document.model_dump_json(exclude_none=True).encode(),
        status=status,
        headers=headers,
        content_type=CONTENT_TYPE,
    )


def of(error: HeadstrtError) -> web.Response:
    """The answer for an error that crossed a door."""
    if isinstance(error, Refusal):
        return response(error.status, error.code, error.detail, errors=error.errors, headers=error.headers)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else None
    return response(error.status, error.code, error.detail, headers=headers)
