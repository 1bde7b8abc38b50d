"""Listing money that waits, applying it, and sending it back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from bezant.banking import AccountService, BankAccountNotFound
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.payments.direct_debits import DirectDebitService
from bezant.payments.direct_debits.errors import ReasonUnfit
from bezant.payments.direct_debits.reasons import Back, fits
from bezant.payments.orders.errors import CreditorInAnotherBook, UnknownCreditorAccount
from bezant.payments.unapplied import schemas, store
from bezant.payments.unapplied.domain import MovementKind, Origin, unapplied_account
from bezant.payments.unapplied.errors import UnappliedNotFound, UnappliedNotReturnable
from bezant.payments.unapplied.riders import ApplyUnapplied, SendBackUnapplied

if TYPE_CHECKING:
    from bezant.ledger import Ledger

_BEFORE_ALL: Final = UUID(int=0)


class UnappliedService:
    """What waits of a tenant's payments and collections.

    Args:
        database: connected as the application's role.
        ledger: in whose commits it is given away.
        accounts: of customers, who may get it.
        debits: knows collections.
    """

    def __init__(
        self,
        database: Database,
        ids: Ids,
        ledger: "Ledger",
        accounts: AccountService,
        debits: DirectDebitService,
    ) -> None:
        self._database = database
        self._ids = ids
        self._ledger = ledger
        self._accounts = accounts
        self._debits = debits

    async def apply(self, call: Call, unapplied_id: UUID, new: schemas.Application) -> Answer:
        """`POST /v1/unapplied-money/{unapplied}/apply` -> 201 `Movement`.

        Raises:
            UnappliedNotFound: the tenant has no such.
            UnknownCreditorAccount: as that.
            CreditorInAnotherBook: see there.
        """
        found = await self.find(call.tenant_id, unapplied_id)
        try:
            account = await self._accounts.account(call.tenant_id, new.account_id)
        except BankAccountNotFound:
            raise UnknownCreditorAccount("There is no such account.", field="account_id") from None
        if account.book_id != found.book_id:
            raise CreditorInAnotherBook("The money is in another book.", field="account_id")
        rider = ApplyUnapplied(
            self._ids.new(),
            unapplied_id,
            found.asset,
            new.account_id,
            None if new.amount is None else int(new.amount),
            new.reason,
            call.actor,
        )
        return await self._ledger.submit(call, found.book_id, rider)

    async def send_back(self, call: Call, unapplied_id: UUID, new: schemas.SendingBack) -> Answer:
        """`POST /v1/unapplied-money/{unapplied}/send-back` -> 201 `Movement`.

        Raises:
            UnappliedNotFound: the tenant has no such.
            UnappliedNotReturnable: it is no collection for a customer here.
            ReasonUnfit: the code is none of a reversal.
        """
        found = await self.find(call.tenant_id, unapplied_id)
        if found.origin is not Origin.DIRECT_DEBIT:
            raise UnappliedNotReturnable("It is no collection.")
        if not fits(new.code, Back.REVERSAL):
            raise ReasonUnfit(f"{new.code} is no reason of a reversal.", field="code")
        debit = await self._debits.debit(call.tenant_id, unapplied_id)
        if debit.creditor_account is None:
            raise UnappliedNotReturnable("It is the debtor's.")
        rider = SendBackUnapplied(self._ids.new(), debit, new.code, new.reason, call.actor)
        return await self._ledger.submit(call, found.book_id, rider)

    async def find(self, tenant_id: UUID, unapplied_id: UUID) -> schemas.Unapplied:
        """`GET /v1/unapplied-money/{unapplied}`.

        Raises:
            UnappliedNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.FIND, tenant_id, unapplied_id)
        if row is None:
            raise UnappliedNotFound("There is no such unapplied money.")
        return _view(dict(row))

    async def page(
        self, tenant_id: UUID, *, include_gone: bool, after: str | None, limit: int
    ) -> schemas.UnappliedMoney:
        """What waits for the tenant after what is known as `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, start, include_gone, limit + 1)
        found = [_view(dict(row)) for row in rows[:limit]]
        return schemas.UnappliedMoney(found, str(found[-1].id) if len(rows) > limit else None)

    async def movements(self, tenant_id: UUID, unapplied_id: UUID) -> schemas.Movements:
        """`GET /v1/unapplied-money/{unapplied}/movements`.

        Raises:
            UnappliedNotFound: the tenant has no such.
        """
        await self.find(tenant_id, unapplied_id)
        rows = await self._database.fetch(store.LIST_MOVEMENTS, tenant_id, unapplied_id)
        return schemas.Movements(
            [
                schemas.Movement(
                    row["movement_id"],
                    unapplied_id,
                    MovementKind(row["kind"]),
                    str(int(row["amount"])),
                    row["account_id"],
                    row["reason"],
                    row["at"],
                    row["actor"],
                )
                for row in rows
            ]
        )


def _view(row: Mapping[str, Any]) -> schemas.Unapplied:
    unapplied_id: UUID = row["unapplied_id"]
    return schemas.Unapplied(
        unapplied_id,
        Origin(row["origin"]),
        row["institution_id"],
        row["ledger_book"],
        unapplied_account(unapplied_id),
        row["asset"],
        str(int(row["remaining"])),
        row["since"],
    )
