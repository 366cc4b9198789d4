"""Sends what is due once, to be killed by a test: ``python -m tests.server.mail.one_round STORE SMTP NOW``."""

from __future__ import annotations

import asyncio
import sys

from tests.builders import Clock, office
from tests.server.mail.post import MailServer, sender


async def main(where: str, url: str, now: int) -> None:
    async with office(where, Clock(now)) as o:
        await sender(o, MailServer(url)).round()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
