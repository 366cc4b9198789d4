"""An example of every event, from real runs through the desk, and the two places that show them.

``produce`` plays the stories and takes each type's first event as it lies in the outbox, links masked. What is drawn by
lot in the program is drawn from a fixed lot here, so that the same program gives the same examples.
``python -m tests.server.webhooks.examples`` writes them where the service and the documents show them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import random
import re
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from server.api.openapi import EXAMPLES
from server.policy.money import Money
from server.policy.people import Category
from server.store.sessions import Party
from server.webhooks.events import EVENTS, Event, masked
from server.webhooks.signature import headers, new_secret, shown
from signaling.messages import ConsentCommand
from signaling.session import (
    MINUTE,
    Accept,
    Depart,
    HangUp,
    How,
    Join,
    MediaUp,
    Ms,
    Role,
    Whom,
)
from tests.builders import GUIDELINES, NOON, Clock, Office, booking, office

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
DAY = 24 * 60 * MINUTE
GUIDE = Path(__file__).parents[3] / "docs" / "webhooks.md"
WRITE = "python -m tests.server.webhooks.examples"


async def produce(where: str) -> dict[str, dict[str, Any]]:
    """By type, in the order of the table."""
    with _one_lot():
        async with office(where, Clock(NOON - DAY)) as o:
            await _whole_session(o)
            await _other_ends(o)
            await _persons(o)
            await _connections(o)
            found = await o.rows(
                "select type, body from outbox order by case stream when 'bk_812' then 0 else 1 end, "
                "created_at, stream, sequence"
            )
    first: dict[str, dict[str, Any]] = {}
    for type_, body in found:
        first.setdefault(type_, json.loads(masked(body)))
    return {kind.name: first[kind.name] for kind in EVENTS if kind.name in first}


# --- the stories ------------------------------------------------------------------------------------------------------


async def _whole_session(o: Office) -> None:
    """One that has nearly everything: moved, late, dropped, with consent, left early, refunded after a dispute."""
    id_, desk, clock = "bk_812", o.desk, o.clock
    parties = {
        "client": Party("c_9", "Ada Client", "ada@example.com", "Europe/Berlin", "de", "DE", (("plan", "gold"),)),
        "expert": Party("e_4", "Max Expert", "max@example.com"),
    }
    await desk.book(booking(id_, starts_at=NOON - 30 * MINUTE, **parties))
    await desk.renew_links(id_, [CLIENT])
    await desk.book(booking(id_, **parties, by=Whom.CLIENT))
    await desk.report(id_, Join(CLIENT, "join-c-01"), clock.at(-2))
    clock.at(1.1)
    await desk.wake(id_)
    await desk.report(id_, Join(EXPERT, "join-e-01"), clock.at(3))
    await desk.report(id_, MediaUp(), clock.now)
    await _consents(o, id_)
    await desk.report(id_, Depart(EXPERT, "join-e-01", How.CONNECTION, clock.at(8)), clock.now)
    await desk.report(id_, Join(EXPERT, "join-e-02"), clock.at(8.5))
    clock.at(20)
    await desk.wake(id_)
    await desk.report(id_, HangUp(EXPERT), clock.at(24))
    await desk.request_refund(id_, CLIENT, Money(2000, "USD"))
    clock.at(60)
    await desk.decide_refund(id_, "declined", None, "The session was held for the most part.")
    clock.at(120)
    await desk.dispute(id_, CLIENT, "Six minutes were missing.")
    clock.at(180)
    await desk.decide_refund(id_, "approved", Money(2000, "USD"), None)
    await desk.refund_settled(id_, "re_3Qk9")


async def _consents(o: Office, id_: str) -> None:
    for number, answer in enumerate(("give", "refuse")):
        ask = ConsentCommand(
            command_id=f"ask{number}", act="ask", scope="audio", purpose="my own notes", request=None, name=None
        )
        at = o.clock.at(4 + number)
        _, all_ = await o.desk.consent(id_, CLIENT, ask, at)
        request = all_[-1].id
        name = "Max Expert" if answer == "give" else None
        said = ConsentCommand.model_validate(
            {"command_id": f"say{number}", "act": answer, "request": request, "name": name}
        )
        await o.desk.consent(id_, EXPERT, said, at + 10_000)
        if answer == "give":
            back = ConsentCommand(command_id="back", act="withdraw", request=request)
            await o.desk.consent(id_, EXPERT, back, at + 30_000)


async def _other_ends(o: Office) -> None:
    """Cancelled, declined, claimed afterwards, and never asked for."""
    desk, clock, start = o.desk, o.clock, NOON + DAY
    clock.now = start - 60 * MINUTE
    await desk.book(booking("bk_813", starts_at=start))
    await desk.cancel("bk_813", Whom.CLIENT)
    await desk.book(booking("bk_814", starts_at=start, accepted=()))
    clock.now = start - 5 * MINUTE
    await desk.report("bk_814", Accept(EXPERT, GUIDELINES, accepted=False), clock.now)
    await desk.cancel("bk_814", Whom.OPERATOR)
    await _held(o, "bk_815", start, "c_9")
    await desk.claim_cause("bk_815", CLIENT, "no_media", "I could not hear anything.")
    await _held(o, "bk_816", start + DAY, "c_9", by=EXPERT)
    clock.now = start + 16 * DAY
    await desk.sweep()


async def _persons(o: Office) -> None:
    """Ratings and complaints, a sanction that comes with the fifth, is appealed against, and lifted."""
    desk, start = o.desk, NOON + 30 * DAY
    tickets = []
    for number in range(5):
        id_ = f"bk_82{number}"
        await _held(o, id_, start + number * 60 * MINUTE, f"c_2{number}", expert=Party("e_7", "Kim Expert"))
        tickets.append(await desk.complain(id_, CLIENT, Category.CONDUCT, "Was shouted at."))
    await desk.rate("bk_820", CLIENT, 2, ("unprepared",), None)
    rating = next(iter((await desk.standing("e_7")).file.dossier.ratings))
    await desk.void_rating(rating, "key_1", "Given to the wrong person.")
    sanction = next(iter((await desk.standing("e_7")).file.dossier.sanctions))
    await desk.appeal("bk_820", EXPERT, sanction, "I never raised my voice.")
    await desk.decide_complaint(tickets[0], "uphold", "key_1", "It can be heard from both accounts.")
    await desk.decide_complaint(tickets[1], "dismiss", "key_1", "Unfounded.")
    await desk.decide_complaint(tickets[2], "recategorise", "key_1", "It is about the price.", Category.OTHER)


async def _connections(o: Office) -> None:
    """A booking that comes by a source and cannot be, and a test of an endpoint."""

    async def reachable(url: str) -> None:
        """Nothing is sent here."""

    o.desk.endpoints.vet = reachable
    endpoint, _ = await o.desk.endpoints.create("https://shop.example/hooks/headstrt", (), None, "key_1")
    await o.desk.endpoints.test(endpoint.id)
    key = new_secret()
    await o.desk.sources.create(
        "shop", "standard", shown(key), fee=None, wait_for_payment=False, late_by=60 * MINUTE, who="key_1"
    )
    now = o.clock.now
    one = {"id": "e_7", "name": "Kim Expert"}
    data = {"id": "bk_830", "starts_at": "2027-02-01T12:00:00Z", "duration_minutes": 30, "client": one, "expert": one}
    raw = json.dumps({"type": "booking.created", "timestamp": "2026-12-22T16:20:00Z", "data": data}).encode()
    await o.desk.take("shop", headers("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", now // 1000, raw, [key]), raw)


async def _held(o: Office, id_: str, start: Ms, client: str, *, by: Role = CLIENT, **changes: Any) -> None:
    """Both came, and ``by`` ended it after twenty minutes."""
    o.clock.now = start - 5 * MINUTE
    await o.desk.book(booking(id_, starts_at=start, client=Party(client, "Ada Client"), **changes))
    for role in Role:
        await o.desk.report(id_, Join(role, f"{id_}-{role}"), start)
    o.clock.now = start
    await o.desk.report(id_, MediaUp(), start)
    o.clock.now = start + 20 * MINUTE
    await o.desk.report(id_, HangUp(by), o.clock.now)


@contextlib.contextmanager
def _one_lot() -> Iterator[None]:
    numbers, dice = itertools.count(), random.Random(812)

    def token_bytes(count: int = 32) -> bytes:
        return hashlib.shake_256(f"lot {next(numbers)}".encode()).digest(count)

    with (
        mock.patch.object(secrets, "token_bytes", token_bytes),
        mock.patch.object(secrets, "token_hex", lambda count=32: token_bytes(count).hex()),
        mock.patch.object(secrets, "choice", dice.choice),
    ):
        yield


# --- where they are shown ---------------------------------------------------------------------------------------------


def as_json(examples: dict[str, dict[str, Any]]) -> str:
    return json.dumps(examples, indent=1, ensure_ascii=False) + "\n"


def in_guide(guide: str, examples: dict[str, dict[str, Any]]) -> str:
    """The guide with its section on events anew; all else in it is left alone."""
    before, heading, rest = guide.partition("## Events\n")
    assert heading, "the section is gone"
    after = re.search(r"^## ", rest, flags=re.M)
    intro = rest.partition("\n### The types\n")[0]
    return f"{before}{heading}{intro}\n{_section(examples)}{rest[after.start() :] if after else ''}"


def _section(examples: dict[str, dict[str, Any]]) -> str:
    lines = ["### The types", "", "| type | when | payload |", "|---|---|---|"]
    lines += [
        f"| `{kind.name}` | {kind.when} | [{_name(kind.model)}](#{_name(kind.model).lower()}) |" for kind in EVENTS
    ]
    lines += ["", "### The payloads", ""]
    for model in dict.fromkeys(kind.model for kind in EVENTS):
        names = [kind.name for kind in EVENTS if kind.model is model]
        example = examples[names[0]]
        if names[0] != "session.booked":
            example = _abridged(example)
        lines += [f"#### {_name(model)}", "", " ".join((model.__doc__ or "").split()), ""]
        lines += _fields(model)
        lines += ["```json", json.dumps(example, indent=2, ensure_ascii=False), "```", ""]
    return "\n".join(lines) + "\n"


def _fields(model: type[Event]) -> list[str]:
    about: Any = model.model_fields["data"].annotation
    said = [f"- `data.{name}`: {each.description}" for name, each in about.model_fields.items() if each.description]
    return [*said, ""] if said else []


def _abridged(event: dict[str, Any]) -> dict[str, Any]:
    session = event["data"].get("session")
    if not isinstance(session, dict):
        return event
    kept = {"id": session["id"], "status": session["status"], "version": session["version"]}
    kept |= {key: session[key] for key in ("links", "end", "refund") if session.get(key)}
    return {**event, "data": {**event["data"], "session": {**kept, "…": "…"}}}


def _name(model: type[Event]) -> str:
    return model.__name__


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        examples = await produce(f"sqlite:///{folder}/examples.db")
    EXAMPLES.write_text(as_json(examples))
    GUIDE.write_text(in_guide(GUIDE.read_text(), examples))


if __name__ == "__main__":
    asyncio.run(_write())
