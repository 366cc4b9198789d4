"""No token, key, address or name in any log line or refusal, whatever happens: one whole story at debug level."""

from __future__ import annotations

import json

from signaling.session import Role
from tests.e2e.stage import API_KEY, until
from tests.security.conftest import Fortress, OpenPage, OpenRaw, an_address
from tests.security.test_http import wire
from tests.signaling.test_gateway import PATIENCE

CLIENT, EXPERT = Role.CLIENT, Role.EXPERT


async def test_12_nothing_that_names_or_opens_anything_gets_into_the_log(
    fortress: Fortress, raw: OpenRaw, page: OpenPage
) -> None:
    address = an_address()
    booked = await fortress.begun()
    token, other = booked.tokens[CLIENT], booked.tokens[EXPERT]
    key = API_KEY

    # The story: both come, talk, the expert leaves early, the client asks for the money back.
    client, expert = await page(token), await page(other)
    for each in (client, expert):
        assert (await each.ask("join"))["ok"]
        assert (await each.ask("running_late", minutes=3))["ok"] in (True, False)
    generation = (await expert.sees("negotiate"))["generation"]
    sdp = f"v=0\r\no=- 1 1 IN IP4 {address}\r\na=candidate:1 1 udp 1 {address} 4711 typ host\r\n"
    await expert.ask("describe", type="offer", sdp=sdp, generation=generation)
    steps = {"camera": "denied", "microphone": "ok", "speaker": "ok", "network": "failed"}
    detail = f"Ada Client's camera at {address}"
    assert (await fortress.me(token, "POST", "/check", address, json={"steps": steps, "detail": detail}))[0] == 200
    assert (await expert.ask("hang_up"))["ok"]
    await client.sees("ended")
    assert (await fortress.me(token, "POST", "/refund", address, json={}))[0] == 409  # in review: no media ever flowed

    # What goes wrong, with secrets where they do not belong.
    for method, path in (
        ("GET", f"/v1/me?token={token}"),
        ("GET", f"/{token}"),
        ("PUT", f"/v1/sessions/{key}?k={key}"),
    ):
        connection = await wire(fortress.port)
        request = f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\nCookie: t={token}\r\n\r\n"
        await connection.say(request.encode())
        head = await connection.answer()
        assert token.encode() not in head
    connection = await wire(fortress.port)
    await connection.say(f"GET /{token} HTTP/1.1\r\nAuthorization : Bearer {key}\r\nBad {address}\r\n\r\n".encode())
    assert token.encode() not in await connection.answer()
    attackers = []  # kept, or their sockets would close before the frame is looked at
    for frame in (f'42["{token}",{{}}]', f'42["join",{{"command_id":"{key}"}}]', f"4{token}", f"9{token}"):
        attacker = await raw(address)
        attackers.append(attacker)
        await attacker.connect(other)
        await attacker.say(frame)
    attacker = await raw(address)
    answer = await attacker.connect({"token": token})
    assert token not in answer
    answer = json.loads((await attacker.connect(token + "x"))[2:])
    assert token not in json.dumps(answer)

    async def logged() -> bool:
        return "frame refused" in fortress.log()

    await until(logged, PATIENCE, "the log has it all")
    log = fortress.log()
    assert "live -> ended by hung_up(expert)" in log.replace("held", "live")
    for word in (token, other, key, address, "Ada Client", "Max Expert", "Ada", token.split(".")[2]):
        assert word not in log, word
