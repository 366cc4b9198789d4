"""Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body, under a secret per endpoint.

Pure. While a secret is being exchanged two of them sign, and a receiver may verify with either. Whose a secret is, and
for how long the old one still signs, is not known here. https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

_PREFIX: Final = "whsec_"
_BYTES: Final = 32


def new_secret() -> bytes:
    return secrets.token_bytes(_BYTES)


def shown(secret: bytes) -> str:
    """As a receiver keeps it."""
    return _PREFIX + base64.b64encode(secret).decode()


def headers(id_: str, at: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """What goes with ``body``; ``at`` in seconds. A receiver takes it if one of the signatures is right."""
    signed = b".".join((id_.encode(), str(at).encode(), body))
    signatures = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
