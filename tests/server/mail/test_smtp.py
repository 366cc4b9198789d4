"""One mail server: TLS that is checked, signing in, its refusals told apart, and what is never said aloud."""

from __future__ import annotations

import asyncio
import traceback
from email.message import EmailMessage
from pathlib import Path

import pytest

from server.mail.address import Mailbox
from server.mail.smtp import Deferred, Refused, Server, Unreachable, check, connected, parse_server
from tests.server.mail.post import PASSWORD, MailServer, mail_server

HELO = "calls.example"
CALLS = Mailbox("", "calls", "calls.example")
ADA, EVE = (Mailbox("", name, "client.example") for name in ("ada", "eve"))


def letter() -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "calls@calls.example", "ada@client.example", "Hello"
    made.set_content("Hello\n.\nAda\n")
    return made


async def send(server: MailServer, to: str = "ada@client.example") -> None:
    async with connected(parse_server(server.url, server.ca), HELO) as connection:
        await connection.send(letter(), CALLS, Mailbox("", *to.split("@")))


# --- how it is written ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("smtp://mail.example", Server("mail.example", 587, "starttls")),
        ("smtps://mail.example", Server("mail.example", 465, "tls")),
        ("smtp+insecure://localhost", Server("localhost", 25, "none")),
        ("smtp+insecure://10.0.0.1:2525", Server("10.0.0.1", 2525, "none")),
        ("smtp://u:p@[2001:db8::1]:2587", Server("2001:db8::1", 2587, "starttls", "u", "p")),
        ("smtps://me%40x:p%3Ass%2Fw@mail.example", Server("mail.example", 465, "tls", "me@x", "p:ss/w")),
        ("smtp+insecure://u:p@127.0.0.1", Server("127.0.0.1", 25, "none", "u", "p")),
    ],
)
def test_a_server_is_written_as_a_url(url: str, made: Server) -> None:
    assert parse_server(url) == made


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example/path",
        "smtp://mail.example?starttls=no",
        "smtp://user@mail.example",
        "smtp://user:@mail.example",
        "smtp://u:p/w@mail.example",
        "smtp://mail.example:99999",
        "smtp+insecure://u:p@mail.example",
        "smtp://mail.example\r\nRSET",
    ],
)
def test_what_is_none_is_refused_without_saying_the_password(url: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_server(url)
    assert not any(word in str(refused.value) for word in ("p/w", ":p@"))


def test_neither_user_nor_password_is_shown() -> None:
    server = parse_server("smtp://poster:hunter2@mail.example")
    assert server.shown == "smtp://***@mail.example:587"
    assert "hunter2" not in repr(server)


# --- connections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["none", "starttls", "tls"])
@pytest.mark.parametrize("auth", [False, True])
async def test_a_letter_goes_through(tls: str, auth: bool, tmp_path: Path) -> None:
    async with mail_server(tmp_path, tls, auth=auth) as server:  # type: ignore[arg-type]
        await send(server)
        assert server.envelopes == [("calls@calls.example", "ada@client.example")]
        assert str(server.letters[0].get_content()).splitlines() == ["Hello", ".", "Ada"]
        found = await check(parse_server(server.url, server.ca), HELO)
        assert ("TLSv1.3" in found) == (tls != "none")
        assert ("signed in" in found) == auth
        assert len(server.letters) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tls: str, tmp_path: Path) -> None:
    async with mail_server(tmp_path, tls, auth=True) as server:  # type: ignore[arg-type]
        server.ca = None
        with pytest.raises(Unreachable, match="not trusted"):
            await send(server)
        assert server.letters == []


async def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path) -> None:
    async with mail_server(tmp_path, "tls") as server:
        server.url = server.url.replace("localhost", "127.0.0.1")
        with pytest.raises(Unreachable, match="not trusted"):
            await send(server)


async def test_without_starttls_nothing_is_said_to_it(tmp_path: Path) -> None:
    """Whoever takes STARTTLS out of the conversation gets neither the password nor the letter."""
    async with mail_server(tmp_path) as server:
        server.url = server.url.replace("smtp+insecure://", "smtp://poster:secret@")
        with pytest.raises(Unreachable, match="no STARTTLS"):
            await send(server)
        assert server.envelopes == []


async def test_a_wrong_password_is_no_letters_fault(tmp_path: Path) -> None:
    async with mail_server(tmp_path, "starttls", auth=True) as server:
        server.url = server.url.replace("poster:", "poster:x")
        with pytest.raises(Unreachable, match=r"does not take the user and password \(535\)"):
            await send(server)


async def test_what_it_says_of_a_letter_is_told_apart(tmp_path: Path) -> None:
    async with mail_server(tmp_path) as server:
        for command in ("MAIL", "RCPT", "DATA"):
            for answer, error in (
                ("450 busy", Deferred),
                ("550 <ada@client.example> unknown", Refused),
                ("554 no", Refused),
                ("421 going away", Unreachable),
                ("530 sign in first", Unreachable),
            ):
                server.answer = lambda c, a, command=command, answer=answer: answer if c == command else None  # type: ignore[misc]
                with pytest.raises(error) as refused:
                    await send(server)
                assert refused.value.args == (answer[:3],)  # never its words: they name the address
                assert "ada@" not in "".join(traceback.format_exception(refused.value))


async def test_after_a_refusal_the_next_letter_goes_on_the_same_connection(tmp_path: Path) -> None:
    async with mail_server(tmp_path) as server:
        server.answer = lambda command, address: "550 no" if address.startswith("eve") and command == "RCPT" else None
        async with connected(parse_server(server.url), HELO) as connection:
            with pytest.raises(Refused):
                await connection.send(letter(), CALLS, EVE)
            await connection.send(letter(), CALLS, ADA)
        assert (len(server.letters), server.connections) == (1, 1)


async def test_letters_of_other_alphabets_in_an_address_go_where_they_can(tmp_path: Path) -> None:
    async with mail_server(tmp_path) as server:
        await send(server, "josé@client.example")
        assert server.envelopes[0][1] == "josé@client.example"


async def test_a_server_that_goes_silent_after_the_letter_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.mail.smtp.SEND", 0.3)
    async with mail_server(tmp_path) as server:
        asked = asyncio.Event()

        async def silent(*args: object) -> str:
            asked.set()
            await asyncio.sleep(3600)
            return ""

        monkeypatch.setattr(server, "handle_DATA", silent)
        with pytest.raises(Unreachable, match="TimeoutError"):
            await send(server)
        assert asked.is_set()


async def test_one_that_trickles_is_given_up_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line comes in time, and there is no end of them."""
    monkeypatch.setattr("server.mail.smtp.CONNECT", 0.3)

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"220-wait\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        except OSError:
            pass

    endless = await asyncio.start_server(trickle, "127.0.0.1", 0)
    port = endless.sockets[0].getsockname()[1]
    with pytest.raises(Unreachable, match="no answer in time"):
        await check(parse_server(f"smtp+insecure://localhost:{port}"), HELO)
    endless.close()


async def test_what_is_no_mail_server_is_none(tmp_path: Path) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    http = await asyncio.start_server(other, "127.0.0.1", 0)
    port = http.sockets[0].getsockname()[1]
    with pytest.raises(Unreachable):
        await check(parse_server(f"smtp+insecure://localhost:{port}"), HELO)
    http.close()
    with pytest.raises(Unreachable, match="no connection"):
        await check(parse_server(f"smtp+insecure://localhost:{port}"), HELO)


async def test_authorities_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="SMTP_CA cannot be read"):
        await check(parse_server("smtps://localhost:1", tmp_path / "none.pem"), HELO)


def test_the_password_of_tests_is_odd_enough() -> None:
    assert set(PASSWORD) & set(":/@") == set(":/@")
