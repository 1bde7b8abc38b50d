"""Reading what a batch needs, as far as it is not in memory.

It is read outside the batch's transaction: if the book changes after its head was read, the batch's
compare-and-set fails and this memory is thrown away.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.kernel.database import Database
from bezant.ledger.domain import Account, Bounds, Hold, Kind, LimitGroup
from bezant.ledger.errors import BookNotFound
from bezant.ledger.history import Axis, BookSums, History, Moment
from bezant.ledger.lane import store
from bezant.ledger.lane.book import BookState, Head
from bezant.ledger.lane.draft import transfer_id
from bezant.ledger.lane.expiries import EXPIRIES_HELD_MAX, NEVER
from bezant.ledger.lane.rider import Reads
from bezant.ledger.lane.rows import AccountEvent, LimitGroupEvent, PeriodEvent
from bezant.ledger.months import Month, Periods, Reopening
from bezant.ledger.proof import Frontier
from bezant.ledger.reversals import Original, OriginalLeg
from bezant.ledger.schemas import AccountStatus, AccountType, HoldState, Side

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Stored = asyncpg.Record | Mapping[str, Any]


async def load_book(database: Database, tenant_id: UUID, book_id: UUID, head: Head) -> BookState:
    """A book with its assets and no accounts yet.

    Raises:
        BookNotFound: the tenant has no such book.
    """
    book = await database.fetchrow(store.FIND_BOOK, tenant_id, book_id)
    if book is None:
        raise BookNotFound(f"No book {book_id}.")
    assets = await database.fetch(store.FIND_ASSETS, tenant_id, book_id)
    refused = await database.fetchrow(store.HAS_REFUSED, tenant_id, book_id)
    assert refused is not None
    closed = await database.fetch(store.FIND_PERIOD_EVENTS, tenant_id, book_id)
    asked = await database.fetchrow(store.FIND_PENDING_REOPENING, tenant_id, book_id)
    reopening = None if asked is None else reopening_of(asked)
    return BookState(
        tenant_id,
        book_id,
        ZoneInfo(book["time_zone"]),
        {row["code"]: row["scale"] for row in assets},
        head,
        has_older_refusals=refused["has_refused"],
        periods=Periods.of(closed, reopening),
    )


async def prepare(
    database: Database, book: BookState, reads: Sequence[Reads], at: datetime
) -> None:
    """Bring into memory what riders look at, and the holds that are over at an instant.

    When more holds are over than are read at once, the expiries are not known afterwards.
    """
    if not book.expiries.are_known(at):
        await _load_expiries(database, book)
    in_groups = {hold_id for read in reads for hold_id in read.hold_groups_of}
    holds = {hold_id for read in reads for hold_id in read.holds}.union(
        in_groups, book.expiries.due(at)
    )
    if holds:
        await _load_holds(database, book, holds)
    if in_groups:
        holds |= await _load_hold_groups(database, book, in_groups)
    originals = {id_ for read in reads for id_ in read.originals}
    if originals:
        await _load_originals(database, book, originals)
    accounts = {account_id for read in reads for account_id in read.accounts}
    accounts.update(_accounts_of(book, holds, originals))
    await _load_accounts(database, book, accounts)
    groups = {group_id for read in reads for group_id in read.limit_groups}
    for account_id in accounts:
        account = book.accounts.get(account_id)
        if account is not None and account.limit_group is not None:
            groups.add(account.limit_group)
    await _load_limit_groups(database, book, groups)
    if book.has_older_refusals:
        await _load_refused(database, book, {id_ for read in reads for id_ in read.transactions})


async def read_results(
    database: Database, book: BookState, months: Collection[Month]
) -> dict[Month, BookSums]:
    """The sums of all accounts at the ends of months, with nothing in flight.

    Brings every account of income, expense and equity into memory.
    """
    if not months:
        return {}
    key = book.tenant_id, book.book_id
    rows = await database.fetch(store.FIND_RESULT_ACCOUNTS, *key)
    await _load_accounts(database, book, [row["account_id"] for row in rows])

    async def read(connection: "PoolConnectionProxy[asyncpg.Record]") -> dict[Month, BookSums]:
        history, seq = History(connection), book.head.seq
        return {
            month: await history.sums_of_book(
                *key, Moment(Axis.EFFECTIVE, month.last_instant(book.time_zone), seq)
            )
            for month in months
        }

    return await database.read(read)


def _accounts_of(
    book: BookState, holds: Iterable[UUID], originals: Iterable[UUID]
) -> Iterator[str]:
    """The accounts of holds and of transactions, as far as these are in memory."""
    for hold_id in holds:
        if (hold := book.holds.get(hold_id)) is not None:
            yield from (hold.debit, hold.credit)
    for transaction_id in originals:
        if (original := book.originals.get(transaction_id)) is not None:
            for leg in original.legs:
                yield from (leg.debit, leg.credit)


async def _load_accounts(database: Database, book: BookState, ids: Collection[str]) -> None:
    missing = {each for each in ids if each not in book.accounts and each not in book.absent}
    if not missing:
        return
    rows = await database.fetch(store.FIND_ACCOUNTS, book.tenant_id, book.book_id, list(missing))
    for row in rows:
        book.accounts[row["account_id"]] = account_of(row)
    book.absent |= missing - book.accounts.keys()


async def _load_limit_groups(database: Database, book: BookState, ids: Collection[str]) -> None:
    missing = [group_id for group_id in ids if group_id not in book.limit_groups]
    if not missing:
        return
    rows = await database.fetch(store.FIND_LIMIT_GROUPS, book.tenant_id, book.book_id, missing)
    for row in rows:
        book.limit_groups[row["group_id"]] = limit_group_of(row)


async def _load_holds(database: Database, book: BookState, ids: Collection[UUID]) -> None:
    missing = [hold_id for hold_id in ids if hold_id not in book.holds]
    if not missing:
        return
    rows = await database.fetch(store.FIND_HOLDS, book.tenant_id, book.book_id, missing)
    book.remember(hold_of(row) for row in rows)


async def _load_hold_groups(
    database: Database, book: BookState, ids: Collection[UUID]
) -> set[UUID]:
    """The holds in the groups of those given."""
    groups = {book.holds[hold_id].group_id for hold_id in ids if hold_id in book.holds}
    rows = await database.fetch(
        store.FIND_HOLDS_OF_GROUPS, book.tenant_id, book.book_id, list(groups)
    )
    stored = {row["hold_id"] for row in rows}
    await _load_holds(database, book, stored)
    return stored.union(*(book.hold_groups[group] for group in groups))


async def _load_originals(database: Database, book: BookState, ids: Collection[UUID]) -> None:
    """Transactions that are durable, with what was taken back of each leg.

    What is taken back by a batch that is not durable yet is in memory already, and stays.
    """
    missing = [transaction_id for transaction_id in ids if transaction_id not in book.originals]
    found = await find_transactions(database, book, missing)
    if not found:
        return
    key = book.tenant_id, book.book_id
    rows = await database.fetch(store.SUM_REVERSED, *key, list(found))
    taken = {(row["original_id"], row["original_leg"]): int(row["amount"]) for row in rows}
    for transaction_id, legs in found.items():
        book.originals[transaction_id] = original_of(legs, taken)


async def _load_expiries(database: Database, book: BookState) -> None:
    rows = await database.fetch(
        store.FIND_EXPIRIES, book.tenant_id, book.book_id, EXPIRIES_HELD_MAX
    )
    until = rows[-1]["expires_at"] if len(rows) == EXPIRIES_HELD_MAX else NEVER
    # What a batch reserved that is not durable yet is in memory only.
    in_memory = [
        (hold.expires_at, hold.id)
        for hold in book.holds.values()
        if hold.state is HoldState.OPEN and hold.expires_at is not None and hold.expires_at < until
    ]
    stored = [(row["expires_at"], row["hold_id"]) for row in rows]
    book.expiries.learn([*stored, *in_memory], known_until=until)


async def _load_refused(database: Database, book: BookState, ids: Collection[UUID]) -> None:
    wanted = [transaction_id for transaction_id in ids if transaction_id not in book.refused]
    if not wanted:
        return
    rows = await database.fetch(store.FIND_REFUSED, book.tenant_id, book.book_id, wanted)
    for row in rows:
        book.refused[row["transaction_id"]] = row["code"]


def head_of(row: "Stored") -> Head:
    """A lane's row as a head."""
    return Head(
        epoch=row["epoch"],
        version=row["version"],
        seq=row["seq"],
        accounts=row["accounts"],
        log=Frontier.decode(row["log_size"], row["frontier"]),
        recorded_at=row["recorded_at"],
    )


def bounds_of(row: "Stored") -> Bounds:
    """The limits in a row of `account` or `account_event`."""
    return Bounds(
        *(
            None if row[name] is None else int(row[name])
            for name in ("overdraft", "minimum", "maximum")
        )
    )


def account_event_of(row: "Stored") -> AccountEvent:
    """A row of `account_event`."""
    return AccountEvent(
        row["seq"],
        row["kind"],
        row["account_no"],
        row["account_id"],
        row["asset"],
        row["type"],
        row["status"],
        bounds_of(row),
        row["limit_group"],
        row["opened_at"],
        row["recorded_at"],
    )


def period_event_of(row: "Stored") -> PeriodEvent:
    """A row of `period_event`."""
    return PeriodEvent(
        row["seq"],
        row["kind"],
        row["period"],
        row["transaction_id"],
        row["actor"],
        row["requested_by"],
        row["recorded_at"],
    )


def limit_group_event_of(row: "Stored") -> LimitGroupEvent:
    """A row of `limit_group_event`."""
    return LimitGroupEvent(
        row["seq"],
        row["kind"],
        row["group_id"],
        row["asset"],
        row["type"],
        bounds_of(row),
        row["recorded_at"],
    )


def account_of(row: "Stored") -> Account:
    """A joined row of `account` and `balance`."""
    return Account(
        no=row["account_no"],
        id=row["account_id"],
        asset=row["asset"],
        type=AccountType(row["type"]),
        status=AccountStatus(row["status"]),
        bounds=bounds_of(row),
        opened_at=row["opened_at"],
        debits_posted=int(row["debits_posted"]),
        credits_posted=int(row["credits_posted"]),
        debits_pending=int(row["debits_pending"]),
        credits_pending=int(row["credits_pending"]),
        version=row["version"],
        as_of=row["as_of"],
        limit_group=row["limit_group"],
    )


def limit_group_of(row: "Stored") -> LimitGroup:
    """A row of `limit_group`."""
    return LimitGroup(
        id=row["group_id"],
        asset=row["asset"],
        type=AccountType(row["type"]),
        bounds=bounds_of(row),
        opened_at=row["opened_at"],
        debits_posted=int(row["debits_posted"]),
        credits_posted=int(row["credits_posted"]),
        debits_pending=int(row["debits_pending"]),
        credits_pending=int(row["credits_pending"]),
        version=row["version"],
        as_of=row["as_of"],
    )


def reopening_of(row: "Stored") -> Reopening:
    """A row of `period_reopening`."""
    return Reopening(
        id=row["reopening_id"],
        month=Month.parse(row["period"]),
        reason=row["reason"],
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        expires_at=row["expires_at"],
    )


def hold_of(row: "Stored") -> Hold:
    """A row of `hold`, joined with the ids of its accounts."""
    return Hold(
        id=row["hold_id"],
        group_id=row["group_id"],
        transaction_id=row["transaction_id"],
        seq=row["seq"],
        debit=row["debit"],
        credit=row["credit"],
        amount=int(row["amount"]),
        captured=int(row["captured"]),
        state=HoldState(row["state"]),
        code=row["code"],
        closes=None if row["closes"] is None else Side(row["closes"]),
        expires_at=row["expires_at"],
    )


def original_of(rows: "Sequence[Stored]", taken_back: Mapping[tuple[UUID, int], int]) -> Original:
    """A transaction from its joined rows, in the order of its legs.

    Args:
        rows: as `FIND_TRANSACTIONS` gives them.
        taken_back: what reversals took back, by transaction and number of the leg.
    """
    transaction_id = rows[0]["transaction_id"]
    legs = [
        OriginalLeg(
            id=transfer_id(transaction_id, row["leg"]),
            transaction_id=transaction_id,
            no=row["leg"],
            kind=Kind(row["kind"]),
            debit=row["debit"],
            credit=row["credit"],
            amount=int(row["amount"]),
            code=row["code"],
            is_reversal=row["original_id"] is not None,
            taken_back=taken_back.get((transaction_id, row["leg"]), 0),
        )
        for row in rows
    ]
    return Original(transaction_id, rows[0]["effective_at"], legs)


async def find_transactions(
    database: Database, book: BookState, ids: Iterable[UUID]
) -> "dict[UUID, list[asyncpg.Record]]":
    """The legs of those of the transactions that stand already, in order."""
    wanted = list(ids)
    if not wanted:
        return {}
    found: dict[UUID, list[asyncpg.Record]] = {}
    for row in await database.fetch(store.FIND_TRANSACTIONS, book.tenant_id, book.book_id, wanted):
        found.setdefault(row["transaction_id"], []).append(row)
    return found
