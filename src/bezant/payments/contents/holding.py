"""What payments say, as what is kept of people: kept for as long as the law asks, and then gone.

Obliged entities keep the records of transactions for five years after the end of a business
relationship, and delete them then (Directive (EU) 2015/849, article 40(1)). A tenant says
otherwise with a rule for the field `payment.content`, as for any other.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.sealing import SecretSealer
from bezant.payments.contents import store
from bezant.payments.contents.described import debit, mandate, payment, refused_item, verification
from bezant.vault import Described, Duty

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

FIELD: Final = "payment.content"
"""What a tenant's rule on it is called."""

KEEP_DAYS: Final = 1_827
"""Five years, leap days included."""

EXPORT_MAX: Final = 10_000
"""Payments of one export, and as many collections and verifications: the newest."""

ACCOUNTS_PER_COMMIT: Final = 100
ITEMS_PER_COMMIT: Final = 1_000

_LAW: Final = "directive_2015_849_article_40"
_BEFORE_ALL: Final = UUID(int=0)


class PaymentContents:
    """What a person's export and erasure need to know of payments, and the sweep of what is due.

    Attributes:
        name: what they are called there.

    Args:
        database: connected as the vault's role, in whose transaction a person is erased.
        clock: tells what is due.
        sealer: opens what payments say.
    """

    name = "payments"

    def __init__(self, database: Database, clock: Clock, sealer: SecretSealer) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer

    async def duty(
        self, connection: "Connection", tenant_id: UUID, subject_id: UUID, now: datetime
    ) -> Duty | None:
        """Whether payments of the person's accounts have to be kept for longer."""
        row = await connection.fetchrow(store.FIND_RELATIONSHIP, tenant_id, subject_id)
        assert row is not None, "an aggregate has one row"
        days, reason = await self._rule(connection, tenant_id)
        if row["open"]:
            return Duty(FIELD, reason, None)
        if row["closed_at"] is None:
            return None
        until = row["closed_at"] + timedelta(days=days)
        return Duty(FIELD, reason, until) if until > now else None

    async def describe(self, tenant_id: UUID, subject_id: UUID) -> Sequence[Described]:
        """What is kept of payments, and of what was to become some, of the person's accounts."""
        rows = await self._database.fetch(store.FIND_ACCOUNTS, tenant_id, [subject_id])
        accounts = [row["account_id"] for row in rows]
        if not accounts:
            return []
        described: list[Described] = []
        for statement, describe in (
            (store.EXPORT_ORDERS, payment),
            (store.EXPORT_DEBITS, debit),
            (store.EXPORT_VERIFICATIONS, verification),
            (store.EXPORT_MANDATES, mandate),
            (store.EXPORT_REFUSED_ITEMS, refused_item),
        ):
            found = await self._database.fetch(statement, tenant_id, accounts, EXPORT_MAX)
            described += [describe(self._sealer, tenant_id, row) for row in found]
        return described

    async def forget(
        self, connection: "Connection", tenant_id: UUID, subjects: Sequence[UUID]
    ) -> None:
        """Delete what the accounts' payments say.

        What concerns a customer on the other side too stays as long as it has to be kept of them;
        `remove_due` removes it then.
        """
        rows = await connection.fetch(store.FIND_ACCOUNTS, tenant_id, subjects)
        days, _ = await self._rule(connection, tenant_id)
        now = self._clock.now()
        accounts = [row["account_id"] for row in rows]
        await _remove(connection, tenant_id, accounts, now - timedelta(days=days), now)

    async def remove_due(self, tenant_id: UUID) -> int:
        """Delete what need not be kept any more; of how many payments, mandates and files' items.

        Of accounts that are closed, and of what was refused and is no account's.
        """
        return await self._of_closed(tenant_id) + await self._unowned(tenant_id)

    async def _of_closed(self, tenant_id: UUID) -> int:
        removed, after = 0, _BEFORE_ALL
        while True:
            now = self._clock.now()

            async def work(
                connection: "Connection", now: datetime = now, after: UUID = after
            ) -> tuple[UUID | None, int]:
                days, _ = await self._rule(connection, tenant_id)
                cutoff = now - timedelta(days=days)
                rows = await connection.fetch(
                    store.FIND_CLOSED, tenant_id, cutoff, after, ACCOUNTS_PER_COMMIT
                )
                if not rows:
                    return None, 0
                accounts = [row["account_id"] for row in rows]
                count = await _remove(connection, tenant_id, accounts, cutoff, now)
                return accounts[-1], count

            last, count = await self._database.transaction(work)
            if last is None:
                return removed
            removed, after = removed + count, last

    async def _unowned(self, tenant_id: UUID) -> int:
        removed = 0

        async def work(connection: "Connection") -> int:
            days, _ = await self._rule(connection, tenant_id)
            old = tenant_id, self._clock.now() - timedelta(days=days), ITEMS_PER_COMMIT
            items = await connection.fetch(store.CLEAR_UNOWNED_ITEMS, *old)
            debits = await connection.fetch(store.CLEAR_UNOWNED_DEBIT_ITEMS, *old)
            await _forget_files(connection, tenant_id, items, debits)
            return len(items) + len(debits)

        while count := await self._database.transaction(work):
            removed += count
        return removed

    @staticmethod
    async def _rule(connection: "Connection", tenant_id: UUID) -> tuple[int, str]:
        row = await connection.fetchrow(store.FIND_RULE, tenant_id, FIELD)
        return (KEEP_DAYS, _LAW) if row is None else (row["keep_days"], row["reason"])


async def _remove(
    connection: "Connection",
    tenant_id: UUID,
    accounts: Sequence[UUID],
    cutoff: datetime,
    now: datetime,
) -> int:
    """Delete what payments of accounts say, where neither side has to keep it."""
    due = await _due(connection, tenant_id, accounts, cutoff, now)
    if not due:
        return 0
    found = [
        await connection.fetch(statement, tenant_id, list(due))
        for statement in (store.FIND_ORDERS, store.FIND_DEBITS, store.FIND_MANDATES)
    ]
    others = {row[side] for rows in found for row in rows for side in ("payer", "payee")}
    due |= await _due(connection, tenant_id, list(others - due - {None}), cutoff, now)
    whole = due | {None}
    orders, debits, mandates = (
        [row[key] for row in rows if row["payer"] in whole and row["payee"] in whole]
        for rows, key in zip(found, ("order_id", "debit_id", "mandate_id"), strict=True)
    )
    mine = [account for account in accounts if account in due]
    # References before the items that tell whose they are.
    await connection.execute(store.DELETE_REFERENCES, tenant_id, orders)
    items = await connection.fetch(store.CLEAR_ITEMS, tenant_id, orders)
    refused = await connection.fetch(store.CLEAR_REFUSED_ITEMS, tenant_id, mine)
    await connection.execute(store.DELETE_ORDERS, tenant_id, orders)
    debit_items = await connection.fetch(store.CLEAR_DEBIT_ITEMS, tenant_id, debits)
    refused_debits = await connection.fetch(store.CLEAR_REFUSED_DEBIT_ITEMS, tenant_id, mine)
    await connection.execute(store.DELETE_DEBIT_MESSAGES, tenant_id, debits)
    await connection.execute(store.DELETE_DEBITS, tenant_id, debits)
    await connection.execute(store.CLEAR_MANDATES, tenant_id, mandates)
    await connection.execute(store.DELETE_VERIFICATIONS, tenant_id, mine)
    await connection.execute(store.CLEAR_STANDING, tenant_id, mine)
    await _forget_files(connection, tenant_id, [*items, *refused], [*debit_items, *refused_debits])
    return len(orders) + len(debits) + len(mandates) + len(refused) + len(refused_debits)


async def _forget_files(
    connection: "Connection",
    tenant_id: UUID,
    items: "Sequence[asyncpg.Record]",
    debit_items: "Sequence[asyncpg.Record]",
) -> None:
    """Take the names from those files of the items of which no other says anything any more."""
    for statement, rows in ((store.CLEAR_FILES, items), (store.CLEAR_DEBIT_FILES, debit_items)):
        files = sorted({row["bulk_id"] for row in rows})
        if files:
            # Names are unique: what stands for one tells nothing, and is no other's.
            await connection.execute(statement, tenant_id, files, [each.bytes for each in files])


async def _due(
    connection: "Connection",
    tenant_id: UUID,
    accounts: Sequence[UUID],
    cutoff: datetime,
    now: datetime,
) -> set[UUID | None]:
    rows = await connection.fetch(store.FIND_DUE, tenant_id, accounts, cutoff, now)
    return {row["account_id"] for row in rows}
