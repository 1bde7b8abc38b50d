"""Making, finding, listing and revoking grants."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from bezant.identity.grants import store
from bezant.identity.grants.domain import Grant, NewGrant
from bezant.identity.grants.errors import GrantNotFound
from bezant.identity.grants.schemas import GrantView
from bezant.identity.logins import Login
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

BEFORE_ALL: Final = UUID(int=0)

_logins: Final = msgspec.json.Decoder(Login)
_details: Final = msgspec.json.Decoder(tuple[dict[str, Any], ...])


class GrantService:
    """A tenant's grants.

    What changes them takes part in a commit of its caller's (`make`, `end`), or is a `Call` of its
    own (`revoke`). A revoked grant's tokens need no change of their own: whoever checks a token
    looks at its grant.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def make(
        self, connection: "Connection", tenant_id: UUID, new: NewGrant, at: datetime
    ) -> Grant:
        """Write down what a user gave, within the commit in which they decided."""
        grant = Grant(
            id=self._ids.new(),
            tenant_id=tenant_id,
            client_id=new.client_id,
            login=new.login,
            scopes=new.scopes,
            details=new.details,
            resources=new.resources,
            until=new.until,
            created_at=at,
            derived_from=new.derived_from,
        )
        await connection.execute(
            store.INSERT,
            tenant_id,
            grant.id,
            grant.client_id,
            grant.login.user_id,
            msgspec.json.encode(grant.login),
            sorted(grant.scopes),
            msgspec.json.encode(grant.details),
            list(grant.resources),
            grant.until,
            at,
            grant.derived_from,
        )
        await self._tell(connection, tenant_id, "grant.made", [grant.id], at)
        return grant

    async def end(
        self, connection: "Connection", tenant_id: UUID, grant_id: UUID, at: datetime
    ) -> bool:
        """Revoke a grant within another's commit; whether it was in force until now."""
        rows = await connection.fetch(store.REVOKE, tenant_id, grant_id, at)
        ended = [row["grant_id"] for row in rows]
        await self._tell(connection, tenant_id, "grant.revoked", ended, at)
        return bool(rows)

    async def end_of_user(
        self, connection: "Connection", tenant_id: UUID, user_id: UUID, at: datetime
    ) -> None:
        """Revoke all that a user gave, as when the user is disabled or the account recovered."""
        rows = await connection.fetch(store.REVOKE_OF_USER, tenant_id, user_id, at)
        grants = [row["grant_id"] for row in rows]
        await self._tell(connection, tenant_id, "grant.revoked", grants, at)

    async def end_of_client(
        self, connection: "Connection", tenant_id: UUID, client_id: UUID, at: datetime
    ) -> None:
        """Revoke all that a client was given, as when it ends its registration."""
        rows = await connection.fetch(store.REVOKE_OF_CLIENT, tenant_id, client_id, at)
        grants = [row["grant_id"] for row in rows]
        await self._tell(connection, tenant_id, "grant.revoked", grants, at)

    async def revoke(
        self, call: Call, grant_id: UUID, *, within: Callable[[Grant], bool] = lambda _: True
    ) -> Answer:
        """Revoke a grant (200 `GrantView`); every process refuses its tokens within a second.

        With it goes the consent that it followed from, and all else that did: whoever takes back
        what was given without a question does not want it given so once more. Again is no error.

        `within` tells whether the caller may reach the grant, as its user or its client may.
        """

        async def work(connection: "Connection") -> Answer:
            grant = await self.look(connection, call.tenant_id, grant_id)
            if not within(grant):
                raise _not_found()
            at = self._clock.now()
            consent = grant.derived_from or grant.id
            rows = await connection.fetch(store.REVOKE_CONSENT, call.tenant_id, consent, at)
            ended = [row["grant_id"] for row in rows]
            await self._tell(connection, call.tenant_id, "grant.revoked", ended, at)
            if grant.revoked_at is None:
                grant = msgspec.structs.replace(grant, revoked_at=at)
            return Answer.of(GrantView.of(grant))

        return await once(self._database, self._clock, call, work)

    async def find(self, tenant_id: UUID, grant_id: UUID) -> Grant:
        """One grant.

        Raises:
            GrantNotFound: no such grant of the tenant.
        """
        return _found(await self._database.fetchrow(store.FIND, tenant_id, grant_id))

    async def look(self, connection: "Connection", tenant_id: UUID, grant_id: UUID) -> Grant:
        """The same within another's commit.

        Raises:
            GrantNotFound: no such grant of the tenant.
        """
        return _found(await connection.fetchrow(store.FIND, tenant_id, grant_id))

    async def covering(
        self, connection: "Connection", tenant_id: UUID, new: NewGrant, at: datetime
    ) -> Grant | None:
        """The newest consent of the same user to the same client that covers a grant to come.

        Details are covered by no other consent: each is one payment, or one mandate.
        """
        if new.details:
            return None
        row = await connection.fetchrow(
            store.FIND_COVERING,
            tenant_id,
            new.login.user_id,
            new.client_id,
            at,
            sorted(new.scopes),
            list(new.resources),
        )
        return None if row is None else _grant_of(row)

    async def page(
        self,
        tenant_id: UUID,
        *,
        user_id: UUID | None = None,
        client_id: UUID | None = None,
        after: UUID = BEFORE_ALL,
        limit: int,
    ) -> list[Grant]:
        """At most `limit` grants after `after`, oldest first, revoked ones among them."""
        statement = {
            (False, False): store.LIST,
            (True, False): store.LIST_OF_USER,
            (False, True): store.LIST_OF_CLIENT,
            (True, True): store.LIST_OF_BOTH,
        }[user_id is not None, client_id is not None]
        owners = [owner for owner in (user_id, client_id) if owner is not None]
        rows = await self._database.fetch(statement, tenant_id, after, limit, *owners)
        return [_grant_of(row) for row in rows]

    async def _tell(
        self,
        connection: "Connection",
        tenant_id: UUID,
        kind: str,
        grants: Iterable[UUID],
        at: datetime,
    ) -> None:
        rows = [event(self._ids.new(), kind, f"/v1/grants/{grant}", at) for grant in grants]
        await write_rows(connection, tenant_id, rows)


def _found(row: "asyncpg.Record | None") -> Grant:
    if row is None:
        raise _not_found()
    return _grant_of(row)


def _grant_of(row: "asyncpg.Record") -> Grant:
    return Grant(
        id=row["grant_id"],
        tenant_id=row["tenant_id"],
        client_id=row["client_id"],
        login=_logins.decode(row["login"]),
        scopes=frozenset(row["scopes"]),
        details=_details.decode(row["details"]),
        resources=tuple(row["resources"]),
        until=row["until"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        derived_from=row["derived_from"],
    )


def _not_found() -> GrantNotFound:
    return GrantNotFound("There is no such grant.")
