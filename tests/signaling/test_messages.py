"""The bounds of every message, both ways."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import messages
from signaling.errors import ProtocolError
from signaling.messages import (
    COMMANDS,
    EVENT_NAMES,
    EVENTS,
    MAX_SDP,
    PROTOCOL_VERSION,
    from_rfc3339,
    parse_command,
    parse_hello,
    to_rfc3339,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def test_hello() -> None:
    assert parse_hello({"token": "t", "protocol": PROTOCOL_VERSION}).token == "t"
    with pytest.raises(ProtocolError, match="wrong_protocol"):
        parse_hello({"token": "t", "protocol": PROTOCOL_VERSION + 1})
    with pytest.raises(ProtocolError, match="bad_hello"):
        parse_hello({"token": "t" * 4097, "protocol": PROTOCOL_VERSION})


@given(ANYTHING)
def test_hello_of_any_type_is_refused_and_never_an_accident(auth: Any) -> None:
    with pytest.raises(ProtocolError):
        parse_hello(auth)


@given(st.sampled_from([*COMMANDS, "nonsense", "connect", "disconnect"]), ANYTHING)
def test_a_command_of_any_type_is_parsed_or_refused(name: str, data: Any) -> None:
    with pytest.raises(ProtocolError):  # none of these has a command_id that holds
        parse_command(name, data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("join", {"guidelines": "x" * 33}),
        ("join", {"resume": "short"}),
        ("join", {"resume": "not/an/id/of/ours"}),
        ("describe", {"type": "pranswer", "sdp": "v=0", "generation": 1}),
        ("describe", {"type": "offer", "sdp": "", "generation": 1}),
        ("describe", {"type": "offer", "sdp": "x" * (MAX_SDP + 1), "generation": 1}),
        ("describe", {"type": "offer", "sdp": "v=0", "generation": -1}),
        ("describe", {"type": "offer", "sdp": "v=0", "generation": True}),
        ("describe", {"type": "offer", "sdp": "v=0", "generation": "1"}),
        ("hang_up", {"cause": "bored"}),
        ("running_late", {"minutes": 0}),
        ("running_late", {"minutes": 61}),
        ("media", {"microphone": 1, "camera": True, "screen": True}),
        ("quality", {"loss_percent": 101}),
        ("step_out", {"surprise": 1}),
    ],
)
def test_what_does_not_fit_is_refused(name: str, data: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match="bad_command"):
        parse_command(name, {"command_id": "c1", **data})


@pytest.mark.parametrize("command_id", ["", "x" * 65, "ä", "a b", None, 7])
def test_command_ids(command_id: Any) -> None:
    with pytest.raises(ProtocolError, match="bad_command"):
        parse_command("step_out", {"command_id": command_id})


def test_what_is_refused_is_not_repeated_to_the_sender_or_the_log() -> None:
    with pytest.raises(ProtocolError) as refused:
        parse_command("describe", {"command_id": "c", "type": "SECRET", "sdp": "SECRET", "generation": "SECRET"})
    assert "SECRET" not in str(refused.value)


def test_every_event_has_one_name_and_a_version() -> None:
    assert len(EVENT_NAMES) == len(EVENTS)
    for model in EVENTS.values():
        assert "version" in model.model_fields


def test_times_leave_as_rfc3339_and_spans_as_seconds() -> None:
    moved = messages.Moved(version=1, starts_at=1_795_359_600_000, ends_at=1_795_361_400_000)
    assert moved.model_dump(mode="json")["starts_at"] == "2026-11-22T15:00:00.000Z"
    assert messages.TimeWarning(version=1, remaining_seconds=30_000).model_dump(mode="json")["remaining_seconds"] == 30


@given(st.integers(min_value=0, max_value=4_102_444_800_000))
def test_times_survive_the_way_there_and_back(at: int) -> None:
    assert from_rfc3339(to_rfc3339(at)) == at


@pytest.mark.parametrize("text", ["2026-11-22T15:00:00", "yesterday", ""])
def test_a_time_without_its_zone_is_a_guess(text: str) -> None:
    with pytest.raises(ValueError):
        from_rfc3339(text)
