"""The anomalies that isolation is there to prevent, each beside a control that shows it.

Two books of one tenant are written at once, by riders that read and write rows which both share:
no lane stands between these, so that SERIALIZABLE alone does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import msgspec
import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database, Row, RowKind
from bezant.ledger import Decision, Ledger, ReadKind, Reads, Seen, post, schemas
from bezant.ledger.errors import OverdraftExceeded
from bezant.ledger.lane import commits, deciding, store
from fixtures_ledger import Bank, new_bank

SERIALIZABLE = store.BEGIN_BATCH
READ_COMMITTED = store.BEGIN_BATCH.replace("SERIALIZABLE", "READ COMMITTED")
AT_ONCE = 2
LIMIT = 100

SAVE = RowKind(
    "shift",
    "INSERT INTO shift (tenant_id, key, amount) SELECT $1, key, amount"
    " FROM unnest($2::text[], $3::bigint[]) AS new (key, amount)"
    " ON CONFLICT (tenant_id, key) DO UPDATE SET amount = excluded.amount",
)
ONE = ReadKind("one", "SELECT key, amount FROM shift WHERE tenant_id = $1 AND key = ANY($2)")
SUM = ReadKind(
    "sum",
    "SELECT key, (SELECT coalesce(sum(amount), 0)::bigint FROM shift WHERE tenant_id = $1)"
    " AS amount FROM unnest($2::text[]) AS wanted (key)",
)


class Take(msgspec.Struct, frozen=True):
    """Pays, and writes what it takes beside what it read.

    Attributes:
        row: the row that it writes.
        read: what it adds to, or (a sum) what its limit is judged by.
    """

    row: str
    read: str
    amount: int
    weight: int = 1

    def reads(self) -> Reads:
        row = (SUM, "all") if self.read == SUM.name else (ONE, self.row)
        return Reads(frozenset({"world", "alice"}), rows=(row,))

    def decide(self, seen: Seen) -> Decision:
        leg = schemas.Posting("world", "alice", "EUR", str(self.amount))
        post(seen.draft, schemas.NewTransaction([leg]))
        if self.read == SUM.name:
            total = seen.rows[SUM.name, "all"]["amount"] + self.amount
            if total > LIMIT:
                raise OverdraftExceeded("All shifts together take too much.")
            written = self.amount
        else:
            written = seen.rows.get((ONE.name, self.row), {}).get("amount", 0) + self.amount
        return Decision(Answer.of({}, status=201), (Row(SAVE, (self.row, written)),))


@pytest.fixture
async def shifts(owner: Any) -> AsyncIterator[None]:  # noqa: ANN401 - the driver's connection
    """A table of another domain, shared by every book of a tenant."""
    await owner.execute(
        "CREATE TABLE shift (tenant_id uuid, key text, amount bigint NOT NULL,"
        " PRIMARY KEY (tenant_id, key))"
    )
    await owner.execute("GRANT SELECT, INSERT, UPDATE ON shift TO bezant_app")
    yield
    await owner.execute("DROP TABLE shift")


@pytest.fixture
async def books(ledger: Ledger, database: Database, shifts: None) -> AsyncIterator[list[Bank]]:
    """Books of one tenant, which verify whatever happens between them."""
    assert shifts is None
    tenant_id = (await new_bank(ledger, database)).tenant_id
    books = [await Bank(ledger, database, tenant_id).create() for _ in range(AT_ONCE)]
    for book in books:
        await book.open("world", schemas.AccountType.ASSET)
        await book.open("alice", overdraft="0")
    yield books
    assert [finding for book in books for finding in (await book.verify()).findings] == []


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets no batch write before each has read, at the first try, at an isolation level."""
    barrier = asyncio.Barrier(AT_ONCE)
    read = deciding.read_rows
    tries: set[int] = set()

    async def read_and_wait(connection: Any, *asked: Any) -> Mapping[Any, Any]:  # noqa: ANN401 - passed on
        rows = await read(connection, *asked)
        task = id(asyncio.current_task())
        if task not in tries:
            tries.add(task)
            await barrier.wait()
        return rows

    def begin(statement: str) -> None:
        monkeypatch.setattr(store, "BEGIN_BATCH", statement)
        monkeypatch.setattr(commits, "read_rows", read_and_wait)

    return begin


async def take(books: Iterable[Bank], rows: Iterable[str], read: str, amount: int) -> list[int]:
    """One rider per book, at once; the statuses of their answers, in order of number."""
    answers = await asyncio.gather(
        *(
            book.ledger.submit(book.call(), book.book_id, Take(row, read, amount))
            for book, row in zip(books, rows, strict=True)
        )
    )
    return sorted(answer.status for answer in answers)


async def stored(book: Bank) -> int:
    row = await book.database.fetchrow(SUM.statement, book.tenant_id, ["all"])
    assert row is not None
    return int(row["amount"])


@pytest.mark.parametrize(("begin", "kept"), [(SERIALIZABLE, 60), (READ_COMMITTED, 30)])
async def test_an_update_is_lost_only_below_serializable(
    books: list[Bank], at_once: Callable[[str], None], begin: str, kept: int
) -> None:
    """Both add to one row, having read the same amount."""
    at_once(begin)
    assert await take(books, ["till", "till"], ONE.name, 30) == [201, 201]
    assert await stored(books[0]) == kept


@pytest.mark.parametrize(
    ("begin", "statuses"), [(SERIALIZABLE, [201, 422]), (READ_COMMITTED, [201, 201])]
)
@pytest.mark.parametrize("there_before", [1, 0], ids=["write skew", "phantom"])
async def test_a_limit_over_rows_is_broken_only_below_serializable(
    books: list[Bank],
    at_once: Callable[[str], None],
    begin: str,
    statuses: list[int],
    there_before: int,
) -> None:
    """Each writes a row of its own, if all rows together stay within the limit.

    The rows are there before (write skew), or come to be only then (phantoms).
    """
    if there_before:
        assert await take(books, ["one", "two"], ONE.name, there_before) == [201, 201]
    at_once(begin)
    assert await take(books, ["one", "two"], SUM.name, 60) == statuses
    is_kept = begin == SERIALIZABLE
    assert await stored(books[0]) == (60 + there_before if is_kept else 120)
    assert (await stored(books[0]) <= LIMIT) is is_kept
