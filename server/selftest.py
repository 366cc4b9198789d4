"""The server calls itself: on a schedule, two aiortc peers in a process beside it hold a short call by its own doors.

They come by the public origin and the advertised address like everybody, so what breaks outside (a proxy, a
certificate, a firewall, a wrong address) shows here first. The call is marked: it is in no list, no event and no
person's record. This file places the call and keeps the newest outcome; it judges nothing and stops nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
from dataclasses import dataclass

import structlog

from server.desk import Booking, Desk
from server.store.sessions import Party
from signaling.ports import Clock
from signaling.session import Ms, Role

log = structlog.get_logger("self-test")

LASTS: Ms = 12_000
"""How long the booked call is: joining takes about a second, the rest shows that it holds."""
GIVE_UP = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one self-test. Seconds as ``server.probe.Held`` has them."""

    at: Ms
    ok: bool
    first_frame_seconds: float | None
    stop_seconds: float | None
    failed: str | None


class SelfTest:
    """``every`` seconds apart, one at a time; ``newest`` is None until the first has ended."""

    def __init__(self, desk: Desk, origin: str, clock: Clock, every: float) -> None:
        self.newest: Outcome | None = None
        self._desk = desk
        self._origin = origin
        self._clock = clock
        self._every = every
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._every:
            self._task = asyncio.create_task(self._for_ever(), name="self-test")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def hold(self) -> Outcome:
        """Place one call and wait for its end."""
        at = self._clock()
        try:
            said = await self._call(at)
        except Exception as error:
            log.exception("the self-test could not be held")
            said = {"failed": f"it could not be held: {type(error).__name__}"}
        failed = str(said["failed"]) if "failed" in said else None
        self.newest = Outcome(at, failed is None, _seconds(said.get("first_frame")), _seconds(said.get("stop")), failed)
        if failed is not None:
            log.error("the self-test failed", why=failed)
        return self.newest

    async def _call(self, at: Ms) -> dict[str, object]:
        booking = Booking(
            id=f"probe~{secrets.token_hex(8)}",
            starts_at=at,
            duration=LASTS,
            client=Party("probe~client", "Probe client"),
            expert=Party("probe~expert", "Probe expert"),
            title="Self-test",
            probe=True,
        )
        record = (await self._desk.book(booking)).record
        task = {
            "origin": self._origin,
            "links": {role.value: self._desk.link(record, role) for role in Role},
            "ends_at": record.session.slot.ends_at,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server.probe",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(GIVE_UP):
                out, _ = await process.communicate(json.dumps(task).encode())
        except TimeoutError:
            return {"failed": f"no answer within {GIVE_UP:.0f} s"}
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        lines = out.decode(errors="replace").splitlines()
        if not lines:
            return {"failed": f"its process ended with code {process.returncode} and said nothing"}
        answer: dict[str, object] = json.loads(lines[-1])
        return answer

    async def _for_ever(self) -> None:
        while True:
            await self.hold()
            await asyncio.sleep(self._every)


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
