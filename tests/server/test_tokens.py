"""Join tokens, claim by claim: what is signed by us, for this use, in full, and not over, is read; nothing else is."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import tokens
from server.tokens import LIFETIME_SECONDS, MAX_TOKEN, Claims
from signaling.errors import Denied
from signaling.session import Role
from tests.builders import NOON

KEY = tokens.derive_key("a test's own secret, 32 bytes or more of it")
SECONDS = NOON // 1000


def claims(**changes: Any) -> dict[str, Any]:
    """What a good token says; None takes a claim out."""
    made = {
        "iss": "headstrt",
        "aud": "join",
        "sub": "bk_1/client",
        "sid": "bk_1",
        "role": "client",
        "ver": 1,
        "jti": "x",
        "iat": SECONDS,
        "exp": SECONDS + 3600,
        **changes,
    }
    return {key: value for key, value in made.items() if value is not None}


def signed(
    key: Any = KEY, algorithm: str | None = "HS256", headers: dict[str, Any] | None = None, **changes: Any
) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers or {"kid": "1", "typ": tokens.TYPE})


def raw(header: bytes, payload: bytes = b"{}", signature: bytes = b"x" * 32) -> str:
    """Three parts, whatever is in them."""
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, payload, signature))


def denied(token: str, now: int = NOON) -> str:
    with pytest.raises(Denied) as caught:
        tokens.read(KEY, token, now)
    return str(caught.value)


def test_what_we_issue_we_read() -> None:
    token = tokens.issue(KEY, "bk_1", Role.EXPERT, 3, NOON)
    assert tokens.read(KEY, token, NOON) == Claims("bk_1", Role.EXPERT, 3)


def test_it_is_to_the_byte_what_a_library_would_make() -> None:
    token = tokens.issue(KEY, "bk_1", Role.EXPERT, 3, NOON)
    said = jwt.decode(token, KEY, algorithms=["HS256"], audience="join", options={"verify_exp": False})
    assert token == jwt.encode(said, KEY, algorithm="HS256", headers={"kid": "1", "typ": tokens.TYPE})
    assert tokens.issue(KEY, "bk_1", Role.EXPERT, 3, NOON) == token
    assert tokens.read(KEY, signed(), NOON) == Claims("bk_1", Role.CLIENT, 1)


def test_it_holds_until_its_end_and_not_at_it() -> None:
    token = tokens.issue(KEY, "bk_1", Role.CLIENT, 1, NOON)
    assert tokens.read(KEY, token, NOON + LIFETIME_SECONDS * 1000 - 1)
    denied(token, NOON + LIFETIME_SECONDS * 1000)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_with_our_own_key(algorithm: str) -> None:
    denied(signed(key=KEY * 2, algorithm=algorithm))
    denied(jwt.encode(claims(), KEY * 2, algorithm=algorithm, headers={"kid": "1", "typ": tokens.TYPE}))


def test_no_algorithm() -> None:
    denied(signed(key=None, algorithm="none"))
    for name in ("none", "None", "NONE", "nOnE", "", None, ["HS256"], {"HS256": 1}):
        header = json.dumps({"alg": name, "kid": "1", "typ": tokens.TYPE}).encode()
        denied(raw(header, json.dumps(claims()).encode(), b""))


@pytest.mark.parametrize(
    "headers",
    [
        {"kid": "2", "typ": tokens.TYPE},
        {"kid": "../../etc/passwd", "typ": tokens.TYPE},
        {"typ": tokens.TYPE},
        {"kid": "1", "typ": "JWT"},
        {"kid": "1", "typ": "receipt+jwt"},
        {"kid": "1", "typ": tokens.TYPE, "crit": ["x"], "x": 1},
        {"kid": "1", "typ": tokens.TYPE, "b64": False, "crit": ["b64"]},
    ],
    ids=range(7),
)
def test_another_header(headers: dict[str, Any]) -> None:
    denied(signed(headers=headers))


@pytest.mark.parametrize(
    "change",
    [
        *({name: None} for name in ("iss", "aud", "sub", "sid", "role", "ver", "jti", "iat", "exp")),
        {"aud": "other"},
        {"iss": "somebody"},
        {"sub": "bk_1/expert"},
        {"sub": "bk_2/client"},
        {"role": "operator", "sub": "bk_1/operator"},
        {"exp": SECONDS},
        {"exp": SECONDS - 1},
        {"ver": "1"},
        {"ver": 1.0},
        {"sid": 7, "sub": "7/client"},
    ],
    ids=str,
)
def test_a_claim_that_is_missing_or_another(change: dict[str, Any]) -> None:
    denied(signed(**change))


@pytest.mark.parametrize("value", [[], {}, "x", True, 1e300, float("inf"), -1, [[[[]]]]], ids=str)
@pytest.mark.parametrize("name", ["exp", "iat", "ver", "role", "sub", "jti"])
def test_a_claim_of_another_type_is_never_a_crash(name: str, value: Any) -> None:
    """Only we can sign such a thing; still it must be an answer."""
    token = raw(b"{}")
    try:
        token = signed(**{name: value})
    except TypeError:
        assert name in ("exp", "iat", "jti", "sub")  # the library does not even make it
    try:
        tokens.read(KEY, token, NOON)
    except Denied:
        return
    assert name in ("iat", "jti", "exp", "ver")


def test_another_key_or_a_changed_token() -> None:
    denied(signed(key=b"another key of thirty-two bytes.."))
    head, body, signature = signed().split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims(role="expert", sub="bk_1/expert")).encode()).rstrip(b"=")
    denied(f"{head}.{other.decode()}.{signature}")
    denied(f"{head}.{body}.")
    denied(f"{head}.{body}")


def test_an_oversized_token_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwt, "get_unverified_header", None)
    denied("x" * (MAX_TOKEN + 1))
    denied("")


@pytest.mark.parametrize("deep", [b"[" * 3000, b'{"a":' * 600, b"[" * 1000 + b"]" * 1000])
def test_nested_json(deep: bytes) -> None:
    denied(raw(deep))
    denied(raw(b'{"alg":"HS256","kid":"1","typ":"join+jwt"}', deep[:2900]))


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_=-]{0,80}(\.[A-Za-z0-9_=-]{0,80}){0,5}"))
def test_whatever_else_it_is(token: str) -> None:
    denied(token)


@given(st.binary(max_size=120), st.binary(max_size=60))
def test_whatever_is_in_its_parts(header: bytes, payload: bytes) -> None:
    denied(raw(header, payload))


def test_one_answer() -> None:
    said = {denied(token) for token in (signed(exp=1), signed(key=b"y" * 32), "x", signed(aud="z"), raw(b"[" * 3000))}
    assert len(said) == 1


def test_a_short_key_signs_and_opens_nothing() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        tokens.derive_key("x" * 31)
    for key in (b"", b"x" * 31):
        with pytest.raises(ValueError, match="32 bytes"):
            tokens.issue(key, "bk_1", Role.CLIENT, 1, NOON)
        with pytest.raises(ValueError, match="32 bytes"):
            tokens.read(key, signed(), NOON)


def test_a_secret_is_for_one_use() -> None:
    secret = "a test's own secret, 32 bytes or more of it"
    assert secret.encode() != KEY
    assert len(KEY) == 32
