"""Rates are appended, and tell what applies at an instant."""

from datetime import timedelta

import pytest

from bezant.ledger.fx.errors import RateNotFound
from bezant.ledger.fx.schemas import ApplicableRate, RateAt
from fixtures_ledger import code
from integration.ledger.fx.desk import LONG_AGO, Desk


async def found(desk: Desk, pair: str, days: int = 0) -> ApplicableRate:
    asked = RateAt(pair, LONG_AGO + timedelta(days=days))
    return await desk.bank.ledger.fx.rate(desk.bank.tenant_id, desk.bank.book_id, asked)


async def test_the_newest_rate_at_an_instant_applies(desk: Desk) -> None:
    await desk.record("EUR/USD", "1.5", LONG_AGO + timedelta(days=2))
    assert [(await found(desk, "EUR/USD", day)).rate for day in range(4)] == [
        *("1.25", "1.25", "1.5", "1.5")
    ]
    # A correction of the same instant.
    await desk.record("EUR/USD", "1.6", LONG_AGO + timedelta(days=2))
    assert (await found(desk, "EUR/USD", 3)).rate == "1.6"
    assert (await found(desk, "EUR/USD", 1)).rate == "1.25"


async def test_rates_follow_from_others(desk: Desk) -> None:
    assert (await found(desk, "USD/EUR")).rate == "0.8"
    cross = await found(desk, "USD/JPY")
    assert (cross.rate, cross.derivation, cross.sources) == ("128", "cross", ["test", "test"])
    assert (await found(desk, "JPY/BTC")).rate == "0.000000125"
    with pytest.raises(RateNotFound):
        await found(desk, "EUR/USD", -1)


async def test_a_rate_is_of_two_assets_of_the_book(desk: Desk) -> None:
    assert code(await desk.record("EUR/EUR", "1")) == "SAME_ASSET"
    assert code(await desk.record("EUR/GBP", "1")) == "UNKNOWN_ASSET"
