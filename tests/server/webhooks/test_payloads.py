"""Every type of event, from real runs on each store: what is documented is what is sent, and links are where they may
be. The examples in the documents and in ``/openapi.json`` are those of these runs."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest

from server.api.openapi import EXAMPLES, build
from server.api.routes import ROUTES
from server.store.sessions import Party
from server.webhooks.events import EVENTS, TYPES, frozen, masked, read, wanted
from signaling.session import Role
from tests.builders import NOON, Clock, booking, office
from tests.server.webhooks.examples import GUIDE, WRITE, as_json, in_guide, produce

LINKED = {"session.booked", "session.links"}


async def test_the_examples_are_what_a_real_run_gives(where: str) -> None:
    made = await produce(where)
    assert list(made) == list(TYPES), "every type, in the order of the table"
    assert EXAMPLES.read_text() == as_json(made), WRITE
    assert GUIDE.read_text() == in_guide(GUIDE.read_text(), made), WRITE
    for type_, body in made.items():
        assert read(json.dumps(body)).type == type_


async def test_every_stored_body_is_of_its_documented_model_and_its_row(where: str) -> None:
    await produce(where)
    document = build(ROUTES)
    async with office(where, Clock(NOON)) as o:
        rows = await o.rows("select stream, sequence, type, body from outbox order by stream, sequence")
    assert {row[2] for row in rows} == set(TYPES)
    last: dict[str, int] = {}
    for stream, sequence, type_, body in rows:
        told = json.loads(body)
        assert (told["type"], told["sequence"]) == (type_, sequence) == (type_, last.get(stream, 0) + 1)
        last[stream] = sequence
        content = document["webhooks"][type_]["post"]["requestBody"]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(told)
        assert read(body).model_dump_json() == body


async def test_links_are_in_the_two_types_for_them_and_masked_in_those(where: str) -> None:
    async with office(where, Clock(NOON - 60 * 60_000)) as o:
        await o.desk.book(booking())
        old = {role: o.desk.link(await o.desk.record("bk_1"), role) for role in Role}
        await o.desk.renew_links("bk_1", [Role.CLIENT])
        await o.desk.book(booking(client=Party("c_10", "Bea")))
        await o.desk.book(booking(client=Party("c_10", "Bea"), starts_at=NOON + 60_000))
        record = await o.desk.record("bk_1")
        new = {role: o.desk.link(record, role) for role in Role}
        bodies = await o.rows("select type, body from outbox order by sequence")
    told = [(type_, json.loads(body)["data"]) for type_, body in bodies]
    assert [type_ for type_, _ in told] == ["session.booked", "session.links", "session.links", "session.moved"]
    assert told[0][1]["session"]["links"] == {str(role): link for role, link in old.items()}
    assert told[1][1]["roles"] == told[2][1]["roles"] == ["client"]
    assert told[2][1]["session"]["links"] == {str(role): link for role, link in new.items()}
    assert new[Role.CLIENT] != old[Role.CLIENT]
    assert new[Role.EXPERT] == old[Role.EXPERT]
    for type_, body in bodies:
        shown = masked(body)
        assert ("#t=" in body) is (type_ in LINKED)
        assert not any(link in shown or link.partition("#t=")[2] in shown for link in (*old.values(), *new.values()))
        assert shown.count("#t=…") == body.count("#t=")
        assert json.loads(shown)["data"]["session"]["id"] == "bk_1"


async def test_whoever_writes_a_body_cannot_slip_a_link_into_another_type(where: str) -> None:
    async with office(where, Clock(NOON - 60 * 60_000)) as o:
        await o.desk.book(booking())
        ((body,),) = await o.rows("select body from outbox")
    session = json.loads(body)["data"]["session"]
    with pytest.raises(ValueError, match="links"):
        frozen("session.live", NOON, 2, {"session": session})
    with pytest.raises(ValueError, match="extra"):
        frozen("session.booked", NOON, 2, {"session": session, "note": "x"})


@pytest.mark.parametrize(
    ("filters", "gets"),
    [
        ((), set(TYPES)),
        (("refund.requested",), {"refund.requested"}),
        (("party.*", "endpoint.test"), {t for t in TYPES if t.startswith("party.")} | {"endpoint.test"}),
    ],
)
def test_filters_name_types_and_families(filters: tuple[str, ...], gets: set[str]) -> None:
    assert {type_ for type_ in TYPES if wanted(type_, filters)} == gets


def test_every_type_is_in_the_document_and_in_the_guide_with_an_example() -> None:
    document: Any = build(ROUTES)
    assert list(document["webhooks"]) == list(TYPES)
    guide = GUIDE.read_text()
    for kind in EVENTS:
        assert f"| `{kind.name}` |" in guide
        assert f"#### {kind.model.__name__}\n" in guide
        assert kind.model.__doc__
    assert not re.findall(r"#t=[A-Za-z0-9]", guide + EXAMPLES.read_text()), "no link that opens anything"
