"""The doors to persons: who may open which, what they take, what they show and to whom."""

from __future__ import annotations

from typing import Any

import pytest

from server.api.problems import Problem
from server.standing import ComplaintAnswer, PersonAnswer, SanctionAnswer
from signaling.ledger import Entry, verify
from signaling.messages import View
from signaling.session import MINUTE, HangUp, Join, MediaUp, Role
from tests.builders import NOON
from tests.server.api.conftest import World
from tests.server.api.test_sessions import refused

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT
DAY = 24 * 60 * MINUTE
WHY = {"reason": "I have heard both"}


async def held(world: World, id_: str = "bk_1", client: str = "c_9", by: Role = CLIENT, late: int = 0) -> None:
    """A session at noon that ``by`` ended after ten minutes, the expert so many minutes late."""
    world.clock.now = NOON
    await world.book(id_, client={"id": client, "name": f"Name of {client}"})
    desk = world.office.desk
    await desk.report(id_, Join(CLIENT, f"{id_}-client"), NOON)
    await desk.report(id_, Join(EXPERT, f"{id_}-expert"), NOON + late * MINUTE)
    await desk.report(id_, MediaUp(), NOON + late * MINUTE)
    world.clock.now = NOON + 10 * MINUTE
    await desk.report(id_, HangUp(by), world.clock.now)


async def post(world: World, path: str, key: str, expect: int = 200, **body: Any) -> dict[str, Any]:
    response = await world.call("POST", path, key, json=body)
    assert response.status == expect, await response.text()
    return dict(await response.json())


async def get(world: World, path: str, key: str = "environment-key") -> dict[str, Any]:
    response = await world.call("GET", path, key)
    assert response.status == 200, await response.text()
    return dict(await response.json())


async def five_complaints(world: World, category: str = "conduct") -> list[str]:
    """P2.3, through the doors of the parties; the tickets."""
    tickets = []
    for n in range(5):
        await held(world, f"bk_{n}", f"c_{n}")
        told = await post(
            world, "/v1/me/complaints", await world.token(CLIENT, f"bk_{n}"), 201, category=category, text=f"words {n}"
        )
        tickets.append(told["ticket"])
    return tickets


# --- looking ----------------------------------------------------------------------------------------------------------


async def test_P1_5_P1_6_a_standing_explains_every_slot_and_the_factor(world: World) -> None:
    for n in range(5):
        await held(world, f"bk_{n}", f"c_{n}", late=9 if n == 0 else 0)
    await post(world, "/v1/sessions/bk_1/excuse", "environment-key", 409, **WHY)
    world.clock.now = NOON + DAY
    person = PersonAnswer.model_validate(await get(world, "/v1/people/e_4"), strict=False)
    counted = {slot.session: (slot.score_bps, slot.weight) for slot in person.punctuality.counted}
    assert counted == {"bk_0": (1111, 1), **{f"bk_{n}": (10_000, 1) for n in range(1, 5)}}
    assert person.punctuality.bps == 8_222
    assert (person.fee_factor.bps, person.fee_factor.rules) == (9_500, ("P1.5", "P1.6"))
    assert [(r.rule, r.bps, r.why, r.of) for r in person.fee_factor.reasons] == [
        ("P1.6", -500, "row", ("7000", "9500"))
    ]
    assert (person.badge, person.bookable.expert) == (False, True)
    assert (await get(world, f"/v1/people/{person.pseudonym}"))["id"] == "e_4"  # either name will do
    await refused(await world.call("GET", "/v1/people/nobody"), 404, "person_not_found")


async def test_P2_1_operators_see_what_is_hidden_and_that_it_is(world: World) -> None:
    await held(world)
    token, other = await world.token(CLIENT), await world.token(EXPERT)
    view = await post(world, "/v1/me/rating", token, stars=2, tags=["unclear"], text="HIDDEN")
    assert view["afterwards"]["rating"]["stars"] == 2
    assert "HIDDEN" not in str(await get(world, "/v1/me", other))
    await refused(await world.call("POST", "/v1/me/rating/answer", other, json={"text": "x"}), 404, "not_found")
    (rating,) = (await get(world, "/v1/people/e_4"))["ratings"]["data"]
    assert (rating["text"], rating["by"]["id"], rating["hidden_until"]) == (
        "HIDDEN",
        "c_9",
        "2026-11-29T12:10:00.000Z",
    )
    assert (await get(world, "/v1/people/e_4"))["ratings"]["as_expert"] is None  # it does not count yet
    await post(world, "/v1/me/rating", other, stars=5)
    shown = await get(world, "/v1/people/e_4")
    assert (shown["ratings"]["data"][0]["hidden_until"], shown["ratings"]["as_expert"]) == (
        None,
        {"count": 1, "mean": 2.0},
    )
    await post(world, "/v1/me/rating/answer", other, text="thank you")
    voided = await post(world, f"/v1/ratings/{rating['id']}/void", "environment-key", **WHY)
    assert voided["voided"]["by"] == "environment"
    assert voided["voided"]["reason"] == WHY["reason"]
    again = await world.call("POST", f"/v1/ratings/{rating['id']}/void", json=WHY)
    await refused(again, 409, "already_voided")
    assert (await get(world, "/v1/people/e_4"))["ratings"]["as_expert"] is None


async def test_a_key_that_may_only_book_sees_why_and_nobodys_words(world: World) -> None:
    await five_complaints(world)
    key = await world.key("sessions")
    response = await world.call("PUT", "/v1/sessions/bk_new", key, json=booking_of(world))
    await refused(response, 409, "party_sanctioned")  # P2.6
    person = await get(world, "/v1/people/e_4", key)
    (sanction,) = person["sanctions"]
    assert (person["bookable"], sanction["basis"], sanction["in_force"]) == (
        {"client": True, "expert": False},
        "conduct",
        True,
    )
    assert (person["complaints"], person["signals"]) == (None, None)
    assert "words" not in str(person)
    assert len((await get(world, "/v1/people/e_4", await world.key("read")))["complaints"]) == 5
    for path in ("/v1/people", "/v1/complaints", "/v1/sanctions", "/v1/audit"):
        await refused(await world.call("GET", path, key), 403, "insufficient_scope")


def booking_of(world: World) -> dict[str, Any]:
    from tests.server.api.conftest import body

    return body(starts_at="2026-11-25T12:00:00Z", client={"id": "c_x", "name": "New Client"})


async def test_looking_is_not_acting(world: World) -> None:
    (ticket, *_) = await five_complaints(world)
    (sanction,) = (await get(world, "/v1/sanctions"))["data"]
    acts = [
        (f"/v1/complaints/{ticket}/uphold", WHY),
        (f"/v1/complaints/{ticket}/dismiss", WHY),
        (f"/v1/complaints/{ticket}/recategorise", {"category": "other", **WHY}),
        (f"/v1/sanctions/{sanction['id']}/lift", WHY),
        (f"/v1/sanctions/{sanction['id']}/confirm", WHY),
        (f"/v1/sanctions/{sanction['id']}/appeal", {"text": "x"}),
        (f"/v1/sanctions/{sanction['id']}/appeal/decision", {"decision": "granted", **WHY}),
        ("/v1/people/e_4/sanctions", {"measure": "permanent", "roles": ["expert"], "law": "DE", **WHY}),
        ("/v1/sessions/bk_0/revise", {"expert": {"attendance": "on_time"}, **WHY}),
        ("/v1/sessions/bk_0/excuse", WHY),
        ("/v1/ratings/rt_1/void", WHY),
    ]
    for scopes in (["read"], ["sessions", "endpoints"]):
        key = await world.key(*scopes)
        for path, body in acts:
            await refused(await world.call("POST", path, key, json=body), 403, "insufficient_scope")
    token = await world.token(EXPERT, "bk_0")
    for path, body in acts[:9]:  # the tenth wrong one shuts the address out
        await refused(await world.call("POST", path, token, json=body), 401, "unauthorized")
    assert (await get(world, "/v1/audit"))["data"] == []


async def test_lists_are_paged_sorted_and_filtered(world: World) -> None:
    tickets = await five_complaints(world, "deception")
    await post(world, f"/v1/complaints/{tickets[2]}/uphold", "environment-key", **WHY)
    found, cursor = [], ""
    for _ in range(4):
        page = await get(world, f"/v1/complaints?limit=2{cursor}")
        found += [each["id"] for each in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(found) == sorted(tickets)
    assert len(found) == 5
    upheld = (await get(world, "/v1/complaints?status=upheld&category=deception&accused=e_4"))["data"]
    assert [each["id"] for each in upheld] == [tickets[2]]
    assert upheld[0]["counting"] == {"complainants": 5, "threshold": 5}
    assert (await get(world, "/v1/complaints?accused=c_1"))["data"] == []
    people = []
    cursor = ""
    for _ in range(10):
        page = await get(world, f"/v1/people?sort=complaints&limit=1{cursor}")
        people += [(each["id"], each["complaints"], each["sanctioned"]) for each in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert people[0] == ("e_4", 5, True)
    assert {each[0] for each in people} == {"e_4", *(f"c_{n}" for n in range(5))}
    assert len(people) == 6
    for sort in ("punctuality", "factor"):
        experts = (await get(world, f"/v1/people?role=expert&sort={sort}"))["data"]
        assert [each["id"] for each in experts] == ["e_4"]
    assert len((await get(world, "/v1/sanctions?open=true"))["data"]) == 1
    assert (await get(world, "/v1/sanctions?open=false"))["data"] == []
    for wrong in ("/v1/complaints?status=odd", "/v1/people?sort=name", "/v1/sanctions?open=1", "/v1/audit?after=x"):
        await refused(await world.call("GET", wrong), 422, "invalid")
    await refused(await world.call("GET", "/v1/people?cursor=bm8"), 422, "invalid")


# --- acting -----------------------------------------------------------------------------------------------------------


async def test_P2_3_P2_5_P2_9_the_count_to_five_and_back(world: World) -> None:
    tickets = await five_complaints(world)
    mine = ComplaintAnswer.model_validate((await get(world, "/v1/complaints"))["data"][0], strict=False)
    assert (mine.counts, mine.counting.complainants, mine.counting.threshold) == (True, 5, 5)
    assert (mine.accused.id, mine.by.id[:2], mine.text and mine.text[:5]) == ("e_4", "c_", "words")
    (sanction,) = (await get(world, "/v1/sanctions"))["data"]
    told = SanctionAnswer.model_validate(sanction, strict=False)
    assert (told.measure, told.rules, told.by, set(told.complaints)) == (
        "suspension",
        ("P2.3", "P2.4"),
        None,
        set(tickets),
    )
    moved = await post(world, f"/v1/complaints/{tickets[0]}/recategorise", "environment-key", category="other", **WHY)
    assert (moved["category"], moved["filed_as"], moved["acts"][0]["act"]) == ("other", "conduct", "recategorised")
    lifted = (await get(world, "/v1/sanctions"))["data"][0]["lifted"]
    assert (lifted["why"], lifted["by"]) == ("dismissals", None)
    again = await world.call("POST", f"/v1/complaints/{tickets[0]}/recategorise", json={"category": "other", **WHY})
    await refused(again, 409, "same_category")
    for act, code in (("uphold", "already_upheld"), ("dismiss", "already_dismissed")):
        await post(world, f"/v1/complaints/{tickets[1]}/{act}", "environment-key", **WHY)
        await refused(await world.call("POST", f"/v1/complaints/{tickets[1]}/{act}", json=WHY), 409, code)
    await refused(await world.call("POST", "/v1/complaints/T-NONE/uphold", json=WHY), 404, "complaint_not_found")


async def test_P2_7_an_appeal_by_the_person_or_by_letter_and_its_decision(world: World) -> None:
    await five_complaints(world)
    (sanction,) = (await get(world, "/v1/sanctions"))["data"]
    id_ = sanction["id"]
    undecided = {"decision": "granted", **WHY}
    await refused(await world.call("POST", f"/v1/sanctions/{id_}/appeal/decision", json=undecided), 409, "not_appealed")
    client = await world.token(CLIENT, "bk_0")
    body = {"sanction": id_, "text": "not mine"}
    await refused(await world.call("POST", "/v1/me/appeal", client, json=body), 404, "not_found")
    expert = await world.token(EXPERT, "bk_0")
    view = View.model_validate(await post(world, "/v1/me/appeal", expert, sanction=id_, text="I ask you"), strict=False)
    assert view.afterwards is not None
    assert view.afterwards.sanctions[0].appeal == "pending"
    letter = await world.call("POST", f"/v1/sanctions/{id_}/appeal", json={"text": "a letter"})
    await refused(letter, 409, "already_appealed")
    (waiting,) = (await get(world, "/v1/sanctions?open=true"))["data"]
    assert (waiting["appeal"]["status"], waiting["appeal"]["text"]) == ("pending", "I ask you")
    decided = await post(world, f"/v1/sanctions/{id_}/appeal/decision", "environment-key", **undecided)
    assert (decided["appeal"]["status"], decided["lifted"]["why"], decided["in_force"]) == ("granted", "appeal", False)
    again = await world.call("POST", f"/v1/sanctions/{id_}/appeal/decision", json=undecided)
    await refused(again, 409, "already_decided")
    await refused(await world.call("POST", f"/v1/sanctions/{id_}/lift", json=WHY), 409, "sanction_over")
    await refused(await world.call("POST", "/v1/sanctions/sn_none/lift", json=WHY), 404, "sanction_not_found")


async def test_P4_1_an_operators_own_sanction(world: World) -> None:
    await world.book()
    body = {"measure": "suspension", "roles": ["expert"], "until": "2026-12-24T00:00:00Z", "law": "DE", **WHY}
    made = await post(world, "/v1/people/e_4/sanctions", "environment-key", 201, **body)
    assert (made["law"], made["by"], made["reason"], made["basis"]) == (
        "DE",
        "environment",
        WHY["reason"],
        "operator",
    )
    answer = await get(world, "/v1/sessions/bk_1")
    assert (answer["status"], answer["end"]["by"], answer["refund"]["status"]) == (
        "cancelled",
        "platform",
        "requested",
    )
    for wrong in (
        {**body, "law": "Germany"},
        {**body, "roles": []},
        {**body, "reason": " "},
        {**body, "reason": "x" * 2001},
        {**body, "measure": "fine"},
        {key: value for key, value in body.items() if key != "law"},
    ):
        await refused(await world.call("POST", "/v1/people/e_4/sanctions", json=wrong), 422, "invalid")
    for until in ("2026-01-01T00:00:00Z", None):
        response = await world.call("POST", "/v1/people/e_4/sanctions", json={**body, "until": until})
        await refused(response, 422, "bad_until")
    await refused(await world.call("POST", "/v1/people/nobody/sanctions", json=body), 404, "person_not_found")
    by_letter = await post(world, f"/v1/sanctions/{made['id']}/appeal", "environment-key", 201, text="by letter")
    assert by_letter["appeal"]["text"] == "by letter"
    refusal = await post(
        world, f"/v1/sanctions/{made['id']}/appeal/decision", "environment-key", decision="refused", **WHY
    )
    assert (refusal["appeal"]["status"], refusal["in_force"]) == ("refused", True)
    response = await world.call("POST", f"/v1/sanctions/{made['id']}/confirm", json=WHY)
    await refused(response, 409, "nothing_to_confirm")


async def test_P1_8_P3_15_excuse_contest_and_revise(world: World) -> None:
    await world.book()
    await refused(await world.call("POST", "/v1/sessions/bk_1/excuse", json=WHY), 409, "not_settled")
    await held(world, late=5)
    token = await world.token(EXPERT)
    view = await post(world, "/v1/me/contest", token, text="the server was down")
    assert view["afterwards"]["contested"] is True
    (contest,) = (await get(world, "/v1/people/e_4"))["contests"]
    assert (contest["session"], contest["text"], contest["waiting"]) == ("bk_1", "the server was down", True)
    answer = await post(world, "/v1/sessions/bk_1/excuse", "environment-key", **WHY)
    assert answer["expert"]["attendance"] == "late"  # what happened stays what happened
    person = await get(world, "/v1/people/e_4")
    assert person["contests"][0]["waiting"] is False
    assert person["excuses"][0]["by"] == "environment"
    revised = await post(
        world,
        "/v1/sessions/bk_1/revise",
        "environment-key",
        client={"attendance": "late", "lateness_seconds": 90},
        refund_max={"amount": 700, "currency": "USD"},
        **WHY,
    )
    assert (revised["client"]["attendance"], revised["client"]["lateness_seconds"]) == ("late", 90.0)
    assert (revised["refund"]["status"], revised["refund"]["max"]["amount"]) == ("eligible", 700)
    for wrong in (
        {"client": {"attendance": "late"}, **WHY},
        {"client": {"attendance": "on_time", "lateness_seconds": 9}, **WHY},
        {"client": {"attendance": "absent"}, **WHY},
        {"client": {}, **WHY},
        {"refund_max": {"amount": 5, "currency": "USD"}},
    ):
        await refused(await world.call("POST", "/v1/sessions/bk_1/revise", json=wrong), 422, "invalid")
    await refused(await world.call("POST", "/v1/sessions/bk_1/revise", json=WHY), 422, "nothing_revised")
    none = await world.call("POST", "/v1/sessions/none/revise", json={"expert": {"attendance": None}, **WHY})
    await refused(none, 404, "session_not_found")


async def test_P2_7_the_operators_log_verifies_from_outside(world: World) -> None:
    tickets = await five_complaints(world)
    key = await world.key("moderation")
    for ticket in tickets[:3]:
        await post(world, f"/v1/complaints/{ticket}/uphold", key, **WHY)
    await post(world, "/v1/sessions/bk_0/excuse", key, 409, **WHY)  # refused, so not an act
    page = await get(world, "/v1/audit?limit=2")
    rest = await get(world, f"/v1/audit?cursor={page['next_cursor']}")
    data = page["data"] + rest["data"]
    assert verify("audit", [Entry(e["seq"], e["data"], e["hash"]) for e in data]) == data[-1]["hash"]
    assert [(e["act"], e["subject"], e["reason"]) for e in data] == [
        ("complaint.uphold", ticket, WHY["reason"]) for ticket in tickets[:3]
    ]
    assert {e["who"] for e in data} != {"environment"}
    assert len((await get(world, "/v1/audit?after=1"))["data"]) == 2
    assert len((await get(world, f"/v1/audit?subject={tickets[1]}"))["data"]) == 1
    assert (await get(world, "/v1/audit?who=environment"))["data"] == []


# --- a party's word ---------------------------------------------------------------------------------------------------


async def test_P3_17_P3_12_a_cause_and_a_dispute(world: World) -> None:
    await held(world)
    token = await world.token(CLIENT)
    view = await post(world, "/v1/me/cause", token, cause="not_the_person", text="somebody else")
    assert (view["refund"]["status"], view["may"]["claim"]) == ("review", False)
    decision = {"decision": "approved", "amount": {"amount": 6000, "currency": "USD"}}
    await post(world, "/v1/sessions/bk_1/refund/decision", "environment-key", **decision)
    await post(world, "/v1/me/refund", token)
    await post(world, "/v1/sessions/bk_1/refund/decision", "environment-key", decision="declined", note="after all, no")
    view = await post(world, "/v1/me/dispute", token, text="you had agreed")
    assert view["refund"]["status"] == "disputed"
    await refused(await world.call("POST", "/v1/me/dispute", token, json={}), 409, "already_disputed")
    await refused(
        await world.call("POST", "/v1/me/cause", await world.token(EXPERT), json={"cause": "other"}), 403, "not_yours"
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("rating", {"stars": 6}),
        ("rating", {"stars": 0}),
        ("rating", {"stars": "5"}),
        ("rating", {"stars": 5, "text": "x" * 4001}),
        ("rating", {"stars": 5, "tags": ["Not A Tag"]}),
        ("rating", {"stars": 5, "tags": ["kind"] * 9}),
        ("rating/answer", {"text": ""}),
        ("rating/answer", {"text": " \n "}),
        ("complaints", {"category": "rude"}),
        ("complaints", {"category": "conduct", "text": "x\x00"}),
        ("complaints", {"category": "conduct", "who": "c_9"}),
        ("cause", {"cause": "bored"}),
        ("dispute", {"text": 5}),
        ("appeal", {"text": "x"}),
        ("appeal", {"sanction": "../x", "text": "x"}),
        ("contest", {}),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_its_path(world: World, path: str, body: dict[str, Any]) -> None:
    await world.book()
    response = await world.call("POST", f"/v1/me/{path}", await world.token(CLIENT), json=body)
    problem = Problem.model_validate_json(await response.text())
    assert (response.status, problem.code) == (422, "invalid")
    assert problem.errors


async def test_before_anything_was_held_there_is_nothing_to_say(world: World) -> None:
    await world.book()
    token = await world.token(EXPERT)
    for path, body, code in (
        ("rating", {"stars": 5}, "never_met"),
        ("complaints", {"category": "conduct"}, "session_not_met"),
        ("contest", {"text": "x"}, "not_settled"),
    ):
        await refused(await world.call("POST", f"/v1/me/{path}", token, json=body), 409, code)
    claim = await world.call("POST", "/v1/me/cause", await world.token(CLIENT), json={"cause": "no_media"})
    await refused(claim, 409, "session_not_over")


async def test_a_partys_words_have_a_pace(world: World) -> None:
    await held(world)
    token = await world.token(CLIENT)
    for _ in range(60):
        await world.call("POST", "/v1/me/complaints", token, json={"category": "other"})
    response = await world.call("POST", "/v1/me/rating", token, json={"stars": 5})
    await refused(response, 429, "too_many_requests")
