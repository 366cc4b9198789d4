"""Signing keys in the store: made once, sealed, kept, and gone where they should be."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from server import receipts
from server.desk.signing import Signing
from server.store.sealing import derive_sealing_key, seal, unseal
from tests.builders import Clock, Office, office

SEALING = derive_sealing_key("a test's own secret, 32 bytes or more of it")
OTHER = derive_sealing_key("another secret, 32 bytes or more of it too")


def drawer(o: Office, sealing_key: bytes = SEALING) -> Signing:
    return Signing(o.database, sealing_key, o.clock)


async def test_the_key_is_made_at_first_need_once_and_found_again_after_a_restart(where: str) -> None:
    async with office(where) as o:
        assert await drawer(o).list() == []
        seeds = await asyncio.gather(*(drawer(o).seed() for _ in range(8)))
        assert len(set(seeds)) == 1
    async with office(where) as o:
        assert await drawer(o).seed() == seeds[0]
        assert await drawer(o).public_keys() == [receipts.public_of(seeds[0])]


async def test_the_private_half_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db") as o:
        seed = await drawer(o).seed()
        (key,) = await drawer(o).list()
        assert key.sealed is not None
        assert seed not in key.sealed
    for file in tmp_path.iterdir():
        assert seed not in file.read_bytes()


async def test_a_rotated_key_signs_no_more_and_is_shown_for_ever(where: str) -> None:
    async with office(where, Clock()) as o:
        first = await drawer(o).seed()
        o.clock.now += 1000
        fresh = await drawer(o).rotate()
        second = await drawer(o).seed()
        assert second != first
        assert receipts.key_id(receipts.public_of(second)) == fresh.kid
        assert await drawer(o).public_keys() == [receipts.public_of(first), receipts.public_of(second)]
        old = (await drawer(o).list())[0]
        assert (old.retired_at, old.sealed) == (o.clock.now, None)


async def test_a_key_under_another_secret_is_retired_and_a_new_one_made(where: str) -> None:
    async with office(where, Clock()) as o:
        first = await drawer(o).seed()
        o.clock.now += 1000
        second = await drawer(o, OTHER).seed()
        assert second != first
        assert await drawer(o, OTHER).seed() == second
        assert [key.retired_at for key in await drawer(o).list()] == [o.clock.now, None]
        assert await drawer(o).public_keys() == [receipts.public_of(first), receipts.public_of(second)]


async def test_what_was_sealed_is_bound_to_its_key_and_its_secret(where: str) -> None:
    async with office(where) as o:
        seed = await drawer(o).seed()
        (key,) = await drawer(o).list()
    assert key.sealed is not None
    assert unseal(SEALING, key.kid, key.sealed) == seed
    assert unseal(OTHER, key.kid, key.sealed) is None
    assert unseal(SEALING, "another", key.sealed) is None
    for place in range(len(key.sealed)):
        changed = bytes([*key.sealed[:place], key.sealed[place] ^ 1, *key.sealed[place + 1 :]])
        assert unseal(SEALING, key.kid, changed) is None
    assert unseal(SEALING, key.kid, b"") is None
    assert seal(SEALING, key.kid, seed) != seal(SEALING, key.kid, seed)  # a nonce of its own each time


async def test_a_public_half_that_was_damaged_is_not_shown_as_a_key(tmp_path: Path) -> None:
    async with office(tmp_path / "a.db") as o:
        await drawer(o).seed()
    with sqlite3.connect(tmp_path / "a.db") as raw:
        raw.execute("UPDATE signing_keys SET public = 'B' || substr(public, 2)")
    async with office(tmp_path / "a.db") as o:
        assert await drawer(o).public_keys() == []
