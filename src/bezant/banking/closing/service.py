"""Closing accounts: finding out what the last days earned, and the commit that ends it all."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.banking.accounts import AccountService, BankAccount
from bezant.banking.closing import schemas, store
from bezant.banking.closing.riders import CloseBankAccount, Last
from bezant.banking.end_of_day import store as run_store
from bezant.banking.end_of_day.schemas import RunStatus
from bezant.banking.end_of_day.worksheet import Corrections
from bezant.banking.interest import store as interest_store
from bezant.banking.interest.domain import accrue, days
from bezant.banking.interest.records import DayAccrued
from bezant.banking.limits import counterparty_of
from bezant.banking.products import ProductService
from bezant.banking.terms.interest import InterestTerms
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.ledger import Axis, History, Moment

if TYPE_CHECKING:
    from bezant.ledger import Ledger

_DAY: Final = timedelta(days=1)


class ClosingService:
    """The closing of accounts of a tenant's customers.

    Args:
        database: connected as the application's role.
        ledger: in whose commits accounts are closed.
        fingerprints: by which the accounts that are paid out to are recognised.
    """

    def __init__(
        self,
        database: Database,
        ledger: "Ledger",
        accounts: AccountService,
        products: ProductService,
        fingerprints: Fingerprints,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._accounts = accounts
        self._products = products
        self._fingerprints = fingerprints

    async def close(self, call: Call, account_id: UUID, asked: schemas.Closing) -> Answer:
        """`POST /v1/accounts/{account}/close` -> 200 `ClosedAccount`.

        Raises:
            BankAccountNotFound: the tenant has no such.
        """
        account = await self._accounts.account(call.tenant_id, account_id)
        book = await self._ledger.book(call.tenant_id, account.book_id)
        zone = ZoneInfo(book.time_zone)
        today, payout_to = self._ledger.now().astimezone(zone).date(), asked.payout_to
        rider = CloseBankAccount(
            account_id,
            account.book_id,
            account.product_version,
            payout_to,
            today,
            await self._lasts(call.tenant_id, account, zone, today),
            asked.reason,
            call.actor,
            asked.signed_by,
            None if payout_to is None else counterparty_of(self._fingerprints, str(payout_to)),
        )
        return await self._ledger.submit(call, account.book_id, rider)

    async def _lasts(
        self, tenant_id: UUID, account: BankAccount, zone: ZoneInfo, today: date
    ) -> list[Last]:
        """What each asset has earned until yesterday: a day's interest is of its end."""
        history = History(self._database)
        seq = (await history.head(tenant_id, account.book_id)).seq
        rows = await self._database.fetch(
            store.FIND_LEDGER_ACCOUNTS, tenant_id, account.book_id, account.id
        )
        numbers = {row["asset"]: row["account_no"] for row in rows}
        standings = await self._database.fetch(interest_store.FIND_STANDINGS, tenant_id, account.id)
        until = {row["asset"]: row["accrued_until"] for row in standings}
        opened_on = account.opened_at.astimezone(zone).date()
        begin = max(opened_on, await self._not_ended(tenant_id, account.book_id))
        known = await Corrections.read(
            self._database,
            tenant_id,
            account.book_id,
            dict.fromkeys(numbers.values(), account.id),
            known_seq=seq,
            first=opened_on,
            until=today,
        )
        lasts = []
        for asset, no in numbers.items():
            moment = Moment(Axis.VALUE, date.max, seq)
            sums = await history.sums(tenant_id, account.book_id, no, moment)
            terms = await self._terms(tenant_id, account, asset, known)
            # All is booked now: what bookings before would have been is only counted, since it has
            # earned something, too.
            corrected = known.of(account.id, asset, no, opened_on, terms)
            earned = corrected.days
            first = begin if asset not in until else max(begin, until[asset] + _DAY)
            agreed = terms[account.product_version]
            if agreed is not None:
                for day in days(first, today - _DAY):
                    balance = known.balance(no, day) + corrected.shift
                    parts = str(accrue(balance, day, agreed))
                    version = account.product_version
                    earned.append(DayAccrued(day, 0, version, str(balance), parts))
            lasts.append(Last(asset, sums.version, until.get(asset), earned))
        return lasts

    async def _not_ended(self, tenant_id: UUID, book_id: UUID) -> date:
        """The first day of the book that no run has ended: what is before was accrued, if due."""
        row = await self._database.fetchrow(run_store.READ_NEWEST, tenant_id, [book_id])
        if row is None:
            return date.min
        day: date = row["day"]
        return day + _DAY if row["status"] == RunStatus.COMPLETED else day

    async def _terms(
        self, tenant_id: UUID, account: BankAccount, asset: str, known: Corrections
    ) -> dict[int, InterestTerms | None]:
        """What was agreed on, by the versions of the product that the account was under."""
        versions = known.versions(account.id, asset) | {account.product_version}
        found = {}
        for version in versions:
            product = await self._products.find(tenant_id, account.product_id, version)
            found[version] = product.terms.interest.get(asset)
        return found
