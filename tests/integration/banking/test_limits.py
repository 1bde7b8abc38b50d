"""Limits hold in the commit that posts, over every window, channel and customer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bezant.banking.limits import spending as spending_module
from bezant.banking.terms.limits import Channel, LimitTerms, Window
from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.ledger import schemas
from crashing import WindableClock
from fixtures_ledger import IDS, code, new_bank, open_ledger
from spenders import Spender, daily

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> WindableClock:
    return WindableClock(START)


@pytest.fixture
async def spender(
    database: Database, run_folder: Path, clock: WindableClock
) -> AsyncIterator[Spender]:
    """An account with plenty of money, in a book whose clock the test moves."""
    async with open_ledger(database, run_folder, clock) as ledger:
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice", overdraft="0")
        await bank.pay("world", "alice", 1_000_000)
        yield Spender(bank)
        assert (await bank.verify()).findings == []


def outcomes(answers: Sequence[Answer | BaseException]) -> list[int]:
    return [answer.status if isinstance(answer, Answer) else 500 for answer in answers]


@pytest.mark.parametrize(
    ("window", "length"),
    [
        (Window.DAY, timedelta(hours=24)),
        (Window.WEEK, timedelta(days=7)),
        (Window.MONTH, timedelta(days=30)),
    ],
    ids=str,
)
async def test_a_window_rolls_on_to_the_microsecond(
    spender: Spender, clock: WindableClock, window: Window, length: timedelta
) -> None:
    await spender.limit(LimitTerms("EUR", window, "100"))
    assert (await spender.pay(60)).status == 201
    spent_at = await last_spent_at(spender)
    clock.wind(3600)
    assert code(await spender.pay(41)) == "LIMIT_EXCEEDED"
    assert (await spender.pay(40)).status == 201
    clock.wind((spent_at + length - clock.now() - timedelta(microseconds=1)).total_seconds())
    assert code(await spender.pay(1)) == "LIMIT_EXCEEDED"
    clock.wind(0.000_001)
    assert (await spender.pay(60)).status == 201
    assert code(await spender.pay(1)) == "LIMIT_EXCEEDED"


async def last_spent_at(spender: Spender) -> datetime:
    row = await spender.bank.database.fetchrow(
        "SELECT max(spent_at) AS at FROM limit_spend WHERE tenant_id = $1 AND account_id = $2",
        spender.bank.tenant_id,
        spender.account_id,
    )
    assert row is not None
    at: datetime = row["at"]
    return at


async def test_fifty_payments_at_once_pass_together_only_up_to_the_limit(
    spender: Spender,
) -> None:
    await spender.limit(daily(100))
    answers = await asyncio.gather(*(spender.pay(9) for _ in range(50)), return_exceptions=True)
    assert outcomes(answers).count(201) == 11
    assert outcomes(answers).count(422) == 39
    assert await spender.bank.posted("alice") == 1_000_000 - 99


async def test_control_without_what_others_of_the_batch_spent_they_pass_together(
    spender: Spender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def amend_nothing(*_: object) -> None:
        """As if every item saw the limits as they were before its batch."""

    monkeypatch.setattr(spending_module, "_amend_use", amend_nothing)
    await spender.limit(daily(100))
    answers = await asyncio.gather(*(spender.pay(9) for _ in range(50)), return_exceptions=True)
    assert outcomes(answers).count(201) > 11


async def test_an_order_that_broke_spent_nothing(spender: Spender) -> None:
    await spender.limit(daily(10))
    orders = [spender.spending(10) for _ in range(3)]
    answers = await asyncio.gather(
        spender.send(orders[0], breaks=True), spender.send(orders[1]), spender.send(orders[2]),
        return_exceptions=True,
    )  # fmt: skip
    assert outcomes(answers) == [500, 201, 422]


async def test_what_a_failed_order_spent_can_be_spent_again_and_once_only(
    spender: Spender,
) -> None:
    await spender.limit(daily(100))
    order = spender.spending(100)
    assert (await spender.send(order)).status == 201
    assert code(await spender.pay(1)) == "LIMIT_EXCEEDED"
    assert await spender.fail(order) == 1
    assert await spender.fail(order) == 0
    assert (await spender.pay(100)).status == 201
    assert code(await spender.pay(1)) == "LIMIT_EXCEEDED"


async def test_what_fails_and_what_is_paid_with_it_may_share_a_commit(spender: Spender) -> None:
    await spender.limit(daily(100))
    order = spender.spending(100)
    paid, given_back, again, more = await asyncio.gather(
        spender.send(order), spender.fail(order), spender.pay(100), spender.pay(1)
    )
    assert (paid.status, given_back, again.status, more.status) == (201, 1, 201, 422)
    assert code(await spender.pay(1)) == "LIMIT_EXCEEDED"


async def test_an_order_spends_once_however_often_it_is_asked(spender: Spender) -> None:
    await spender.limit(daily(100))
    order = spender.spending(60)
    await spender.send(order)
    await spender.send(order)
    assert (await spender.pay(40)).status == 201


async def test_a_channels_limit_counts_that_channel_and_one_for_all_counts_all(
    spender: Spender,
) -> None:
    await spender.limit(daily(100), daily(30, channel=Channel.INSTANT))
    assert (await spender.pay(30, channel=Channel.INSTANT)).status == 201
    assert code(await spender.pay(1, channel=Channel.INSTANT)) == "LIMIT_EXCEEDED"
    assert (await spender.pay(70, channel=Channel.WEB)).status == 201
    assert code(await spender.pay(1, channel=Channel.WEB)) == "LIMIT_EXCEEDED"


async def test_an_instant_payment_is_counted_as_one_and_by_the_channel_that_ordered_it(
    spender: Spender, clock: WindableClock
) -> None:
    await spender.limit(daily(30, channel=Channel.INSTANT), daily(40, channel=Channel.WEB))
    order = spender.spending(20, channel=Channel.WEB, is_instant=True)
    assert (await spender.send(order)).status == 201
    assert (await spender.pay(10, is_instant=True)).status == 201
    assert code(await spender.pay(1, is_instant=True)) == "LIMIT_EXCEEDED"
    assert code(await spender.pay(21, channel=Channel.WEB)) == "LIMIT_EXCEEDED"
    failed, again, web, more = await asyncio.gather(
        spender.fail(order),
        spender.pay(20, is_instant=True),
        spender.pay(40, channel=Channel.WEB),
        spender.pay(1, is_instant=True),
    )
    assert (failed, again.status, web.status, more.status) == (1, 201, 201, 422)
    clock.wind(24 * 3600 + 1)
    assert (await spender.pay(30, channel=Channel.MOBILE, is_instant=True)).status == 201


async def test_single_payments_and_their_number_are_limited(spender: Spender) -> None:
    await spender.limit(
        LimitTerms("EUR", Window.TRANSACTION, "50"), LimitTerms("EUR", Window.WEEK, count=2)
    )
    assert code(await spender.pay(51)) == "LIMIT_EXCEEDED"
    answers = await asyncio.gather(*(spender.pay(50) for _ in range(5)))
    assert [answer.status for answer in answers].count(201) == 2


async def test_different_counterparties_are_counted_once_each(
    spender: Spender, clock: WindableClock
) -> None:
    await spender.limit(LimitTerms("EUR", Window.DAY, counterparties=2))
    answers = await asyncio.gather(
        *(spender.pay(1, counterparty=bytes([whom])) for whom in (1, 1, 2, 3, 2, 1))
    )
    assert [answer.status for answer in answers] == [201, 201, 201, 422, 201, 201]
    assert code(await spender.pay(1, counterparty=b"\3")) == "LIMIT_EXCEEDED"
    clock.wind(24 * 3600 + 1)
    assert (await spender.pay(1, counterparty=b"\3")).status == 201


async def test_a_customers_limit_counts_all_of_their_accounts(spender: Spender) -> None:
    party, other = IDS.new(), Spender(spender.bank)
    await spender.limit(daily(100), party=party)
    answers = await asyncio.gather(
        *(each.pay(30, party=party) for each in (spender, other, spender, other))
    )
    assert [answer.status for answer in answers] == [201, 201, 201, 422]
    assert code(await other.pay(11, party=party)) == "LIMIT_EXCEEDED"
    assert (await other.pay(11, party=IDS.new())).status == 201


async def test_a_customers_counterparties_are_counted_over_all_of_their_accounts(
    spender: Spender, clock: WindableClock
) -> None:
    party, other = IDS.new(), Spender(spender.bank)
    await spender.limit(LimitTerms("EUR", Window.DAY, counterparties=2), party=party)

    async def pay(whose: Spender, whom: int, by: UUID | None = party) -> Answer:
        return await whose.pay(1, party=by, counterparty=bytes([whom]))

    paid = ((spender, 1), (other, 1), (spender, 2), (other, 3), (other, 2), (spender, 1))
    answers = await asyncio.gather(*(pay(*each) for each in paid))
    assert [answer.status for answer in answers] == [201, 201, 201, 422, 201, 201]
    assert code(await pay(spender, 3)) == "LIMIT_EXCEEDED"
    assert (await pay(spender, 3, IDS.new())).status == 201
    clock.wind(24 * 3600 + 1)
    assert (await pay(other, 3)).status == 201


async def test_a_customer_who_may_pay_no_counterparty_pays_none(spender: Spender) -> None:
    party = IDS.new()
    await spender.limit(LimitTerms("EUR", Window.MONTH, counterparties=0), party=party)
    assert code(await spender.pay(1, party=party, counterparty=b"\1")) == "LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("standings", "status"),
    [({}, 201), ({1: "denied"}, 422), ({1: "allowed"}, 201), ({2: "allowed"}, 422)],
    ids=["no list", "denied", "allowed", "others only"],
)
async def test_lists_tell_whom_an_account_pays(
    spender: Spender, standings: dict[int, str], status: int
) -> None:
    for whom, standing in standings.items():
        await spender.stand(bytes([whom]), standing)
    answer = await spender.pay(1, counterparty=b"\1")
    assert answer.status == status
    for whom in standings:
        await spender.stand(bytes([whom]), None)
    assert (await spender.pay(1, counterparty=b"\1")).status == 201
