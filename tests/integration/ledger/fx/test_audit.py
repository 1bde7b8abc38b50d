"""Who exchanged what is in the audit log, and what was exchanged in the book's history."""

from typing import TYPE_CHECKING

from bezant.kernel.database import Database
from bezant.ledger.feed.events import TransactionPosted
from bezant.ledger.fx.schemas import (
    NewConversion,
    NewQuote,
    NewRate,
    NewRevaluation,
    NewSettings,
)
from integration.ledger.fx.desk import LONG_AGO, Desk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bezant.kernel.calls import Answer


async def test_every_change_is_audited_with_its_outcome(desk: Desk, database: Database) -> None:
    fx, bank = desk.bank.ledger.fx, desk.bank
    quote = await desk.quote("EUR", "USD", 100)
    asked: list[tuple[Callable[..., Awaitable[Answer]], object, str]] = [
        (fx.set_up, NewSettings("EUR"), "done"),
        (fx.set_up, NewSettings("USD"), "refused"),
        (fx.record_rate, NewRate("EUR/USD", "1", at=LONG_AGO, source="x"), "done"),
        (fx.record_rate, NewRate("EUR/GBP", "1", at=LONG_AGO, source="x"), "refused"),
        (fx.quote, NewQuote("EUR", "USD", "1"), "done"),
        (fx.quote, NewQuote("EUR", "EUR", "1"), "refused"),
        (fx.convert, NewConversion(quote.id, "ann:EUR", "ann:USD"), "refused"),
        (fx.revalue, NewRevaluation(LONG_AGO), "done"),
    ]
    for use_case, new, outcome in asked:
        call = bank.call()
        await use_case(call, bank.book_id, new)
        row = await database.fetchrow(
            "SELECT actor, outcome FROM audit_entry WHERE tenant_id = $1 AND entry_id = $2",
            bank.tenant_id,
            call.id,
        )
        assert row is not None
        assert (row["actor"], row["outcome"]) == ("key:test", outcome)


async def test_the_feed_tells_what_was_exchanged_and_by_which_quote(desk: Desk) -> None:
    """So does an export, which holds the same: the transaction's id is the quote's."""
    await desk.pay_in("EUR", 1_000)
    done = await desk.exchange("EUR", "USD", 1_000, spread_bp=100)
    page = await desk.bank.ledger.feed(
        desk.bank.tenant_id, desk.bank.book_id, done.transaction.seq - 1, 1
    )
    [event] = page.events
    assert isinstance(event, TransactionPosted)
    assert event.object == str(done.quote.id)
    assert [(leg.code, leg.asset) for leg in event.postings] == [
        ("fx", "EUR"),
        ("fx", "USD"),
        ("fx.spread", "USD"),
        ("fx.cost", "EUR"),
    ]
