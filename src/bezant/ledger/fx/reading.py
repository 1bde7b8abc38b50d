"""What is known of a book's currencies: read before a lane or a commit is asked for anything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.ledger.errors import BookNotFound
from bezant.ledger.fx import store
from bezant.ledger.fx.accounts import cost_account, position_account, revaluation_account
from bezant.ledger.fx.rates import Pair, RecordedRate, read_rate
from bezant.ledger.fx.schemas import Quote, QuoteState, Revaluation, Settings
from bezant.ledger.fx.settings import settings_of
from bezant.ledger.history import Axis, History, Moment, Sums
from bezant.ledger.lane import FIND_ACCOUNTS

if TYPE_CHECKING:
    import asyncpg

    from bezant.ledger.queries import Source


@dataclass(frozen=True, slots=True)
class Sides:
    """The sums of a position's three accounts up to an instant."""

    position: Sums
    cost: Sums
    revaluation: Sums


class FxReader:
    """Reads of one book. What needs several of them is read on one snapshot.

    Args:
        source: the database, or one snapshot of it.
    """

    def __init__(self, source: "Source", tenant_id: UUID, book_id: UUID) -> None:
        self._source = source
        self._key = tenant_id, book_id

    async def scales(self) -> dict[str, int]:
        """The book's assets.

        Raises:
            BookNotFound: the tenant has no such book.
        """
        rows = await self._source.fetch(store.FIND_SCALES, *self._key)
        if not rows:
            raise BookNotFound(f"No book {self._key[1]}.")
        return {row["code"]: row["scale"] for row in rows}

    async def settings(self) -> Settings | None:
        """Those that hold."""
        tenant_id, book_id = self._key
        rows = await self._source.fetch(store.FIND_SETTINGS, tenant_id, [book_id])
        return settings_of(rows[-1]) if rows else None

    async def rates(self, pairs: Iterable[Pair], at: datetime) -> dict[Pair, RecordedRate]:
        """The newest rate of each pair at an instant."""
        found = {}
        for pair in pairs:
            row = await self._source.fetchrow(store.FIND_RATE, *self._key, *pair, at)
            if row is not None:
                rate = read_rate(row["rate"])
                found[pair] = RecordedRate(rate, row["at"], row["source"], row["recorded_at"])
        return found

    async def quote(self, quote_id: UUID) -> QuoteState | None:
        """A quote as it stands."""
        row = await self._source.fetchrow(store.FIND_QUOTE, *self._key, quote_id)
        return None if row is None else _quote(row)

    async def head(self) -> int:
        """The last number of the book's feed."""
        row = await self._source.fetchrow(store.FIND_HEAD, *self._key)
        assert row is not None, "a book has a lane"
        return int(row["seq"])

    async def revaluation(self, at: datetime) -> Revaluation | None:
        """The report of an instant, if there is one."""
        row = await self._source.fetchrow(store.FIND_REVALUATION, *self._key, at)
        return None if row is None else msgspec.json.decode(row["report"], type=Revaluation)

    async def last_revaluation_at(self) -> datetime | None:
        """The instant of the last one."""
        row = await self._source.fetchrow(store.FIND_LAST_REVALUATION, *self._key)
        return None if row is None else row["at"]

    async def positions(self, assets: Iterable[str], at: Moment) -> dict[str, Sides]:
        """The sums of the positions in assets at a moment."""
        names = {
            asset: (position_account(asset), cost_account(asset), revaluation_account(asset))
            for asset in assets
        }
        wanted = [account_id for three in names.values() for account_id in three]
        rows = await self._source.fetch(FIND_ACCOUNTS, *self._key, wanted)
        numbers = {row["account_id"]: row["account_no"] for row in rows if row["version"]}
        return {
            asset: Sides(*[await self._sums(numbers, name, at) for name in three])
            for asset, three in names.items()
        }

    async def _sums(self, numbers: Mapping[str, int], account_id: str, at: Moment) -> Sums:
        if account_id not in numbers:
            return Sums()  # nothing ever touched it
        return await History(self._source).sums(*self._key, numbers[account_id], at)


def effective(at: datetime, seq: int) -> Moment:
    """What counts at an instant, of what was known at a number."""
    return Moment(Axis.EFFECTIVE, at, seq)


def _quote(row: "asyncpg.Record") -> QuoteState:
    values = {name: row[name] for name in QuoteState.__struct_fields__}
    amounts = ("sell_amount", "buy_amount", "spread_amount", "functional_value")
    return QuoteState(**values | {name: str(int(row[name])) for name in amounts})


def terms_of(state: QuoteState) -> Quote:
    """The quote itself."""
    return Quote(*[getattr(state, name) for name in Quote.__struct_fields__])
