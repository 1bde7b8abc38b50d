"""Tokens as they are looked at, searched, revoked, and removed when their time is over."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel import audit, idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.http import TokenBuckets
from bezant.vault.fields import Fields, TooManySearches
from bezant.vault.tokens import store
from bezant.vault.tokens.arrivals import read_search
from bezant.vault.tokens.codes import Codes
from bezant.vault.tokens.fingerprints import Fingerprints
from bezant.vault.tokens.issuing import remove
from bezant.vault.tokens.records import TokenRow, unknown
from bezant.vault.tokens.schemas import FoundTokens, Token, TokenSearch

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

FOUND_MAX: Final = 100

# A search tells whether a card is known: enough for people, and for no list of numbers.
SEARCHES_PER_S_MAX: Final = 10
SEARCHES_BURST_MAX: Final = 100

_SWEPT_AT_ONCE: Final = 500


class Registry:
    """What there is of tokens, without what they stand for.

    Args:
        database: the main one, as the vault's role.
        fields: removes sealed values.
        fingerprints: what is searched by.
        codes: forgets those of tokens that end.
    """

    def __init__(
        self,
        database: Database,
        fields: Fields,
        fingerprints: Fingerprints,
        codes: Codes,
        clock: Clock,
    ) -> None:
        self._database = database
        self._fields = fields
        self._fingerprints = fingerprints
        self._codes = codes
        self._clock = clock
        self._searches = TokenBuckets(per_s=SEARCHES_PER_S_MAX, burst=SEARCHES_BURST_MAX)

    async def get(self, tenant_id: UUID, token: str) -> Token:
        """`GET /v1/vault/tokens/{token}`.

        Raises:
            TokenNotFound: there is none.
        """
        row = (await self.rows(tenant_id, [token])).get(token)
        if row is None:
            raise unknown()
        return row.shown(self._clock.now())

    async def rows(self, tenant_id: UUID, tokens: Sequence[str]) -> dict[str, TokenRow]:
        """Tokens that there are, in whatever state, by their text."""
        records = await self._database.fetch(store.FIND_TOKENS, tenant_id, list(tokens))
        return {record["token"]: TokenRow.of(record) for record in records}

    async def search(self, call: Call, search: TokenSearch) -> Answer:
        """`POST /v1/vault/tokens/search` -> 200 `FoundTokens`. Nothing of it is stored.

        Raises:
            TooManySearches: by this caller.
            Refusal: what is searched for is no card or no account.
        """
        wait_s = self._searches.take(call.actor)
        if wait_s:
            raise TooManySearches("Searches are limited.", retry_after_s=ceil(wait_s))
        _, [digests] = await self._fingerprints.of(call.tenant_id, [read_search(search)])
        rows = await self._database.fetch(
            store.FIND_BY_FINGERPRINT, call.tenant_id, digests, search.subject_id, FOUND_MAX
        )
        at = self._clock.now()
        answer = Answer.of(FoundTokens([TokenRow.of(row).shown(at) for row in rows]))
        await audit.write(self._database, self._clock, call, answer)
        return answer

    async def revoke(self, call: Call, token: str) -> Answer:
        """`POST /v1/vault/tokens/{token}/revoke` -> 200 `Token`. Again is no error."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            at = self._clock.now()
            record = await connection.fetchrow(store.FIND_TOKENS, call.tenant_id, [token])
            if record is None:
                raise unknown()
            row = TokenRow.of(record)
            if row.revoked_at is None:
                row = replace(row, revoked_at=at)
                await connection.execute(store.REVOKE, call.tenant_id, token, at)
                await self._fields.remove(connection, call.tenant_id, row.references)
            return Answer.of(row.shown(at))

        covered = await self._fields.cover(call)
        answer = await idempotency.once(self._database, self._clock, covered, work)
        self._codes.drop(call.tenant_id, token)
        return answer

    async def sweep(self, tenant_id: UUID) -> int:
        """Remove some tokens whose time is over, with what they stand for; how many."""
        at = self._clock.now()

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> int:
            records = await connection.fetch(store.FIND_EXPIRED, tenant_id, at, _SWEPT_AT_ONCE)
            rows = [TokenRow.of(record) for record in records]
            if rows:
                await remove(connection, self._fields, tenant_id, rows)
            return len(rows)

        return await self._database.transaction(work)
