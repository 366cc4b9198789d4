"""Sessions to legs: the negotiation without a worker, then everything that needs a real one."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signaling.errors import ProtocolError
from signaling.relay import switchboard
from signaling.relay.switchboard import Outgoing, RelaySettings, Switchboard, _expand
from signaling.session import Role
from tests.signaling.relay.helpers import (
    DTLS,
    LOOPBACKS,
    SRTP,
    Peer,
    Relay,
    TcpPeer,
    carries,
    checked,
    ice_of,
    sample,
    until,
)

OFFER = sample("chromium-offer")
ANSWER = sample("chromium-answer")
ROOT = Path(__file__).parents[3]


def board() -> Switchboard:
    """Not started: what it would tell a worker is lost, what it tells pages is not."""
    switchboard = Switchboard(RelaySettings(port=0), on_media=lambda _: None, on_stopped=lambda _: None)
    switchboard.open("s", time.monotonic() + 600)
    return switchboard


def joined() -> Switchboard:
    switchboard = board()
    switchboard.join("s", Role.EXPERT)
    switchboard.join("s", Role.CLIENT)
    return switchboard


def negotiated() -> tuple[Switchboard, Outgoing, Outgoing]:
    switchboard = joined()
    (offer,) = switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1)
    (answer,) = switchboard.describe("s", Role.CLIENT, "answer", ANSWER, 1)
    return switchboard, offer, answer


def restarted(sdp: str, ufrag: str = "again") -> str:
    return re.sub(r"a=ice-ufrag:\S+", f"a=ice-ufrag:{ufrag}", sdp)


@pytest.mark.parametrize("order", [(Role.CLIENT, Role.EXPERT), (Role.EXPERT, Role.CLIENT)])
def test_the_expert_is_told_to_negotiate_as_soon_as_it_is_there(order: tuple[Role, Role]) -> None:
    switchboard = board()
    told = {role: switchboard.join("s", role) for role in order}
    assert told == {Role.EXPERT: [Outgoing(Role.EXPERT, "negotiate", 1)], Role.CLIENT: []}


def test_an_offer_made_while_waiting_is_there_for_the_client_as_it_joins() -> None:
    switchboard = board()
    switchboard.join("s", Role.EXPERT)
    assert switchboard.describe("s", Role.EXPERT, "offer", restarted(OFFER, "older"), 1) == []
    assert switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1) == []  # its network changed while it waited
    assert switchboard.restart("s", Role.EXPERT) == []
    assert switchboard.describe("s", Role.CLIENT, "answer", ANSWER, 1) == []  # who has not joined is not heard
    (offer,) = switchboard.join("s", Role.CLIENT)
    assert (offer.role, offer.type, offer.generation) == (Role.CLIENT, "offer", 1)
    (answer,) = switchboard.describe("s", Role.CLIENT, "answer", ANSWER, 1)
    assert (answer.role, answer.type, answer.generation) == (Role.EXPERT, "answer", 1)
    assert ice_of(offer) != ice_of(answer)


def test_an_offer_serves_one_call() -> None:
    switchboard = board()
    switchboard.join("s", Role.EXPERT)
    switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1)
    assert switchboard.join("s", Role.EXPERT) == [Outgoing(Role.EXPERT, "negotiate", 2)]  # reloaded while it waited
    assert switchboard.join("s", Role.CLIENT) == []
    (offer,) = switchboard.describe("s", Role.EXPERT, "offer", OFFER, 2)
    assert switchboard.join("s", Role.CLIENT) == [Outgoing(Role.EXPERT, "negotiate", 3)]
    (again,) = switchboard.describe("s", Role.EXPERT, "offer", OFFER, 3)
    assert ice_of(again) != ice_of(offer)


def test_a_page_foresees_what_it_is_told_when_it_joins_and_other_pages_have_other_credentials() -> None:
    switchboard = board()
    assert switchboard.foresee("s", "tab") is None
    switchboard.join("s", Role.EXPERT)
    assert switchboard.foresee("s", "tab") is None
    switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1)
    tab, phone = switchboard.foresee("s", "tab"), switchboard.foresee("s", "phone")
    assert tab is not None
    assert phone is not None
    assert tab == switchboard.foresee("s", "tab")
    assert ice_of(tab) != ice_of(phone)
    assert switchboard.join("s", Role.CLIENT, "phone") == [phone]
    assert switchboard.foresee("s", "tab") is None  # the offer is taken
    assert switchboard.join("s", Role.CLIENT, "tab") == [Outgoing(Role.EXPERT, "negotiate", 2)]
    (fresh,) = switchboard.describe("s", Role.EXPERT, "offer", OFFER, 2)
    assert ice_of(fresh) not in (ice_of(tab), ice_of(phone))


def test_what_was_foreseen_of_an_older_offer_is_void() -> None:
    switchboard = board()
    switchboard.join("s", Role.EXPERT)
    switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1)
    older = switchboard.foresee("s", "tab")
    assert older is not None
    switchboard.join("s", Role.EXPERT)  # reloaded
    assert switchboard.foresee("s", "tab") is None
    switchboard.describe("s", Role.EXPERT, "offer", OFFER, 2)
    (offer,) = switchboard.join("s", Role.CLIENT, "tab")
    assert ice_of(offer) != ice_of(older)


def test_only_so_many_pages_foresee_an_offer() -> None:
    switchboard = board()
    switchboard.join("s", Role.EXPERT)
    switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1)
    first = switchboard.foresee("s", "0")
    for number in range(1, 20):
        switchboard.foresee("s", str(number))
    (offer,) = switchboard.join("s", Role.CLIENT, "0")
    assert first is not None
    assert ice_of(offer) != ice_of(first)


def test_an_expert_that_left_the_waiting_room_offers_nothing() -> None:
    switchboard = board()
    switchboard.join("s", Role.EXPERT)
    switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1)
    switchboard.leave("s", Role.EXPERT)
    assert switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1) == []
    assert switchboard.join("s", Role.CLIENT) == []
    assert switchboard.join("s", Role.EXPERT) == [Outgoing(Role.EXPERT, "negotiate", 2)]


def test_offer_and_answer_cross_each_with_our_ice() -> None:
    _, offer, answer = negotiated()
    assert (offer.role, offer.kind, offer.type, offer.generation) == (Role.CLIENT, "description", "offer", 1)
    assert (answer.role, answer.kind, answer.type, answer.generation) == (Role.EXPERT, "description", "answer", 1)
    assert len({ice_of(offer).ufrag, ice_of(answer).ufrag}) == 2
    assert len(ice_of(offer).ufrag) >= 8
    assert len(ice_of(offer).password) >= 24


def test_an_experts_restart_is_answered_here() -> None:
    switchboard, _, answer = negotiated()
    (again,) = switchboard.describe("s", Role.EXPERT, "offer", restarted(OFFER), 1)
    assert (again.role, again.type) == (Role.EXPERT, "answer")
    assert ice_of(again) != ice_of(answer)
    assert again.sdp is not None
    assert answer.sdp is not None
    assert again.sdp.replace(ice_of(again).ufrag, "").replace(ice_of(again).password, "") == answer.sdp.replace(
        ice_of(answer).ufrag, ""
    ).replace(ice_of(answer).password, "")


def test_a_repeated_offer_gets_the_same_answer() -> None:
    switchboard, _, answer = negotiated()
    assert switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1) == [answer]


def test_a_clients_restart_is_offered_here_and_its_answer_kept() -> None:
    switchboard, offer, _ = negotiated()
    (again,) = switchboard.restart("s", Role.CLIENT)
    assert (again.role, again.type) == (Role.CLIENT, "offer")
    assert ice_of(again) != ice_of(offer)
    newer = restarted(ANSWER).replace("a=ptime", "a=maxptime").replace("useinbandfec=1", "useinbandfec=0")
    assert switchboard.describe("s", Role.CLIENT, "answer", newer, 1) == []
    (stored,) = switchboard.describe("s", Role.EXPERT, "offer", restarted(OFFER), 1)
    assert stored.sdp is not None
    assert "useinbandfec=0" in stored.sdp


def test_an_expert_that_restarts_before_its_answer_gets_it_under_the_new_credentials() -> None:
    switchboard = joined()
    (offer,) = switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1)
    assert switchboard.describe("s", Role.EXPERT, "offer", restarted(OFFER), 1) == []
    (answer,) = switchboard.describe("s", Role.CLIENT, "answer", ANSWER, 1)
    assert answer.role is Role.EXPERT
    assert ice_of(answer) != ice_of(offer)


def test_a_client_that_restarts_before_its_answer_answers_once() -> None:
    switchboard = joined()
    switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1)
    assert len(switchboard.restart("s", Role.CLIENT)) == 1
    assert len(switchboard.describe("s", Role.CLIENT, "answer", ANSWER, 1)) == 1
    assert switchboard.describe("s", Role.CLIENT, "answer", ANSWER, 1) == []


def test_a_restart_of_the_expert_is_an_offer_and_negotiate_can_be_had_again() -> None:
    switchboard = joined()
    assert switchboard.restart("s", Role.CLIENT) == []
    assert switchboard.restart("s", Role.EXPERT) == [Outgoing(Role.EXPERT, "negotiate", 1)]
    switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1)
    assert switchboard.restart("s", Role.EXPERT) == []


def test_a_new_join_is_a_new_generation_and_the_old_one_is_stale() -> None:
    switchboard, offer, _ = negotiated()
    assert switchboard.join("s", Role.CLIENT) == [Outgoing(Role.EXPERT, "negotiate", 2)]
    assert switchboard.describe("s", Role.CLIENT, "answer", ANSWER, 1) == []
    assert switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1) == []
    assert switchboard.describe("s", Role.CLIENT, "answer", ANSWER, 2) == []  # to an offer that was not made
    (fresh,) = switchboard.describe("s", Role.EXPERT, "offer", OFFER, 2)
    assert ice_of(fresh) != ice_of(offer)


def test_only_the_expert_offers_and_only_the_client_answers() -> None:
    switchboard = joined()
    for role, kind in ((Role.CLIENT, "offer"), (Role.EXPERT, "answer"), (Role.EXPERT, "rollback")):
        with pytest.raises(ProtocolError) as caught:
            switchboard.describe("s", role, kind, OFFER, 1)
        assert caught.value.code == "wrong_offerer"


def test_a_fingerprint_lasts_as_long_as_its_join() -> None:
    switchboard, _, _ = negotiated()
    digits = re.findall(r"sha-256 (\S+)", OFFER)[0]
    other = OFFER.replace(digits, "00" + digits[2:])
    with pytest.raises(ProtocolError) as caught:
        switchboard.describe("s", Role.EXPERT, "offer", other, 1)
    assert caught.value.code == "fingerprint_changed"
    switchboard.join("s", Role.CLIENT)  # the other side's new join does not free it
    with pytest.raises(ProtocolError):
        switchboard.describe("s", Role.EXPERT, "offer", other, 2)
    switchboard.join("s", Role.EXPERT)
    assert len(switchboard.describe("s", Role.EXPERT, "offer", other, 3)) == 1


def test_the_m_lines_of_a_generation_are_fixed() -> None:
    switchboard, _, _ = negotiated()
    with pytest.raises(ProtocolError) as caught:
        switchboard.describe("s", Role.EXPERT, "offer", re.sub("(a=mid:|BUNDLE 0 1 2 3 )4", r"\g<1>9", OFFER), 1)
    assert caught.value.code == "bad_sdp"


def test_whoever_has_left_is_not_heard() -> None:
    switchboard, _, _ = negotiated()
    switchboard.leave("s", Role.CLIENT)
    assert switchboard.restart("s", Role.CLIENT) == []
    assert switchboard.describe("s", Role.CLIENT, "answer", ANSWER, 1) == []
    assert switchboard.join("s", Role.CLIENT) == [Outgoing(Role.EXPERT, "negotiate", 2)]


def test_what_is_not_open_is_nothing() -> None:
    switchboard, _, _ = negotiated()
    switchboard.close("s")
    switchboard.close("s")
    switchboard.leave("s", Role.CLIENT)
    switchboard.set_deadline("s", 1.0)
    assert switchboard.restart("s", Role.CLIENT) == []
    assert switchboard.describe("s", Role.CLIENT, "answer", ANSWER, 1) == []
    assert switchboard.pulse("s", Role.CLIENT) is None
    assert switchboard.mutual_ms("s") == 0
    with pytest.raises(KeyError):
        switchboard.join("s", Role.CLIENT)


def test_the_wildcard_is_every_address_of_the_host() -> None:
    assert _expand(("0.0.0.0", "::")) == _expand(())
    assert "127.0.0.1" in _expand(("0.0.0.0",))
    assert all("." in host for host in _expand(("0.0.0.0",)))
    assert all(":" in host for host in _expand(("::",)))
    assert not {"0.0.0.0", "::"} & set(_expand(()))
    assert not any(host.startswith("fe80") for host in _expand(()))
    assert _expand(("127.0.0.1", "127.0.0.1", "2001:DB8::0:1")) == ["2001:db8::1", "127.0.0.1"]
    with pytest.raises(ValueError, match="relay"):
        _expand(("localhost",))


# --- with a real worker -----------------------------------------------------------------------------------------------


async def test_what_is_advertised_is_what_pages_are_told() -> None:
    relay = Relay(advertise=("198.51.100.9", "2001:db8::9"))
    await relay.switchboard.start()
    try:
        relay.switchboard.open("s", time.monotonic() + 60)
        relay.switchboard.join("s", Role.CLIENT)
        relay.switchboard.join("s", Role.EXPERT)
        (offer,) = relay.switchboard.describe("s", Role.EXPERT, "offer", OFFER, 1)
        assert offer.sdp is not None
        assert f" 198.51.100.9 {relay.switchboard.port} typ host" in offer.sdp
        assert f" 198.51.100.9 {relay.switchboard.port} typ host tcptype passive" in offer.sdp
        assert f" 2001:db8::9 {relay.switchboard.port} typ host" in offer.sdp
        assert "127.0.0.1" not in offer.sdp
    finally:
        await relay.switchboard.stop()


async def test_a_call_from_first_check_to_close(relay: Relay) -> None:
    board = relay.switchboard
    client, expert = relay.call()
    pulse = board.pulse("s", Role.CLIENT)
    assert pulse is not None
    assert not pulse.up
    await checked(client, expert)
    assert await carries(client, expert, DTLS)
    assert relay.media == []
    assert await carries(client, expert)
    assert await carries(expert, client)
    await until(lambda: relay.media == ["s"])
    await until(lambda: (pulse := board.pulse("s", Role.CLIENT)) and pulse.packets_in >= 2)
    pulse = board.pulse("s", Role.CLIENT)
    assert pulse is not None
    assert pulse.up
    assert pulse.last_check is not None
    assert pulse.last_packet is not None
    assert pulse.last_check <= time.monotonic()
    stats = board.stats()
    assert (stats.sessions, stats.legs, stats.workers, stats.worker_restarts) == (1, 2, 1, 0)
    assert stats.rcvbuf > 0
    board.close("s")
    assert await goes_quiet(client, expert)
    assert board._calls == {}
    assert board.stats().legs == 0
    assert relay.stopped == []


async def test_a_call_over_tcp_from_first_check_to_deadline(relay: Relay) -> None:
    udp_client, udp_expert = relay.call()
    client, expert = (TcpPeer(("127.0.0.1", relay.switchboard.port), peer.known) for peer in (udp_client, udp_expert))
    await checked(client, expert)
    assert await carries(client, expert, DTLS)
    assert await carries(expert, client)
    relay.switchboard.set_deadline("s", time.monotonic())
    await until(lambda: relay.stopped)
    await until(lambda: client.received() == [] and client.closed)
    await until(lambda: expert.received() == [] and expert.closed)
    late = TcpPeer(("127.0.0.1", relay.switchboard.port), udp_client.known)  # a new connection is none the better
    late.check()
    assert late.received(0.5) == []


@pytest.mark.parametrize("host", LOOPBACKS)
async def test_what_is_bound_is_told_once_for_udp_and_once_for_tcp(host: str) -> None:
    relay = Relay(bind=("127.0.0.2", host))
    await relay.switchboard.start()
    try:
        board = relay.switchboard
        client, expert = relay.call(host=host)
        candidates = [(one.transport, one.address, one.port) for one in board._lanes[0].candidates]
        assert sorted(candidates) == sorted(
            (transport, address, board.port) for transport in ("udp", "tcp") for address in ("127.0.0.2", host)
        )
        await checked(client, expert)
        assert await carries(client, expert)
        over_tcp = TcpPeer((host, board.port), client.known)
        await checked(over_tcp)
    finally:
        await relay.switchboard.stop()


async def goes_quiet(client: Peer, expert: Peer) -> bool:
    """Whether, after what was under way, nothing more gets through either way and no check is answered."""
    await asyncio.sleep(0.2)
    client.received(), expert.received()
    for _ in range(10):
        for peer in (client, expert):
            peer.send(SRTP)
            peer.check()
        await asyncio.sleep(0.02)
    return not client.received() and not expert.received()


async def test_mutual_time_survives_the_call(relay: Relay) -> None:
    client, expert = relay.call()
    await checked(client, expert)

    def measured() -> bool:
        client.send(SRTP)
        expert.send(SRTP)
        return relay.switchboard.mutual_ms("s") >= 1000

    await until(measured)
    relay.switchboard.leave("s", Role.CLIENT)
    relay.switchboard.join("s", Role.CLIENT)
    await asyncio.sleep(0.2)
    assert relay.switchboard.mutual_ms("s") >= 1000
    assert relay.media == ["s"]


async def test_the_deadline_stops_the_call_for_real(relay: Relay) -> None:
    client, expert = relay.call(lasts=600)
    await checked(client, expert)
    assert await carries(client, expert)
    deadline = time.monotonic() + 0.5
    relay.switchboard.set_deadline("s", deadline)
    await until(lambda: relay.stopped)
    assert relay.stopped[0][0] == "s"
    assert relay.stopped[0][1] >= deadline
    assert await goes_quiet(client, expert)
    assert relay.switchboard.join("s", Role.CLIENT) == []  # P3.1: nobody can rejoin
    assert relay.switchboard.restart("s", Role.CLIENT) == []
    pulse = relay.switchboard.pulse("s", Role.EXPERT)
    assert pulse is None or pulse.up
    assert len(relay.stopped) == 1


async def test_a_deadline_put_off_lets_the_call_go_on(relay: Relay) -> None:
    client, expert = relay.call(lasts=1.0)
    await checked(client, expert)
    relay.switchboard.set_deadline("s", time.monotonic() + 600)
    await asyncio.sleep(1.5)
    assert relay.stopped == []
    assert await carries(client, expert)


async def test_a_restart_of_either_side(relay: Relay) -> None:
    client, expert = relay.call()
    await checked(client, expert)
    (offer,) = relay.switchboard.restart("s", Role.CLIENT)
    client.known = ice_of(offer)
    client.move()
    await checked(client)
    await checked(client)
    assert await carries(client, expert)
    assert await carries(expert, client)
    (answer,) = relay.switchboard.describe("s", Role.EXPERT, "offer", restarted(OFFER), 1)
    expert.known = ice_of(answer)
    expert.move()
    await checked(expert)
    await checked(expert)
    assert await carries(expert, client)
    assert await carries(client, expert)
    await until(lambda: (pulse := relay.switchboard.pulse("s", Role.EXPERT)) and pulse.path_switches == 1)


async def test_a_killed_worker_is_replaced_and_nothing_is_forgotten(relay: Relay) -> None:
    board = relay.switchboard
    client, expert = relay.call()
    await checked(client, expert)
    assert await carries(client, expert)
    assert await carries(expert, client)
    await until(lambda: (pulse := board.pulse("s", Role.EXPERT)) and pulse.packets_in)
    before = board.pulse("s", Role.EXPERT)
    (first,) = board.workers
    os.kill(first, signal.SIGKILL)
    await until(lambda: board.workers and board.workers != (first,))
    await checked(client, expert)  # the browsers' next checks, with the credentials they have
    assert await carries(client, expert)
    assert await carries(expert, client)
    after = board.pulse("s", Role.EXPERT)
    assert before is not None
    assert after is not None
    assert after.packets_in >= before.packets_in
    assert board.stats().worker_restarts == 1
    assert relay.media == ["s"]


@pytest.fixture
async def three() -> AsyncIterator[Relay]:
    relay = Relay(workers=3)
    await relay.switchboard.start()
    yield relay
    await relay.switchboard.stop()


async def test_sessions_are_spread_over_workers_and_stay_where_they_are(three: Relay) -> None:
    board = three.switchboard
    assert len(set(board.workers)) == len({lane.port for lane in board._lanes}) == 3
    calls = {name: three.call(name) for name in "abcdef"}
    lanes = [board._sessions[name].lane for name in calls]
    assert [lanes.count(lane) for lane in board._lanes] == [2, 2, 2]
    for client, expert in calls.values():
        await checked(client, expert)
        assert await carries(client, expert)
    board.close("b")
    board.close("e")
    board.join("a", Role.CLIENT)  # a new generation
    three.call("g")
    assert [board._sessions[name].lane for name in "acdfg"] == [*lanes[:1], *lanes[2:4], lanes[5], lanes[1]]
    (offer,) = board.describe("a", Role.EXPERT, "offer", OFFER, 2)
    assert lanes[0] is not None
    assert set(re.findall(r"127\.0\.0\.1 (\d+) typ", str(offer.sdp))) == {str(lanes[0].port)}
    assert (board.stats().workers, board.stats().sessions) == (3, 5)
    await until(lambda: board.stats().packets >= 6)


async def test_workers_have_consecutive_ports_from_the_one_that_is_set() -> None:
    for _ in range(20):  # until three in a row are free
        first = Relay()
        await first.switchboard.start()
        port = first.switchboard.port
        await first.switchboard.stop()
        relay = Relay(port=port, workers=3)
        try:
            await relay.switchboard.start()
        except (OSError, OverflowError):
            continue
        assert [lane.port for lane in relay.switchboard._lanes] == [port, port + 1, port + 2]
        await relay.switchboard.stop()
        return
    raise AssertionError("no three ports in a row")


async def test_when_one_of_the_ports_is_taken_none_is_kept() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        relay = Relay(port=taken.getsockname()[1] - 1, workers=2)
        with pytest.raises(OSError, match="cannot listen on TCP"):
            await relay.switchboard.start()
        assert relay.switchboard.workers == ()
        with pytest.raises(OSError, match="cannot listen on TCP"):  # and not: on UDP, which would be ours still
            await relay.switchboard.start()


async def test_a_killed_worker_hurts_its_own_sessions_only_and_these_recover(three: Relay) -> None:
    board = three.switchboard
    calls = [three.call(name) for name in "abc"]
    for pair in calls:
        await checked(*pair)
    before = board.workers
    os.kill(before[1], signal.SIGKILL)
    for client, expert in (calls[0], calls[2]):
        assert await carries(client, expert)
        assert await carries(expert, client)
    await until(lambda: len(board.workers) == 3)
    assert (board.workers[0], board.workers[2]) == (before[0], before[2])
    assert board.workers[1] != before[1]
    await checked(*calls[1])
    assert await carries(*calls[1])
    assert board.stats().worker_restarts == 1
    packets = [pulse.packets_in for name in "ac" if (pulse := board.pulse(name, Role.CLIENT))]
    assert len(packets) == 2


async def test_a_worker_that_hangs_is_killed_before_another_takes_its_port(
    three: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switchboard, "HUNG_AFTER", 2.0)
    board = three.switchboard
    calls = [three.call(name) for name in "ab"]
    for pair in calls:
        await checked(*pair)
    hung = board.workers[0]
    os.kill(hung, signal.SIGSTOP)
    assert await carries(*calls[1])
    alive_together = False

    def replaced() -> bool:
        nonlocal alive_together
        current = board.workers
        alive_together |= bool(current) and current[0] != hung and alive(hung)
        return len(current) == 3 and hung not in current

    await until(replaced)
    assert not alive_together
    await checked(*calls[0])
    assert await carries(*calls[0])
    assert await carries(*reversed(calls[0]))
    assert board.stats().worker_restarts >= 1


async def test_a_hung_worker_does_not_put_the_deadline_off(three: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switchboard, "HUNG_AFTER", 2.0)
    client, expert = three.call()
    await checked(client, expert)
    (hung,) = [lane.process for lane in three.switchboard._lanes if lane is three.switchboard._sessions["s"].lane]
    assert hung is not None
    os.kill(hung, signal.SIGSTOP)
    three.switchboard.set_deadline("s", time.monotonic() + 0.1)
    for _ in range(50):  # they wait in the socket, and are read after the deadline by whoever comes then
        client.send(SRTP)
    await until(lambda: three.stopped)
    assert await goes_quiet(client, expert)


async def test_a_worker_killed_at_the_deadline_does_not_put_it_off(relay: Relay) -> None:
    board = relay.switchboard
    client, expert = relay.call()
    await checked(client, expert)
    os.kill(board.workers[0], signal.SIGKILL)
    board.set_deadline("s", time.monotonic())
    await until(lambda: relay.stopped)
    assert await goes_quiet(client, expert)


async def test_a_lease_that_is_not_renewed_drops_every_leg_and_the_next_one_takes_new_calls(relay: Relay) -> None:
    board = relay.switchboard
    client, expert = relay.call()
    board.lease(time.monotonic() + 600)
    await checked(client, expert)
    assert await carries(client, expert)
    board.lease(time.monotonic() + 0.3)
    await asyncio.sleep(0.4)
    assert await goes_quiet(client, expert)
    os.kill(board.workers[0], signal.SIGKILL)  # its successor knows it, too
    await until(lambda: board.stats().worker_restarts == 1 and board.workers)
    assert await goes_quiet(client, expert)
    assert relay.stopped == []  # that is no hard stop
    board.close("s")
    board.lease(time.monotonic() + 600)
    client, expert = relay.call()
    await checked(client, expert)
    assert await carries(client, expert)


async def test_a_worker_that_stood_still_over_the_end_of_a_lease_forwards_nothing(relay: Relay) -> None:
    board = relay.switchboard
    client, expert = relay.call()
    board.lease(time.monotonic() + 1.0)
    await checked(client, expert)
    os.kill(board.workers[0], signal.SIGSTOP)
    for _ in range(50):
        client.send(SRTP)
    await asyncio.sleep(1.2)
    os.kill(board.workers[0], signal.SIGCONT)
    assert await goes_quiet(client, expert)


async def test_ctrl_c_is_not_for_the_worker(relay: Relay) -> None:
    client, expert = relay.call()
    (worker,) = relay.switchboard.workers
    os.kill(worker, signal.SIGINT)
    os.kill(worker, signal.SIGTERM)
    await checked(client, expert)
    assert relay.switchboard.workers == (worker,)


async def test_stop_ends_the_worker_and_frees_the_port() -> None:
    relay = Relay()
    await relay.switchboard.start()
    (worker,) = relay.switchboard.workers
    await relay.switchboard.stop()
    assert not alive(worker)
    again = Switchboard(
        RelaySettings(port=relay.switchboard.port, bind=("127.0.0.1",)), on_media=print, on_stopped=print
    )
    await again.start()
    await again.stop()


PARENT = """
import asyncio, logging, structlog
from signaling.session import Role
from tests.signaling.relay.helpers import Relay, checked, carries

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))  # stdout is for the test

async def main():
    relay = Relay()
    await relay.switchboard.start()
    client, expert = relay.call()
    await checked(client, expert)
    assert await carries(client, expert)
    known = [(peer.known.ufrag, peer.known.password) for peer in (client, expert)]
    print(relay.switchboard.workers[0], relay.switchboard.port, known, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_a_worker_whose_parent_is_gone_forwards_nothing_more() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    line = (await asyncio.wait_for(parent.stdout.readline(), 60)).decode()
    worker, port = map(int, line.split()[:2])
    assert alive(worker)
    parent.kill()
    await parent.wait()
    await until(lambda: not alive(worker))
    table = Path("/proc/net/udp").read_text()
    assert f"0100007F:{port:04X} " not in table  # nobody listens there any more


def alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def test_the_worker_imports_nothing_heavy() -> None:
    script = "import sys, signaling.relay.worker; print(*sorted(sys.modules))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, cwd=ROOT, stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    modules = set(out.decode().split())
    assert not modules & {"aiortc", "av", "aiohttp", "socketio", "sqlalchemy", "pydantic", "server", "structlog"}
