"""Balances of a book at a cut, for what safeguards and what is safeguarded."""

from datetime import date, datetime
from uuid import UUID

from bezant.kernel.database import Database
from bezant.ledger import Axis, History, Moment
from bezant.payments.safeguarding import store
from bezant.payments.safeguarding.domain import Balances, figures_of
from bezant.payments.safeguarding.records import Arranged
from bezant.payments.safeguarding.schemas import Figures, SafeguardingTerms


class Measuring:
    """Finds out both sides.

    All that was recorded up to a number of the book's feed counts, and history does not change: so
    whoever measures again finds the same.

    Args:
        database: as the application's role.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._history = History(database)

    async def now(self, tenant_id: UUID, arranged: Arranged) -> Figures:
        """At what the book knows now, by the newest terms, without banks' statements."""
        head = await self._history.head(tenant_id, arranged.book_id)
        return await self._at(tenant_id, arranged, arranged.terms, head.seq, {})

    async def at_cut(
        self,
        tenant_id: UUID,
        arranged: Arranged,
        terms: SafeguardingTerms,
        day: date,
        known_at: datetime,
        begun_at: datetime,
    ) -> Figures:
        """At the end of a day, with the statements that were imported when it was begun."""
        seq = await self._history.known_seq(tenant_id, arranged.book_id, known_at)
        names = [each.account for each in terms.accounts]
        numbers = await self._numbers(tenant_id, arranged)
        stated = {}
        for name in names:
            row = await self._database.fetchrow(
                store.FIND_STATED, tenant_id, arranged.book_id, numbers[name], day, begun_at
            )
            if row is not None:
                stated[name] = int(row["closing"])
        return await self._at(tenant_id, arranged, terms, seq, stated)

    async def _numbers(self, tenant_id: UUID, arranged: Arranged) -> dict[str, int]:
        rows = await self._database.fetch(
            store.FIND_OTHERS,
            tenant_id,
            arranged.book_id,
            arranged.asset,
            arranged.institution_id,
        )
        return {row["account_id"]: row["account_no"] for row in rows}

    async def _at(
        self,
        tenant_id: UUID,
        arranged: Arranged,
        terms: SafeguardingTerms,
        seq: int,
        stated: dict[str, int],
    ) -> Figures:
        book_id = arranged.book_id
        customers = await self._database.fetch(
            store.FIND_CUSTOMERS, tenant_id, book_id, arranged.institution_id, arranged.asset
        )
        numbers = await self._numbers(tenant_id, arranged)
        moment = Moment(Axis.BOOKING, date.max, seq)
        sums = await self._history.sums_of_book(tenant_id, book_id, moment)
        owed = {no: of.credits_posted - of.debits_posted for no, of in sums.items()}
        balances = Balances(
            seq,
            {
                row["product_id"]: [owed.get(no, 0) for no in row["account_nos"]]
                for row in customers
            },
            {name: owed.get(no, 0) for name, no in numbers.items()},
            stated,
        )
        return figures_of(terms, balances)
