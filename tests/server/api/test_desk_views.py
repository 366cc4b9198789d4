"""What the dashboard looks at, over HTTP, of sessions that were really lived."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from server.api.statistics import COLUMNS, safe
from server.store import quality
from server.store.quality import Sample
from signaling.session import Depart, HangUp, How, Join, MediaUp, Role
from tests.builders import NOON, booking
from tests.server.api.conftest import World
from tests.server.api.operators import operator
from tests.server.api.test_sessions import refused

MINUTE = 60_000


async def lived(world: World, id_: str = "bk_1", *, late: int = 20_000, hang_up: bool = True, **changes: Any) -> None:
    """The client early, the expert a little late, a gap, a hang-up of the expert at 19:47."""
    desk, clock = world.office.desk, world.clock
    clock.now = NOON - 60 * MINUTE
    await desk.book(booking(id_, **changes))

    async def happen(event: Any, at: int) -> None:
        clock.now = NOON + at
        await desk.report(id_, event, clock.now)

    await happen(Join(Role.CLIENT, "join-client"), -120_000)
    await happen(Join(Role.EXPERT, "join-expert"), late)
    await happen(MediaUp(), late + 400)
    await happen(Depart(Role.EXPERT, "join-expert", How.CONNECTION, NOON + 300_000), 306_000)
    await happen(Join(Role.EXPERT, "join-expert-2"), 360_000)
    if hang_up:
        await happen(HangUp(Role.EXPERT), 1_187_600)


async def test_the_story_has_lanes_marks_and_the_why(world: World) -> None:
    await lived(world)
    browser = await operator(world, "support")
    story = await browser.get("/v1/sessions/bk_1/story")
    client, expert = story["lanes"]
    assert [(span["kind"], span["from"][14:19], span["to"][14:19]) for span in client["spans"]] == [
        ("waiting", "58:00", "00:20"),
        ("connected", "00:20", "19:47"),
    ]
    assert [(span["kind"], span["from"][14:19], span["to"][14:19]) for span in expert["spans"]] == [
        ("connected", "00:20", "05:00"),
        ("gap", "05:00", "06:00"),
        ("connected", "06:00", "19:47"),
    ]
    gap = expert["spans"][1]
    assert (gap["how"], gap["bridged"], gap["returned"], gap["noticed_at"][14:19]) == (
        "connection",
        True,
        True,
        "05:06",
    )
    assert [each["from"][14:19] for each in story["both"]] == ["00:20", "06:00"]
    kinds = [mark["kind"] for mark in story["marks"]]
    assert [kind for kind in kinds if kind in ("met", "left", "warned", "hung_up", "ended", "settled")] == [
        "met",
        "left",
        "hung_up",
        "ended",
        "settled",
    ] or "warned" in kinds
    why = story["why"]
    assert why["reason"] == "hung_up"
    assert why["parts"][0]["rule"] == "P3.4"
    assert why["parts"][0]["spans"] == [{"from": "2026-11-22T12:19:47.600Z", "to": "2026-11-22T12:30:00.000Z"}]
    formula = why["formula"]
    assert formula["max"] == -(-formula["fee"] * formula["numerator_ms"] // formula["denominator_ms"]) == 4083
    assert {each["rule"] for each in why["sentences"]} >= {"P3.4", "P3.18"}
    assert why["terms"]["values"]["late_grace"] == 60
    checks = story["checks"]
    assert (checks["chain"], checks["settled_head"], checks["replayed"]) == (True, True, True)


async def test_the_story_of_one_that_goes_on_is_open_and_not_judged(world: World) -> None:
    await lived(world, hang_up=False)
    browser = await operator(world, "trust")
    world.clock.now += MINUTE
    story = await browser.get("/v1/sessions/bk_1/story")
    assert story["why"] is None
    assert [lane["spans"][-1]["open"] for lane in story["lanes"]] == [True, True]
    live = await browser.get("/v1/live")
    (one,) = live["data"]
    assert (one["status"], one["client"]["presence"], one["expert"]["presence"]) == ("live", "here", "here")
    assert one["remaining_seconds"] == 23 * 60
    assert one["expert"]["lateness_seconds"] == 20.0
    assert one["expert"]["quality"] is None
    assert "links" not in str(live)
    assert "#t=" not in str(live)


async def test_the_day_is_counted_and_what_waits_with_it(world: World) -> None:
    await lived(world)
    await world.office.desk.book(booking("bk_2", starts_at=NOON + 3_600_000))
    browser = await operator(world, "finance")
    seen = await browser.get("/v1/overview?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z")
    assert (seen["day"]["ended"], seen["day"]["scheduled"], seen["day"]["flagged"]) == (1, 1, 0)
    assert seen["now"] == {"live": 0, "held": 0, "waiting": 0}
    assert seen["cases"]["open"] == 0
    await world.office.desk.request_refund("bk_1", Role.CLIENT, None)
    seen = await browser.get("/v1/overview")
    assert (seen["cases"]["open"], seen["cases"]["by_kind"]["refund"]) == (1, 1)


async def test_lists_are_filtered_by_what_became_of_them(world: World) -> None:
    await lived(world, "bk_hung")
    await world.office.desk.book(booking("bk_open", starts_at=NOON + 86_400_000, client=party("c_2", "Zoë 100%")))
    browser = await operator(world, "support")

    async def ids(query: str) -> list[str]:
        return [each["id"] for each in (await browser.get(f"/v1/sessions?{query}"))["data"]]

    assert await ids("outcome=hung_up&by=expert&refund=eligible") == ["bk_hung"]
    assert await ids("outcome=completed") == []
    assert await ids("party=c_2") == ["bk_open"]
    assert await ids("party=e_4") == ["bk_hung", "bk_open"]
    assert await ids("party=e_4&order=desc") == ["bk_open", "bk_hung"]
    assert await ids("flagged=true") == []
    assert await ids("flagged=false&order=desc") == ["bk_open", "bk_hung"]
    assert await ids("q=zo%C3%AB") in (["bk_open"], [])  # SQLite folds ASCII alone
    assert await ids("q=100%25") == ["bk_open"]
    assert await ids("q=__") == []
    assert await ids("q=bk_h") == ["bk_hung"]
    first = await browser.get("/v1/sessions?order=desc&limit=1")
    second = await browser.get(f"/v1/sessions?order=desc&limit=1&cursor={first['next_cursor']}")
    assert [first["data"][0]["id"], second["data"][0]["id"], second["next_cursor"]] == ["bk_open", "bk_hung", None]
    await refused(await browser.call("GET", "/v1/sessions?q=a"), 422, "invalid")


def party(id_: str, name: str):  # type: ignore[no-untyped-def]
    from server.store.sessions import Party

    return Party(id_, name)


async def test_a_sheet_holds_the_same_and_runs_nothing(world: World) -> None:
    await lived(world, "bk_a", client=party("c_1", '=HYPERLINK("https://evil.example","x")'), title='+1, "two"')
    await lived(world, "bk_b", client=party("c_2", "\u00a0@SUM(A1)"))
    browser = await operator(world, "finance")
    response = await browser.call("GET", "/v1/sessions.csv?outcome=hung_up")
    assert response.content_type == "text/csv"
    assert "attachment" in response.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(await response.text())))
    assert tuple(rows[0]) == COLUMNS
    assert [row["client_name"][:2] for row in rows] == ["'=", "'\u00a0"]
    assert rows[0]["title"] == '\'+1, "two"'
    assert (rows[0]["refund_status"], rows[0]["refund_max"], rows[0]["currency"]) == ("eligible", "40.83", "USD")
    other = await browser.call("GET", "/v1/sessions?outcome=hung_up", headers={"Accept": "text/csv"})
    assert await other.text() == await response.text()
    empty = await browser.call("GET", "/v1/sessions.csv?outcome=completed")
    assert (await empty.text()).strip() == ",".join(COLUMNS)


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "|cmd", "%0A", "\uff1d1"])
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


def test_what_is_no_formula_stays_as_it_is() -> None:
    assert [safe(cell) for cell in ("Ada", "", None, 12, "a=b", "2026-11-22")] == [
        "Ada",
        "",
        "",
        "12",
        "a=b",
        "2026-11-22",
    ]


async def test_what_was_told_of_a_session_stands_beside_it(world: World) -> None:
    await lived(world)
    browser = await operator(world, "support")
    told = await browser.get("/v1/sessions/bk_1/deliveries")
    types = [each["type"] for each in told["data"]]
    assert types[0] == "session.booked"
    assert "session.ended" in types
    assert [each["sequence"] for each in told["data"]] == sorted(each["sequence"] for each in told["data"])
    assert told["letters"] == []


async def test_the_series_of_an_expert(world: World) -> None:
    for number, late in enumerate((20_000, 330_000, 0)):
        await lived(world, f"bk_{number}", late=late or 1, client=party(f"c_{number}", "C"))
    world.clock.now = NOON + 86_400_000
    browser = await operator(world, "support")
    series = await browser.get("/v1/people/e_4/punctuality")
    assert [point["score_bps"] for point in series["data"]] == [10_000, 5_000, 10_000]
    assert [point["bps"] for point in series["data"]] == [10_000, 7_500, 8_333]
    listed = await browser.get("/v1/people?role=expert&series=true")
    (one,) = listed["data"]
    assert one["name"] == "Max Expert"
    assert [point["lateness_seconds"] for point in one["recent"]] == [20.0, 330.0, 0.001]
    assert (await browser.get("/v1/people?q=max"))["data"][0]["recent"] is None
    assert (await browser.get("/v1/people?q=nobody"))["data"] == []


async def test_figures_for_plots(world: World) -> None:
    await lived(world, "bk_1")
    await lived(world, "bk_2", late=200_000, client=party("c_2", "C"))
    browser = await operator(world, "admin")
    found = await browser.get("/v1/statistics?time_zone=Pacific/Auckland")
    assert found["sessions"] == 2
    assert found["outcomes"] == [{"day": "2026-11-23", "counts": {"hung_up": 2}}]
    assert found["attendance"]["expert"] == {"on_time": 1, "late": 1, "no_show": 0, "nothing": 0}
    assert found["lateness"]["expert"]["count"] == 2
    assert {(b["from"], b["to"]): b["count"] for b in found["lateness"]["expert"]["bins"] if b["count"]} == {
        (15.0, 30.0): 1,
        (180.0, 300.0): 1,
    }
    assert found["lateness"]["client"]["bins"][0] == {"from": 0.0, "to": 0.0, "count": 2}
    (refund,) = found["refunds"]
    assert (refund["basis"], refund["count"], refund["possible"]) == ("hung_up_expert", 2, 8166)
    assert found["totals"]["booked"] == 60.0
    for query in ("time_zone=Mars/Olympus", "from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z"):
        await refused(await browser.call("GET", f"/v1/statistics?{query}"), 422, "invalid")


async def test_how_the_server_is(world: World) -> None:
    browser = await operator(world, "support")
    health = await browser.get("/v1/health")
    assert health["relay"]["legs"] == 2
    assert health["phases"]["scheduled"] == 0
    assert health["history"] == []


async def test_the_log_is_read_from_either_end_and_says_names(world: World) -> None:
    await world.book()
    browser = await operator(world, "admin", "ann")
    await browser.call("POST", "/v1/sessions/bk_1/links", json={})
    await browser.call("POST", "/v1/sessions/bk_1/end", json={"reason": "asked to"})
    newest = (await browser.get("/v1/audit?order=desc&limit=2"))["data"]
    assert [(entry["act"], entry["name"]) for entry in newest] == [("session.end", "ann"), ("session.links", "ann")]
    family = (await browser.get("/v1/audit?act=session"))["data"]
    assert [entry["act"] for entry in family] == ["session.links", "session.end"]
    page = await browser.get("/v1/audit?order=desc&limit=1")
    more = await browser.get(f"/v1/audit?order=desc&limit=1&cursor={page['next_cursor']}")
    assert more["data"][0]["act"] == "session.links"


async def test_an_account_sees_no_links_but_those_that_it_makes(world: World) -> None:
    await world.book()
    browser = await operator(world, "support")
    assert (await browser.get("/v1/sessions/bk_1"))["links"] is None
    response = await browser.call("POST", "/v1/sessions/bk_1/links", json={"role": "client"})
    links = (await response.json())["links"]
    assert "#t=" in links["client"]
    assert links["expert"] is None


async def test_what_calls_measured_is_shown_now_and_summed(world: World) -> None:
    await lived(world, hang_up=False)
    world.clock.now = NOON + 10 * MINUTE
    browser = await operator(world, "support")
    samples = [Sample(NOON + n * 1000, 40 + n, n % 5, 1500, "good") for n in range(100)]
    newest = Sample(world.clock.now - 5000, 310, 7, 400, "fair")
    taken = {("bk_1", Role.CLIENT): samples, ("bk_1", Role.EXPERT): [newest]}
    await world.office.database.write(lambda connection: quality.add(connection, taken))
    (one,) = (await browser.get("/v1/live"))["data"]
    assert one["client"]["quality"] is None  # too old to say anything about now
    assert one["expert"]["quality"]["level"] == "fair"
    assert (one["expert"]["quality"]["round_trip_ms"], one["expert"]["quality"]["loss_percent"]) == (310, 7)
    found = (await browser.get("/v1/statistics"))["quality"]
    assert found["samples"] == 101
    assert found["round_trip_ms"] == {"p50": 90, "p95": 135, "p99": 139}
    assert found["loss_percent"]["p50"] == 2
    assert [day["day"] for day in found["by_day"]] == ["2026-11-22"]
    story = await browser.get("/v1/sessions/bk_1/story")
    assert story["media"] == []
    muted = Sample(world.clock.now - 4000, 50, 0, 900, "good", "c")
    await world.office.database.write(lambda connection: quality.add(connection, {("bk_1", Role.EXPERT): [muted]}))
    (off,) = (await browser.get("/v1/sessions/bk_1/story"))["media"]
    assert (off["role"], off["track"], off["on"]) == ("expert", "microphone", False)
    world.clock.now += 400 * 86_400_000
    browser = await operator(world, "support", "later")
    assert (await browser.get("/v1/statistics"))["quality"] is None
