"""Fees of events: once for each reference, with VAT apart; what cannot be paid is told."""

import asyncio
from pathlib import Path

from bezant.banking.fees.charging import FeeOutcome
from bezant.banking.terms.fees import FeeEvent
from bezant.kernel.database import Database
from savings import open_savings

FEES = [
    {"code": "transfer", "asset": "EUR", "gross": "119", "event": "payment.out", "vat": "19"},
    {
        "code": "paper", "asset": "EUR", "gross": "250", "event": "statement", "vat": "7",
        "waived_from": "5000",
    },
]  # fmt: skip


async def test_an_event_costs_once_for_each_reference(database: Database, run_folder: Path) -> None:
    async with open_savings(database, run_folder, fees=FEES) as bank:
        account = await bank.open(1_000)
        asked = [bank.charge(account, FeeEvent.PAYMENT_OUT, "one") for _ in range(5)]
        [charges, *repeats] = await asyncio.gather(*asked)
        assert repeats == [charges] * 4
        [charge] = charges
        assert (charge.outcome, charge.gross, charge.net, charge.vat) == (
            FeeOutcome.CHARGED, "119", "100", "19",
        )  # fmt: skip
        assert await bank.booked(account) == 881
        await bank.charge(account, FeeEvent.PAYMENT_OUT, "two")
        assert await bank.booked(account) == 762
        assert await bank.teller.posted("fees:income:EUR") == 200
        assert await bank.teller.posted("fees:vat:EUR") == 38
        tenant_id = bank.teller.tenant_id
        listed = await bank.banking.fees.charges(tenant_id, account)
        assert listed.charges[0].id == charge.id
        assert len(listed.charges) == 2


async def test_an_event_may_be_free_waived_or_more_than_there_is(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, fees=FEES) as bank:
        rich, poor = await bank.open(5_000), await bank.open(100)
        assert await bank.charge(rich, FeeEvent.CASH_OUT, "any") == []
        [waived] = await bank.charge(rich, FeeEvent.STATEMENT, "2026-01")
        assert (waived.outcome, waived.transaction_id) == (FeeOutcome.WAIVED, None)
        [refused] = await bank.charge(poor, FeeEvent.STATEMENT, "2026-01")
        assert (refused.outcome, refused.reason) == (FeeOutcome.REFUSED, "OVERDRAFT_EXCEEDED")
        await bank.pay_in(poor, 1_000)
        assert await bank.charge(poor, FeeEvent.STATEMENT, "2026-01") == [refused]
        assert [await bank.booked(each) for each in (rich, poor)] == [5_000, 1_100]
