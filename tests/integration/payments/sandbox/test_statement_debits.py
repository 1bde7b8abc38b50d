"""Direct debits on the sandbox bank's statements, and what reconciliation makes of them."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from lxml import etree

from bezant.formats.bank_statement import StatementLine, read_camt
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.sealing import KeySealer
from bezant.ledger import ReconciliationService
from bezant.ledger.reconciliation import schemas as wire
from bezant.ledger.reconciliation.importing import Format, Upload
from bezant.payments.direct_debits import schemas
from bezant.payments.sandbox.statements import StatementBank
from bezant.payments.sandbox.statements.accounts import Account
from debit_street import AMOUNT, EVE, SETTLEMENT, Pair, Street, open_street
from debiting import CREDITOR, DUE, OURS, Collecting
from fixtures_ledger import IDS
from jobbers import running

NOSTRO, THEIRS = "DE00NOSTRO1", "DE00NOSTRO2"


@pytest.fixture
async def street(database: Database, run_folder: Path) -> AsyncIterator[Street]:
    async with open_street(database, run_folder) as street:
        yield street


class Banked:
    """A street whose two banks have accounts for settlement at the sandbox bank."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.bank = StatementBank(street.clock)
        street.system.clearing.watchers.append(self.bank)
        self.ours, self.theirs = (
            self.bank.open(iban, "A bank", 0, bic)
            for iban, bic in ((NOSTRO, OURS.bic), (THEIRS, "DEUTDEBBXXX"))
        )

    async def settled(self, count: int) -> list[Pair]:
        """So many collections, settled at once."""
        pairs = [await self.street.opened() for _ in range(count)]
        await self.street.wind_to(EVE)
        await self.street.wind_to(DUE)
        assert await self.street.cycle() == count
        return pairs


def lines(content: bytes) -> list[StatementLine]:
    return [each for each in read_camt(io.BytesIO(content)) if isinstance(each, StatementLine)]


def codes(account: Account) -> list[tuple[int, str, bool]]:
    """Amount, family and sub-family, and whether it takes an entry back."""
    return [(each.amount, "/".join(each.code[1:]), each.is_reversal) for each in account.notified]


async def test_collections_and_what_comes_back_of_them_are_booked_on_both_sides(
    street: Street, vectors: Path
) -> None:
    banked = Banked(street)
    refunded, reversed_, _ = await banked.settled(3)
    assert codes(banked.ours) == [(AMOUNT, "IDDT/ESDD", False)] * 3
    assert codes(banked.theirs) == [(-AMOUNT, "RDDT/ESDD", False)] * 3
    await refunded.refund()
    await reversed_.reverse()
    assert codes(banked.ours)[3:] == [(-AMOUNT, "IDDT/UPDD", True), (-AMOUNT, "IDDT/PRDD", True)]
    assert codes(banked.theirs)[3:] == [(AMOUNT, "RDDT/UPDD", True), (AMOUNT, "RDDT/PRDD", True)]
    assert banked.ours.balance == street.system.clearing.books.position(OURS.bic) == AMOUNT
    assert banked.theirs.balance == -AMOUNT
    made = {
        "camt.052": banked.bank.report(NOSTRO),
        "camt.054": banked.bank.notification(NOSTRO, 4),
    }
    banked.bank.end_day()
    made["camt.053"] = banked.ours.published[-1].content
    for message, content in made.items():
        xsd = vectors / f"payments/iso20022/xsd/{message}.001.08.xsd"
        etree.XMLSchema(etree.parse(xsd)).assertValid(etree.fromstring(content))
    booked = lines(made["camt.053"])
    assert [each.amount for each in booked] == [AMOUNT] * 3 + [-AMOUNT] * 2
    assert [each.is_reversal for each in booked] == [False] * 3 + [True] * 2
    names = [each.servicer_reference for each in booked]
    assert names[3:] == [refunded.debit.hex, reversed_.debit.hex]


async def test_what_is_rejected_is_on_no_statement(street: Street) -> None:
    banked = Banked(street)
    await street.opened(AMOUNT - 1)
    await street.wind_to(EVE)
    await street.wind_to(DUE)
    for _ in range(2):
        await street.cycle()
        await street.work()
    assert banked.ours.notified == banked.theirs.notified == []


async def test_business_collections_have_a_code_of_their_own(street: Street) -> None:
    banked = Banked(street)
    payee, payer = await street.creditors.open(), await street.debtors.open(AMOUNT)
    signed = await street.creditors.mandate(
        payee, await street.debtors.iban(payer), scheme="b2b", reference="B-1"
    )
    await street.creditors.collect(signed, AMOUNT)
    confirmed = msgspec.convert(
        {"creditor_id": CREDITOR, "reference": "B-1", "scheme": "b2b", "standing": "confirmed"},
        schemas.PayerMandateStanding,
    )
    desk = street.debtors
    await desk.direct.debits.mandates.set_payer_mandate(desk.bank.call(), payer, confirmed)
    await street.wind_to(EVE)
    await street.wind_to(DUE)
    assert await street.cycle() == 1
    assert codes(banked.ours) == [(AMOUNT, "IDDT/BBDD", False)]


async def reconciled(desk: Collecting, account: Account) -> wire.Summary:
    """Import all statements of an account, and match them by the rules that stand."""
    service = ReconciliationService(desk.bank.database, SystemClock(), IDS, KeySealer(bytes(32)))
    place = desk.bank.tenant_id, desk.bank.book_id
    for made in account.published:
        digest = hashlib.sha256(made.content).digest()
        upload = Upload(Format.CAMT053, io.BytesIO(made.content), digest)
        call = desk.bank.call(None, digest)
        answer = await service.import_statement(call, desk.bank.book_id, SETTLEMENT, upload)
        assert not answer.is_refusal, answer
    period = wire.Period(DUE + timedelta(days=60))
    new = wire.NewReconciliation(SETTLEMENT, period)
    asked = await service.reconcile(desk.bank.call(), desk.bank.book_id, new)
    reconciliation = asked.value(wire.Reconciliation).id
    async with running(desk.bank.database, service.handling()), asyncio.timeout(30):
        while True:
            found = await service.reconciliation(*place, reconciliation)
            if found.summary is not None:
                return found.summary


async def test_a_statement_of_collections_refunds_and_reversals_reconciles_to_nothing_left(
    street: Street,
) -> None:
    banked = Banked(street)
    refunded, reversed_, *_ = await banked.settled(4)
    await refunded.refund()
    await reversed_.reverse()
    banked.bank.end_day()
    summary = await reconciled(street.creditors, banked.ours)
    assert (summary.by_rule, summary.breaks) == ({"bank-reference": 6}, 0)
    assert summary.difference == "0"
