"""Mandates end when they say, signatures count once, and an order is carried out once."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bezant.banking.terms.signing import MandateRole, SigningBand
from bezant.kernel.database import Database
from bezant.ledger import schemas
from crashing import WindableClock
from fixtures_ledger import IDS, Bank, code, new_bank, open_ledger
from signers import TABLE, Signers

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TWO = SigningBand("EUR", 2)


@pytest.fixture
async def signed_orders(owner: Any) -> AsyncIterator[None]:  # noqa: ANN401 - the driver's connection
    """A table of orders, as the domain of payments has one."""
    await owner.execute(TABLE)
    await owner.execute("GRANT SELECT, INSERT, UPDATE ON signed_order TO bezant_app")
    yield
    await owner.execute("DROP TABLE signed_order")


@pytest.fixture
def clock() -> WindableClock:
    return WindableClock(START)


@pytest.fixture
async def signers(
    signed_orders: None,  # noqa: ARG001 - riders read it
    database: Database,
    run_folder: Path,
    clock: WindableClock,
) -> AsyncIterator[Signers]:
    """An account with money in a book whose clock the test moves."""
    async with open_ledger(database, run_folder, clock) as ledger:
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice", overdraft="0")
        await bank.pay("world", "alice", 1_000)
        yield Signers(bank)


async def test_twenty_approvals_at_once_of_two_of_three_pay_an_order_once(
    signers: Signers,
) -> None:
    parties = [await signers.mandate() for _ in range(3)]
    await signers.agree(TWO)
    order = IDS.new()
    answers = await asyncio.gather(
        *(signers.sign(order, parties[number % 3]) for number in range(20))
    )
    told = [answer.value(str) if answer.status == 200 else code(answer) for answer in answers]
    assert told.count("paid") == 1
    assert told.count("waits") == 1
    assert set(told) <= {"paid", "waits", "NOT_WAITING", "ALREADY_APPROVED_BY_PARTY"}
    assert await signers.bank.posted("alice") == 990


async def test_control_signatures_without_the_orders_state_pay_it_again(
    signers: Signers,
) -> None:
    parties = [await signers.mandate() for _ in range(3)]
    await signers.agree(TWO)
    order = IDS.new()
    await asyncio.gather(*(signers.sign(order, party, looks_away=True) for party in parties))
    assert await signers.bank.posted("alice") == 980


async def test_one_party_signs_once_whatever_roles_it_has(signers: Signers) -> None:
    party, other = await signers.mandate(), await signers.mandate()
    await signers.mandate(MandateRole.ATTORNEY, party=party, principal=other)
    await signers.agree(TWO)
    order = IDS.new()
    assert (await signers.sign(order, party)).value(str) == "waits"
    assert code(await signers.sign(order, party)) == "ALREADY_APPROVED_BY_PARTY"
    assert (await signers.sign(order, other)).value(str) == "paid"


async def test_a_holder_and_their_attorneys_sign_as_one(signers: Signers) -> None:
    one, other = await signers.mandate(), await signers.mandate()
    attorneys = [await signers.mandate(MandateRole.ATTORNEY, principal=one) for _ in range(2)]
    await signers.agree(TWO)
    order = IDS.new()
    for party in (*attorneys, one):
        assert (await signers.sign(order, party)).value(str) == "waits"
    assert (await signers.sign(order, other)).value(str) == "paid"
    order = IDS.new()
    assert (await signers.sign(order, other)).value(str) == "waits"
    assert (await signers.sign(order, attorneys[0])).value(str) == "paid"


async def test_an_attorney_of_whom_is_no_holder_any_more_may_not_act(
    signers: Signers, clock: WindableClock
) -> None:
    ends = START + timedelta(hours=1)
    one, other = await signers.mandate(ends=ends), await signers.mandate()
    attorney = await signers.mandate(MandateRole.ATTORNEY, principal=one)
    await signers.agree(TWO)
    order = IDS.new()
    assert (await signers.sign(order, attorney)).value(str) == "waits"
    clock.wind(3600)
    assert code(await signers.sign(IDS.new(), attorney)) == "MAY_NOT_ACT"
    # What they had signed counts no more, nor does any power whose giver is not known.
    assert (await signers.sign(order, other)).value(str) == "waits"
    of_nobody = await signers.mandate(MandateRole.ATTORNEY)
    assert code(await signers.sign(order, of_nobody)) == "MAY_NOT_ACT"
    assert (await signers.sign(order, await signers.mandate())).value(str) == "paid"


async def test_powers_from_before_are_a_sole_holders_or_nobodys(
    signers: Signers,
    owner: Any,  # noqa: ANN401 - the driver's connection
) -> None:
    of_one = await signers.mandate(MandateRole.ATTORNEY)
    holder = await signers.mandate()
    shared = Signers(signers.bank)
    of_some_one = await shared.mandate(MandateRole.ATTORNEY)
    for _ in range(2):
        await shared.mandate()
    versions = "bezant.server.migrations.versions"
    migration = importlib.import_module(f"{versions}.0053_who_signs_for_whom")
    await owner.execute(migration.OF_SOLE_HOLDERS)
    await signers.agree(TWO)
    order = IDS.new()
    for party in (of_one, holder):
        assert (await signers.sign(order, party)).value(str) == "waits"
    assert code(await shared.sign(IDS.new(), of_some_one)) == "MAY_NOT_ACT"


async def test_a_power_of_attorney_is_none_from_its_end_on(
    signers: Signers, clock: WindableClock
) -> None:
    ends = START + timedelta(hours=1)
    holder = await signers.mandate()
    attorney = await signers.mandate(MandateRole.ATTORNEY, ends=ends, principal=holder)
    assert (await signers.sign(IDS.new(), attorney)).value(str) == "paid"
    clock.wind((ends - clock.now() - timedelta(microseconds=1)).total_seconds())
    assert (await signers.sign(IDS.new(), attorney)).value(str) == "paid"
    clock.wind(0.000_001)
    assert code(await signers.sign(IDS.new(), attorney)) == "MAY_NOT_ACT"


async def test_a_mandate_that_has_not_begun_is_none_yet(
    signers: Signers, clock: WindableClock
) -> None:
    party = await signers.mandate(begins=START + timedelta(hours=1))
    assert code(await signers.sign(IDS.new(), party)) == "MAY_NOT_ACT"
    clock.wind(3600)
    assert (await signers.sign(IDS.new(), party)).value(str) == "paid"


async def test_a_signature_counts_no_more_once_its_mandate_is_over(
    signers: Signers, clock: WindableClock
) -> None:
    ends, holder = START + timedelta(hours=1), await signers.mandate()
    attorney = await signers.mandate(MandateRole.ATTORNEY, ends=ends, principal=holder)
    first, second = await signers.mandate(), await signers.mandate()
    await signers.agree(TWO)
    order = IDS.new()
    assert (await signers.sign(order, attorney)).value(str) == "waits"
    clock.wind(3600)
    assert (await signers.sign(order, first)).value(str) == "waits"
    assert (await signers.sign(order, second)).value(str) == "paid"


async def test_a_signature_that_was_withdrawn_does_not_count_and_may_be_given_again(
    signers: Signers,
) -> None:
    one, other = await signers.mandate(), await signers.mandate()
    await signers.agree(TWO)
    order = IDS.new()
    assert code(await signers.sign(order, one, revokes=True)) == "NOT_APPROVED_BY_PARTY"
    await signers.sign(order, one)
    await signers.sign(order, one, revokes=True)
    assert code(await signers.sign(order, one, revokes=True)) == "NOT_APPROVED_BY_PARTY"
    assert (await signers.sign(order, other)).value(str) == "waits"
    assert (await signers.sign(order, one)).value(str) == "paid"
    assert code(await signers.sign(order, one, revokes=True)) == "NOT_WAITING"


async def test_how_many_sign_follows_from_the_amount(signers: Signers) -> None:
    parties = [await signers.mandate() for _ in range(3)]
    await signers.agree(SigningBand("EUR", 1, "10"), SigningBand("EUR", 2, "100"))
    await signers.agree(
        SigningBand("EUR", 1, "10"), SigningBand("EUR", 3), SigningBand("EUR", 2, "100"), version=2
    )
    for amount, needed in ((10, 1), (11, 2), (100, 2), (101, 3)):
        order = IDS.new()
        told = [(await signers.sign(order, party, amount)).status for party in parties[:needed]]
        assert told == [200] * needed
        assert code(await signers.sign(order, parties[0], amount)) == "NOT_WAITING"


async def test_another_tenants_mandates_are_none(signers: Signers, database: Database) -> None:
    party = await signers.mandate()
    foreign = await (await new_bank(signers.bank.ledger, database)).create()
    await foreign.open("world", schemas.AccountType.ASSET)
    await foreign.open("alice")
    thief = Signers(Bank(signers.bank.ledger, database, foreign.tenant_id, foreign.book_id))
    thief.account_id = signers.account_id
    assert code(await thief.sign(IDS.new(), party)) == "MAY_NOT_ACT"
