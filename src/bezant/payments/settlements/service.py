"""Making settlement batches, and their statements."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.banking import AccountService, BankAccountNotFound, counterparty_of
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.ids import Ids
from bezant.payments.settlements import schemas, store
from bezant.payments.settlements.errors import SettlementBatchNotFound, UnknownPayoutAccount
from bezant.payments.settlements.riders import SettleAccount

if TYPE_CHECKING:
    import asyncpg

    from bezant.ledger import Ledger

_BEFORE_ALL: Final = UUID(int=0)
_AMOUNTS: Final = ("gross", "refunded", "fee", "vat", "shared", "net")


class SettlementService:
    """The settlement batches of a tenant's accounts.

    Args:
        database: connected as the application's role.
        ledger: in whose commits batches are made, with their payouts.
        accounts: of customers.
        fingerprints: by which counterparties are recognized.
    """

    def __init__(
        self,
        database: Database,
        ids: Ids,
        ledger: "Ledger",
        accounts: AccountService,
        fingerprints: Fingerprints,
    ) -> None:
        self._database = database
        self._ids = ids
        self._ledger = ledger
        self._accounts = accounts
        self._fingerprints = fingerprints

    async def settle(self, call: Call, account_id: UUID, new: schemas.NewSettlementBatch) -> Answer:
        """`POST /v1/accounts/{account}/settlement-batches` -> 201 `SettlementBatch`.

        Raises:
            BankAccountNotFound: the tenant has no such.
            UnknownPayoutAccount: see there.
        """
        account = await self._accounts.account(call.tenant_id, account_id)
        counterparty = None
        if new.payout_account is not None:
            await self._check_payout(call.tenant_id, account_id, new.payout_account)
            counterparty = counterparty_of(self._fingerprints, str(new.payout_account))
        rider = SettleAccount(
            account_id, account.institution_id, self._ids.new(), new, counterparty, call.actor
        )
        return await self._ledger.submit(call, account.book_id, rider)

    async def find(self, tenant_id: UUID, batch_id: UUID) -> schemas.SettlementBatch:
        """`GET /v1/settlement-batches/{batch}`.

        Raises:
            SettlementBatchNotFound: the tenant has no such.
        """
        return _batch(await self._row(tenant_id, batch_id))

    async def page(
        self, tenant_id: UUID, account_id: UUID, *, after: str | None, limit: int
    ) -> schemas.SettlementBatches:
        """An account's batches after the one named `after`.

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        await self._accounts.account(tenant_id, account_id)
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, account_id, start, limit + 1)
        found = [_batch(row) for row in rows[:limit]]
        return schemas.SettlementBatches(found, str(found[-1].id) if len(rows) > limit else None)

    async def items(
        self, tenant_id: UUID, batch_id: UUID, *, after: str | None, limit: int
    ) -> schemas.SettlementItems:
        """The items of a batch after the one whose `seq` is `after`.

        Raises:
            SettlementBatchNotFound: the tenant has no such.
        """
        batch = await self._row(tenant_id, batch_id)
        start = batch["after_seq"] if after is None else max(int(after), batch["after_seq"])
        rows = await self._database.fetch(
            store.LIST_ITEMS,
            tenant_id,
            batch["account_id"],
            batch["asset"],
            start,
            batch["through_seq"],
            limit + 1,
        )
        found = [_item(row) for row in rows[:limit]]
        return schemas.SettlementItems(found, str(found[-1].seq) if len(rows) > limit else None)

    async def _row(self, tenant_id: UUID, batch_id: UUID) -> "asyncpg.Record":
        row = await self._database.fetchrow(store.FIND, tenant_id, batch_id)
        if row is None:
            raise SettlementBatchNotFound("There is no such settlement batch.")
        return row

    async def _check_payout(self, tenant_id: UUID, account_id: UUID, payout: UUID) -> None:
        if payout == account_id:
            raise UnknownPayoutAccount("It is the settled account.", field="payout_account")
        try:
            await self._accounts.account(tenant_id, payout)
        except BankAccountNotFound:
            raise UnknownPayoutAccount(
                "There is no such account.", field="payout_account"
            ) from None


def _batch(row: "asyncpg.Record") -> schemas.SettlementBatch:
    return schemas.SettlementBatch(
        id=row["batch_id"],
        account_id=row["account_id"],
        asset=row["asset"],
        no=row["no"],
        items=row["items"],
        payout_account=row["payout_account"],
        paid_out=str(int(row["paid_out"])),
        until=row["until"],
        created_at=row["created_at"],
        **_amounts(row),
    )


def _item(row: "asyncpg.Record") -> schemas.SettlementItem:
    return schemas.SettlementItem(
        id=row["item_id"],
        payment_id=row["order_id"],
        kind=row["kind"],
        seq=row["seq"],
        at=row["at"],
        **_amounts(row),
    )


def _amounts(row: "asyncpg.Record") -> dict[str, str]:
    return {name: str(int(row[name])) for name in _AMOUNTS}
