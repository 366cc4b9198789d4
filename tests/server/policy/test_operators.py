"""Codes by the letters of RFC 6238, what a password must be, and that no role has grown by itself."""

from __future__ import annotations

import base64

import pytest

from server.policy.operators import (
    MAY_SIGN_IN,
    RIGHTS,
    SCOPES,
    STEP,
    OperatorRole,
    Right,
    code_at,
    rights_of_scopes,
    shown_secret,
    step_of,
    uri_of,
    weakness,
)

RFC = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    assert code_at(RFC, seconds // 30) == code[-6:]


def test_a_code_is_of_now_or_the_step_beside_it_and_newer_than_the_last() -> None:
    now = 1_000_000 * STEP + 17
    for beside, found in ((-2, None), (-1, 999_999), (0, 1_000_000), (1, 1_000_001), (2, None)):
        assert step_of(RFC, code_at(RFC, 1_000_000 + beside), now, used=0) == found
    assert step_of(RFC, code_at(RFC, 1_000_000), now, used=1_000_000) is None
    assert step_of(RFC, code_at(RFC, 999_999), now, used=1_000_000) is None
    assert step_of(RFC, code_at(RFC, 1_000_001), now, used=1_000_000) == 1_000_001
    assert step_of(RFC, "", now, used=0) is None
    assert step_of(RFC, "\u0661\u0662\u0663\u0664\u0665\u0666", now, used=0) is None


def test_an_authenticator_gets_what_it_can_read() -> None:
    assert base64.b32decode(shown_secret(RFC) + "=" * (-len(shown_secret(RFC)) % 8)) == RFC
    assert uri_of(RFC, "ines", "Head & Co") == (
        f"otpauth://totp/Head%20%26%20Co:ines?secret={shown_secret(RFC)}&issuer=Head%20%26%20Co"
    )


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "x" * 257,
        "ines-and-her-cat",
        "Headstrt-2026!",
        "aaaaaaaaaaaaaaaa",
        "abababababab",
        "password1234",
        "passwordpassword",
        "123456123456",
    ],
)
def test_what_is_no_password(password: str) -> None:
    assert weakness(password, "ines")


def test_length_is_what_counts() -> None:
    for password in ("a quiet harbour at dawn", "zwölf Boxkämpfer", "correct horse battery", "x9$Kq!vPz2#m"):
        assert weakness(password, "ines") is None


def test_the_roles_are_what_they_were_agreed_to_be() -> None:
    assert {role: "".join(sorted(right[0] for right in rights)) for role, rights in RIGHTS.items()} == {
        OperatorRole.SUPPORT: "celln",
        OperatorRole.TRUST: "elmn",
        OperatorRole.FINANCE: "lnr",
        OperatorRole.ADMIN: "acellmnr",
    }
    assert all("sessions" not in scopes for scopes in SCOPES.values())  # it would show links


def test_a_keys_scopes_give_no_right_of_admins() -> None:
    every = rights_of_scopes({"sessions", "moderation", "endpoints", "read"})
    assert Right.ADMIN not in every
    assert rights_of_scopes({"endpoints"}) == frozenset()
    assert Right.LOOK not in rights_of_scopes({"sessions"})
    assert {"read", "moderation"} == MAY_SIGN_IN
