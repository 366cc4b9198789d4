"""Signed attendance receipts: what one party can show a bank or a court, years later and without asking this server.

A receipt is a compact JWS (RFC 7515) in one algorithm (EdDSA over Ed25519, RFC 8037) of one type, its claims are one
canonical JSON text. They come from the ledger, the terms and the names as booked, never from a clock: the same ledger
and the same key give the same bytes, and a ledger that grew gives a receipt that names the new head.

Pure: keys are passed in. It decides nothing about a session; it says what was settled, and what may be said to whom.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server.policy.consent import consents
from server.policy.facts import AnyFact, FeeFactored, Revised, Settled
from server.policy.fees import expert_fee
from server.policy.money import EXPONENTS, Money
from server.policy.refund import refund_state
from server.policy.settlement import NO_MEDIA
from server.policy.terms import Terms
from server.policy.verdict import Attendance, Settlement
from signaling.errors import UserError
from signaling.ledger import Entry, canonical
from signaling.messages import to_rfc3339
from signaling.session import Accepted, Declined, Exchanged, Ms, Role

Json: TypeAlias = dict[str, Any]

TYPE = "headstrt-receipt+jwt"
ALGORITHM = "EdDSA"
SHAPE = 1
"""The version of the claims' shape: a reader that knows another one must not guess."""

MAX_RECEIPT = 64 * 1024


class Untrusted(ValueError):
    """This is no receipt that one of these keys has signed; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Names:
    """What stands in a receipt and on no ledger: how the booking called things."""

    client: str
    expert: str
    title: str | None

    def of(self, role: Role) -> str:
        return self.client if role is Role.CLIENT else self.expert


# --- what it says -----------------------------------------------------------------------------------------------------


def claims(
    facts: Sequence[AnyFact], terms: Terms, session: str, head: Entry, role: Role, names: Names, issuer: str
) -> Json:
    """The claims of ``role``'s receipt for a ledger that ends at ``head``. ``UserError`` ``not_settled`` before P3.15.

    Times are RFC 3339 in UTC with milliseconds, spans integer milliseconds, money minor units. ``iat`` is when the
    ledger's last entry was made, in whole seconds: there is no other time of issue.
    """
    fact = next((fact for fact in facts if isinstance(fact, Settled)), None)
    if fact is None:
        raise UserError("not_settled", "There is a receipt once the session is over and settled.")
    verdict = fact.settlement
    own_cause = verdict.cause not in (None, NO_MEDIA)
    hidden = own_cause and role is Role.EXPERT  # P2.1: what the other side claims is not told here
    rules = [rule for rule in verdict.rules if not (hidden and rule == "P3.17")]
    revised = [fact.at for fact in facts if isinstance(fact, Revised)]
    said: Json = {
        "iss": issuer,
        "sub": f"{session}/{role.value}",
        "iat": facts[-1].at // 1000,
        "receipt": SHAPE,
        "role": role.value,
        "session": {
            "id": session,
            "title": names.title,
            "starts_at": _time(verdict.starts_at),
            "ends_at": _time(verdict.ends_at),
        },
        "client": _party(facts, verdict, Role.CLIENT, names),
        "expert": _party(facts, verdict, Role.EXPERT, names),
        "met_at": _time(verdict.met_at),
        "mutual_ms": verdict.mutual,
        "earlier_slots": [
            {
                "starts_at": _time(each.starts_at),
                "ends_at": _time(each.ends_at),
                "moved_at": _time(each.moved_at),
                "client": _attendance(each.client),
                "expert": _attendance(each.expert),
            }
            for each in verdict.earlier
        ],
        "end": {
            "reason": verdict.reason.value,
            "by": verdict.by.value if verdict.by else None,
            "as_of": _time(verdict.as_of),
            "decided_at": _time(verdict.ended_at),
            "hung_up_by": verdict.hung_up_by.value if verdict.hung_up_by else None,
            "unlapsed_ms": verdict.unlapsed,
            "first_out": verdict.first_out.value if verdict.first_out else None,
            "could_not_be_held": verdict.cause is not None and not hidden,
        },
        "not_delivered": [{"ms": part.span, "rule": part.rule} for part in verdict.refund.parts],
        "fee": _money(verdict.refund.fee, verdict.refund.currency),
        "consents": _consents(facts),
        "rules": rules + (["P3.15"] if revised else []),
        "terms": verdict.terms,
        "revised_at": _time(revised[-1]) if revised else None,
        "ledger": {"seq": head.seq, "hash": head.hash},
    }
    if role is Role.CLIENT:
        said["refund"] = _refund(facts, terms, verdict)
    else:
        said |= _pay(facts, verdict)
    return said


def _party(facts: Sequence[AnyFact], verdict: Settlement, role: Role, names: Names) -> Json:
    party = verdict.party(role)
    attended = party.attendance
    for fact in facts:
        if isinstance(fact, Revised):  # P3.15: what it says stands instead
            attended = (fact.client if role is Role.CLIENT else fact.expert) or attended
    return {
        "name": names.of(role),
        **_attendance(attended),
        "present_ms": party.present,
        "gaps": [
            {
                "from": _time(gap.start),
                "to": _time(gap.end),
                "how": gap.how.value,
                "bridged": not gap.lapsed,
                "returned": gap.returned,
            }
            for gap in party.gaps
        ],
        "guidelines": _guidelines(facts, role),
    }


def _attendance(attended: Attendance) -> Json:
    return {
        "attendance": attended.kind.value if attended.kind else None,
        "arrived_at": _time(attended.arrived_at),
        "lateness_ms": attended.lateness,
    }


def _guidelines(facts: Sequence[AnyFact], role: Role) -> Json | None:
    """What this party said to the guidelines last, and in which version (P5.2)."""
    for fact in reversed(facts):
        if isinstance(fact, Exchanged) and fact.role is role:
            return None  # another person's word
        if isinstance(fact, Accepted) and fact.role is role:
            return {"said": "accepted", "version": fact.version, "at": _time(fact.accepted_at or fact.at)}
        if isinstance(fact, Declined) and fact.role is role:
            return {"said": "declined", "version": fact.version, "at": _time(fact.at)}
    return None


def _refund(facts: Sequence[AnyFact], terms: Terms, verdict: Settlement) -> Json:
    """Where it stands now, and what it was settled as (P3.12, P3.18). The client's receipt alone has it: it may hang on
    what the client says of the session, which is not told to the other side with it (P2.1)."""
    state, refund = refund_state(facts, terms), verdict.refund
    return {
        "status": state.status.value,
        "basis": refund.basis,
        "max": _money(state.max_amount, refund.currency),
        "requested": _money(state.requested, refund.currency),
        "approved": _money(state.approved, refund.currency),
        "until": _time(state.until),
        "settled_as": {"status": refund.status.value, "max": _money(refund.max_amount, refund.currency)},
        "rules": list(refund.rules),
    }


def _pay(facts: Sequence[AnyFact], verdict: Settlement) -> Json:
    """The expert's factor, frozen at booking, and what it makes of the fee (P1.6): no business of the client's."""
    bps = next((fact.bps for fact in reversed(facts) if isinstance(fact, FeeFactored)), None)
    fee, currency = verdict.refund.fee, verdict.refund.currency
    pay = expert_fee(Money(fee, currency), bps) if currency is not None and bps is not None else None
    return {"fee_factor_bps": bps, "expert_fee": _money(pay.amount, pay.currency) if pay else None}


def _consents(facts: Sequence[AnyFact]) -> list[Json]:
    """Every request for written consent and what became of it, in both receipts (P5.3); texts by their digests."""
    return [
        {
            "asked_by": each.by.value,
            "asked_at": _time(each.asked_at),
            "scope": each.text,
            "status": each.status.value,
            "given_at": _time(each.given_at),
            "name": each.name,
            "closed_at": _time(each.closed_at),
        }
        for each in consents(facts)
    ]


def _time(at: Ms | None) -> str | None:
    return None if at is None else to_rfc3339(at)


def _money(amount: int | None, currency: str | None) -> Json | None:
    if amount is None or currency is None:
        return None
    return {"amount": amount, "currency": currency, "exponent": EXPONENTS[currency]}


# --- how it is signed -------------------------------------------------------------------------------------------------


def sign(said: Json, seed: bytes) -> str:
    """The compact JWS over ``said`` by the key of this 32-byte seed. ``TypeError`` if there is a float in it."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    header = {"alg": ALGORITHM, "kid": key_id(private.public_key().public_bytes_raw()), "typ": TYPE}
    signed = f"{_pack(canonical(header).encode())}.{_pack(canonical(said).encode())}"
    return f"{signed}.{_pack(private.sign(signed.encode()))}"


def read(receipt: str, keys: Mapping[str, bytes]) -> Json:
    """The claims of a receipt that one of ``keys`` (by kid: the 32 public bytes) has signed; ``Untrusted`` if not."""
    receipt = receipt.strip()
    if not receipt or len(receipt) > MAX_RECEIPT:
        raise Untrusted("this is not a receipt: it is empty, or far too long")
    parts = receipt.split(".")
    if len(parts) != 3:
        raise Untrusted("this is not a receipt: it must be three parts with two dots between them")
    header = _object(_unpack(parts[0], "header"), "header")
    if header.get("alg") != ALGORITHM:  # pinned: never what the receipt itself would like
        raise Untrusted(f"it says alg {header.get('alg')!r}; a receipt is always signed with {ALGORITHM}")
    if header.get("typ") != TYPE:
        raise Untrusted(f"it says typ {header.get('typ')!r}; a receipt is always {TYPE}")
    if set(header) != {"alg", "kid", "typ"}:
        raise Untrusted("its header has more than alg, kid and typ")
    kid = header["kid"]
    if not isinstance(kid, str) or kid not in keys:
        raise Untrusted(f"it names the key {kid!r}, which is not among the keys given")
    signature = _unpack(parts[2], "signature")
    try:
        Ed25519PublicKey.from_public_bytes(keys[kid]).verify(signature, f"{parts[0]}.{parts[1]}".encode())
    except (InvalidSignature, ValueError):
        raise Untrusted("the signature does not fit: it was changed, or signed by somebody else") from None
    said = _object(_unpack(parts[1], "claims"), "claims")
    if said.get("receipt") != SHAPE:
        raise Untrusted(f"its shape is {said.get('receipt')!r}; this program reads shape {SHAPE}")
    return said


def key_id(public: bytes) -> str:
    """The key's thumbprint (RFC 7638): a kid that nobody chooses, and that fits one key only."""
    document = {"crv": "Ed25519", "kty": "OKP", "x": _pack(public)}
    return _pack(hashlib.sha256(canonical(document).encode()).digest())


def jwk(public: bytes) -> dict[str, str]:
    """The public key as it is published (RFC 7517, RFC 8037)."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": _pack(public),
        "kid": key_id(public),
        "alg": ALGORITHM,
        "use": "sig",
    }


def keys_of(jwks: Any) -> dict[str, bytes]:
    """The Ed25519 keys of a JWK set, by kid, other kinds left out. ``Untrusted`` if it is not one, or damaged."""
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(listed, list):
        raise Untrusted("this is not a key set: there is no list 'keys' in it")
    found: dict[str, bytes] = {}
    for each in listed:
        if not isinstance(each, dict) or each.get("kty") != "OKP" or each.get("crv") != "Ed25519":
            continue
        x = each.get("x")
        public = _unpack(x, "key") if isinstance(x, str) else b""
        if len(public) != 32 or each.get("kid") != key_id(public):
            raise Untrusted(f"the key {each.get('kid')!r} of the key set is damaged: its kid does not fit it")
        found[key_id(public)] = public
    return found


def public_of(seed: bytes) -> bytes:
    """The public half of a seed's key."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _pack(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpack(text: str, what: str) -> bytes:
    """Strict: one spelling of each value, so that no byte of a receipt can be changed and mean the same."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Untrusted(f"its {what} is not base64url") from None
    if _pack(data) != text:
        raise Untrusted(f"its {what} is not base64url in its one spelling")
    return data


def _object(data: bytes, what: str) -> Json:
    try:
        value = json.loads(data)
        if isinstance(value, dict) and canonical(value).encode() == data:
            return value
    except (ValueError, TypeError, RecursionError):
        pass
    raise Untrusted(f"its {what} is not a JSON object in its one spelling")
