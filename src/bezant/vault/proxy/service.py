"""Sending requests on, each at most once.

What is about to be sent is decided, used up and told of in one commit with the idempotency record,
before the connection is made. From then on the row in `vault_forward` says how far it came: whoever
repeats the request gets its answer, or learns that nobody knows. Only what certainly never left is
sent again, and a CVC never is.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog
from msgspec import Struct

from bezant.kernel import audit, idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import BEGIN_BY_KEY, CommitUnknown, Database, write_rows
from bezant.kernel.errors import Malformed, Refusal, Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.outbound import Target
from bezant.kernel.sealed import SealedField, Sealing
from bezant.vault.fields import Fields, Prepared
from bezant.vault.keys import TRIES_MAX, KeyRetired
from bezant.vault.proxy import store
from bezant.vault.proxy.courier import Courier
from bezant.vault.proxy.destinations import DestinationService
from bezant.vault.proxy.errors import CvcGone, ForwardInFlight, ForwardUnknown
from bezant.vault.proxy.parts import CVC, require_parts
from bezant.vault.proxy.schemas import Forwarded, ForwardResponse, NewForward
from bezant.vault.proxy.sending import ANSWER_BYTES_MAX, Outbound
from bezant.vault.proxy.templates import Placeholder, placeholders_of
from bezant.vault.tokens import TokenRow, TokenService, redeem, unknown

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from bezant.vault.fields.fences import Floors

ANSWER: Final = SealedField("forward.answer", keep_days=3)
KEPT: Final = timedelta(days=3)

_TRIES_MAX: Final = 5
_SWEPT_AT_ONCE: Final = 500
_ANSWER_SEALED_MAX: Final = 8 * ANSWER_BYTES_MAX

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]{0,4096}")
# What the vault says itself, or what would tell of another hop or another length.
_OURS: Final = frozenset(
    {
        "host",
        "content-length",
        "content-type",
        "content-encoding",
        "accept-encoding",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "user-agent",
    }
)

log = structlog.get_logger("bezant.vault")


class Sent(Struct, frozen=True):
    """What is stored as a request's answer."""

    forward: UUID


@dataclass(frozen=True, slots=True)
class _Forward:
    """A request that is on its way."""

    id: UUID
    rows: Mapping[str, TokenRow]


class ProxyService:
    """Sends requests on with values in the place of tokens.

    Attributes:
        destinations: where they may go.
    """

    def __init__(
        self,
        database: Database,
        fields: Fields,
        tokens: TokenService,
        outbound: Outbound,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._fields = fields
        self._tokens = tokens
        self._clock = clock
        self._ids = ids
        self._courier = Courier(tokens, outbound)
        self._at_it: set[UUID] = set()
        self.destinations = DestinationService(
            database, clock, ids, allow_loopback=outbound.allow_loopback
        )

    async def forward(self, call: Call, asked: NewForward) -> Answer:
        """`POST /v1/vault/forward` -> 200 `Forwarded`.

        Raises:
            Refusal: it was not sent, or nobody knows what became of it.
        """
        _check_headers(asked.headers)
        places = placeholders_of(asked.body)
        call = msgspec.structs.replace(await self._fields.cover(call), purpose=asked.purpose)
        for _ in range(_TRIES_MAX):
            earlier = (await idempotency.find(self._database, call.tenant_id, [call])).get(call.id)
            if earlier is not None:
                return await self._again(call, asked, places, earlier)
            target = await self.destinations.require(call.tenant_id, asked.url)
            self._require_codes(call.tenant_id, places)
            try:
                decided = await self._decide(call, places)
            except CommitUnknown:
                continue  # the record tells whether it took effect
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name != idempotency.CONSTRAINT:
                    raise
                continue
            if isinstance(decided, Answer):
                return decided
            return await self._send(call.tenant_id, decided, asked, target, places)
        raise Unavailable("The outcome is not known yet: repeat the request with the same key.")

    async def sweep(self, tenant_id: UUID) -> int:
        """Remove some requests that are over for long, with their answers; how many."""
        before = self._clock.now() - KEPT

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> int:
            rows = await connection.fetch(
                store.FIND_OLD_FORWARDS, tenant_id, before, _SWEPT_AT_ONCE
            )
            if rows:
                await connection.execute(
                    store.DELETE_FORWARDS, tenant_id, [row["forward_id"] for row in rows]
                )
                answers = [row["reference"] for row in rows if row["reference"] is not None]
                await self._fields.remove(connection, tenant_id, answers)
            return len(rows)

        return await self._database.transaction(work)

    def _require_codes(self, tenant_id: UUID, places: Sequence[Placeholder]) -> None:
        for place in places:
            if place.member == CVC and not self._tokens.codes.has(tenant_id, place.token):
                raise CvcGone("The card's CVC is not in memory.")

    async def _decide(self, call: Call, places: Sequence[Placeholder]) -> Answer | _Forward:
        """One commit: what is for one use is used, and the audit log knows of every reveal."""
        tokens = list(dict.fromkeys(place.token for place in places))

        async def work(
            connection: "PoolConnectionProxy[asyncpg.Record]",
        ) -> Answer | _Forward:
            at = self._clock.now()
            found = await redeem(connection, call, tokens, at, self._fields)
            rows = {token: row for token, row in found.items() if isinstance(row, TokenRow)}
            refusal = _refusal(found, places)
            if refusal is not None:
                raise refusal
            forward = _Forward(self._ids.new(), rows)
            subjects = list({row.subject_id for row in rows.values()})
            await connection.execute(
                store.INSERT_FORWARD, call.tenant_id, forward.id, tokens, subjects, at
            )
            answer = Answer.of(Sent(forward.id))
            entries = [*idempotency.record(call, answer, at), *audit.entry(call, answer, at)]
            entries += self._tokens.revealing.told(call, tokens, at)
            await write_rows(connection, call.tenant_id, entries)
            return forward

        try:
            return await self._database.transaction(work, begin=BEGIN_BY_KEY)
        except Unavailable:
            raise
        except Refusal as refusal:
            # Nothing was used up; the refusal is what repeats are answered with.
            answer = Answer.refused(refusal)
            return await idempotency.once(self._database, self._clock, call, _always(answer))

    async def _send(
        self,
        tenant_id: UUID,
        forward: _Forward,
        asked: NewForward,
        target: Target,
        places: Sequence[Placeholder],
    ) -> Answer:
        self._at_it.add(forward.id)
        try:
            try:
                filled = await self._courier.prepare(tenant_id, forward.rows, asked, target, places)
            except Refusal:
                await self._end(tenant_id, forward, "unsent", None)
                raise
            try:
                response = await self._courier.deliver(filled)
            except ForwardUnknown:
                await self._end(tenant_id, forward, "unknown", None)
                raise
            await self._end(tenant_id, forward, "answered", response)
        finally:
            self._at_it.discard(forward.id)
        return Answer.of(Forwarded(forward.id, response))

    async def _end(
        self, tenant_id: UUID, forward: _Forward, state: str, response: ForwardResponse | None
    ) -> None:
        """Write what became of it. If that fails, nobody knows: so it was before."""
        for _ in range(TRIES_MAX):
            try:
                await self._write_end(tenant_id, forward, state, response)
            except KeyRetired:
                continue  # a rotation came in between
            except (Unavailable, CommitUnknown) as error:
                log.warning("vault_forward_not_recorded", state=state, error=type(error).__name__)
            return

    async def _write_end(
        self, tenant_id: UUID, forward: _Forward, state: str, response: ForwardResponse | None
    ) -> None:
        prepared = Prepared((), ())
        if response is not None:
            reference = UUID(bytes=self._tokens.random_bytes(16), version=4)
            subject = next(iter(forward.rows.values())).subject_id
            text = msgspec.json.encode(response).decode()
            prepared = await self._fields.prepare(
                tenant_id,
                [Sealing(reference, subject, ANSWER, text)],
                bytes_max=_ANSWER_SEALED_MAX,
            )

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            subjects = {row.subject_id for row in forward.rows.values()}
            admitted: Floors = {}
            if prepared.sealed:
                admitted = await self._fields.admit(connection, tenant_id, subjects)
            is_kept = admitted.keys() == subjects
            reference = prepared.sealed[0].value.reference if is_kept else None
            await connection.execute(
                store.END_FORWARD, tenant_id, forward.id, state, reference, self._clock.now()
            )
            if is_kept:
                await self._fields.write(connection, tenant_id, prepared, admitted)

        await self._database.transaction(work)

    async def _again(
        self, call: Call, asked: NewForward, places: Sequence[Placeholder], earlier: Answer
    ) -> Answer:
        """Answer a repeat; send only what never left."""
        if earlier.is_refusal:
            return earlier
        forward_id = earlier.value(Sent).forward
        tenant_id = call.tenant_id
        row = await self._database.fetchrow(store.FIND_FORWARD, tenant_id, forward_id)
        if forward_id in self._at_it:
            raise ForwardInFlight("The same request is being sent at this moment.")
        if row is None or row["state"] in {"sending", "unknown"}:
            raise ForwardUnknown("It was sent, and no answer came.")
        if row["state"] == "answered":
            response = await self._answer_of(tenant_id, row)
            body = Answer.of(Forwarded(forward_id, response))
            return msgspec.structs.replace(body, is_replay=True)
        target = await self.destinations.require(tenant_id, asked.url)
        self._require_codes(tenant_id, places)
        rows = await self._tokens.registry.rows(tenant_id, row["tokens"])
        at = self._clock.now()
        for token in row["tokens"]:
            if token not in rows or rows[token].revoked_at is not None or rows[token].is_over(at):
                raise unknown()
        if not await self._resume(call, forward_id, row["tokens"]):
            raise ForwardInFlight("The same request is being sent at this moment.")
        return await self._send(tenant_id, _Forward(forward_id, rows), asked, target, places)

    async def _resume(self, call: Call, forward_id: UUID, tokens: Sequence[str]) -> bool:
        """Take up what never left; False when another repeat has."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> bool:
            tag = await connection.execute(store.RESUME_FORWARD, call.tenant_id, forward_id)
            entries = self._tokens.revealing.told(call, tokens, self._clock.now())
            await write_rows(connection, call.tenant_id, entries)
            return tag.endswith(" 1")

        try:
            return await self._database.transaction(work)
        except CommitUnknown as error:
            raise Unavailable("The audit log cannot be written.") from error

    async def _answer_of(self, tenant_id: UUID, row: "asyncpg.Record") -> ForwardResponse | None:
        """The answer as it came, unless one of its subjects was erased."""
        if row["reference"] is None:
            return None
        erased = await self._fields.erased(tenant_id, row["subjects"])
        opened = (await self._fields.read(tenant_id, [row["reference"]])).values
        text = opened.get(row["reference"])
        if erased or text is None:
            return None
        return msgspec.json.decode(text, type=ForwardResponse)


def _refusal(
    found: Mapping[str, TokenRow | Refusal], places: Sequence[Placeholder]
) -> Refusal | None:
    """Why nothing is sent: a token that may not be used, or that lacks a part."""
    for token, row in found.items():
        if isinstance(row, Refusal):
            return row
        try:
            require_parts(row, [place for place in places if place.token == token])
        except Refusal as refusal:
            return refusal
    return None


def _always(answer: Answer) -> Callable[[object], Awaitable[Answer]]:
    async def work(_: object) -> Answer:
        return answer

    return work


def _check_headers(headers: Mapping[str, str]) -> None:
    """Look that headers are headers, and none of ours.

    Raises:
        Malformed: one is not.
    """
    names = [name.lower() for name in headers]
    is_sane = all(map(_HEADER_NAME.fullmatch, headers)) and all(
        map(_HEADER_VALUE.fullmatch, headers.values())
    )
    if not is_sane or len(set(names)) != len(names):
        raise Malformed("A header has a name and visible ASCII, once.", field="headers")
    if _OURS & set(names) or any("{{" in value for value in headers.values()):
        raise Malformed("The headers have one that is the vault's to set.", field="headers")
