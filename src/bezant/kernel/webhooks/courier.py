"""One process at work for one endpoint: takes in what is new, sends what is due, records it.

A message that was sent and not recorded, because the process was killed in between, is sent again
by the next one, with the same identifier.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from bezant.kernel.database import BEGIN_BY_KEY, CommitUnknown
from bezant.kernel.errors import Refusal
from bezant.kernel.outbound import TargetRefused, read_target
from bezant.kernel.sealing import SealBroken
from bezant.kernel.telemetry import FEED_LAG, WEBHOOK_DELIVERIES
from bezant.kernel.webhooks import store
from bezant.kernel.webhooks.claims import LEASE, Claim, ClaimLost, Means, hold
from bezant.kernel.webhooks.disabling import disable
from bezant.kernel.webhooks.intake import Intake
from bezant.kernel.webhooks.keyring import Keyring
from bezant.kernel.webhooks.schedule import (
    Result,
    Verdict,
    fare,
    is_given_up,
    is_gone,
    is_well,
    judge,
)
from bezant.kernel.webhooks.schemas import DisabledReason, WebhookEndpoint
from bezant.kernel.webhooks.sending import SendFailed
from bezant.kernel.webhooks.service import endpoint_of
from bezant.kernel.webhooks.signing import SigningKey, signed_headers
from bezant.kernel.webhooks.sources import Event, message_body, message_id

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

BEAT_S: Final = 3.0

_SENT_AT_ONCE: Final = 16
# Then the endpoint is given back, so that no process keeps those that are busy.
_WORK_S_MAX: Final = 10.0

log = structlog.get_logger("bezant.webhooks")


@dataclass(frozen=True, slots=True)
class _Route:
    """An endpoint as it is at the moment, with what it is signed with."""

    endpoint: WebhookEndpoint
    keys: Sequence[SigningKey]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What came of one message. `result` is None when there was nothing to send any more."""

    delivery_id: UUID
    occurred_at: datetime
    verdict: Verdict
    result: Result | None


class Courier:
    """Works for one endpoint until nothing is due, it is to be left alone, or the time is up."""

    def __init__(self, means: Means, held: Claim) -> None:
        self._means = means
        self._held = held
        self._health = held.health
        self._intake = Intake(means, held)
        self._log = log.bind(endpoint_id=held.endpoint_id)
        self._is_stopping = False

    def stop(self) -> None:
        """Give the endpoint back as soon as what is being sent is recorded."""
        self._is_stopping = True

    async def work(self) -> None:
        """Do so, holding the endpoint meanwhile."""
        beats = asyncio.create_task(self._beat())
        try:
            await self._rounds()
            await self._release()
        except ClaimLost:
            self._log.info("webhook_claim_lost")
        except (Refusal, CommitUnknown) as error:
            # The database is away. The lease runs out, and whoever comes next sees how far it got.
            self._log.warning("webhook_courier_stopped", error=type(error).__name__)
        finally:
            beats.cancel()
            with suppress(asyncio.CancelledError):
                await beats

    async def _rounds(self) -> None:
        until = time.monotonic() + _WORK_S_MAX
        while not self._is_stopping and time.monotonic() < until:
            route = await self._route()
            if route is None:
                return
            due = await self._due()
            # What waits goes first: there is nothing to read for an endpoint that is away.
            if len(due) < self._at_once and await self._intake.read(route.endpoint):
                due = await self._due()
            elif not due:
                return
            attempts = await asyncio.gather(*(self._attempt(route, row) for row in due))
            if attempts and not await self._record(attempts):
                return

    async def _beat(self) -> None:
        """Renew the lease. That it was lost is found by whatever is written next."""
        while True:
            await asyncio.sleep(BEAT_S)
            with suppress(ClaimLost, Refusal, CommitUnknown):
                await self._means.database.transaction(
                    lambda connection: hold(connection, self._means, self._held),
                    begin=BEGIN_BY_KEY,
                )

    async def _route(self) -> _Route | None:
        """The endpoint as it is now; None when it is told of nothing any more."""
        tenant_id, endpoint_id = self._held.place
        database = self._means.database
        row = await database.fetchrow(store.FIND_ENDPOINT, tenant_id, endpoint_id)
        if row is None or row["status"] != "enabled":
            return None
        rows = await database.fetch(
            store.FIND_KEYS, tenant_id, [endpoint_id], self._means.clock.now()
        )
        keyring = Keyring(self._means.sealer)
        try:
            keys = [keyring.open(tenant_id, each) for each in rows]
        except SealBroken as broken:
            self._log.error("webhook_key_unreadable", error=str(broken))
            keys = []
        return _Route(endpoint_of(row, rows), keys)

    async def _due(self) -> "list[asyncpg.Record]":
        """What may be sent now."""
        return await self._means.database.fetch(
            store.FIND_DUE, *self._held.place, self._means.clock.now(), self._at_once
        )

    @property
    def _at_once(self) -> int:
        """How many messages: one alone for as long as the endpoint seems to be away."""
        return 1 if self._health.failures else _SENT_AT_ONCE

    async def _attempt(self, route: _Route, row: "asyncpg.Record") -> _Attempt:
        event = await self._intake.event(row)
        if event is None:
            gone = Verdict("failed", self._means.clock.now(), None, 0, "event_gone")
            return _Attempt(row["delivery_id"], row["occurred_at"], gone, None)
        result: Result
        try:
            result = await self._send(route, event)
        except SendFailed as failed:
            result = failed
        verdict = judge(
            result,
            attempts=row["attempts"],
            first_attempt_at=row["first_attempt_at"],
            at=self._means.clock.now(),
            luck=self._means.luck(),
        )
        return _Attempt(row["delivery_id"], row["occurred_at"], verdict, result)

    async def _send(self, route: _Route, event: Event) -> Result:
        if not route.keys:
            raise SendFailed("key_unreadable", 0)
        try:
            target = read_target(route.endpoint.url, allow_loopback=self._means.allow_loopback)
        except TargetRefused:
            # The rules were other ones when it was made, such as with endpoints on this machine.
            raise SendFailed("address_refused", 0) from None
        body = message_body(event)
        name = message_id(self._held.tenant_id, event)
        headers = signed_headers(name, self._means.clock.now(), body, route.keys)
        return await self._means.sender.post(target, headers, body)

    async def _record(self, attempts: Sequence[_Attempt]) -> bool:
        """Write what came of a round; whether to go on with another."""
        now = self._means.clock.now()
        results = [each.result for each in attempts if each.result is not None]
        before, after = self._health, self._health
        if results:
            after = fare(before, results, now, self._means.luck())
        reason = _reason_to_disable(results, is_over=is_given_up(after, now))
        is_back = before.is_away and not after.is_away

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            fared = await connection.fetchrow(
                store.FARE, *self._held.place, self._held.epoch, now + LEASE,
                after.failures, after.failing_since, after.resume_at,
            )  # fmt: skip
            if fared is None:
                raise ClaimLost
            await connection.execute(
                store.RECORD_ATTEMPTS, *self._held.place, now, *_columns(attempts)
            )
            if is_back:
                await connection.execute(store.HASTEN, *self._held.place, now)
            if reason is not None:
                await disable(connection, self._means, self._held, reason, now)

        await self._means.database.transaction(work, begin=BEGIN_BY_KEY)
        self._health = after
        for each in attempts:
            WEBHOOK_DELIVERIES.labels(_OUTCOMES[each.verdict.status]).inc()
            if each.verdict.status == "delivered":
                FEED_LAG.labels("webhook").observe(
                    max(0.0, (now - each.occurred_at).total_seconds())
                )
        if reason is not None:
            self._log.warning("webhook_endpoint_disabled", reason=reason)
        return reason is None and after.resume_at <= now

    async def _release(self) -> None:
        """Give the endpoint back, and say when it is due next."""
        now = self._means.clock.now()

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            released = await connection.fetchrow(
                store.RELEASE, *self._held.place, self._held.epoch, now
            )
            if released is None:
                raise ClaimLost

        await self._means.database.transaction(work, begin=BEGIN_BY_KEY)


_OUTCOMES: Final = {"delivered": "delivered", "pending": "retried", "failed": "given_up"}


def _reason_to_disable(results: Sequence[Result], *, is_over: bool) -> DisabledReason | None:
    if any(map(is_gone, results)):
        return "gone"
    return "failing" if is_over and not any(map(is_well, results)) else None


def _columns(attempts: Sequence[_Attempt]) -> tuple[list[object], ...]:
    """Attempts as the statement takes them: one array per column."""
    verdicts = [each.verdict for each in attempts]
    return (
        [each.delivery_id for each in attempts],
        [each.status for each in verdicts],
        [each.next_attempt_at for each in verdicts],
        [each.response_status for each in verdicts],
        [each.latency_ms for each in verdicts],
        [each.error for each in verdicts],
    )
