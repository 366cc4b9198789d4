"""ICE-lite, the half that answers (RFC 8445 §2.5): a datagram in, an answer and perhaps a nomination out.

Decides whether a datagram is a connectivity check that holds, and what is said to it. Anything else gets silence: never
an error to a source that has not proven itself. Cheap questions come first: the header, FINGERPRINT's place and the
ufrag are looked up in the raw bytes (``ufrag_of``), and only a ufrag that is known may cost an HMAC (``verify``).

Refuses to know: sockets, clocks, sessions, and what a nomination leads to (``leg`` decides that).
``aioice.stun`` is the codec. Its ``parse_message`` verifies no integrity, and lets out whatever bad input provokes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from struct import Struct

from aioice import stun

_HEADER = Struct("!HHI12s")
_ATTRIBUTE = Struct("!HH")
_BINDING_REQUEST = 0x0001
_USERNAME = 0x0006
_FINGERPRINT = b"\x80\x28\x00\x04"


class Refusal(StrEnum):
    """Why a datagram of the STUN range was met with silence; each is a counter."""

    MALFORMED = "stun_malformed"
    NOT_A_REQUEST = "stun_not_a_request"
    NO_FINGERPRINT = "stun_no_fingerprint"
    UNKNOWN_UFRAG = "stun_unknown_ufrag"
    BAD_INTEGRITY = "stun_bad_integrity"
    CONTROLLED = "stun_controlled"
    AMPLIFYING = "stun_amplifying"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the server calls itself on one leg, in one generation (RFC 8445 §5.3)."""

    ufrag: str
    password: str


@dataclass(frozen=True, slots=True)
class Check:
    """A connectivity check whose MESSAGE-INTEGRITY holds under ``password``."""

    ufrag: bytes
    password: bytes
    transaction: bytes
    nominates: bool
    size: int


def ufrag_of(datagram: bytes) -> bytes | Refusal:
    """Our ufrag as a binding request names it, from the raw bytes: all that an unknown source may cost."""
    size = len(datagram)
    if size < stun.HEADER_LENGTH + stun.INTEGRITY_LENGTH + stun.FINGERPRINT_LENGTH:
        return Refusal.MALFORMED
    kind, length, cookie, _ = _HEADER.unpack_from(datagram)
    if cookie != stun.COOKIE or length != size - stun.HEADER_LENGTH or length % 4:
        return Refusal.MALFORMED
    if kind != _BINDING_REQUEST:
        return Refusal.NOT_A_REQUEST
    if datagram[-8:-4] != _FINGERPRINT:
        return Refusal.NO_FINGERPRINT  # RFC 8445 §7.1.2: it must be there, and RFC 8489 §14.7: it must be last
    position = stun.HEADER_LENGTH
    while position + 4 <= size:
        attribute, length = _ATTRIBUTE.unpack_from(datagram, position)
        position += 4
        if attribute == _USERNAME:
            ours, colon, _ = datagram[position : position + length].partition(b":")
            return ours if colon and position + length <= size else Refusal.MALFORMED
        position += length + (-length) % 4
    return Refusal.MALFORMED


def verify(datagram: bytes, ufrag: bytes, password: bytes) -> Check | Refusal:
    """The check in ``datagram``, whose ``ufrag`` is ours, or why there is none. This is what costs an HMAC."""
    try:
        message = stun.parse_message(datagram)  # verifies FINGERPRINT
        holds = message.check_message_integrity(password)
    except Exception:  # struct.error, Unicode and index errors among others: whatever it is, it is not a check
        return Refusal.MALFORMED
    if not holds:
        return Refusal.BAD_INTEGRITY
    if "ICE-CONTROLLED" in message.attributes:
        return Refusal.CONTROLLED  # a lite agent is always the controlled one (RFC 8445 §6.1.1)
    nominates = "USE-CANDIDATE" in message.attributes
    return Check(ufrag, password, message.transaction_id, nominates, len(datagram))


def answer(check: Check, address: str, port: int) -> bytes | Refusal:
    """The binding response to a check that came from ``address`` and ``port``; always smaller than the check."""
    response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, check.transaction)
    response.attributes["XOR-MAPPED-ADDRESS"] = (address, port)
    response.add_message_integrity(check.password)
    packed = bytes(response)
    return packed if len(packed) < check.size else Refusal.AMPLIFYING
