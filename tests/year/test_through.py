"""A small part of the year through the real desk on each store, and the simulator over what it has written.

The terms are such that sanctions come soon. Every answer, end and standing must be the model's (P0.4, P1, P2, P3).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from server import simulate
from server.policy.terms import Terms
from server.verify import check_database
from tests.stores import cluster, where
from tests.year import compare
from tests.year.generator import a_year
from tests.year.model import Model, Numbers, again
from tests.year.play import ms
from tests.year.test_simulated import said
from tests.year.test_year import AFTERWARDS, terms_of
from tests.year.through import Service, renamed, service

__all__ = ["cluster", "where"]

SOON: dict[str, Any] = {
    "complaint_threshold": 2,
    "rating_min": 3,
    "rating_floor": 440,
    "fee_min_slots": 2,
    "no_show_weight": 3,
}
OTHERS: dict[str, Any] = SOON | {"complaint_threshold": 1, "late_grace": 0, "gap_allowance": 0, "fee_floor": 5_000}

SAMPLES = [
    pytest.param((5, 40), id="40 sessions"),
    pytest.param((5, 200), id="200 sessions", marks=[pytest.mark.long, pytest.mark.timeout(1_200)]),
]


@pytest.mark.parametrize("sample", SAMPLES)
async def test_the_real_desk_says_what_the_model_says(where: str, sample: tuple[int, int]) -> None:
    seed, sessions = sample
    year, model = a_year(seed, sessions, experts=1, clients=12), Model(Numbers(**SOON))
    async with service(where, terms_of(**SOON)) as desk:
        for happening in year.happenings:
            assert await desk.happen(happening) == model.happen(happening), happening
        model.live_to(AFTERWARDS)
        for call in model.calls.values():
            if call.refund is not None:
                call.refund.live_to(AFTERWARDS)
        await desk.live_to(ms(AFTERWARDS))
        await desk.office.desk.sweep()
        await stands(desk, model)
    lines: list[str] = []
    await check_database(lines.append, where)
    assert lines[-1] == "Every ledger is whole, and every settlement is what its ledger gives."
    await simulates(where, model, terms_of(**OTHERS))


async def stands(desk: Service, model: Model) -> None:
    names = await desk.names()
    for name, call in model.calls.items():
        record = await desk.record(name)
        file = await desk.file(record.expert)
        assert file is not None
        assert renamed(compare.played_session(record, file, desk.terms), names) == compare.model_session(call), name
    assert any(person.sanctions for person in model.people.values())
    for name, person in model.people.items():
        file = await desk.file(name)
        if file is None:
            assert not person.calls
            continue
        if file.facts:
            assert file.dossier.told == person.factor(AFTERWARDS, model.numbers), name  # P1.6: it was told of all
        played = compare.played_person(file, ms(AFTERWARDS), desk.terms)
        assert renamed(played, names) == compare.model_person(person, AFTERWARDS, model.numbers), name


async def simulates(where: str, model: Model, terms: Terms) -> None:
    judged = again(model, Numbers(**OTHERS))
    found = await simulate.simulate(where, terms)
    assert {name for name, _ in found} >= {name for name, person in model.people.items() if person.calls}
    for name, compared in found:
        for side, of in ((compared.was, model), (compared.would, judged)):
            sessions, fees, refunds, sanctions = said(of, name, None, None)
            assert compared.sessions == sessions
            assert sum(side.fees.values()) == fees
            assert sum(side.refunds.values()) == refunds
            assert [known.imposed.basis.value for known in side.sanctions] == [basis for basis, *_ in sanctions]
    lines: list[str] = []
    await simulate.run(lines.append, where, terms, start=None, end=ms(AFTERWARDS), as_json=True)
    shown = json.loads("\n".join(lines))
    assert shown["all"]["would"]["fees"]["EUR"] == sum(c.would.fees.get("EUR", 0) for _, c in found)
    assert shown["all"]["was"] != shown["all"]["would"]
    lines.clear()
    await simulate.run(lines.append, where, replace(terms), start=None, end=None, as_json=False)
    assert "->" in lines[0]
