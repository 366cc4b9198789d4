"""What is one mailbox, and what only looks like one."""

from __future__ import annotations

import pytest

from server.mail.address import mailbox, parse


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("ada@client.example", "ada@client.example"),
        ("ada.b+tag@sub.client.example", "ada.b+tag@sub.client.example"),
        ("o'hara!#$%&*/=?^_`{|}~-@client.example", "o'hara!#$%&*/=?^_`{|}~-@client.example"),
        ("ada@münchen.example", "ada@xn--mnchen-3ya.example"),
        ("josé@client.example", "josé@client.example"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_a_mailbox_is_written_as_a_server_takes_it(address: str, written: str) -> None:
    assert str(mailbox(address)) == written


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "ada",
        "ada@",
        "@client.example",
        "ada@@client.example",
        "ada@client.example@evil.example",
        "ada,eve@client.example",
        "ada;eve@client.example",
        "ada<eve@client.example",
        "ada>eve@client.example",
        '"ada eve"@client.example',
        "ada eve@client.example",
        "ada(eve)@client.example",
        "ada:eve@client.example",
        "ada\\@client.example",
        "ada\r\nRCPT TO:<eve@evil.example>@client.example",
        "ada@client.example\r\nBcc: eve@evil.example",
        "ada\x00@client.example",
        "ada\u2028bcc@client.example",
        "ada\x85bcc@client.example",
        "ada@client.example>",
        "ada@client.example> SIZE=1",
        "ada@client..example",
        "ada@-client.example",
        "ada@client.example-",
        "ada@[127.0.0.1]",
        "ada@client_example",
        ".ada@client.example",
        "ada.@client.example",
        "ada..b@client.example",
        "a" * 65 + "@client.example",
        "é" * 33 + "@client.example",
        "ada@" + "a" * 64 + ".example",
        "ada@" + "a." * 127 + "example",
        "ada@\u202eelpmaxe.tneilc",
    ],
)
def test_what_is_more_or_less_than_one_mailbox_is_none(address: str) -> None:
    assert mailbox(address) is None


def test_a_name_may_stand_beside_it() -> None:
    found = parse("Sample Calls <calls@calls.example>")
    assert (found.name, str(found)) == ("Sample Calls", "calls@calls.example")
    assert str(parse("calls@calls.example")) == "calls@calls.example"


@pytest.mark.parametrize("text", ["", "calls", "a@b.example, c@d.example", "A <a@b.example>\nBcc: c@d.example", "<>"])
def test_settings_take_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="one mail address"):
        parse(text)
