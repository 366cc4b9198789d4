"""The simulator against the model: the same year judged by other terms, and both say the same sums and sanctions."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from server.cli import app
from server.policy.replay import Compared, Comparison, Held, together
from server.policy.terms import Terms
from tests.stores import with_schema
from tests.year.happenings import DAY
from tests.year.model import Model, Numbers, Person, again
from tests.year.play import CURRENCY, Desk, ms, second
from tests.year.test_year import a_tenth, terms_of

OTHERS: dict[str, dict[str, Any]] = {
    "the same": {},
    "P1 P2.8 P3.18": {
        "late_grace": 30,
        "late_zero": 300,
        "window": 10,
        "window_per_client": 2,
        "no_show_weight": 4,
        "fee_table": ((9_000, 10_100), (5_000, 9_900), (0, 8_500)),
        "fee_floor": 7_000,
        "fee_min_slots": 3,
        "conduct_penalty": 900,
        "conduct_penalty_for": 10 * DAY,
        "rating_floor": 440,
        "rating_penalty": 300,
        "refund_lateness": True,
        "gap_allowance": 30,
    },
    "P2.3 three": {"complaint_threshold": 3, "conduct_ban": 10 * DAY},
    "P2.3 eight": {"complaint_threshold": 8},
    "P2.3 confirm": {"complaint_threshold": 4, "confirm_sanctions": True},
}
ALL = None, None
CASES = [pytest.param(numbers, ALL, id=name) for name, numbers in OTHERS.items()]
CASES.append(pytest.param(OTHERS["P2.3 three"], (100 * DAY, 250 * DAY), id="some months"))


def said(model: Model, name: str, start: int | None, end: int | None) -> tuple[int, int, int, list[Any]]:
    """How many sessions, the sum of the expert's fees, of the refunds, and the sanctions."""
    person: Person = model.people[name]
    calls = [call for call in person.calls if call.end and inside(call.starts, start, end)]
    fees = [(call.fee * (call.factor or 0) + 5_000) // 10_000 for call in calls if call.met]
    refunds = [call.refund.settled_most for call in calls if call.refund]
    sanctions = [
        (s.basis, s.measure, s.at, s.until, s.lifted, s.why) for s in person.sanctions if inside(s.at, start, end)
    ]
    return len(calls), sum(fees), sum(refunds), sanctions


def inside(at: int, start: int | None, end: int | None) -> bool:
    return (start is None or at >= start) and (end is None or at < end)


def simulated(desk: Desk, name: str, terms: Terms, start: int | None, end: int | None) -> Compared:
    edges = (None if edge is None else ms(edge) for edge in (start, end))
    comparison = Comparison(name, terms, *edges)
    for record in desk.records.values():
        if record.expert == name:
            comparison.add(Held(record.id, record.client, record.expert, record.facts))
    return comparison.done(desk.files[name].facts)


def found(compared: Compared, *, would: bool) -> tuple[int, int, int, list[Any]]:
    side = compared.would if would else compared.was
    sanctions = [
        (
            s.imposed.basis.value,
            s.imposed.measure.value,
            second(s.imposed.at),
            None if s.imposed.until is None else second(s.imposed.until),
            second(s.lifted.at) if s.lifted else None,
            s.lifted.why.value if s.lifted else None,
        )
        for s in side.sanctions
    ]
    return compared.sessions, side.fees.get(CURRENCY, 0), side.refunds.get(CURRENCY, 0), sanctions


@pytest.mark.parametrize(("numbers", "span"), CASES)
def test_other_terms_would_have_given_what_the_model_says(
    numbers: dict[str, Any], span: tuple[int | None, int | None]
) -> None:
    year = a_tenth()
    judged = again(year.model, Numbers(**numbers))
    gained: Counter[str] = Counter()
    for name in year.desk.files:
        compared = simulated(year.desk, name, terms_of(**numbers), *span)
        assert found(compared, would=True) == said(judged, name, *span), name
        was, would = found(compared, would=False), found(compared, would=True)
        assert was == said(year.model, name, *span), name
        gained["differs"] += was != would
    assert bool(gained["differs"]) == bool(numbers)  # the same terms change nothing, others do


def test_all_together_are_the_sum_of_each() -> None:
    year = a_tenth()
    each = [simulated(year.desk, name, terms_of(complaint_threshold=3), None, None) for name in year.year.experts]
    whole = together(each)
    assert whole.sessions == sum(one.sessions for one in each)
    assert whole.would.fees[CURRENCY] == sum(one.would.fees[CURRENCY] for one in each)
    assert whole.was.refunds[CURRENCY] == sum(one.was.refunds[CURRENCY] for one in each)
    assert len(whole.would.sanctions) == sum(len(one.would.sanctions) for one in each)


def test_the_command_reads_a_database_and_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = asyncio.run(with_schema(f"sqlite:///{tmp_path}/a.db"))
    monkeypatch.setenv("HEADSTRT_DATABASE_URL", url)
    monkeypatch.setenv("HEADSTRT_ENV", "development")
    terms, run = tmp_path / "new.toml", CliRunner().invoke
    terms.write_text("complaint_threshold = 4\n")
    shown = run(app, ["simulate", "--terms", str(terms), "--from", "2026-11-01", "--json"])
    assert shown.exit_code == 0, shown.output
    answer = json.loads(shown.output)
    assert answer["terms"] == Terms(complaint_threshold=4).hash
    assert answer["from"] == "2026-11-01T00:00:00.000Z"
    assert answer["experts"] == []
    assert "would have been" in run(app, ["simulate", "--terms", str(terms)]).output
    wrong = run(app, ["simulate", "--terms", str(terms), "--to", "soon"])
    assert (wrong.exit_code, "2026-11-01" in wrong.output) == (2, True)
    terms.write_text("complaint_treshold = 4\n")
    assert run(app, ["simulate", "--terms", str(terms)]).exit_code == 2
    terms.write_text("")
    monkeypatch.setenv("HEADSTRT_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    missing = run(app, ["simulate", "--terms", str(terms)])
    assert (missing.exit_code, "there is no database" in missing.output) == (1, True)
