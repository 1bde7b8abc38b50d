"""Pages of a book's feed."""

from collections.abc import Sequence
from uuid import UUID

from bezant.ledger.errors import BookNotFound, FeedPositionAhead
from bezant.ledger.feed import store
from bezant.ledger.feed.events import Events, accounts_in, event_of
from bezant.ledger.feed.history import Numbered, Source, find_head, read_history


async def read_page(
    source: Source, tenant_id: UUID, book_id: UUID, after: int, limit: int
) -> Events:
    """The events that follow `after`, at most `limit`, fewer where they are large.

    Raises:
        BookNotFound: the tenant has no such book.
        FeedPositionAhead: the book has not given the number `after` yet.
        FeedBroken: history has a hole.
    """
    head = await find_head(source, tenant_id, book_id)
    if head is None:
        raise BookNotFound(f"No book {book_id}.")
    if after > head:
        raise FeedPositionAhead(
            f"The book's feed ends at {head}.", field="after", after=after, head=head
        )
    if after == head:
        return Events([], after, head)
    numbered = await read_history(source, tenant_id, book_id, after, min(after + limit, head))
    names = await find_names(source, tenant_id, book_id, numbered)
    events = [event_of(each, names) for each in numbered]
    return Events(events, events[-1].seq, head)


async def find_names(
    source: Source, tenant_id: UUID, book_id: UUID, numbered: Sequence[Numbered]
) -> dict[int, tuple[str, str]]:
    """The ids and assets of the accounts that numbers of the feed name, by account number."""
    rows = await source.fetch(
        store.FIND_ACCOUNT_NAMES, tenant_id, book_id, list(accounts_in(numbered))
    )
    return {row["account_no"]: (row["account_id"], row["asset"]) for row in rows}
