"""security.md §1.12, on what browsers really send (sdp/*.txt: Chromium 156, Firefox 153 ESR, aiortc 1.16)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.errors import ProtocolError
from signaling.relay.sdp import MAX_BYTES, Candidate, accept, present
from tests.signaling.relay.helpers import credentials, sample

SAMPLES = [f"{who}-{what}" for who in ("chromium", "firefox") for what in ("offer", "gathered", "answer")] + [
    "aiortc-offer",
    "aiortc-answer",
]
OURS = credentials("A")
CANDIDATES = [
    Candidate("198.51.100.1", 3478),
    Candidate("2001:db8::1", 3478),
    Candidate("198.51.100.1", 3478, "tcp"),
    Candidate("2001:db8::1", 3478, "tcp"),
]
OFFER = sample("chromium-offer")


def kind(name: str) -> str:
    return "answer" if name.endswith("answer") else "offer"


def lines(text: str) -> list[str]:
    return text.replace("\r", "").splitlines()


@pytest.mark.parametrize("name", SAMPLES)
def test_only_the_ice_part_and_the_addresses_change(name: str) -> None:
    given_, shown = sample(name), present(accept(sample(name), type=kind(name)), OURS, CANDIDATES)
    ice = re.compile(r"a=(candidate|end-of-candidates|ice-|rtcp:)|c=|o=|m=")
    assert [line for line in lines(given_) if not ice.match(line)] == [
        line for line in lines(shown) if not ice.match(line)
    ]
    assert shown.endswith("\r\n")
    assert shown.count("a=ice-lite\r\n") == 1
    assert shown.count("a=candidate:") == len(CANDIDATES)
    assert {line for line in lines(shown) if line.startswith(("a=ice-ufrag", "a=ice-pwd"))} == {
        f"a=ice-ufrag:{OURS.ufrag}",
        f"a=ice-pwd:{OURS.password}",
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_of_the_other_sides_network_is_left(name: str) -> None:
    """P5.5."""
    given_, shown = sample(name), present(accept(sample(name), type=kind(name)), OURS, CANDIDATES)
    for trace in ("192.0.2.", "fd00::", ".local", "raddr", "127.0.0.1", "generation"):
        assert trace not in shown
    for secret in re.findall(r"a=ice-(?:ufrag|pwd):(\S+)", given_):
        assert secret not in shown
    assert set(re.findall(r"^m=\w+ (\d+)", shown, re.MULTILINE)) <= {"0", "9"}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_presented_would_be_accepted(name: str) -> None:
    first = accept(sample(name), type=kind(name))
    again = accept(present(first, OURS, CANDIDATES), type=kind(name))
    assert (again.media, again.lines, again.fingerprint) == (first.media, first.lines, first.fingerprint)
    assert again.ufrag == OURS.ufrag != first.ufrag


def test_the_fingerprint_and_the_layout_are_exposed() -> None:
    description = accept(OFFER, type="offer")
    assert re.fullmatch(r"sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}", description.fingerprint[0])
    assert description.layout == (
        ("audio", "0"),
        ("video", "1"),
        ("video", "2"),
        ("audio", "3"),
        ("application", "4"),
    )
    assert [name.split()[0] for name in accept(sample("aiortc-offer"), type="offer").fingerprint] == [
        "sha-256",
        "sha-384",
        "sha-512",
    ]


def test_a_line_rejected_in_an_answer_stays_rejected() -> None:
    head, *sections = re.split(r"(?=^m=)", sample("chromium-answer"), flags=re.MULTILINE)
    sections[2] = re.sub(r"m=video \d+", "m=video 0", sections[2])
    text = head.replace("BUNDLE 0 1 2 3 4", "BUNDLE 0 1 3 4") + "".join(sections)
    description = accept(text, type="answer")
    assert [media.rejected for media in description.media] == [False, False, True, False, False]
    assert len(re.findall("^a=ice-ufrag", present(description, OURS, CANDIDATES), re.MULTILINE)) == 4


def test_attributes_that_are_not_known_are_left_out() -> None:
    text = OFFER.replace("a=rtcp-mux\r\n", "a=rtcp-mux\r\na=phone-home:192.0.2.2\r\ni=192.0.2.2\r\n")
    assert present(accept(text, type="offer"), OURS, CANDIDATES) == present(
        accept(OFFER, type="offer"), OURS, CANDIDATES
    )


FINGERPRINT = re.search(r"a=fingerprint:sha-256 (\S+)", OFFER)
assert FINGERPRINT
OTHER = "00" + FINGERPRINT[1][2:]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1"),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n", "no m-line"),
        (OFFER.removeprefix("v=0\r\n"), "v=0"),
        (OFFER.replace("o=- ", "o="), "o="),
        ("x" * (MAX_BYTES + 1), "longer"),
        (OFFER + "a=x:" + "ü" * (MAX_BYTES // 2), "longer"),
        (OFFER + "a=x:\x00\r\n", "printable"),
        (OFFER.replace("a=mid:0", "a=mid:0\ra=crypto:1"), "printable"),
        (OFFER + "a=x\r\n" * 300, "300 lines"),
        (OFFER + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 4, "8 m-lines"),
        (OFFER + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", "SDES"),
        (OFFER.replace("s=-\r\n", "s=-\r\nk=clear:x\r\n"), "k="),
        (OFFER.replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPF"), "SAVPF"),
        (OFFER.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), "SAVPF"),
        (OFFER.replace("UDP/DTLS/SCTP", "TCP/DTLS/SCTP"), "UDP/DTLS/SCTP"),
        (OFFER.replace("m=audio", "m=text"), "only audio"),
        (OFFER.replace("a=rtcp-mux\r\n", "", 1), "rtcp-mux"),
        (OFFER.replace("a=group:BUNDLE 0 1 2 3 4\r\n", ""), "BUNDLE"),
        (OFFER.replace("a=group:BUNDLE 0 1 2 3 4", "a=group:BUNDLE 0 1 2 3"), "BUNDLE"),
        (OFFER.replace("a=group:BUNDLE 0 1 2 3 4", "a=group:LS 0 1 2 3 4"), "BUNDLE"),
        (OFFER.replace("a=mid:1\r\n", "a=mid:0\r\n"), "same a=mid"),
        (OFFER.replace("a=mid:1\r\n", ""), "one a=mid"),
        (re.sub("a=fingerprint.*\r\n", "", OFFER), "no a=fingerprint"),
        (OFFER.replace(FINGERPRINT[1], OTHER, 1), "different fingerprints"),
        (OFFER.replace("a=setup", f"a=fingerprint:sha-256 {OTHER}\r\na=setup"), "two different"),
        (re.sub(r"fingerprint:sha-256 \S+", "fingerprint:sha-1 " + ":".join(["AB"] * 20), OFFER), "sha-256 or better"),
        (OFFER.replace(FINGERPRINT[1], "AB:CD"), "cannot be read"),
        (OFFER.replace("a=setup:actpass", "a=setup:holdconn"), "setup"),
        (re.sub("a=setup.*\r\n", "", OFFER), "setup"),
        (re.sub("a=ice-ufrag.*\r\n", "", OFFER), "ice-ufrag"),
        (re.sub("a=ice-ufrag:.*", "a=ice-ufrag:other\r", OFFER, count=1), "ice-ufrag"),
        (re.sub(r"m=(\w+) \d+", r"m=\1 0", OFFER), "rejected"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        accept(text, type="offer")
    assert caught.value.code == "bad_sdp"
    assert why in caught.value.detail


def test_an_answer_takes_a_side_in_dtls() -> None:
    with pytest.raises(ProtocolError, match="setup"):
        accept(OFFER, type="answer")
    with pytest.raises(ProtocolError, match="offer or an answer"):
        accept(OFFER, type="pranswer")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SAMPLES), st.integers(0, 12_000), st.integers(0, 40), st.text(max_size=40))
def test_a_mutation_is_accepted_or_refused_and_never_leaks(name: str, position: int, cut: int, noise: str) -> None:
    text = sample(name)
    position %= len(text)
    text = text[:position] + noise + text[position + cut :]
    try:
        shown = present(accept(text, type=kind(name)), OURS, CANDIDATES)
    except ProtocolError:
        return
    for line in lines(shown):
        assert re.fullmatch(r"[a-z]=[\x20-\x7e]*", line)
        if line.startswith(("a=candidate", "a=ice-")):
            assert any(ours in line for ours in ("198.51.100.", "2001:db8::1", OURS.ufrag, OURS.password, "ice-lite"))


@given(st.text(max_size=400))
def test_noise_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        accept(text, type="offer")


def test_candidates_are_in_order_and_tcp_is_below_udp() -> None:
    shown = present(accept(OFFER, type="offer"), OURS, CANDIDATES)
    lines = re.findall(r"^a=candidate:(\d+) 1 (udp|tcp) (\d+) (\S+) (\d+) typ host(.*?)\r?$", shown, re.MULTILINE)
    assert [(line[1], line[3], line[4]) for line in lines] == [
        (candidate.transport, candidate.address, str(candidate.port)) for candidate in CANDIDATES
    ]
    assert [line[5] for line in lines] == ["", "", " tcptype passive", " tcptype passive"]
    priorities = [int(line[2]) for line in lines]
    assert priorities == sorted(set(priorities), reverse=True)
    assert len({line[0] for line in lines}) == len(lines)  # RFC 8445 §5.1.1.3: another protocol, another foundation
