"""Quoting to customers, and paying with quotes."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.banking import (
    AccountService,
    BankAccount,
    BankAccountNotFound,
    counterparty_of,
    ledger_account,
)
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.ids import Ids
from bezant.ledger.fx import NewConversion, NewQuote, UnknownQuote
from bezant.payments.orders import PaymentService, errors
from bezant.payments.orders.domain import Direction
from bezant.payments.orders.schemas import PaymentContent
from bezant.payments.orders.terms import Terms
from bezant.payments.quotes import schemas, store
from bezant.payments.quotes.errors import QuotedPaymentNotFound
from bezant.payments.quotes.riders import EXCHANGE, PayWithQuote, view

if TYPE_CHECKING:
    from bezant.ledger import Ledger


class QuoteService:
    """Quotes to a tenant's customers, and the payments that they make with them.

    Args:
        database: connected as the application's role.
        ledger: quotes, and exchanges in its commits.
        payments: knows orders, and seals what they say.
        accounts: of customers.
        fingerprints: by which counterparties are recognized.
    """

    def __init__(
        self,
        database: Database,
        ids: Ids,
        ledger: "Ledger",
        payments: PaymentService,
        accounts: AccountService,
        fingerprints: Fingerprints,
    ) -> None:
        self._database = database
        self._ids = ids
        self._ledger = ledger
        self._payments = payments
        self._accounts = accounts
        self._fingerprints = fingerprints

    async def quote(self, call: Call, new: schemas.NewCustomerQuote) -> Answer:
        """`POST /v1/quotes` -> 201 `Quote`.

        Raises:
            UnknownDebtorAccount: the tenant has no such.
        """
        payer = await self._payer(call.tenant_id, new.debtor_account)
        asked = NewQuote(
            sell=new.sell,
            buy=new.buy,
            sell_amount=new.sell_amount,
            buy_amount=new.buy_amount,
            spread_bp=new.spread_bp,
            expires_in_s=new.expires_in_s,
        )
        return await self._ledger.fx.quote(call, payer.book_id, asked)

    async def pay(self, call: Call, new: schemas.NewQuotedPayment) -> Answer:
        """`POST /v1/quoted-payments` -> 201 `QuotedPayment`.

        Raises:
            UnknownDebtorAccount: the tenant has no such.
            UnknownCreditorAccount: as that.
            CreditorInAnotherBook: see there.
            UnknownQuote: the payer's book has no such.
        """
        call = self._fingerprints.covered(call)
        payer = await self._payer(call.tenant_id, new.debtor_account)
        await self._check_payee(call.tenant_id, payer, new.creditor_account)
        nobody = NewConversion(new.quote_id, "payer", "payee")
        conversion = await self._ledger.fx.conversion(call.tenant_id, payer.book_id, nobody)
        quote = conversion.quote
        if quote is None:
            raise UnknownQuote("There is no such quote.", field="quote_id")
        # Which accounts they are depends on the quote's assets.
        named = NewConversion(
            quote.id,
            ledger_account(payer.id, quote.sell),
            ledger_account(new.creditor_account, quote.buy),
        )
        conversion = msgspec.structs.replace(conversion, new=named)
        order_id = self._ids.new()
        terms = Terms(
            order_id,
            payer.institution_id,
            Direction.INTERNAL,
            EXCHANGE,
            payer.id,
            new.creditor_account,
            new.party_id,
            new.channel,
            counterparty_of(self._fingerprints, str(new.creditor_account)),
            quote.sell,
            int(quote.sell_amount),
            is_instant=True,  # whoever waits for the answer cannot wait for a review
        )
        content = PaymentContent(None, None, None, new.end_to_end_id, new.remittance)
        sealed = self._payments.sealed(call.tenant_id, order_id, msgspec.json.encode(content))
        rider = PayWithQuote(terms, quote, conversion, self._ids.new(), sealed, call.actor)
        return await self._ledger.submit(call, payer.book_id, rider)

    async def find(self, tenant_id: UUID, order_id: UUID) -> schemas.QuotedPayment:
        """`GET /v1/quoted-payments/{payment}`.

        Raises:
            QuotedPaymentNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.FIND, tenant_id, order_id)
        if row is None:
            raise QuotedPaymentNotFound("There is no such payment.")
        order = await self._payments.order(tenant_id, order_id)
        return view(order, row["quote_id"], row["bought_asset"], int(row["bought"]))

    async def _payer(self, tenant_id: UUID, account_id: UUID) -> BankAccount:
        try:
            return await self._accounts.account(tenant_id, account_id)
        except BankAccountNotFound:
            raise errors.UnknownDebtorAccount(
                "There is no such account.", field="debtor_account"
            ) from None

    async def _check_payee(self, tenant_id: UUID, payer: BankAccount, account_id: UUID) -> None:
        try:
            payee = await self._accounts.account(tenant_id, account_id)
        except BankAccountNotFound:
            raise errors.UnknownCreditorAccount(
                "There is no such account.", field="creditor_account"
            ) from None
        if payee.book_id != payer.book_id:
            raise errors.CreditorInAnotherBook("It is of another book.", field="creditor_account")
