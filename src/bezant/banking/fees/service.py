"""Charging fees of events, and reading what was charged."""

from typing import TYPE_CHECKING
from uuid import UUID

from bezant.banking.accounts import AccountService
from bezant.banking.fees import schemas, store
from bezant.banking.fees.domain import for_event
from bezant.banking.fees.events import view
from bezant.banking.fees.riders import ChargeFees
from bezant.banking.products import ProductService
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database

if TYPE_CHECKING:
    from bezant.ledger import Ledger


class FeeService:
    """The fees of accounts of a tenant's customers.

    Args:
        database: connected as the application's role.
        ledger: in whose commits they are charged.
    """

    def __init__(
        self,
        database: Database,
        ledger: "Ledger",
        accounts: AccountService,
        products: ProductService,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._accounts = accounts
        self._products = products

    async def charge(self, call: Call, account_id: UUID, new: schemas.NewCharge) -> Answer:
        """`POST /v1/accounts/{account}/fees` -> 201 `Charges`: none where the event is free.

        Raises:
            BankAccountNotFound: the tenant has no such.
        """
        account = await self._accounts.account(call.tenant_id, account_id)
        version = account.product_version
        product = await self._products.find(call.tenant_id, account.product_id, version)
        fees = for_event(product.terms.fees, new.event, new.asset)
        rider = ChargeFees(account_id, version, new.asset, f"{new.event}/{new.reference}", fees)
        return await self._ledger.submit(call, account.book_id, rider)

    async def charges(self, tenant_id: UUID, account_id: UUID) -> schemas.Charges:
        """`GET /v1/accounts/{account}/fees`: the newest, oldest of them first.

        Raises:
            BankAccountNotFound: the tenant has no such.
        """
        await self._accounts.account(tenant_id, account_id)
        rows = await self._database.fetch(
            store.LIST_CHARGES, tenant_id, account_id, schemas.CHARGES_MAX
        )
        return schemas.Charges([view(dict(row)) for row in reversed(rows)])
