"""What a client can rely on when transactions are taken back."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.feed.events import TransactionPosted
from bezant.ledger.reversals import posting as reversing
from fixtures_ledger import Bank, code, new_bank, open_ledger


def posted(answer: Answer) -> schemas.PostedTransaction:
    return answer.value(schemas.PostedTransaction)


async def paid(bank: Bank, amount: int = 100) -> schemas.PostedTransaction:
    """A payment from `world` to `alice`."""
    return posted(await bank.pay("world", "alice", amount))


async def test_a_reversal_swaps_the_sides_and_both_stay_visible(bank: Bank) -> None:
    payment = await paid(bank)
    reversal = posted(await bank.reverse(payment.id, reason="Booked twice"))
    assert await bank.posted("alice") == 0
    original, taken = await bank.transaction(payment.id), await bank.transaction(reversal.id)
    assert original.reversed_by == [reversal.id]
    assert (original.postings[0].reversible, original.reverses) == ("0", None)
    assert (taken.reverses, taken.reversed_by) == (payment.id, [])
    [leg] = taken.postings
    assert (leg.debit, leg.credit, leg.amount, leg.kind) == ("alice", "world", "100", "posted")
    assert (leg.reverses, leg.reversible) == (payment.postings[0].transfer_id, "0")
    assert reversal.postings[0].reverses == leg.reverses
    assert taken.reason == "Booked twice"


async def test_parts_are_taken_back_until_nothing_is_left(bank: Bank) -> None:
    payment = await paid(bank)
    [leg] = payment.postings
    first = posted(await bank.reverse(payment.id, (leg.transfer_id, 30)))
    assert (await bank.transaction(payment.id)).postings[0].reversible == "70"
    refused = await bank.reverse(payment.id, (leg.transfer_id, 71))
    assert code(refused) == "REVERSAL_TOO_LARGE"
    assert b'"remaining":"70"' in refused.body
    assert b'"field":"postings[0].amount"' in refused.body
    second = posted(await bank.reverse(payment.id))
    assert second.postings[0].amount == "70"
    assert (await bank.transaction(payment.id)).reversed_by == [first.id, second.id]
    assert code(await bank.reverse(payment.id)) == "NOTHING_TO_REVERSE"
    refused = await bank.reverse(payment.id, (leg.transfer_id, None))
    assert code(refused) == "REVERSAL_TOO_LARGE"
    assert await bank.posted("alice") == 0


async def test_concurrent_parts_never_exceed_the_leg(
    bank: Bank, database: Database, run_folder: Path
) -> None:
    """Fifty at once from two processes' ledgers ask for 7 of 100: fourteen are carried out."""
    payment = await paid(bank)
    [leg] = payment.postings
    async with open_ledger(database, run_folder) as other:
        rival = Bank(other, database, bank.tenant_id, bank.book_id)
        answers = await asyncio.gather(
            *((bank, rival)[at % 2].reverse(payment.id, (leg.transfer_id, 7)) for at in range(50))
        )
    done = [answer for answer in answers if answer.status == 201]
    assert len(done) == 14
    assert {code(answer) for answer in answers if answer.status != 201} == {"REVERSAL_TOO_LARGE"}
    assert all(b'"remaining":"2"' in answer.body for answer in answers if answer.status != 201)
    assert await bank.posted("alice") == 2
    assert (await bank.transaction(payment.id)).postings[0].reversible == "2"


async def test_limits_and_states_of_accounts_hold(bank: Bank) -> None:
    payment = await paid(bank)
    await bank.pay("alice", "world", 60)
    assert code(await bank.reverse(payment.id)) == "OVERDRAFT_EXCEEDED"
    await bank.pay("world", "alice", 60)
    await bank.change("alice", status=schemas.AccountStatus.FROZEN)
    assert code(await bank.reverse(payment.id)) == "ACCOUNT_FROZEN"
    await bank.change("alice", status=schemas.AccountStatus.OPEN)
    assert (await bank.reverse(payment.id)).status == 201


async def test_a_reversal_is_final(bank: Bank) -> None:
    payment = await paid(bank)
    reversal = posted(await bank.reverse(payment.id))
    assert code(await bank.reverse(reversal.id)) == "NOTHING_TO_REVERSE"
    refused = await bank.reverse(reversal.id, (reversal.postings[0].transfer_id, 1))
    assert code(refused) == "NOT_REVERSIBLE"


async def test_captured_money_is_reversible_and_reserved_money_is_not(bank: Bank) -> None:
    hold = await bank.reserve("world", "alice", 100)
    reserving = (await bank.hold(hold)).transaction_id
    assert code(await bank.reverse(reserving)) == "NOTHING_TO_REVERSE"
    assert code(await bank.reverse(reserving, (hold, 1))) == "NOT_REVERSIBLE"
    captured = (await bank.capture(hold, 60, release=True)).value(schemas.SettledHold).transaction
    moved, given_back = captured.postings
    assert code(await bank.reverse(captured.id, (given_back.transfer_id, 1))) == "NOT_REVERSIBLE"
    reversal = posted(await bank.reverse(captured.id))
    assert [(leg.reverses, leg.amount) for leg in reversal.postings] == [(moved.transfer_id, "60")]
    assert await bank.posted("alice") == 0
    assert (await bank.hold(hold)).captured == "60"


async def test_several_assets_net_to_zero_even_in_part(ledger: Ledger, database: Database) -> None:
    bank = await (await new_bank(ledger, database)).create(
        schemas.Asset("EUR", 2), schemas.Asset("BTC", 8)
    )
    for asset in ("EUR", "BTC"):
        for side in ("a", "b"):
            await bank.open(f"{asset}:{side}", asset=asset)
    legs = [
        schemas.Posting("EUR:a", "EUR:b", "EUR", "500", "sale"),
        schemas.Posting("BTC:b", "BTC:a", "BTC", "900"),
        schemas.Posting("EUR:a", "EUR:b", "EUR", "0"),
    ]
    trade = posted(await bank.post(*legs))
    part = posted(await bank.reverse(trade.id, (trade.postings[1].transfer_id, 300)))
    assert [leg.amount for leg in part.postings] == ["300"]
    rest = posted(await bank.reverse(trade.id))
    assert [leg.amount for leg in rest.postings] == ["500", "600"], "nothing is left of a zero leg"
    recorded = await bank.transaction(rest.id)
    assert [leg.code for leg in recorded.postings] == ["sale", ""]
    for asset in ("EUR", "BTC"):
        sums = [await bank.posted(f"{asset}:{side}") for side in ("a", "b")]
        assert sums == [0, 0]


async def test_a_reversal_has_its_own_date_which_is_not_before_the_originals(bank: Bank) -> None:
    now = datetime.now(UTC)
    old, later = now - timedelta(days=400), now + timedelta(days=9)
    payment = posted(await bank.post(bank.leg("world", "alice", 10), effective_at=old))
    reversal = posted(await bank.reverse(payment.id))
    recorded = await bank.transaction(reversal.id)
    assert recorded.effective_at == reversal.recorded_at
    payment = posted(await bank.post(bank.leg("world", "alice", 10), effective_at=later))
    refused = await bank.reverse(payment.id, effective_at=now)
    assert code(refused) == "REVERSAL_TOO_EARLY"
    assert b'"field":"effective_at"' in refused.body
    dated = await bank.transaction(posted(await bank.reverse(payment.id)).id)
    assert dated.effective_at == later
    payment = posted(await bank.post(bank.leg("world", "alice", 10), effective_at=old))
    dated = await bank.transaction(posted(await bank.reverse(payment.id, effective_at=old)).id)
    assert dated.effective_at == old


async def test_a_reversal_under_an_id_is_posted_once(bank: Bank) -> None:
    payment, other = await paid(bank), await paid(bank)
    [leg] = payment.postings
    name = uuid4()
    first = await bank.reverse(payment.id, (leg.transfer_id, 40), id=name)
    again = await bank.reverse(payment.id, (leg.transfer_id, 40), id=name)
    assert (first.status, again.body) == (201, first.body)
    for refused in (
        await bank.reverse(payment.id, (leg.transfer_id, 41), id=name),
        await bank.reverse(payment.id, (other.postings[0].transfer_id, 40), id=name),
        await bank.reverse(other.id, id=name),
        await bank.reverse(payment.id, (leg.transfer_id, 40), id=name, reason="Other"),
        await bank.post(bank.leg("alice", "world", 40), id=name),
    ):
        assert code(refused) == "TRANSACTION_ID_REUSED"
    # All that was left then, whatever is left now.
    whole = await bank.reverse(payment.id, id=(rest := uuid4()))
    assert (await bank.reverse(payment.id, id=rest)).body == whole.body
    assert code(await bank.reverse(payment.id, id=payment.id)) == "TRANSACTION_ID_REUSED"
    assert await bank.posted("alice") == 100


async def test_an_id_whose_reversal_was_refused_stays_refused(bank: Bank) -> None:
    payment, name = await paid(bank), uuid4()
    await bank.pay("alice", "world", 100)
    assert code(await bank.reverse(payment.id, id=name)) == "OVERDRAFT_EXCEEDED"
    await bank.pay("world", "alice", 100)
    assert code(await bank.reverse(payment.id, id=name)) == "TRANSACTION_ID_REFUSED"
    assert (await bank.reverse(payment.id)).status == 201


async def test_a_dry_run_takes_nothing_back(bank: Bank) -> None:
    payment = await paid(bank)
    tried = await bank.reverse(payment.id, dry_run=True)
    assert (tried.status, posted(tried).postings[0].amount) == (200, "100")
    assert (await bank.transaction(payment.id)).postings[0].reversible == "100"
    assert posted(await bank.reverse(payment.id)).postings[0].amount == "100"


async def test_a_correction_is_a_reversal_and_a_new_posting_in_one(bank: Bank) -> None:
    """Judged together: money that was spent already can be corrected to what it should be."""
    payment = await paid(bank)
    await bank.pay("alice", "world", 80)
    assert code(await bank.reverse(payment.id)) == "OVERDRAFT_EXCEEDED"
    corrected = posted(
        await bank.post(bank.leg("world", "alice", 90), reverses=schemas.Reversal(payment.id))
    )
    assert [(leg.amount, leg.reverses is None) for leg in corrected.postings] == [
        ("90", True),
        ("100", False),
    ]
    assert await bank.posted("alice") == 10
    await bank.pay("world", "alice", 80)
    # What was newly posted can be taken back again, what was taken back cannot.
    again = posted(await bank.reverse(corrected.id, dry_run=True))
    assert [leg.amount for leg in again.postings] == ["90"]


async def test_reversals_are_items_of_batches(bank: Bank) -> None:
    payment, unknown = await paid(bank), uuid4()
    [leg] = payment.postings
    part = schemas.Reversal(payment.id, [schemas.LegReversal(leg.transfer_id, "60")])
    results = await bank.batch(
        schemas.BatchTransaction(id=uuid4(), reverses=part),
        schemas.BatchTransaction(id=uuid4(), reverses=part),
        schemas.BatchTransaction(id=uuid4(), reverses=schemas.Reversal(unknown)),
        schemas.BatchTransaction(id=uuid4(), reverses=part, linked=True),
        schemas.BatchTransaction(id=uuid4(), reverses=schemas.Reversal(payment.id)),
        schemas.BatchTransaction(id=uuid4(), reverses=schemas.Reversal(payment.id)),
    )
    assert [result.code for result in results] == [
        None,
        "REVERSAL_TOO_LARGE",
        "UNKNOWN_TRANSACTION",
        "REVERSAL_TOO_LARGE",
        "CHAIN_FAILED",
        None,
    ]
    assert results[1].field == "reverses.postings[0].amount"
    assert await bank.posted("alice") == 0


async def test_whole_reversals_of_a_batch_have_a_limit_of_legs_together(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reversing, "BATCH_LEGS_MAX", 7)
    large = [posted(await bank.post(*[bank.leg("world", "alice", 1)] * 3)).id for _ in range(2)]
    results = await bank.batch(
        *(schemas.BatchTransaction(id=uuid4(), reverses=schemas.Reversal(name)) for name in large)
    )
    assert [result.code for result in results] == [None, "TOO_MANY_POSTINGS"]
    assert await bank.posted("alice") == 3


async def test_what_is_unknown_is_told(bank: Bank) -> None:
    payment, other = await paid(bank), await paid(bank)
    assert code(await bank.reverse(uuid4())) == "TRANSACTION_NOT_FOUND"
    refused = await bank.reverse(payment.id, (other.postings[0].transfer_id, 1))
    assert code(refused) == "UNKNOWN_TRANSFER"
    assert b'"field":"postings[0].transfer_id"' in refused.body


async def test_the_feed_tells_what_is_taken_back(bank: Bank) -> None:
    payment = await paid(bank)
    reversal = posted(await bank.reverse(payment.id))
    page = await bank.ledger.feed(bank.tenant_id, bank.book_id, payment.seq - 1, 10)
    first, second = page.events
    assert isinstance(first, TransactionPosted)
    assert isinstance(second, TransactionPosted)
    assert (first.reverses, first.postings[0].reverses) == (None, None)
    assert (second.object, second.reverses) == (str(reversal.id), payment.id)
    assert second.postings[0].reverses == payment.postings[0].transfer_id


async def test_a_whole_reversal_has_a_limit_of_legs(bank: Bank) -> None:
    legs = [bank.leg("world", "alice", 1)] * schemas.POSTINGS_MAX
    large = posted(await bank.post(*legs))
    refused = await bank.post(bank.leg("world", "alice", 1), reverses=schemas.Reversal(large.id))
    assert code(refused) == "TOO_MANY_POSTINGS"
    whole = posted(await bank.reverse(large.id))
    assert len(whole.postings) == schemas.POSTINGS_MAX
    assert await bank.posted("alice") == 0


@pytest.mark.parametrize("amount", ["0", "-1", "01", "1.5"])
async def test_a_part_is_at_least_one_minor_unit(amount: str) -> None:
    body = {"postings": [{"transfer_id": str(UUID(int=1)), "amount": amount}]}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, schemas.ReversalOfTransaction)
