"""What positions cost is history: a restored book goes on where the exported one was."""

from pathlib import Path

from fixtures_exports import Library, content_of
from fixtures_ledger import code
from integration.ledger.fx.desk import Desk


async def test_a_restored_book_knows_what_its_positions_cost(desk: Desk, tmp_path: Path) -> None:
    await desk.pay_in("EUR", 100_000)
    await desk.exchange("EUR", "USD", 10_000, spread_bp=50)
    await desk.revalue(USD="1.5")
    library = Library(desk.bank, tmp_path)
    restored = Desk(await library.elsewhere())
    await library.restore(restored.bank, await library.export())
    assert await content_of(restored.bank) == await content_of(desk.bank)

    # Rates and settings are no part of it, and others than before cannot be told to it.
    assert code(await restored.set_up("USD")) == "FX_ACCOUNT_UNFIT"
    assert (await restored.set_up()).status == 200
    for book in (restored, desk):
        await book.record("EUR/USD", "1")
        await book.pay_in("USD", 6_250)
        closed = await book.exchange("USD", "EUR", 6_250)
        assert closed.realised == "-1250"
        [position] = (await book.revalue()).positions
        assert (position.cost, position.unrealised) == ("-5000", "-1250")
    assert (await restored.bank.verify()).findings == []
