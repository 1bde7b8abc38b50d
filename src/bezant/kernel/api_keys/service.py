"""Making, listing, rotating and revoking API keys."""

import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel.api_keys import store
from bezant.kernel.api_keys.errors import ApiKeyEnded, ApiKeyNotFound, ExpiryInThePast, GrantTooWide
from bezant.kernel.api_keys.schemas import ApiKey, ApiKeys, IssuedApiKey, NewApiKey
from bezant.kernel.api_keys.token import SECRET_BYTES, Token
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

_BEFORE_ALL: Final = UUID(int=0)


class ApiKeyService:
    """A tenant's API keys.

    Writes take a `Call`, which is audited. Their stored answer has no key text, so that a database
    that leaks holds no credential; the first answer is the only one that has it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._random_bytes = random_bytes

    async def create(
        self, call: Call, new: NewApiKey, *, granted: frozenset[str] | None = None
    ) -> Answer:
        """Make a key (201 `IssuedApiKey`).

        `granted` are the scopes that the caller could use, which the key may not exceed; None for
        an operator, who has the database anyway.
        """
        token = self._new_token(call.tenant_id)

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            now = self._clock.now()
            _require_within(new.scopes, granted)
            if new.expires_at is not None and new.expires_at <= now:
                raise ExpiryInThePast("Give an instant to come.", field="expires_at")
            key = ApiKey(token.key_id, new.name, sorted({*new.scopes}), now, new.expires_at)
            answer = await _issue(connection, token, key)
            await self._tell(connection, call, "api_key.created", key.id)
            return answer

        return self._with_text(await once(self._database, self._clock, call, work), token)

    async def rotate(
        self,
        call: Call,
        key_id: UUID,
        *,
        overlap_s: int,
        granted: frozenset[str] | None = None,
    ) -> Answer:
        """Make a successor of a key (201 `IssuedApiKey`), which itself stays valid for `overlap_s`.

        The successor has the same name, scopes and length of life. `granted` is as for `create`.
        """
        token = self._new_token(call.tenant_id)

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            now = self._clock.now()
            old = await _find(connection, call.tenant_id, key_id)
            _require_within(old.scopes, granted)
            is_over = old.expires_at is not None and old.expires_at <= now
            if is_over or old.revoked_at is not None or old.replaced_by is not None:
                raise ApiKeyEnded("Only a key in use can be rotated.")
            lifetime = None if old.expires_at is None else old.expires_at - old.created_at
            until = now + timedelta(seconds=overlap_s)
            expires_at = until if old.expires_at is None else min(until, old.expires_at)
            successor = ApiKey(
                token.key_id,
                old.name,
                old.scopes,
                now,
                None if lifetime is None else now + lifetime,
            )
            answer = await _issue(connection, token, successor)
            await connection.execute(
                store.REPLACE, call.tenant_id, key_id, token.key_id, expires_at
            )
            successor_id = {"replaced_by": str(token.key_id)}
            await self._tell(connection, call, "api_key.rotated", key_id, successor_id)
            return answer

        return self._with_text(await once(self._database, self._clock, call, work), token)

    async def revoke(self, call: Call, key_id: UUID) -> Answer:
        """End a key (200 `ApiKey`). Every process refuses it within a second; again is no error."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            key = await _find(connection, call.tenant_id, key_id)
            if key.revoked_at is None:
                key = msgspec.structs.replace(key, revoked_at=self._clock.now())
                await connection.execute(store.REVOKE, call.tenant_id, key_id, key.revoked_at)
                await self._tell(connection, call, "api_key.revoked", key_id)
            return Answer.of(key)

        return await once(self._database, self._clock, call, work)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> ApiKeys:
        """A tenant's keys, oldest first, after the key with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, start, limit + 1)
        keys = [_key_of(row) for row in rows[:limit]]
        return ApiKeys(keys, str(keys[-1].id) if len(rows) > limit else None)

    async def _tell(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        call: Call,
        kind: str,
        key_id: UUID,
        data: object | None = None,
    ) -> None:
        subject = f"/v1/api-keys/{key_id}"
        row = event(self._ids.new(), kind, subject, self._clock.now(), data)
        await write_rows(connection, call.tenant_id, [row])

    def _new_token(self, tenant_id: UUID) -> Token:
        return Token(tenant_id, self._ids.new(), self._random_bytes(SECRET_BYTES))

    def _with_text(self, answer: Answer, token: Token) -> Answer:
        """The answer with the key's text, if it is of this very key and not of an earlier one."""
        if answer.is_refusal:
            return answer
        issued = answer.value(IssuedApiKey)
        if issued.api_key.id != token.key_id:
            return answer
        return Answer.of(msgspec.structs.replace(issued, key=token.write()), answer.status)


async def _issue(
    connection: "PoolConnectionProxy[asyncpg.Record]", token: Token, key: ApiKey
) -> Answer:
    await connection.execute(
        store.INSERT,
        token.tenant_id,
        key.id,
        key.name,
        token.secret_hash(),
        key.scopes,
        key.created_at,
        key.expires_at,
    )
    return Answer.of(IssuedApiKey(key, None), 201)


async def _find(
    connection: "PoolConnectionProxy[asyncpg.Record]", tenant_id: UUID, key_id: UUID
) -> ApiKey:
    row = await connection.fetchrow(store.FIND, tenant_id, key_id)
    if row is None:
        raise ApiKeyNotFound("There is no such API key.")
    return _key_of(row)


def _key_of(row: "asyncpg.Record") -> ApiKey:
    return ApiKey(
        id=row["key_id"],
        name=row["name"],
        scopes=row["scopes"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
        replaced_by=row["replaced_by"],
    )


def _require_within(scopes: Iterable[str], granted: frozenset[str] | None) -> None:
    if granted is not None and not granted.issuperset(scopes):
        raise GrantTooWide("A key grants at most what its maker may do.", field="scopes")
