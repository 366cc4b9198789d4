"""``headstrt simulate``: what fees, refunds and sanctions would have been under other terms, beside what they were.

It reads a database beside a running server, on a connection that cannot write, one person after the other; what the
terms make of a record is ``server.policy.replay``'s. Prints a table for people, or JSON for programs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from server.policy.money import EXPONENTS
from server.policy.people import Sanction
from server.policy.replay import Compared, Comparison, Side, together
from server.policy.terms import Terms
from server.store.chains import looking
from server.store.history import ledger_of, persons, sessions_of
from signaling.messages import to_rfc3339
from signaling.session import Ms

Print = Callable[[str], None]
Found: TypeAlias = list[tuple[str, Compared]]
"""The booking system's id of each person, and what was compared."""


class CannotSimulate(Exception):
    """What is missing, in a sentence that says what to do."""


async def run(out: Print, url: str, terms: Terms, *, start: Ms | None, end: Ms | None, as_json: bool) -> None:
    """Print what would have been. ``CannotSimulate`` when the database cannot be read."""
    try:
        found = await simulate(url, terms, start, end)
    except (OSError, DBAPIError) as error:
        raise CannotSimulate(f"the database cannot be read: {error}") from None
    except ValueError as error:
        raise CannotSimulate(
            f"a stored ledger cannot be read (`headstrt verify --database` says more): {error}"
        ) from None
    if as_json:
        out(json.dumps(document(found, terms, start, end), indent=2, sort_keys=True))
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)  # a file has no width of its own
    with console.capture() as shown:
        console.print(table(found))
    out(shown.get().rstrip())
    out(f"Terms {terms.hash[:12]}; the calls themselves are taken as they were.")


async def simulate(
    url: str, terms: Terms, start: Ms | None = None, end: Ms | None = None
) -> list[tuple[str, Compared]]:
    """(the booking system's id, compared), of everybody with a session as an expert or a sanction on either side."""
    found: Found = []
    async with looking(url) as connection:
        for person in await persons(connection):
            comparison = Comparison(person.pseudonym, terms, start, end)
            async for held in sessions_of(connection, person):
                comparison.add(held)
            compared = comparison.done(await ledger_of(connection, person))
            if compared.sessions or compared.was.sanctions or compared.would.sanctions:
                found.append((person.person_id, compared))
    return found


def instant(text: str) -> Ms:
    """A date or a time, in UTC if it does not say. ``ValueError``."""
    at = datetime.fromisoformat(text)
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return round(at.timestamp() * 1_000)


def document(found: Found, terms: Terms, start: Ms | None, end: Ms | None) -> dict[str, Any]:
    """The whole comparison, for programs; amounts in minor units."""
    return {
        "terms": terms.hash,
        "from": None if start is None else to_rfc3339(start),
        "to": None if end is None else to_rfc3339(end),
        "experts": [{"person_id": who, **_both(compared)} for who, compared in found],
        "all": _both(together(compared for _, compared in found)),
    }


def table(found: Found) -> Table:
    """One line for each person, and one for all; what would differ stands behind an arrow."""
    shown = Table("person", "sessions", "fees", "refunds at most", "sanctions", title="was -> would have been")
    for who, compared in found:
        shown.add_row(who, *_cells(compared))
    shown.add_section()
    shown.add_row("all", *_cells(together(compared for _, compared in found)))
    return shown


# --- helpers ----------------------------------------------------------------------------------------------------------


def _both(compared: Compared) -> dict[str, Any]:
    return {"sessions": compared.sessions, "was": _side(compared.was), "would": _side(compared.would)}


def _side(side: Side) -> dict[str, Any]:
    return {
        "fees": dict(side.fees),
        "refunds": dict(side.refunds),
        "sanctions": [_sanction(sanction) for sanction in side.sanctions],
    }


def _sanction(sanction: Sanction) -> dict[str, Any]:
    imposed, lifted = sanction.imposed, sanction.lifted
    return {
        "basis": imposed.basis.value,
        "measure": imposed.measure.value,
        "roles": [role.value for role in imposed.roles],
        "imposed_at": to_rfc3339(imposed.at),
        "until": None if imposed.until is None else to_rfc3339(imposed.until),
        "lifted_at": None if lifted is None else to_rfc3339(lifted.at),
        "complaints": len(imposed.complaints),
    }


def _cells(compared: Compared) -> tuple[str, str, str, str]:
    was, would = compared.was, compared.would
    return (
        str(compared.sessions),
        _arrow(_money(was.fees), _money(would.fees)),
        _arrow(_money(was.refunds), _money(would.refunds)),
        _arrow(_count(was), _count(would)),
    )


def _arrow(was: str, would: str) -> str:
    return was if was == would else f"{was} -> {would}"


def _money(sums: Mapping[str, int]) -> str:
    texts = (f"{amount / 10 ** EXPONENTS[code]:,.{EXPONENTS[code]}f} {code}" for code, amount in sorted(sums.items()))
    return ", ".join(texts) or "0"


def _count(side: Side) -> str:
    kinds = [f"{sanction.imposed.basis} {sanction.imposed.measure}" for sanction in side.sanctions]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "none"
