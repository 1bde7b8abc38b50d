"""The use cases of currencies."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.ledger.errors import UnknownAsset
from bezant.ledger.fx import store
from bezant.ledger.fx.conversions import ConvertCurrency
from bezant.ledger.fx.errors import QuoteNotFound, RateNotFound, SameAsset, SettingsNotFound
from bezant.ledger.fx.quotes import Known, make_quote
from bezant.ledger.fx.rates import (
    Pair,
    RecordedRate,
    derive,
    pairs_for,
    read_rate,
    write_rate,
)
from bezant.ledger.fx.reading import FxReader, Sides, effective, terms_of
from bezant.ledger.fx.revaluations import OpenPosition, RevaluePositions
from bezant.ledger.fx.schemas import (
    ApplicableRate,
    NewConversion,
    NewQuote,
    NewRate,
    NewRevaluation,
    NewSettings,
    Quote,
    QuoteState,
    Rate,
    RateAt,
    Settings,
)
from bezant.ledger.fx.settings import SetUpCurrencies
from bezant.ledger.lane import Rider

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

Submit = Callable[[Call, UUID, Rider], Awaitable[Answer]]
"""Has a rider carried out in a book's lane."""


class Currencies:
    """Rates, quotes, conversions and revaluations of books.

    Rates and quotes are no history of money and stay out of the lane. What is carried out of them
    is decided in it.

    Args:
        database: connected as the application's role.
        submit: the ledger's.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, submit: Submit) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._submit = submit

    async def set_up(self, call: Call, book_id: UUID, new: NewSettings) -> Answer:
        """`POST …/fx/settings` -> 200 `Settings`.

        Raises:
            BookNotFound: the tenant has no such book.
        """
        scales = await self._reader(call.tenant_id, book_id).scales()
        return await self._submit(call, book_id, SetUpCurrencies(book_id, list(scales), new))

    async def settings(self, tenant_id: UUID, book_id: UUID) -> Settings:
        """`GET …/fx/settings`.

        Raises:
            BookNotFound: the tenant has no such book.
            SettingsNotFound: the book has none.
        """
        reader = self._reader(tenant_id, book_id)
        found = await reader.settings()
        if found is None:
            await reader.scales()
            raise SettingsNotFound("The book has no functional asset yet.")
        return found

    async def record_rate(self, call: Call, book_id: UUID, new: NewRate) -> Answer:
        """`POST …/fx/rates` -> 201 `Rate`."""
        scales = await self._reader(call.tenant_id, book_id).scales()
        base, quote = _pair(new.pair)

        async def work(connection: "Connection") -> Answer:
            _check_pair(new.pair, scales)
            rate_id, recorded_at = self._ids.new(), self._clock.now()
            rate, at = write_rate(read_rate(new.rate)), new.at.astimezone(UTC)
            key = (call.tenant_id, book_id, base, quote, at, rate_id)
            await connection.execute(store.INSERT_RATE, *key, rate, new.source, recorded_at)
            made = Rate(rate_id, new.pair, rate, at, new.source, recorded_at)
            return Answer.of(made, status=201)

        return await idempotency.once(self._database, self._clock, call, work)

    async def rate(self, tenant_id: UUID, book_id: UUID, asked: RateAt) -> ApplicableRate:
        """`GET …/fx/rates`.

        Raises:
            BookNotFound: the tenant has no such book.
            RateNotFound: none is known for the instant.
        """
        base, quote = _pair(asked.pair)
        at = asked.at or self._clock.now()

        async def work(connection: "Connection") -> ApplicableRate:
            known = await self._known(FxReader(connection, tenant_id, book_id), base, quote, at)
            through = quote if known.settings is None else known.settings.functional_asset
            found = derive(known.rates, base, quote, through)
            if found is None:
                raise RateNotFound(f"No rate of {asked.pair} is known for {at}.")
            rate = write_rate(found.rate)
            return ApplicableRate(asked.pair, rate, found.at, found.derivation, list(found.sources))

        return await self._database.read(work)

    async def quote(self, call: Call, book_id: UUID, new: NewQuote) -> Answer:
        """`POST …/fx/quotes` -> 201 `Quote`."""
        at = self._clock.now()
        known = await self._database.read(
            lambda connection: self._known(
                FxReader(connection, call.tenant_id, book_id), new.sell, new.buy, at
            )
        )

        async def work(connection: "Connection") -> Answer:
            made = make_quote(self._ids.new(), new, known, self._clock.now())
            await connection.execute(store.INSERT_QUOTE, call.tenant_id, book_id, *_values(made))
            return Answer.of(made, status=201)

        return await idempotency.once(self._database, self._clock, call, work)

    async def find_quote(self, tenant_id: UUID, book_id: UUID, quote_id: UUID) -> QuoteState:
        """`GET …/fx/quotes/{quote}`.

        Raises:
            BookNotFound: the tenant has no such book.
            QuoteNotFound: the book has no such quote.
        """
        reader = self._reader(tenant_id, book_id)
        found = await reader.quote(quote_id)
        if found is None:
            await reader.scales()
            raise QuoteNotFound(f"No quote {quote_id}.")
        return found

    async def convert(self, call: Call, book_id: UUID, new: NewConversion) -> Answer:
        """`POST …/fx/conversions` -> 201 `Conversion`."""
        return await self._submit(
            call, book_id, await self.conversion(call.tenant_id, book_id, new)
        )

    async def conversion(
        self, tenant_id: UUID, book_id: UUID, new: NewConversion
    ) -> ConvertCurrency:
        """The rider that carries a quote out, alone or as a part of another domain's."""
        reader = self._reader(tenant_id, book_id)
        found, settings = await reader.quote(new.quote), await reader.settings()
        # Quotes never change, so that what is read here holds in the lane as well.
        quote = None if found is None else terms_of(found)
        return ConvertCurrency(book_id, new, quote, settings)

    async def revalue(self, call: Call, book_id: UUID, new: NewRevaluation) -> Answer:
        """`POST …/fx/revaluations` -> 200 `Revaluation`.

        Raises:
            BookNotFound: the tenant has no such book.
        """

        async def work(connection: "Connection") -> RevaluePositions:
            return await _revaluation(FxReader(connection, call.tenant_id, book_id), book_id, new)

        return await self._submit(call, book_id, await self._database.read(work))

    async def remove_old_quotes(self, tenant_id: UUID, before: datetime, limit: int) -> int:
        """Remove some quotes that expired unused before an instant; how many they were.

        Raises:
            Unavailable: the database cannot be asked.
        """
        return await self._database.remove(store.DELETE_QUOTES, tenant_id, before, limit)

    def _reader(self, tenant_id: UUID, book_id: UUID) -> FxReader:
        return FxReader(self._database, tenant_id, book_id)

    async def _known(self, reader: FxReader, base: str, quote: str, at: datetime) -> Known:
        scales, settings = await reader.scales(), await reader.settings()
        through = quote if settings is None else settings.functional_asset
        return Known(scales, settings, await reader.rates(pairs_for(base, quote, through), at))


async def _revaluation(reader: FxReader, book_id: UUID, new: NewRevaluation) -> RevaluePositions:
    """What the lane decides a revaluation from."""
    scales, settings = await reader.scales(), await reader.settings()
    at, seq = new.at.astimezone(UTC), await reader.head()
    asked = RevaluePositions(
        book_id=book_id,
        at=at,
        settings=settings,
        known_seq=seq,
        last_at=await reader.last_revaluation_at(),
        standing=await reader.revaluation(at),
    )
    if settings is None or asked.standing is not None:
        return asked
    functional = settings.functional_asset
    foreign = [asset for asset in scales if asset != functional]
    given, unneeded = _given(new, functional, foreign)
    positions = []
    for asset, sides in (await reader.positions(foreign, effective(at, seq))).items():
        rates = given.get(asset)
        if rates is None:
            rates = await reader.rates(pairs_for(asset, functional, functional), at)
        held = _open(asset, functional, sides, scales[asset], rates)
        if held is not None:
            positions.append(held)
    return msgspec.structs.replace(
        asked, scale=scales[functional], positions=positions, unneeded=unneeded
    )


def _open(
    asset: str, functional: str, sides: Sides, scale: int, rates: Mapping[Pair, RecordedRate]
) -> OpenPosition | None:
    """A position, unless nothing is left of it."""
    amount = sides.position.credits_posted - sides.position.debits_posted
    cost = sides.cost.debits_posted - sides.cost.credits_posted
    carried = sides.revaluation.debits_posted - sides.revaluation.credits_posted
    if not (amount or cost or carried):
        return None
    rate = derive(rates, asset, functional, functional)
    text = None if rate is None else write_rate(rate.rate)
    return OpenPosition(asset, scale, str(amount), str(cost), str(carried), text)


def _given(
    new: NewRevaluation, functional: str, foreign: Sequence[str]
) -> tuple[dict[str, dict[Pair, RecordedRate]], str | None]:
    """The request's rates by the asset that each values, and a pair that values none of them."""
    given: dict[str, dict[Pair, RecordedRate]] = {}
    unneeded = None
    for each in new.rates:
        base, quote = _pair(each.pair)
        asset = base if quote == functional else quote
        if asset not in foreign or functional not in {base, quote}:
            unneeded = each.pair
        rate = RecordedRate(read_rate(each.rate), new.at, "given", new.at)
        given[asset] = {(base, quote): rate}
    return given, unneeded


def _pair(text: str) -> Pair:
    base, _, quote = text.partition("/")
    return base, quote


def _check_pair(text: str, scales: Mapping[str, int]) -> None:
    base, quote = _pair(text)
    if base == quote:
        raise SameAsset(f"{base} is worth itself.", field="pair")
    for asset in (base, quote):
        if asset not in scales:
            raise UnknownAsset(f"The book has no asset {asset}.", field="pair")


def _values(quote: Quote) -> list[object]:
    """In the order of `INSERT_QUOTE`."""
    return [
        quote.id,
        quote.sell,
        quote.buy,
        int(quote.sell_amount),
        int(quote.buy_amount),
        quote.mid_rate,
        quote.rate_at,
        quote.client_rate,
        quote.spread_asset,
        int(quote.spread_amount),
        quote.functional_asset,
        int(quote.functional_value),
        quote.created_at,
        quote.expires_at,
    ]
