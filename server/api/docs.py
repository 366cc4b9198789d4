"""``/openapi.json``, and ``/docs``: the same document rendered here, readable with no network and no script.

It knows how to show a schema, not what any of it means; every word on the page comes from the document.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from pathlib import Path

from aiohttp import web

from server.api.openapi import Json

DOCUMENT = web.AppKey("openapi", dict)

_STYLE = Path(__file__).parent / "assets" / "docs.css"
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_SHORT = "public, max-age=300"


async def document(request: web.Request) -> web.Response:
    return web.json_response(request.config_dict[DOCUMENT], headers={"Cache-Control": _SHORT})


async def page(request: web.Request) -> web.Response:
    text = _rendered(json.dumps(request.config_dict[DOCUMENT]))
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": _SHORT}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def style(request: web.Request) -> web.Response:
    return web.Response(text=_STYLE.read_text(), content_type="text/css", headers={"Cache-Control": _SHORT})


@cache
def _rendered(text: str) -> str:
    return "".join(_page(json.loads(text)))


def _page(doc: Json) -> Iterator[str]:
    info = doc["info"]
    title = f"{escape(info['title'])} API"
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{title}</title><link rel="stylesheet" href="/docs/style.css"></head><body>'
        f"<nav aria-label='Calls'><p class='name'><a href='#top'>{title}</a></p>"
    )
    for tag in doc["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2><ul>"
        for path, method, operation in _operations(doc, tag["name"]):
            yield (
                f"<li><a href='#{operation['operationId']}'><b class='m {method}'>{method.upper()}</b> "
                f"{_breakable(path)}</a></li>"
            )
        for name, event in _webhooks(doc, tag["name"]):
            yield f"<li><a href='#{event['operationId']}'><b class='m event'>SENT</b> {escape(name)}</a></li>"
        yield "</ul>"
    yield "<h2><a href='#schemas'>Schemas</a></h2></nav>"
    yield f"<main id='top'><h1>{title} <small>{escape(info['version'])}</small></h1>"
    yield f"<p class='lead'>{_text(info['description'])}</p>"
    yield "<p>Machine-readable: <a href='/openapi.json'>openapi.json</a>.</p>"
    yield "<section><h2>Who may call</h2><dl>"
    for name, scheme in doc["components"]["securitySchemes"].items():
        yield (
            f"<dt id='auth-{name}'><code>Authorization: Bearer &lt;{escape(name)}&gt;</code></dt>"
            f"<dd>{_text(scheme['description'])}</dd>"
        )
    yield "</dl></section>"
    for tag in doc["tags"]:
        yield f"<section><h2>{escape(tag['name'].capitalize())}</h2><p>{_text(tag['description'])}</p>"
        for path, method, operation in _operations(doc, tag["name"]):
            yield from _operation(doc, path, method, operation)
        for name, event in _webhooks(doc, tag["name"]):
            yield from _webhook(doc, name, event)
        yield "</section>"
    yield "<section id='schemas'><h2>Schemas</h2>"
    for name, schema in sorted(doc["components"]["schemas"].items()):
        yield from _schema(name, schema)
    yield "</section></main></body></html>"


def _operations(doc: Json, tag: str) -> Iterator[tuple[str, str, Json]]:
    for path, methods in doc["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield path, method, operation


def _webhooks(doc: Json, tag: str) -> Iterator[tuple[str, Json]]:
    for name, methods in doc.get("webhooks", {}).items():
        if tag in methods["post"]["tags"]:
            yield name, methods["post"]


def _webhook(doc: Json, name: str, event: Json) -> Iterator[str]:
    """What we send, with an example of it, folded up."""
    content = event["requestBody"]["content"]["application/json"]
    yield f"<article id='{event['operationId']}'><h3><b class='m event'>SENT</b> <code>{escape(name)}</code></h3>"
    yield f"<p>{_text(event['summary'])}. {_text(_resolved(doc, content['schema']).get('description', ''))}</p>"
    yield f"<h4>Body</h4><p>{_type(content['schema'])}</p>"
    for example in content["examples"].values():
        shown = escape(json.dumps(example["value"], indent=2, ensure_ascii=False))
        yield f"<details><summary>Example</summary><pre tabindex='0'><code>{shown}</code></pre></details>"
    yield "</article>"


def _operation(doc: Json, path: str, method: str, operation: Json) -> Iterator[str]:
    yield f"<article id='{operation['operationId']}'>"
    yield f"<h3><b class='m {method}'>{method.upper()}</b> <code>{_breakable(path)}</code></h3>"
    yield f"<p>{_text(operation['summary'])}."
    for each in operation["security"]:
        for name in each:
            yield f" Takes a <a href='#auth-{name}'>{escape(name)}</a>."
    if "description" in operation:
        yield f" {_text(operation['description'])}"
    yield "</p>"
    if operation["parameters"]:
        yield "<h4>Parameters</h4>" + _table(
            (
                f"<code>{escape(each['name'])}</code>{_star(each.get('required', False))}",
                f"{escape(each['in'])}: {_type(each['schema'])}",
                _text(each.get("description", "")),
            )
            for each in operation["parameters"]
        )
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        yield f"<h4>Body</h4><p>{_type(schema)}</p>"
        for example in _resolved(doc, schema).get("examples", ())[:1]:
            yield f"<pre tabindex='0'><code>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</code></pre>"
    yield "<h4>Answers</h4>" + _table(
        (f"<b class='s s{status[0]}'>{status}</b>", _content(response), _text(response["description"]))
        for status, response in operation["responses"].items()
    )
    yield "</article>"


def _content(response: Json) -> str:
    for media, content in response.get("content", {}).items():
        return _type(content["schema"]) if media == "application/json" else f"{escape(media)}"
    return "no body"


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f"<article id='schema-{escape(name)}'><h3><code>{escape(name)}</code></h3>"
    if "description" in schema:
        yield f"<p>{_text(schema['description'])}</p>"
    required = schema.get("required", ())
    if "properties" in schema:
        yield _table(
            (
                f"<code>{escape(field)}</code>{_star(field in required)}",
                _type(each),
                _text(each.get("description", "")),
            )
            for field, each in schema["properties"].items()
        )
    else:
        yield f"<p>{_type(schema)}</p>"
    yield "</article>"


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    body = "".join(f"<tr><th scope='row'>{name}</th><td>{type_}</td><td>{text}</td></tr>" for name, type_, text in rows)
    return f"<div class='wide' tabindex='0'><table><tbody>{body}</tbody></table></div>"


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f"<a href='#schema-{name}'>{name}</a>"
    if "allOf" in schema:
        return " and ".join(_type(each) for each in schema["allOf"])
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return escape(str(schema.get("format") or schema.get("type", "anything"))) + _bounds(schema)


def _bounds(schema: Json) -> str:
    said = [f"{low} to {high}" for low, high in [(schema.get("minimum"), schema.get("maximum"))] if high is not None]
    said += [f"up to {schema['maxLength']} characters"] if "maxLength" in schema else []
    bounds = f" ({', '.join(said)})" if said else ""
    return bounds + (f" <code class='p'>{escape(schema['pattern'])}</code>" if "pattern" in schema else "")


def _resolved(doc: Json, schema: Json) -> Json:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Json = doc["components"]["schemas"].get(name, schema)
    return found


def _star(required: bool) -> str:
    return " <abbr title='required'>*</abbr>" if required else ""


def _text(text: str) -> str:
    """Escaped, with `code` between backticks."""
    parts = escape(text).split("`")
    return "".join(part if number % 2 == 0 else f"<code>{part}</code>" for number, part in enumerate(parts))


def _breakable(path: str) -> str:
    return escape(path).replace("/", "/<wbr>")
