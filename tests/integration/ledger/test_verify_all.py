"""What `bezant verify` visits."""

from bezant.kernel.database import Database
from bezant.ledger.verify import verify
from fixtures_ledger import Bank


async def test_every_book_of_a_tenant_is_visited(bank: Bank, database: Database) -> None:
    await bank.pay("world", "alice", 10)
    reports = [report async for report in verify(database, tenant_id=bank.tenant_id)]
    assert [(report.book_id, report.transfers) for report in reports] == [(bank.book_id, 1)]
