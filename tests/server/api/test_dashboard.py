"""The dashboard's door: accounts, both factors, cookies; and each attack on them that was thought of."""

from __future__ import annotations

import pytest

from server.api.limiter import SHUT_FOR
from server.policy.operators import IDLE, LONGEST, SETUP_FOR, STEP, OperatorRole
from tests.server.api.conftest import ALL, World
from tests.server.api.operators import ORIGIN, PASSWORD, Browser, code_of, cookie_from, operator, secret_of
from tests.server.api.test_sessions import refused

ME = "/dashboard/me"


async def test_an_account_is_set_up_once_and_signed_in_with_both_factors(world: World) -> None:
    account, setup = await world.office.desk.operators.add("ines", OperatorRole.SUPPORT, "command")
    browser = Browser(world)
    response = await browser.call("POST", "/dashboard/setup", json={"setup": setup})
    shown = await response.json()
    assert (shown["name"], shown["role"]) == ("ines", "support")
    assert shown["uri"].startswith("otpauth://totp/Headstrt%20Sessions:ines?secret=" + shown["secret"])
    assert shown["qr"].startswith("data:image/svg+xml")
    weak = {"setup": setup, "password": "ines-and-her-cat", "code": await code_of(world, "ines")}
    await refused(await browser.call("POST", "/dashboard/setup/confirm", json=weak), 422, "weak_password")
    wrong = {"setup": setup, "password": PASSWORD, "code": await code_of(world, "ines", 9)}
    await refused(await browser.call("POST", "/dashboard/setup/confirm", json=wrong), 422, "wrong_code")
    right = {"setup": setup, "password": PASSWORD, "code": await code_of(world, "ines")}
    response = await browser.call("POST", "/dashboard/setup/confirm", json=right)
    me = await response.json()
    assert (me["kind"], me["id"], me["role"]) == ("operator", account.id, "support")
    assert me["rights"] == ["look", "note", "link", "end", "cancel_range"]
    again = await browser.call("POST", "/dashboard/setup", json={"setup": setup})
    await refused(again, 401, "unauthorized")  # the link is used up
    world.clock.now += STEP
    assert (await browser.enter(name="ines", password=PASSWORD, code=await code_of(world, "ines"))).status == 200
    assert (await browser.get(ME))["name"] == "ines"


async def test_the_cookie_is_as_hard_to_steal_as_browsers_make_it(world: World) -> None:
    browser = await operator(world, "admin")
    world.clock.now += STEP
    response = await browser.enter(name="the-admin", password=PASSWORD, code=await code_of(world, "the-admin"))
    (line,) = response.headers.getall("Set-Cookie")
    assert line.startswith("__Host-headstrt=")
    parts = {part.strip().lower() for part in line.split(";")[1:]}
    assert {"httponly", "secure", "samesite=strict", "path=/", f"max-age={LONGEST // 1000}"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    assert cookie_from(response) not in str(await world.office.rows("select * from sign_ins"))


async def test_without_tls_the_cookie_is_a_plain_one(build) -> None:  # type: ignore[no-untyped-def]
    world = await build(public_url="http://localhost:8080")
    _, setup = await world.office.desk.operators.add("ines", OperatorRole.ADMIN, "command")
    plain = {"Origin": "http://localhost:8080"}
    await world.client.post("/dashboard/setup", json={"setup": setup}, headers=plain)
    given = {"setup": setup, "password": PASSWORD, "code": await code_of(world, "ines")}
    response = await world.client.post("/dashboard/setup/confirm", json=given, headers=plain)
    line = response.headers["Set-Cookie"]
    assert line.startswith("headstrt=")
    assert "secure" not in line.lower()


# --- guessing ---


async def test_every_wrong_factor_has_the_same_answer(world: World) -> None:
    await operator(world, "trust", "tom")
    world.clock.now += STEP
    code = await code_of(world, "tom")
    wrong = [
        {"name": "nobody", "password": PASSWORD, "code": code},
        {"name": "tom", "password": PASSWORD + "!", "code": code},
        {"name": "tom", "password": PASSWORD, "code": f"{(int(code) + 1) % 10**6:06d}"},
        {"key": "hs_unknown"},
    ]
    said = {await (await refuse_401(world, each)).text() for each in wrong}
    assert len(said) == 1


async def refuse_401(world: World, given: dict[str, str]):  # type: ignore[no-untyped-def]
    response = await Browser(world).enter(**given)
    await refused(response, 401, "unauthorized")
    assert "Set-Cookie" not in response.headers
    return response


async def test_a_code_counts_once_and_for_a_minute_and_a_half(world: World) -> None:
    await operator(world, "finance", "fay")
    code = await code_of(world, "fay")  # the set-up used it
    await refuse_401(world, {"name": "fay", "password": PASSWORD, "code": code})
    world.clock.now += STEP
    code = await code_of(world, "fay")
    assert (await Browser(world).enter(name="fay", password=PASSWORD, code=code)).status == 200
    await refuse_401(world, {"name": "fay", "password": PASSWORD, "code": code})
    world.clock.now += 2 * STEP
    older, newer = await code_of(world, "fay", -1), await code_of(world, "fay", 1)
    assert (await Browser(world).enter(name="fay", password=PASSWORD, code=newer)).status == 200
    await refuse_401(world, {"name": "fay", "password": PASSWORD, "code": older})  # an older one than was used
    await refuse_401(world, {"name": "fay", "password": PASSWORD, "code": await code_of(world, "fay", 3)})


async def test_ten_wrong_passwords_shut_the_name_out_from_everywhere(build) -> None:  # type: ignore[no-untyped-def]
    world = await build(trusted_proxies="127.0.0.1")
    await operator(world, "admin", "ann")
    world.clock.now += STEP
    given = {"name": "ann", "password": "not this one, no", "code": "000000"}
    for number in range(10):
        browser = Browser(world)
        response = await browser.call(
            "POST", "/dashboard/sign-in", json=given, headers={"X-Forwarded-For": f"203.0.113.{number}"}
        )
        await refused(response, 401, "unauthorized")
    right = {"name": "ann", "password": PASSWORD, "code": await code_of(world, "ann")}
    elsewhere = {"X-Forwarded-For": "203.0.113.99"}
    response = await Browser(world).call("POST", "/dashboard/sign-in", json=right, headers=elsewhere)
    await refused(response, 429, "too_many_attempts")
    assert response.headers["Retry-After"] == str(int(SHUT_FOR))
    world.limiter_time[0] += SHUT_FOR
    assert (await Browser(world).call("POST", "/dashboard/sign-in", json=right, headers=elsewhere)).status == 200


async def test_ten_wrong_ones_shut_the_address_out_here_as_everywhere(world: World) -> None:
    for number in range(10):
        await refuse_401(world, {"key": f"hs_{number}"})
    await refused(await Browser(world).enter(key=ALL), 429, "too_many_attempts")
    await refused(await world.call("GET", "/v1/sessions"), 429, "too_many_attempts")


async def test_five_wrong_codes_behind_the_right_password_lock_the_account(world: World) -> None:
    await operator(world, "admin", "ann")
    world.clock.now += STEP
    for _ in range(5):
        await refuse_401(world, {"name": "ann", "password": PASSWORD, "code": await code_of(world, "ann", 50)})
    right = {"name": "ann", "password": PASSWORD, "code": await code_of(world, "ann")}
    await refuse_401(world, right)
    audit = (await (await world.call("GET", "/v1/audit")).json())["data"]
    assert audit[-1]["act"] == "operator.locked"
    world.clock.now += 15 * 60_000
    right["code"] = await code_of(world, "ann")
    assert (await Browser(world).enter(**right)).status == 200


# --- sign-ins that are not, or not any more ---


async def test_a_cookie_that_somebody_else_has_put_there_is_never_taken_over(world: World) -> None:
    """Fixation: the browser brings a cookie to the sign-in; it gets another, and the one it brought is over."""
    attacker = await operator(world, "support", "eve")
    victim = Browser(world, cookie=attacker.cookie)
    await operator(world, "admin", "ann")
    world.clock.now += STEP
    assert (await victim.enter(name="ann", password=PASSWORD, code=await code_of(world, "ann"))).status == 200
    assert victim.cookie != attacker.cookie
    await refused(await attacker.call("GET", ME), 401, "unauthorized")
    made_up = Browser(world, cookie="x" * 43)
    assert (await made_up.enter(key=ALL)).status == 200
    assert made_up.cookie != "x" * 43


async def test_a_sign_in_idles_out_and_ends_at_last(world: World) -> None:
    browser = await operator(world, "support")
    until = world.clock.now + LONGEST
    while world.clock.now + IDLE // 2 < until:
        world.clock.now += IDLE // 2
        assert (await browser.call("GET", ME)).status == 200
    world.clock.now = until
    await refused(await browser.call("GET", ME), 401, "unauthorized")
    other = await operator(world, "trust")
    world.clock.now += IDLE
    await refused(await other.call("GET", ME), 401, "unauthorized")
    await world.office.desk.operators.tidy()
    assert await world.office.rows("select hash from sign_ins") == []


async def test_signing_out_ends_it_here_or_everywhere(world: World) -> None:
    one = await operator(world, "support", "sam")
    others = []
    for _ in range(2):
        world.clock.now += STEP
        other = Browser(world)
        await other.enter(name="sam", password=PASSWORD, code=await code_of(world, "sam"))
        others.append(other)
    response = await others[0].call("POST", "/dashboard/sign-out", json={})
    assert response.status == 204
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    await refused(await others[0].call("GET", ME), 401, "unauthorized")
    assert (await one.call("GET", ME)).status == 200
    assert (await others[1].call("POST", "/dashboard/sign-out", json={"everywhere": True})).status == 204
    await refused(await one.call("GET", ME), 401, "unauthorized")


async def test_reset_revoked_and_demoted_accounts_lose_what_they_had_at_once(world: World) -> None:
    desk = world.office.desk.operators
    admin = await operator(world, "admin", "ann")
    await operator(world, "admin", "second")
    one, two, three = [await operator(world, "admin", name) for name in ("one", "two", "three")]
    await desk.change_role("one", OperatorRole.SUPPORT, admin.me["id"])
    await refused(await one.call("POST", "/v1/people/e_4/erase", json={"reason": "x"}), 403, "not_allowed")
    assert (await one.get(ME))["role"] == "support"
    await desk.revoke("two", admin.me["id"])
    await refused(await two.call("GET", ME), 401, "unauthorized")
    _, setup = await desk.reset("three", admin.me["id"])
    await refused(await three.call("GET", ME), 401, "unauthorized")
    world.clock.now += STEP
    await refuse_401(world, {"name": "two", "password": PASSWORD, "code": "123456"})
    await refuse_401(world, {"name": "three", "password": PASSWORD, "code": "123456"})
    world.clock.now += SETUP_FOR
    await refused(await three.call("POST", "/dashboard/setup", json={"setup": setup}), 401, "unauthorized")


async def test_a_key_opens_the_dashboard_for_as_long_as_it_counts(world: World) -> None:
    key, secret = await world.office.desk.create_key("laptop", ("moderation",))
    browser = Browser(world)
    assert (await browser.enter(key=secret)).status == 200
    assert (browser.me["kind"], browser.me["id"], browser.me["role"]) == ("key", key.id, None)
    assert (await browser.call("GET", "/v1/complaints")).status == 200
    await refused(await browser.call("PUT", "/v1/sessions/bk_1", json={}), 403, "insufficient_scope")
    await world.office.desk.revoke_key(key.id)
    await refused(await browser.call("GET", ME), 401, "unauthorized")
    for scope in ("sessions", "endpoints"):
        await refused(await Browser(world).enter(key=await world.key(scope)), 403, "insufficient_scope")


# --- other sites ---


async def test_a_write_takes_the_pages_own_token_and_our_origin(world: World) -> None:
    await world.book()
    browser = await operator(world, "support")
    end = "/v1/sessions/bk_1/links"
    stranger = await operator(world, "admin")
    for headers, code in (
        ({"X-CSRF-Token": None}, "csrf"),
        ({"X-CSRF-Token": ""}, "csrf"),
        ({"X-CSRF-Token": stranger.me["csrf"]}, "csrf"),
        ({"X-CSRF-Token": "caf\u00e9"}, "csrf"),
        ({"Origin": None}, "wrong_origin"),
        ({"Origin": "null"}, "wrong_origin"),
        ({"Origin": "https://evil.example"}, "wrong_origin"),
        ({"Origin": "https://calls.example.evil.example"}, "wrong_origin"),
        ({"Origin": "http://calls.example"}, "wrong_origin"),
    ):
        await refused(await browser.call("POST", end, json={}, headers=headers), 403, code)
    assert (await browser.call("POST", end, json={})).status == 200


@pytest.mark.parametrize("path", ["/dashboard/sign-in", "/dashboard/setup", "/dashboard/setup/confirm"])
async def test_nobody_is_signed_in_from_elsewhere(world: World, path: str) -> None:
    for origin in (None, "null", "https://evil.example"):
        response = await Browser(world).call("POST", path, json={"key": ALL}, headers={"Origin": origin})
        await refused(response, 403, "wrong_origin")
    form = await Browser(world).call("POST", path, data={"key": ALL})
    await refused(form, 415, "unsupported_media_type")


async def test_a_programs_key_counts_before_a_cookie_and_takes_no_token(world: World) -> None:
    browser = await operator(world, "admin")
    headers = {"Authorization": f"Bearer {await world.key('read')}"}
    await refused(
        await browser.call("POST", "/v1/complaints/T-1/uphold", json={"reason": "x"}, headers=headers),
        403,
        "insufficient_scope",
    )
    await refused(
        await browser.call("GET", "/v1/sessions", headers={"Authorization": "Bearer wrong"}), 401, "unauthorized"
    )


async def test_what_is_no_cookie_of_ours_is_nobody(world: World) -> None:
    for cookie in ("", "x", "x" * 5000, "a; b", "caf\u00e9"):
        response = await world.client.get(ME, headers={"Cookie": f"__Host-headstrt={cookie}"})
        await refused(response, 401, "unauthorized")
    browser = await operator(world, "admin")
    plain = await world.client.get(ME, headers={"Cookie": f"headstrt={browser.cookie}"})
    await refused(plain, 401, "unauthorized")  # the other name could be set without TLS


async def test_nothing_secret_is_stored_as_it_is(world: World) -> None:
    browser = await operator(world, "admin", "ann")
    stored = str(await world.office.rows("select * from operators, sign_ins"))
    secret = await secret_of(world, "ann")
    for hidden in (PASSWORD, browser.cookie, browser.me["csrf"], secret.hex(), str(secret)):
        assert hidden not in stored
    assert "$argon2id$" in stored


async def test_the_pages_shell_is_everyones_and_says_nothing(world: World) -> None:
    for path in ("/dashboard", "/dashboard/", "/dashboard/sessions/bk_1"):
        response = await world.client.get(path)
        assert response.status in (200, 503)  # 503 where the pages are not built
        assert response.headers["Cache-Control"] == "no-store" or response.status == 503
    assert ORIGIN not in await response.text()
