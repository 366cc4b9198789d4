"""Commands that write while a server may be running.

SQLite has one writer, in one process. If nobody holds the database, the command opens it itself under the lock; if a
server does, the command asks that server over a unix socket beside the database, which only the same user can open.
PostgreSQL takes several writers: the command always writes by itself. Either way the desk does the work.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from server.config import Settings
from server.desk import Desk, Rules
from server.desk.operators import COMMAND
from server.policy.terms import Terms
from server.store import homes
from server.store.database import Locked, open_database
from server.store.keys import Key
from server.store.migrate import ready
from server.store.sealing import derive_sealing_key
from signaling.errors import HeadstrtError, NotFound, UserError
from signaling.messages import to_rfc3339

M = TypeVar("M", bound=BaseModel)

_LOOK = 1.0
_LONGEST = 100  # a unix socket's path has room for 107 bytes


def socket_path(database: Path) -> Path:
    """Where the server of this database takes commands."""
    beside = Path(f"{database.absolute()}.sock")
    if len(os.fsencode(beside)) <= _LONGEST:
        return beside
    digest = hashlib.sha256(os.fsencode(beside)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"headstrt-{os.getuid()}-{digest}.sock"


def key_document(key: Key, secret: str | None = None) -> dict[str, Any]:
    """A key as both ways show it; ``secret`` only when it was just made."""
    document: dict[str, Any] = {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "created_at": to_rfc3339(key.created_at),
        "revoked_at": to_rfc3339(key.revoked_at) if key.revoked_at is not None else None,
    }
    return document if secret is None else {**document, "secret": secret}


async def call(settings: Settings, act: str, **arguments: Any) -> dict[str, Any]:
    """Do one of ``_do``'s acts here or in the running server. ``HeadstrtError`` if it is refused."""
    database = open_database(settings.database_url)
    try:
        await ready(database)
    except Locked:
        if database.shared:
            raise OSError("the running server is of another version, which has another schema") from None
        return await _ask(socket_path(Path(database.url.database or "")), act, arguments)
    try:
        sealing_key = derive_sealing_key(settings.secret) if settings.secret else b""
        rules = Rules(Terms(), settings.guidelines_version, settings.origin, b"", settings.api_key, sealing_key)
        return await _do(Desk(database, rules, lambda: time.time_ns() // 1_000_000), act, arguments)
    finally:
        await database.close()


async def drain(
    settings: Settings, name: str, within: int, say: Callable[[str], None], *, wait: bool
) -> dict[str, Any]:
    """Have a node take no more; ``wait`` until nothing lives on it. ``NotFound`` when there is none of that name."""
    database = open_database(settings.database_url)
    if not database.shared:
        raise OSError("one server alone has nobody to hand over to: stop it, and its pages come back by themselves")
    await database.start(alone=False)
    try:
        if not await database.write(lambda c: homes.drain(c, name, within * 1000)):
            raise NotFound(f"No node that is alive is called {name}.", code="no_such_node")
        say(f"{name} takes no more")
        while wait:
            async with database.read() as connection:
                left = [node for node in await homes.living(connection) if node.name == name]
            if not any(node.load for node in left):
                say(f"{name} is empty")
                break
            await asyncio.sleep(_LOOK)
    finally:
        await database.close()
    return {}


async def ask_for_backup(path: Path, to: Path) -> None:
    """Have the server at this socket write a backup. ``HeadstrtError`` if it cannot."""
    await _ask(path, "backup", {"to": str(to)})


async def _do(desk: Desk, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
    if act == "create":
        key, secret = await desk.create_key(arguments["name"], arguments["scopes"])
        return key_document(key, secret)
    if act == "revoke":
        await desk.revoke_key(arguments["key_id"])
        return {}
    if act == "rotate-signing":
        return {"kid": (await desk.signing.rotate()).kid}
    if act.endswith(("-operator", "-operators")):
        return await _operate(desk, act, arguments)
    return {"data": [key_document(key) for key in await desk.keys()]}


async def _operate(desk: Desk, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Accounts, in the shapes that the running server answers with."""
    from server.api.operators import OperatorBody, OperatorList, made, shown

    operators, origin = desk.operators, desk.rules.origin
    answer: BaseModel
    if act == "add-operator":
        given = parsed(OperatorBody, arguments)
        answer = made(*await operators.add(given.name, given.role, COMMAND), origin)
    elif act == "reset-operator":
        answer = made(*await operators.reset(arguments["operator"], COMMAND), origin)
    elif act == "revoke-operator":
        answer = shown(await operators.revoke(arguments["operator"], COMMAND))
    else:
        answer = OperatorList(data=tuple(shown(each) for each in await operators.every()))
    document: dict[str, Any] = answer.model_dump(mode="json")
    return document


def parsed(model: type[M], arguments: dict[str, Any]) -> M:
    """What the command line was given. ``UserError`` in words, as the running server would say it."""
    try:
        return model.model_validate_json(json.dumps(arguments))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError("invalid", f"{where}: {first['msg']}", status=422) from None


async def _ask(path: Path, act: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        if (await asyncio.to_thread(path.stat)).st_uid != os.getuid():
            raise PermissionError(f"{path} belongs to another user")
    except FileNotFoundError:
        raise OSError("another process has the database open, and takes no commands; try again in a moment") from None
    method, url = {
        "create": ("POST", "/keys"),
        "list": ("GET", "/keys"),
        "revoke": ("DELETE", f"/keys/{arguments.get('key_id')}"),
        "rotate-signing": ("POST", "/signing/rotate"),
        "backup": ("POST", "/backup"),
        "add-operator": ("POST", "/operators"),
        "list-operators": ("GET", "/operators"),
        "reset-operator": ("POST", "/operators/reset"),
        "revoke-operator": ("POST", "/operators/revoke"),
    }[act]
    body = arguments if method == "POST" and arguments else None
    connector = aiohttp.UnixConnector(str(path))
    timeout = aiohttp.ClientTimeout(None if act == "backup" else 300)  # a backup takes what it takes
    async with (
        aiohttp.ClientSession("http://control", connector=connector, timeout=timeout) as http,
        http.request(method, url, json=body) as answer,
    ):
        document: dict[str, Any] = await answer.json() if answer.status != 204 else {}
        if answer.status >= 400:
            raise HeadstrtError(document.get("code", "refused"), document.get("detail", "the server refused"))
        return document
