"""Receipts: what is in one and what never is, byte for byte the same, and nothing else passes for one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import receipts
from server.policy.facts import (
    AnyFact,
    CauseClaimed,
    ConsentAsked,
    ConsentGiven,
    ConsentWithdrawn,
    FeeFactored,
    Priced,
    RefundRequested,
    Revised,
    Settled,
    encode,
)
from server.policy.settlement import settle
from server.policy.verdict import Attendance, AttendanceKind
from server.receipts import Names, Untrusted
from signaling.errors import UserError
from signaling.ledger import canonical, extend
from signaling.session import Ended, Role
from tests.server.policy.script import FEE, START, TERMS, lines, play

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
SEED = bytes(range(32))
PUBLIC = receipts.public_of(SEED)
KID = receipts.key_id(PUBLIC)
KEYS = {KID: PUBLIC}
NAMES = Names("Ada Client", "Max Expert", "Mentoring")

EARLY_LEAVE = """
    -2:00 client joins
    0:20 expert joins
    10:00 expert drops alive 9:54
    10:30 expert joins on phone
    20:00 expert hangs up
"""


def settled(script: str, *more: AnyFact, before: tuple[AnyFact, ...] = (), media: bool = True) -> list[AnyFact]:
    """A priced ledger with ``before`` ahead of the end, settled, and ``more`` behind it."""
    facts = [*play(lines(script), media=media).facts]
    facts.insert(1, Priced(facts[0].at, FEE))
    end = next(number for number, fact in enumerate(facts) if isinstance(fact, Ended))
    facts[end:end] = before
    head = extend("bk_1", None, map(encode, facts))[-1].hash
    return [*facts, Settled(facts[-1].at, settle(facts, TERMS, FEE), head), *more]


def claims(facts: list[AnyFact], role: Role = CLIENT) -> dict[str, Any]:
    head = extend("bk_1", None, map(encode, facts))[-1]
    return receipts.claims(facts, TERMS, "bk_1", head, role, NAMES, "https://calls.example")


def pack(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


# --- what it says ---


def test_P3_18_a_receipt_says_who_came_what_was_missing_and_what_may_be_asked_back() -> None:
    said = claims(settled(EARLY_LEAVE))
    assert (said["iss"], said["sub"], said["role"]) == ("https://calls.example", "bk_1/client", "client")
    assert said["session"] == {
        "id": "bk_1",
        "title": "Mentoring",
        "starts_at": "2027-01-15T08:00:00.000Z",
        "ends_at": "2027-01-15T08:30:00.000Z",
    }
    expert = said["expert"]
    assert (expert["attendance"], expert["arrived_at"], expert["lateness_ms"]) == (
        "on_time",
        "2027-01-15T08:00:20.000Z",
        20_000,
    )
    assert expert["gaps"] == [
        {
            "from": "2027-01-15T08:09:54.000Z",
            "to": "2027-01-15T08:10:30.000Z",
            "how": "connection",
            "bridged": True,
            "returned": True,
        }
    ]
    assert said["client"]["present_ms"] == 20 * 60_000
    assert said["client"]["guidelines"] == {"said": "accepted", "version": "1", "at": "2027-01-14T08:00:00.000Z"}
    assert said["end"] == {
        "reason": "hung_up",
        "by": "expert",
        "as_of": "2027-01-15T08:20:00.000Z",
        "decided_at": "2027-01-15T08:20:00.000Z",
        "hung_up_by": "expert",
        "unlapsed_ms": 600_000,
        "first_out": "expert",
        "could_not_be_held": False,
    }
    assert said["not_delivered"] == [{"ms": 600_000, "rule": "P3.4"}]
    assert said["refund"]["status"] == "eligible"
    assert said["refund"]["max"] == {"amount": 4000, "currency": "USD", "exponent": 2}
    assert said["fee"] == {"amount": 12_000, "currency": "USD", "exponent": 2}
    assert said["rules"][0] == "P3.4"
    assert said["terms"] == TERMS.hash
    assert said["iat"] == (START + 20 * 60_000) // 1000


def test_P1_6_the_experts_factor_is_in_the_experts_receipt_alone_and_the_refund_in_the_clients() -> None:
    factor = FeeFactored(START, 9_500, ("P1.6",), TERMS.hash, "0" * 64)
    facts = settled(EARLY_LEAVE, before=(factor,))
    client, expert = claims(facts), claims(facts, EXPERT)
    assert expert["fee_factor_bps"] == 9_500
    assert expert["expert_fee"] == {"amount": 11_400, "currency": "USD", "exponent": 2}
    assert "9500" not in canonical(client)
    assert "refund" not in expert
    assert set(client) ^ set(expert) == {"refund", "fee_factor_bps", "expert_fee"}


def test_P2_1_what_the_client_claims_is_not_told_by_the_experts_receipt() -> None:
    plain = "0:00 client joins\n0:00 expert joins\n5:00 client hangs up"
    client = claims(settled(f"{plain} because no sound"))
    assert client["end"]["could_not_be_held"] is True
    assert client["refund"]["status"] == "review"
    assert "P3.17" in client["rules"]
    quiet, told = claims(settled(plain), EXPERT), claims(settled(f"{plain} because no sound"), EXPERT)
    for said in (quiet, told):
        said.pop("ledger")
    assert told == quiet
    later = settled(plain, CauseClaimed(START + 6 * 60_000, "could_not_hear", None))
    assert claims(later)["refund"]["status"] == "review"
    assert "could_not_hear" not in canonical(claims(later, EXPERT))
    assert "review" not in canonical(claims(later, EXPERT))


def test_P3_17_media_that_never_flowed_is_nobodys_claim_and_in_both() -> None:
    facts = settled("0:00 client joins\n0:00 expert joins\n5:00 client hangs up", media=False)
    for role in Role:
        said = claims(facts, role)
        assert said["end"]["could_not_be_held"] is True
        assert "P3.17" in said["rules"]


def test_P5_3_consents_are_in_both_receipts_by_their_digests() -> None:
    at = START + 10 * 60_000
    asked = ConsentAsked(at, EXPERT, "consent-1", "a1" * 32)
    given = ConsentGiven(at + 1000, CLIENT, "consent-1", "b2" * 32)
    gone = ConsentWithdrawn(at + 2000, CLIENT, "consent-1")
    for before, status in (((asked,), "asked"), ((asked, given), "given"), ((asked, given, gone), "withdrawn")):
        facts = settled(EARLY_LEAVE, before=before)
        (consent,) = claims(facts)["consents"]
        assert (consent["status"], consent["asked_by"], consent["scope"]) == (status, "expert", "a1" * 32)
        assert claims(facts, EXPERT)["consents"] == [consent]


def test_P3_15_a_revision_stands_instead_and_is_named() -> None:
    late = Attendance(AttendanceKind.LATE, START + 20_000, 20_000)
    at = START + 3_600_000
    said = claims(settled(EARLY_LEAVE, Revised(at, "key_1", "a reason", None, late, 0)), EXPERT)
    assert said["expert"]["attendance"] == "late"
    assert said["client"]["attendance"] == "on_time"
    assert said["revised_at"] == "2027-01-15T09:00:00.000Z"
    assert said["rules"][-1] == "P3.15"
    assert "a reason" not in canonical(said)


def test_P0_4_before_the_settlement_there_is_no_receipt() -> None:
    facts = settled(EARLY_LEAVE)
    with pytest.raises(UserError, match="not_settled"):
        claims(facts[:-1])


def test_P0_4_the_same_ledger_and_key_give_the_same_bytes_and_a_grown_one_names_the_new_head() -> None:
    facts = settled(EARLY_LEAVE)
    first = receipts.sign(claims(facts), SEED)
    assert receipts.sign(claims(facts), SEED) == first
    grown = [*facts, RefundRequested(START + 7_200_000, 3_000, "client")]
    later = receipts.read(receipts.sign(claims(grown), SEED), KEYS)
    before = receipts.read(first, KEYS)
    assert later["ledger"]["seq"] == before["ledger"]["seq"] + 1
    assert later["ledger"]["hash"] != before["ledger"]["hash"]
    assert (before["refund"]["status"], later["refund"]["status"]) == ("eligible", "requested")
    assert later["iat"] == (START + 7_200_000) // 1000  # the ledger's own time


# --- what passes for one ---


def forged(header: dict[str, Any], payload: bytes, signature: bytes | None = None) -> str:
    signed = f"{pack(canonical(header).encode())}.{pack(payload)}"
    if signature is None:
        signature = Ed25519PrivateKey.from_private_bytes(SEED).sign(signed.encode())
    return f"{signed}.{pack(signature)}"


GOOD = {"alg": "EdDSA", "kid": KID, "typ": receipts.TYPE}


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({**GOOD, "alg": "none"}, "alg"),
        ({**GOOD, "alg": "HS256"}, "alg"),
        ({**GOOD, "alg": "ES256"}, "alg"),
        ({**GOOD, "alg": "eddsa"}, "alg"),
        ({**GOOD, "alg": ["EdDSA"]}, "alg"),
        ({**GOOD, "typ": "JWT"}, "typ"),
        ({**GOOD, "typ": "join+jwt"}, "typ"),
        ({**GOOD, "kid": "another"}, "not among the keys"),
        ({**GOOD, "kid": ["x"]}, "not among the keys"),
        ({**GOOD, "crit": ["b64"], "b64": 0}, "more than"),
        ({**GOOD, "jwk": receipts.jwk(PUBLIC)}, "more than"),
        ({"alg": "EdDSA", "typ": receipts.TYPE}, "more than"),
    ],
)
def test_a_header_that_asks_for_anything_else_is_refused(header: dict[str, Any], why: str) -> None:
    payload = canonical(claims(settled(EARLY_LEAVE))).encode()
    assert receipts.read(forged(GOOD, payload), KEYS)["sub"] == "bk_1/client"  # the forger has the key, and yet
    with pytest.raises(Untrusted, match=why):
        receipts.read(forged(header, payload), KEYS)


def test_the_public_key_as_an_hmac_secret_signs_nothing() -> None:
    header = canonical({**GOOD, "alg": "HS256"}).encode()
    signed = f"{pack(header)}.{pack(canonical(claims(settled(EARLY_LEAVE))).encode())}"
    mac = hmac.digest(PUBLIC, signed.encode(), hashlib.sha256)
    with pytest.raises(Untrusted, match="alg"):
        receipts.read(f"{signed}.{pack(mac)}", KEYS)


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\0" * 63])
def test_a_signature_that_is_none_is_refused(signature: bytes) -> None:
    payload = canonical(claims(settled(EARLY_LEAVE))).encode()
    with pytest.raises(Untrusted, match="signature"):
        receipts.read(forged(GOOD, payload, signature), KEYS)


def test_every_claim_changed_is_found() -> None:
    said = claims(settled(EARLY_LEAVE))
    _, _, signature = receipts.sign(said, SEED).split(".")
    for name in said:
        changed = {**said, name: "something else"}
        with pytest.raises(Untrusted, match="signature"):
            receipts.read(forged(GOOD, canonical(changed).encode(), receipts._unpack(signature, "")), KEYS)


def test_no_character_of_a_receipt_can_be_changed() -> None:
    receipt = receipts.sign(claims(settled(EARLY_LEAVE)), SEED)
    for place in range(0, len(receipt), 7):
        other = "A" if receipt[place] != "A" else "B"
        with pytest.raises(Untrusted):
            receipts.read(receipt[:place] + other + receipt[place + 1 :], KEYS)
    last = receipt[-1]  # its low bits are not part of the signature, and must be zero
    with pytest.raises(Untrusted):
        receipts.read(receipt[:-1] + chr(ord(last) + 1), KEYS)


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c.d", "....", "é.b.c", "e30.e30.e30", "[]" * 40_000])
def test_what_is_no_receipt_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Untrusted):
        receipts.read(text, KEYS)


def test_signed_by_us_but_spelled_differently_is_refused() -> None:
    said = claims(settled(EARLY_LEAVE))
    with pytest.raises(Untrusted, match="one spelling"):
        receipts.read(forged(GOOD, json.dumps(said).encode()), KEYS)
    with pytest.raises(Untrusted, match="shape"):
        receipts.read(forged(GOOD, canonical({**said, "receipt": 2}).encode()), KEYS)


def test_key_sets_are_read_strictly() -> None:
    good = receipts.jwk(PUBLIC)
    assert receipts.keys_of({"keys": [good, {"kty": "RSA", "kid": "other"}]}) == KEYS
    for wrong in ([], {}, {"keys": 1}, {"keys": [{**good, "kid": "x"}]}, {"keys": [{**good, "x": "AAAA"}]}):
        with pytest.raises(Untrusted):
            receipts.keys_of(wrong)


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"  # RFC 8037, appendix A.2 and A.3
    public = base64.urlsafe_b64decode(x + "=")
    assert receipts.key_id(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert receipts.jwk(public)["x"] == x
