"""What a run works from: the balances of a day, and what was posted too late for days before.

All of it follows from the book's history up to the number at which the run was begun, so that
whoever goes on with a run finds the same.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.banking.end_of_day import store
from bezant.banking.end_of_day.records import Standing
from bezant.banking.interest import store as interest_store
from bezant.banking.interest.recomputing import Accrued, Booked, Past, Recomputed, recompute
from bezant.banking.terms.interest import InterestTerms
from bezant.kernel.database import Database
from bezant.ledger import Axis, History, Moment

if TYPE_CHECKING:
    import asyncpg


@dataclass(frozen=True, slots=True)
class Worksheet:
    """Balances of accounts of customers by the number of their ledger account, minor units.

    Attributes:
        balances: at the end of the day; zero where there is none.
        backdated: the first day before it that has changed since it was accrued.
    """

    balances: Mapping[int, int]
    backdated: Mapping[int, date]

    def balance(self, account_no: int) -> int:
        """At the end of the day."""
        return self.balances.get(account_no, 0)


async def read_worksheet(database: Database, tenant_id: UUID, run: Standing) -> Worksheet:
    """Everything that a run needs to know of its book."""
    at = Moment(Axis.VALUE, run.day, run.known_seq)
    sums = await History(database).sums_of_book(tenant_id, run.book_id, at)
    rows = await database.fetch(
        store.FIND_BACKDATED, tenant_id, run.book_id, run.known_before, run.known_seq, run.day
    )
    return Worksheet(
        {no: of.credits_posted - of.debits_posted for no, of in sums.items()},
        {row["account_no"]: row["first_day"] for row in rows},
    )


class Corrections:
    """What days that changed would have earned, had all been known.

    Args:
        accrued: what each day was last known to have earned, by account and asset.
        booked: what stands booked of days.
        dues: what had accrued before all of these days and was not booked.
        movements: of the ledger's accounts, by their numbers.
    """

    def __init__(
        self,
        accrued: "Sequence[asyncpg.Record]",
        booked: "Sequence[asyncpg.Record]",
        dues: "Sequence[asyncpg.Record]",
        movements: "Sequence[asyncpg.Record]",
    ) -> None:
        self._accrued: dict[tuple[UUID, str], list[Accrued]] = {}
        for row in accrued:
            day = Accrued(row["day"], row["revision"], row["product_version"], int(row["parts"]))
            self._accrued.setdefault((row["account_id"], row["asset"]), []).append(day)
        self._booked: dict[tuple[UUID, str], list[Booked]] = {}
        for row in booked:
            one = Booked(row["day"], row["revision"], int(row["amount"]), row["transaction_id"])
            self._booked.setdefault((row["account_id"], row["asset"]), []).append(one)
        self._dues = {(row["account_id"], row["asset"]): int(row["parts"]) for row in dues}
        self._balances = _running(movements)

    @classmethod
    async def read(
        cls,
        database: Database,
        tenant_id: UUID,
        book_id: UUID,
        accounts: Mapping[int, UUID],
        *,
        known_seq: int,
        first: date,
        until: date,
    ) -> "Corrections":
        """Of the days of accounts from one day on, and before another.

        Args:
            database: where they are read.
            tenant_id: whose.
            book_id: of it.
            accounts: by the numbers of their ledger accounts.
            known_seq: what the book knew.
            first: the first day.
            until: the day after the last.
        """
        if not accounts:
            return cls([], [], [], [])
        ids = list({*accounts.values()})
        accrued = await database.fetch(interest_store.FIND_ACCRUED, tenant_id, ids, first, until)
        booked = await database.fetch(interest_store.FIND_BOOKED, tenant_id, ids, first)
        dues = await database.fetch(interest_store.FIND_DUE, tenant_id, ids, first)
        movements = await database.fetch(
            store.FIND_MOVEMENTS, tenant_id, book_id, list(accounts), known_seq
        )
        return cls(accrued, booked, dues, movements)

    def of(
        self,
        account_id: UUID,
        asset: str,
        account_no: int,
        since: date,
        terms: Mapping[int, InterestTerms | None],
        *,
        compounds: bool = True,
    ) -> Recomputed:
        """The days from one on that an account earned otherwise than was known.

        Args:
            account_id: whose.
            asset: of it.
            account_no: of the ledger's account.
            since: the first day that has changed.
            terms: of the product, by its version: a day stays under those that it was under.
            compounds: as of `recompute`.
        """
        key = account_id, asset
        past = Past(
            self._dues.get(key, 0),
            self._accrued.get(key, []),
            self._booked.get(key, []),
            terms,
            partial(self.balance, account_no),
        )
        return recompute(past, since, compounds=compounds)

    def versions(self, account_id: UUID, asset: str) -> set[int]:
        """Under which versions of its product an account's days are."""
        return {each.product_version for each in self._accrued.get((account_id, asset), [])}

    def balance(self, account_no: int, day: date) -> int:
        """Of an account at the end of a day, minor units."""
        days, balances = self._balances.get(account_no, ([], [0]))
        return balances[bisect_right(days, day)]


def _running(
    movements: "Sequence[asyncpg.Record]",
) -> dict[int, tuple[list[date], list[int]]]:
    """Days on which accounts moved, and the balances before the first and after each of them."""
    running: dict[int, tuple[list[date], list[int]]] = {}
    for row in movements:
        days, balances = running.setdefault(row["account_no"], ([], [0]))
        days.append(row["value_date"])
        balances.append(balances[-1] + int(row["amount"]))
    return running
