"""What we accept of a browser's session description, and how a leg is presented to the other browser.

Decides line by line. What could make the transport another than the one sealed transport we serve (no BUNDLE, no
rtcp-mux, SDES, a weak or a second fingerprint) is refused with a ``ProtocolError`` that says why; an attribute that is
not on the list is left out, so that a browser's next novelty costs that novelty and not the call. What is presented has
our ICE part and nothing of the other side's: no candidate, no address, no ufrag (P5.5).

Refuses to know: codecs. Payload types, feedback, header extensions and the like pass as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from signaling.errors import ProtocolError
from signaling.relay.ice import Credentials

Type: TypeAlias = Literal["offer", "answer"]

MAX_BYTES = 32 * 1024
MAX_MEDIA = 8
MAX_LINES = 300  # of the session part, and of each m-line

_TRANSPORT_PROTOCOLS = {"audio": "UDP/TLS/RTP/SAVPF", "video": "UDP/TLS/RTP/SAVPF", "application": "UDP/DTLS/SCTP"}
_DIGEST_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}

# Attributes that pass. The ICE part is ours to write and is therefore not here: candidate, end-of-candidates, ice-*,
# remote-candidates, rtcp (which carries an address). Neither is ``identity``: we are not the ones to vouch.
_DIRECTIONS = {"sendrecv", "sendonly", "recvonly", "inactive"}
_SESSION_ATTRIBUTES = _DIRECTIONS | {
    "extmap",
    "extmap-allow-mixed",
    "fingerprint",
    "group",
    "msid-semantic",
    "setup",
    "tls-id",
}
_MEDIA_ATTRIBUTES = _DIRECTIONS | {
    "bundle-only",
    "content",
    "cryptex",
    "extmap",
    "extmap-allow-mixed",
    "fingerprint",
    "fmtp",
    "framerate",
    "imageattr",
    "max-message-size",
    "maxptime",
    "mid",
    "msid",
    "packetization",
    "ptime",
    "rid",
    "rtcp-fb",
    "rtcp-mux",
    "rtcp-mux-only",
    "rtcp-rsize",
    "rtcp-xr",
    "rtpmap",
    "sctp-port",
    "sctpmap",
    "setup",
    "simulcast",
    "ssrc",
    "ssrc-group",
    "tls-id",
    "x-google-flag",
}
_FORBIDDEN = {"crypto": "SDES keys (a=crypto)", "key-mgmt": "key management (a=key-mgmt)"}

_LINE = re.compile(r"([a-z])=([\x20-\x7e]*)")
_ORIGIN = re.compile(r"\S+ (\d{1,20}) (\d{1,20}) IN IP[46] \S+")
_MEDIA = re.compile(r"(\w+) (\d{1,5}) (\S+)((?: [\w.-]+)+)")
_BANDWIDTH = re.compile(r"(?:AS|TIAS|CT|RS|RR):\d{1,12}")
_TOKEN = re.compile(r"[\w!#$%&'*+.^`{|}~-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One address of ours, ready to be dialled by a browser."""

    address: str
    port: int
    transport: Literal["udp", "tcp"] = "udp"


@dataclass(frozen=True, slots=True)
class Media:
    """One m-line. ``lines`` are those of its attributes (and ``b=``) that pass, in their order."""

    kind: str
    protocol: str
    formats: str
    mid: str
    port_zero: bool
    rejected: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """An accepted description: only what may pass, and what the switchboard has to know of the rest."""

    type: Type
    origin: tuple[str, str]
    lines: tuple[str, ...]
    media: tuple[Media, ...]
    fingerprint: tuple[str, ...]  # "sha-256 AB:CD:…", one for each hash function, sorted
    ufrag: str  # the browser's own; another one in the same generation is an ICE restart

    @property
    def layout(self) -> tuple[tuple[str, str], ...]:
        """Kinds and mids of the m-lines: fixed by the first offer of a generation."""
        return tuple((media.kind, media.mid) for media in self.media)


def accept(sdp: str, *, type: str) -> Description:
    """Read ``sdp``. ``ProtocolError("bad_sdp")`` names the first thing that does not fit."""
    if type not in ("offer", "answer"):
        raise _bad(f"a description is an offer or an answer, not {type[:20]!r}")
    if len(sdp) > MAX_BYTES or len(sdp.encode(errors="replace")) > MAX_BYTES:
        raise _bad(f"longer than {MAX_BYTES} bytes")
    head, *sections = _sections(sdp)
    if not sections:
        raise _bad("it has no m-line")
    session = _Part.read(head, _SESSION_ATTRIBUTES)
    parts = [_Part.read(section[1:], _MEDIA_ATTRIBUTES) for section in sections]
    bundle = _bundle(session)
    media = tuple(_media(section[0], part, bundle) for section, part in zip(sections, parts, strict=True))
    _check_bundle(media, bundle)
    live = [part for part, line in zip(parts, media, strict=True) if not line.rejected]
    for part in live:
        _check_setup(part.values("setup") or session.values("setup"), type)
    return Description(
        type="offer" if type == "offer" else "answer",
        origin=_origin(head),
        lines=session.lines,
        media=media,
        fingerprint=_fingerprint(session, live),
        ufrag=_ufrag(session, live),
    )


def present(description: Description, credentials: Credentials, candidates: Sequence[Candidate]) -> str:
    """The description as the other side gets it: theirs in every line but the ICE part, which is ours."""
    identifier, version = description.origin
    lines = ["v=0", f"o=- {identifier} {version} IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite", *description.lines]
    dialled = False  # one transport: the candidates of the first live m-line are everybody's (RFC 9143 §7.2)
    for media in description.media:
        port = 0 if media.port_zero else 9
        lines += [f"m={media.kind} {port} {media.protocol}{media.formats}", "c=IN IP4 0.0.0.0"]
        if not media.rejected:
            lines += [f"a=ice-ufrag:{credentials.ufrag}", f"a=ice-pwd:{credentials.password}"]
            if not dialled:
                lines += [_candidate(index, candidate) for index, candidate in enumerate(candidates)]
                lines.append("a=end-of-candidates")
                dialled = True
        lines += media.lines
    return "\r\n".join(lines) + "\r\n"


@dataclass(frozen=True, slots=True)
class _Part:
    """The session part or one m-line: the lines that pass, and every attribute for looking things up."""

    lines: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, section: Sequence[tuple[str, str]], allowed: set[str]) -> _Part:
        lines, attributes = [], []
        for letter, value in section:
            if letter == "a":
                name, _, argument = value.partition(":")
                if name in _FORBIDDEN:
                    raise _bad(f"{_FORBIDDEN[name]} would hand us the keys; only DTLS-SRTP is relayed")
                attributes.append((name, argument))
                if name in allowed:
                    lines.append(f"a={value}")
            elif letter == "b" and _BANDWIDTH.fullmatch(value):
                lines.append(f"b={value}")
            elif letter == "k":
                raise _bad("keys in the description (k=); only DTLS-SRTP is relayed")
        return cls(tuple(lines), tuple(attributes))

    def values(self, name: str) -> list[str]:
        return [argument for attribute, argument in self.attributes if attribute == name]

    def has(self, name: str) -> bool:
        return any(attribute == name for attribute, _ in self.attributes)


def _bad(detail: str) -> ProtocolError:
    return ProtocolError("bad_sdp", f"This session description is not accepted: {detail}.")


def _sections(sdp: str) -> list[list[tuple[str, str]]]:
    """The lines as (letter, value), cut before each m-line."""
    sections: list[list[tuple[str, str]]] = [[]]
    for number, line in enumerate(sdp.removesuffix("\n").split("\n"), 1):
        match = _LINE.fullmatch(line.removesuffix("\r"))
        if match is None:
            raise _bad(f"line {number} is not of the form x=value in printable ASCII")
        if match[1] == "m":
            sections.append([])
            if len(sections) - 1 > MAX_MEDIA:
                raise _bad(f"more than {MAX_MEDIA} m-lines")
        sections[-1].append((match[1], match[2]))
        if len(sections[-1]) > MAX_LINES:
            raise _bad(f"more than {MAX_LINES} lines in one section (line {number})")
    if sections[0][:1] != [("v", "0")]:
        raise _bad("it does not begin with v=0")
    return sections


def _origin(head: Sequence[tuple[str, str]]) -> tuple[str, str]:
    match = next((_ORIGIN.fullmatch(value) for letter, value in head if letter == "o"), None)
    if match is None:
        raise _bad("it has no o= line that can be read")
    return match[1], match[2]


def _bundle(session: _Part) -> tuple[str, ...] | None:
    groups = [value.split() for value in session.values("group")]
    if any(not group or group[0] != "BUNDLE" for group in groups) or len(groups) > 1:
        raise _bad("there must be one a=group, and it must be BUNDLE")
    return tuple(groups[0][1:]) if groups else None


def _media(first: tuple[str, str], part: _Part, bundle: tuple[str, ...] | None) -> Media:
    match = _MEDIA.fullmatch(first[1])
    if match is None:
        raise _bad("an m-line cannot be read")
    kind, port, protocol, formats = match.groups()
    if kind not in _TRANSPORT_PROTOCOLS:
        raise _bad(f"m={kind[:20]}: only audio, video and application are relayed")
    if protocol != _TRANSPORT_PROTOCOLS[kind]:
        raise _bad(f"m={kind} must be {_TRANSPORT_PROTOCOLS[kind]}, not {protocol[:40]}")
    if kind == "application" and formats != " webrtc-datachannel":
        raise _bad("m=application must be a webrtc-datachannel")
    mids = part.values("mid")
    if len(mids) != 1 or not _TOKEN.fullmatch(mids[0]):
        raise _bad("every m-line must have one a=mid")
    bundle_only = part.has("bundle-only") and bundle is not None and mids[0] in bundle
    rejected = int(port) == 0 and not bundle_only  # RFC 9143 §6: bundle-only lines have port zero and live
    if kind != "application" and not rejected and not part.has("rtcp-mux"):
        raise _bad(f"m={kind} (mid {mids[0]}) lacks a=rtcp-mux; there is one transport for all")
    return Media(kind, protocol, formats, mids[0], int(port) == 0, rejected, part.lines)


def _check_bundle(media: Sequence[Media], bundle: tuple[str, ...] | None) -> None:
    mids = [line.mid for line in media]
    live = {line.mid for line in media if not line.rejected}
    if len(set(mids)) != len(mids):
        raise _bad("two m-lines have the same a=mid")
    if not live:
        raise _bad("every m-line is rejected")
    if bundle is None and len(live) == 1:
        return
    if bundle is None or len(set(bundle)) != len(bundle) or set(bundle) != live:
        raise _bad("a=group:BUNDLE must name every m-line; there is one transport for all")


def _check_setup(roles: Sequence[str], type: str) -> None:
    allowed = ("actpass", "active", "passive") if type == "offer" else ("active", "passive")  # RFC 5763 §5
    if len(roles) != 1 or roles[0] not in allowed:
        raise _bad(f"every m-line of an {type} needs one a=setup of {', '.join(allowed)}")


def _fingerprint(session: _Part, live: Sequence[_Part]) -> tuple[str, ...]:
    """The certificate's fingerprints; a line without its own has the session's, and all lines have the same."""
    of_session = session.values("fingerprint")
    found = {_certificate(part.values("fingerprint") or of_session) for part in live}
    if of_session:
        found.add(_certificate(of_session))
    if len(found) != 1:
        raise _bad("the m-lines have different fingerprints; there is one certificate for all")
    return found.pop()


def _certificate(values: Sequence[str]) -> tuple[str, ...]:
    prints: dict[str, str] = {}
    for value in values:
        name, _, digits = value.partition(" ")
        size = _DIGEST_BYTES.get(name.lower())
        if size is None:
            raise _bad(f"a fingerprint of {name[:20]!r}; it must be sha-256 or better")
        if not re.fullmatch(rf"[0-9A-Fa-f]{{2}}(:[0-9A-Fa-f]{{2}}){{{size - 1}}}", digits):
            raise _bad(f"a fingerprint of {name} that cannot be read")
        if prints.setdefault(name.lower(), digits.upper()) != digits.upper():
            raise _bad(f"two different fingerprints of {name}; there is one certificate for all")
    if not prints:
        raise _bad("it has no a=fingerprint; only DTLS-SRTP is relayed")
    return tuple(sorted(f"{name} {digits}" for name, digits in prints.items()))


def _ufrag(session: _Part, live: Sequence[_Part]) -> str:
    found = {ufrag for part in (session, *live) for ufrag in part.values("ice-ufrag")}
    if len(found) != 1:
        raise _bad("it must have one a=ice-ufrag; there is one transport for all")
    return found.pop()


def _candidate(index: int, candidate: Candidate) -> str:
    tcp = candidate.transport == "tcp"
    # RFC 8445 §5.1.2.1 (host, component 1), and for TCP RFC 6544 §4.2 (passive): below UDP in any case
    preference = (4 << 13) + 8_191 - index if tcp else 65_535 - index
    priority = (126 << 24) | (preference << 8) | 255
    line = f"{candidate.transport} {priority} {candidate.address} {candidate.port} typ host"
    return f"a=candidate:{index + 1} 1 {line}{' tcptype passive' if tcp else ''}"
