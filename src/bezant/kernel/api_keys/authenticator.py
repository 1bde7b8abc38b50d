"""From an API key's text to its caller, by a cache that a revocation reaches within a second."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final

import structlog

from bezant.kernel.api_keys import store
from bezant.kernel.api_keys.token import Token
from bezant.kernel.calls import Principal
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import Refusal, Unauthenticated, Unavailable
from bezant.kernel.http import BEARER, Credentials

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

FRESH_S: Final = 0.8
"""How old an answer of the database may be before it is asked again, while still being used."""

STALE_S: Final = 1.0
"""How old it may be to be used at all: the bound on a revocation's reach."""

CHECK_SECONDS_MAX: Final = 1.0
"""Whoever joins a look-up relies on an answer at most this old: not above `STALE_S`."""

CACHED_KEYS_MAX: Final = 10_000
STRANGERS_AT_ONCE_MAX: Final = 4
TOUCH_EVERY: Final = timedelta(minutes=1)

log = structlog.get_logger("bezant.api_keys")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database said of a token. `at` is when it was asked, on the monotonic clock."""

    at: float
    principal: Principal | None
    expires_at: datetime | None


class ApiKeyAuthenticator:
    """Authenticates bearer tokens that are API keys.

    Answers are cached by the token's SHA-256, so the process keeps no secrets, and comparing
    digests of what an attacker cannot invert tells nothing by its time. One look-up per token runs
    at a time, whoever waits for it. Unknown tokens have their own bounded cache and a few look-ups
    at once, so that guessing neither evicts nor delays keys in use.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._monotonic = monotonic
        self._known: dict[bytes, _Seen] = {}
        self._unknown: dict[bytes, _Seen] = {}
        self._checks: dict[bytes, asyncio.Task[_Seen]] = {}
        self._touches: set[asyncio.Task[None]] = set()
        self._strangers = asyncio.Semaphore(STRANGERS_AT_ONCE_MAX)

    async def authenticate(self, credentials: Credentials) -> Principal:
        """The caller whose key this is.

        Raises:
            Unauthenticated: no key, unknown, expired or revoked; or not sent as a bearer token.
            Unavailable: the database cannot be asked, and what it said last is too old to rely on.
        """
        if credentials.scheme != BEARER:
            raise Unauthenticated("Send API keys as `Authorization: Bearer <API key>`.")
        text = credentials.token
        digest = hashlib.sha256(text.encode()).digest()
        seen = self._known.get(digest) or self._unknown.get(digest)
        age_s = STALE_S if seen is None else self._monotonic() - seen.at
        if seen is None or age_s >= STALE_S:
            token = Token.read(text)
            if token is None:
                raise _unauthenticated()
            # Shielded: a caller that leaves does not take the look-up from those who wait with it.
            seen = await asyncio.shield(self._check(digest, token))
        elif age_s >= FRESH_S and digest not in self._checks:
            token = Token.read(text)
            assert token is not None, "only tokens are cached"
            self._check(digest, token)
        if seen.principal is None:
            raise _unauthenticated()
        if seen.expires_at is not None and seen.expires_at <= self._clock.now():
            raise _unauthenticated()
        return seen.principal

    async def close(self) -> None:
        """Wait for what runs in the background."""
        await asyncio.gather(*self._checks.values(), *self._touches, return_exceptions=True)

    def _check(self, digest: bytes, token: Token) -> "asyncio.Task[_Seen]":
        """The look-up of a token that is under way, or a new one."""
        check = self._checks.get(digest)
        if check is None:
            check = asyncio.create_task(self._look_up(digest, token))
            self._checks[digest] = check
            check.add_done_callback(lambda done: self._checked(digest, done))
        return check

    def _checked(self, digest: bytes, check: "asyncio.Task[_Seen]") -> None:
        del self._checks[digest]
        if not check.cancelled() and check.exception() is not None:
            # Whoever waits gets the refusal; in the background the next request asks again.
            log.warning("api_key_check_failed", error=type(check.exception()).__name__)

    async def _look_up(self, digest: bytes, token: Token) -> _Seen:
        at = self._monotonic()
        is_stranger = digest not in self._known
        queue: AbstractAsyncContextManager[Any] = self._strangers if is_stranger else nullcontext()
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX), queue:
                row = await self._database.fetchrow(store.FIND, token.tenant_id, token.key_id)
        except TimeoutError:
            raise Unavailable("The API key could not be checked in time.") from None
        seen = _Seen(at, None, None)
        if row is not None and compare_digest(row["secret_hash"], token.secret_hash()):
            seen = self._of(row, token, at)
        self._remember(digest, seen)
        return seen

    def _of(self, row: "asyncpg.Record", token: Token, at: float) -> _Seen:
        if row["revoked_at"] is not None:
            return _Seen(at, None, None)
        now = self._clock.now()
        if row["last_used_at"] is None or row["last_used_at"] <= now - TOUCH_EVERY:
            self._in_background(self._touch(token, now))
        actor = f"key:{token.key_id}"
        principal = Principal(token.tenant_id, actor, frozenset(row["scopes"]))
        return _Seen(at, principal, row["expires_at"])

    def _remember(self, digest: bytes, seen: _Seen) -> None:
        self._known.pop(digest, None)
        self._unknown.pop(digest, None)
        cache = self._known if seen.principal is not None else self._unknown
        cache[digest] = seen
        if len(cache) > CACHED_KEYS_MAX:
            # Insertion order is the order of look-ups: the first was used longest ago, or nearly.
            del cache[next(iter(cache))]

    def _in_background(self, touch: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(touch)
        self._touches.add(task)
        task.add_done_callback(self._touches.discard)

    async def _touch(self, token: Token, now: datetime) -> None:
        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await connection.execute(
                store.TOUCH, token.tenant_id, token.key_id, now, now - TOUCH_EVERY
            )

        try:
            await self._database.transaction(work)
        except Refusal as refusal:
            # Nobody waits for it, and the next minute's use writes a later instant.
            log.warning("api_key_touch_failed", code=refusal.code)


def _unauthenticated() -> Unauthenticated:
    return Unauthenticated("The API key is not valid.")
