"""A quote is carried out once, before it expires, as one transaction whose assets each balance."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.fx.errors import QuoteNotFound
from bezant.ledger.fx.schemas import Conversion, NewQuote, Quote, QuoteState
from fixtures_ledger import Bank, code, new_bank, open_ledger
from integration.ledger.fx.desk import Desk


async def state(desk: Desk, quote_id: UUID) -> QuoteState:
    return await desk.bank.ledger.fx.find_quote(desk.bank.tenant_id, desk.bank.book_id, quote_id)


async def test_what_is_sold_and_bought_goes_through_the_positions(desk: Desk) -> None:
    await desk.pay_in("EUR", 10_000)
    done = await desk.exchange("EUR", "USD", 10_000, spread_bp=100)
    quote = done.quote
    assert (quote.mid_rate, quote.client_rate) == ("1.25", "1.2375")
    assert (quote.buy_amount, quote.spread_amount, quote.spread_asset) == ("12375", "125", "USD")
    assert done.transaction.id == quote.id
    assert await desk.legs(quote.id) == [
        ("fx", "ann:EUR", "position:EUR", "10000", "EUR"),
        ("fx", "position:USD", "ann:USD", "12375", "USD"),
        ("fx.spread", "position:USD", "fx:spread:USD", "125", "USD"),
        ("fx.cost", "position:EUR", "position:USD:cost", "10000", "EUR"),
    ]
    assert await desk.bank.posted("ann:USD") == 12_375
    assert await desk.bank.posted("fx:spread:USD") == 125
    assert (await state(desk, quote.id)).is_used


async def test_what_is_fixed_on_the_buying_side_is_got_exactly(desk: Desk) -> None:
    await desk.pay_in("JPY", 2_000_000)
    new = NewQuote("JPY", "BTC", buy_amount="12345678", client_rate="0.000000124")
    quote = (await desk.ask(new)).value(Quote)
    # 0.12345678 BTC are 6,172.839 EUR or 987,654.24 JPY at the mid rate of 1/8,000,000.
    assert (quote.mid_rate, quote.buy_amount) == ("0.000000125", "12345678")
    assert (quote.sell_amount, quote.spread_asset) == ("995620", "BTC")
    assert int(quote.spread_amount) == 995_620 * 100_000_000 // 8_000_000 - 12_345_678
    done = (await desk.convert(quote)).value(Conversion)
    assert done.quote == quote
    assert await desk.bank.posted("ann:BTC") == 12_345_678
    # 995,620 JPY at 1/160 are 6,222.625 EUR, rounded down to the cent.
    assert await desk.bank.posted("position:JPY:cost") == 622_262
    assert await desk.bank.posted("position:BTC:cost") == -622_262


async def test_closing_a_position_realises_what_it_gained(desk: Desk) -> None:
    await desk.pay_in("USD", 12_500)
    bought = await desk.exchange("USD", "EUR", 12_500)
    assert (bought.quote.buy_amount, bought.realised) == ("10000", "0")
    await desk.record("EUR/USD", "1", datetime.now(UTC))
    await desk.pay_in("EUR", 5_000)
    sold = await desk.exchange("EUR", "USD", 5_000)
    # 50.00 of the 125.00 USD cost 40.00 EUR, and now bring 50.00.
    assert (sold.quote.buy_amount, sold.realised) == ("5000", "1000")
    assert ("fx.realised", "position:USD:cost", "fx:realised", "1000", "EUR") in await desk.legs(
        sold.quote.id
    )
    assert await desk.bank.posted("fx:realised") == 1_000
    assert await desk.bank.posted("position:USD:cost") == 6_000
    # And the other way: the rest is sold at a loss.
    await desk.record("EUR/USD", "2.5", datetime.now(UTC))
    await desk.pay_in("EUR", 3_000)
    lost = await desk.exchange("EUR", "USD", 3_000)
    assert (lost.quote.buy_amount, lost.realised) == ("7500", "-3000")
    assert await desk.bank.posted("position:USD:cost") == 0
    assert await desk.bank.posted("position:USD") == 0


async def test_a_quote_is_used_once_however_many_ask_at_once(desk: Desk) -> None:
    await desk.pay_in("EUR", 100_000)
    quote = await desk.quote("EUR", "USD", 1_000)
    answers = await asyncio.gather(*(desk.convert(quote) for _ in range(50)))
    outcomes = Counter("done" if not each.is_refusal else code(each) for each in answers)
    assert outcomes == {"done": 1, "QUOTE_USED": 49}
    assert await desk.bank.posted("ann:USD") == 1_250
    # And later, when nobody remembers it any more.
    assert code(await desk.convert(quote)) == "QUOTE_USED"


async def test_a_quote_is_used_once_by_several_processes(
    desk: Desk, database: Database, run_folder: Path
) -> None:
    await desk.pay_in("EUR", 100_000)
    async with open_ledger(database, run_folder) as other:
        rival = Desk(Bank(other, database, desk.bank.tenant_id, desk.bank.book_id))
        for _ in range(3):
            quote = await desk.quote("EUR", "USD", 1_000)
            before = await desk.bank.posted("ann:USD")
            answers = await asyncio.gather(
                *(each.convert(quote) for each in (desk, rival) for _ in range(25))
            )
            assert [each.status for each in answers if not each.is_refusal] == [201]
            assert {code(each) for each in answers if each.is_refusal} == {"QUOTE_USED"}
            assert await desk.bank.posted("ann:USD") == before + 1_250


async def test_a_repeat_under_its_key_is_answered_as_before(desk: Desk) -> None:
    await desk.pay_in("EUR", 1_000)
    quote = await desk.quote("EUR", "USD", 1_000)
    key = f"convert-{quote.id}"
    first, again = [await desk.convert(quote, key) for _ in range(2)]
    assert (first.body, first.is_replay, again.is_replay) == (again.body, False, True)


async def test_a_transaction_under_the_quotes_id_takes_its_place(desk: Desk) -> None:
    """Whoever posts under a quote's id has used the quote up: nothing is ever posted twice."""
    await desk.pay_in("EUR", 1_000)
    quote = await desk.quote("EUR", "USD", 1_000)
    leg = schemas.Posting("ann:EUR", "world:EUR", "EUR", "1")
    assert (await desk.bank.post(leg, id=quote.id)).status == 201
    assert code(await desk.convert(quote)) == "QUOTE_USED"
    used = await desk.exchange("EUR", "USD", 100)
    assert code(await desk.bank.post(leg, id=used.quote.id)) == "TRANSACTION_ID_REUSED"


@pytest.mark.parametrize(
    ("accounts", "refusal"),
    [
        ({"from_account": "ann:USD"}, "ASSET_MISMATCH"),
        ({"to_account": "ann:JPY"}, "ASSET_MISMATCH"),
        ({"from_account": "nobody"}, "UNKNOWN_ACCOUNT"),
    ],
)
async def test_a_conversion_between_accounts_that_do_not_fit_is_refused(
    desk: Desk, accounts: dict[str, str], refusal: str
) -> None:
    await desk.pay_in("EUR", 1_000)
    quote = await desk.quote("EUR", "USD", 1_000)
    assert code(await desk.convert(quote, None, **accounts)) == refusal
    assert not (await state(desk, quote.id)).is_used


async def test_a_quote_is_of_its_book_alone(desk: Desk, ledger: Ledger, database: Database) -> None:
    elsewhere = await Desk.open(await new_bank(ledger, database))
    foreign = await elsewhere.quote("EUR", "USD", 1_000)
    await desk.pay_in("EUR", 1_000)
    assert code(await desk.convert(foreign)) == "UNKNOWN_QUOTE"
    with pytest.raises(QuoteNotFound):
        await state(desk, foreign.id)


async def test_limits_of_the_client_and_of_the_position_are_kept_and_the_quote_stays(
    desk: Desk,
) -> None:
    quote = await desk.quote("EUR", "USD", 1_000)
    assert code(await desk.convert(quote)) == "OVERDRAFT_EXCEEDED"
    await desk.pay_in("EUR", 1_000)
    # The book may be short of 12.49 USD at the most.
    await desk.bank.change("position:USD", limits=schemas.Limits(maximum="1249"))
    assert code(await desk.convert(quote)) == "MAXIMUM_EXCEEDED"
    await desk.bank.change("ann:USD", status=schemas.AccountStatus.FROZEN)
    refused = await desk.convert(quote)
    assert (code(refused), b'"field":"to_account"' in refused.body) == ("ACCOUNT_FROZEN", True)
    await desk.bank.change("ann:USD", status=schemas.AccountStatus.OPEN)
    await desk.bank.change("position:USD", limits=schemas.Limits(maximum="1250"))
    assert (await desk.convert(quote)).status == 201


async def test_a_quote_needs_a_rate_and_two_assets_and_is_never_above_the_mid_rate(
    desk: Desk,
) -> None:
    async def refused(new: NewQuote) -> str:
        return code(await desk.ask(new))

    assert await refused(NewQuote("EUR", "EUR", "1")) == "SAME_ASSET"
    assert await refused(NewQuote("EUR", "GBP", "1")) == "UNKNOWN_ASSET"
    above = NewQuote("EUR", "USD", "100", client_rate="1.250000000000000001")
    assert await refused(above) == "CLIENT_RATE_TOO_HIGH"
    assert await refused(NewQuote("JPY", "EUR", "1", spread_bp=9_999)) == "FX_AMOUNT_OUT_OF_RANGE"
    assert await refused(NewQuote("EUR", "USD", str(2**128 - 1))) == "FX_AMOUNT_OUT_OF_RANGE"
    with pytest.raises(QuoteNotFound):
        await state(desk, uuid4())


async def test_a_book_without_a_functional_asset_exchanges_nothing(bank: Bank) -> None:
    desk = Desk(bank)
    assert code(await desk.ask(NewQuote("EUR", "USD", "1"))) == "FX_NOT_SET_UP"
    assert code(await desk.ask_to_revalue()) == "FX_NOT_SET_UP"
    assert code(await desk.set_up("USD")) == "UNKNOWN_ASSET"


async def test_the_functional_asset_stays_and_accounts_have_to_fit(desk: Desk) -> None:
    assert code(await desk.set_up("USD")) == "FUNCTIONAL_ASSET_FIXED"
    assert code(await desk.set_up(realised_account="ann:EUR")) == "FX_ACCOUNT_UNFIT"
    await desk.bank.open("gains", schemas.AccountType.EXPENSE)
    changed = await desk.set_up(realised_account="gains", spread_account="income:fx")
    assert changed.status == 200
    settings = await desk.bank.ledger.fx.settings(desk.bank.tenant_id, desk.bank.book_id)
    assert (settings.realised_account, settings.version) == ("gains", 2)
    await desk.pay_in("EUR", 1_000)
    await desk.exchange("EUR", "USD", 1_000, spread_bp=100)
    assert await desk.bank.posted("income:fx:USD") > 0


async def test_of_settings_at_once_each_is_decided_on_what_stands(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.set_up() for _ in range(10)))
    assert [each.status for each in answers] == [200] * 10
    settings = await desk.bank.ledger.fx.settings(desk.bank.tenant_id, desk.bank.book_id)
    assert settings.version == 11


async def test_old_quotes_go_unless_they_were_used(desk: Desk) -> None:
    await desk.pay_in("EUR", 1_000)
    used = await desk.exchange("EUR", "USD", 100)
    unused = await desk.quote("EUR", "USD", 100)
    fx, at = desk.bank.ledger.fx, datetime.now(UTC) + timedelta(days=2)
    assert await fx.remove_old_quotes(desk.bank.tenant_id, at, 100) == 1
    assert (await state(desk, used.quote.id)).is_used
    with pytest.raises(QuoteNotFound):
        await state(desk, unused.id)


async def test_amounts_near_2_to_127_are_exchanged_to_the_last_unit(
    ledger: Ledger, database: Database
) -> None:
    bank = await new_bank(ledger, database)
    assets = {"EUR": 2, "ETH": 18, "ACME": 9}
    await bank.create(*(schemas.Asset(asset, scale) for asset, scale in assets.items()))
    for asset in assets:
        for name in (f"world:{asset}", f"ann:{asset}"):
            await bank.open(name, asset=asset)
    desk = Desk(bank)
    await desk.set_up()
    for pair, rate in (("ETH/ACME", "0.333333333333333333"), ("ETH/EUR", "3000.01")):
        await desk.record(pair, rate)
    sold = 2**127 + 1
    await desk.pay_in("ETH", sold)
    done = await desk.exchange("ETH", "ACME", sold, spread_bp=1)
    bought, spread = int(done.quote.buy_amount), int(done.quote.spread_amount)
    # An ACME's minor unit is the coarser one: the spread is in ETH, and position and spread are
    # all that was sold.
    assert bought == sold * 333_333_333_333_333_333 * 9_999 // 10**31
    assert done.quote.spread_asset == "ETH"
    in_position = -await bank.posted("position:ETH")
    assert in_position + await bank.posted("fx:spread:ETH") == sold
    assert spread == await bank.posted("fx:spread:ETH")
    assert await bank.posted("position:ACME") == bought == await bank.posted("ann:ACME")
    assert await bank.posted("position:ETH:cost") == in_position * 300_001 // 10**18
    assert (await bank.verify()).findings == []
