"""The page's types are those of the server's messages."""

from pathlib import Path

from signaling.typescript import generate

PROTOCOL_TS = Path(__file__).parents[1] / "static/src/protocol.ts"


def test_protocol_ts_is_generated_from_the_models() -> None:
    assert PROTOCOL_TS.read_text() == generate(), "python -m signaling.typescript > static/src/protocol.ts"
