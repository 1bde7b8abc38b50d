"""Waivers: an account is spared fees for a time, whoever charges them."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bezant.banking.fees.charging import FeeOutcome
from bezant.banking.fees.schemas import FeeWaiver, NewFeeWaiver
from bezant.banking.terms.fees import FeeEvent
from bezant.kernel.database import Database
from customers import CustomerBank, open_bank
from fixtures_api import Api
from savings import BEGIN, Savings, open_savings

FEES = [
    {"code": "keeping", "asset": "EUR", "gross": "490", "every": "month", "vat": "19"},
    {"code": "card", "asset": "EUR", "gross": "100", "every": "month"},
    {"code": "paper", "asset": "EUR", "gross": "119", "event": "statement", "vat": "19"},
]
LATE = BEGIN.replace(day=30)
LAST = date(2026, 1, 31)


async def spare(bank: Savings, account: UUID, until: date, code: str | None = None) -> FeeWaiver:
    new = NewFeeWaiver("goodwill", until, code)
    answer = await bank.banking.fee_waivers.give(bank.teller.call(), account, new)
    return answer.value(FeeWaiver)


async def outcomes(bank: Savings, account: UUID) -> list[tuple[str, date, str]]:
    listed = await bank.banking.fees.charges(bank.teller.tenant_id, account)
    return sorted((each.code, each.day, each.outcome.value) for each in listed.charges)


async def test_a_waiver_spares_one_fee_or_all_until_its_last_day(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, begin=LATE, fees=FEES) as bank:
        all_of_them, one, over, none = [await bank.open(10_000) for _ in range(4)]
        await spare(bank, all_of_them, LAST)
        await spare(bank, one, date(2026, 12, 31), "keeping")
        await spare(bank, over, date(2026, 1, 30))
        await bank.end_days(LATE.date(), LAST)
        booked = [await bank.booked(each) for each in (all_of_them, one, over, none)]
        assert booked == [10_000, 9_900, 9_410, 9_410]
        assert await outcomes(bank, one) == [("card", LAST, "charged"), ("keeping", LAST, "waived")]
        await bank.end_days(date(2026, 2, 1), date(2026, 2, 28))
        booked = [await bank.booked(each) for each in (all_of_them, one, over, none)]
        assert booked == [9_410, 9_800, 8_820, 8_820], "only the second waiver is not over"


async def test_a_waiver_that_was_ended_spares_nothing_more(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, fees=FEES) as bank:
        account = await bank.open(10_000)
        waiver = await spare(bank, account, LAST)
        [spared] = await bank.charge(account, FeeEvent.STATEMENT, "one")
        assert (spared.outcome, spared.transaction_id) == (FeeOutcome.WAIVED, None)
        ended = await bank.banking.fee_waivers.end(bank.teller.call(), account, waiver.id)
        assert ended.value(FeeWaiver).ended_at == bank.clock.now()
        [charged] = await bank.charge(account, FeeEvent.STATEMENT, "two")
        assert charged.outcome is FeeOutcome.CHARGED
        assert await bank.charge(account, FeeEvent.STATEMENT, "one") == [spared], "as it was"
        assert await bank.booked(account) == 9_881


async def test_a_fee_that_could_not_be_paid_is_spared_when_it_is_asked_for_again(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, fees=FEES) as bank:
        account = await bank.open()
        [refused] = await bank.charge(account, FeeEvent.STATEMENT, "one")
        assert refused.outcome is FeeOutcome.REFUSED
        await bank.end_day(BEGIN.date())
        await spare(bank, account, BEGIN.date(), "paper")
        await bank.pay_in(account, 1_000)
        await bank.end_day(date(2026, 1, 2))
        assert await bank.booked(account) == 1_000
        assert await outcomes(bank, account) == [
            ("paper", BEGIN.date(), "refused"),
            ("paper", BEGIN.date(), "waived"),
        ]


@pytest.fixture(scope="module")
async def bank(api: Api) -> AsyncIterator[CustomerBank]:
    """A bank of a tenant of these tests' own, which charges for payments."""
    async with api.tenant() as tenant:
        bank = await open_bank(tenant)
        fee = {"code": "transfer", "asset": "EUR", "gross": "50", "event": "payment.out"}
        terms = {"assets": ["EUR"], "fees": [fee]}
        new = {"after": 1, "terms": terms}
        await tenant.create(f"/v1/products/{bank.product}/versions", new)
        yield bank


async def test_a_payment_of_an_account_that_is_spared_costs_nothing(bank: CustomerBank) -> None:
    payer, payee = await bank.funded(1_000), await bank.funded(1)
    new = {
        "debtor_account": payer,
        "creditor": {"account_id": payee},
        "asset": "EUR",
        "amount": "100",
    }
    path = f"/v1/accounts/{payer}/fee-waivers"
    body = {"reason": "goodwill", "until": "2999-12-31", "code": "transfer"}
    given = await bank.tenant.create(path, body)
    await bank.tenant.create("/v1/payments", new)
    assert (await bank.balance(payer))["booked"] == "900"
    ended = await bank.tenant.create(f"{path}/{given['id']}/end", {})
    assert ended["ended_by"] == given["given_by"]
    await bank.tenant.create("/v1/payments", new)
    assert (await bank.balance(payer))["booked"] == "750"
    listed = (await bank.tenant.client.get(path)).json()["waivers"]
    assert listed == [ended]
    rows = await bank.tenant.database.fetch(
        "SELECT kind FROM event_pending WHERE tenant_id = $1 AND subject = $2"
        " UNION SELECT kind FROM event WHERE tenant_id = $1 AND subject = $2",
        bank.tenant.id,
        path,
    )
    kinds = {row["kind"] for row in rows}
    assert kinds == {"account_fees.waiver_given", "account_fees.waiver_ended"}


async def test_what_cannot_be_spared_or_ended_is_refused(bank: CustomerBank) -> None:
    path = f"/v1/accounts/{(await bank.open())['id']}/fee-waivers"
    body = {"reason": "goodwill", "until": "2999-12-31"}
    unknown = await bank.tenant.post(path, body | {"code": "keeping"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "FEE_NOT_AGREED")
    for wrong in ({"until": "9999-12-31"}, {"reason": "A sentence."}, {"until": None}):
        assert (await bank.tenant.post(path, body | wrong)).status_code == 400
    waiver = (await bank.tenant.create(path, body))["id"]
    await bank.tenant.create(f"{path}/{waiver}/end", {})
    for which in (waiver, uuid4()):
        gone = await bank.tenant.post(f"{path}/{which}/end", {})
        assert (gone.status_code, gone.json()["code"]) == (404, "FEE_WAIVER_NOT_FOUND")
    elsewhere = f"/v1/accounts/{(await bank.open())['id']}/fee-waivers"
    other = (await bank.tenant.create(path, body))["id"]
    assert (await bank.tenant.post(f"{elsewhere}/{other}/end", {})).status_code == 404
