"""The socket's messages as TypeScript types: ``python -m signaling.typescript > static/src/protocol.ts``.

It reads the JSON schema that pydantic makes of the models in ``messages.py``: what a page sends in the shape that is
validated, what it receives in the shape that is serialized. It knows just the few schema forms that those models use,
and raises on any other rather than guess.
"""

from __future__ import annotations

import json
import sys
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from signaling.messages import COMMANDS, EVENTS, PROTOCOL_VERSION, Command, Done, Hello, Refused, ServerMessage

Schema: TypeAlias = dict[str, Any]

HEADER = """\
// Generated from signaling/messages.py by `python -m signaling.typescript`. Do not edit: a test compares the two.
// Times are RFC 3339 UTC strings, spans are seconds, money is in minor units."""


def generate() -> str:
    """The whole file, ending in a newline."""
    received = _definitions([ServerMessage, *EVENTS.values(), Done, Refused], "serialization")
    sent = _definitions([Hello, Command, *COMMANDS.values()], "validation")
    parts = [
        HEADER,
        f"export const PROTOCOL_VERSION = {PROTOCOL_VERSION};",
        *(_declaration(name, schema) for name, schema in received.items()),
        *(_declaration(name, schema) for name, schema in sent.items()),
        "export type Ack = Done | Refused;",
        _table("Commands", COMMANDS),
        _table("Events", EVENTS),
    ]
    return "\n\n".join(parts) + "\n"


def _definitions(models: list[type[BaseModel]], mode: JsonSchemaMode) -> dict[str, Schema]:
    _, schema = models_json_schema([(model, mode) for model in models], ref_template="{model}")
    return dict(sorted(schema["$defs"].items()))


def _table(name: str, models: dict[str, Any]) -> str:
    rows = "\n".join(f"  {key}: {_type_name(model.__name__)};" for key, model in models.items())
    return f"export interface {name} {{\n{rows}\n}}"


def _declaration(name: str, schema: Schema) -> str:
    if "enum" in schema:
        return f"export type {_type_name(name)} = {_type(schema)};"
    required = schema.get("required", [])
    fields = "\n".join(
        f"{_comment(field)}  {key}{'' if key in required or _is_always_sent(field) else '?'}: {_type(field)};"
        for key, field in schema["properties"].items()
    )
    return f"export interface {_type_name(name)} {{\n{fields}\n}}"


def _is_always_sent(field: Schema) -> bool:
    """A default other than null is not a gap: ``ok`` and ``protocol`` are in every message."""
    return field.get("default") is not None


def _comment(field: Schema) -> str:
    description = field.get("description")
    return f"  /** {description} */\n" if description else ""


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": ref}:
            return _type_name(ref)
        case {"const": value}:
            return json.dumps(value)
        case {"enum": values}:
            return " | ".join(json.dumps(value) for value in values)
        case {"anyOf": choices}:
            return " | ".join(_type(choice) for choice in choices)
        case {"type": "array", "items": items}:
            return f"readonly ({_type(items)})[]" if {"anyOf", "enum"} & set(items) else f"readonly {_type(items)}[]"
        case {"type": "string" | "boolean" | "null" as name}:
            return str(name)
        case {"type": "integer" | "number"}:
            return "number"
    raise TypeError(f"no TypeScript for {schema}")


def _type_name(model: str) -> str:
    return model.rstrip("_")  # Python has a Warning of its own


if __name__ == "__main__":
    sys.stdout.write(generate())
