"""Setting limits, and telling how far they are used up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.banking.accounts import BankAccountNotFound
from bezant.banking.limits import store
from bezant.banking.limits.domain import NONE, Use, planned
from bezant.banking.limits.schemas import (
    AccountLimits,
    LimitUsage,
    NewLimits,
    PartyLimits,
    Upcoming,
    Usage,
)
from bezant.banking.limits.spending import limits_of_product, use_of
from bezant.banking.parties import PartyNotFound
from bezant.banking.terms.limits import ROLLING, LimitTerms, Window
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, Row, RowKind, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

Owner = tuple[str, UUID]
"""A kind, and who it is."""

Plan = Sequence[tuple[list[LimitTerms], datetime | None]]
"""Versions of limits, each with when it begins; None: when it was set."""

RAISES_AFTER: Final = timedelta(hours=4)
"""How long a raise waits: time in which somebody whose account was taken over can notice."""

_ACCOUNT: Final = "account"
_PARTY: Final = "party"
_SETTING: Final = RowKind("limit_setting", store.INSERT_SETTINGS)


class LimitService:
    """The limits of accounts.

    Args:
        database: connected as the application's role.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def find(self, tenant_id: UUID, account_id: UUID) -> AccountLimits:
        """An account's limits.

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        at = self._clock.now()

        async def read(connection: "Connection") -> AccountLimits:
            return await _find(connection, tenant_id, account_id, at)

        return await self._database.read(read)

    async def set(
        self, call: Call, account_id: UUID, new: NewLimits, *, raises_wait: bool = True
    ) -> Answer:
        """Replace an account's own limits (200 `AccountLimits`).

        What tightens holds for whatever is decided after the answer; raises may have to wait.
        """
        now = self._clock.now()
        raised_at = now + RAISES_AFTER if raises_wait else None

        async def work(connection: "Connection") -> Answer:
            found = await _find(connection, call.tenant_id, account_id, now)
            owner = (_ACCOUNT, account_id)
            plan = planned(found.account, new.limits, raised_at)
            rows = await _rows(connection, call, owner, plan, now)
            after = _view(found.product, plan)
            subject = f"/v1/accounts/{account_id}"
            told = event(self._ids.new(), "account.limits_changed", subject, now, after)
            await write_rows(connection, call.tenant_id, [*rows, told])
            return Answer.of(after)

        return await once(self._database, self._clock, call, work)

    async def find_of_party(self, tenant_id: UUID, party_id: UUID) -> PartyLimits:
        """A customer's limits.

        Raises:
            PartyNotFound: the tenant has no such party.
        """
        at = self._clock.now()

        async def read(connection: "Connection") -> PartyLimits:
            return _of_party(await _standing_of_party(connection, tenant_id, party_id, at))

        return await self._database.read(read)

    async def set_of_party(self, call: Call, party_id: UUID, new: NewLimits) -> Answer:
        """Replace a customer's limits (200 `PartyLimits`); raises wait, as an account's do."""
        now = self._clock.now()

        async def work(connection: "Connection") -> Answer:
            standing = await _standing_of_party(connection, call.tenant_id, party_id, now)
            plan = planned(_of_party(standing).party, new.limits, now + RAISES_AFTER)
            rows = await _rows(connection, call, (_PARTY, party_id), plan, now)
            after = _of_party(plan)
            subject = f"/v1/parties/{party_id}"
            told = event(self._ids.new(), "party.limits_changed", subject, now, after)
            await write_rows(connection, call.tenant_id, [*rows, told])
            return Answer.of(after)

        return await once(self._database, self._clock, call, work)

    async def usage(self, tenant_id: UUID, account_id: UUID) -> Usage:
        """How far an account's limits are used up.

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        at = self._clock.now()

        async def read(connection: "Connection") -> Usage:
            found = await _find(connection, tenant_id, account_id, at)
            every = [("product", limit) for limit in found.product]
            every += [(_ACCOUNT, limit) for limit in found.account]
            keys = sorted({f"{account_id}/{limit.asset}" for _, limit in every})
            rows = await connection.fetch(store.READ_ACCOUNT_USE, tenant_id, keys, at)
            uses = {row["key"]: use_of(dict(row)) for row in rows}
            others = await connection.fetch(store.READ_COUNTERPARTIES, tenant_id, keys, at)
            counts = {row["key"]: row for row in others}
            used = []
            for owner, limit in every:
                key = f"{account_id}/{limit.asset}"
                row = counts.get(key)
                different = 0 if row is None else row.get(limit.window.value, 0)
                used.append(_used(owner, limit, uses.get(key, Use()), different))
            return Usage(at, used)

        return await self._database.read(read)

    async def remove_old_spends(self, tenant_id: UUID, before: datetime, limit: int) -> int:
        """Remove some of what no window reached at an instant any more; how much it was.

        Raises:
            Unavailable: the database cannot be asked.
        """
        unreached = before - ROLLING[Window.MONTH]
        return await self._database.remove(store.DELETE_SPENDS, tenant_id, unreached, limit)


def _used(owner: str, limit: LimitTerms, use: Use, different: int) -> LimitUsage:
    # One payment is no window: nothing is used of it before.
    spent = NONE if limit.window is Window.TRANSACTION else use.of(limit.channel, limit.window)
    counterparties = None if limit.counterparties is None else different
    return LimitUsage(owner, limit, str(spent.amount), spent.count, counterparties)


async def _find(
    connection: "Connection", tenant_id: UUID, account_id: UUID, at: datetime
) -> AccountLimits:
    terms = await connection.fetchrow(store.FIND_TERMS, tenant_id, account_id)
    if terms is None:
        raise BankAccountNotFound(f"No account {account_id}.")
    standing = await _standing(connection, tenant_id, (_ACCOUNT, account_id), at)
    return _view(limits_of_product(terms["terms"]), standing)


async def _standing_of_party(
    connection: "Connection", tenant_id: UUID, party_id: UUID, at: datetime
) -> Plan:
    if await connection.fetchrow(store.FIND_PARTY, tenant_id, party_id) is None:
        raise PartyNotFound(f"No party {party_id}.")
    return await _standing(connection, tenant_id, (_PARTY, party_id), at)


async def _standing(connection: "Connection", tenant_id: UUID, owner: Owner, at: datetime) -> Plan:
    """What an owner's limits are at an instant, and what waits after them."""
    versions = [
        (msgspec.json.decode(row["limits"], type=list[LimitTerms]), row["effective_at"])
        for row in reversed(await connection.fetch(store.FIND_SETTINGS, tenant_id, *owner))
    ]
    begun = [each for each in versions if each[1] is None or each[1] <= at]
    # The last that has begun holds; what came before it is over.
    return versions[versions.index(begun[-1]) :] if begun else []


async def _rows(
    connection: "Connection", call: Call, owner: Owner, plan: Plan, now: datetime
) -> list[Row]:
    """A plan as the owner's next versions."""
    versions = await connection.fetch(store.FIND_SETTINGS, call.tenant_id, *owner)
    newest = versions[0]["version"] if versions else 0
    return [
        Row(_SETTING, (*owner, version, msgspec.json.encode(limits), begins, now, call.actor))
        for version, (limits, begins) in enumerate(plan, newest + 1)
    ]


def _of_party(standing: Plan) -> PartyLimits:
    found = _view([], standing)
    return PartyLimits(found.account, found.upcoming)


def _view(product: list[LimitTerms], standing: Plan) -> AccountLimits:
    """The first of what stands holds now; a second waits."""
    account = standing[0][0] if standing else []
    waiting = [Upcoming(limits, at) for limits, at in standing[1:] if at is not None]
    return AccountLimits(product, account, waiting[0] if waiting else None)
