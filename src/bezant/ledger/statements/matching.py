"""Reading the entries that a filter asks for.

There is no index by code, date or metadata: an account's entries are looked through in their order,
`SCANNED_MAX` for a page. So a page costs the same whatever the filter, and finding a needle costs a
page for each so many entries of the account.
"""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.ledger import schemas, store
from bezant.ledger.errors import AccountNotFound
from bezant.ledger.queries import entry_of
from bezant.ledger.schemas import EntryFilter
from bezant.ledger.statements.reading import find_contents

if TYPE_CHECKING:
    import asyncpg

    from bezant.ledger.queries import Source

SCANNED_MAX: Final = 2_000


async def matching_entries(
    source: "Source",
    key: tuple[UUID, UUID],
    account_id: str,
    asked: EntryFilter,
    *,
    after: str | None,
    limit: int,
) -> schemas.Entries:
    """A page of an account's entries that match, oldest first.

    `key` is tenant and book; `after` is `seq` and leg of the last entry that was looked at, such as
    `17.0`.

    Raises:
        AccountNotFound: the book, if there is such a book, has no such account.
    """
    account = await source.fetchrow(store.FIND_ACCOUNT, *key, account_id)
    if account is None:
        raise AccountNotFound(f"No account {account_id!r}.")
    start = (0, 0) if after is None else tuple(map(int, after.split(".")))
    scanned = await source.fetch(
        store.FIND_ENTRIES, *key, account["account_no"], *start, SCANNED_MAX
    )
    matching = [row for row in scanned if asked.admits(row["code"], row["booking_date"])]
    if asked.metadata is not None and matching:
        matching = await _with_metadata(source, key, matching, asked.metadata)
    last = scanned[-1] if len(scanned) == SCANNED_MAX else None
    if len(matching) > limit:
        matching = matching[:limit]
        last = matching[-1]
    entries = [entry_of(row) for row in matching]
    return schemas.Entries(entries, None if last is None else f"{last['seq']}.{last['leg']}")


async def _with_metadata(
    source: "Source",
    key: tuple[UUID, UUID],
    rows: "list[asyncpg.Record]",
    asked: tuple[str, str],
) -> "list[asyncpg.Record]":
    name, value = asked
    contents = await find_contents(source, key, (row["seq"] for row in rows))
    found = {seq for seq, each in contents.items() if each.metadata.get(name) == value}
    return [row for row in rows if row["seq"] in found]
