"""What lies in the store and must stay secret there: sealed with AES-GCM under a key derived from the server's secret.

A copy of the database alone opens nothing. Each sealed thing is bound to the id of its row, so that none can be put in
another's place. This file does not know what it seals.
"""

from __future__ import annotations

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_LABEL = b"headstrt sealed signing keys 1"
_NONCE = 12


def derive_sealing_key(secret: str) -> bytes:
    """32 bytes for sealing, from the server's secret."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_LABEL).derive(secret.encode())


def seal(sealing_key: bytes, bound_to: str, plain: bytes) -> bytes:
    """The nonce and the sealed ``plain``, bound to the id of its row."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(sealing_key).encrypt(nonce, plain, bound_to.encode())


def unseal(sealing_key: bytes, bound_to: str, sealed: bytes | None) -> bytes | None:
    """What was sealed; None if that was under another secret, changed since, moved from its row, or is gone."""
    if sealed is None:
        return None
    try:
        return AESGCM(sealing_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
    except (InvalidTag, ValueError):
        return None


def pack(data: bytes) -> str:
    """As it stands in a column."""
    return base64.urlsafe_b64encode(data).decode()


def unpack(text: str) -> bytes:
    """What is not base64 is nothing that was sealed here, and unseals to nothing."""
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
