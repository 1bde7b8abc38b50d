"""Making, changing, listing and rotating the keys of webhook endpoints."""

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from bezant.kernel.calls import Answer, Call
from bezant.kernel.idempotency import once
from bezant.kernel.outbound import TargetRefused, read_target
from bezant.kernel.webhooks import store
from bezant.kernel.webhooks.claims import Means
from bezant.kernel.webhooks.errors import (
    TooManyWebhookEndpoints,
    TooManyWebhookKeys,
    WebhookBookUnknown,
    WebhookEndpointNotFound,
    WebhookUrlRefused,
)
from bezant.kernel.webhooks.keyring import Keyring, describe, key_of
from bezant.kernel.webhooks.schemas import (
    IssuedWebhookKey,
    NewWebhookEndpoint,
    WebhookEndpoint,
    WebhookEndpointChange,
    WebhookEndpoints,
    WebhookKey,
    WebhookRotation,
)
from bezant.kernel.webhooks.signing import SigningKey, new_key
from bezant.kernel.webhooks.sources import Head

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

ENDPOINTS_MAX: Final = 50
"""Of a tenant."""

KEYS_MAX: Final = 5
"""That sign for one endpoint at once."""

_BEFORE_ALL: Final = UUID(int=0)


class WebhookService:
    """A tenant's webhook endpoints.

    Secrets are in no stored answer: the first one alone has it. In the database they are sealed.
    """

    def __init__(self, means: Means, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._database = means.database
        self._clock = means.clock
        self._ids = means.ids
        self._sources = means.sources
        self._keyring = Keyring(means.sealer)
        self._allow_loopback = means.allow_loopback
        self._random_bytes = random_bytes

    async def create(self, call: Call, new: NewWebhookEndpoint) -> Answer:
        """Make an endpoint that is told of what happens from now on (201 `IssuedWebhookKey`)."""
        heads = await self._sources.heads(call.tenant_id)
        endpoint_id, key_id = self._ids.new(), self._ids.new()
        key = new_key(new.signature, self._random_bytes)

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            self._require_target(new.url)
            _require_books(new.books, heads)
            count = await connection.fetchval(store.COUNT_ENDPOINTS, call.tenant_id)
            if count >= ENDPOINTS_MAX:
                raise TooManyWebhookEndpoints(f"A tenant has at most {ENDPOINTS_MAX} endpoints.")
            now = self._clock.now()
            described = describe(key_id, new.signature, key, now)
            endpoint = WebhookEndpoint(
                endpoint_id, new.url, new.description, new.event_types, new.books,
                "enabled", None, now, None, [described],
            )  # fmt: skip
            await connection.execute(
                store.INSERT_ENDPOINT, call.tenant_id, endpoint_id, new.url, new.description,
                new.event_types, new.books, now,
            )  # fmt: skip
            await connection.execute(store.INSERT_DISPATCH, call.tenant_id, endpoint_id, now)
            await _set_cursors(connection, call.tenant_id, endpoint_id, heads)
            await self._keyring.add(connection, call.tenant_id, endpoint_id, described, key)
            return Answer.of(IssuedWebhookKey(endpoint, None), 201)

        answer = await once(self._database, self._clock, call, work)
        return _with_secret(answer, key_id, key)

    async def rotate(self, call: Call, endpoint_id: UUID, rotation: WebhookRotation) -> Answer:
        """Make a new key (201 `IssuedWebhookKey`); the others sign too for the overlap."""
        key_id = self._ids.new()
        key = new_key(rotation.signature, self._random_bytes)

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            now = self._clock.now()
            endpoint = await self._find(connection, call.tenant_id, endpoint_id)
            until = now + timedelta(seconds=rotation.overlap_s)
            kept = [
                msgspec.structs.replace(each, expires_at=min(each.expires_at or until, until))
                for each in endpoint.keys
                if rotation.overlap_s
            ]
            if len(kept) >= KEYS_MAX:
                raise TooManyWebhookKeys(f"At most {KEYS_MAX} keys sign at once.")
            described = describe(key_id, rotation.signature, key, now)
            await connection.execute(store.REMOVE_ENDED_KEYS, call.tenant_id, endpoint_id, now)
            await connection.execute(store.END_KEYS, call.tenant_id, endpoint_id, until)
            await self._keyring.add(connection, call.tenant_id, endpoint_id, described, key)
            changed = msgspec.structs.replace(endpoint, keys=[*kept, described])
            return Answer.of(IssuedWebhookKey(changed, None), 201)

        answer = await once(self._database, self._clock, call, work)
        return _with_secret(answer, key_id, key)

    async def change(self, call: Call, endpoint_id: UUID, change: WebhookEndpointChange) -> Answer:
        """Change what was given (200 `WebhookEndpoint`)."""
        heads = await self._sources.heads(call.tenant_id)

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            before = await self._find(connection, call.tenant_id, endpoint_id)
            after = _changed(before, change)
            if after.url != before.url:
                self._require_target(after.url)
            if after.books != before.books:
                _require_books(after.books, heads)
                # A stream that was left out is told of from now on, as to a new endpoint.
                added = [h for h in heads if wants(after, h) and not wants(before, h)]
                await _set_cursors(connection, call.tenant_id, endpoint_id, added)
            await connection.execute(
                store.CHANGE_ENDPOINT, call.tenant_id, endpoint_id, after.url, after.description,
                after.event_types, after.books, after.status, after.disabled_reason,
            )  # fmt: skip
            await self._follow(connection, call.tenant_id, before, after)
            return Answer.of(after)

        return await once(self._database, self._clock, call, work)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> WebhookEndpoints:
        """A tenant's endpoints, oldest first, after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST_ENDPOINTS, tenant_id, start, limit + 1)
        shown = rows[:limit]
        keys = await self._database.fetch(
            store.FIND_KEYS, tenant_id, [row["endpoint_id"] for row in shown], self._clock.now()
        )
        endpoints = [endpoint_of(row, keys) for row in shown]
        return WebhookEndpoints(endpoints, str(endpoints[-1].id) if len(rows) > limit else None)

    async def get(self, tenant_id: UUID, endpoint_id: UUID) -> WebhookEndpoint:
        """One endpoint.

        Raises:
            WebhookEndpointNotFound: unknown, deleted, or another tenant's.
        """
        return await self._database.read(
            lambda connection: self._find(connection, tenant_id, endpoint_id)
        )

    async def _find(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        endpoint_id: UUID,
    ) -> WebhookEndpoint:
        row = await connection.fetchrow(store.FIND_ENDPOINT, tenant_id, endpoint_id)
        if row is None:
            raise WebhookEndpointNotFound("There is no such webhook endpoint.")
        now = self._clock.now()
        keys = await connection.fetch(store.FIND_KEYS, tenant_id, [endpoint_id], now)
        return endpoint_of(row, keys)

    async def _follow(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        before: WebhookEndpoint,
        after: WebhookEndpoint,
    ) -> None:
        """What a change of the status, or of where messages go, means for those that wait."""
        now = self._clock.now()
        if after.status == "deleted":
            for removal in (store.REMOVE_KEYS, store.REMOVE_CURSORS, store.REMOVE_DELIVERIES):
                await connection.execute(removal, tenant_id, after.id)
        elif after.status == "enabled" and (before.status, before.url) != ("enabled", after.url):
            await connection.execute(store.REVIVE, tenant_id, after.id, now)
        else:
            return
        await connection.execute(store.RESTART, tenant_id, after.id, now)

    def _require_target(self, url: str) -> None:
        try:
            read_target(url, allow_loopback=self._allow_loopback)
        except TargetRefused as refused:
            raise WebhookUrlRefused(str(refused), field="url") from None


def wants(endpoint: WebhookEndpoint, head: Head) -> bool:
    """Whether an endpoint is told of a stream at all."""
    return endpoint.books is None or head.book_id in endpoint.books


def endpoint_of(row: "asyncpg.Record", keys: "Iterable[asyncpg.Record]") -> WebhookEndpoint:
    """The endpoint of a row, with those of the keys that are its own."""
    return WebhookEndpoint(
        id=row["endpoint_id"],
        url=row["url"],
        description=row["description"],
        event_types=row["event_types"],
        books=row["books"],
        status=row["status"],
        disabled_reason=row["disabled_reason"],
        created_at=row["created_at"],
        failing_since=row["failing_since"],
        keys=[key_of(key) for key in keys if key["endpoint_id"] == row["endpoint_id"]],
    )


def _changed(before: WebhookEndpoint, change: WebhookEndpointChange) -> WebhookEndpoint:
    given = {
        name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET
    }
    after = msgspec.structs.replace(before, **given)
    if after.status == "enabled":
        is_fresh = (before.status, before.url) != ("enabled", after.url)
        failing_since = None if is_fresh else before.failing_since
        return msgspec.structs.replace(after, disabled_reason=None, failing_since=failing_since)
    if after.status == "deleted":
        return msgspec.structs.replace(after, keys=[])
    reason = before.disabled_reason or "asked"
    return msgspec.structs.replace(after, disabled_reason=reason)


async def _set_cursors(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    tenant_id: UUID,
    endpoint_id: UUID,
    heads: Sequence[Head],
) -> None:
    """Begin after what has happened so far."""
    if heads:
        await connection.execute(
            store.SAVE_CURSORS,
            tenant_id,
            endpoint_id,
            [head.stream for head in heads],
            [head.sequence for head in heads],
        )


def _require_books(books: list[UUID] | None, heads: Sequence[Head]) -> None:
    known = {head.book_id for head in heads}
    for number, book in enumerate(books or ()):
        if book not in known:
            raise WebhookBookUnknown(f"There is no book {book}.", field=f"books[{number}]")


def _with_secret(answer: Answer, key_id: UUID, key: SigningKey) -> Answer:
    """The answer with the secret, if it is of this very key and not of an earlier one's request."""
    if answer.is_refusal or key.public is not None:
        return answer
    issued = answer.value(IssuedWebhookKey)
    newest: WebhookKey = issued.webhook_endpoint.keys[-1]
    if newest.id != key_id:
        return answer
    return Answer.of(msgspec.structs.replace(issued, secret=key.write()), answer.status)
