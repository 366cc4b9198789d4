"""The documents are held to the code: links lead somewhere, what is named exists, and the checker checks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from server.api.routes import ROUTES
from server.cli import app
from server.config import PREFIX, Settings
from server.policy.facts import Settled
from server.policy.refund import MOVES
from server.policy.verdict import RefundStatus
from server.store import views
from signaling.ledger import extend
from signaling.session import Depart, HangUp, How, Join, MediaUp, Ms, Role
from tests.builders import NOON, Clock, booking, office

ROOT = Path(__file__).parents[1]
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_YET: set[str] = set()
RULES = [f"P{part}.{number}" for part, last in enumerate((7, 8, 9, 18, 1, 7)) for number in range(1, last + 1)]

each_document = pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))


def prose(document: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```", "", document.read_text(), flags=re.M | re.S)


def commands(document: Path) -> Iterator[str]:
    """Whatever stands as code: lines of blocks (without their comments), and spans in a line."""
    text = document.read_text()
    for block in re.findall(r"^```\w*\n(.*?)^```", text, flags=re.M | re.S):
        for line in block.splitlines():
            yield line.partition("#")[0]
    yield from re.findall(r"`([^`\n]+)`", prose(document))


# --- links ------------------------------------------------------------------------------------------------------------


@each_document
def test_every_link_and_image_leads_somewhere(document: Path) -> None:
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (document.parent / path).resolve() if path else document
        there = file.is_file() and file.is_relative_to(ROOT)
        if not there or (anchor and anchor not in anchors(file)):
            missing.append(target)
    assert missing == []


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(document), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_index_names_every_document() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"({path.name})" not in index] == ["README.md"]


# --- rules ------------------------------------------------------------------------------------------------------------


def test_every_rule_stands_once_in_its_order() -> None:
    found = re.findall(r"^- \*\*(P\d\.\d+)\*\*", (ROOT / "docs" / "rules.md").read_text(), flags=re.M)
    assert found == RULES


def test_the_head_says_of_every_rule_whether_it_is_enforced() -> None:
    head = (ROOT / "docs" / "rules.md").read_text().partition("## Words")[0]
    in_force, in_part, not_yet = (
        head.partition("| **In force** |")[2].partition("| **In part** |")[0],
        "".join(re.findall(r"P\d\.\d+:", head)),
        head.partition("| **Not yet** |")[2].partition("\n")[0].replace("all of P2", "P2.1 to P2.9"),
    )
    said = [*listed(in_force), *listed(in_part.replace(":", ", ")), *listed(not_yet)]
    assert sorted(said) == sorted(RULES)


def test_every_rule_in_force_is_named_by_a_test_that_can_fail() -> None:
    """By a test's name, its words or a case's id; this file does not count, for it names them all."""
    texts = [path.read_text() for path in (ROOT / "tests").rglob("*.py") if path.name != Path(__file__).name]
    tests = [text for text in texts if "assert" in text]
    unnamed = {rule for rule in RULES if not any(names(rule, text) for text in tests)}
    assert unnamed == NOT_YET


def names(rule: str, text: str) -> bool:
    return re.search(rf"{re.escape(rule)}(?!\d)|{rule.replace('.', '_')}(?!\d)", text) is not None


def listed(text: str) -> list[str]:
    """``P1.1 to P1.3, P5.1`` in full."""
    found: list[str] = []
    for first, last in re.findall(r"(P\d\.\d+)(?: to (P\d\.\d+))?", text):
        found += RULES[RULES.index(first) : RULES.index(last or first) + 1]
    return found


@pytest.mark.parametrize("place", ["server", "signaling", "docs"])
def test_no_rule_is_cited_that_there_is_not(place: str) -> None:
    cited = {
        (rule, path.name)
        for path in (ROOT / place).rglob("*")
        if path.suffix in (".py", ".md")
        for rule in re.findall(r"\bP[0-5]\.\d+\b", path.read_text())
    }
    assert {(rule, name) for rule, name in cited if rule not in RULES} == set()


# --- what is named ----------------------------------------------------------------------------------------------------


@each_document
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.M))
    named = {match for code in commands(document) for match in re.findall(r"\bmake (\w+)", code)}
    assert named <= targets


@each_document
def test_every_command_that_is_named_exists(document: Path) -> None:
    known = {" ".join(path) for path in tree(typer.main.get_command(app))}
    groups = {name.partition(" ")[0] for name in known if " " in name}
    named = set()
    for code in commands(document):
        for first, second in re.findall(r"(?<!-u )(?<![\w-])headstrt ([a-z]+)((?: [a-z-]+)?)", code):
            named.add(first + second if first in groups else first)
    assert named - groups - known == set()  # ``headstrt keys`` is the group itself


def tree(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    children = getattr(command, "commands", {})
    for name, child in children.items():
        yield from tree(child, (*path, name))
    if not children:
        yield path


@each_document
def test_every_setting_that_is_named_exists(document: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(re.findall(rf"{PREFIX}[A-Z_]+[A-Z]", document.read_text())) <= known


@each_document
def test_every_call_that_is_named_exists(document: Path) -> None:
    known = {(route.method, route.path) for route in ROUTES}
    named = {
        (method, path.partition("?")[0])
        for code in commands(document)
        for method, path in re.findall(r"\b(GET|PUT|POST|DELETE) (/v1/[\w/{}.]+)", code)
    }
    assert {each for each in named if each not in known} == set()


@each_document
def test_every_file_of_the_code_that_is_named_exists(document: Path) -> None:
    named = {code for code in re.findall(r"`((?:server|signaling|static|tests)/[\w/.-]*)`", prose(document)) if code}
    assert {name for name in named if not (ROOT / name).exists()} == set()


# --- figures ----------------------------------------------------------------------------------------------------------

MEASURED = ("figures", "sizes", "trials")
"""The pages that commands write. A figure that prose takes from one is the text of a link to its section there."""

UNIT = r"µs|ms/s|ms|kB|KB|MB|GB|%|s"
FIGURE = re.compile(rf"(\d+(?:[ ,]\d{{3}})*(?:\.\d+)?)(?: to \d[\d.]*)? ?({UNIT})?(?![\w])")
LINKED = re.compile(rf"\[([^\]]*)\]\((?:docs/)?({'|'.join(MEASURED)})\.md(?:#([\w-]+))?\)")
SPEAKS_OF_MEASURING = re.compile(
    r"µs|ms/s|\bof CPU\b|\bCPU time\b|\bof a core\b|\bp(?:50|95|99)\b|\d [MG]B\b|"
    r"[Mm]easured (?:on|at|with)\b|\b[Ss]imulated (?:on|at|with)\b|\btook \d|\d times (?:the|as|what)\b"
)
NOT_MEASURED = {
    "two cores and 1 GB for 100 calls",  # advice
    "107 000, 2 GB",  # arithmetic on what was measured
}

each_prose = pytest.mark.parametrize(
    "document", [path for path in DOCS if path.stem not in MEASURED], ids=lambda path: str(path.relative_to(ROOT))
)


@each_prose
def test_whoever_speaks_of_measuring_links_to_the_figure(document: Path) -> None:
    """In the same paragraph, item or row; what follows from it by arithmetic may stand beside it."""
    alone = [
        block
        for block in blocks(prose(document))
        if re.search(r"\d", block) and SPEAKS_OF_MEASURING.search(block) and not LINKED.search(block)
    ]
    assert [block for block in alone if not any(said in block for said in NOT_MEASURED)] == []


@each_prose
def test_a_figure_in_prose_stands_in_its_section(document: Path) -> None:
    """Within a factor of two, for prose rounds and machines differ; whatever is further off misleads."""
    missing = []
    for text, page, section in LINKED.findall(prose(document)):
        rows = blocks(part_of(ROOT / "docs" / f"{page}.md", section))
        for number, unit in FIGURE.findall(text):
            said = as_number(number)
            there = [as_number(each) for row in rows for each, its in FIGURE.findall(row) if unit in (its, *head(row))]
            if not any(said / 2 <= each <= said * 2 for each in there):
                missing.append(f"{number} {unit} ({page}#{section})")
    assert missing == []


def test_what_is_not_measured_is_still_said() -> None:
    everything = "\n".join(prose(document) for document in DOCS)
    assert {said for said in NOT_MEASURED if said not in everything} == set()


def blocks(text: str) -> list[str]:
    """Paragraphs, items of lists and rows of tables, each in a line."""
    return [" ".join(block.split()) for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-|#]|\d+\.) ?)", text)]


def head(row: str) -> list[str]:
    """The words of a row's first cell, which may name the unit of the others; '' among them: a bare number is any."""
    return ["", *row.strip("| ").partition("|")[0].split()]


def part_of(page: Path, section: str) -> str:
    """A section with its own heading's rank and lower; the whole page for none."""
    text = page.read_text()
    parts = re.split(r"^(?=## )", text, flags=re.M)
    return next((part for part in parts if part.partition("\n")[0] == f"## {section}"), "") if section else text


def as_number(text: str) -> float:
    return float(re.sub(r"[ ,]", "", text))


# --- verdicts.md ------------------------------------------------------------------------------------------------------

VERDICTS = ROOT / "docs" / "verdicts.md"


async def the_example(path: Path) -> tuple[list[dict[str, Any]], Settled]:
    """The story that verdicts.md tells, lived: its ledger as the API shows it, and its settlement."""
    clock = Clock(NOON - 3_600_000)

    async with office(path, clock) as o:
        await o.desk.book(booking("bk_812"))

        async def happen(event: Any, at: Ms) -> None:
            clock.now = NOON + at
            await o.desk.report("bk_812", event, clock.now)

        await happen(Join(Role.CLIENT, "join-client"), -120_000)
        await happen(Join(Role.EXPERT, "join-expert"), 20_000)
        await happen(MediaUp(), 20_400)
        await happen(Depart(Role.EXPERT, "join-expert", How.CONNECTION, NOON + 300_000), 306_000)
        await happen(Join(Role.EXPERT, "join-expert-2"), 400_000)
        await happen(HangUp(Role.EXPERT), 1_187_600)
        entries = await views.ledger(o.database, "bk_812", 0, 1000)
        settled = (await o.desk.record("bk_812")).facts[-1]
    assert isinstance(settled, Settled)
    return [{"seq": entry.seq, "data": entry.body, "hash": entry.hash} for entry in entries], settled


async def test_the_example_comes_out_as_it_is_told(tmp_path: Path) -> None:
    _, settled = await the_example(tmp_path / "a.db")
    verdict, told = settled.settlement, VERDICTS.read_text()
    assert [(part.span, part.rule) for part in verdict.refund.parts] == [(100_000, "P3.5"), (612_400, "P3.4")]
    assert verdict.refund.max_amount == 4750
    assert verdict.refund.status is RefundStatus.ELIGIBLE
    assert verdict.unlapsed == 612_400
    assert verdict.expert.attendance.lateness == 20_000
    assert f"The rules on the settlement: {', '.join(verdict.rules)}." in told
    for number in ("612.4", "712.4", "712400", "**4750**", "47.50"):
        assert number in told


def check(folder: Path, entries: list[dict[str, Any]], session: str = "bk_812") -> subprocess.CompletedProcess[str]:
    """Run the checker that verdicts.md gives to strangers: their Python, and nothing of ours."""
    (code,) = re.findall(r"^```python\n(.*?)^```", VERDICTS.read_text(), flags=re.M | re.S)
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    script, ledger = folder / "check.py", folder / "ledger.json"
    script.write_text(code)
    ledger.write_text(json.dumps({"data": entries, "next_cursor": None}))
    return subprocess.run(
        [sys.executable, "-I", script, session, ledger], capture_output=True, text=True, check=False, timeout=60
    )


async def test_the_checker_for_strangers_takes_a_ledger_of_ours(tmp_path: Path) -> None:
    entries, _ = await the_example(tmp_path / "a.db")
    done = check(tmp_path, entries)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(len(entries)), "entries,", "head", entries[-1]["hash"]]


async def test_the_checker_for_strangers_finds_what_was_done_to_it(tmp_path: Path) -> None:
    entries, _ = await the_example(tmp_path / "a.db")

    def copy() -> list[dict[str, Any]]:
        return [dict(entry) for entry in entries]

    changed = copy()
    at = next(number for number, entry in enumerate(changed) if "client" in entry["data"])
    changed[at]["data"] = changed[at]["data"].replace("client", "expert")
    swapped = copy()
    swapped[6], swapped[7] = swapped[7], swapped[6]
    bodies = [entry["data"] for entry in entries if '"kind":"departed"' not in entry["data"]]
    anew = [{"seq": e.seq, "data": e.body, "hash": e.hash} for e in extend("bk_812", None, bodies)]
    for tampered, where in ((changed, at + 1), (copy()[:5] + copy()[6:], 6), (swapped, 7), (anew, len(anew))):
        done = check(tmp_path, tampered)
        assert done.returncode == 1
        assert f"entry {where}:" in done.stderr
    assert check(tmp_path, copy(), session="bk_813").returncode == 1


def test_the_table_of_refunds_is_the_codes() -> None:
    table = VERDICTS.read_text().partition("## What becomes of a refund")[2].partition("## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| .*? \| (.*) \|$", table, flags=re.M))
    assert set(rows) == {status.value for status in RefundStatus}
    for status, text in rows.items():
        assert set(re.findall(r"`(\w+)`", text)) == set(MOVES[RefundStatus(status)].values())
