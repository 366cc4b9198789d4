"""The doors to signed receipts, and to the keys that they are checked with.

A receipt comes as it is (``Accept: application/jose``) or in a JSON object. Who may have whose is the same as for
looking at the session; what is in it is ``server.receipts``'.
"""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from server import receipts
from server.api import requests
from server.api.access import ADMISSION
from server.api.deps import deps
from server.api.sessions import answer
from server.receipts import Names
from signaling.session import Role

JOSE = "application/jose"
_FRESH = "public, max-age=300"


class ReceiptAnswer(BaseModel):
    """A signed receipt."""

    model_config = ConfigDict(frozen=True)

    jws: str = Field(description="compact JWS, EdDSA (Ed25519), checked with a key of /.well-known/jwks.json")


class ReceiptQuery(requests.Query):
    role: Literal["client", "expert"] = Field("client", description="whose receipt; the client's when left out")


class Jwk(BaseModel):
    """RFC 7517 and RFC 8037."""

    model_config = ConfigDict(frozen=True)

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str = Field(description="the key's RFC 7638 thumbprint")
    alg: Literal["EdDSA"]
    use: Literal["sig"]


class JwkSet(BaseModel):
    """Every key that ever signed a receipt here, oldest first; receipts are kept for years, so none is taken out."""

    keys: tuple[Jwk, ...]


async def of_session(request: web.Request) -> web.Response:
    id_ = requests.session_id(request)
    role = Role(requests.query(request, ReceiptQuery).role)
    return await _receipt(request, id_, role)


async def mine(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    who = request[ADMISSION]
    return await _receipt(request, who.session, who.role)


async def jwks(request: web.Request) -> web.Response:
    requests.query(request, requests.NoQuery)
    public = await deps(request).desk.signing.public_keys()
    shown = answer(JwkSet(keys=tuple(Jwk.model_validate(receipts.jwk(each)) for each in public)))
    shown.headers["Cache-Control"] = _FRESH
    return shown


async def _receipt(request: web.Request, session: str, role: Role) -> web.Response:
    desk, settings = deps(request).desk, deps(request).settings
    record = await desk.record(session)
    assert record.head is not None  # a booking is the first entry of every ledger
    said = receipts.claims(
        record.facts,
        record.terms,
        record.id,
        record.head,
        role,
        Names(record.client.name, record.expert.name, record.title),
        settings.origin,
    )
    jws = receipts.sign(said, await desk.signing.seed())
    if _wants_jose(request):
        file = f'attachment; filename="receipt-{role.value}.jws"'
        return web.Response(body=jws.encode(), content_type=JOSE, headers={"Content-Disposition": file})
    return answer(ReceiptAnswer(jws=jws))


def _wants_jose(request: web.Request) -> bool:
    """Only who names it gets it: ``*/*`` is JSON, as everywhere."""
    accepted = (part.partition(";")[0].strip().lower() for part in request.headers.get("Accept", "").split(","))
    return JOSE in accepted
