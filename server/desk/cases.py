"""The drawer with the queue and the notes: who takes a case, until when it may wait, what operators tell each other.

Cases open and close by what is on record (``following``); here alone are those acts that no ledger knows. A note names
people, so it is plain text in a row of its own, and goes when they do (P5.7).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from server.desk.casebook import no_person
from server.policy.cases import BY_HAND
from server.store import cases, operators, people, sessions
from server.store.cases import Case, Note
from server.store.database import Database
from signaling.errors import NotFound, UserError
from signaling.ports import Clock
from signaling.session import Ms


@dataclass(frozen=True, slots=True)
class Change:
    """What is another now; None leaves it. ``assignee``: an account, or "" for nobody."""

    assignee: str | None = None
    due_at: Ms | None = None
    state: Literal["open", "waiting", "closed"] | None = None


class Cases:
    """One per desk."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def change(self, id_: str, wanted: Change, who: str) -> Case:
        """Take it, hand it over, put it off, close it. ``UserError`` where it closes by its own decision."""
        now = self._clock()

        async def work(connection: AsyncConnection) -> Case:
            before = await cases.find(connection, id_)
            if before is None:
                raise NotFound("There is no case with this id.", code="case_not_found")
            after = await self._changed(connection, before, wanted, now)
            if after == before:
                return before
            await cases.save(connection, before, after)
            detail = {"state": after.state, "assignee": after.assignee or "", "due_at": after.due_at}
            await people.add_audit(connection, who, f"case.{_act(before, after)}", id_, detail, now)
            return after

        return await self._database.write(work)

    async def _changed(self, connection: AsyncConnection, before: Case, wanted: Change, now: Ms) -> Case:
        after = before
        if wanted.assignee is not None:
            if wanted.assignee and wanted.assignee != before.assignee:
                account = await operators.find(connection, wanted.assignee)
                if account is None or account.id != wanted.assignee or account.revoked_at is not None:
                    raise NotFound("There is no such account.", code="operator_not_found")
            after = replace(after, assignee=wanted.assignee or None)
        if wanted.due_at is not None:
            after = replace(after, due_at=wanted.due_at)
        if wanted.state is not None and wanted.state != before.state:
            if before.kind not in BY_HAND and "closed" in (before.state, wanted.state):
                raise UserError("case_closes_itself", "It is closed by its decision, and by nothing else.")
            after = replace(after, state=wanted.state, closed_at=now if wanted.state == "closed" else None)
        return after

    async def note(self, text: str, who: str, *, session: str | None = None, person: str | None = None) -> Note:
        """About a session, or about a person (by id or pseudonym). ``NotFound``."""
        now, id_ = self._clock(), f"nt_{secrets.token_hex(8)}"

        async def work(connection: AsyncConnection) -> Note:
            about = None
            if session is not None and await sessions.load(connection, session) is None:
                raise NotFound("There is no session with this id.", code="session_not_found")
            if person is not None:
                found = await people.find(connection, person)
                if found is None:
                    raise no_person()
                about = found.pseudonym
            made = Note(id_, session, about, text.strip(), who, now)
            await cases.add_note(connection, made)
            return made

        return await self._database.write(work)

    async def remove_note(self, id_: str, who: str, *, any_: bool) -> None:
        """One's own; ``any_``: anybody's. ``NotFound``; ``UserError`` 403."""
        now = self._clock()

        async def work(connection: AsyncConnection) -> None:
            found = await cases.find_note(connection, id_)
            if found is None:
                raise NotFound("There is no note with this id.", code="note_not_found")
            if found.who != who and not any_:
                raise UserError("not_yours", "Whoever wrote a note takes it away, or an admin.", status=403)
            await cases.remove_note(connection, id_)
            detail = {"by": found.who}
            await people.add_audit(connection, who, "note.remove", found.session_id or found.person or id_, detail, now)

        await self._database.write(work)


def _act(before: Case, after: Case) -> str:
    if before.state != after.state:
        return "close" if after.state == "closed" else "wait" if after.state == "waiting" else "open"
    return "assign" if before.assignee != after.assignee else "due"
