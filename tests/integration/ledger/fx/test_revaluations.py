"""Positions are revalued for an instant, once, by the difference to what was posted before."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import SystemClock
from bezant.ledger import Rider
from bezant.ledger.fx.schemas import GivenRate, NewRevaluation, Revaluation, RevaluedPosition
from bezant.ledger.fx.service import Currencies
from fixtures_ledger import IDS, code
from integration.ledger.fx.desk import Desk


async def usd(desk: Desk, at: datetime | None = None, **rates: str) -> RevaluedPosition:
    """The position in USD as it is revalued."""
    report = await desk.revalue(at, **rates)
    [position] = [each for each in report.positions if each.asset == "USD"]
    return position


async def test_what_a_position_gained_is_posted_by_its_difference(desk: Desk) -> None:
    await desk.pay_in("USD", 12_500)
    await desk.exchange("USD", "EUR", 12_500)
    # At the conversion's own rate there is nothing to post.
    assert await usd(desk) == RevaluedPosition("USD", "12500", "0.8", "10000", "10000", "0", "0")
    risen = await usd(desk, USD="1")
    assert (risen.value, risen.unrealised, risen.posted) == ("12500", "2500", "2500")
    assert await desk.bank.posted("fx:unrealised") == 2_500
    fallen = await usd(desk, USD="2")
    assert (fallen.value, fallen.unrealised, fallen.posted) == ("6250", "-3750", "-6250")
    assert await desk.bank.posted("fx:unrealised") == -3_750
    assert await desk.bank.posted("position:USD:revaluation") == -3_750


async def test_a_closed_positions_unrealised_gain_is_taken_back(desk: Desk) -> None:
    await desk.pay_in("USD", 12_500)
    await desk.exchange("USD", "EUR", 12_500)
    await usd(desk, USD="1")
    await desk.record("EUR/USD", "1", datetime.now(UTC))
    await desk.pay_in("EUR", 12_500)
    closed = await desk.exchange("EUR", "USD", 12_500)
    assert closed.realised == "2500"
    gone = await usd(desk)
    assert (gone.position, gone.rate, gone.unrealised, gone.posted) == ("0", None, "0", "-2500")
    assert await desk.bank.posted("fx:unrealised") == 0
    assert await desk.bank.posted("fx:realised") == 2_500
    assert (await desk.revalue()).positions == []


async def test_an_instant_is_revalued_once(desk: Desk) -> None:
    await desk.pay_in("USD", 12_500)
    await desk.exchange("USD", "EUR", 12_500)
    at = datetime.now(UTC)
    answers = await asyncio.gather(*(desk.ask_to_revalue(at, USD="1") for _ in range(10)))
    reports = [each.value(Revaluation) for each in answers]
    assert reports == [reports[0]] * 10
    # Not by other rates either: what was reported stands.
    assert await desk.revalue(at, USD="7") == reports[0]
    assert await desk.bank.posted("fx:unrealised") == 2_500
    assert reports[0].transaction_id is not None
    assert [leg[0] for leg in await desk.legs(reports[0].transaction_id)] == ["fx.unrealised"]


async def test_positions_are_those_of_the_instant(desk: Desk) -> None:
    """What counts from later on is left to a later revaluation."""
    await desk.pay_in("USD", 25_000)
    await desk.exchange("USD", "EUR", 12_500)
    between = datetime.now(UTC)
    await desk.exchange("USD", "EUR", 12_500)
    first = await usd(desk, between, USD="1")
    assert (first.position, first.cost, first.posted) == ("12500", "10000", "2500")
    entry = (await desk.bank.ledger.entries(
        desk.bank.tenant_id, desk.bank.book_id, "fx:unrealised", cursor=None, limit=1
    )).entries[0]  # fmt: skip
    assert entry.effective_at == between
    second = await usd(desk, USD="1")
    assert (second.position, second.unrealised, second.posted) == ("25000", "5000", "2500")


async def test_a_backdated_conversion_counts_where_it_says(desk: Desk) -> None:
    await desk.pay_in("USD", 12_500)
    at = datetime.now(UTC) - timedelta(days=1)
    quote = await desk.quote("USD", "EUR", 12_500)
    assert (await desk.convert(quote, effective_at=at)).status == 201
    assert (await usd(desk, at, USD="1")).posted == "2500"


async def test_the_instant_has_come_and_none_later_was_revalued(desk: Desk) -> None:
    now = datetime.now(UTC)
    assert code(await desk.ask_to_revalue(now + timedelta(days=1))) == "REVALUATION_IN_FUTURE"
    await desk.revalue(now)
    earlier = await desk.ask_to_revalue(now - timedelta(seconds=1))
    assert code(earlier) == "REVALUATION_OVERTAKEN"


async def test_a_position_without_a_rate_is_not_guessed(desk: Desk) -> None:
    await desk.pay_in("USD", 12_500)
    quote = await desk.quote("USD", "EUR", 12_500)
    long_before = datetime(2020, 1, 1, tzinfo=UTC)
    assert (await desk.convert(quote, effective_at=long_before)).status == 201
    refused = await desk.ask_to_revalue(long_before)
    assert (code(refused), msgspec.json.decode(refused.body)["asset"]) == ("RATE_UNKNOWN", "USD")
    assert (await usd(desk, long_before, USD="1")).posted == "2500"


async def test_a_rate_is_given_only_where_it_values_something(desk: Desk) -> None:
    assert code(await desk.ask_to_revalue(EUR="1")) == "UNKNOWN_ASSET"
    assert code(await desk.ask_to_revalue(GBP="1")) == "UNKNOWN_ASSET"
    assert (await desk.ask_to_revalue(JPY="1")).status == 200


async def test_of_several_instants_in_one_batch_none_is_posted_twice(desk: Desk) -> None:
    """All of them have read the same positions before any is decided."""
    await desk.pay_in("USD", 12_500)
    await desk.exchange("USD", "EUR", 12_500)
    bank, everybody = desk.bank, asyncio.Barrier(10)

    async def submit_with_all(call: Call, book_id: UUID, rider: Rider) -> Answer:
        await everybody.wait()
        return await bank.ledger.submit(call, book_id, rider)

    fx = Currencies(bank.database, SystemClock(), IDS, submit_with_all)
    now, rates = datetime.now(UTC), [GivenRate("EUR/USD", "1")]
    asked = [NewRevaluation(now + timedelta(microseconds=each), rates) for each in range(10)]
    answers = await asyncio.gather(*(fx.revalue(bank.call(), bank.book_id, new) for new in asked))
    refused = [code(each) for each in answers if each.is_refusal]
    assert refused == ["REVALUATION_OVERTAKEN"] * 9
    assert await bank.posted("fx:unrealised") == 2_500
    assert (await usd(desk, USD="1")).posted == "0"
