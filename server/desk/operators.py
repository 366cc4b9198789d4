"""The drawer with the accounts: who operates the dashboard, how one signs in, and until when that lasts.

An account is made with a role and a link, once, with which its owner takes a password and an authenticator. Both are
needed from then on; a code counts once. A browser may also sign in with an API key. What a cookie holds is stored as
its hash alone, so that the database opens nothing. Every act is in the operators' log (P2.7). What a role may do is
``policy.operators``; who is slowed down for guessing is the door's matter.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.desk.passwords import Passwords
from server.policy import operators as policy
from server.policy.operators import OperatorRole, Right
from server.store import keys, operators, people
from server.store.database import Database
from server.store.locks import exclusively
from server.store.operators import Operator, SignIn
from server.store.sealing import pack, seal, unpack, unseal
from signaling.errors import Denied, NotFound, UserError
from signaling.ports import Clock
from signaling.session import Ms

log = structlog.get_logger("operators")

COMMAND: Final = "command"
"""Who did it, in the log, when it was done on the server's own command line."""

MOST_SIGN_INS: Final = 20
_MISSES: Final = 5
_LOCKED_FOR: Final[Ms] = 15 * 60_000
_SEEN_EVERY: Final[Ms] = 60_000
_ISSUER: Final = "Headstrt Sessions"


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is signed in: an account, or whoever holds a key. ``id`` is what the log says of its acts."""

    id: str
    name: str
    role: OperatorRole | None
    rights: frozenset[Right]
    scopes: frozenset[str]
    since: Ms
    until: Ms
    csrf: str
    mark: str  # the cookie's hash: the same for one sign-in, and worth nothing


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator is given, once."""

    name: str
    role: OperatorRole
    secret: str
    uri: str
    until: Ms


class Operators:
    """One per desk. ``environment_key``: the API key that is no row of the store, if there is one."""

    def __init__(self, database: Database, sealing_key: bytes, clock: Clock, environment_key: str = "") -> None:
        self._database = database
        self._sealing_key = sealing_key
        self._clock = clock
        self._environment = _hash(environment_key) if environment_key else None
        self._passwords = Passwords()
        self.signed_out: Callable[[str], None] = lambda mark: None

    # --- accounts ---

    async def add(self, name: str, role: OperatorRole, who: str) -> tuple[Operator, str]:
        """A new account and its link's token, which nobody can ask for again. ``UserError`` if the name is taken."""
        now, token = self._clock(), secrets.token_urlsafe(32)
        made = Operator(
            id=f"op_{secrets.token_hex(6)}",
            name=name,
            role=role,
            password=None,
            totp_sealed=None,
            totp_step=0,
            misses=0,
            locked_until=None,
            setup_hash=_hash(token),
            setup_until=now + policy.SETUP_FOR,
            created_at=now,
        )

        async def work(connection: AsyncConnection) -> None:
            await exclusively(connection, "operators", name)
            if await operators.find(connection, name) is not None:
                raise UserError("operator_exists", "There is an account of this name, or was: take another.")
            await operators.add(connection, made)
            await people.add_audit(connection, who, "operator.add", made.id, {"role": role.value}, now)

        await self._database.write(work)
        return made, token

    async def reset(self, id_or_name: str, who: str) -> tuple[Operator, str]:
        """A new link: password and authenticator are taken anew with it, and are over until then."""
        now, token = self._clock(), secrets.token_urlsafe(32)

        async def work(connection: AsyncConnection) -> Operator:
            before = _in_use(await _found(connection, id_or_name))
            after = replace(
                before,
                password=None,
                totp_sealed=None,
                misses=0,
                locked_until=None,
                setup_hash=_hash(token),
                setup_until=now + policy.SETUP_FOR,
            )
            await operators.save(connection, after)
            await operators.sign_out_everywhere(connection, before.id)
            await people.add_audit(connection, who, "operator.reset", before.id, {}, now)
            return after

        after = await self._database.write(work)
        self.signed_out(after.id)
        return after, token

    async def change_role(self, id_or_name: str, role: OperatorRole, who: str) -> Operator:
        """From its next call on. ``UserError`` where nobody would be left who may do everything."""
        now = self._clock()

        async def work(connection: AsyncConnection) -> Operator:
            await exclusively(connection, "operators", "admins")
            before = _in_use(await _found(connection, id_or_name))
            if before.role is not role:
                await operators.save(connection, replace(before, role=role))
                await _keep_an_admin(connection, before, who)
                detail = {"role": role.value, "before": before.role.value}
                await people.add_audit(connection, who, "operator.role", before.id, detail, now)
            return replace(before, role=role)

        after = await self._database.write(work)
        self.signed_out(after.id)
        return after

    async def revoke(self, id_or_name: str, who: str) -> Operator:
        """End an account, for good; its name stays taken, for the log's sake."""
        now = self._clock()

        async def work(connection: AsyncConnection) -> Operator:
            await exclusively(connection, "operators", "admins")
            before = _in_use(await _found(connection, id_or_name))
            after = replace(before, password=None, totp_sealed=None, setup_hash=None, setup_until=None, revoked_at=now)
            await operators.save(connection, after)
            await _keep_an_admin(connection, before, who)
            await operators.sign_out_everywhere(connection, before.id)
            await people.add_audit(connection, who, "operator.revoke", before.id, {}, now)
            return after

        after = await self._database.write(work)
        self.signed_out(after.id)
        return after

    async def every(self) -> list[Operator]:
        async with self._database.read() as connection:
            return await operators.every(connection)

    async def sign_out_of(self, id_or_name: str, who: str) -> None:
        """End every sign-in of an account; it may sign in again."""
        now = self._clock()

        async def work(connection: AsyncConnection) -> str:
            found = await _found(connection, id_or_name)
            await operators.sign_out_everywhere(connection, found.id)
            await people.add_audit(connection, who, "operator.sign_out", found.id, {}, now)
            return found.id

        self.signed_out(await self._database.write(work))

    # --- setting up ---

    async def begin_setup(self, token: str) -> Enrolment:
        """A new secret for the authenticator; begun again, the one before is over. ``Denied``."""
        now, secret = self._clock(), secrets.token_bytes(20)

        async def work(connection: AsyncConnection) -> Operator:
            account = _may_set_up(await operators.by_setup(connection, _hash(token), lock=True), now)
            await operators.save(connection, replace(account, totp_sealed=self._sealed(account.id, secret)))
            return account

        account = await self._database.write(work)
        uri = policy.uri_of(secret, account.name, _ISSUER)
        assert account.setup_until is not None
        return Enrolment(account.name, account.role, policy.shown_secret(secret), uri, account.setup_until)

    async def finish_setup(self, token: str, password: str, code: str) -> tuple[str, Signed]:
        """The password, and a first code that shows that the authenticator has it: signed in. The link is over."""
        now = self._clock()
        async with self._database.read() as connection:
            account = _may_set_up(await operators.by_setup(connection, _hash(token)), now)
        if wrong := policy.weakness(password, account.name):
            raise UserError("weak_password", wrong, status=422)
        step = self._step(account, code, now)
        if step is None:
            raise UserError("wrong_code", "This is not the code that your authenticator shows now.", status=422)
        kept = await self._passwords.keep(password)
        cookie, made = self._made(account.id, now)

        async def work(connection: AsyncConnection) -> Operator:
            found = _may_set_up(await operators.by_setup(connection, _hash(token), lock=True), now)
            if found.totp_sealed != account.totp_sealed:
                raise UserError("wrong_code", "It was begun again elsewhere: scan what is shown there.", status=422)
            ready = replace(
                found, password=kept, totp_step=step, setup_hash=None, setup_until=None, signed_in_at=now, misses=0
            )
            await operators.save(connection, ready)
            await operators.sign_in(connection, made)
            await people.add_audit(connection, ready.id, "operator.set_up", ready.id, {}, now)
            return ready

        return cookie, _signed(made, await self._database.write(work), cookie)

    # --- signing in and out ---

    async def sign_in(self, name: str, password: str, code: str, before: str | None = None) -> tuple[str, Signed]:
        """What the cookie will hold, and who that is. ``before``: an older cookie of this browser, which is over.

        ``Denied``, with one answer for whatever is wrong, after the same work.
        """
        now = self._clock()
        async with self._database.read() as connection:
            account = await operators.find(connection, name)
        if account is not None and (account.name != name or account.revoked_at is not None):
            account = None
        right = await self._passwords.check(password, account.password if account else None)
        if account is None or not right or (account.locked_until is not None and now < account.locked_until):
            raise Denied()
        step = self._step(account, code, now)
        if step is None:
            await self._missed(account.id, now)
            raise Denied()
        cookie, made = self._made(account.id, now)

        async def work(connection: AsyncConnection) -> Operator:
            found = await operators.find(connection, account.id, lock=True)
            if found is None or found.password != account.password or found.totp_sealed != account.totp_sealed:
                raise Denied()  # reset or revoked meanwhile
            if not await operators.use_step(connection, account.id, step, now):
                raise Denied()  # somebody was faster with the same code
            await self._begin(connection, made, before)
            await people.add_audit(connection, found.id, "operator.sign_in", found.id, {}, now)
            return found

        return cookie, _signed(made, await self._database.write(work), cookie)

    async def sign_in_with_key(self, secret: str, before: str | None = None) -> tuple[str, Signed]:
        """As whoever holds this API key. ``Denied``; ``UserError`` 403 where its scopes do not open the dashboard."""
        now = self._clock()
        async with self._database.read() as connection:
            key = await self._key(connection, _hash(secret))
        if not policy.MAY_SIGN_IN & set(key.scopes):
            detail = "This key does not open the dashboard; it takes one with the scope moderation or read."
            raise UserError("insufficient_scope", detail, status=403)
        cookie, made = self._made(None, now)
        made = replace(made, key_id=key.id, key_hash=_hash(secret))

        async def work(connection: AsyncConnection) -> None:
            await self._begin(connection, made, before)
            await people.add_audit(connection, key.id, "operator.sign_in", key.id, {}, now)

        await self._database.write(work)
        return cookie, _signed(made, key, cookie)

    async def signed_in(self, cookie: str, *, calls: bool = True) -> Signed:
        """Who has this cookie; that it ``calls`` is kept, now and then. ``Denied``: nobody, or not any more."""
        now = self._clock()
        async with self._database.read() as connection:
            found = await operators.found(connection, _hash(cookie))
            if found is None:
                raise Denied()
            made, account = found
            if now >= made.until or now - made.seen_at >= policy.IDLE:
                raise Denied()
            who: Operator | keys.Key | None = account
            if made.key_hash is not None:
                who = await self._key(connection, made.key_hash)
        if who is None or who.revoked_at is not None or (isinstance(who, Operator) and who.password is None):
            raise Denied()
        if calls and now - made.seen_at >= _SEEN_EVERY:
            await self._database.write(lambda c: operators.seen(c, made.hash, now))
        return _signed(made, who, cookie)

    async def sign_out(self, cookie: str) -> None:
        await self._database.write(lambda c: operators.sign_out(c, _hash(cookie)))
        self.signed_out(_hash(cookie))

    async def sign_out_everywhere(self, who: Signed) -> None:
        """Every browser in which this account, or this key, is signed in."""
        account = None if who.role is None else who.id
        await self._database.write(lambda c: operators.sign_out_everywhere(c, account, None if account else who.id))
        self.signed_out(who.id)

    async def tidy(self) -> int:
        """Take away sign-ins that are over."""
        now = self._clock()
        return await self._database.write(lambda c: operators.forget_over(c, now, policy.IDLE))

    # --- helpers ---

    async def _begin(self, connection: AsyncConnection, made: SignIn, before: str | None) -> None:
        if before is not None:  # never two of one browser, and never one that somebody else has put there
            await operators.sign_out(connection, _hash(before))
        await operators.sign_in(connection, made)
        await operators.keep_newest(connection, made.operator, made.key_id, MOST_SIGN_INS)

    async def _key(self, connection: AsyncConnection, key_hash: str) -> keys.Key:
        if self._environment is not None and hmac.compare_digest(key_hash, self._environment):
            return keys.Key("environment", "the environment's key", _ALL_SCOPES, 0, None)
        key = await keys.find(connection, key_hash)
        if key is None or key.revoked_at is not None:
            raise Denied()
        return key

    async def _missed(self, id_: str, now: Ms) -> None:
        """A right password and a wrong code: somebody has half of it. Five in a row lock the account for a while."""

        async def work(connection: AsyncConnection) -> None:
            found = await operators.find(connection, id_, lock=True)
            if found is None:
                return
            misses = found.misses + 1
            locked = misses >= _MISSES
            after = replace(found, misses=0 if locked else misses, locked_until=now + _LOCKED_FOR if locked else None)
            await operators.save(connection, after)
            if locked:
                await people.add_audit(connection, found.id, "operator.locked", found.id, {}, now)

        await self._database.write(work)

    def _made(self, operator: str | None, now: Ms) -> tuple[str, SignIn]:
        cookie = secrets.token_urlsafe(32)
        return cookie, SignIn(_hash(cookie), operator, None, None, now, now, now + policy.LONGEST)

    def _step(self, account: Operator, code: str, now: Ms) -> int | None:
        secret = unseal(self._sealing_key, account.id, unpack(account.totp_sealed or ""))
        if secret is None:
            if account.totp_sealed is not None:
                log.error(
                    "an authenticator cannot be unsealed with this secret: reset the account", operator=account.id
                )
            return None
        return policy.step_of(secret, code, now, account.totp_step)

    def _sealed(self, id_: str, secret: bytes) -> str:
        return pack(seal(self._sealing_key, id_, secret))


_ALL_SCOPES: Final = ("sessions", "moderation", "endpoints", "read")


def csrf_of(cookie: str) -> str:
    """What a page must show beside the cookie when it writes: only who can read our answers knows it."""
    digest = hmac.new(cookie.encode(), b"headstrt csrf 1", hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _signed(made: SignIn, who: Operator | keys.Key, cookie: str) -> Signed:
    if isinstance(who, Operator):
        role: OperatorRole | None = who.role
        rights, scopes = policy.RIGHTS[who.role], policy.SCOPES[who.role]
    else:
        role, rights, scopes = None, policy.rights_of_scopes(who.scopes), frozenset(who.scopes)
    return Signed(who.id, who.name, role, rights, scopes, made.created_at, made.until, csrf_of(cookie), made.hash)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _may_set_up(account: Operator | None, now: Ms) -> Operator:
    if account is None or account.revoked_at is not None or account.setup_until is None or now >= account.setup_until:
        raise Denied()
    return account


def _in_use(account: Operator) -> Operator:
    if account.revoked_at is not None:
        raise UserError("operator_revoked", "This account was ended; make another one.")
    return account


async def _found(connection: AsyncConnection, id_or_name: str) -> Operator:
    account = await operators.find(connection, id_or_name, lock=True)
    if account is None:
        raise NotFound("There is no such account.", code="operator_not_found")
    return account


async def _keep_an_admin(connection: AsyncConnection, before: Operator, who: str) -> None:
    """Whoever is at the server's command line can make another; whoever is at the dashboard could not."""
    if who != COMMAND and before.role is OperatorRole.ADMIN and not await operators.admins(connection):
        raise UserError("last_admin", "Nobody would be left who may do everything; make another admin first.")
