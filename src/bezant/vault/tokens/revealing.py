"""Detokenizing: every reveal has its entry in the audit log, durable before the answer.

The stored answer of a request has the tokens that it may reveal and no values. A repeat opens them
again, so that what was erased meanwhile stays closed, and a token for one use that this very
request used up is answered to its repeat, and to nobody else.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from bezant.kernel import audit, idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import (
    BEGIN_BY_KEY,
    CommitUnknown,
    Database,
    Row,
    write_rows,
)
from bezant.kernel.errors import Refusal, Unavailable
from bezant.kernel.http import Problem, TokenBuckets
from bezant.kernel.ids import Ids
from bezant.kernel.sealed import SubjectRestricted
from bezant.kernel.telemetry import Sensitive
from bezant.vault.fields import Fields
from bezant.vault.keys import KeyKind, Seen, TenantKeys
from bezant.vault.tokens import store
from bezant.vault.tokens.errors import TooManyReveals
from bezant.vault.tokens.records import TokenRow, unknown
from bezant.vault.tokens.schemas import (
    Detokenization,
    Detokenized,
    Revealed,
    RevealedAccount,
    RevealedCard,
)

if TYPE_CHECKING:
    from datetime import datetime

    from asyncpg.pool import PoolConnectionProxy

REVEALS_PER_S_MAX: Final = 10_000
REVEALS_BURST_MAX: Final = 20_000

TOKENS: Final = "/v1/vault/tokens"

_TRIES_MAX: Final = 5
_SORT_CODE_DIGITS: Final = 6


class Grant(Struct, frozen=True):
    """What is stored as a request's answer: which tokens it may reveal, and why others not."""

    granted: list[str]
    refused: dict[str, Problem]


class Revealing:
    """Reveals what tokens stand for.

    Args:
        database: the main one, as the vault's role.
        tenants: keys of tenants.
        fields: opens sealed values.
    """

    def __init__(
        self, database: Database, tenants: TenantKeys, fields: Fields, clock: Clock, ids: Ids
    ) -> None:
        self._database = database
        self._tenants = tenants
        self._fields = fields
        self._clock = clock
        self._ids = ids
        self._buckets = TokenBuckets(per_s=REVEALS_PER_S_MAX, burst=REVEALS_BURST_MAX)

    async def detokenize(self, call: Call, asked: Detokenization) -> Answer:
        """`POST /v1/vault/tokens/detokenize` -> 200 `Detokenized`.

        Where no token can be revealed, the answer is the first one's refusal.

        Raises:
            TooManyReveals: by this caller.
        """
        tokens = list(dict.fromkeys(asked.tokens))
        wait_s = self._buckets.take(call.actor, len(tokens))
        if wait_s:
            raise TooManyReveals("Reveals are limited.", retry_after_s=ceil(wait_s))
        seen = await self._tenants.look(call.tenant_id, KeyKind.REQUESTS, KeyKind.TENANT)
        covered = await self._fields.cover(call, seen)
        call = msgspec.structs.replace(covered, purpose=asked.purpose)
        for _ in range(_TRIES_MAX):
            earlier = (await idempotency.find(self._database, call.tenant_id, [call])).get(call.id)
            if earlier is not None:
                return await self._again(call, earlier)
            try:
                answer, rows = await self._grant(call, tokens)
            except CommitUnknown:
                continue  # the record tells whether it took effect
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name != idempotency.CONSTRAINT:
                    raise
                continue
            return answer if answer.is_refusal else await self._reveal(call, answer, rows, seen)
        raise Unavailable("The outcome is not known yet: repeat the request with the same key.")

    async def _grant(self, call: Call, tokens: Sequence[str]) -> tuple[Answer, list[TokenRow]]:
        """Decide, use up what is for one use, and write the audit log: one commit."""

        async def work(
            connection: "PoolConnectionProxy[asyncpg.Record]",
        ) -> tuple[Answer, list[TokenRow]]:
            at = self._clock.now()
            found = await redeem(connection, call, tokens, at, self._fields)
            usable = [row for row in found.values() if isinstance(row, TokenRow)]
            granted = [row.token for row in usable]
            refused = {
                token: _problem(refusal)
                for token, refusal in found.items()
                if isinstance(refusal, Refusal)
            }
            answer = Answer.of(Grant(granted, refused))
            if not granted:
                first = found[tokens[0]]
                assert isinstance(first, Refusal)
                answer = Answer.refused(first)
            rows = [*idempotency.record(call, answer, at), *audit.entry(call, answer, at)]
            rows += self.told(call, granted, at)
            await write_rows(connection, call.tenant_id, rows)
            return answer, usable

        return await self._database.transaction(work, begin=BEGIN_BY_KEY)

    async def _again(self, call: Call, earlier: Answer) -> Answer:
        """Answer a repeat: the same tokens, opened again and told of again."""
        if earlier.is_refusal:
            return earlier
        at = self._clock.now()
        granted = earlier.value(Grant).granted
        rows = self.told(call, granted, at)
        try:
            await self._database.transaction(
                lambda connection: write_rows(connection, call.tenant_id, rows)
            )
        except CommitUnknown as error:
            raise Unavailable("The audit log cannot be written.") from error
        found = await self._database.fetch(store.FIND_TOKENS, call.tenant_id, granted)
        revealed = await self._reveal(call, earlier, [TokenRow.of(row) for row in found])
        return msgspec.structs.replace(revealed, is_replay=True)

    async def _reveal(
        self, call: Call, answer: Answer, rows: Sequence[TokenRow], seen: Seen = ()
    ) -> Answer:
        grant = answer.value(Grant)
        values = await self.values_of(call.tenant_id, rows, call.purpose, seen)
        by_token = {row.token: row for row in rows}
        refused = dict(grant.refused)
        results = []
        for token in grant.granted:
            if token in values:
                results.append(_revealed(by_token[token], values[token]))
            else:
                refused[token] = _problem(unknown())  # erased, or revoked, meanwhile
        if not results:
            return Answer.refused(unknown())
        results += [
            Revealed(token, problem.status, code=problem.code, detail=problem.detail)
            for token, problem in refused.items()
        ]
        return Answer.of(Detokenized(results))

    async def values_of(
        self, tenant_id: UUID, rows: Iterable[TokenRow], purpose: str = "", seen: Seen = ()
    ) -> "dict[str, Values]":
        """What tokens stand for, by token; what was erased, or is restricted, is not among them."""
        rows = list(rows)
        references = [reference for row in rows for reference in row.references]
        opened = (await self._fields.read(tenant_id, references, purpose, seen)).values
        return {
            row.token: Values(
                opened[row.reference],
                None if row.expiry_reference is None else opened.get(row.expiry_reference),
                None if row.holder_reference is None else opened.get(row.holder_reference),
            )
            for row in rows
            if row.reference in opened
        }

    def told(self, call: Call, tokens: Sequence[str], at: "datetime") -> list[Row]:
        """Entries of the audit log, one per token."""
        rows: list[Row] = []
        for token in tokens:
            reveal = msgspec.structs.replace(
                call, id=self._ids.new(), resource=f"{TOKENS}/{token}", idempotency_key=None
            )
            rows += audit.entry(reveal, Answer(200, b""), at)
        return rows


class Values(Sensitive, Struct, frozen=True):
    """What a token stands for, as it is sealed."""

    text: str
    expiry: str | None
    holder: str | None


async def redeem(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    call: Call,
    tokens: Sequence[str],
    at: "datetime",
    fields: Fields,
) -> Mapping[str, TokenRow | Refusal]:
    """Tokens that may be revealed, or why not; those for one use are used up by this commit."""
    tenant_id = call.tenant_id
    rows = {
        row["token"]: TokenRow.of(row)
        for row in await connection.fetch(store.FIND_TOKENS, tenant_id, list(tokens))
    }
    subjects = {row.subject_id for row in rows.values()}
    closed = await fields.closed(connection, tenant_id, subjects, call.purpose)
    found: dict[str, TokenRow | Refusal] = {}
    for token in tokens:
        found[token] = unknown()
        if token in rows:
            try:
                rows[token].require_usable(at)
                if rows[token].subject_id in closed:
                    raise SubjectRestricted("Processing of the subject's data is restricted.")
            except Refusal as refusal:
                found[token] = refusal
            else:
                found[token] = rows[token]
    used = [
        token for token, row in found.items() if isinstance(row, TokenRow) and row.is_single_use
    ]
    if used:
        await connection.execute(store.USE_TOKENS, tenant_id, used, at)
    return found


def _problem(refusal: Refusal) -> Problem:
    return msgspec.json.decode(refusal.encode(), type=Problem)


def _revealed(row: TokenRow, values: Values) -> Revealed:
    if row.kind == "card":
        assert values.expiry is not None
        year, _, month = values.expiry.partition("-")
        card = RevealedCard(values.text, int(month), int(year), values.holder)
        return Revealed(row.token, 200, card=card)
    if row.kind == "value":
        return Revealed(row.token, 200, value=values.text)
    if row.name == "iban":
        return Revealed(row.token, 200, bank_account=RevealedAccount(iban=values.text))
    account = RevealedAccount(
        sort_code=values.text[:_SORT_CODE_DIGITS], account_number=values.text[_SORT_CODE_DIGITS:]
    )
    return Revealed(row.token, 200, bank_account=account)
