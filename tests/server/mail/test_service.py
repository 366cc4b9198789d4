"""Mail of the whole server, as a process of its own: from a booking to a letter whose link works, and ``doctor``."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.config import ConfigError, load
from tests.e2e.stage import Server, until
from tests.server.mail.post import PASSWORD, MailServer, mail_server, part
from tests.server.test_cli import headstrt
from tests.stores import Cluster

FROM = "Sample Calls <calls@calls.example>"


def settings(mail: MailServer) -> dict[str, str]:
    assert mail.ca is not None
    return {"HEADSTRT_SMTP_URL": mail.url, "HEADSTRT_SMTP_CA": str(mail.ca), "HEADSTRT_MAIL_FROM": FROM}


async def metric(server: Server, name: str, **labels: str) -> float:
    text = await server.call("GET", "/metrics")
    return next(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    )


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
async def test_a_booking_comes_by_mail_with_a_link_that_works_and_once_over_a_kill(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    more = {}
    if store == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        more["HEADSTRT_DATABASE_URL"] = await cluster.fresh(migrated=False)
    async with mail_server(tmp_path, "starttls", auth=True) as mail:
        server = Server(tmp_path, settings=settings(mail) | more)
        await server.start()
        try:
            booking = {
                "starts_at": "2099-06-01T12:00:00Z",
                "duration_minutes": 30,
                "client": {"id": "c_9", "name": "Ada Client", "email": "ada@client.example"},
                "expert": {"id": "e_4", "name": "Max Expert", "email": "max@expert.example"},
            }
            booked = await server.call("PUT", "/v1/sessions/bk_1", json=booking)

            async def two() -> bool:
                return len(mail.letters) >= 2

            await until(two, 60, "both letters are there")
            by_to = {to: letter for (_, to), letter in zip(mail.envelopes, mail.letters, strict=True)}
            link = re.search(r"https?://\S+", part(by_to["ada@client.example"], "text/plain"))
            assert link is not None
            assert link.group() == booked["links"]["client"]
            token = link.group().partition("#t=")[2]
            me = await server.call("GET", "/v1/me", headers={"Authorization": f"Bearer {token}"})
            assert me["me"]["name"] == "Ada Client"
            await server.kill()
            await server.start()

            async def counted() -> bool:
                return await metric(server, "headstrt_letters", status="sent") == 2

            await until(counted, 60, "both are counted")
            assert (
                await metric(server, "headstrt_letters", status="pending") == 6
            )  # a reminder, and the start, for both
            assert await metric(server, "headstrt_letters", status="failed") == 0
            assert len({str(letter["Message-ID"]) for letter in mail.letters}) == 2
            await server.call("DELETE", "/v1/sessions/bk_1?by=client")

            async def four() -> bool:
                return len({str(letter["Message-ID"]) for letter in mail.letters}) == 4

            await until(four, 60, "both know of the cancellation")
        finally:
            assert await server.stop() in (0, -9), server.log()
        log = server.log()
        assert "Traceback" not in log, log
        assert not any(word in log for word in (PASSWORD, "ada@", "max@", "Ada Client", "#t=")), log


async def test_without_a_mail_server_nothing_is_planned(server: Server) -> None:
    await server.book(starts_in=3600, minutes=30)

    async def handed() -> bool:
        return await metric(server, "headstrt_outbox_unhanded") == 0

    await until(handed, 60, "the event is handed on")
    for status in ("pending", "sent", "failed", "dropped"):
        assert await metric(server, "headstrt_letters", status=status) == 0


async def test_doctor_tries_the_mail_server_and_sends_nothing(tmp_path: Path) -> None:
    async with mail_server(tmp_path, "starttls", auth=True) as mail:

        async def doctor(**changes: str) -> tuple[int, str]:
            variables = {"HEADSTRT_PORT": "0", "HEADSTRT_MEDIA_PORT": "0", **settings(mail), **changes}
            done = await asyncio.to_thread(headstrt, tmp_path, "doctor", **variables)
            assert "Traceback" not in done.stderr
            assert not any(word in done.stdout + done.stderr for word in (PASSWORD, "pa%3Ass", "poster", "wrong"))
            return done.returncode, done.stdout

        code, told = await doctor()
        assert code == 0, told
        assert re.search(r"ok +mail server smtp://\*\*\*@localhost:\d+: answers, TLSv1\.3, signed in", told)
        assert re.search(r"HEADSTRT_SMTP_URL +smtp://\*\*\*@localhost", told)
        code, told = await doctor(HEADSTRT_SMTP_URL=mail.url.replace("pa%3Ass%2Fw%40rd", "wrong"))
        assert (code, "does not take the user and password (535)" in told) == (1, True), told
        code, told = await doctor(HEADSTRT_SMTP_CA="")
        assert (code, "its certificate is not trusted" in told) == (1, True), told
        assert mail.envelopes == []


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HEADSTRT_SMTP_URL", "mail.example", "must begin with smtp://"),
        ("HEADSTRT_SMTP_URL", "smtp://u:s3cret/x@mail.example", "percent-encoded"),
        ("HEADSTRT_SMTP_URL", "smtp+insecure://u:s3cret@mail.example", "without TLS"),
        ("HEADSTRT_MAIL_FROM", "a@b.example, s3cret@d.example", "one mail address"),
        ("HEADSTRT_MAIL_FROM", "", "SMTP_URL needs MAIL_FROM"),
        ("HEADSTRT_MAIL_REPLY_TO", "nobody", "one mail address"),
        ("HEADSTRT_MAIL_REMINDER_MINUTES", "-1", "HEADSTRT_MAIL_REMINDER_MINUTES"),
    ],
)
def test_settings_that_cannot_be_are_named_without_what_is_in_them(
    variable: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"HEADSTRT_ENV": "development", "HEADSTRT_SMTP_URL": "smtp://mail.example", "HEADSTRT_MAIL_FROM": FROM}
    for name, text in {**given, variable: value}.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(ConfigError, match=re.escape(told)) as wrong:
        load()
    assert "s3cret" not in str(wrong.value)
