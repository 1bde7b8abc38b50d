"""Browser sessions: the kernel's sessions, and what their users have proven in them."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from bezant.identity.factors.domain import Method, acr_of, amr_of
from bezant.identity.logins import Login
from bezant.identity.logout import Endings
from bezant.identity.sessions import store
from bezant.identity.sessions.errors import TicketOver
from bezant.identity.sessions.ports import Browser, BrowserSession, Entered
from bezant.identity.users import is_active, subject_of
from bezant.identity.users.notices import call_of, tell
from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.sessions import Session, SessionEnded, Sessions

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

T = TypeVar("T")

IDLE: Final = timedelta(minutes=5)
"""Delegated Regulation (EU) 2018/389, article 4(3)(d): of who is in their payment account."""

LIFETIME: Final = timedelta(hours=12)
"""SP 800-63B-4, section 2.3.3: at the highest level of assurance, once in 12 hours."""

_SCOPES: Final = frozenset({"pages"})
"""Sessions of browsers are for the pages: none is a credential of the API."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a user has proven.

    Attributes:
        at: when the last of it was.
    """

    methods: tuple[Method, ...]
    at: datetime


def device_hash_of(browser: Browser) -> bytes:
    """What is stored of a browser's cookie."""
    return hashlib.sha256(browser.device.encode(errors="replace")).digest()


class Browsing:
    """A tenant's users in their browsers. Implements `BrowserSessions`.

    Args:
        database: connected as the application's role.
        sessions: the kernel's.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, sessions: Sessions) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._sessions = sessions
        self._endings = Endings(ids, sessions)

    async def find(self, tenant_id: UUID, browser: Browser, cookie: str) -> BrowserSession:
        """The session of a cookie, in the browser that it was opened in.

        Raises:
            SessionEnded: it is over, or another browser's.
        """
        session = await self._sessions.find(cookie)
        if session.tenant_id != tenant_id:
            raise _ended()
        row = await self._database.fetchrow(store.FIND_HELD, tenant_id, session.id)
        # A cookie that was taken to another browser lacks the other cookie there.
        if row is None or not compare_digest(row["device_hash"], device_hash_of(browser)):
            raise _ended()
        return _joined(session, row)

    async def list(self, session: BrowserSession) -> Sequence[BrowserSession]:
        """Every session of the user that is not over, newest first, this one among them."""
        tenant_id = session.tenant_id
        live = {
            each.id: each
            for each in await self._sessions.of(tenant_id, subject_of(session.user_id))
        }
        rows = await self._database.fetch(
            store.FIND_ALL_HELD, tenant_id, session.user_id, list(live)
        )
        return [_joined(live[row["token_id"]], row) for row in rows]

    async def revoke(self, session: BrowserSession, which: UUID) -> None:
        """End one of the user's sessions; again is no error."""
        # By its row: the token of one that is being made stronger is of no session for a moment.
        tenant_id, user_id = session.tenant_id, session.user_id
        if await self._database.fetchrow(store.FIND_OWN, tenant_id, which, user_id) is not None:
            await self._end(call_of(self._ids, tenant_id, user_id, "session.revoke"), which)

    async def leave(self, session: BrowserSession) -> None:
        """Log out here."""
        call = call_of(self._ids, session.tenant_id, session.user_id, "session.leave")
        await self._end(call, session.id)

    async def leave_former(
        self, tenant_id: UUID, browser: Browser, user_id: UUID, session_id: UUID
    ) -> None:
        """Log out of a session of this browser, over or not; of none that was in another."""
        mine = (tenant_id, session_id, user_id, device_hash_of(browser))
        if await self._database.fetchrow(store.FIND_IN_BROWSER, *mine) is not None:
            await self._end(call_of(self._ids, tenant_id, user_id, "session.leave"), session_id)

    async def end_others(self, session: BrowserSession) -> None:
        """End every session of the user but this one."""
        call = call_of(self._ids, session.tenant_id, session.user_id, "session.revoke_others")

        async def work(connection: "Connection") -> list[UUID]:
            now = self._clock.now()
            return await self._endings.end_others(
                connection, call, session.user_id, session.id, now
            )

        await self._endings.forget(session.tenant_id, await _commit(self._database, work))

    async def end_all(self, tenant_id: UUID, user_id: UUID) -> None:
        """End every session of a user."""
        call = call_of(self._ids, tenant_id, user_id, "session.revoke_all")

        async def work(connection: "Connection") -> list[UUID]:
            now = self._clock.now()
            return await self._endings.end_all(connection, call, user_id, subject_of(user_id), now)

        await self._endings.forget(tenant_id, await _commit(self._database, work))

    async def is_known(self, tenant_id: UUID, user_id: UUID, device_hash: bytes) -> bool:
        """Whether the user has logged in with a browser before."""
        found = await self._database.fetchrow(store.IS_KNOWN, tenant_id, user_id, device_hash)
        return found is not None

    async def open(self, tenant_id: UUID, browser: Browser, user_id: UUID, proof: Proof) -> Entered:
        """Begin a session.

        Raises:
            TicketOver: the user was disabled meanwhile.
        """
        call = call_of(self._ids, tenant_id, user_id, "session.open")
        opened = await self._sessions.open(
            call, subject_of(user_id), _SCOPES, lifetime=LIFETIME, idle=IDLE
        )
        session_id, device_hash = self._ids.new(), device_hash_of(browser)

        async def work(connection: "Connection") -> bool:
            if not await is_active(connection, tenant_id, user_id):
                return False
            now, token_id = opened.session.created_at, opened.session.id
            await connection.execute(
                store.INSERT, tenant_id, session_id, user_id, token_id, device_hash,
                list(proof.methods), proof.at, now,
            )  # fmt: skip
            known = await connection.fetchval(store.IS_KNOWN, tenant_id, user_id, device_hash)
            await connection.execute(store.REMEMBER, tenant_id, user_id, device_hash, now)
            if known is None:
                await tell(connection, self._ids, tenant_id, user_id, "user.browser_new", now)
            return True

        if not await _commit(self._database, work):
            end = call_of(self._ids, tenant_id, user_id, "session.revoke")
            await self._sessions.revoke(end, opened.session.id)
            raise TicketOver("Begin the login anew.")
        return Entered(opened.token, await self.find(tenant_id, browser, opened.token))

    async def strengthen(
        self,
        session: BrowserSession,
        browser: Browser,
        cookie: str,
        proof: Proof,
    ) -> Entered:
        """Put what was proven now in the place of what was before, under a new cookie.

        Raises:
            SessionEnded: it is over, or was strengthened at the same time.
        """
        call = call_of(self._ids, session.tenant_id, session.user_id, "session.strengthen")
        opened = await self._sessions.rotate(call, cookie, _SCOPES)

        async def work(connection: "Connection") -> str:
            return await connection.execute(
                store.STRENGTHEN, session.tenant_id, session.id, session.token_id,
                opened.session.id, list(proof.methods), proof.at,
            )  # fmt: skip

        if await _commit(self._database, work) != "UPDATE 1":
            raise _ended()
        return Entered(opened.token, await self.find(session.tenant_id, browser, opened.token))

    async def _end(self, call: Call, session_id: UUID) -> None:
        """By its own identifier: its token may be changing at this moment."""

        async def work(connection: "Connection") -> list[UUID]:
            return await self._endings.end(connection, call, [session_id], self._clock.now())

        await self._endings.forget(call.tenant_id, await _commit(self._database, work))


async def _commit(database: Database, work: "Callable[[Connection], Awaitable[T]]") -> T:
    try:
        return await database.transaction(work)
    except CommitUnknown as error:
        raise Unavailable("Whether it was done is not known: begin anew.") from error


def _joined(session: Session, row: "asyncpg.Record") -> BrowserSession:
    proven = tuple(Method(each) for each in row["proven"])
    acr = acr_of(proven)
    assert acr is not None, "a session was opened without a proof"
    login = Login(row["user_id"], row["session_id"], row["proven_at"], acr, amr_of(proven))
    return BrowserSession(
        id=row["session_id"],
        tenant_id=session.tenant_id,
        user_id=row["user_id"],
        login=login,
        proven=proven,
        token_id=session.id,
        created_at=row["created_at"],
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
    )


def _ended() -> SessionEnded:
    return SessionEnded("The session is not valid, or no longer.")
