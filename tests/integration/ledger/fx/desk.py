"""A bank that exchanges, and the calls that tests make of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bezant.kernel.calls import Answer
from bezant.ledger import schemas
from bezant.ledger.fx.schemas import (
    Conversion,
    GivenRate,
    NewConversion,
    NewQuote,
    NewRate,
    NewRevaluation,
    NewSettings,
    Quote,
    Revaluation,
)
from fixtures_ledger import Bank

ASSETS = (
    schemas.Asset("EUR", 2),
    schemas.Asset("USD", 2),
    schemas.Asset("JPY", 0),
    schemas.Asset("BTC", 8),
)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
RATES = {"EUR/USD": "1.25", "EUR/JPY": "160", "BTC/EUR": "50000"}


@dataclass
class Desk:
    """A bank's book in four assets with EUR as the functional one, and Ann's accounts in each."""

    bank: Bank

    @classmethod
    async def open(cls, bank: Bank) -> "Desk":
        """On a new book of the bank's tenant."""
        await bank.create(*ASSETS)
        desk = cls(bank)
        for asset in ASSETS:
            world, ann = f"world:{asset.code}", f"ann:{asset.code}"
            await bank.open(world, schemas.AccountType.ASSET, asset.code)
            await bank.open(ann, asset=asset.code, overdraft="0")
        assert (await desk.set_up()).status == 200
        for pair, rate in RATES.items():
            await desk.record(pair, rate)
        return desk

    async def set_up(self, functional: str = "EUR", **more: Any) -> Answer:  # noqa: ANN401 - members by name
        """Set the book's currencies up."""
        new = NewSettings(functional, **more)
        return await self.bank.ledger.fx.set_up(self.bank.call(), self.bank.book_id, new)

    async def record(self, pair: str, rate: str, at: datetime = LONG_AGO) -> Answer:
        """Record a rate."""
        new = NewRate(pair, rate, at=at, source="test")
        return await self.bank.ledger.fx.record_rate(self.bank.call(), self.bank.book_id, new)

    async def pay_in(self, asset: str, amount: int) -> None:
        """Give Ann money."""
        leg = schemas.Posting(f"world:{asset}", f"ann:{asset}", asset, str(amount))
        assert (await self.bank.post(leg)).status == 201

    async def quote(self, sell: str, buy: str, amount: int, **more: Any) -> Quote:  # noqa: ANN401 - as above
        """A quote for an amount that is sold."""
        new = NewQuote(sell, buy, str(amount), **more)
        return (await self.ask(new)).value(Quote)

    async def ask(self, new: NewQuote) -> Answer:
        """Ask for a quote."""
        return await self.bank.ledger.fx.quote(self.bank.call(), self.bank.book_id, new)

    async def convert(self, quote: Quote, key: str | None = None, **more: Any) -> Answer:  # noqa: ANN401 - as above
        """Carry a quote out for Ann."""
        accounts = {"from_account": f"ann:{quote.sell}", "to_account": f"ann:{quote.buy}"}
        new = NewConversion(quote.id, **accounts | more)
        return await self.bank.ledger.fx.convert(self.bank.call(key), self.bank.book_id, new)

    async def exchange(self, sell: str, buy: str, amount: int, **more: Any) -> Conversion:  # noqa: ANN401 - as above
        """Quote and convert."""
        quote = await self.quote(sell, buy, amount, **more)
        return (await self.convert(quote)).value(Conversion)

    async def revalue(self, at: datetime | None = None, **rates: str) -> Revaluation:
        """Revalue the positions, by default for now; rates are of EUR, by the other asset."""
        answer = await self.ask_to_revalue(at, **rates)
        return answer.value(Revaluation)

    async def ask_to_revalue(self, at: datetime | None = None, **rates: str) -> Answer:
        """As `revalue`; the answer."""
        given = [GivenRate(f"EUR/{asset}", rate) for asset, rate in rates.items()]
        new = NewRevaluation(at or datetime.now(UTC), given)
        return await self.bank.ledger.fx.revalue(self.bank.call(), self.bank.book_id, new)

    async def legs(self, transaction: UUID) -> list[tuple[str, str, str, str, str]]:
        """Code, debit, credit, amount and asset of a transaction's legs."""
        found = await self.bank.ledger.transaction(
            self.bank.tenant_id, self.bank.book_id, transaction
        )
        return [(leg.code, leg.debit, leg.credit, leg.amount, leg.asset) for leg in found.postings]
