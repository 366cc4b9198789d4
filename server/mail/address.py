"""Mail addresses, as far as this server writes to them: one mailbox, and nothing that could be more than one.

Pure. The booking system's addresses are checked at the door for their shape only; what is not a plain mailbox here gets
no mail at all. It knows no headers and no server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import getaddresses

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")  # RFC 5321 Dot-string, with RFC 6531's letters; no quoted form
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """``local@domain``, the domain in ASCII (RFC 5890), with the name that is shown beside it."""

    name: str
    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def mailbox(address: str, name: str = "") -> Mailbox | None:
    """None for what is not one plain mailbox."""
    local, at, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        return None
    sound = at and len(local.encode()) <= 64 and len(domain) <= 255 and local.isprintable()
    if not sound or _LOCAL.fullmatch(local) is None or _DOMAIN.fullmatch(domain) is None:
        return None
    return Mailbox(name, local, domain)


def parse(text: str) -> Mailbox:
    """``Name <local@domain>`` or the address alone. ``ValueError`` for anything else."""
    several = getaddresses([text])
    found = mailbox(several[0][1], several[0][0]) if len(several) == 1 else None
    if found is None or not text.isprintable():
        raise ValueError("must be one mail address, or a name with one: Example <sessions@example.org>")
    return found
