"""Tokenizing: one request or a batch, in one commit with its idempotency records and audit entries.

A request is known by the keyed digest of what it holds, an item of a batch by its own `id`. What is
stored as the answer has nothing in it but tokens and what may be shown beside them.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
import msgspec

from bezant.kernel import audit, idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import BEGIN_BY_KEY, CommitUnknown, Database, write_rows
from bezant.kernel.errors import Refusal, Unavailable
from bezant.kernel.http import Problem
from bezant.kernel.ids import Ids
from bezant.vault.fields import Fields
from bezant.vault.keys import KeyKind, KeyRetired, Seen, TenantKey, TenantKeys
from bezant.vault.tokens.arrivals import Arrival, read_arrival
from bezant.vault.tokens.codes import Codes
from bezant.vault.tokens.fingerprints import Fingerprints
from bezant.vault.tokens.issuing import Issued, Issuing, Keys, drafted
from bezant.vault.tokens.schemas import (
    IssuedToken,
    NewToken,
    NewTokenBatch,
    TokenResult,
    TokenResults,
)

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

TOKENS: Final = "/v1/vault/tokens"

_TRIES_MAX: Final = 5
_TURNS: Final = 64
_CREATED: Final = 201

Asked = tuple[Call, NewToken]


class Tokenizing:
    """Makes tokens.

    Args:
        database: the main one, as the vault's role.
        tenants: keys of tenants.
        fields: seals what tokens stand for.
        fingerprints: tell what is equal.
        codes: holds what is never sealed.
        random_bytes: where tokens and references come from.
    """

    def __init__(
        self,
        database: Database,
        tenants: TenantKeys,
        fields: Fields,
        fingerprints: Fingerprints,
        codes: Codes,
        clock: Clock,
        ids: Ids,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._database = database
        self._tenants = tenants
        self._fields = fields
        self._codes = codes
        self._clock = clock
        self._ids = ids
        self._random_bytes = random_bytes
        self._fingerprints = fingerprints
        self._issuing = Issuing(fields, random_bytes)
        self._turns = [asyncio.Lock() for _ in range(_TURNS)]

    async def tokenize(self, call: Call, new: NewToken) -> Answer:
        """`POST /v1/vault/tokens` -> 201 `IssuedToken`."""
        seen = await self._look(call.tenant_id)
        covered = await self._fields.cover(call, seen)
        [answer] = await self._answer(call.tenant_id, [(covered, new)], None, seen)
        return answer

    async def tokenize_batch(self, call: Call, batch: NewTokenBatch) -> Answer:
        """`POST /v1/vault/tokens/batch` -> 200 `TokenResults`."""
        calls = [
            msgspec.structs.replace(
                call,
                id=self._ids.new(),
                action="token.create",
                # With a blank, which no caller's own key has.
                idempotency_key=f"token {item.id}",
                fingerprint=hashlib.sha256(msgspec.json.encode(item)).digest(),
            )
            for item in batch.tokens
        ]
        seen = await self._look(call.tenant_id)
        whole, *covered = await self._fields.cover_all(call.tenant_id, [call, *calls], seen)
        distinct: dict[UUID, Asked] = {}
        for each, item in zip(covered, batch.tokens, strict=True):
            distinct.setdefault(item.id, (each, item))

        def close(answers: Sequence[Answer]) -> Answer:
            of_id = dict(zip(distinct, answers, strict=True))
            results = []
            for each, item in zip(covered, batch.tokens, strict=True):
                first, _ = distinct[item.id]
                is_same = first.fingerprint == each.fingerprint
                answer = of_id[item.id] if is_same else idempotency.reused()
                results.append(_result(item.id, answer, is_again=first is not each))
            return Answer.of(TokenResults(results))

        closing = Closing(whole, close)
        [answer] = await self._answer(call.tenant_id, list(distinct.values()), closing, seen)
        return answer

    async def _look(self, tenant_id: UUID) -> Seen:
        """Find all the keys that a request needs."""
        return await self._tenants.look(
            tenant_id, KeyKind.REQUESTS, KeyKind.FINGERPRINT, KeyKind.TENANT
        )

    async def _answer(
        self, tenant_id: UUID, asked: Sequence[Asked], closing: "Closing | None", seen: Seen
    ) -> list[Answer]:
        """Answer each request, or the batch that they are items of."""
        calls = [call for call, _ in asked] + ([] if closing is None else [closing.call])
        for _ in range(_TRIES_MAX):
            earlier = await idempotency.find(self._database, tenant_id, calls)
            if closing is not None and closing.call.id in earlier:
                return [earlier[closing.call.id]]
            left = [each for each in asked if each[0].id not in earlier]
            if not left and closing is None:
                return [earlier[call.id] for call in calls]
            try:
                return await self._make(tenant_id, asked, earlier, closing, seen)
            except CommitUnknown:
                continue  # the records tell whether it took effect
            except KeyRetired:
                seen = ()  # a rotation came in between
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name != idempotency.CONSTRAINT:
                    raise
        raise Unavailable("The outcome is not known yet: repeat the request with the same key.")

    async def _make(
        self,
        tenant_id: UUID,
        asked: Sequence[Asked],
        earlier: Mapping[UUID, Answer],
        closing: "Closing | None",
        seen: Seen,
    ) -> list[Answer]:
        """Give out what nobody was answered yet, and record the answers in the same commit."""
        at = self._clock.now()
        read = {call.id: _read(new, at) for call, new in asked if call.id not in earlier}
        arrived = {key: each for key, each in read.items() if isinstance(each, Arrival)}
        version, digests = await self._fingerprints.of(
            tenant_id, [arrival.thing for arrival in arrived.values()], seen
        )
        drafts = {
            key: drafted(arrival, mine, self._random_bytes)
            for (key, arrival), mine in zip(arrived.items(), digests, strict=True)
        }
        sealings = [sealing for draft in drafts.values() for sealing in draft.sealings()]
        prepared = await self._fields.prepare(tenant_id, sealings, seen)
        keys = Keys(version, await self._format_key(tenant_id, arrived.values()))

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> list[Answer]:
            issued = await self._issuing.issue(
                connection, tenant_id, list(drafts.values()), prepared, keys, at
            )
            outcomes = {**read, **dict(zip(drafts, issued, strict=True))}
            answers = []
            rows = []
            for call, new in asked:
                answer = earlier.get(call.id)
                if answer is None:
                    answer, told = _answered(call, new, outcomes[call.id], at)
                    rows += [*idempotency.record(call, answer, at), *audit.entry(told, answer, at)]
                answers.append(answer)
            if closing is not None:
                whole = closing.close(answers)
                rows += idempotency.record(closing.call, whole, at)
                rows += audit.entry(closing.call, whole, at)
            await write_rows(connection, tenant_id, rows)
            return answers

        with nullcontext() if keys.format_key is None else keys.format_key.key:
            # Looking for equal values reads the very pages that others insert into, so that two
            # at once would mostly abort each other.
            async with self._turns[tenant_id.int % _TURNS]:
                answers = await self._database.transaction(work, begin=BEGIN_BY_KEY)
        self._hold(
            tenant_id, arrived, {call.id: a for (call, _), a in zip(asked, answers, strict=True)}
        )
        return answers if closing is None else [closing.close(answers)]

    async def _format_key(self, tenant_id: UUID, arrivals: Iterable[Arrival]) -> TenantKey | None:
        if all(arrival.format != "ff1" for arrival in arrivals):
            return None
        return await self._tenants.active(tenant_id, KeyKind.FORMAT)

    def _hold(
        self, tenant_id: UUID, arrived: Mapping[UUID, Arrival], answers: Mapping[UUID, Answer]
    ) -> None:
        """Keep the codes that came, now that their tokens stand."""
        for key, arrival in arrived.items():
            if arrival.cvc is not None and not answers[key].is_refusal:
                token = answers[key].value(IssuedToken).token
                self._codes.hold(tenant_id, token, arrival.cvc)


@dataclass(frozen=True, slots=True)
class Closing:
    """A batch: its call, and its answer from those of its items."""

    call: Call
    close: Callable[[Sequence[Answer]], Answer]


def _read(new: NewToken, at: datetime) -> Arrival | Refusal:
    try:
        return read_arrival(new, at)
    except Refusal as refusal:
        return refusal


def _answered(
    call: Call, new: NewToken, outcome: Arrival | Issued | Refusal, at: datetime
) -> tuple[Answer, Call]:
    """The answer, and the call as the audit log has it."""
    if isinstance(outcome, Refusal):
        return Answer.refused(outcome), call
    assert isinstance(outcome, Issued)
    is_held = new.card is not None and new.card.cvc is not None
    issued = outcome.row.issued(at, is_reused=outcome.is_reused, is_cvc_held=is_held)
    told = msgspec.structs.replace(call, resource=f"{TOKENS}/{issued.token}")
    return Answer.of(issued, _CREATED), told


def _result(item_id: UUID, answer: Answer, *, is_again: bool) -> TokenResult:
    if answer.is_refusal:
        problem = msgspec.json.decode(answer.body, type=Problem)
        return TokenResult(
            item_id,
            problem.status,
            code=problem.code,
            detail=problem.detail,
            field=problem.field or None,
        )
    return TokenResult(
        item_id,
        _CREATED,
        token=answer.value(IssuedToken),
        stood_before=answer.is_replay or is_again,
    )
