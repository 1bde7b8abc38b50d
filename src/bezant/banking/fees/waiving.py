"""Sparing accounts fees: giving waivers, ending them, and reading them."""

from typing import TYPE_CHECKING
from uuid import UUID

from bezant.banking.accounts import AccountService
from bezant.banking.fees import schemas, store
from bezant.banking.fees.errors import FeeNotAgreed, FeeWaiverNotFound
from bezant.banking.products import ProductService
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, Row, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


class FeeWaiverService:
    """The waivers of accounts of a tenant's customers.

    Args:
        database: connected as the application's role.
        accounts: who are spared.
        products: whose fees they are.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        accounts: AccountService,
        products: ProductService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._accounts = accounts
        self._products = products

    async def give(self, call: Call, account_id: UUID, new: schemas.NewFeeWaiver) -> Answer:
        """`POST /v1/accounts/{account}/fee-waivers` -> 201 `FeeWaiver`.

        Whatever is charged after the answer finds it.

        Raises:
            BankAccountNotFound: the tenant has no such.
            FeeNotAgreed: the account's terms have no fee of the code.
        """
        account = await self._accounts.account(call.tenant_id, account_id)
        product = await self._products.find(
            call.tenant_id, account.product_id, account.product_version
        )
        if new.code is not None and new.code not in {fee.code for fee in product.terms.fees}:
            raise FeeNotAgreed(f"{product.code} has no fee {new.code}.", field="code")
        waiver = schemas.FeeWaiver(
            self._ids.new(), new.code, new.until, new.reason, self._clock.now(), call.actor
        )

        async def work(connection: "Connection") -> Answer:
            await connection.execute(
                store.INSERT_WAIVER, call.tenant_id, account_id, waiver.id, waiver.code,
                waiver.until, waiver.reason, waiver.given_at, waiver.given_by,
            )  # fmt: skip
            told = self._told("account_fees.waiver_given", account_id, waiver)
            await write_rows(connection, call.tenant_id, [told])
            return Answer.of(waiver, 201)

        return await once(self._database, self._clock, call, work)

    async def end(self, call: Call, account_id: UUID, waiver_id: UUID) -> Answer:
        """`POST /v1/accounts/{account}/fee-waivers/{waiver}/end` -> 200 `FeeWaiver`.

        Raises:
            BankAccountNotFound: the tenant has no such.
            FeeWaiverNotFound: the account has no such, or it was ended.
        """
        await self._accounts.account(call.tenant_id, account_id)
        now = self._clock.now()

        async def work(connection: "Connection") -> Answer:
            row = await connection.fetchrow(
                store.END_WAIVER, call.tenant_id, account_id, waiver_id, now, call.actor
            )
            if row is None:
                raise FeeWaiverNotFound("The account has no such waiver.")
            told = self._told("account_fees.waiver_ended", account_id, _view(row))
            await write_rows(connection, call.tenant_id, [told])
            return Answer.of(_view(row))

        return await once(self._database, self._clock, call, work)

    async def waivers(self, tenant_id: UUID, account_id: UUID) -> schemas.FeeWaivers:
        """`GET /v1/accounts/{account}/fee-waivers`: ended ones too.

        Raises:
            BankAccountNotFound: the tenant has no such.
        """
        await self._accounts.account(tenant_id, account_id)
        rows = await self._database.fetch(store.LIST_WAIVERS, tenant_id, account_id)
        return schemas.FeeWaivers([_view(row) for row in rows])

    def _told(self, kind: str, account_id: UUID, waiver: schemas.FeeWaiver) -> Row:
        subject = f"/v1/accounts/{account_id}/fee-waivers"
        at = waiver.ended_at or waiver.given_at
        facts = {"waiver": waiver.id, "code": waiver.code, "until": waiver.until}
        return event(self._ids.new(), kind, subject, at, facts)


def _view(row: "asyncpg.Record") -> schemas.FeeWaiver:
    return schemas.FeeWaiver(
        row["waiver_id"],
        row["code"],
        row["last_day"],
        row["reason"],
        row["given_at"],
        row["given_by"],
        row["ended_at"],
        row["ended_by"],
    )
