"""Scenes in which currencies meet: at recorded rates, on quotes, each carried out once."""

from datetime import UTC, datetime
from typing import Final

from bezant.cli import wire
from bezant.cli.demo.chart import GAINS, NOSTRO, SPREADS
from bezant.cli.demo.day import Day, shown, wallet
from bezant.ledger.schemas import AccountType

RATES: Final = {"EUR/JPY": "160", "BTC/EUR": "60000"}
"""Of all day."""

STOCK: Final = {"JPY": 5_000_000, "BTC": 2_00000000}
"""What the house buys before anybody asks for it, minor units."""

SPREAD_BP: Final = 50

_SINCE: Final = datetime(2020, 1, 1, tzinfo=UTC)


def stock_currencies(day: Day) -> None:
    """The house buys yen and bitcoin with its capital, at the mid rate."""
    settings = wire.FxSettings("EUR", f"{GAINS}:realised", f"{GAINS}:unrealised", SPREADS)
    day.client.set_up_fx(day.book, settings)
    for pair, rate in RATES.items():
        day.client.record_rate(day.book, wire.FxRate(pair, rate, _SINCE, "demo"))
    for asset, amount in STOCK.items():
        quote = day.client.quote(day.book, wire.NewQuote(asset, "EUR", str(amount)))
        # What the house holds grows by a debit: seen from the market, it is the market that sells.
        day.client.convert(day.book, wire.NewConversion(quote.id, NOSTRO[asset], NOSTRO["EUR"]))


def trade(day: Day) -> str:
    """Customers exchange on quotes: all legs post, or none, and once."""
    told = []
    for customer, asset, account in ((1, "BTC", "customers:1:btc"), (2, "JPY", "customers:2:yen")):
        day.open(account, asset, AccountType.LIABILITY, overdraft="0")
        euros = day.dice.randrange(100_00, 400_00)
        asked = wire.NewQuote("EUR", asset, str(euros), SPREAD_BP)
        quote = day.client.quote(day.book, asked)
        conversion = wire.NewConversion(quote.id, wallet(customer), account)
        day.client.convert(day.book, conversion)
        told.append(f"{shown(euros)} become {shown(int(quote.buy_amount), asset)}")
    day.refuse(
        "a quote is carried out a second time",
        "QUOTE_USED",
        lambda: day.client.convert(day.book, conversion),
    )
    return f"On quotes {SPREAD_BP} basis points below the mid rate {' and '.join(told)}."
