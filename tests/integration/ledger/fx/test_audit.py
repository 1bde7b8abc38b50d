"""Who exchanged what is in the audit log, and what was exchanged in the book's history."""

from typing import TYPE_CHECKING

from bezant.kernel.database import Database
from bezant.ledger.fx.schemas import NewConversion, NewQuote, NewRevaluation, NewSettings
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


async def test_what_was_exchanged_is_told_by_the_feed_alone(desk: Desk) -> None:
    """The transaction's id is the quote's, and its codes tell what each leg is for."""
    await desk.pay_in("EUR", 1_000)
    done = await desk.exchange("EUR", "USD", 1_000, spread_bp=100)
    feed = await desk.bank.ledger.feed(
        desk.bank.tenant_id, desk.bank.book_id, done.transaction.seq - 1, 1
    )
    [event] = feed.events
    told = str(event)
    assert str(done.quote.id) in told
    assert all(each in told for each in ("'fx'", "fx.spread", "fx.cost"))
