"""The OpenAPI 3.1 document, made from the table of routes and from the very models that validate and answer.

It adds nothing that the doors do not do: what is not in the table or in a model is not in the document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from server.api.problems import CONTENT_TYPE, Problem
from server.api.route import Open, Route
from server.policy.operators import RIGHTS
from server.webhooks.events import EVENTS, Kind

Json: TypeAlias = dict[str, Any]
Use: TypeAlias = tuple[type[BaseModel], Literal["validation", "serialization"]]

_REF = "#/components/schemas/{model}"
_ABOUT = """Bookings in, verdicts out. Times are RFC 3339 in UTC with milliseconds, money is in minor units, and
every refusal is a problem document (RFC 9457) whose `code` is stable. Unknown keys, unknown query parameters and
repeated ones are refused."""
_TAGS = {
    "sessions": "Booked calls. Scope `sessions`; keys of scope `read` and `moderation` see them without their links.",
    "refunds": "What the booking system decided and paid.",
    "people": "What is on record of persons, and operators' acts. Acting takes the scope `moderation`, and a reason.",
    "party": "A party's own calls, with the join token of its link.",
    "bookings": "Booking systems that post to us: their sources, and what they sent. Scope `endpoints`.",
    "events": "What is told to the outside: endpoints, what was sent to them, and every event. Scope `endpoints`.",
    "desk": "What operators look at and share: what is live, cases, notes, figures, many at once.",
    "operators": "Accounts and keys. Acting takes an account of the role `admin`, signed in at the dashboard.",
    "service": "For probes and monitoring.",
}
_PATH_SCHEMAS: Json = {
    "id": {"type": "string", "pattern": "^[A-Za-z0-9._:~-]{1,64}$", "examples": ["bk_812"]},
    "role": {"type": "string", "enum": ["client", "expert"]},
    "name": {"type": "string", "pattern": "^[a-z0-9-]{1,32}$", "examples": ["shop"]},
}
EXAMPLES = Path(__file__).parent / "assets" / "events.json"
"""One event of each type, from real runs."""

_SENT_WITH: Json = {
    "webhook-id": "The event's id: the same when it is sent again.",
    "webhook-timestamp": "When it was sent, in seconds since 1970. Refuse what is older than five minutes.",
    "webhook-signature": "`v1,` and base64 of an HMAC-SHA256 over id, time and body; two while a secret changes.",
}
_PERSON: Json = {
    "type": "string",
    "pattern": "^[!-~]{1,128}$",
    "description": "The booking system's id, or the pseudonym.",
    "examples": ["e_4"],
}


@cache
def build(routes: tuple[Route, ...]) -> Json:
    """The whole document. Made once, so leave it as it is."""
    shown = [route for route in routes if route.documented]
    schemas, definitions = models_json_schema(_models(shown), ref_template=_REF)
    paths: Json = {}
    for route in shown:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headstrt Sessions",
            "version": metadata.version("headstrt-sessions"),
            "description": _ABOUT.replace("\n", " "),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "webhooks": {kind.name: {"post": _webhook(kind, schemas)} for kind in EVENTS},
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key, with scopes."},
                "sign_in": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-headstrt",
                    "description": "Somebody signed in at the dashboard; a write also sends `X-CSRF-Token`.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The join token of a party's link: the part behind `#t=`.",
                },
            },
        },
    }


def _models(routes: Sequence[Route]) -> list[Use]:
    found: dict[Use, None] = {(Problem, "serialization"): None}
    for route in routes:
        if route.body is not None:
            found[route.body, "validation"] = None
        for _, answer in route.answers:
            if isinstance(answer, type):
                found[answer, "serialization"] = None
    return list(found | dict.fromkeys((kind.model, "serialization") for kind in EVENTS))


def _webhook(kind: Kind, schemas: Any) -> Json:
    """What we send: the other way round than all else in the document."""
    body = {"schema": schemas[kind.model, "serialization"], "examples": {"a": {"value": _examples()[kind.name]}}}
    return {
        "operationId": f"event_{kind.name.replace('.', '_')}",
        "tags": ["events"],
        "summary": kind.when.removesuffix("."),
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in _SENT_WITH.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "2XX": {"description": "Taken: it is not sent again"},
            "410": {"description": "Nobody is here anymore: the endpoint is disabled"},
            "default": {"description": "Not taken: it is sent again"},
        },
    }


@cache
def _examples() -> Json:
    found: Json = json.loads(EXAMPLES.read_text())
    return found


def _operation(route: Route, schemas: Any) -> Json:
    operation: Json = {
        "operationId": _operation_id(route),
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route, schemas),
        "security": _security(route),
    }
    if route.method == "PUT":
        operation["parameters"].append(
            {
                "name": "If-Match",
                "in": "header",
                "description": "The ETag of the version this is meant for; 412 when there is another by now.",
                "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,15}")$'},
            }
        )
    if isinstance(route.access, frozenset):
        operation["description"] = _who(route, route.access)
    if route.signed:
        media: Json = {"schema": {"type": "object", "description": "As its kind sends it, signed as its kind signs."}}
        operation["requestBody"] = {"required": True, "content": {"application/json": media}}
    if route.body is not None:
        schema = schemas[route.body, "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _operation_id(route: Route) -> str:
    path = route.path.removeprefix("/v1").replace("sessions/{id}", "session").replace("{role}", "")
    words = re.findall(r"[a-z0-9]+", path)
    return "_".join([route.method.lower(), *words])


def _security(route: Route) -> list[Json]:
    if route.access is Open.EVERYONE:
        return []
    if route.access is Open.PARTY:
        return [{"token": []}]
    return [{"key": []}] if route.access else [{"sign_in": []}]


def _who(route: Route, scopes: frozenset[str]) -> str:
    said = "Scope " + " or ".join(f"`{scope}`" for scope in sorted(scopes)) + "." if scopes else "No key may."
    roles = [f"`{role}`" for role in RIGHTS if route.right in RIGHTS[role]]
    return said + (f" At the dashboard: {', '.join(roles)}." if roles else "")


def _path_parameters(route: Route) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _PERSON if route.path.startswith("/v1/people/") else _PATH_SCHEMAS[name],
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route) -> list[Json]:
    schema = route.query.model_json_schema(ref_template=_REF)
    inner = schema.get("$defs", {})
    found = []
    for name, field in schema.get("properties", {}).items():
        each = _inlined(_not_null(field), inner)
        description = each.pop("description", None)
        each.pop("title", None)
        parameter: Json = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": each}
        if description:
            parameter["description"] = description
        found.append(parameter)
    return found


def _not_null(schema: Json) -> Json:
    """A query parameter is there or not, but never null."""
    options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if not options:
        return dict(schema)
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**options[0], **rest}


def _inlined(schema: Json, inner: Json) -> Json:
    name = schema.get("$ref", "").rpartition("/")[2]
    if name not in inner:
        return schema
    return {**inner[name], **{key: value for key, value in schema.items() if key != "$ref"}}


def _responses(route: Route, schemas: Any) -> Json:
    responses: Json = {}
    for status, answer in route.answers:
        response: Json = {"description": _DESCRIPTIONS.get(status, "Done")}
        if isinstance(answer, str):
            response["content"] = {answer: {"schema": {"type": "string"}}}
        elif answer is not None:
            response["content"] = {"application/json": {"schema": schemas[answer, "serialization"]}}
        if route.etag:
            response["headers"] = {"ETag": {"description": "The version, quoted", "schema": {"type": "string"}}}
        if (before := responses.get(str(status))) is not None:  # the same in another form
            response["content"] = {**before["content"], **response["content"]}
        responses[str(status)] = response
    for refused, codes in _refusals(route).items():
        responses.setdefault(
            refused,
            {
                "description": "Codes: " + ", ".join(f"`{code}`" for code in codes),
                "content": {CONTENT_TYPE: {"schema": schemas[Problem, "serialization"]}},
            },
        )
    return dict(sorted(responses.items()))


def _refusals(route: Route) -> dict[str, list[str]]:
    """By status: the route's own, and those that its kind of access, query and body bring with them."""
    all_ = [*route.refusals, "400 repeated_key", "422 invalid"]
    if route.access is not Open.EVERYONE:
        all_ += ["401 unauthorized", "429 too_many_attempts"]
    if isinstance(route.access, frozenset):
        all_ += ["403 insufficient_scope"] if route.access else []
        all_ += ["403 csrf", "403 not_allowed", "403 wrong_origin"]
    if route.body is not None:
        all_ += ["400 bad_json", "408 too_slow", "413 body_too_large", "415 unsupported_media_type"]
    if route.body is not None or route.method == "DELETE":
        all_ += ["409 stale"]
    found: dict[str, list[str]] = {}
    for each in dict.fromkeys(all_):
        status, _, code = each.partition(" ")
        found.setdefault(status, []).append(code)
    return found


_DESCRIPTIONS = {200: "Done", 201: "Made", 204: "Done, with nothing to say", 503: "Not ready"}
