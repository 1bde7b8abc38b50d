"""Sessions: the database's row is the truth, a signed entry of the cache stands before it."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Coroutine
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from uuid import UUID

import msgspec
import structlog

from bezant.kernel import audit
from bezant.kernel.cache import Cache, CacheName, New
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, write_rows
from bezant.kernel.errors import Refusal, Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.sessions import store
from bezant.kernel.sessions.errors import SessionEnded
from bezant.kernel.sessions.revocations import Revocations
from bezant.kernel.sessions.token import SECRET_BYTES, SessionToken

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

T = TypeVar("T")

ENTRY_VALID: Final = timedelta(seconds=60)
"""How long an entry of the cache may stand for its row."""

TOUCH_EVERY: Final = timedelta(seconds=60)
"""How often the use of a session is written; more often where it may be idle for minutes only."""

SESSIONS_MAX: Final = 1_000
"""Of one subject, that are listed."""

KIND: Final = "session"

log = structlog.get_logger("bezant.sessions")


class Session(msgspec.Struct, frozen=True):
    """A session in use.

    Attributes:
        subject: whose, as an opaque reference, such as `user:0198…`.
        scopes: what it grants.
        expires_at: its end, used or not; a rotation does not move it.
        idle_s: how long it may be unused.
        version: of its row.
    """

    id: UUID
    tenant_id: UUID
    secret_hash: bytes
    subject: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    idle_s: int
    last_used_at: datetime
    version: int

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired, or was unused for too long."""
        return now >= self.expires_at or now - self.last_used_at >= timedelta(seconds=self.idle_s)


class OpenedSession(NamedTuple):
    """A session and its token, which is told this once and stored nowhere."""

    token: str
    session: Session


class _Entry(msgspec.Struct, frozen=True):
    """A session as it was when its row was read."""

    session: Session
    until: datetime


_entries: Final = msgspec.msgpack.Decoder(_Entry)


class Sessions:
    """Sessions of users and operators.

    Changes take a `Call`, which is audited in the same commit. A session is served from the cache
    while its entry is young and the database says, at most a second before, that it was not
    revoked. So a revocation reaches every process within a second, whatever the cache holds.
    """

    def __init__(
        self,
        database: Database,
        cache: Cache,
        clock: Clock,
        ids: Ids,
        *,
        revocations: Revocations | None = None,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._cache = cache
        self._clock = clock
        self._ids = ids
        self._revocations = revocations or Revocations(database, clock)
        self._random_bytes = random_bytes
        self._touches: set[asyncio.Task[None]] = set()

    async def open(
        self,
        call: Call,
        subject: str,
        scopes: Collection[str],
        *,
        lifetime: timedelta,
        idle: timedelta,
    ) -> OpenedSession:
        """Begin a session of the call's tenant."""

        async def work(connection: "Connection") -> OpenedSession:
            now = self._clock.now()
            opened = self._new(
                call.tenant_id, subject, scopes, now, now + lifetime, int(idle.total_seconds())
            )
            await _insert(connection, opened.session)
            await _audit(connection, call, now)
            return opened

        opened = await self._commit(work)
        await self._keep(opened.session)
        return opened

    async def find(self, text: str) -> Session:
        """The session of a token.

        Raises:
            SessionEnded: it is over, or never was.
            DatabaseUnavailable: that cannot be known.
        """
        token = SessionToken.read(text)
        if token is None:
            raise _ended()
        session = await self._cached(token)
        now = self._clock.now()
        if session is None or session.is_over(now):
            # The entry may be behind: the session may have been used since.
            session = await self._stored(token)
        if session.is_over(now) or not compare_digest(session.secret_hash, token.secret_hash()):
            raise _ended()
        if now - session.last_used_at >= min(TOUCH_EVERY, timedelta(seconds=session.idle_s) / 4):
            self._in_background(self._touch(session, now))
        return session

    async def of(self, tenant_id: UUID, subject: str) -> list[Session]:
        """A subject's sessions that are not over, newest first, as the database has them."""
        now = self._clock.now()
        rows = await self._database.fetch(
            store.FIND_OF_SUBJECT, tenant_id, subject, now, SESSIONS_MAX
        )
        sessions = [_session_of(tenant_id, row) for row in rows]
        return [session for session in sessions if not session.is_over(now)]

    async def rotate(self, call: Call, text: str, scopes: Collection[str]) -> OpenedSession:
        """Replace a session by one with other scopes, as at every change of what it grants.

        The old token ends with this; the new session ends when the old one would have.

        Raises:
            SessionEnded: it is over, or somebody else rotated it at the same time.
        """
        token = SessionToken.read(text)
        if token is None or token.tenant_id != call.tenant_id:
            raise _ended()

        async def work(connection: "Connection") -> OpenedSession:
            now = self._clock.now()
            old = _session_of(token.tenant_id, await connection.fetchrow(store.FIND, *_key(token)))
            if old.is_over(now) or not compare_digest(old.secret_hash, token.secret_hash()):
                raise _ended()
            if await connection.fetchrow(store.REVOKE, *_key(token), now) is None:
                raise _ended()
            opened = self._new(old.tenant_id, old.subject, scopes, now, old.expires_at, old.idle_s)
            await _insert(connection, opened.session)
            await _audit(connection, call, now)
            return opened

        opened = await self._commit(work)
        await self.forget(call.tenant_id, [token.session_id])
        await self._keep(opened.session)
        return opened

    async def revoke(self, call: Call, session_id: UUID) -> None:
        """End one session of the call's tenant; again is no error."""
        await self._revoke(call, store.REVOKE, session_id)

    async def revoke_all(self, call: Call, subject: str) -> None:
        """End every session of a subject that was opened before."""
        await self._revoke(call, store.REVOKE_ALL, subject)

    async def end(
        self, connection: "Connection", call: Call, sessions: Collection[UUID], at: datetime
    ) -> list[UUID]:
        """End sessions in another's commit; those that it ended, to `forget` after it."""
        return await _end(connection, call, store.REVOKE_THESE, list(sessions), at)

    async def end_all(
        self, connection: "Connection", call: Call, subject: str, at: datetime
    ) -> list[UUID]:
        """The same for all of a subject."""
        return await _end(connection, call, store.REVOKE_ALL, subject, at)

    async def close(self) -> None:
        """Wait for what runs in the background."""
        await asyncio.gather(*self._touches, return_exceptions=True)
        await self._revocations.close()

    async def _revoke(self, call: Call, statement: str, which: UUID | str) -> None:
        async def work(connection: "Connection") -> list[UUID]:
            return await _end(connection, call, statement, which, self._clock.now())

        await self.forget(call.tenant_id, await self._commit(work))

    async def _commit(self, work: "Callable[[Connection], Awaitable[T]]") -> T:
        try:
            return await self._database.transaction(work)
        except CommitUnknown as error:
            raise Unavailable("Whether it was done is not known; do it again.") from error

    async def _cached(self, token: SessionToken) -> Session | None:
        """What the cache says of a session, if that may be relied on."""
        found = await self._cache.read(_name(*_key(token)))
        entry = None if found is None else _entries.decode(found.value)
        if entry is None or self._clock.now() >= entry.until:
            return None
        # Last, since what it says counts from when it was asked.
        if await self._revocations.rules_out(*_key(token)):
            return None
        return entry.session

    async def _stored(self, token: SessionToken) -> Session:
        row = await self._database.fetchrow(store.FIND, *_key(token))
        session = _session_of(token.tenant_id, row)
        await self._keep(session)
        return session

    def _new(
        self,
        tenant_id: UUID,
        subject: str,
        scopes: Collection[str],
        now: datetime,
        expires_at: datetime,
        idle_s: int,
    ) -> OpenedSession:
        token = SessionToken(tenant_id, self._ids.new(), self._random_bytes(SECRET_BYTES))
        session = Session(
            id=token.session_id,
            tenant_id=tenant_id,
            secret_hash=token.secret_hash(),
            subject=subject,
            scopes=frozenset(scopes),
            created_at=now,
            expires_at=expires_at,
            idle_s=idle_s,
            last_used_at=now,
            version=1,
        )
        return OpenedSession(token.write(), session)

    async def _keep(self, session: Session) -> None:
        entry = _Entry(session, self._clock.now() + ENTRY_VALID)
        value = msgspec.msgpack.encode(entry)
        new = New(_name(session.tenant_id, session.id), session.version, value)
        await self._cache.write([new], ttl_s=ENTRY_VALID.total_seconds())

    async def forget(self, tenant_id: UUID, sessions: Collection[UUID]) -> None:
        """After their end is committed, know of it: here at once, elsewhere within a second."""
        self._revocations.changed(tenant_id)
        for session_id in sessions:
            await self._cache.forget(_name(tenant_id, session_id))

    def _in_background(self, touch: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(touch)
        self._touches.add(task)
        task.add_done_callback(self._touches.discard)

    async def _touch(self, session: Session, now: datetime) -> None:
        async def work(connection: "Connection") -> "asyncpg.Record | None":
            await connection.execute(
                store.TOUCH, session.tenant_id, session.id, now, session.last_used_at
            )
            return await connection.fetchrow(store.FIND, session.tenant_id, session.id)

        try:
            row = await self._commit(work)
            await self._keep(_session_of(session.tenant_id, row))
        except Refusal as refusal:
            # Nobody waits for it: the next use writes a later instant.
            log.warning("session_touch_failed", code=refusal.code)


def _session_of(tenant_id: UUID, row: "asyncpg.Record | None") -> Session:
    """A session from its row.

    Raises:
        SessionEnded: there is none, or it was revoked.
    """
    if row is None or row["revoked_at"] is not None:
        raise _ended()
    return Session(
        id=row["session_id"],
        tenant_id=tenant_id,
        secret_hash=row["secret_hash"],
        subject=row["subject"],
        scopes=frozenset(row["scopes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        idle_s=row["idle_s"],
        last_used_at=row["last_used_at"],
        version=row["version"],
    )


async def _end(
    connection: "Connection",
    call: Call,
    statement: str,
    which: UUID | str | list[UUID],
    at: datetime,
) -> list[UUID]:
    rows = await connection.fetch(statement, call.tenant_id, which, at)
    await _audit(connection, call, at)
    return [row["session_id"] for row in rows]


async def _insert(connection: "Connection", session: Session) -> None:
    await connection.execute(
        store.INSERT,
        session.tenant_id,
        session.id,
        session.secret_hash,
        session.subject,
        sorted(session.scopes),
        session.created_at,
        session.expires_at,
        session.idle_s,
    )


async def _audit(connection: "Connection", call: Call, at: datetime) -> None:
    await write_rows(connection, call.tenant_id, audit.entry(call, Answer(200, b""), at))


def _key(token: SessionToken) -> tuple[UUID, UUID]:
    return token.tenant_id, token.session_id


def _name(tenant_id: UUID, session_id: UUID) -> CacheName:
    return CacheName(tenant_id, KIND, session_id.hex)


def _ended() -> SessionEnded:
    return SessionEnded("The session is not valid, or no longer.")
