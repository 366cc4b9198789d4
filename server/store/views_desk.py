"""Read-only questions of the dashboard: accounts, notes, cases, outcomes, sums. The third file of views, for doors too.

It finds and counts; it does not know who may see what it finds.
"""

from __future__ import annotations

from server.store import operators as accounts
from server.store.operators import Operator
from server.store.views import Reader


async def operators(reader: Reader) -> list[Operator]:
    """All accounts there ever were, oldest first."""
    async with reader.read() as connection:
        return await accounts.every(connection)


__all__ = ["Operator", "operators"]
