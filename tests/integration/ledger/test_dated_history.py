"""What a client can rely on when it brings history from elsewhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bezant.kernel.calls import Answer
from bezant.ledger import schemas
from fixtures_ledger import Bank, code

OPENED = datetime(2019, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)


async def open_dated(bank: Bank, name: str, opened_at: datetime = OPENED) -> Answer:
    kind = schemas.AccountType.LIABILITY
    new = schemas.NewAccount(name, "EUR", kind, opened_at=opened_at)
    return await bank.ledger.open_account(bank.call(), bank.book_id, new)


async def test_accounts_and_transactions_keep_the_dates_they_had(bank: Bank) -> None:
    assert (await open_dated(bank, "old")).value(schemas.Account).opened_at == OPENED
    await open_dated(bank, "older", OPENED - 365 * DAY)
    leg = bank.leg("older", "old", 5)
    posted = await bank.post(leg, effective_at=OPENED + DAY, imported=True)
    assert posted.status == 201
    page = await bank.ledger.entries(bank.tenant_id, bank.book_id, "old", cursor=None, limit=5)
    assert page.entries[0].effective_at == OPENED + DAY
    assert page.entries[0].value_date == (OPENED + DAY).date()
    assert page.entries[0].recorded_at > OPENED + DAY


async def test_imported_history_has_its_date(bank: Bank) -> None:
    leg = bank.leg("world", "alice", 5)
    assert code(await bank.post(leg, imported=True)) == "IMPORT_UNDATED"


async def test_imported_history_has_happened(bank: Bank) -> None:
    tomorrow = datetime.now(UTC) + DAY
    leg = bank.leg("world", "alice", 5)
    assert code(await bank.post(leg, imported=True, effective_at=tomorrow)) == "IMPORT_IN_FUTURE"
    assert code(await open_dated(bank, "young", tomorrow)) == "IMPORT_IN_FUTURE"


async def test_imported_history_does_not_predate_its_accounts(bank: Bank) -> None:
    await open_dated(bank, "old")
    refused = await bank.post(bank.leg("world", "old", 5), effective_at=OPENED + DAY, imported=True)
    assert code(refused) == "IMPORT_BEFORE_ACCOUNT"  # `world` was opened a moment ago
    assert b'"account":"world"' in refused.body


async def test_an_imported_hold_is_settled_and_does_not_expire(bank: Bank) -> None:
    await open_dated(bank, "old")
    await open_dated(bank, "older")
    dated: dict[str, Any] = {"effective_at": OPENED + DAY, "imported": True}
    expiring = bank.leg("older", "old", 5, pending=True, expires_in_s=60)
    assert code(await bank.post(expiring, **dated)) == "IMPORT_EXPIRES"
    answer = await bank.post(bank.leg("older", "old", 5, pending=True), **dated)
    hold = answer.value(schemas.PostedTransaction).postings[0].hold_id
    assert hold is not None
    assert (await bank.capture(hold)).status == 200
